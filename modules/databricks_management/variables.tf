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
