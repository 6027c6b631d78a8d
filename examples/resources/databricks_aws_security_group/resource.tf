resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_security_group" "example" {
  name        = "analytics-workspace"
  description = "Databricks clusters"
  vpc_id      = databricks_aws_vpc.example.id

  ingress {
    description = "Between the nodes"
    protocol    = "tcp"
    from_port   = 0
    to_port     = 65535
    self        = true
  }

  egress {
    description = "Control plane, libraries and data"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = { Name = "analytics-workspace" }
}
