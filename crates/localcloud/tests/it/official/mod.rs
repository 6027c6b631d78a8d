//! The official provider's calls, replayed: the whole life of an object of every kind that the local cloud serves. The calls are data
//! (`official-calls.tsv`: methods, paths, keys of bodies, as recorded); the values are samples of ours. What is not replayed stands in
//! `not_served.rs`, with the reason.

mod not_served;
mod samples;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use self::not_served::{CALLS_LEFT_OUT, KINDS_NOT_SERVED, KINDS_OF_THEIR_OWN};
use self::samples::{ACCOUNT, REMOVING, VOLUME_FILE, World, folder_path, object_path, text};
use crate::bench::{Reply, reply};

const CALLS: &str = include_str!("../../official-calls.tsv");

/// One recorded call.
#[derive(Debug, Clone)]
struct Call {
    operation: &'static str,
    method: &'static str,
    path: &'static str,
    body: &'static str,
    notes: Vec<&'static str>,
}

impl Call {
    /// The configuration that it was recorded with.
    fn variant(&self) -> &'static str {
        self.notes.iter().find(|note| note.starts_with("in ") || **note == "other configuration").copied().unwrap_or("")
    }

    /// Whether an object is gone after it: where it ends by a PATCH, or the end was refused, it is still there.
    fn ends(&self) -> bool {
        self.note("answered ").is_none() && (self.method == "DELETE" || self.path.ends_with("delete"))
    }

    fn note(&self, start: &str) -> Option<&'static str> {
        self.notes.iter().find_map(|note| note.strip_prefix(start))
    }
}

fn calls() -> BTreeMap<&'static str, Vec<Call>> {
    let mut all: BTreeMap<&str, Vec<Call>> = BTreeMap::new();
    for line in CALLS.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        let (kind, operation, method, path, body, notes) = (next(), next(), next(), next(), next(), next());
        let notes = notes.split("; ").filter(|note| !note.is_empty()).collect();
        all.entry(kind).or_default().push(Call { operation, method, path, body, notes });
    }
    all
}

/// The id that a creation answers, wherever it stands in the answer.
fn id_in(kind: &str, answer: &Value) -> Option<String> {
    let fields: &[&str] = match kind {
        "mws_networks" => &["network_id"],
        "mws_workspaces" => &["workspace_id"],
        "mws_ncc_private_endpoint_rule" => &["rule_id"],
        "mws_vpc_endpoint" => &["vpc_endpoint_id"],
        "mws_private_access_settings" => &["private_access_settings_id"],
        "mws_network_connectivity_config" => &["network_connectivity_config_id"],
        "metastore" => &["metastore_id"],
        "mws_log_delivery" => &["config_id"],
        "schema" | "volume" => &["full_name"],
        "catalog" | "connection" | "storage_credential" | "metastore_data_access" | "external_location" => &["name"],
        "git_credential" => &["credential_id"],
        _ => &[
            "credentials_id",
            "storage_configuration_id",
            "customer_managed_key_id",
            "cluster_id",
            "policy_id",
            "instance_pool_id",
            "job_id",
            "token_id",
            "list_id",
            "id",
        ],
    };
    let inner = ["metastore_info", "credential_info", "token_info", "ip_access_list", "log_delivery_configuration"]
        .iter()
        .find_map(|field| answer.get(field));
    let answer = inner.unwrap_or(answer);
    fields.iter().find_map(|field| answer.get(field)).map(text)
}

#[tokio::test]
async fn the_official_providers_calls_are_served() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    let (mut served, mut gone) = (0, 0);
    // What takes the workspace's metastore away comes last.
    let mut kinds: Vec<(&str, Vec<Call>)> = calls().into_iter().filter(|(kind, _)| !not_served(kind)).collect();
    kinds.sort_by_key(|(kind, _)| *kind == "metastore_assignment");
    for (kind, calls) in kinds {
        let mut variants: Vec<&str> = calls.iter().map(Call::variant).collect();
        variants.sort_unstable();
        variants.dedup();
        for (number, variant) in variants.into_iter().enumerate() {
            let of = |operation: &str| {
                calls
                    .iter()
                    .filter(move |call| call.operation == operation && call.variant() == variant)
                    .cloned()
                    .collect::<Vec<_>>()
            };
            let mut object = Object::new(&world, kind, variant, number);
            for operation in OPERATIONS {
                for call in of(operation) {
                    if left_out(kind, &call) {
                        continue;
                    }
                    served += 1;
                    if let Err(reason) = object.step(&call).await {
                        wrong.push(format!(
                            "{kind} {variant:?} {}: {} {} {}: {reason}",
                            call.operation, call.method, call.path, call.body
                        ));
                    }
                }
            }
            let end = of("delete").into_iter().find(Call::ends);
            if let Some(read) = end.and_then(|end| own_read(kind, &end, &calls)) {
                gone += 1;
                if let Err(reason) = object.is_gone(read).await {
                    wrong.push(format!("{kind} {variant:?} after its end: {} {}: {reason}", read.method, read.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {served} calls:\n{}", wrong.len(), wrong.join("\n"));
    let all = CALLS.lines().filter(|line| !line.starts_with('#')).count();
    let elsewhere = calls().iter().filter(|(kind, _)| not_served(kind)).map(|(_, calls)| calls.len()).sum::<usize>();
    assert_eq!(served + elsewhere + CALLS_LEFT_OUT.len(), all, "a call is replayed or stands in the lists");
    assert!(gone > 30, "{gone} objects were looked for after their end");
}

/// A kind that is served one day leaves the list.
#[tokio::test]
async fn kinds_that_are_not_replayed_are_not_served() {
    let world = World::new().await;
    let all = calls();
    let listed: Vec<&str> = KINDS_NOT_SERVED.iter().flat_map(|(kinds, _)| kinds.iter().copied()).collect();
    assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), listed.len(), "a kind has one reason");
    for kind in listed {
        let mut refused = 0;
        for call in all.get(kind).unwrap_or_else(|| panic!("nobody recorded {kind}")) {
            let mut path = call.path.replace("{a}", &world.account).replace("{m}", &world.there["metastore"]);
            for name in ["{id}", "{sp}", "{t}", "{n}", "{p+}"] {
                path = path.replace(name, "there");
            }
            let path = path.replace("{w}", &world.workspace.to_string());
            let body = (call.method != "GET").then(|| json!({}));
            let answer = world.send(Method::from_bytes(call.method.as_bytes()).unwrap(), &path, body).await;
            refused += usize::from(answer.text.contains("ENDPOINT_NOT_FOUND"));
        }
        assert!(refused > 0, "{kind} is served: it is to be replayed");
    }
    for one in CALLS_LEFT_OUT {
        let known = all[one.kind].iter().filter(|call| left_out(one.kind, call)).count();
        assert_eq!(known, 1, "{} {} {} {}", one.kind, one.operation, one.method, one.path);
    }
    let reasons = KINDS_NOT_SERVED.iter().map(|(_, reason)| reason).chain(CALLS_LEFT_OUT.iter().map(|one| &one.reason));
    assert!(reasons.into_iter().all(|reason| !reason.is_empty()));
}

/// The order of a life. Calls of `any` belong to no object: a client makes them before all others.
const OPERATIONS: &[&str] = &["any", "create", "read", "import", "update", "delete"];

fn not_served(kind: &str) -> bool {
    KINDS_NOT_SERVED.iter().any(|(kinds, _)| kinds.contains(&kind)) || KINDS_OF_THEIR_OWN.contains(&kind)
}

/// A mount is made, read and taken away by code on a cluster: each time in a context of its own.
#[tokio::test]
async fn a_mounts_code_runs_in_contexts() {
    let world = World::new().await;
    let cluster = world.there["cluster"].as_str();
    let started = world.send(Method::POST, "/api/2.1/clusters/start", Some(json!({"cluster_id": cluster}))).await;
    assert!(started.status.is_success() || started.text.contains("INVALID_STATE"), "{}", started.text);
    let (mut context, mut command, mut destroyed) = (String::new(), String::new(), 0);
    for call in &calls()["mount"] {
        let value = |field: &str| match field {
            "clusterId" | "cluster_id" => json!(cluster),
            "contextId" => json!(context),
            "commandId" => json!(command),
            "language" => json!("python"),
            "command" => json!("print('mounted')"),
            other => panic!("nobody knows {other}"),
        };
        let fields = |words: &str| words.split_whitespace().map(|field| (field.to_owned(), value(field))).collect();
        let method = Method::from_bytes(call.method.as_bytes()).unwrap();
        let (path, body) = if method == Method::GET {
            let pairs: serde_json::Map<String, Value> = fields(call.note("query: ").unwrap_or_default());
            let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
            (format!("{}?{}", call.path, query.join("&")), None)
        } else {
            (call.path.to_owned(), Some(Value::Object(fields(call.body))))
        };
        // What is looked at is asked for until it is there, as the client does.
        let is_there = |answer: &Value| match call.path {
            "/api/2.0/clusters/get" => answer["state"] == "RUNNING",
            "/api/1.2/contexts/status" => answer["status"] == "Running",
            "/api/1.2/commands/status" => answer["status"] == "Finished",
            _ => true,
        };
        let begun = std::time::Instant::now();
        let answer = loop {
            let reply = world.send(method.clone(), &path, body.clone()).await;
            assert!(reply.status.is_success(), "{path}: {}", reply.text);
            let answer: Value = serde_json::from_str(&reply.text).unwrap();
            if is_there(&answer) {
                break answer;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{path}: {answer}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        match call.path {
            "/api/1.2/contexts/create" => context = text(&answer["id"]),
            "/api/1.2/commands/execute" => command = text(&answer["id"]),
            "/api/1.2/commands/status" => assert_eq!(answer["results"]["data"], "mounted\n"),
            "/api/1.2/contexts/destroy" => destroyed += 1,
            _ => {}
        }
    }
    assert_eq!(destroyed, 5);
}

fn left_out(kind: &str, call: &Call) -> bool {
    CALLS_LEFT_OUT
        .iter()
        .any(|one| (one.kind, one.operation, one.method, one.path) == (kind, call.operation, call.method, call.path))
}

/// The call that reads what another one deletes.
fn own_read<'a>(kind: &str, end: &Call, calls: &'a [Call]) -> Option<&'a Call> {
    // These are entries of an object that stays, or lists of what is deleted.
    let stays = kind.ends_with("_role")
        || kind.ends_with("_member")
        || kind.ends_with("_instance_profile")
        || ["entitlements", "library", "permissions", "grant", "grants"].contains(&kind);
    let reads = |call: &&Call| {
        call.operation == "read"
            && call.method == "GET"
            && call.note("answered ").is_none()
            && match end.method {
                "DELETE" => call.path == end.path,
                _ => call.path.ends_with("/get") || call.path.ends_with("/get-status"),
            }
    };
    calls.iter().find(reads).filter(|_| !stays)
}

/// An object on its way through its life.
struct Object<'a> {
    world: &'a World,
    kind: &'static str,
    id: String,
    /// The host of the workspace that was made, for calls that go to it.
    host: Option<String>,
    number: usize,
    variant: &'static str,
}

impl<'a> Object<'a> {
    fn new(world: &'a World, kind: &'static str, variant: &'static str, number: usize) -> Self {
        let there = |name: &str| world.there[name].clone();
        let id = match kind {
            "group_member" | "group_role" | "group_instance_profile" | "entitlements" => there("wsgroup"),
            "user_role" | "user_instance_profile" => there("user"),
            "service_principal_role" => there("principal"),
            "library" => there("cluster"),
            "permissions" if variant == "in permissions-tokens" => "authorization/tokens".to_owned(),
            "permissions" if variant == "in permissions-job" => format!("jobs/{}", there("job")),
            "permissions" => format!("clusters/{}", there("cluster")),
            "mws_ncc_binding" => world.workspace.to_string(),
            _ => String::new(),
        };
        Self { world, kind, id, host: None, number, variant }
    }

    /// Whether a read no longer finds it.
    async fn is_gone(&mut self, read: &Call) -> Result<(), String> {
        let mut read = read.clone();
        // What the service says of a cluster that is not there.
        read.notes.push(if self.kind == "cluster" { "answered 400" } else { "answered 404" });
        self.step(&read).await
    }

    async fn step(&mut self, call: &Call) -> Result<(), String> {
        let world = self.world;
        let removing = call.operation == "delete" || call.operation == "update" && self.kind == "mws_workspaces";
        let number = if removing
            && [
                "group_member",
                "group_role",
                "user_role",
                "service_principal_role",
                "group_instance_profile",
                "user_instance_profile",
                "mws_workspaces",
            ]
            .contains(&self.kind)
        {
            REMOVING
        } else {
            self.number
        };
        let id = match (self.kind, call.path) {
            ("entitlements", path) if path.contains("/Users/") => world.there["user"].clone(),
            ("group_member" | "group_role", path) if path.starts_with(ACCOUNT) => world.there["group"].clone(),
            ("catalog", "/api/2.1/unity-catalog/schemas/{id}") => format!("{}.default", self.id),
            ("metastore_data_access" | "storage_credential", path) if path.ends_with("metastores/{id}") => {
                world.there["metastore"].clone()
            }
            (_, "/api/2.2/jobs/get") if self.kind == "permissions" => world.there["job"].clone(),
            (_, "/api/2.0/sql/warehouses/{id}") if self.kind == "permissions" => world.there["warehouse"].clone(),
            _ => self.id.clone(),
        };
        let name = match self.kind {
            "catalog" | "external_location" => self.id.clone(),
            _ => "there".to_owned(),
        };
        let securable = if self.kind == "external_location" { "external_location" } else { "catalog" };
        let mut path = call
            .path
            .replace("{id}", &id)
            .replace("{o+}", &id)
            .replace("{ncc}", &world.there["ncc"])
            .replace("{sp}", &world.there["principal"])
            .replace("{p}", &world.there["assigned"])
            .replace("{m}", &world.there["metastore"])
            .replace("{w}", &world.workspace.to_string())
            .replace("{a}", &world.account)
            .replace("{p+}", VOLUME_FILE)
            .replace("{t}", securable)
            .replace("{n}", &name);
        let body = (!call.body.is_empty()).then(|| world.body(self.kind, call, &id, number));
        if let Some(names) = call.note("query: ") {
            let heads: Vec<String> =
                body.iter().filter_map(Value::as_object).flat_map(|body| body.keys().cloned()).collect();
            let query: Vec<String> = names
                .split(' ')
                .map(|name| {
                    let value = match name {
                        "attributes" => "displayName,userName,entitlements".to_owned(),
                        "excludedAttributes" => "groups".to_owned(),
                        "update_mask" => heads.join(","),
                        "keys" => "enableIpAccessLists".to_owned(),
                        "force" | "filter_by.is_pinned" => "true".to_owned(),
                        "page_size" => "100".to_owned(),
                        "scope" => "there".to_owned(),
                        "principal" => "users".to_owned(),
                        "metastore_id" => world.there["metastore"].clone(),
                        "path" => object_path(self.kind, self.number),
                        _ => id.clone(),
                    };
                    format!("{name}={}", value.replace(' ', "%20"))
                })
                .collect();
            path = format!("{path}?{}", query.join("&"));
        }
        let host = match (&self.host, call.notes.iter().any(|note| note.starts_with("on the new workspace"))) {
            (Some(host), true) => host.clone(),
            _ => world.host.clone(),
        };
        self.prepare(call).await;
        let method = Method::from_bytes(call.method.as_bytes()).unwrap();
        let expected = call.note("answered ").map(|status| status.parse::<u16>().unwrap());
        let mut answer = self.send(&host, &method, &path, call, body.clone()).await;
        // What is deleted may take a while until it is gone, and what is made until it is there.
        for _ in 0..100 {
            let waits = method == Method::GET && expected == Some(404) && answer.status == 200;
            if !waits {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            answer = self.send(&host, &method, &path, call, body.clone()).await;
        }
        let status = answer.status.as_u16();
        if expected.is_some_and(|expected| expected != status) || expected.is_none() && !answer.status.is_success() {
            return Err(format!("{status} {} for {}", answer.text, body.unwrap_or_default()));
        }
        if matches!(call.method, "POST") && answer.status.is_success() && !answer.text.is_empty() {
            self.made(call, &answer.json()).await;
        }
        Ok(())
    }

    async fn send(&self, host: &str, method: &Method, path: &str, call: &Call, body: Option<Value>) -> Reply {
        if path.ends_with("/v1/token") {
            let cloud = &self.world.bench.cloud;
            return self.world.bench.token_as("accounts", cloud.client_id(), cloud.client_secret().expose()).await;
        }
        if call.notes.contains(&"multipart form") {
            let body = body.unwrap();
            let part = |name: &str| {
                format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n", text(&body[name]))
            };
            let form: String =
                body.as_object().unwrap().keys().map(|name| part(name)).collect::<String>() + "--b--\r\n";
            let request = self.world.bench.request(method.clone(), host, path).bearer_auth(&self.world.bench.token);
            return reply(request.header("content-type", "multipart/form-data; boundary=b").body(form)).await;
        }
        self.world.send_to(host, method.clone(), path, body).await
    }

    /// What a call takes for granted that other resources of its configuration made.
    async fn prepare(&mut self, call: &Call) {
        let world = self.world;
        match (self.kind, call.operation, call.method) {
            ("notebook" | "workspace_file", "create", "POST")
                if call.path.ends_with("/import") && call.note("answered ").is_none() =>
            {
                let folder = json!({"path": folder_path(self.kind, self.number)});
                world.send(Method::POST, "/api/2.0/workspace/mkdirs", Some(folder)).await.ok();
            }
            ("metastore_assignment", "update" | "read" | "delete" | "import", _)
                if call.path.starts_with("/api/2.1") => {}
            ("secret_acl" | "secret", ..) => {}
            ("cluster", "update", "POST") if call.path.ends_with("/resize") => {
                let path = format!("/api/2.1/clusters/get?cluster_id={}", self.id);
                world
                    .bench
                    .until("it runs", async || world.send(Method::GET, &path, None).await.ok()["state"] == "RUNNING")
                    .await;
            }
            ("cluster", "update", "POST") if call.path.ends_with("/edit") => {
                let path = format!("/api/2.1/clusters/get?cluster_id={}", self.id);
                world
                    .bench
                    .until("it runs", async || world.send(Method::GET, &path, None).await.ok()["state"] == "RUNNING")
                    .await;
            }
            ("directory", "delete", "POST") if self.variant == "in directory-more" => {
                let folder = json!({"path": object_path(self.kind, self.number)});
                world.send(Method::POST, "/api/2.0/workspace/mkdirs", Some(folder)).await.ok();
            }
            ("permissions", ..) if self.variant == "other configuration" => {
                let folder = json!({"path": object_path(self.kind, self.number)});
                world.send(Method::POST, "/api/2.0/workspace/mkdirs", Some(folder)).await.ok();
            }
            _ => {}
        }
    }

    /// Takes the id of what was made.
    async fn made(&mut self, call: &Call, answer: &Value) {
        let fixed = ["library", "permissions", "mws_ncc_binding", "entitlements"].contains(&self.kind);
        let other = self.kind == "mws_workspaces" && !call.path.ends_with("/workspaces");
        let other = other || self.kind == "metastore_assignment";
        if self.kind == "instance_profile" || fixed || other && call.path != "/api/2.0/token/create" {
            return;
        }
        if other {
            self.id = id_in("token", answer).unwrap_or_default();
            return;
        }
        if let Some(id) = id_in(self.kind, answer) {
            self.id = id;
        }
        if self.kind == "mws_workspaces" {
            self.host = answer["deployment_name"].as_str().map(str::to_owned);
            let path = format!("{ACCOUNT}/workspaces/{}", self.id);
            let world = self.world;
            world
                .bench
                .until("it runs", async || {
                    world.send(Method::GET, &path, None).await.ok()["workspace_status"] == "RUNNING"
                })
                .await;
        }
    }
}
