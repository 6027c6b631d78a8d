ephemeral "databricks_token" "example" {
  comment          = "terraform apply"
  lifetime_seconds = 900
}
