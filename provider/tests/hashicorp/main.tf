terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

resource "aws_vpc" "lake" {
  cidr_block           = "10.40.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "lake" }
}

resource "aws_internet_gateway" "lake" {
  vpc_id = aws_vpc.lake.id
  tags   = { Name = "lake" }
}

resource "aws_subnet" "public" {
  vpc_id                  = aws_vpc.lake.id
  cidr_block              = "10.40.0.0/24"
  availability_zone       = "eu-west-1a"
  map_public_ip_on_launch = true
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.lake.id
  cidr_block        = "10.40.${64 + 16 * count.index}.0/20"
  availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
  tags              = { Name = "private-${count.index}" }
}

resource "aws_eip" "nat" {
  domain = "vpc"
}

resource "aws_nat_gateway" "lake" {
  subnet_id     = aws_subnet.public.id
  allocation_id = aws_eip.nat.id
  depends_on    = [aws_internet_gateway.lake]
}

resource "aws_nat_gateway" "inside" {
  subnet_id         = aws_subnet.public.id
  connectivity_type = "private"
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.lake.id
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.lake.id
  tags   = { Name = "private" }
}

resource "aws_route_table" "blocks" {
  vpc_id = aws_vpc.lake.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.lake.id
  }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.lake.id
}

resource "aws_route" "internet6" {
  route_table_id              = aws_route_table.public.id
  destination_ipv6_cidr_block = "::/0"
  gateway_id                  = aws_internet_gateway.lake.id
}

resource "aws_route" "nat" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.lake.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  count          = 2
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

resource "aws_security_group" "workspace" {
  name   = "workspace"
  vpc_id = aws_vpc.lake.id

  ingress {
    from_port = 0
    to_port   = 65535
    protocol  = "tcp"
    self      = true
  }

  egress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "apart" {
  name_prefix = "apart-"
  description = "rules in resources of their own"
  vpc_id      = aws_vpc.lake.id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.lake.id
  service_name    = "com.amazonaws.eu-west-1.s3"
  route_table_ids = [aws_route_table.private.id]
}

resource "aws_vpc_endpoint" "sts" {
  vpc_id              = aws_vpc.lake.id
  service_name        = "com.amazonaws.eu-west-1.sts"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [aws_subnet.private[0].id]
  security_group_ids  = [aws_security_group.workspace.id]
}

resource "aws_kms_key" "storage" {
  description             = "lake"
  deletion_window_in_days = 7
  enable_key_rotation     = true
}

resource "aws_kms_key" "plain" {}

resource "aws_s3_bucket" "root" {
  bucket        = "lake-root"
  force_destroy = true
  tags          = { Name = "lake" }
}

resource "aws_s3_bucket" "data" {
  bucket = "lake-data"
}

resource "aws_iam_role" "cross_account" {
  name               = "lake-cross-account"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::414351767826:root" } }] })
}

resource "aws_iam_role" "inside" {
  name_prefix          = "lake-"
  max_session_duration = 7200
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })

  inline_policy {
    name   = "read"
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "ec2:Describe*", Resource = "*" }] })
  }
}

resource "aws_ebs_encryption_by_default" "on" {
  enabled = true
}

resource "aws_iam_instance_profile" "clusters" {
  name = "lake-clusters"
  role = aws_iam_role.cross_account.name
  tags = { Name = "lake" }
}

resource "aws_iam_instance_profile" "bare" {
  name_prefix = "lake-"
  path        = "/lake/"
}

resource "aws_flow_log" "bucket" {
  vpc_id               = aws_vpc.lake.id
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.root.arn
  tags                 = { Name = "lake" }
}

resource "aws_flow_log" "hourly" {
  vpc_id                   = aws_vpc.lake.id
  traffic_type             = "REJECT"
  log_destination_type     = "s3"
  log_destination          = "${aws_s3_bucket.data.arn}/rejected"
  max_aggregation_interval = 60

  destination_options {
    file_format        = "parquet"
    per_hour_partition = true
  }
}

resource "aws_flow_log" "group" {
  vpc_id          = aws_vpc.lake.id
  traffic_type    = "ALL"
  log_destination = "arn:aws:logs:eu-west-1:123456789012:log-group:lake"
  iam_role_arn    = aws_iam_role.cross_account.arn
}
