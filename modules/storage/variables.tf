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
