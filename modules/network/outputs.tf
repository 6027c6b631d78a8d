output "vpc_id" {
  description = "The VPC."
  value       = databricks_aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "The private subnets, in the order of their zones."
  value       = [for subnet in databricks_aws_subnet.private : subnet.id]
}

output "workspace_security_group_id" {
  description = "The clusters' security group."
  value       = databricks_aws_security_group.workspace.id
}
