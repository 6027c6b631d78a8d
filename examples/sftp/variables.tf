variable "source_server" {
  description = "SFTP server that files are read from. The fingerprint is that of its host key: `SHA256:…`, as `tunnel sftp test` and `ssh-keygen -lf` show it."
  type = object({
    host            = string
    port            = optional(number, 22)
    username        = string
    key_fingerprint = string
  })
}

variable "target_server" {
  description = "SFTP server that files are written to. It may be the same."
  type = object({
    host            = string
    port            = optional(number, 22)
    username        = string
    key_fingerprint = string
  })
}

variable "ssh_private_key" {
  description = "Private key for both servers, as its file has it. It stands in no plan and no state: TF_VAR_ssh_private_key is a good place for it."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "ssh_private_key_version" {
  description = "A number that is changed together with ssh_private_key."
  type        = number
  default     = 1
}

variable "warehouse_id" {
  description = "SQL warehouse on which the connection is made by a statement, with references to the secrets. Without one the REST API makes it, where that takes the type SFTP."
  type        = string
  default     = null
}

variable "wheel" {
  description = "File of the wheel with the Spark data source."
  type        = string
}

variable "names" {
  description = "What the scope, the connection, the catalog and its schema are called."
  type = object({
    scope      = optional(string, "sftp-credentials")
    connection = optional(string, "sftp_source")
    catalog    = optional(string, "sftp")
    schema     = optional(string, "config")
  })
  default = {}
}

variable "users" {
  description = "Group, user or service principal that runs the notebooks."
  type        = string
  default     = "users"
}

variable "notebooks_folder" {
  description = "Folder of the workspace for the notebooks."
  type        = string
  default     = "/Shared/sftp"
}
