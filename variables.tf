variable "name" {
  description = "Name of the deployment: the prefix of everything that it makes."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "The name is 3 to 30 lower-case letters, digits and hyphens, and begins with a letter: buckets are named after it."
  }
}

variable "region" {
  description = "AWS region of the network, the storage and the workspace."
  type        = string
}

variable "tags" {
  description = "Tags on every AWS object."
  type        = map(string)
  default     = {}
}

variable "vpc_cidr" {
  description = "Address range of the VPC."
  type        = string

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0))
    error_message = "The VPC's range is written like 10.4.0.0/16."
  }
}

variable "public_subnet_cidr" {
  description = "Address range of the public subnet, in which the NAT gateway stands."
  type        = string
}

variable "private_subnets" {
  description = "Address ranges of the workspace's private subnets (/17 to /26), by availability zone: two zones at least."
  type        = map(string)

  validation {
    condition     = length(var.private_subnets) >= 2
    error_message = "Databricks needs private subnets in two availability zones at least."
  }
}

variable "network_awake" {
  description = "Whether the NAT gateway and the interface endpoints exist. scripts/sleep_network_infrastructure.sh sets it to false."
  type        = bool
  default     = true
}

variable "destroy_data_with_deployment" {
  description = "Whether terraform destroy may delete buckets that are not empty: the root bucket, the data lake and the logs. What was applied last counts: the output destroy says how it is set."
  type        = bool
  default     = false
}

variable "data_lake" {
  description = "Whether there is a data lake: a bucket with a key of its own, versions, and access by the clusters' role alone."
  type        = bool
  default     = true
}

variable "metastore_id" {
  description = "Metastore of Unity Catalog that the workspace gets. With one, the data lake is an external location too, by a storage credential of its own."
  type        = string
  default     = null
}

variable "datalake_client_side_enc" {
  description = "Whether what clusters write into the data lake is encrypted before it leaves them. The lake is another bucket then: what is in the one before must be taken out of it first. Not with metastore_id."
  type        = bool
  default     = false

  validation {
    condition     = !var.datalake_client_side_enc || var.data_lake
    error_message = "datalake_client_side_enc encrypts the data lake, and data_lake is false."
  }

  validation {
    condition     = !var.datalake_client_side_enc || var.metastore_id == null
    error_message = "datalake_client_side_enc and metastore_id exclude each other: compute of Unity Catalog does not honour client-side encryption. It would write plain text into the data lake, and could not read what is encrypted there."
  }
}

variable "dbfs_client_side_enc" {
  description = "Whether there is a bucket for /mnt into which clusters write what they have encrypted themselves. DBFS root is written by Databricks' own service, which cannot do so. Not with metastore_id."
  type        = bool
  default     = false

  validation {
    condition     = !var.dbfs_client_side_enc || var.metastore_id == null
    error_message = "dbfs_client_side_enc and metastore_id exclude each other: compute of Unity Catalog does not honour client-side encryption. It would write plain text below /mnt, and could not read what is encrypted there."
  }
}

variable "lake_old_versions_days" {
  description = "Days for which the data lake keeps what was overwritten or deleted."
  type        = number
  default     = 30

  validation {
    condition     = var.lake_old_versions_days >= 1
    error_message = "lake_old_versions_days is one day at least: S3 deletes old versions once a day."
  }
}

variable "incomplete_uploads_days" {
  description = "Days after which S3 deletes the parts of uploads that were not finished."
  type        = number
  default     = 7

  validation {
    condition     = var.incomplete_uploads_days >= 1
    error_message = "incomplete_uploads_days is one day at least."
  }
}

variable "access_logs" {
  description = "Whether S3 tells the logs bucket who asked for what in the root bucket and in the data lake."
  type        = bool
  default     = true
}

variable "audit_logs" {
  description = "Whether Databricks writes who did what in the workspace into the logs bucket. An account keeps such a configuration for ever, switched off where it is no more, and has two at most that are on for all workspaces."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days after which logs are deleted from the logs bucket."
  type        = number
  default     = 365

  validation {
    condition     = var.log_retention_days >= 1
    error_message = "log_retention_days is one day at least."
  }
}

variable "pricing_tier" {
  description = "Pricing tier of the workspace. Customer-managed keys need ENTERPRISE."
  type        = string
  default     = "ENTERPRISE"
}

variable "store_tokens" {
  description = "Whether a personal access token and an OAuth secret of the service principal are issued, to be handed on to other programs. They stand in the state and in sensitive outputs; scripts/reset_tokens.sh renews them. Nothing of this deployment needs them."
  type        = bool
  default     = false
}

variable "token_lifetime_days" {
  description = "Lifetime of the personal access token of store_tokens."
  type        = number
  default     = 90

  validation {
    condition     = var.token_lifetime_days >= 1 && var.token_lifetime_days <= 730
    error_message = "A token lives between 1 and 730 days."
  }
}

variable "spark_version" {
  description = "Databricks Runtime of the cluster: 17.0 or newer for SSH."
  type        = string
}

variable "node_type_id" {
  description = "Instance type of the cluster's only node."
  type        = string
}

variable "autotermination_minutes" {
  description = "Minutes of idleness after which the cluster stops; 0 is never."
  type        = number
  default     = 60
}

variable "workspace_members" {
  description = "Users, groups and service principals of the account who may enter the workspace, by their ids: the numbers in their addresses in the account console. Those whom the cluster is for must be among them, by themselves or by a group."
  type        = set(string)
  default     = []
}

variable "cluster_user" {
  description = "Whose cluster it is, with SSH to it: a user's mail address, or a service principal's application id. Without one and without cluster_group it is the deployment's own."
  type        = string
  default     = null
}

variable "cluster_group" {
  description = "Group whose members share the cluster, with SSH to it, in place of one user."
  type        = string
  default     = null

  validation {
    condition     = var.cluster_group == null || var.cluster_user == null
    error_message = "The cluster is one user's or one group's: set cluster_user or cluster_group."
  }
}

variable "ssh_clients" {
  description = "Public keys (OpenSSH, one line each) that may log in, beside those that `tunnel` registers for its user."
  type        = list(string)
  default     = []
}

variable "ssh_max_clients" {
  description = "How many SSH sessions the endpoint serves at once."
  type        = number
  default     = 10
}
