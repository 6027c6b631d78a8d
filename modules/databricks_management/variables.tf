variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "spark_version" {
  description = "Databricks Runtime of the cluster."
  type        = string
}

variable "node_type_id" {
  description = "Instance type of the cluster's only node."
  type        = string
}

variable "autotermination_minutes" {
  description = "Minutes of idleness after which the cluster stops; 0 is never."
  type        = number
}

variable "cluster_user" {
  description = "User whose cluster it is: a mail address, or a service principal's application id. Without one and without a group: the identity that applies."
  type        = string
  default     = null
}

variable "cluster_group" {
  description = "Group whose members share the cluster."
  type        = string
  default     = null
}

variable "ssh_clients" {
  description = "Public keys that may log in."
  type        = list(string)
}

variable "ssh_max_clients" {
  description = "How many SSH sessions the endpoint serves at once."
  type        = number
}

variable "aws_account_id" {
  description = "The AWS account of the data lake."
  type        = string
}

variable "data_lake" {
  description = "Whether there is a data lake."
  type        = bool
}

variable "lake_bucket" {
  description = "Name of the data lake's bucket."
  type        = string
  default     = null
}

variable "lake_key_arn" {
  description = "The data lake's key."
  type        = string
  default     = null
}

variable "instance_profile_arns" {
  description = "Instance profiles with which clusters reach data: lake of the deployment's cluster, client-side of the cluster that encrypts itself."
  type        = map(string)
  default     = {}
}

variable "client_side" {
  description = "The key of each bucket whose objects clusters encrypt themselves. With one there is a cluster that does."
  type        = map(string)
  default     = {}
}

variable "metastore_id" {
  description = "Metastore of the workspace: with one, the data lake is an external location of Unity Catalog."
  type        = string
  default     = null
}

variable "workspace_id" {
  description = "The workspace's id."
  type        = string
}
