variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "region" {
  description = "AWS region of the workspace."
  type        = string
}

variable "databricks_account_id" {
  description = "The Databricks account: the external id with which it assumes the role."
  type        = string
}

variable "vpc_id" {
  description = "The VPC of the clusters."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the clusters."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups of the clusters."
  type        = list(string)
}

variable "private_link_endpoint_ids" {
  description = "PrivateLink's endpoints in AWS from the clusters to Databricks: workspace and relay. Empty without PrivateLink."
  type        = map(string)
  default     = {}
}

variable "back_end_private_link" {
  description = "Whether there are such endpoints."
  type        = bool
  default     = false
}

variable "front_end_private_link" {
  description = "Whether people and programs reach the workspace by PrivateLink alone."
  type        = bool
  default     = false
}

variable "front_end_vpc_endpoints" {
  description = "PrivateLink's endpoints in AWS from other networks to the workspace, by names of your own."
  type        = map(string)
  default     = {}
}

variable "root_bucket" {
  description = "Name of the workspace's root bucket."
  type        = string
}

variable "encryption_key_arn" {
  description = "The key for S3, EBS and managed services."
  type        = string
}

variable "pricing_tier" {
  description = "Pricing tier of the workspace."
  type        = string
}

variable "store_tokens" {
  description = "Whether a personal access token and an OAuth secret of the service principal are issued and kept in the state."
  type        = bool
}

variable "token_lifetime_seconds" {
  description = "Lifetime of the personal access token."
  type        = number
}

variable "members" {
  description = "Ids of the users, groups and service principals of the account who may enter the workspace."
  type        = set(string)
  default     = []
}

variable "pass_roles" {
  description = "ARNs of the roles that clusters may be given."
  type        = list(string)
  default     = []
}

variable "metastore_id" {
  description = "Metastore of Unity Catalog that the workspace gets."
  type        = string
  default     = null
}

variable "audit_logs" {
  description = "Whether Databricks writes the workspace's audit logs into the logs bucket."
  type        = bool
  default     = false
}

variable "logs_bucket" {
  description = "Name of the logs bucket."
  type        = string
}
