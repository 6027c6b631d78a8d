terraform import databricks_aws_route.example rtb-0123456789abcdef0_0.0.0.0/0
