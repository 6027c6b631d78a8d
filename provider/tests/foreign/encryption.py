"""Reads back whether a deployment is encrypted as its output `encryption` says, through clients that are not ours: boto3 and the official
Databricks SDK.

Usage: encryption.py < outputs.json (of `terraform output -json`). Endpoints and credentials come from the environment. A file is put into each
bucket, looked at, and taken away again. It ends with 1 and a line for each difference, and for each place that it has no check for.
"""

import json
import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from databricks.sdk import AccountClient, WorkspaceClient

region = os.environ.get("AWS_REGION", "eu-west-1")
once = Config(retries={"max_attempts": 1})
ec2, iam, kms, s3, sts = (boto3.client(name, region_name=region, config=once) for name in ("ec2", "iam", "kms", "s3", "sts"))
account = AccountClient()
outputs = {name: output["value"] for name, output in json.load(sys.stdin).items()}
table = outputs["encryption"]
wrong = []


def check(place, what, found, expected):
    if found != expected:
        wrong.append(f"{place}: {what} is {found!r}, and not {expected!r}")


def buckets():
    """Names by what stands in them between the deployment's name and the account: lake, lake-cse."""
    owner = sts.get_caller_identity()["Account"]
    names = [one["Name"] for one in s3.list_buckets()["Buckets"]]
    deployment = next(name for name in names if name.endswith(f"-root-{owner}")).removesuffix(f"-root-{owner}")
    return {name.removeprefix(f"{deployment}-").removesuffix(f"-{owner}"): name for name in names}


def bucket_of(part):
    return buckets()[part]


def statements(document):
    return json.loads(document)["Statement"]


def key_is_kept(place, arn):
    """A key that AWS rotates, and that nobody but the account and Databricks may use."""
    check(place, "the key's state", kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"], "Enabled")
    check(place, "the key's rotation", kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"], True)
    for statement in statements(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]):
        whom = statement["Principal"]
        assert isinstance(whom, dict) and list(whom) == ["AWS"] and "*" not in whom["AWS"], (place, statement)


def bucket_is_encrypted(place, part, algorithm, arn):
    bucket = bucket_of(part)
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    check(place, "the bucket's algorithm", default["SSEAlgorithm"], algorithm)
    check(place, "the bucket's key", default.get("KMSMasterKeyID"), arn)
    check(place, "the bucket key", rule["BucketKeyEnabled"], arn is not None)
    s3.put_object(Bucket=bucket, Key="audit", Body=b"data")
    seen = s3.head_object(Bucket=bucket, Key="audit")
    check(place, "the algorithm of a file", seen["ServerSideEncryption"], algorithm)
    check(place, "the key of a file", seen.get("SSEKMSKeyId"), arn)
    for version in s3.list_object_versions(Bucket=bucket, Prefix="audit").get("Versions", []):
        s3.delete_object(Bucket=bucket, Key="audit", VersionId=version["VersionId"])
    tls = [one for one in statements(s3.get_bucket_policy(Bucket=bucket)["Policy"]) if one.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}]
    check(place, "what is refused without TLS", [(one["Effect"], one["Principal"]) for one in tls], [("Deny", "*")])
    check(place, "what is refused to the public", set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()), {True})
    return bucket


def root_bucket(place, arn):
    key_is_kept(place, arn)
    bucket = bucket_is_encrypted(place, "root", "aws:kms", arn)
    logged(place, bucket, "access/root/")


def logged(place, bucket, prefix):
    target = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled", {})
    check(place, "where access is logged", (target.get("TargetBucket"), target.get("TargetPrefix")), (bucket_of("logs"), prefix))


def data_lake(place, arn):
    store(place, arn, "lake", "access/lake/")
    (profile,) = iam.get_instance_profile(InstanceProfileName=outputs["instance_profile_arns"]["lake"].split("/")[-1])["InstanceProfile"]["Roles"]
    by_s3 = {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}
    check(place, "for what the role uses the key", use_of_key(place, profile["RoleName"], arn).get("Condition"), by_s3)


def data_lake_client_side(place, arn):
    client_side(place, arn, "lake-cse", "access/lake/")


def dbfs_client_side(place, arn):
    client_side(place, arn, "dbfs-cse", "access/dbfs/")


def client_side(place, arn, part, prefix):
    bucket = store(place, arn, part, prefix)
    cluster = WorkspaceClient(host=outputs["workspace_url"]).clusters.get(outputs["client_side_cluster_id"])
    names = [f"spark.hadoop.fs.s3a.bucket.{bucket}.encryption.{name}" for name in ("algorithm", "key")]
    check(place, "the cluster's settings", [cluster.spark_conf.get(name) for name in names], ["CSE-KMS", arn])
    check(place, "the cluster's access mode, which Unity Catalog has no part in", cluster.data_security_mode.value, "NONE")
    check(place, "the cluster's profile", cluster.aws_attributes.instance_profile_arn, outputs["instance_profile_arns"]["client-side"])
    profile = iam.get_instance_profile(InstanceProfileName=cluster.aws_attributes.instance_profile_arn.split("/")[-1])
    (role,) = profile["InstanceProfile"]["Roles"]
    check(place, "for what the role uses the key", use_of_key(place, role["RoleName"], arn).get("Condition"), None)


def use_of_key(place, role, arn):
    """The statement with which a role may use a key."""
    policy = iam.get_role_policy(RoleName=role, PolicyName="data")["PolicyDocument"]
    (statement,) = [one for one in policy["Statement"] if "kms:GenerateDataKey" in one["Action"] and arn in one["Resource"]]
    return statement


def store(place, arn, part, prefix):
    key_is_kept(place, arn)
    check(place, "a key of its own", arn in [row["key_arn"] for id, row in table.items() if id != place], False)
    bucket = bucket_is_encrypted(place, part, "aws:kms", arn)
    logged(place, bucket, prefix)
    check(place, "versions", s3.get_bucket_versioning(Bucket=bucket).get("Status"), "Enabled")
    other = table["root_bucket"]["key_arn"]
    for encryption in ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": other}):
        try:
            s3.put_object(Bucket=bucket, Key="refused", Body=b"data", **encryption)
            wrong.append(f"{place}: a file with {encryption} is taken")
        except ClientError as error:
            check(place, "the refusal", error.response["Error"]["Code"], "AccessDenied")
    s3.put_object(Bucket=bucket, Key="audit", Body=b"data", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn)
    for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    return bucket


def logs(place, arn):
    bucket = bucket_is_encrypted(place, "logs", "AES256", arn)
    allowed = [one for one in statements(s3.get_bucket_policy(Bucket=bucket)["Policy"]) if one["Effect"] == "Allow"]
    services = {one["Principal"]["Service"] for one in allowed}
    check(place, "who writes", services, {"logging.s3.amazonaws.com", "delivery.logs.amazonaws.com"})
    owner = sts.get_caller_identity()["Account"]
    for one in allowed:
        check(place, "for whom they write", one["Condition"]["StringEquals"]["aws:SourceAccount"], owner)


def key_configurations(use_case):
    """What the account has for the deployment's workspace and a use case."""
    (workspace,) = [one for one in account.workspaces.list() if str(one.workspace_id) == str(outputs["workspace_id"])]
    ids = {"MANAGED_SERVICES": workspace.managed_services_customer_managed_key_id, "STORAGE": workspace.storage_customer_managed_key_id}
    key = account.encryption_keys.get(ids[use_case])
    assert use_case in [case.value for case in key.use_cases], key
    return key.aws_key_info


def managed_services(place, arn):
    check(place, "the workspace's key", key_configurations("MANAGED_SERVICES").key_arn, arn)


def attached_volumes(place, arn):
    configuration = key_configurations("STORAGE")
    check(place, "the workspace's key", configuration.key_arn, arn)
    check(place, "the key of volumes", configuration.reuse_key_for_cluster_volumes, True)
    check(place, "the region's default", ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"], True)
    for statement in statements(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]):
        if ":role/" in statement["Principal"]["AWS"]:
            check(place, "for what the role uses the key", statement["Condition"], {"ForAnyValue:StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}})
    for volume in ec2.describe_volumes()["Volumes"]:
        check(place, f"volume {volume['VolumeId']}", (volume["Encrypted"], volume.get("KmsKeyId")), (True, arn))


def local_disks(place, arn):
    workspace = WorkspaceClient(host=outputs["workspace_url"])
    check(place, "the deployment's cluster", workspace.clusters.get(outputs["cluster_id"]).enable_local_disk_encryption, True)


def state(place, arn):
    """The backend's, and not the deployment's."""


CHECKS = {
    "root_bucket": root_bucket,
    "data_lake": data_lake,
    "data_lake_client_side": data_lake_client_side,
    "dbfs_client_side": dbfs_client_side,
    "logs": logs,
    "managed_services": managed_services,
    "attached_volumes": attached_volumes,
    "local_disks": local_disks,
    "state": state,
}

for place, row in table.items():
    if place in CHECKS:
        CHECKS[place](place, row["key_arn"])
    else:
        wrong.append(f"{place}: nothing checks it")
known = {"root": "root_bucket", "lake": "data_lake", "lake-cse": "data_lake_client_side", "dbfs-cse": "dbfs_client_side", "logs": "logs"}
for part, bucket in buckets().items():
    if known.get(part) not in table:
        wrong.append(f"the bucket {bucket} stands in no row")
print("\n".join(wrong), file=sys.stderr)
print(json.dumps(sorted(table)))
sys.exit(1 if wrong else 0)
