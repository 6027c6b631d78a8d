resource "databricks_git_credential" "example" {
  git_provider          = "gitHub"
  git_username          = "example"
  personal_access_token = "not-a-real-token"
}
