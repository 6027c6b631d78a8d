//! The kinds that are described by a row: each is made, read, listed, changed and deleted.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{Bench, Reply};

/// A kind as a test sees it.
struct Kind {
    /// Below `/api/2.0/accounts/ID` for paths that do not begin with `/api`.
    path: String,
    id: &'static str,
    body: Value,
    /// Method and body of an update.
    update: Option<(Method, Value)>,
    /// What the update shows.
    updated: Value,
    items: &'static str,
}

async fn call(bench: &Bench, workspace: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
    if path.starts_with("/api") {
        bench.send(method, workspace, path, body).await
    } else {
        let path = format!("/api/2.0/accounts/{}{path}", bench.cloud.account_id());
        bench.send(method, "accounts", &path, body).await
    }
}

/// The whole life of an object; gives back its id.
async fn lives(bench: &Bench, workspace: &str, kind: Kind, keep: bool) -> String {
    let Kind { path, id, body, update, updated, items } = kind;
    let made = bare(call(bench, workspace, Method::POST, &path, Some(body.clone())).await.ok());
    let named = id;
    let id = match &made[id] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        other => panic!("{path}: {id} is {other} in {made}"),
    };
    let one = format!("{path}/{id}");
    let shown = bare(call(bench, workspace, Method::GET, &one, None).await.ok());
    for (field, value) in body.as_object().unwrap() {
        if !["personal_access_token", "skip_validation"].contains(&field.as_str()) {
            assert!(contains(&shown[field], value), "{path}: {field} is {} and not {value}", shown[field]);
        }
    }
    let list = call(bench, workspace, Method::GET, &path, None).await.ok();
    let list = if items.is_empty() { &list } else { &list[items] };
    // By its id: a state may go on between the two calls.
    let listed = list.as_array().unwrap().iter().any(|one| one[named] == shown[named]);
    assert!(listed, "{path}: {shown} is not in {list}");
    if let Some((method, change)) = update {
        call(bench, workspace, method, &one, Some(change)).await.ok();
        let shown = bare(call(bench, workspace, Method::GET, &one, None).await.ok());
        assert!(contains(&shown, &updated), "{path}: {shown} has not {updated}");
    }
    let mut wrong = body.clone();
    wrong["no_such_field"] = json!(1);
    assert_eq!(call(bench, workspace, Method::POST, &path, Some(wrong)).await.status, 400, "{path}");
    if !keep {
        gone(bench, workspace, &one).await;
    }
    id
}

/// The object of an answer that has it in a field.
fn bare(answer: Value) -> Value {
    let inner = answer.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.values().next());
    inner.filter(|inner| inner.is_object()).cloned().unwrap_or(answer)
}

async fn gone(bench: &Bench, workspace: &str, one: &str) {
    assert!(call(bench, workspace, Method::DELETE, one, None).await.status.is_success(), "{one}");
    assert_eq!(call(bench, workspace, Method::GET, one, None).await.status, 404, "{one}");
    assert_eq!(call(bench, workspace, Method::DELETE, one, None).await.status, 404, "{one}");
}

/// Whether all that `part` has is in `whole`.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(field, value)| whole.get(field).is_some_and(|of| contains(of, value)))
        }
        (whole, part) => whole == part,
    }
}

fn kind(path: &str, id: &'static str, items: &'static str, body: Value) -> Kind {
    Kind { path: path.to_owned(), id, body, update: None, updated: json!({}), items }
}

#[tokio::test]
async fn account_objects_of_private_link_live_and_hold_each_other() {
    let bench = Bench::new().await;
    let ends = json!({"vpc_endpoint_name": "rest", "aws_vpc_endpoint_id": "vpce-0a1", "region": "eu-west-1"});
    let end = lives(&bench, "", kind("/vpc-endpoints", "vpc_endpoint_id", "", ends.clone()), true).await;
    bench.account_post("/vpc-endpoints", ends).await.refused(409, "RESOURCE_ALREADY_EXISTS");
    let settings = json!({
        "private_access_settings_name": "private", "region": "eu-west-1", "public_access_enabled": false,
        "private_access_level": "ENDPOINT", "allowed_vpc_endpoint_ids": [end],
    });
    let mut changed = settings.clone();
    changed["public_access_enabled"] = json!(true);
    let pas = Kind {
        update: Some((Method::PUT, changed)),
        updated: json!({"public_access_enabled": true, "account_id": bench.cloud.account_id()}),
        ..kind("/private-access-settings", "private_access_settings_id", "", settings.clone())
    };
    let pas = lives(&bench, "", pas, true).await;
    let mut unknown = settings;
    unknown["allowed_vpc_endpoint_ids"] = json!(["none"]);
    bench.account_post("/private-access-settings", unknown).await.refused(400, "INVALID_PARAMETER_VALUE");
    bench.account_delete(&format!("/vpc-endpoints/{end}")).await.refused(409, "INVALID_STATE");
    gone(&bench, "", &format!("/private-access-settings/{pas}")).await;
    let network = json!({
        "network_name": "lake", "vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"],
        "security_group_ids": ["sg-1"], "vpc_endpoints": {"rest_api": [end], "dataplane_relay": []},
    });
    let network = lives(&bench, "", kind("/networks", "network_id", "", network), true).await;
    bench.account_delete(&format!("/vpc-endpoints/{end}")).await.refused(409, "INVALID_STATE");
    gone(&bench, "", &format!("/networks/{network}")).await;
    gone(&bench, "", &format!("/vpc-endpoints/{end}")).await;
}

#[tokio::test]
async fn serverless_networks_have_rules_and_are_bound_to_workspaces() {
    let bench = Bench::new().await;
    let path = "/network-connectivity-configs";
    let body = json!({"name": "serverless", "region": "eu-west-1"});
    let ncc = lives(&bench, "", kind(path, "network_connectivity_config_id", "items", body), true).await;
    let rules = format!("{path}/{ncc}/private-endpoint-rules");
    let body = json!({"endpoint_service": "com.amazonaws.eu-west-1.s3", "resource_names": ["bucket"]});
    let rule = Kind {
        update: Some((Method::PATCH, json!({"resource_names": ["bucket", "other"]}))),
        updated: json!({"resource_names": ["bucket", "other"], "network_connectivity_config_id": ncc}),
        ..kind(&rules, "rule_id", "items", body.clone())
    };
    let rule = lives(&bench, "", rule, true).await;
    bench.account_delete(&format!("{path}/{ncc}")).await.refused(400, "INVALID_STATE");
    bench
        .account_get(&format!("{path}/other/private-endpoint-rules/{rule}"))
        .await
        .refused(404, "RESOURCE_DOES_NOT_EXIST");
    bench
        .account_post(&format!("{path}/other/private-endpoint-rules"), body)
        .await
        .refused(404, "RESOURCE_DOES_NOT_EXIST");
    gone(&bench, "", &format!("{rules}/{rule}")).await;

    let (id, _) = bench.workspace("a").await;
    let workspace = format!("/workspaces/{id}");
    let bind = format!("{workspace}?update_mask=network_connectivity_config_id");
    bench
        .account_patch(&bind, json!({"network_connectivity_config_id": "none"}))
        .await
        .refused(400, "INVALID_PARAMETER_VALUE");
    bench.account_patch(&bind, json!({"network_connectivity_config_id": ncc})).await.ok();
    assert_eq!(bench.account_get(&workspace).await.ok()["network_connectivity_config_id"], ncc.as_str());
    bench.account_delete(&format!("{path}/{ncc}")).await.refused(409, "INVALID_STATE");
    bench.account_patch(&bind, json!({})).await.ok();
    assert!(bench.account_get(&workspace).await.ok().get("network_connectivity_config_id").is_none());
    gone(&bench, "", &format!("{path}/{ncc}")).await;
    let elsewhere = json!({"name": "elsewhere", "region": "us-east-1"});
    let elsewhere = bench.account_post(path, elsewhere).await.ok()["network_connectivity_config_id"].clone();
    bench
        .account_patch(&bind, json!({"network_connectivity_config_id": elsewhere}))
        .await
        .refused(400, "INVALID_PARAMETER_VALUE");
}

#[tokio::test]
async fn a_workspaces_objects_live() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    let secret = json!({"git_provider": "gitHub", "git_username": "ada", "personal_access_token": "ghp_secret"});
    let git = Kind {
        update: Some((Method::PATCH, json!({"git_provider": "gitHub", "git_username": "bob"}))),
        updated: json!({"git_username": "bob"}),
        ..kind("/api/2.0/git-credentials", "credential_id", "credentials", secret.clone())
    };
    let git = lives(&bench, &at, git, true).await;
    bench.post(&at, "/api/2.0/git-credentials", secret).await.refused(400, "RESOURCE_ALREADY_EXISTS");
    let shown = bench.get(&at, &format!("/api/2.0/git-credentials/{git}")).await;
    assert!(!shown.text.contains("ghp_secret"));
    gone(&bench, &at, &format!("/api/2.0/git-credentials/{git}")).await;

    let list = json!({"label": "office", "list_type": "ALLOW", "ip_addresses": ["192.0.2.1", "198.51.100.0/24"]});
    let list = Kind {
        update: Some((Method::PATCH, json!({"ip_addresses": ["192.0.2.1"]}))),
        updated: json!({"address_count": 1, "enabled": true}),
        ..kind("/api/2.0/ip-access-lists", "list_id", "ip_access_lists", list)
    };
    lives(&bench, &at, list, false).await;

    let warehouse = json!({"name": "w", "cluster_size": "Small", "auto_stop_mins": 10, "max_num_clusters": 2});
    let id = lives(&bench, &at, kind("/api/2.0/sql/warehouses", "id", "warehouses", warehouse), true).await;
    let one = format!("/api/2.0/sql/warehouses/{id}");
    bench.until("it runs", async || bench.get(&at, &one).await.ok()["state"] == "RUNNING").await;
    bench.post(&at, &format!("{one}/edit"), json!({"name": "w2"})).await.ok();
    let shown = bench.get(&at, &one).await.ok();
    assert_eq!((&shown["name"], &shown["cluster_size"]), (&json!("w2"), &json!("Small")));
    let list = json!({"access_control_list": [{"group_name": "users", "permission_level": "CAN_USE"}]});
    let permissions = format!("/api/2.0/permissions/sql/warehouses/{id}");
    let shown = bench.send(Method::PUT, &at, &permissions, Some(list)).await.ok();
    assert!(shown["access_control_list"].as_array().unwrap().iter().any(|one| one["group_name"] == "users"));
    gone(&bench, &at, &one).await;
}

#[tokio::test]
async fn objects_of_the_rpc_form_live() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    let check = async |path: &str, id: &str, body: Value, edit: Value| {
        let made = bench.post(&at, &format!("{path}/create"), body.clone()).await.ok();
        let key = made[id].as_str().unwrap().to_owned();
        let get = format!("{path}/get?{id}={key}");
        let shown = bench.get(&at, &get).await.ok();
        assert!(contains(&shown, &body), "{shown} has not {body}");
        let mut edit = edit;
        edit[id] = json!(key);
        bench.post(&at, &format!("{path}/edit"), edit.clone()).await.ok();
        let shown = bench.get(&at, &get).await.ok();
        assert!(contains(&shown, &edit), "{shown} has not {edit}");
        let mut unknown = edit.clone();
        unknown[id] = json!("none");
        bench.post(&at, &format!("{path}/edit"), unknown).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
        bench.post(&at, &format!("{path}/delete"), json!({(id): key})).await.ok();
        bench.get(&at, &get).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
    };
    check(
        "/api/2.0/policies/clusters",
        "policy_id",
        json!({"name": "p", "definition": "{\"spark_conf.a\":{\"type\":\"fixed\",\"value\":\"1\"}}"}),
        json!({"name": "p2", "definition": "{}"}),
    )
    .await;
    check(
        "/api/2.0/instance-pools",
        "instance_pool_id",
        json!({"instance_pool_name": "p", "node_type_id": "m5.large", "min_idle_instances": 0}),
        json!({"instance_pool_name": "p2", "node_type_id": "m5.large"}),
    )
    .await;
    let arn = "arn:aws:iam::123456789012:instance-profile/lake";
    bench.post(&at, "/api/2.0/instance-profiles/add", json!({"instance_profile_arn": arn})).await.ok();
    let list = async || bench.get(&at, "/api/2.0/instance-profiles/list").await.ok()["instance_profiles"].clone();
    assert_eq!(list().await[0]["instance_profile_arn"], arn);
    let role = "arn:aws:iam::123456789012:role/lake";
    let edit = json!({"instance_profile_arn": arn, "iam_role_arn": role});
    bench.post(&at, "/api/2.0/instance-profiles/edit", edit).await.ok();
    assert_eq!(list().await[0]["iam_role_arn"], role);
    bench.post(&at, "/api/2.0/instance-profiles/remove", json!({"instance_profile_arn": arn})).await.ok();
    assert_eq!(list().await, json!([]));
}

#[tokio::test]
async fn what_is_in_a_metastore_lives_and_goes_with_its_parent() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    let uc = "/api/2.1/unity-catalog";
    let under = |path: &str, items: &'static str, id: &'static str, body: Value, change: Value| Kind {
        update: Some((Method::PATCH, change.clone())),
        updated: change,
        ..kind(&format!("{uc}/{path}"), id, items, body)
    };
    let role = json!({"name": "lake", "aws_iam_role": {"role_arn": "arn:aws:iam::123456789012:role/lake"}});
    let credential = under("storage-credentials", "storage_credentials", "name", role, json!({"comment": "c"}));
    lives(&bench, &at, credential, true).await;
    let location = json!({"name": "root", "url": "s3://lake/root", "credential_name": "lake"});
    let location = under("external-locations", "external_locations", "name", location, json!({"read_only": true}));
    lives(&bench, &at, location, true).await;
    let inside = json!({"name": "inside", "url": "s3://lake/root/a", "credential_name": "lake"});
    bench.post(&at, &format!("{uc}/external-locations"), inside).await.refused(400, "LOCATION_OVERLAP");
    bench
        .send(Method::DELETE, &at, &format!("{uc}/storage-credentials/lake"), None)
        .await
        .refused(400, "INVALID_PARAMETER_VALUE");
    let catalog = under("catalogs", "catalogs", "name", json!({"name": "main"}), json!({"owner": "ada"}));
    lives(&bench, &at, catalog, true).await;
    // The schema that the service makes can be deleted, and does not hold the catalog.
    let one = format!("{uc}/schemas/main.default");
    bench.get(&at, &one).await.ok();
    gone(&bench, &at, &one).await;
    let schema = json!({"name": "bronze", "catalog_name": "main", "properties": {"a": "b"}});
    lives(&bench, &at, under("schemas", "schemas", "full_name", schema, json!({"comment": "c"})), true).await;
    let volume = json!({"name": "raw", "catalog_name": "main", "schema_name": "bronze", "volume_type": "MANAGED"});
    lives(&bench, &at, under("volumes", "volumes", "full_name", volume, json!({"comment": "c"})), true).await;
    let fs = "/api/2.0/fs";
    let put = bench.request(Method::PUT, &at, &format!("{fs}/files/Volumes/main/bronze/raw/a/b.txt"));
    assert_eq!(crate::bench::reply(put.bearer_auth(&bench.token).body("hello")).await.status, 204);
    let put = bench.request(Method::PUT, &at, &format!("{fs}/files/Volumes/main/bronze/raw/a/b.txt"));
    crate::bench::reply(put.bearer_auth(&bench.token).body("again")).await.refused(409, "ALREADY_EXISTS");
    assert_eq!(bench.get(&at, &format!("{fs}/files/Volumes/main/bronze/raw/a/b.txt")).await.text, "hello");
    let listed = bench.get(&at, &format!("{fs}/directories/Volumes/main/bronze/raw/a")).await.ok();
    let (one, folder) = (&listed["contents"][0], format!("{fs}/directories/Volumes/main/bronze/raw/a"));
    assert_eq!((&one["path"], &one["file_size"]), (&json!("/Volumes/main/bronze/raw/a/b.txt"), &json!(5)));
    bench.send(Method::DELETE, &at, &folder, None).await.refused(400, "DIRECTORY_NOT_EMPTY");
    let file = format!("{fs}/files/Volumes/main/bronze/raw/a/b.txt");
    assert_eq!(bench.send(Method::DELETE, &at, &file, None).await.status, 204);
    assert_eq!(bench.send(Method::HEAD, &at, &folder, None).await.status, 200);
    assert_eq!(bench.send(Method::DELETE, &at, &folder, None).await.status, 204);
    assert_eq!(bench.send(Method::HEAD, &at, &folder, None).await.status, 404);
    bench.get(&at, &format!("{fs}/files/Volumes/main/bronze/none/x")).await.refused(404, "VOLUME_DOES_NOT_EXIST");
    bench.get(&at, &format!("{fs}/files/Volumes/main/bronze/raw/..%2Fx")).await.refused(400, "INVALID_PARAMETER_VALUE");
    let listed = bench.get(&at, &format!("{uc}/volumes?catalog_name=main&schema_name=silver")).await.ok();
    assert_eq!(listed["volumes"], json!([]));
    bench.get(&at, &format!("{uc}/schemas/main.none")).await.refused(404, "SCHEMA_DOES_NOT_EXIST");
    let orphan = json!({"name": "x", "catalog_name": "none"});
    bench.post(&at, &format!("{uc}/schemas"), orphan).await.refused(404, "CATALOG_DOES_NOT_EXIST");

    let grants = format!("{uc}/permissions/catalog/main");
    let change = json!({"changes": [{"principal": "users", "add": ["USE_CATALOG", "BROWSE"]}]});
    bench.send(Method::PATCH, &at, &grants, Some(change)).await.ok();
    let change = json!({"changes": [{"principal": "users", "remove": ["BROWSE"]}]});
    bench.send(Method::PATCH, &at, &grants, Some(change)).await.ok();
    let shown = bench.get(&at, &grants).await.ok();
    assert_eq!(shown["privilege_assignments"], json!([{"principal": "users", "privileges": ["USE_CATALOG"]}]));

    let tags = format!("{uc}/entity-tag-assignments");
    let tag = json!({"entity_type": "catalogs", "entity_name": "main", "tag_key": "team", "tag_value": "x"});
    bench.post(&at, &tags, tag.clone()).await.ok();
    bench.post(&at, &tags, tag).await.refused(400, "RESOURCE_ALREADY_EXISTS");
    let one = format!("{tags}/catalogs/main/tags/team");
    bench.send(Method::PATCH, &at, &format!("{one}?update_mask=tag_value"), Some(json!({"tag_value": "y"}))).await.ok();
    assert_eq!(bench.get(&at, &one).await.ok()["tag_value"], "y");
    let listed = bench.get(&at, &format!("{tags}/catalogs/main/tags")).await.ok();
    assert_eq!(listed["tag_assignments"].as_array().unwrap().len(), 1);
    gone(&bench, &at, &one).await;

    let catalog = format!("{uc}/catalogs/main");
    bench.send(Method::DELETE, &at, &catalog, None).await.refused(400, "INVALID_STATE");
    bench.get(&at, &format!("{uc}/schemas/main.information_schema")).await.ok();
    let counted = |what: &str| bench.cloud.summary()[what].clone();
    assert_eq!((counted("catalogs"), counted("schemas"), counted("volumes")), (json!(1), json!(1), json!(1)));
    bench.send(Method::DELETE, &at, &format!("{catalog}?force=true"), None).await.ok();
    assert_eq!((counted("catalogs"), counted("schemas"), counted("volumes")), (json!(0), json!(0), json!(0)));
    bench.post(&at, &format!("{uc}/catalogs"), json!({"name": "main"})).await.ok();
    assert_eq!(bench.get(&at, &grants).await.ok(), json!({}));
}

#[tokio::test]
async fn a_workspace_is_assigned_to_one_metastore() {
    let bench = Bench::new().await;
    let (id, at) = bench.workspace("a").await;
    let current = async || bench.get(&at, "/api/2.1/unity-catalog/current-metastore-assignment").await;
    let first = current().await.ok()["metastore_id"].clone();
    let info = json!({"metastore_info": {"name": "own", "region": "eu-west-1", "storage_root": "s3://lake"}});
    let made = bench.account_post("/metastores", info).await.ok()["metastore_info"].clone();
    let own = made["metastore_id"].as_str().unwrap().to_owned();
    assert_eq!(made["storage_root"], format!("s3://lake/{own}"));
    let assign = format!("/workspaces/{id}/metastores/{own}");
    let body = json!({"metastore_assignment": {"metastore_id": own, "default_catalog_name": "main"}});
    bench.account_post(&assign, body).await.ok();
    assert_ne!(current().await.ok()["metastore_id"], first);
    let shown = bench.account_get(&format!("/workspaces/{id}/metastore")).await.ok();
    assert_eq!(shown["metastore_assignment"]["default_catalog_name"], "main");
    bench.account_delete(&format!("/metastores/{own}")).await.refused(400, "INVALID_PARAMETER_VALUE");
    bench.account_delete(&assign).await.ok();
    current().await.refused(404, "METASTORE_DOES_NOT_EXIST");
    bench.get(&at, "/api/2.1/unity-catalog/catalogs").await.refused(404, "METASTORE_DOES_NOT_EXIST");
    bench.account_delete(&format!("/metastores/{own}")).await.ok();
    bench.account_get(&format!("/metastores/{own}")).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
    assert_eq!(bench.cloud.summary()["metastores"], 0);
}

#[tokio::test]
async fn jobs_keep_their_settings() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    let task = |key: &str| json!({"task_key": key, "notebook_task": {"notebook_path": "/Shared/nb"}});
    let settings = json!({"name": "nightly", "tasks": [task("a"), task("b")], "tags": {"team": "x"}});
    let id = bench.post(&at, "/api/2.2/jobs/create", settings).await.ok()["job_id"].as_i64().unwrap();
    let get = async || bench.get(&at, &format!("/api/2.2/jobs/get?job_id={id}")).await.ok()["settings"].clone();
    assert_eq!(get().await["max_concurrent_runs"], 1);
    let change = json!({
        "job_id": id, "fields_to_remove": ["tags", "tasks/a"], "new_settings": {"tasks": [task("c")], "name": "new"},
    });
    bench.post(&at, "/api/2.2/jobs/update", change).await.ok();
    let shown = get().await;
    let keys: Vec<&str> =
        shown["tasks"].as_array().unwrap().iter().map(|task| task["task_key"].as_str().unwrap()).collect();
    assert_eq!((keys, &shown["name"], shown.get("tags")), (vec!["b", "c"], &json!("new"), None));
    let reset = json!({"job_id": id, "new_settings": {"name": "reset"}});
    bench.post(&at, "/api/2.2/jobs/reset", reset).await.ok();
    assert!(get().await.get("tasks").is_none());
    bench
        .post(&at, "/api/2.2/jobs/create", json!({"tasks": [task("a"), task("a")]}))
        .await
        .refused(400, "INVALID_PARAMETER_VALUE");
    let permissions = format!("/api/2.0/permissions/jobs/{id}");
    let list = json!({"access_control_list": [{"group_name": "users", "permission_level": "CAN_VIEW"}]});
    let shown = bench.send(Method::PUT, &at, &permissions, Some(list)).await.ok();
    let levels: Vec<&Value> = shown["access_control_list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["all_permissions"][0]["permission_level"])
        .collect();
    assert_eq!(levels, ["CAN_VIEW", "IS_OWNER", "CAN_MANAGE"]);
    let none = json!({"access_control_list": [{"group_name": "nobody", "permission_level": "CAN_VIEW"}]});
    bench.send(Method::PUT, &at, &permissions, Some(none)).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
    bench.post(&at, "/api/2.2/jobs/delete", json!({"job_id": id})).await.ok();
    bench.get(&at, &format!("/api/2.2/jobs/get?job_id={id}")).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
}

#[tokio::test]
async fn users_and_groups_live_at_the_account_and_in_workspaces() {
    let bench = Bench::new().await;
    let (id, at) = bench.workspace("a").await;
    let user = json!({"userName": "ada@example.com", "displayName": "Ada"});
    let user = bench.account_post("/scim/v2/Users", user).await.ok()["id"].as_str().unwrap().to_owned();
    let again = bench.account_post("/scim/v2/Users", json!({"userName": "ada@example.com"})).await;
    assert_eq!(again.status, 409);
    let group = bench.account_post("/scim/v2/Groups", json!({"displayName": "team"})).await.ok()["id"].clone();
    let group = group.as_str().unwrap().to_owned();
    let patch = |operations: Value| json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    let one = format!("/scim/v2/Groups/{group}");
    let add = patch(json!([{"op": "add", "path": "members", "value": [{"value": user}]}]));
    assert_eq!(bench.account_patch(&one, add).await.status, 204);
    assert_eq!(bench.account_get(&one).await.ok()["members"][0]["display"], "Ada");
    let shown = bench.account_get(&format!("/scim/v2/Users/{user}")).await.ok();
    assert_eq!(shown["groups"][0]["value"], group.as_str());
    // A workspace shows who is assigned to it.
    assert_eq!(bench.get(&at, &format!("/api/2.0/preview/scim/v2/Users/{user}")).await.status, 404);
    for principal in [&user, &group] {
        let path = format!("/workspaces/{id}/permissionassignments/principals/{principal}");
        bench.account_put(&path, json!({"permissions": ["USER"]})).await.ok();
    }
    assert_eq!(bench.get(&at, &format!("/api/2.0/preview/scim/v2/Users/{user}")).await.status, 200);
    let listed = bench.account_get(&format!("/workspaces/{id}/permissionassignments")).await.ok();
    let names: Vec<&Value> =
        listed["permission_assignments"].as_array().unwrap().iter().map(|one| &one["principal"]).collect();
    assert!(names.iter().any(|one| one["user_name"] == "ada@example.com"));
    assert!(names.iter().any(|one| one["group_name"] == "team"));
    // Who joins a workspace's admins administers it, and who leaves does not.
    let filter = "filter=displayName%20eq%20%22admins%22&attributes=members";
    let admins = async || {
        let found = bench.get(&at, &format!("/api/2.0/preview/scim/v2/Groups?{filter}")).await.ok();
        assert_eq!(found["totalResults"], 1);
        assert!(found["Resources"][0].get("displayName").is_none());
        found["Resources"][0].clone()
    };
    let admins_id = admins().await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/2.0/preview/scim/v2/Groups/{admins_id}");
    let add = patch(json!([{"op": "add", "path": "members", "value": [{"value": user}]}]));
    assert_eq!(bench.send(Method::PATCH, &at, &path, Some(add)).await.status, 204);
    let has = |group: &Value| group["members"].as_array().unwrap().iter().any(|one| one["value"] == user.as_str());
    assert!(has(&admins().await));
    let remove = patch(json!([{"op": "remove", "path": format!("members[value eq \"{user}\"]")}]));
    assert_eq!(bench.send(Method::PATCH, &at, &path, Some(remove)).await.status, 204);
    assert!(!has(&admins().await));
    // A service principal enters by its group.
    let robot = bench.account_post("/scim/v2/ServicePrincipals", json!({"displayName": "robot"})).await.ok();
    let (sp, application) = (robot["id"].as_str().unwrap(), robot["applicationId"].as_str().unwrap());
    let secret = bench.account_post(&format!("/servicePrincipals/{sp}/credentials/secrets"), json!({})).await.ok();
    let token = bench.token_as(&at, application, secret["secret"].as_str().unwrap()).await.ok()["access_token"].clone();
    let status = async || {
        let request = bench.request(Method::GET, &at, "/api/2.0/token/list");
        crate::bench::reply(request.bearer_auth(token.as_str().unwrap())).await.status.as_u16()
    };
    assert_eq!(status().await, 403);
    let add = patch(json!([{"op": "add", "path": "members", "value": [{"value": sp}]}]));
    assert_eq!(bench.account_patch(&one, add).await.status, 204);
    assert_eq!(status().await, 200);
    assert_eq!(bench.account_delete(&format!("/scim/v2/ServicePrincipals/{sp}")).await.status, 204);
    // A group of a workspace is not the account's.
    let local = bench.post(&at, "/api/2.0/preview/scim/v2/Groups", json!({"displayName": "local"})).await.ok();
    assert_eq!(local["meta"]["resourceType"], "WorkspaceGroup");
    assert_eq!(bench.account_get(&format!("/scim/v2/Groups/{}", local["id"].as_str().unwrap())).await.status, 404);
    assert_eq!((bench.cloud.summary()["users"].clone(), bench.cloud.summary()["groups"].clone()), (json!(1), json!(2)));
    assert_eq!(bench.account_delete(&format!("/scim/v2/Users/{user}")).await.status, 204);
    assert!(bench.account_get(&one).await.ok().get("members").is_none());
}

/// A connection tells its options, but for those that are secrets.
#[tokio::test]
async fn a_connection_lives_and_keeps_its_secrets() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    let path = "/api/2.1/unity-catalog/connections";
    let options = json!({"host": "files.example.com", "port": "22"});
    let body = json!({"name": "files", "connection_type": "SFTP", "options": options});
    let change = json!({"options": {"host": "other.example.com", "port": "22"}, "owner": "ada"});
    let updated = json!({"url": "sftp://other.example.com:22/", "owner": "ada"});
    let life =
        Kind { update: Some((Method::PATCH, change)), updated, ..kind(path, "name", "connections", body.clone()) };
    lives(&bench, &at, life, false).await;
    let mut secret = body.clone();
    secret["options"]["pem_private_key"] = json!("not-a-key");
    let made = bench.post(&at, path, secret).await.ok();
    assert_eq!((&made["options"], &made["credential_type"]), (&options, &json!("PEM_PRIVATE_KEY")));
    assert!(!bench.get(&at, path).await.text.contains("not-a-key"));
    let mut other = body;
    other["connection_type"] = json!("FAX");
    bench.post(&at, path, other).await.refused(400, "INVALID_PARAMETER_VALUE");
    let grants = "/api/2.1/unity-catalog/permissions/connection/files";
    let change = json!({"changes": [{"principal": "ada", "add": ["USE_CONNECTION"]}]});
    bench.send(Method::PATCH, &at, grants, Some(change)).await.ok();
    assert_eq!(bench.get(&at, grants).await.ok()["privilege_assignments"][0]["principal"], "ada");
}

/// A base environment is made of its file, which takes a while, and can be the default.
#[tokio::test]
async fn base_environments_live_and_one_is_the_default() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    let (path, default) =
        ("/api/environments/v1/workspace-base-environments", "/api/environments/v1/default-workspace-base-environment");
    let content = "ZW52aXJvbm1lbnRfdmVyc2lvbjogIjQiCmRlcGVuZGVuY2llczoKICAtIG51bXB5Cg==";
    let file = json!({"path": "/Shared/e.yaml", "content": content, "format": "RAW"});
    bench.post(&at, "/api/2.0/workspace/import", file).await.ok();
    let body = json!({"display_name": "One", "filepath": "/Workspace/Shared/e.yaml"});
    let operation = bench.post(&at, &format!("{path}?workspace_base_environment_id=one"), body.clone()).await.ok();
    assert_eq!(operation["done"], false);
    bench
        .post(&at, &format!("{path}?workspace_base_environment_id=one"), body)
        .await
        .refused(400, "RESOURCE_ALREADY_EXISTS");
    let operation = format!("/api/environments/v1/{}", operation["name"].as_str().unwrap());
    let begun = std::time::Instant::now();
    let made = loop {
        let answer = bench.get(&at, &operation).await.ok();
        if answer["done"] == true {
            break answer;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{answer}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(made["response"]["spec"], json!({"dependencies": ["numpy"], "environment_version": "4"}));
    let one = format!("{path}/one");
    assert_eq!(bench.get(&at, &one).await.ok()["status"], "CREATED");
    let wrong = json!({"display_name": "Two", "filepath": "/Workspace/Shared/none.yaml"});
    bench.post(&at, &format!("{path}?workspace_base_environment_id=two"), wrong).await.ok();
    assert_eq!(bench.get(&at, &format!("{path}/two")).await.ok()["status"], "INVALID");
    let set = json!({"cpu_workspace_base_environment": "workspace-base-environments/one"});
    let mask = format!("{default}?update_mask=cpu_workspace_base_environment");
    bench.send(Method::PATCH, &at, &mask, Some(set)).await.ok();
    assert_eq!(bench.get(&at, &one).await.ok()["is_default"], true);
    bench.send(Method::PATCH, &at, &mask, Some(json!({}))).await.ok();
    assert_eq!(bench.get(&at, default).await.ok()["cpu_workspace_base_environment"], Value::Null);
    gone(&bench, &at, &one).await;
}

#[tokio::test]
async fn federation_policies_are_the_accounts_or_a_service_principals_own() {
    let bench = Bench::new().await;
    let policy = json!({"description": "CI", "oidc_policy": {"issuer": "https://idp.example.com"}});
    let changed = json!({"description": "CD"});
    let of_account = Kind {
        update: Some((Method::PATCH, changed.clone())),
        updated: changed,
        ..kind("/federationPolicies", "policy_id", "policies", policy.clone())
    };
    lives(&bench, "", of_account, false).await;
    // A subject is a service principal's alone, and an issuer is an address.
    let mut wrong = policy;
    wrong["oidc_policy"]["subject"] = json!("repo:a/b");
    bench.account_post("/federationPolicies", wrong.clone()).await.refused(400, "INVALID_PARAMETER_VALUE");
    let principal = async |name: &str| {
        let body = json!({"displayName": name});
        let made = bench.account_post("/scim/v2/ServicePrincipals", body).await.ok();
        format!("/servicePrincipals/{}/federationPolicies", made["id"].as_str().unwrap())
    };
    let (one, other) = (principal("one").await, principal("other").await);
    // Two principals may have policies of one name.
    for path in [&one, &other] {
        let made = bench.account_post(&format!("{path}?policy_id=github"), wrong.clone()).await.ok();
        assert_eq!(made["policy_id"], "github");
        assert!(made["name"].as_str().unwrap().ends_with(&format!("{path}/github")), "{made}");
        bench
            .account_post(&format!("{path}?policy_id=github"), wrong.clone())
            .await
            .refused(400, "RESOURCE_ALREADY_EXISTS");
    }
    gone(&bench, "", &format!("{one}/github")).await;
    let left = call(&bench, "", Method::GET, &format!("{other}/github"), None).await.ok();
    assert!(left["service_principal_id"].is_i64(), "{left}");
    // It goes with its principal.
    let (principal, _) = other.trim_start_matches("/servicePrincipals/").split_once('/').unwrap();
    let ended = bench.account_delete(&format!("/scim/v2/ServicePrincipals/{principal}")).await;
    assert_eq!(ended.status, 204);
    assert_eq!(call(&bench, "", Method::GET, &format!("{other}/github"), None).await.status, 404);
}

#[tokio::test]
async fn log_delivery_is_switched_off_and_never_deleted() {
    let bench = Bench::new().await;
    let role = json!({"sts_role": {"role_arn": "arn:aws:iam::123456789012:role/logs"}});
    let credentials = json!({"credentials_name": "logs", "aws_credentials": role});
    let credentials = bench.account_post("/credentials", credentials).await.ok();
    let storage = json!({"storage_configuration_name": "logs", "root_bucket_info": {"bucket_name": "logs"}});
    let storage = bench.account_post("/storage-configurations", storage).await.ok();
    let wanted = |format: &str| {
        json!({"log_delivery_configuration": {
            "log_type": "AUDIT_LOGS", "output_format": format, "credentials_id": credentials["credentials_id"],
            "storage_configuration_id": storage["storage_configuration_id"],
        }})
    };
    bench.account_post("/log-delivery", wanted("CSV")).await.refused(400, "INVALID_PARAMETER_VALUE");
    let made = bare(bench.account_post("/log-delivery", wanted("JSON")).await.ok());
    assert_eq!(made["status"], "ENABLED");
    let one = format!("/log-delivery/{}", made["config_id"].as_str().unwrap());
    let counted = || bench.cloud.summary()["log_delivery_configurations"].clone();
    assert_eq!(counted(), 1);
    call(&bench, "", Method::PATCH, &one, Some(json!({"status": "DISABLED"}))).await.ok();
    assert_eq!(bare(call(&bench, "", Method::GET, &one, None).await.ok())["status"], "DISABLED");
    assert_eq!(counted(), 0, "what is off is nobody's");
    assert_eq!(call(&bench, "", Method::PATCH, &one, Some(json!({"status": "GONE"}))).await.status, 400);
    assert!(call(&bench, "", Method::DELETE, &one, None).await.status.is_client_error());
}
