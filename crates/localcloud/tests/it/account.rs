//! The account API, identities and tokens.

use localcloud::Fault;
use reqwest::Method;
use serde_json::json;

use crate::bench::{Bench, reply};

#[tokio::test]
async fn a_workspace_is_provisioned_updated_and_deleted() {
    let bench = Bench::new().await;
    let (id, name) = bench.workspace("a").await;
    assert!(name.starts_with("dbc-"));
    let path = format!("/workspaces/{id}");
    let network = bench.account_get(&path).await.ok()["network_id"].as_str().unwrap().to_owned();
    assert_eq!(bench.account_get(&format!("/networks/{network}")).await.ok()["vpc_status"], "VALID");
    let message = bench.account_delete(&format!("/networks/{network}")).await.refused(409, "INVALID_STATE");
    assert!(message.contains("being used by active workspace"));

    let other = bench.network("b").await;
    bench.account_patch(&format!("{path}?update_mask=network_id"), json!({"network_id": other})).await.ok();
    assert_eq!(bench.account_get(&path).await.ok()["network_id"], other);
    assert_eq!(bench.account_get(&format!("/networks/{network}")).await.ok()["vpc_status"], "UNATTACHED");
    bench.account_delete(&format!("/networks/{network}")).await.ok();
    bench
        .account_patch(&format!("{path}?update_mask=workspace_name"), json!({"workspace_name": "x"}))
        .await
        .refused(400, "INVALID_PARAMETER_VALUE");

    bench.account_delete(&path).await.ok();
    bench.until("the workspace is gone", async || bench.account_get(&path).await.status == 404).await;
    bench.account_delete(&format!("/networks/{other}")).await.ok();
    bench.account_get(&format!("/networks/{other}")).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
}

#[tokio::test]
async fn references_and_values_are_checked() {
    let bench = Bench::new().await;
    let good = bench.workspace_body("a").await;
    let check = async |field: &str, value: serde_json::Value, code: &str| {
        let mut body = good.clone();
        body[field] = value;
        bench.account_post("/workspaces", body).await.refused(400, code);
    };
    check("network_id", json!("no-such-network"), "INVALID_PARAMETER_VALUE").await;
    check("credentials_id", json!("none"), "INVALID_PARAMETER_VALUE").await;
    check("storage_customer_managed_key_id", json!("none"), "INVALID_PARAMETER_VALUE").await;
    check("aws_region", json!("europe"), "INVALID_PARAMETER_VALUE").await;
    check("pricing_tier", json!("GOLD"), "INVALID_PARAMETER_VALUE").await;
    check("workspace_nam", json!("typo"), "MALFORMED_REQUEST").await;
    assert!(bench.account_get("/workspaces").await.ok().as_array().unwrap().is_empty());

    let one_subnet =
        json!({"network_name": "lake", "vpc_id": "vpc-1", "subnet_ids": ["subnet-9"], "security_group_ids": ["sg-9"]});
    bench.account_post("/networks", one_subnet).await.refused(400, "INVALID_PARAMETER_VALUE");
    let taken = json!({
        "network_name": "lake", "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-a1", "subnet-9"], "security_group_ids": ["sg-9"],
    });
    let message = bench.account_post("/networks", taken).await.refused(400, "INVALID_PARAMETER_VALUE");
    assert!(message.contains("subnet-a1"));
}

#[tokio::test]
async fn keys_get_their_region_and_their_default() {
    let bench = Bench::new().await;
    let body = json!({
        "use_cases": ["STORAGE"],
        "aws_key_info": {"key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1"},
    });
    let key = bench.account_post("/customer-managed-keys", body).await.ok();
    assert_eq!(key["aws_key_info"]["key_region"], "eu-west-1");
    assert_eq!(key["aws_key_info"]["reuse_key_for_cluster_volumes"], true);
    let mut workspace = bench.workspace_body("a").await;
    workspace["managed_services_customer_managed_key_id"] = key["customer_managed_key_id"].clone();
    bench.account_post("/workspaces", workspace.clone()).await.refused(400, "INVALID_PARAMETER_VALUE");
    workspace.as_object_mut().unwrap().remove("managed_services_customer_managed_key_id");
    workspace["storage_customer_managed_key_id"] = key["customer_managed_key_id"].clone();
    bench.account_post("/workspaces", workspace).await.ok();
    let path = format!("/customer-managed-keys/{}", key["customer_managed_key_id"].as_str().unwrap());
    bench.account_delete(&path).await.refused(409, "INVALID_STATE");
}

#[tokio::test]
async fn a_role_that_has_not_propagated_is_refused_as_often_as_told() {
    let bench = Bench::new().await;
    bench.cloud.fault(Fault { times: 2, ..Fault::once("localcloud:ValidateCredentials", 400, "") });
    let body = json!({
        "credentials_name": "lake",
        "aws_credentials": {"sts_role": {"role_arn": "arn:aws:iam::123456789012:role/lake"}},
    });
    for _ in 0..2 {
        let refused = bench.account_post("/credentials", body.clone()).await;
        assert_eq!(refused.status, 400);
        assert!(
            refused.text.starts_with("MALFORMED_REQUEST: Failed credential(s) validation checks"),
            "{}",
            refused.text
        );
    }
    let made = bench.account_post("/credentials", body).await.ok();
    assert_eq!(made["aws_credentials"]["sts_role"]["external_id"], bench.cloud.account_id());
}

#[tokio::test]
async fn a_workspace_that_is_told_to_fail_fails_and_can_be_repaired() {
    let bench = Bench::new().await;
    let fault = Fault {
        message: Some("no addresses left".to_owned()),
        ..Fault::once("localcloud:ProvisionWorkspace", 400, "")
    };
    bench.cloud.fault(fault);
    let body = bench.workspace_body("a").await;
    let id = bench.account_post("/workspaces", body).await.ok()["workspace_id"].as_i64().unwrap();
    let path = format!("/workspaces/{id}");
    bench.until("it fails", async || bench.account_get(&path).await.ok()["workspace_status"] == "FAILED").await;
    assert_eq!(bench.account_get(&path).await.ok()["workspace_status_message"], "no addresses left");
    let network = bench.network("b").await;
    bench.account_patch(&path, json!({"network_id": network})).await.ok();
    bench.until("it runs", async || bench.account_get(&path).await.ok()["workspace_status"] == "RUNNING").await;
}

#[tokio::test]
async fn only_tokens_that_were_issued_and_live_are_taken() {
    let bench = Bench::with(|options| options.token_lifetime = std::time::Duration::from_millis(1500)).await;
    let path = format!("/api/2.0/accounts/{}/networks", bench.cloud.account_id());
    let with = async |token: &str| {
        let request = bench.request(Method::GET, "accounts", &path);
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        reply(request).await
    };
    assert_eq!(with("").await.status, 401);
    let refused = with("made-up").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["error_code"], 401);
    let token = bench.log_in("accounts").await;
    assert_eq!(with(&token).await.status, 200);
    tokio::time::sleep(std::time::Duration::from_millis(1600)).await;
    let expired = with(&token).await;
    assert_eq!(expired.status, 401);
    assert!(expired.text.contains("expired"));
    let wrong = bench.token_as("accounts", bench.cloud.client_id(), "wrong").await;
    assert_eq!((wrong.status.as_u16(), wrong.json()["error"].as_str()), (401, Some("invalid_client")));
}

#[tokio::test]
async fn another_account_is_not_reached() {
    let bench = Bench::new().await;
    let reply = bench.get("accounts", "/api/2.0/accounts/00000000-0000-0000-0000-000000000000/networks").await;
    reply.refused(403, "PERMISSION_DENIED");
    bench.get("accounts", "/api/2.0/nothing").await.refused(404, "ENDPOINT_NOT_FOUND");
    bench.get("dbc-none", "/api/2.0/token/list").await.refused(404, "RESOURCE_DOES_NOT_EXIST");
}

#[tokio::test]
async fn a_service_principal_works_where_it_is_assigned_with_its_own_secret() {
    let mut bench = Bench::new().await;
    let (id, name) = bench.workspace("a").await;
    let schema = "urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal";
    let made = bench
        .account_post("/scim/v2/ServicePrincipals", json!({"schemas": [schema], "displayName": "robot"}))
        .await
        .ok();
    let (sp, application) = (made["id"].as_str().unwrap(), made["applicationId"].as_str().unwrap());
    let secret = bench.account_post(&format!("/servicePrincipals/{sp}/credentials/secrets"), json!({})).await.ok();
    let secret_value = secret["secret"].as_str().unwrap();
    let listed = bench.account_get(&format!("/servicePrincipals/{sp}/credentials/secrets")).await.ok();
    assert_eq!(listed["secrets"][0]["id"], secret["id"]);
    assert!(listed["secrets"][0].get("secret").is_none());

    let admin = bench.token.clone();
    bench.token =
        bench.token_as(&name, application, secret_value).await.ok()["access_token"].as_str().unwrap().to_owned();
    bench.get(&name, "/api/2.0/preview/scim/v2/Me").await;
    assert_eq!(bench.get(&name, "/api/2.0/token/list").await.status, 403);
    let robot = std::mem::replace(&mut bench.token, admin.clone());
    bench
        .account_put(
            &format!("/workspaces/{id}/permissionassignments/principals/{sp}"),
            json!({"permissions": ["USER"]}),
        )
        .await
        .ok();
    bench.token = robot;
    let me = bench.get(&name, "/api/2.0/preview/scim/v2/Me").await;
    assert_eq!(me.headers["x-databricks-org-id"], id.to_string().as_str());
    assert_eq!(me.ok()["userName"], application);
    // It is no account admin, and its token is the workspace's.
    assert_eq!(bench.account_get("/networks").await.status, 401);

    bench.token = admin;
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": false}],
    });
    let patched = bench.account_patch(&format!("/scim/v2/ServicePrincipals/{sp}"), patch).await;
    assert_eq!(patched.status, 204);
    assert_eq!(bench.token_as(&name, application, secret_value).await.status, 401);
    let found = bench.account_get("/scim/v2/ServicePrincipals?filter=displayName%20eq%20%22robot%22").await.ok();
    assert_eq!(found["totalResults"], 1);
    assert_eq!(bench.account_delete(&format!("/scim/v2/ServicePrincipals/{sp}")).await.status, 204);
    let gone = bench.account_get(&format!("/scim/v2/ServicePrincipals/{sp}")).await;
    assert_eq!((gone.status.as_u16(), gone.json()["status"].as_str()), (404, Some("404")));
}

#[tokio::test]
async fn a_personal_access_token_works_until_it_is_revoked() {
    let mut bench = Bench::new().await;
    let (_, name) = bench.workspace("a").await;
    let made =
        bench.post(&name, "/api/2.0/token/create", json!({"comment": "test", "lifetime_seconds": 60})).await.ok();
    let value = made["token_value"].as_str().unwrap().to_owned();
    let id = made["token_info"]["token_id"].clone();
    let admin = std::mem::replace(&mut bench.token, value);
    assert_eq!(bench.get(&name, "/api/2.0/token/list").await.ok()["token_infos"][0]["comment"], "test");
    assert_eq!(bench.account_get("/networks").await.status, 401);
    let changes = json!({"token": {"comment": "changed"}, "update_mask": "comment"});
    bench.send(Method::PATCH, &name, &format!("/api/2.0/token/{}", id.as_str().unwrap()), Some(changes)).await.ok();
    assert_eq!(bench.get(&name, "/api/2.0/token/list").await.ok()["token_infos"][0]["comment"], "changed");
    bench.post(&name, "/api/2.0/token/delete", json!({"token_id": id})).await.ok();
    assert_eq!(bench.get(&name, "/api/2.0/token/list").await.status, 401);
    bench.token = admin;
    bench.post(&name, "/api/2.0/token/delete", json!({"token_id": id})).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
    bench
        .post(&name, "/api/2.0/token/create", json!({"lifetime_seconds": 0}))
        .await
        .refused(400, "INVALID_PARAMETER_VALUE");
}

#[tokio::test]
async fn secrets_are_kept_in_scopes() {
    let bench = Bench::new().await;
    let (_, name) = bench.workspace("a").await;
    bench.get(&name, "/api/2.0/secrets/list?scope=s").await.refused(404, "RESOURCE_DOES_NOT_EXIST");
    bench.post(&name, "/api/2.0/secrets/scopes/create", json!({"scope": "s"})).await.ok();
    bench
        .post(&name, "/api/2.0/secrets/scopes/create", json!({"scope": "s"}))
        .await
        .refused(400, "RESOURCE_ALREADY_EXISTS");
    bench.post(&name, "/api/2.0/secrets/put", json!({"scope": "s", "key": "k", "string_value": "v"})).await.ok();
    assert_eq!(bench.get(&name, "/api/2.0/secrets/get?scope=s&key=k").await.ok()["value"], "dg==");
    assert_eq!(bench.get(&name, "/api/2.0/secrets/list?scope=s").await.ok()["secrets"][0]["key"], "k");
    assert_eq!(bench.get(&name, "/api/2.0/secrets/acls/list?scope=s").await.ok()["items"][0]["permission"], "MANAGE");
    bench.post(&name, "/api/2.0/secrets/delete", json!({"scope": "s", "key": "k"})).await.ok();
    bench.get(&name, "/api/2.0/secrets/get?scope=s&key=k").await.refused(404, "RESOURCE_DOES_NOT_EXIST");
    bench.post(&name, "/api/2.0/secrets/scopes/delete", json!({"scope": "s"})).await.ok();
    bench.get(&name, "/api/2.0/secrets/list?scope=s").await.refused(404, "RESOURCE_DOES_NOT_EXIST");
}

#[tokio::test]
async fn faults_strike_before_or_after_the_effect_or_drop_the_connection() {
    use localcloud::FaultEffect;
    let bench = Bench::new().await;
    let all = "POST /api/2.0/accounts/*/networks";
    let count = async || bench.account_get("/networks").await.ok().as_array().unwrap().len();
    let body = json!({
        "network_name": "lake", "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"],
    });
    bench.cloud.fault(Fault { retry_after: Some(3), ..Fault::once(all, 429, "REQUEST_LIMIT_EXCEEDED") });
    let throttled = bench.account_post("/networks", body.clone()).await;
    assert_eq!(throttled.headers["retry-after"], "3");
    throttled.refused(429, "REQUEST_LIMIT_EXCEEDED");
    assert_eq!(count().await, 0);

    bench.cloud.fault(Fault { effect: FaultEffect::After, cut: true, ..Fault::once(all, 500, "X") });
    let path = format!("/api/2.0/accounts/{}/networks", bench.cloud.account_id());
    let request = bench.request(Method::POST, "accounts", &path).bearer_auth(&bench.token).json(&body);
    assert!(request.send().await.is_err());
    assert_eq!(count().await, 1);
    let cut = bench.cloud.requests().into_iter().find(|entry| entry.status == 0).unwrap();
    assert_eq!((cut.method.as_str(), cut.host.as_str()), ("POST", "accounts.localhost"));
}

#[tokio::test]
async fn the_state_outlives_the_process_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.json");
    let first = Bench::with(|options| options.state_file = Some(file.clone())).await;
    let (id, name) = first.workspace("a").await;
    let made = first.post(&name, "/api/2.0/token/create", json!({})).await.ok();
    let (account, client, port) = (first.cloud.account_id(), first.cloud.client_id().to_owned(), first.cloud.port());
    first.cloud.stop().await;
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&file).unwrap().contains(made["token_value"].as_str().unwrap()));

    let mut second = Bench::with(|options| options.state_file = Some(file.clone())).await;
    assert_eq!(
        (second.cloud.account_id(), second.cloud.client_id(), second.cloud.port()),
        (account, client.as_str(), port)
    );
    assert_eq!(second.account_get(&format!("/workspaces/{id}")).await.ok()["workspace_status"], "RUNNING");
    second.token = made["token_value"].as_str().unwrap().to_owned();
    second.get(&name, "/api/2.0/preview/scim/v2/Me").await.ok();
}

#[tokio::test]
async fn tokens_expire_on_request_and_a_reset_keeps_the_administrator() {
    let mut bench = Bench::new().await;
    bench.network("a").await;
    bench.cloud.expire_tokens();
    assert_eq!(bench.account_get("/networks").await.status, 401);
    bench.token = bench.log_in("accounts").await;
    assert_eq!(bench.account_get("/networks").await.ok().as_array().unwrap().len(), 1);
    let own = reqwest::Client::builder().no_proxy().build().unwrap();
    let reset = format!("http://127.0.0.1:{}/_localcloud/reset", bench.cloud.port());
    let secret = bench.cloud.secret().expose();
    assert_eq!(own.post(&reset).header("x-localcloud", secret).send().await.unwrap().status(), 200);
    bench.token = bench.log_in("accounts").await;
    assert!(bench.account_get("/networks").await.ok().as_array().unwrap().is_empty());
}
