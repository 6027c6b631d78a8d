variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "region" {
  description = "AWS region, which names the endpoints' services."
  type        = string
}

variable "vpc_cidr" {
  description = "Address range of the VPC."
  type        = string
}

variable "public_subnet_cidr" {
  description = "Address range of the public subnet."
  type        = string
}

variable "private_subnets" {
  description = "Address ranges of the private subnets, by availability zone."
  type        = map(string)
}

variable "awake" {
  description = "Whether the NAT gateway, its address and the interface endpoints exist."
  type        = bool
}
