variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "region" {
  description = "AWS region, which names the endpoints' services."
  type        = string
}

variable "aws_account_id" {
  description = "The AWS account, which endpoint policies name."
  type        = string
}

variable "awake" {
  description = "Whether the NAT gateways and the endpoints to STS and Kinesis exist."
  type        = bool
  default     = true
}

variable "keep_addresses" {
  description = "Whether the NAT gateways' addresses are kept while the network sleeps."
  type        = bool
  default     = true
}

variable "existing_network" {
  description = "A network that is there already, in place of one that is made."
  type = object({
    vpc_id              = string
    private_subnet_ids  = list(string)
    security_group_ids  = optional(list(string))
    route_table_ids     = optional(list(string), [])
    endpoint_subnet_ids = optional(list(string))
  })
  default = null

  validation {
    condition     = var.existing_network == null ? true : length(distinct(var.existing_network.private_subnet_ids)) >= 2
    error_message = "existing_network.private_subnet_ids: Databricks needs private subnets in two availability zones at least."
  }
  validation {
    condition     = try(length(var.existing_network.security_group_ids) >= 1 && length(var.existing_network.security_group_ids) <= 5, true)
    error_message = "existing_network.security_group_ids: clusters have one to five security groups. One is made where none is named."
  }
  validation {
    condition     = var.existing_network == null || !var.vpc_endpoints || try(length(var.existing_network.route_table_ids) > 0, false)
    error_message = "existing_network.route_table_ids: the endpoint to S3 needs the route tables of the private subnets. Name them, or set vpc_endpoints = false where the network has its endpoints."
  }
}

variable "vpc_cidr" {
  description = "Address range of the VPC, /16 to /23. None in an existing network."
  type        = string
  default     = null

  validation {
    condition     = (var.vpc_cidr == null) != (var.existing_network == null)
    error_message = "vpc_cidr and existing_network: the network is made in a range, or is there already. Set one of the two."
  }
  validation {
    condition     = var.vpc_cidr == null ? true : try(cidrsubnet(var.vpc_cidr, 0, 0) == var.vpc_cidr, false)
    error_message = "vpc_cidr: the range is written like 10.4.0.0/16, and begins with its first address."
  }
  validation {
    condition     = try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 23, true)
    error_message = "vpc_cidr: the range is /16 to /23. AWS has no larger ones, and from a smaller one no two sides of private subnets can be cut that are as large as Databricks needs them, /26."
  }
}

variable "zone_count" {
  description = "How many availability zones there are clusters in: the region's first ones."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3, 4, 5, 6], var.zone_count)
    error_message = "zone_count: clusters stand in 2 to 6 availability zones."
  }
}

variable "zones" {
  description = "The availability zones by name, in place of the region's first ones."
  type        = list(string)
  default     = null

  validation {
    condition     = var.zones == null ? true : length(distinct(var.zones)) == length(var.zones) && length(var.zones) >= 2
    error_message = "zones: two availability zones at least, each named once."
  }
}

variable "nodes" {
  description = "How many nodes shall fit into a zone at once. A plan with subnets that are too small for them fails."
  type        = number
  default     = null

  validation {
    condition     = var.nodes == null || var.existing_network == null
    error_message = "nodes: how large the subnets of existing_network are is not known here. Leave nodes out."
  }
}

variable "network_generation" {
  description = "Which side of the range the private subnets are cut from: raised by one, the other. A switch of PrivateLink and a zone more or less change it by themselves."
  type        = number
  default     = 1

  validation {
    condition     = try(var.network_generation >= 1 && floor(var.network_generation) == var.network_generation, false)
    error_message = "network_generation: a whole number, 1 or more."
  }
}

variable "nat_gateways" {
  description = "one, per_zone, or none for a network without internet. An existing network has its own way there."
  type        = string
  default     = "one"

  validation {
    condition     = contains(["one", "per_zone", "none"], var.nat_gateways)
    error_message = "nat_gateways: one, per_zone or none."
  }
  validation {
    condition     = var.nat_gateways != "none" || var.existing_network != null || (var.back_end_private_link && var.vpc_endpoints)
    error_message = "nat_gateways = \"none\": without internet, clusters reach Databricks by back_end_private_link and AWS by vpc_endpoints. Set both to true."
  }
}

variable "vpc_endpoints" {
  description = "Whether endpoints to S3, STS and Kinesis are made."
  type        = bool
  default     = true
}

variable "restrict_endpoints" {
  description = "Whether the endpoints let clusters reach the named buckets and Databricks' own alone."
  type        = bool
  default     = false

  validation {
    condition     = !var.restrict_endpoints || var.vpc_endpoints
    error_message = "restrict_endpoints: there are no endpoints to restrict with vpc_endpoints = false."
  }
  validation {
    condition     = !var.restrict_endpoints || can(provider::databricks::aws_vpc_endpoint_policy("s3", "123456789012", var.region))
    error_message = "restrict_endpoints: Databricks' own buckets are not known for this region."
  }
}

variable "root_buckets" {
  description = "Names of the workspace's root buckets, which the endpoints let Databricks reach."
  type        = list(string)
  default     = []
}

variable "buckets" {
  description = "Names of further buckets that the endpoints let clusters reach."
  type        = list(string)
  default     = []
}

variable "back_end_private_link" {
  description = "Whether clusters reach Databricks by PrivateLink."
  type        = bool
  default     = false

  validation {
    condition     = !var.back_end_private_link || can(provider::databricks::aws_privatelink_services(var.region))
    error_message = "back_end_private_link: Databricks has no PrivateLink services in this region, or none that are known here."
  }
}

variable "flow_logs" {
  description = "Whether AWS writes down which addresses talk to each other."
  type        = bool
  default     = false

  validation {
    condition     = !var.flow_logs || var.flow_log_bucket_arn != null
    error_message = "flow_logs: name the bucket for them in flow_log_bucket_arn."
  }
}

variable "flow_log_bucket_arn" {
  description = "ARN of the bucket for flow logs. Its policy lets AWS's log delivery write into it."
  type        = string
  default     = null
}
