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

# The network. What cannot work together is checked by its module, in the variables of the same names.

variable "vpc_cidr" {
  description = "Address range of the VPC, /16 to /23. It is cut into public subnets, subnets for endpoints, and two sides of private subnets of which one is in use."
  type        = string
  default     = null
}

variable "zone_count" {
  description = "How many availability zones there are clusters in, 2 to 6: the region's first ones. A range from /16 to /20 has room for six, /21 and /22 for three, /23 for two."
  type        = number
  default     = 2
}

variable "zones" {
  description = "Availability zones by name, in place of the region's first ones. A new one goes to the end."
  type        = list(string)
  default     = null
}

variable "nodes" {
  description = "How many nodes of all clusters shall fit into a zone at once. A plan whose subnets are too small for them fails."
  type        = number
  default     = null
}

variable "network_generation" {
  description = "Which side of the range the private subnets are cut from. Databricks takes no subnet of a network configuration into a second one, so a living workspace whose network changes moves to the other side. A switch of back_end_private_link and a zone more or less do that by themselves. With any other change of zones, and with both at once, raise this by one; an apply that needs it fails with: Subnet … is already used by network …, before the workspace moves."
  type        = number
  default     = 1
}

variable "nat_gateways" {
  description = "Way of clusters to the internet: one NAT gateway, one per_zone, or none. None needs back_end_private_link and vpc_endpoints."
  type        = string
  default     = "one"
}

variable "existing_network" {
  description = "A VPC that is there already, in place of vpc_cidr: its private subnets in different zones, and if wanted the clusters' security groups, the private subnets' route tables (for vpc_endpoints), and the subnets for endpoints. Its way to the internet is its own. When back_end_private_link is switched on a living workspace, other private subnets and groups are named with it."
  type = object({
    vpc_id              = string
    private_subnet_ids  = list(string)
    security_group_ids  = optional(list(string))
    route_table_ids     = optional(list(string), [])
    endpoint_subnet_ids = optional(list(string))
  })
  default = null
}

variable "network_awake" {
  description = "Whether the NAT gateways and the endpoints to STS and Kinesis exist. scripts/sleep_network_infrastructure.sh sets it to false. PrivateLink's endpoints stay: they would lose their registration."
  type        = bool
  default     = true
}

variable "keep_addresses" {
  description = "Whether the NAT gateways keep their public addresses while the network sleeps, for allow lists elsewhere. An address costs 0.005 USD an hour."
  type        = bool
  default     = true
}

variable "vpc_endpoints" {
  description = "Whether there are VPC endpoints to S3, STS and Kinesis. An existing network may have its own."
  type        = bool
  default     = true
}

variable "restrict_endpoints" {
  description = "Whether these endpoints let clusters reach the deployment's own buckets, those of further_buckets and Databricks' alone."
  type        = bool
  default     = false
}

variable "further_buckets" {
  description = "Names of buckets beside the deployment's own that restrict_endpoints leaves reachable."
  type        = list(string)
  default     = []
}

variable "back_end_private_link" {
  description = "Whether clusters reach Databricks by PrivateLink, not over the internet. Switched on a living workspace, it moves to other subnets: clusters are stopped first, and start again some 20 minutes after."
  type        = bool
  default     = false

  validation {
    condition     = !var.back_end_private_link || var.pricing_tier == "ENTERPRISE"
    error_message = "back_end_private_link: PrivateLink needs pricing_tier = \"ENTERPRISE\"."
  }
}

variable "front_end_private_link" {
  description = "Whether people and programs reach the workspace by PrivateLink alone. Terraform is one of them: from then on it runs where such an endpoint is."
  type        = bool
  default     = false

  validation {
    condition     = !var.front_end_private_link || var.back_end_private_link
    error_message = "front_end_private_link: a workspace without public access is reached by its clusters through back_end_private_link. Set that to true."
  }
}

variable "front_end_vpc_endpoints" {
  description = "Interface endpoints to the workspace in people's own networks (vpce-…), by names of your own. They are registered, and then no endpoint but these and the clusters' has access."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in values(var.front_end_vpc_endpoints) : startswith(id, "vpce-")])
    error_message = "front_end_vpc_endpoints: the id of an endpoint in AWS begins with vpce-."
  }
  validation {
    condition     = length(var.front_end_vpc_endpoints) == 0 || var.pricing_tier == "ENTERPRISE"
    error_message = "front_end_vpc_endpoints: PrivateLink needs pricing_tier = \"ENTERPRISE\"."
  }
}

variable "flow_logs" {
  description = "Whether AWS writes down which addresses talk to each other in the VPC, into the logs bucket."
  type        = bool
  default     = false
}

variable "flow_log_bucket_arn" {
  description = "ARN of another bucket for flow logs, with a folder behind it if there is one. Its policy lets AWS's log delivery write into it."
  type        = string
  default     = null
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

variable "prices" {
  description = "Prices in USD an hour for the outputs cost and saved_asleep, in place of those of modules/cost: of nat_gateway, public_address, interface_endpoint and kms_key."
  type        = map(number)
  default     = {}
}
