"""Reads a Terraform state back through clients that are not ours: the official Databricks SDK and boto3.

Usage: read_back.py < state.json (of `terraform show -json`). Endpoints and credentials come from the environment. Every attribute of every
resource is looked for in what the service tells and compared. It ends with 1 and a line for each difference, each attribute that is neither
told nor in UNTOLD, and each type without a reader.
"""

import base64
import hashlib
import json
import os
import re
import sys

import boto3
from botocore.config import Config
from databricks.sdk import AccountClient, WorkspaceClient
from databricks.sdk.service.sql import QueryFilter

# What only Terraform knows, of every type.
TERRAFORM = {"timeouts", "tags", "force_destroy", "triggers", "rotate_before_seconds", "no_wait", "api", "provider_config", "force"}

# What the service does not tell, by type, each with its reason.
UNTOLD = {
    "databricks_aws_iam_role": {"force_detach_policies"},  # how it is deleted
    "databricks_aws_kms_key": {"bypass_policy_lockout_safety_check", "deletion_window_in_days"},  # how it is written and deleted
    "databricks_aws_security_group": {"revoke_rules_on_delete", "name_prefix"},
    "databricks_cluster": {"is_single_node", "use_ml_runtime", "kind", "url", "clear_cloud_attributes_on_remove"},  # sent; others are derived from them. Made of the id. How it is changed
    "databricks_mws_workspaces": {"is_no_public_ip_enabled"},  # always so on AWS, where nobody asks
    "databricks_file": {"source", "content_base64", "md5", "remote_file_modified"},  # what it is made of; see file
    "databricks_notebook": {"source", "content_base64", "md5", "format"},  # what it is made of; see notebook
    "databricks_connection": {"options_wo", "options_wo_version", "parent", "warehouse_id"},  # sent, and not told
    "databricks_git_credential": {"personal_access_token", "principal_id"},  # sent, and not told
    "databricks_secret": {"string_value", "string_value_wo", "string_value_wo_version"},  # never told; see secret
    "databricks_secret_scope": {"initial_manage_principal"},  # told as a permission
    "databricks_external_location": {"skip_validation", "force_update"},  # how it is changed
    "databricks_group": {"url"},  # made of the id
    "databricks_instance_profile": {"skip_validation"},  # how it is added
    "databricks_service_principal": {"disable_as_user_deletion", "force_delete_repos", "force_delete_home_dir"},  # how it is deleted
    "databricks_storage_credential": {"skip_validation", "force_update"},  # how it is changed
    "databricks_user": {"disable_as_user_deletion", "force_delete_repos", "force_delete_home_dir"},  # how it is deleted
    "databricks_service_principal_secret": {"secret"},  # told once
    "databricks_token": {"token_value", "lifetime_seconds"},  # told once; told as expiry_time
    "databricks_ssh_endpoint": {"max_clients", "shutdown_delay_seconds", "auto_start", "remote_user"},  # in its files; see endpoint
}

region = os.environ.get("AWS_REGION", "eu-west-1")
once = Config(retries={"max_attempts": 1})
ec2, iam, kms, s3 = (boto3.client(name, region_name=region, config=once) for name in ("ec2", "iam", "kms", "s3"))
account = AccountClient()


def snake(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name))
    return name.lower()


def plain(value):
    """The same value in one spelling: no empty parts, names in snake case, documents parsed, lists sorted, a list of one object as it."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return plain(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        parts = {snake(name): plain(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part not in (None, "", [], {})} or None
    if isinstance(value, (list, tuple, set)):
        parts = sorted((plain(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True, default=str))
        return (parts[0] if len(parts) == 1 and isinstance(parts[0], dict) else parts) or None
    if hasattr(value, "isoformat"):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value if value != "" else None


# What marks an object until the state knows it (docs/decisions/0002): told by the service, and no attribute's.
MARK = "terraform-created-by"


def tags(answer, name="Tags", key="Key", value="Value"):
    return {tag[key]: tag[value] for tag in answer.get(name, []) if tag[key] != MARK}


def told(answer, **more):
    """An answer of AWS, with its tags as a map."""
    return {**{snake(name): part for name, part in answer.items()}, "tags_all": tags(answer), **more}


# ---- AWS

def of_ec2(action, ids, **more):
    def read(state):
        method = getattr(ec2, "describe_" + action)
        answer = method(**{ids: [state["id"]]})
        (one,) = next(part for name, part in answer.items() if name != "ResponseMetadata")
        return told(one, **{name: make(one, state) for name, make in more.items()})

    return read


def same(name):
    return lambda answer, state: answer.get(name)


def arn(kind):
    return lambda answer, state: f"arn:aws:ec2:{region}:{owner()}:{kind}/{state['id']}"


def owner():
    return boto3.client("sts", region_name=region, config=once).get_caller_identity()["Account"]


def vpc(state):
    answer = of_ec2("vpcs", "VpcIds", id=same("VpcId"), arn=arn("vpc"))(state)
    for name, attribute in (("enable_dns_hostnames", "DnsHostnames"), ("enable_dns_support", "DnsSupport")):
        shown = ec2.describe_vpc_attribute(VpcId=state["id"], Attribute="enable" + attribute)
        answer[name] = shown["Enable" + attribute]["Value"]

    def part(action, field, *filters):
        filters = [("vpc-id", state["id"]), *filters]
        shown = getattr(ec2, "describe_" + action)(Filters=[{"Name": name, "Values": [value]} for name, value in filters])
        return next(rows for name, rows in shown.items() if name != "ResponseMetadata")[0][field]

    answer["default_security_group_id"] = part("security_groups", "GroupId", ("group-name", "default"))
    answer["main_route_table_id"] = part("route_tables", "RouteTableId", ("association.main", "true"))
    answer["default_network_acl_id"] = part("network_acls", "NetworkAclId", ("default", "true"))
    return answer


def nat_gateway(state):
    answer = of_ec2("nat_gateways", "NatGatewayIds", id=same("NatGatewayId"))(state)
    return {**{snake(name): part for name, part in answer["nat_gateway_addresses"][0].items()}, **answer}


def nat_address(name):
    return lambda answer, state: answer["NatGatewayAddresses"][0].get(name)


def route_table(state):
    # Routes of other resources are theirs; a table with routes of its own shows all of them.
    return of_ec2("route_tables", "RouteTableIds", id=same("RouteTableId"), arn=arn("route-table"), route=own_routes)(state)


def own_routes(answer, state):
    made = [{snake(name): part for name, part in route.items()} for route in answer["Routes"] if route["Origin"] == "CreateRoute"]
    keep = plain(state["route"])
    keep = keep if isinstance(keep, list) else [keep] if keep else []
    return [{name: part.get(name) for name in want} for want in keep for part in made if all(part.get(n) == v for n, v in want.items())]


def route(state):
    table, destination = state["id"].split("_", 1)
    (answer,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    fields = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    (one,) = [one for one in answer["Routes"] if destination in [one.get(field) for field in fields]]
    return told(one, id=f"{table}_{destination}", route_table_id=table)


def route_table_association(state):
    (answer,) = ec2.describe_route_tables(Filters=[filter_by("association.route-table-association-id", state["id"])])["RouteTables"]
    (one,) = [one for one in answer["Associations"] if one["RouteTableAssociationId"] == state["id"]]
    return told(one, id=one["RouteTableAssociationId"])


def filter_by(name, value):
    return {"Name": name, "Values": [value]}


def permissions(name):
    """A group's rules, one for each peer, as blocks of a configuration have them."""

    def make(answer, state):
        return sorted(map(json.dumps, (rule for permission in answer[name] for rule in flat(permission))))

    return make


def flat(permission):
    ports = [permission.get("IpProtocol"), permission.get("FromPort", 0), permission.get("ToPort", 0)]
    for list_, field in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("PrefixListIds", "PrefixListId"), ("UserIdGroupPairs", "GroupId")):
        for peer in permission.get(list_, []):
            yield [*ports, peer[field], peer.get("Description") or None]


def blocks(rules, group):
    peers = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups")
    every = [
        [rule["protocol"], rule["from_port"], rule["to_port"], peer, rule.get("description") or None]
        for rule in rules
        for peer in [*(peer for name in peers for peer in rule.get(name) or []), *([group] if rule.get("self") else [])]
    ]
    return sorted(map(json.dumps, every))


def security_group(state):
    state["ingress"], state["egress"] = blocks(state["ingress"] or [], state["id"]), blocks(state["egress"] or [], state["id"])
    return of_ec2(
        "security_groups", "GroupIds", id=same("GroupId"), name=same("GroupName"), arn=arn("security-group"),
        ingress=permissions("IpPermissions"), egress=permissions("IpPermissionsEgress"),
    )(state)


def internet_gateway(state):
    attached = lambda answer, state: (answer["Attachments"] or [{}])[0].get("VpcId")
    return of_ec2("internet_gateways", "InternetGatewayIds", id=same("InternetGatewayId"), arn=arn("internet-gateway"), vpc_id=attached)(state)


def vpc_endpoint(state):
    groups = lambda answer, state: [group["GroupId"] for group in answer["Groups"]]
    names = lambda answer, state: [{"dns_name": one["DnsName"], "hosted_zone_id": one["HostedZoneId"]} for one in answer["DnsEntries"]]
    answer = of_ec2(
        "vpc_endpoints", "VpcEndpointIds", id=same("VpcEndpointId"), arn=arn("vpc-endpoint"), security_group_ids=groups,
        dns_entry=names, policy=same("PolicyDocument"),
    )(state)
    if state["vpc_endpoint_type"] == "Gateway":
        # moto tells a gateway's interface settings, which a gateway does not have.
        answer.pop("private_dns_enabled", None)
        state.pop("private_dns_enabled", None)
        (prefixes,) = ec2.describe_prefix_lists(Filters=[filter_by("prefix-list-name", state["service_name"])])["PrefixLists"]
        answer.update(prefix_list_id=prefixes["PrefixListId"], cidr_blocks=prefixes.get("Cidrs"))
    return answer


def kms_key(state):
    answer = kms.describe_key(KeyId=state["id"])["KeyMetadata"]
    rotation = kms.get_key_rotation_status(KeyId=state["id"])
    return told(
        answer, id=answer["KeyId"], is_enabled=answer["Enabled"], policy=kms.get_key_policy(KeyId=state["id"], PolicyName="default")["Policy"],
        # AWS tells the period; moto knows that keys rotate and not how often, which is each year unless it was said.
        enable_key_rotation=rotation["KeyRotationEnabled"],
        rotation_period_in_days=rotation.get("RotationPeriodInDays", 365 if rotation["KeyRotationEnabled"] else None),
        tags_all=tags(kms.list_resource_tags(KeyId=state["id"]), key="TagKey", value="TagValue"),
    )


def s3_bucket(state):
    name = state["id"]

    def ask(method, *path, code):
        try:
            answer = getattr(s3, method)(Bucket=name)
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == code:
                return None
            raise
        for part in path:
            answer = answer[part]
        return answer

    rule = ask("get_bucket_encryption", "ServerSideEncryptionConfiguration", "Rules", 0, code="")
    default = rule["ApplyServerSideEncryptionByDefault"]
    return {
        "id": name, "bucket": name, "arn": f"arn:aws:s3:::{name}", "region": s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region"),
        "bucket_domain_name": f"{name}.s3.amazonaws.com", "bucket_regional_domain_name": f"{name}.s3.{region}.amazonaws.com",
        "object_ownership": ask("get_bucket_ownership_controls", "OwnershipControls", "Rules", 0, "ObjectOwnership", code="OwnershipControlsNotFoundError"),
        "policy": ask("get_bucket_policy", "Policy", code="NoSuchBucketPolicy"),
        "public_access_block": ask("get_public_access_block", "PublicAccessBlockConfiguration", code="NoSuchPublicAccessBlockConfiguration"),
        "server_side_encryption": {"sse_algorithm": default["SSEAlgorithm"], "kms_key_arn": default.get("KMSMasterKeyID"), "bucket_key_enabled": rule.get("BucketKeyEnabled", False)},
        "versioning": {"enabled": s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled"},
        "tags_all": tags({"Tags": ask("get_bucket_tagging", "TagSet", code="NoSuchTagSet") or []}),
        **logged_and_aged(state, ask),
    }


def logged_and_aged(state, ask):
    """Logging and lifecycle rules of a bucket, where the state has them: elsewhere they are others' business."""
    shown = {}
    if state["logging"]:
        logging = s3.get_bucket_logging(Bucket=state["id"]).get("LoggingEnabled", {})
        shown["logging"] = {"enabled": bool(logging), **{name: logging.get(key) for name, key in (("target_bucket", "TargetBucket"), ("target_prefix", "TargetPrefix"))}}
    if state["lifecycle_rule"]:
        shown["lifecycle_rule"] = [lifecycle_rule(rule) for rule in ask("get_bucket_lifecycle_configuration", "Rules", code="")]
    return shown


def lifecycle_rule(rule):
    conditions = rule["Filter"].get("And", rule["Filter"])
    marks = conditions.get("Tags", [conditions["Tag"]] if "Tag" in conditions else [])
    renamed = {"ID": "id", "Transitions": "transition", "NoncurrentVersionTransitions": "noncurrent_version_transition"}
    blocks = {renamed.get(name, name): part for name, part in rule.items() if name != "Filter"}
    return {**blocks, "filter": {**{name: part for name, part in conditions.items() if name not in ("Tag", "Tags")}, "tags": tags({"Tags": marks})}}


def iam_role(state):
    answer = iam.get_role(RoleName=state["id"])["Role"]
    inline = [
        {"name": name, "policy": iam.get_role_policy(RoleName=state["id"], PolicyName=name)["PolicyDocument"]}
        for name in iam.list_role_policies(RoleName=state["id"])["PolicyNames"]
    ]
    attached = [one["PolicyArn"] for one in iam.list_attached_role_policies(RoleName=state["id"])["AttachedPolicies"]]
    return told(
        answer, id=answer["RoleName"], name=answer["RoleName"], unique_id=answer["RoleId"], assume_role_policy=answer["AssumeRolePolicyDocument"],
        permissions_boundary=answer.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"), inline_policy=inline, managed_policy_arns=attached,
    )


def instance_profile(state):
    answer = iam.get_instance_profile(InstanceProfileName=state["id"])["InstanceProfile"]
    roles = [role["RoleName"] for role in answer["Roles"]]
    assert len(roles) < 2, roles
    name = answer["InstanceProfileName"]
    return told(answer, id=name, name=name, unique_id=answer["InstanceProfileId"], role=next(iter(roles), None))


def flow_log(state):
    place = lambda kind: lambda answer, state: answer["ResourceId"] if answer["ResourceId"].startswith(kind) else None
    return of_ec2(
        "flow_logs", "FlowLogIds", id=same("FlowLogId"), arn=arn("vpc-flow-log"), vpc_id=place("vpc-"), subnet_id=place("subnet-"), eni_id=place("eni-"),
        iam_role_arn=same("DeliverLogsPermissionArn"),
    )(state)


def ebs_encryption(state):
    return {"id": region, "enabled": ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]}


# ---- Databricks: as_dict() has the API's own names, most of which are the attributes'.

def of_account(objects, id_, **more):
    def read(state):
        answer = getattr(account, objects).get(state[id_]).as_dict()
        return {"id": f"{answer['account_id']}/{answer[id_]}", **{name: make(answer) for name, make in more.items()}, **answer}

    return read


def at(*path):
    def make(answer):
        for part in path:
            answer = (answer or {}).get(part)
        return answer

    return make


def network_connectivity_config(state):
    answer = account.network_connectivity.get_network_connectivity_configuration(state["network_connectivity_config_id"]).as_dict()
    return {"id": f"{answer['account_id']}/{answer['network_connectivity_config_id']}", **answer}


def private_endpoint_rule(state):
    answer = account.network_connectivity.get_private_endpoint_rule(*state["id"].split("/")).as_dict()
    # The SDK's class leaves out what it does not know.
    path = f"/api/2.0/accounts/{state['account_id']}/network-connectivity-configs/{state['network_connectivity_config_id']}/private-endpoint-rules"
    raw = account.api_client.do("GET", f"{path}/{state['rule_id']}")
    return {"id": state["id"], **raw, **answer}


def ncc_binding(state):
    bound = account.workspaces.get(int(state["workspace_id"])).as_dict()["network_connectivity_config_id"]
    return {"id": f"{state['workspace_id']}/{bound}", "network_connectivity_config_id": bound, "workspace_id": state["workspace_id"]}


def git_credential(state):
    answer = inside.git_credentials.get(int(state["id"])).as_dict()
    return {**answer, "id": str(answer["credential_id"])}


def secret_scope(state):
    (one,) = [one.as_dict() for one in inside.secrets.list_scopes() if one.name == state["id"]]
    return {**one, "id": one["name"]}


def secret(state):
    scope, key = state["id"].split("|||")
    (one,) = [one.as_dict() for one in inside.secrets.list_secrets(scope) if one.key == key]
    assert base64.b64decode(inside.secrets.get_secret(scope, key).value).decode() == state["string_value"], "its value"
    return {**one, "id": state["id"], "scope": scope, "config_reference": "{{secrets/%s/%s}}" % (scope, key)}


def secret_acl(state):
    scope, principal = state["id"].split("|||")
    return {**inside.secrets.get_acl(scope, principal).as_dict(), "id": state["id"], "scope": scope}


def storage_credential(state):
    answer = inside.storage_credentials.get(state["id"]).as_dict()
    return {**answer, "id": answer["name"], "storage_credential_id": answer["id"]}


def external_location(state):
    answer = inside.external_locations.get(state["id"]).as_dict()
    return {**answer, "id": answer["name"]}


def metastore(state):
    answer = account.metastores.get(state["id"]).metastore_info.as_dict()
    # The service puts the id behind the root that was asked for.
    root = answer.get("storage_root", "").removesuffix("/" + answer["metastore_id"])
    told = {**answer, "id": answer["metastore_id"], "storage_root": root or None}
    return {name: part for name, part in told.items() if not filled_in(name, state)}


def metastore_assignment(state):
    (number, wanted) = state["id"].split("|")
    answer = account.metastore_assignments.get(int(number)).metastore_assignment.as_dict()
    assert answer["metastore_id"] == wanted, "the metastore of the workspace"
    return {**answer, "id": state["id"]}


def registered_instance_profile(state):
    (one,) = [one.as_dict() for one in inside.instance_profiles.list() if one.instance_profile_arn == state["id"]]
    return {**one, "id": one["instance_profile_arn"]}


def permissions_of(state):
    kind, id_ = state["id"][1:].rsplit("/", 1)
    answer = inside.permissions.get(kind, id_).as_dict()
    direct = [
        {**{name: one[name] for name in ("user_name", "group_name", "service_principal_name") if name in one}, "permission_level": level["permission_level"]}
        for one in answer["access_control_list"] for level in one["all_permissions"] if not level.get("inherited")
    ]
    # Its owner, who is always there.
    given = [one for one in direct if one["permission_level"] != "IS_OWNER"]
    return {**{name: value for name, value in state.items() if value == id_}, "id": state["id"], "object_type": answer["object_type"], "access_control": given}


def federation_policy(state):
    principal = state.get("service_principal_id")
    if principal:
        answer = account.service_principal_federation_policy.get(int(principal), state["policy_id"]).as_dict()
        return {**answer, "id": f"{answer['service_principal_id']},{answer['policy_id']}"}
    answer = account.federation_policy.get(state["policy_id"]).as_dict()
    return {**answer, "id": answer["policy_id"]}


def ip_access_list(state):
    answer = inside.ip_access_lists.get(state["id"]).ip_access_list.as_dict()
    return {**answer, "id": answer["list_id"]}


def workspace_conf(state):
    return {"id": "_", "custom_config": inside.workspace_conf.get_status(keys=",".join(state["custom_config"]))}


def log_delivery(state):
    answer = account.log_delivery.get(state["config_id"]).log_delivery_configuration.as_dict()
    return {**answer, "id": f"{answer['account_id']}|{answer['config_id']}"}


def catalog(state):
    answer = inside.catalogs.get(state["id"]).as_dict()
    return {name: part for name, part in {**answer, "id": answer["name"]}.items() if not filled_in(name, state)}


def schema(state):
    answer = inside.schemas.get(state["id"]).as_dict()
    return {**answer, "id": answer["full_name"]}


def volume(state):
    answer = inside.volumes.read(state["id"]).as_dict()
    return {**answer, "id": answer["full_name"], "volume_path": "/Volumes/" + answer["full_name"].replace(".", "/")}


def granted(state):
    kind, name = state["id"].split("/")[:2]
    answer = inside.api_client.do("GET", f"/api/2.1/unity-catalog/permissions/{kind}/{name}")
    return {one["principal"]: one["privileges"] for one in answer["privilege_assignments"]}, {kind: name}


def grants(state):
    told, of = granted(state)
    return {**of, "id": state["id"], "grant": [{"principal": who, "privileges": what} for who, what in told.items()]}


def grant(state):
    told, of = granted(state)
    who = state["id"].split("/")[2]
    return {**of, "id": state["id"], "principal": who, "privileges": told[who]}


def connection(state):
    answer = inside.connections.get(state["name"]).as_dict()
    return {**answer, "id": f"{answer['metastore_id']}|{answer['name']}"}


def file(state):
    answer = inside.files.get_metadata(state["id"])
    content = inside.files.download(state["id"]).contents.read()
    assert hashlib.md5(content).hexdigest() == state["md5"], "what it holds"
    return {"id": state["id"], "path": state["id"], "file_size": answer.content_length, "modification_time": answer.last_modified}


def notebook(state):
    answer = inside.workspace.get_status(state["id"]).as_dict()
    content = base64.b64decode(inside.workspace.export(state["id"]).content)
    assert hashlib.md5(content).hexdigest() == state["md5"], "its source"
    path = answer["path"]
    host = inside.config.host.rstrip("/")
    return {**answer, "id": path, "url": f"{host}/#workspace{path}", "workspace_path": f"/Workspace{path}"}


def base_environment(state):
    answer = inside.api_client.do("GET", f"/api/environments/v1/{state['id']}")
    own, kind = answer["name"].split("/")[-1], answer.get("base_environment_type")
    return {**answer, "id": answer["name"], "workspace_base_environment_id": own, "effective_base_environment_type": kind}


def workspace(state):
    answer = account.workspaces.get(int(state["workspace_id"])).as_dict()
    # The SDK's class leaves out what it does not know.
    raw = account.api_client.do("GET", f"/api/2.0/accounts/{answer['account_id']}/workspaces/{answer['workspace_id']}")
    # What was asked for is in compute_mode of the state, what it is in effective_compute_mode.
    mode = raw.get("compute_mode")
    told = {**raw, **answer, "compute_mode": state.get("compute_mode") and mode, "effective_compute_mode": mode}
    return {"id": f"{answer['account_id']}/{answer['workspace_id']}", **told}


def permission_assignment(state):
    (one,) = [one.as_dict() for one in account.workspace_assignment.list(int(state["workspace_id"])) if one.principal.principal_id == int(state["principal_id"])]
    number = one["principal"]["principal_id"]
    return {"id": f"{state['workspace_id']}|{number}", "principal_id": number, "workspace_id": state["workspace_id"], "permissions": one["permissions"]}


ENTITLEMENTS = ("allow-cluster-create", "allow-instance-pool-create", "databricks-sql-access", "workspace-access", "workspace-consume")


def entitlements_of(answer):
    granted = [one["value"] for one in answer.get("entitlements", [])]
    return {name.replace("-", "_"): name in granted or None for name in ENTITLEMENTS}


def principal(client, collection, login, prefix):
    """A user, group or service principal, and what is made of the attribute `login`."""

    def read(state):
        answer = getattr(client, collection).get(state["id"]).as_dict()
        if answer.get("externalId", "").startswith(MARK):
            del answer["externalId"]
        name = answer[login]
        more = {"acl_principal_id": f"{prefix}/{name}", "home": f"/Users/{name}", "repos": f"/Repos/{name}"}
        return {**{snake(key): part for key, part in answer.items()}, **more, **entitlements_of(answer)}

    return read


def group_member(state):
    group, member = state["id"].split("|")
    assert member in [one.value for one in account.groups.get(group).members], "it is in the group"
    return {"id": state["id"], "group_id": group, "member_id": member}


def entitlements(state):
    kind, id_ = state["id"].split("/")
    collection, attribute = {"group": ("groups", "group_id"), "user": ("users", "user_id"), "spn": ("service_principals", "service_principal_id")}[kind]
    return {"id": state["id"], attribute: id_, **entitlements_of(getattr(inside, collection).get(id_).as_dict())}


def service_principal_secret(state):
    (one,) = [one.as_dict() for one in account.service_principal_secrets.list(state["service_principal_id"]) if one.id == state["id"]]
    return {**one, "service_principal_id": state["service_principal_id"]}


def token(state):
    (one,) = [one.as_dict() for one in inside.tokens.list() if one.token_id == state["id"]]
    return {**one, "id": one["token_id"], "comment": re.sub(r" *\(" + MARK + r":.*\)$", "", one["comment"])}


def cluster(state):
    answer = inside.clusters.get(state["id"]).as_dict()
    raw = inside.api_client.do("GET", "/api/2.1/clusters/get", query={"cluster_id": state["id"]})
    answer = {**raw, **answer, "id": answer["cluster_id"]}
    # Of a block, what the configuration says: Databricks fills in the rest.
    for said in state["aws_attributes"] or []:
        answer["aws_attributes"] = {name: part for name, part in answer["aws_attributes"].items() if plain(said.get(name)) is not None}
    return {name: part for name, part in answer.items() if not filled_in(name, state)}


FILLED_IN = ("delta_sharing_scope", "custom_tags", "spark_conf", "aws_attributes", "runtime_engine", "autoscale", "num_workers", "channel", "min_num_clusters", "warehouse_type")


def filled_in(name, state):
    # Databricks fills it in where the configuration says nothing: it is told, and not the state's.
    return plain(state.get(name)) is None and name in FILLED_IN


def sql_endpoint(state):
    answer = inside.warehouses.get(state["id"]).as_dict()
    return {name: part for name, part in answer.items() if not filled_in(name, state)}


def sql_statement(state):
    (one,) = inside.query_history.list(filter_by=QueryFilter(statement_ids=[state["id"]])).res
    text, mark = one.query_text.rsplit("\n", 1)
    assert mark.startswith(f"/* {MARK}: "), mark
    assert one.status.value == "FINISHED", one.status
    # How it runs when it is destroyed is Terraform's own.
    return {"id": one.query_id, "statement": text, "warehouse_id": one.warehouse_id, "destroy_statement": state["destroy_statement"]}


def ssh_endpoint(state):
    answer = state["endpoint"] if isinstance(state["endpoint"], dict) else state["endpoint"][0]
    published = inside.secrets.list_secrets(state["secret_scope"])
    assert list(published), f"the scope {state['secret_scope']} is empty"
    assert inside.workspace.get_status(answer["binary_path"]).path == answer["binary_path"]
    # The rest of it is the contents of these files, which tunnel's own tests read.
    return dict(state)


READERS = {
    "databricks_aws_vpc": vpc,
    "databricks_aws_subnet": of_ec2("subnets", "SubnetIds", id=same("SubnetId"), arn=same("SubnetArn")),
    "databricks_aws_internet_gateway": internet_gateway,
    "databricks_aws_eip": of_ec2("addresses", "AllocationIds", id=same("AllocationId"), arn=arn("elastic-ip"), network_interface=same("NetworkInterfaceId"), private_ip=same("PrivateIpAddress")),
    "databricks_aws_nat_gateway": nat_gateway,
    "databricks_aws_route_table": route_table,
    "databricks_aws_route": route,
    "databricks_aws_route_table_association": route_table_association,
    "databricks_aws_security_group": security_group,
    "databricks_aws_vpc_endpoint": vpc_endpoint,
    "databricks_aws_kms_key": kms_key,
    "databricks_aws_s3_bucket": s3_bucket,
    "databricks_aws_ebs_encryption_by_default": ebs_encryption,
    "databricks_aws_iam_role": iam_role,
    "databricks_aws_iam_instance_profile": instance_profile,
    "databricks_aws_flow_log": flow_log,
    "databricks_mws_credentials": of_account(
        "credentials", "credentials_id", role_arn=at("aws_credentials", "sts_role", "role_arn"), external_id=lambda answer: answer["account_id"]
    ),
    "databricks_mws_storage_configurations": of_account("storage", "storage_configuration_id", bucket_name=at("root_bucket_info", "bucket_name")),
    "databricks_mws_customer_managed_keys": of_account("encryption_keys", "customer_managed_key_id"),
    "databricks_mws_networks": of_account("networks", "network_id"),
    "databricks_mws_vpc_endpoint": of_account("vpc_endpoints", "vpc_endpoint_id"),
    "databricks_mws_private_access_settings": of_account("private_access", "private_access_settings_id"),
    "databricks_mws_network_connectivity_config": network_connectivity_config,
    "databricks_mws_ncc_private_endpoint_rule": private_endpoint_rule,
    "databricks_mws_ncc_binding": ncc_binding,
    "databricks_mws_workspaces": workspace,
    "databricks_mws_permission_assignment": permission_assignment,
    "databricks_user": principal(account, "users", "userName", "users"),
    "databricks_group": principal(account, "groups", "displayName", "groups"),
    "databricks_group_member": group_member,
    "databricks_entitlements": entitlements,
    "databricks_service_principal": principal(account, "service_principals", "applicationId", "servicePrincipals"),
    "databricks_service_principal_secret": service_principal_secret,
    "databricks_token": token,
    "databricks_git_credential": git_credential,
    "databricks_secret_scope": secret_scope,
    "databricks_secret": secret,
    "databricks_secret_acl": secret_acl,
    "databricks_metastore": metastore,
    "databricks_metastore_assignment": metastore_assignment,
    "databricks_storage_credential": storage_credential,
    "databricks_external_location": external_location,
    "databricks_instance_profile": registered_instance_profile,
    "databricks_permissions": permissions_of,
    "databricks_account_federation_policy": federation_policy,
    "databricks_service_principal_federation_policy": federation_policy,
    "databricks_ip_access_list": ip_access_list,
    "databricks_workspace_conf": workspace_conf,
    "databricks_mws_log_delivery": log_delivery,
    "databricks_catalog": catalog,
    "databricks_schema": schema,
    "databricks_volume": volume,
    "databricks_connection": connection,
    "databricks_file": file,
    "databricks_notebook": notebook,
    "databricks_environments_workspace_base_environment": base_environment,
    "databricks_environments_default_workspace_base_environment": base_environment,
    "databricks_grants": grants,
    "databricks_grant": grant,
    "databricks_cluster": cluster,
    "databricks_sql_endpoint": sql_endpoint,
    "databricks_sql_statement": sql_statement,
    "databricks_ssh_endpoint": ssh_endpoint,
}


def managed(module):
    yield from (one for one in module.get("resources", []) if one["mode"] == "managed")
    for child in module.get("child_modules", []):
        yield from managed(child)


def differences(resource):
    kind, state = resource["type"], dict(resource["values"])
    if kind not in READERS:
        yield f"no reader for {kind}: add one to READERS"
        return
    seen = READERS[kind](state)
    for name, value in sorted(state.items()):
        if name in TERRAFORM or name in UNTOLD.get(kind, ()):
            continue
        expected, found = plain(value), plain(seen.get(name))
        if expected is None and name not in seen:
            continue
        # What a configuration leaves to the service is not in the state; "" and false are nothing.
        if expected != found and not (expected in (None, False, 0) and found in (None, False, 0)):
            yield f"{name}: the state has {json.dumps(expected, default=str)}, the service tells {json.dumps(found, default=str)}"


resources = list(managed(json.load(sys.stdin)["values"]["root_module"]))
if "WORKSPACE" in os.environ:
    inside = WorkspaceClient(host=os.environ["WORKSPACE"])
addresses = {one["values"]["workspace_url"] for one in resources if one["type"] == "databricks_mws_workspaces"}
tokens = [one["values"]["token_value"] for one in resources if one["type"] == "databricks_token"]
if addresses and tokens:
    inside = WorkspaceClient(host=next(iter(addresses)), token=tokens[0], auth_type="pat")
wrong = [f"{one['address']}: {words}" for one in resources for words in differences(one)]
print("\n".join(wrong), file=sys.stderr)
print(json.dumps(sorted({one["type"] for one in resources})))
sys.exit(1 if wrong else 0)
