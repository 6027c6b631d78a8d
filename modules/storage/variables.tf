variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "aws_account_id" {
  description = "The AWS account that owns the key; its id makes the bucket's name unique."
  type        = string
}

variable "databricks_account_id" {
  description = "The Databricks account that may use the bucket."
  type        = string
}

variable "cluster_role_arn" {
  description = "The cross-account role, which creates encrypted volumes for clusters."
  type        = string
}

variable "force_destroy" {
  description = "Whether destroying may delete a bucket that is not empty. What counts is the applied value."
  type        = bool
}

variable "data_lake" {
  description = "Whether there is a data lake: a bucket with a key of its own."
  type        = bool
  default     = true
}

variable "lake_old_versions_days" {
  description = "Days for which the data lake keeps what was overwritten or deleted."
  type        = number
  default     = 30
}

variable "incomplete_uploads_days" {
  description = "Days after which S3 deletes the parts of uploads that were not finished."
  type        = number
  default     = 7
}

variable "access_logs" {
  description = "Whether S3 tells the logs bucket who asked for what in the root bucket and in the data lake."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "Days after which logs are deleted."
  type        = number
  default     = 365
}

variable "datalake_client_side_enc" {
  description = "Whether the data lake is one whose clusters encrypt what they write. It is another bucket then."
  type        = bool
  default     = false
}

variable "dbfs_client_side_enc" {
  description = "Whether there is a bucket for /mnt whose clusters encrypt what they write."
  type        = bool
  default     = false
}
