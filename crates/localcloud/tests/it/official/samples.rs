//! Values for the keys of recorded bodies, and the objects that they refer to.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Call;
use crate::bench::{Bench, Reply};

/// What the samples refer to.
pub(super) struct World {
    pub(super) bench: Bench,
    pub(super) account: String,
    pub(super) workspace: i64,
    pub(super) host: String,
    /// Ids of objects that others need, by what they are called below.
    pub(super) there: BTreeMap<&'static str, String>,
}

impl World {
    pub(super) async fn new() -> Self {
        let mut bench = Bench::new().await;
        let (workspace, host) = bench.workspace("w").await;
        bench.strict = false;
        let account = bench.cloud.account_id();
        let mut world = Self { bench, account, workspace, host, there: BTreeMap::new() };
        let made: &[(&str, &str, &str, Value)] = &[
            (
                "credentials",
                "/credentials",
                "credentials_id",
                json!({
                "credentials_name": "c", "aws_credentials": {"sts_role": {"role_arn": ROLE}}}),
            ),
            (
                "storage",
                "/storage-configurations",
                "storage_configuration_id",
                json!({
                "storage_configuration_name": "s", "root_bucket_info": {"bucket_name": "bucket"}}),
            ),
            (
                "key",
                "/customer-managed-keys",
                "customer_managed_key_id",
                json!({
                "use_cases": ["STORAGE", "MANAGED_SERVICES"], "aws_key_info": {"key_arn": KEY}}),
            ),
            (
                "pas",
                "/private-access-settings",
                "private_access_settings_id",
                json!({
                "private_access_settings_name": "p", "region": "eu-west-1", "public_access_enabled": true}),
            ),
            (
                "endpoint",
                "/vpc-endpoints",
                "vpc_endpoint_id",
                json!({
                "vpc_endpoint_name": "e", "aws_vpc_endpoint_id": "vpce-0aa", "region": "eu-west-1"}),
            ),
            (
                "ncc",
                "/network-connectivity-configs",
                "network_connectivity_config_id",
                json!({
                "name": "for-rules", "region": "eu-west-1"}),
            ),
            ("principal", "/scim/v2/ServicePrincipals", "id", json!({"displayName": "p"})),
            ("assigned", "/scim/v2/ServicePrincipals", "id", json!({"displayName": "a"})),
            ("user", "/scim/v2/Users", "id", json!({"userName": "there@example.com"})),
            ("group", "/scim/v2/Groups", "id", json!({"displayName": "there"})),
            (
                "cluster",
                "/api/2.1/clusters/create",
                "cluster_id",
                json!({
                "spark_version": "17.3.x-scala2.13", "node_type_id": "m5.large", "num_workers": 1}),
            ),
            (
                "pool",
                "/api/2.0/instance-pools/create",
                "instance_pool_id",
                json!({
                "instance_pool_name": "there", "node_type_id": "m5.large"}),
            ),
            ("policy", "/api/2.0/policies/clusters/create", "policy_id", json!({"name": "there", "definition": "{}"})),
            ("warehouse", "/api/2.0/sql/warehouses", "id", json!({"name": "there"})),
            ("job", "/api/2.2/jobs/create", "job_id", json!({"name": "there"})),
            ("catalog", "/api/2.1/unity-catalog/catalogs", "name", json!({"name": "there"})),
            ("schema", "/api/2.1/unity-catalog/schemas", "name", json!({"name": "there", "catalog_name": "there"})),
            (
                "volume",
                "/api/2.1/unity-catalog/volumes",
                "full_name",
                json!({
                "name": "there", "catalog_name": "there", "schema_name": "there", "volume_type": "MANAGED"}),
            ),
            (
                "credential",
                "/api/2.1/unity-catalog/storage-credentials",
                "name",
                json!({
                "name": "there", "aws_iam_role": {"role_arn": ROLE}}),
            ),
            ("wsgroup", "/api/2.0/preview/scim/v2/Groups", "id", json!({"displayName": "local"})),
        ];
        for (name, path, field, body) in made {
            let path = if path.starts_with("/api") { (*path).to_owned() } else { format!("{ACCOUNT}{path}") };
            let made = world.send(Method::POST, &path, Some(body.clone())).await.ok();
            world.there.insert(name, text(&made[field]));
        }
        for name in ["principal", "user"] {
            let path =
                format!("{ACCOUNT}/workspaces/{workspace}/permissionassignments/principals/{}", world.there[name]);
            world.send(Method::PUT, &path, Some(json!({"permissions": ["USER"]}))).await.ok();
        }
        world.there.insert("network", world.bench.network("n").await);
        let metastore = json!({"metastore_info": {"name": "own", "region": "eu-west-1"}});
        let path = format!("{ACCOUNT}/metastores");
        let made = world.send(Method::POST, &path, Some(metastore)).await.ok();
        world.there.insert("metastore", text(&made["metastore_info"]["metastore_id"]));
        let path = format!("{ACCOUNT}/scim/v2/ServicePrincipals/{}", world.there["principal"]);
        let application = text(&world.send(Method::GET, &path, None).await.ok()["applicationId"]);
        world.there.insert("application", application);
        let other = json!({"displayName": "other"});
        let other = world.send(Method::POST, &format!("{ACCOUNT}/scim/v2/ServicePrincipals"), Some(other)).await.ok();
        world.there.insert("other application", text(&other["applicationId"]));
        for scope in ["there"] {
            world.send(Method::POST, "/api/2.0/secrets/scopes/create", Some(json!({"scope": scope}))).await.ok();
        }
        world
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        self.send_to(&self.host, method, path, body).await
    }

    pub(super) async fn send_to(&self, host: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
        let host = if path.starts_with(ACCOUNT) || path.starts_with("/oidc/accounts/") { "accounts" } else { host };
        self.bench.send(method, host, &path.replace("{account_id}", &self.account), body).await
    }

    /// A value for a key of a body.
    fn sample(&self, kind: &str, path: &str, method: &str, id: &str, number: usize) -> Value {
        let there = |name: &str| json!(self.there[name]);
        let last = path.rsplit('.').next().unwrap_or(path);
        match (kind, last) {
            ("library", "cluster_id") => return there("cluster"),
            ("mws_ncc_binding", "network_connectivity_config_id") => return there("ncc"),
            ("mws_private_access_settings", "private_access_settings_id") => return json!(id),
            ("sql_endpoint", "value") => return json!("text"),
            ("mws_network_connectivity_config", "name") => return json!(format!("ncc{number}")),
            ("sql_endpoint", "tags") | ("instance_pool", "custom_tags") => return json!({}),
            ("secret" | "secret_acl", "scope") => return json!("there"),
            ("secret_acl", "principal") => return json!("users"),
            ("secret_acl", "permission") => return json!("READ"),
            ("permissions", "group_name") => return json!("users"),
            ("permissions", "permission_level") => {
                return json!(if id == "authorization/tokens" { "CAN_USE" } else { "CAN_MANAGE" });
            }
            ("group_member", "value") => return there("user"),
            ("group_role" | "user_role" | "service_principal_role", "value") => return json!("account_admin"),
            ("group_instance_profile" | "user_instance_profile", "value") => return json!(PROFILE),
            ("entitlements", "value") => return json!("allow-cluster-create"),
            ("service_principal", "value") if path.starts_with("Operations") => return json!("false"),
            ("service_principal" | "user" | "group", "value") => return json!("workspace-access"),
            ("service_principal", "applicationId") => return there("other application"),
            (
                "group_member"
                | "group_role"
                | "user_role"
                | "service_principal_role"
                | "group_instance_profile"
                | "user_instance_profile",
                "path",
            ) => {
                let (field, value) = match kind {
                    "group_member" => ("members", self.there["user"].clone()),
                    "group_instance_profile" | "user_instance_profile" => ("roles", PROFILE.to_owned()),
                    _ => ("roles", "account_admin".to_owned()),
                };
                return json!(if number == REMOVING {
                    format!("{field}[value eq \"{value}\"]")
                } else {
                    field.to_owned()
                });
            }
            ("service_principal", "path") => return json!("active"),
            ("entitlements", "path") => return json!("entitlements"),
            ("notebook" | "workspace_file" | "directory", "path") => {
                return json!(object_path(kind, number));
            }
            ("metastore" | "metastore_assignment", "metastore_id") => return there("metastore"),
            ("metastore_data_access" | "storage_credential", "name") => {
                return json!(format!("{kind}_{number}").to_lowercase());
            }
            ("job", "name") if path.contains("parameters") || path.contains("channel") => return json!("p"),
            ("sql_endpoint", "name") if path.contains("channel") => return json!("CHANNEL_NAME_CURRENT"),
            ("obo_token", "application_id") => return there("application"),
            ("grant" | "grants", "principal") => return json!("users"),
            ("schema" | "volume", "catalog_name") => return json!("there"),
            ("volume", "schema_name") => return json!("there"),
            ("mws_networks", "subnet_ids") => return json!([format!("subnet-{number}1"), format!("subnet-{number}2")]),
            ("mws_networks", "security_group_ids") => return json!([format!("sg-{number}1")]),
            ("mws_vpc_endpoint", "aws_vpc_endpoint_id") => return json!(format!("vpce-{number}")),
            ("workspace_binding" | "catalog" | "external_location", "workspace_id" | "assign_workspaces") => {
                return json!(self.workspace);
            }
            ("catalog", "isolation_mode") => return json!("OPEN"),
            ("connection", "connection_type") => return json!("POSTGRESQL"),
            ("connection", "options") => return json!({"host": "db.example.com"}),
            ("external_location", "url") => return json!(format!("s3://bucket/{number}")),
            ("permission_assignment" | "mws_permission_assignment", "permissions") => return json!("USER"),
            ("service_principal_secret", "lifetime") => return json!("3600s"),
            ("account_federation_policy" | "service_principal_federation_policy", "policy_id") => {
                return json!(format!("policy-{number}"));
            }
            ("service_principal_federation_policy", "service_principal_id") => {
                return there("principal").as_str().and_then(|id| id.parse::<i64>().ok()).into();
            }
            ("mws_log_delivery", "status") => return json!(if method == "PATCH" { "DISABLED" } else { "ENABLED" }),
            ("mws_workspaces", "network_id") => {
                return json!(if number == REMOVING { String::new() } else { self.there["network"].clone() });
            }
            _ => {}
        }
        let own = kind.replace('_', "-");
        let named = || json!(format!("{own}{number}"));
        match last {
            "account_id" => json!(self.account),
            "role_arn" | "iam_role_arn" => json!(ROLE),
            "instance_profile_arn" if kind == "instance_profile" => json!(format!("{PROFILE}{number}")),
            "instance_profile_arn" => json!(PROFILE),
            "key_arn" => json!(KEY),
            "key_region" | "aws_region" | "region" => json!("eu-west-1"),
            "bucket_name" => json!("bucket"),
            "vpc_id" => json!("vpc-1"),
            "rest_api" | "dataplane_relay" | "allowed_vpc_endpoint_ids" => there("endpoint"),
            "use_cases" => json!(["STORAGE", "MANAGED_SERVICES"]),
            "private_access_level" => json!("ACCOUNT"),
            "credentials_id" => there("credentials"),
            "storage_configuration_id" => there("storage"),
            "private_access_settings_id" => there("pas"),
            "managed_services_customer_managed_key_id" | "storage_customer_managed_key_id" => there("key"),
            "pricing_tier" => json!("ENTERPRISE"),
            "effective_compute_mode" => json!(""),
            "compute_mode" => json!("SERVERLESS"),
            "workspace_name"
            | "credentials_name"
            | "storage_configuration_name"
            | "network_name"
            | "displayName"
            | "vpc_endpoint_name"
            | "private_access_settings_name"
            | "cluster_name"
            | "instance_pool_name"
            | "deployment_name"
            | "name" => named(),
            "userName" => json!(format!("{own}{number}@example.com")),
            "schemas" if method == "PATCH" => json!("urn:ietf:params:scim:api:messages:2.0:PatchOp"),
            "schemas" if kind == "user" => json!("urn:ietf:params:scim:schemas:core:2.0:User"),
            "schemas" if kind == "group" => json!("urn:ietf:params:scim:schemas:core:2.0:Group"),
            "schemas" => json!("urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal"),
            "op" if kind == "service_principal" => json!("replace"),
            "op" if number == REMOVING => json!("remove"),
            "op" => json!("add"),
            "aws_account_id" => json!("210987654321"),
            "endpoint_service" => json!("com.amazonaws.eu-west-1.s3"),
            "spark_version" => json!("17.3.x-scala2.13"),
            "node_type_id" | "driver_node_type_id" => json!("m5.large"),
            "instance_pool_id" | "driver_instance_pool_id" if kind == "cluster" => there("pool"),
            "policy_id" if kind == "cluster" => there("policy"),
            "cluster_id" | "policy_id" | "instance_pool_id" | "token_id" => json!(id),
            "job_id" => id.parse::<i64>().map_or(json!(0), |id| json!(id)),
            "definition" | "policy_family_definition_overrides" => json!("{}"),
            "policy_family_id" => json!("power-user"),
            "availability" => json!("SPOT"),
            "ebs_volume_type" => json!("GENERAL_PURPOSE_SSD"),
            "data_security_mode" => json!("SINGLE_USER"),
            "runtime_engine" => json!("STANDARD"),
            "kind" => json!("CLASSIC_PREVIEW"),
            "git_provider" if path.contains("git_source") || number.is_multiple_of(2) => json!("gitHub"),
            "git_provider" => json!("gitLab"),
            "max_workers"
            | "max_num_clusters"
            | "max_clusters_per_user"
            | "max_capacity"
            | "max_concurrent_runs"
            | "min_workers"
            | "min_num_clusters"
            | "concurrency"
            | "disk_count"
            | "ebs_volume_count" => json!(1),
            "num_workers" => {
                json!(0)
            }
            "autotermination_minutes" | "auto_stop_mins" | "idle_instance_autotermination_minutes" => json!(20),
            "cluster_size" => json!("Small"),
            "spot_instance_policy" => json!("COST_OPTIMIZED"),
            "warehouse_type" => json!("PRO"),
            "volume_type" => json!(if number == BASE { "MANAGED" } else { "EXTERNAL" }),
            "storage_location" | "storage_root" => json!(format!("s3://bucket/{number}")),
            "binding_type" => json!("BINDING_TYPE_READ_WRITE"),
            "delta_sharing_scope" => json!("INTERNAL"),
            "isolation_mode" => json!("ISOLATION_MODE_OPEN"),
            "enable_predictive_optimization" => json!("INHERIT"),
            "algorithm" => json!("AWS_SSE_S3"),
            "credential_name" => json!("there"),
            "add" | "remove" => json!("BROWSE"),
            "user_name" => json!("there@example.com"),
            "service_principal_name" => there("application"),
            "scope_backend_type" => json!("DATABRICKS"),
            "initial_manage_principal" => json!("users"),
            "scope" => named(),
            "language" => json!("PYTHON"),
            "format" if kind == "job" => json!("MULTI_TASK"),
            "format" => json!(if kind == "notebook" { "SOURCE" } else { "RAW" }),
            "content" => json!("MQ=="),
            "pause_status" => json!("PAUSED"),
            "metric" => json!("RUN_DURATION_SECONDS"),
            "source" => json!("WORKSPACE"),
            "list_type" => json!("ALLOW"),
            "ip_addresses" => json!("192.0.2.1"),
            "log_type" => json!("AUDIT_LOGS"),
            "output_format" => json!("JSON"),
            "delivery_start_time" => json!("2026-11"),
            "workspace_ids_filter" => json!(self.workspace),
            "issuer" => json!("https://idp.example.com"),
            "run_if" => json!("ALL_SUCCESS"),
            "outcome" => json!("true"),
            "task_key" | "job_cluster_key" | "environment_key" => json!("main"),
            "canned_acl" => json!("bucket-owner-full-control"),
            "managed_sqs" | "email_notifications" | "webhook_notifications" => json!({}),
            last if last.starts_with("is_")
                || last.starts_with("enable")
                || last.starts_with("no_alert")
                || FLAGS.contains(&last) =>
            {
                json!(last == "is_single_node" || last == "active" || last == "overwrite")
            }
            "op_condition" => json!("EQUAL_TO"),
            last if NUMBERS.contains(&last) => json!(100),
            _ => json!("text"),
        }
    }

    /// A body with these keys.
    pub(super) fn body(&self, kind: &str, call: &Call, id: &str, number: usize) -> Value {
        if call.body.starts_with("{} (") {
            return json!({"enableIpAccessLists": "true"});
        }
        let mut body = json!({});
        for key in call.body.split(' ').filter(|key| *key != "{}" && !key.is_empty()) {
            let plain = key.replace("[]", "").replace("{}", "");
            let mut value = self.sample(kind, &plain, call.method, id, number);
            if plain == "path" && call.path.ends_with("/mkdirs") && kind != "directory" {
                value = json!(folder_path(kind, number));
            } else if kind == "job" && plain.ends_with("condition_task.op") {
                value = json!("EQUAL_TO");
            } else if kind == "job" && plain.ends_with("rules.op") {
                value = json!("GREATER_THAN");
            }
            put(&mut body, key, value);
        }
        separate(&mut body);
        body
    }
}

pub(super) const ACCOUNT: &str = "/api/2.0/accounts/{account_id}";
const ROLE: &str = "arn:aws:iam::123456789012:role/lake";
const PROFILE: &str = "arn:aws:iam::123456789012:instance-profile/lake";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1";
pub(super) const VOLUME_FILE: &str = "Volumes/there/there/there/object.txt";
/// Numbers that samples go by: the first configuration, and a call that takes something away.
const BASE: usize = 0;
pub(super) const REMOVING: usize = 1000;
const FLAGS: &[&str] = &[
    "active",
    "public_access_enabled",
    "overwrite",
    "recursive",
    "skip_validation",
    "read_only",
    "fallback",
    "apply_policy_default_values",
    "jobs",
    "notebooks",
    "retry_on_timeout",
    "is_default_for_provider",
    "enabled",
    "effective_enable_file_events",
];
const NUMBERS: &[&str] = &[
    "lifetime_seconds",
    "delta_sharing_recipient_token_lifetime_in_seconds",
    "first_on_demand",
    "spot_bid_price_percent",
    "ebs_volume_size",
    "disk_size",
    "min_idle_instances",
    "timeout_seconds",
    "max_retries",
    "min_retry_interval_millis",
    "value",
];

pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The folder of a kind's files, and the file or folder in it.
pub(super) fn folder_path(kind: &str, number: usize) -> String {
    format!("/Shared/official{number}-{kind}")
}

pub(super) fn object_path(kind: &str, number: usize) -> String {
    format!("{}/object", folder_path(kind, number))
}

/// Keys of several entries of a list were recorded as those of one: libraries of different kinds, entries for different principals.
fn separate(body: &mut Value) {
    for (list, kinds) in [
        ("libraries", ["pypi", "whl", "maven"]),
        ("access_control_list", ["user_name", "group_name", "service_principal_name"]),
    ] {
        let Some(Value::Array(all)) = body.get_mut(list) else { continue };
        let Some(Value::Object(whole)) = all.first().cloned() else { continue };
        let mut common = whole.clone();
        common.retain(|field, _| !kinds.contains(&field.as_str()));
        let each = kinds.iter().filter_map(|kind| {
            let mut one = common.clone();
            one.insert((*kind).to_owned(), whole.get(*kind)?.clone());
            Some(Value::Object(one))
        });
        *all = each.collect();
    }
}

/// Puts a value where a key says: `a.b[].c`, `tags{}`, `entitlements[]{}`.
fn put(into: &mut Value, key: &str, value: Value) {
    let (head, rest) = key.split_once('.').map_or((key, ""), |(head, rest)| (head, rest));
    let name = head.replace("[]", "").replace("{}", "");
    let object: &mut Map<String, Value> = into.as_object_mut().unwrap();
    if !rest.is_empty() {
        let below = object.entry(name).or_insert_with(|| if head.ends_with("[]") { json!([{}]) } else { json!({}) });
        let below = match below {
            Value::Array(all) => &mut all[0],
            other => other,
        };
        if below.is_object() {
            put(below, rest, value);
        }
        return;
    }
    let value = match head {
        head if head.ends_with("[]{}") => json!([{}]),
        head if head.ends_with("{}") => json!({"k": "v"}),
        head if head.ends_with("[]") && !value.is_array() => json!([value]),
        _ => value,
    };
    object.entry(name).or_insert(value);
}
