terraform import databricks_aws_kms_key.example 1234abcd-12ab-34cd-56ef-1234567890ab
