"""Tells what a deployment's network is, as boto3 and the official Databricks SDK see it.

Usage: network.py WORKSPACE_ID. Endpoints and credentials come from the environment. Prints one line of JSON.
"""

import json
import os
import sys

import boto3
from databricks.sdk import AccountClient

ec2 = boto3.client("ec2", region_name=os.environ.get("AWS_REGION", "eu-west-1"))
account = AccountClient()
workspace = account.workspaces.get(int(sys.argv[1]))
network = account.networks.get(workspace.network_id)
access = account.private_access.get(workspace.private_access_settings_id)

subnets = {one["SubnetId"]: one for one in ec2.describe_subnets()["Subnets"] if one["VpcId"] == network.vpc_id}
here = [{"Name": "vpc-id", "Values": [network.vpc_id]}]
gateways = [one for one in ec2.describe_nat_gateways(Filters=here)["NatGateways"] if one["State"] != "deleted"]
endpoints = ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]
tables = ec2.describe_route_tables(Filters=here)["RouteTables"]
addresses = {one["AllocationId"]: one["PublicIp"] for one in ec2.describe_addresses()["Addresses"]}
registered = {one.vpc_endpoint_id: one.aws_vpc_endpoint_id for one in account.vpc_endpoints.list()}


def routes(subnet):
    """Where a subnet's table leads the internet."""
    (table,) = [one for one in tables if any(a.get("SubnetId") == subnet for a in one["Associations"])]
    return [r.get("NatGatewayId") or r.get("GatewayId") for r in table["Routes"] if r.get("DestinationCidrBlock") == "0.0.0.0/0"]


def of_service(endpoint):
    return endpoint["ServiceName"].rsplit(".", 1)[-1]


def restricted(endpoint):
    """Whether its policy lets less than everything through."""
    statements = json.loads(endpoint["PolicyDocument"])["Statement"]
    everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return not any(statement == everything for statement in statements)


ends = network.vpc_endpoints
private_link = sorted(registered[one] for one in [*(ends.rest_api or []), *(ends.dataplane_relay or [])]) if ends else []
leads_out = [gateway for subnet in network.subnet_ids for gateway in routes(subnet)]
print(json.dumps({
    "zones": sorted(subnets[one]["AvailabilityZone"][-1] for one in network.subnet_ids),
    "ranges": sorted(subnets[one]["CidrBlock"] for one in network.subnet_ids),
    "gateways": len(gateways),
    "routes": sorted(str(len([one for one in leads_out if one == g["NatGatewayId"]])) for g in gateways),
    "addresses": len(addresses),
    "services": sorted(of_service(one) for one in endpoints if one["VpcEndpointId"] not in registered.values()),
    "restricted": sorted(of_service(one) for one in endpoints if restricted(one)),
    "private_link": len(private_link),
    "private_link_stands": private_link == sorted(one["VpcEndpointId"] for one in endpoints if "vpce-svc" in one["ServiceName"]),
    "public_access": access.public_access_enabled,
    "allowed": sorted(registered[one] for one in access.allowed_vpc_endpoint_ids or [] if registered[one] not in private_link),
    "level": access.private_access_level.value,
    "networks": len([one for one in account.networks.list() if one.vpc_id == network.vpc_id]),
    "flow_logs": len(ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [network.vpc_id]}])["FlowLogs"]),
}))
