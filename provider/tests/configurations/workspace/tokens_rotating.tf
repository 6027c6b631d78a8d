# Tokens: a plain one, one with white space in its comment, one for each consumer.

resource "databricks_token" "plain" {}

resource "databricks_token" "heredoc" {
  lifetime_seconds = 8640000

  comment = <<-EOT
    nightly import
  EOT
}

resource "databricks_token" "consumer" {
  for_each = toset(["dbt", "airflow"])

  comment          = "for ${each.key}"
  lifetime_seconds = 864000
}

output "tokens" {
  value     = { for name, token in databricks_token.consumer : name => token.token_value }
  sensitive = true
}
