# IPv6 ranges as people write them.

resource "databricks_aws_vpc" "this" {
  cidr_block = "10.9.0.0/16"
}

resource "databricks_aws_security_group" "this" {
  name   = "ipv6"
  vpc_id = databricks_aws_vpc.this.id

  egress {
    from_port        = 0
    to_port          = 0
    protocol         = "-1"
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::0/0"]
  }

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "TCP"
    cidr_blocks = ["10.9.0.0/16", "10.8.0.0/16"]
  }

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.8.0.0/16"]
  }
}
