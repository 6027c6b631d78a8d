# A credential for a Git service, its token from a variable.

variable "git_token" {
  default   = "ghp_example"
  sensitive = true
}

resource "databricks_git_credential" "this" {
  git_username          = "ada"
  git_provider          = "gitHub"
  personal_access_token = var.git_token
}
