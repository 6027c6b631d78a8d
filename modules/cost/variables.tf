variable "region" {
  description = "AWS region of the deployment."
  type        = string
}

variable "awake" {
  description = "How many things of each kind cost by the hour: nat_gateway, public_address, interface_endpoint (one for each subnet that it is in), kms_key."
  type        = map(number)
}

variable "asleep" {
  description = "The same for a network that sleeps."
  type        = map(number)
}

variable "prices" {
  description = "Prices in USD an hour, in place of those of the table: by the kind."
  type        = map(number)
}
