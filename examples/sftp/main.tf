# Files from one SFTP server into a table, and from there to another one.

# What the servers are, and the key for them: the notebooks read it from here.
resource "databricks_secret_scope" "sftp" {
  name = var.names.scope
}

locals {
  servers = { source = var.source_server, target = var.target_server }
  facts = merge([
    for name, server in local.servers : {
      "${name}-host"            = server.host
      "${name}-port"            = tostring(server.port)
      "${name}-username"        = server.username
      "${name}-key-fingerprint" = server.key_fingerprint
    }
  ]...)
}

resource "databricks_secret" "facts" {
  for_each     = local.facts
  scope        = databricks_secret_scope.sftp.name
  key          = each.key
  string_value = each.value
}

resource "databricks_secret" "private_key" {
  scope                   = databricks_secret_scope.sftp.name
  key                     = "ssh-private-key"
  string_value_wo         = var.ssh_private_key
  string_value_wo_version = var.ssh_private_key_version
}

resource "databricks_secret_acl" "users" {
  scope      = databricks_secret_scope.sftp.name
  principal  = var.users
  permission = "READ"
}

# Auto Loader finds the connection by the host and the user of an address. By SQL, its secrets are references to the scope.
resource "databricks_connection" "source" {
  name            = var.names.connection
  connection_type = "SFTP"
  comment         = "Files for ${var.names.catalog}"
  options = {
    host            = var.source_server.host
    port            = tostring(var.source_server.port)
    key_fingerprint = var.source_server.key_fingerprint
  }
  options_wo = {
    user            = var.warehouse_id == null ? var.source_server.username : databricks_secret.facts["source-username"].config_reference
    pem_private_key = var.warehouse_id == null ? var.ssh_private_key : databricks_secret.private_key.config_reference
  }
  options_wo_version = var.ssh_private_key_version
  warehouse_id       = var.warehouse_id
}

resource "databricks_grants" "connection" {
  foreign_connection = databricks_connection.source.name
  grant {
    principal  = var.users
    privileges = ["USE_CONNECTION"]
  }
}

# Tables, checkpoints and the wheel.
resource "databricks_catalog" "sftp" {
  name          = var.names.catalog
  comment       = "What comes from and goes to SFTP servers"
  force_destroy = true
}

resource "databricks_schema" "config" {
  catalog_name  = databricks_catalog.sftp.name
  name          = var.names.schema
  force_destroy = true
}

resource "databricks_volume" "all" {
  for_each = {
    checkpoints = { name = "_checkpoints", comment = "How far streams have read" }
    libraries   = { name = "libraries", comment = "Wheels" }
  }
  catalog_name = databricks_catalog.sftp.name
  schema_name  = databricks_schema.config.name
  name         = each.value.name
  comment      = each.value.comment
  volume_type  = "MANAGED"
}

resource "databricks_grants" "catalog" {
  catalog = databricks_catalog.sftp.name
  grant {
    principal = var.users
    privileges = [
      "USE_CATALOG", "USE_SCHEMA", "CREATE_TABLE", "SELECT", "MODIFY", "READ_VOLUME", "WRITE_VOLUME",
    ]
  }
}

resource "databricks_file" "wheel" {
  path   = "${databricks_volume.all["libraries"].volume_path}/${basename(var.wheel)}"
  source = var.wheel
}

# The data source in every serverless notebook.
locals {
  environment = yamlencode({
    environment_version = "4"
    dependencies        = [databricks_file.wheel.path]
  })
}

resource "databricks_file" "environment" {
  # Another environment is another file: it is made anew.
  path           = "${databricks_volume.all["libraries"].volume_path}/environment-${databricks_file.wheel.md5}.yaml"
  content_base64 = base64encode(local.environment)
}

resource "databricks_environments_workspace_base_environment" "sftp" {
  workspace_base_environment_id = "sftp"
  display_name                  = "SFTP"
  filepath                      = databricks_file.environment.path
}

resource "databricks_notebook" "steps" {
  for_each = fileset("${path.module}/notebooks", "*.py")
  path     = "${var.notebooks_folder}/${trimsuffix(each.value, ".py")}"
  source   = "${path.module}/notebooks/${each.value}"
}
