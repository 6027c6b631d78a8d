//! SSH endpoints against a local cloud.

use databricks::Request;
use databricks::api::clusters;
use databricks::api::secrets::{GetSecret, PutSecret};
use databricks::api::workspace::{Delete, ObjectInfo, import_file_path};
use localcloud::Fault;
use serde_json::{Value as Json, json};
use ssh_endpoint::official;
use tempfile::TempDir;
use tfplugin::{Attr, Call, DataSource, Planning, Resource, Set};

use super::serverless_compute::ServerlessCompute;
use super::ssh_endpoint::SshEndpoint;
use super::ssh_endpoint_lookup::SshEndpointLookup;
use crate::clients::Workspace;
use crate::testing::{Cloud, call, create, reads_back, update};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti ada@laptop";

/// The first bytes of a program for this machine, which is a local cloud's driver, with `more` behind them.
fn program(more: &str) -> Vec<u8> {
    let machine = if cfg!(target_arch = "aarch64") { 0xb7 } else { 0x3e };
    [b"\x7fELF".as_slice(), &[0; 14], &[machine, 0], more.as_bytes()].concat()
}

/// A new cluster that can serve SSH, but for `change`.
pub(super) async fn cluster(cx: &Call<Workspace>, change: Json) -> String {
    let mut body = json!({
        "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 0, "data_security_mode": "SINGLE_USER",
    });
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    clusters::create(cx.client(), &body).await.unwrap().cluster_id
}

/// An endpoint on a cluster of its own, with a file that stands for the program.
pub(super) async fn endpoint(cx: &Call<Workspace>, folder: &TempDir, name: &str) -> SshEndpoint {
    let file = folder.path().join("tunnel");
    std::fs::write(&file, program("the first version")).unwrap();
    SshEndpoint {
        name: name.into(),
        cluster_id: cluster(cx, json!({})).await.into(),
        client_public_keys: Set(vec![KEY.to_owned()]).into(),
        max_clients: 10.into(),
        shutdown_delay_seconds: 600.into(),
        auto_start: true.into(),
        tunnel_binary: file.display().to_string().into(),
        ..Default::default()
    }
}

/// What the resource itself makes of a plan.
pub(super) fn planned(prior: Option<&SshEndpoint>, proposed: SshEndpoint) -> SshEndpoint {
    let (config, mut planned, mut replaces) = (proposed.clone(), proposed, Vec::new());
    let mut planning = Planning {
        prior,
        config: &config,
        planned: &mut planned,
        replaces: &mut replaces,
        warnings: &mut Vec::new(),
        client: None,
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    SshEndpoint::plan(&mut planning).unwrap();
    planned
}

async fn exists(cx: &Call<Workspace>, path: &str) -> bool {
    let request = Request::get("/api/2.0/workspace/get-status").query("path", path);
    match cx.client().send::<ObjectInfo>(request).await {
        Ok(_) => true,
        Err(error) if error.is_not_found() => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn an_endpoint_is_published_read_back_and_withdrawn_without_a_trace() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let made = create(&cx, planned(None, endpoint(&cx, &folder, "example").await)).await;
    assert!(!format!("{made:?}").contains("Unknown") && !format!("{made:?}").contains("PRIVATE"), "{made:?}");
    let exported = made.endpoint.known().unwrap().clone();
    assert_eq!(exported.host, cx.client().host().as_str().trim_end_matches('/'));
    assert!(exported.server_host_key.starts_with("ssh-ed25519 "));
    assert!(exists(&cx, &exported.binary_path).await);
    reads_back(&cx, &made).await;
    assert_eq!(planned(Some(&made), made.clone()).endpoint, made.endpoint, "a second plan changes nothing");

    SshEndpoint::delete(&cx, made.clone()).await.unwrap();
    assert!(SshEndpoint::read(&cx, made.clone()).await.unwrap().is_none());
    assert!(!exists(&cx, &exported.directory).await && !exists(&cx, &exported.binary_path).await);
    let scopes: Json = cx.client().send(Request::get("/api/2.0/secrets/scopes/list")).await.unwrap();
    assert_eq!(scopes, json!({ "scopes": [] }));
    SshEndpoint::delete(&cx, made).await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_cannot_serve_is_refused_before_anything_is_made() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let good = endpoint(&cx, &folder, "example").await;
    let refused = async |plan: SshEndpoint, at: &str, words: &str| {
        let failed = SshEndpoint::create(&cx, planned(None, plan)).await.unwrap_err();
        assert!(failed.partial.is_none() && failed.error.to_string().contains(words), "{}", failed.error);
        assert_eq!(failed.error.diagnostic().path, Some(at.into()));
    };
    for (change, words) in [
        (json!({"data_security_mode": "USER_ISOLATION"}), "data_security_mode = \"SINGLE_USER\""),
        (json!({"spark_version": "15.4.x-scala2.12"}), "17.0 or newer"),
    ] {
        let cluster_id = cluster(&cx, change).await.into();
        refused(SshEndpoint { cluster_id, ..good.clone() }, "cluster_id", words).await;
    }
    let cluster_id = "0123-456789-abcdefgh".into();
    refused(SshEndpoint { cluster_id, ..good.clone() }, "cluster_id", "no cluster 0123-456789-abcdefgh").await;
    let mut bytes = program("");
    bytes[18] = if cfg!(target_arch = "aarch64") { 0x3e } else { 0xb7 };
    std::fs::write(folder.path().join("tunnel"), bytes).unwrap();
    refused(good.clone(), "tunnel_binary", "scripts/build_tunnel.sh").await;
    let scopes: Json = cx.client().send(Request::get("/api/2.0/secrets/scopes/list")).await.unwrap();
    assert_eq!(scopes, json!({ "scopes": [] }), "nothing was made");

    // Who may not look at the cluster is let through.
    std::fs::write(folder.path().join("tunnel"), program("")).unwrap();
    cloud.running.fault(Fault::once("GET /api/*/clusters/get", 403, "PERMISSION_DENIED"));
    create(&cx, planned(None, good)).await;
}

#[tokio::test]
async fn a_new_version_of_the_program_is_an_update_that_keeps_the_host_key() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let made = create(&cx, planned(None, endpoint(&cx, &folder, "example").await)).await;
    std::fs::write(folder.path().join("tunnel"), program("the second version")).unwrap();
    let plan = planned(Some(&made), made.clone());
    assert_ne!(plan.binary_sha256, made.binary_sha256);
    assert!(plan.endpoint.is_unknown() && plan.server_host_key.is_known());
    let updated = update(&cx, made.clone(), plan).await;
    assert_eq!(updated.server_host_key, made.server_host_key);
    let (old, new) = (made.endpoint.known().unwrap(), updated.endpoint.known().unwrap());
    assert_ne!(old.binary_path, new.binary_path);
    assert!(exists(&cx, &new.binary_path).await);
    reads_back(&cx, &updated).await;
}

#[tokio::test]
async fn an_endpoint_moves_to_serverless_compute_and_back_in_place() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let compute = ServerlessCompute { accelerator: "GPU_1xA10".into(), ..ServerlessCompute::default() };
    let serverless =
        SshEndpoint { cluster_id: Attr::Null, serverless: compute.into(), ..endpoint(&cx, &folder, "example").await };
    let made = create(&cx, planned(None, serverless)).await;
    let exported = made.endpoint.known().unwrap();
    assert_eq!((exported.cluster_id.as_str(), exported.remote_user.as_str()), ("", ""));
    assert_eq!(exported.serverless.as_ref().unwrap().accelerator.as_deref(), Some("GPU_1xA10"));
    reads_back(&cx, &made).await;

    let id = cluster(&cx, json!({})).await;
    let on_cluster = SshEndpoint {
        cluster_id: id.as_str().into(),
        serverless: Attr::Null,
        remote_user: "root".into(),
        ..made.clone()
    };
    let moved = update(&cx, made.clone(), planned(Some(&made), on_cluster)).await;
    let endpoint = moved.endpoint.known().unwrap();
    assert_eq!((endpoint.cluster_id.as_str(), &endpoint.serverless), (id.as_str(), &None));
    assert_eq!(moved.server_host_key, made.server_host_key);
    reads_back(&cx, &moved).await;
}

/// An endpoint that the official tool finds.
async fn compatible(cx: &Call<Workspace>, folder: &TempDir) -> SshEndpoint {
    SshEndpoint { compatible_with: "databricks-cli/1.2.3".into(), ..endpoint(cx, folder, "example").await }
}

#[tokio::test]
async fn an_endpoint_for_the_official_tool_is_where_that_looks_and_goes_without_a_trace() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let made = create(&cx, planned(None, compatible(&cx, &folder).await)).await;
    reads_back(&cx, &made).await;
    let place = made.endpoint.known().unwrap().official.clone().unwrap();
    let version = place.directory.rsplit_once('/').unwrap().0.to_owned();
    assert!(version.ends_with("/.databricks/ssh-tunnel/1.2.3"), "{version}");
    let machine = official::architecture(&program("")).unwrap();
    assert_eq!(place.binary_path, format!("{version}/databricks_cli_1.2.3_linux_{machine}/databricks"));
    assert!(exists(&cx, &place.binary_path).await);
    // A running server's metadata, and the official client's own key.
    let metadata = format!("{}/metadata.json", place.directory);
    let upload = Request::post(import_file_path(&metadata)).query("overwrite", "true");
    cx.client().send::<()>(upload.body("{}", "application/octet-stream")).await.unwrap();
    let key = json!({"scope": place.secret_scope, "key": "client-public-key", "string_value": "theirs"});
    let put = Request::post("/api/2.0/secrets/put").json(&key).unwrap();
    cx.client().send::<()>(put).await.unwrap();
    let their_key = async || {
        let request = Request::get("/api/2.0/secrets/get").query("scope", &place.secret_scope);
        let found: GetSecret = cx.client().send(request.query("key", "client-public-key")).await.unwrap();
        found.value.expose().clone()
    };
    let before = their_key().await;

    let more = SshEndpoint { max_clients: 11.into(), ..made.clone() };
    let more = update(&cx, made.clone(), planned(Some(&made), more)).await;
    assert!(exists(&cx, &metadata).await, "an update leaves the running server where it is found");
    assert_eq!(their_key().await, before);

    let moved = SshEndpoint { compatible_with: "databricks-cli/1.3.0".into(), ..more.clone() };
    let moved = update(&cx, more.clone(), planned(Some(&more), moved)).await;
    assert!(!exists(&cx, &version).await, "nothing stays of the version before");
    assert_eq!(their_key().await, before);
    reads_back(&cx, &moved).await;

    // Of the official tool itself there may be more.
    let theirs = version.replace("1.2.3", "1.9.9");
    let mkdirs = Request::post("/api/2.0/workspace/mkdirs").json(&json!({"path": theirs})).unwrap();
    cx.client().send::<()>(mkdirs).await.unwrap();
    let plan = SshEndpoint { compatible_with: Attr::Null, ..moved.clone() };
    let plain = update(&cx, moved.clone(), planned(Some(&moved), plan)).await;
    assert_eq!(plain.endpoint.known().unwrap().official, None);
    reads_back(&cx, &plain).await;
    SshEndpoint::delete(&cx, plain.clone()).await.unwrap();
    let endpoint = plain.endpoint.known().unwrap();
    assert!(!exists(&cx, &endpoint.binary_path).await && exists(&cx, &theirs).await);
    let scopes: Json = cx.client().send(Request::get("/api/2.0/secrets/scopes/list")).await.unwrap();
    assert_eq!(scopes, json!({ "scopes": [] }));
}

#[tokio::test]
async fn what_the_official_tool_does_not_find_any_more_is_seen_and_made_again() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let made = create(&cx, planned(None, compatible(&cx, &folder).await)).await;
    let place = made.endpoint.known().unwrap().official.clone().unwrap();
    let delete = json!({"scope": place.secret_scope});
    let delete = Request::post("/api/2.0/secrets/scopes/delete").json(&delete).unwrap();
    cx.client().send::<()>(delete).await.unwrap();
    let seen = SshEndpoint::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(seen.compatible_with, Attr::Null);
    let plan = planned(Some(&seen), SshEndpoint { compatible_with: made.compatible_with.clone(), ..seen.clone() });
    assert!(plan.endpoint.is_unknown());
    let again = update(&cx, seen, plan).await;
    assert_eq!((&again.compatible_with, &again.server_host_key), (&made.compatible_with, &made.server_host_key));
    reads_back(&cx, &again).await;

    // An update that removes it and breaks off is finished by the next one.
    let broken = SshEndpoint { compatible_with: Attr::Null, ..again.clone() };
    assert!(planned(Some(&broken), broken.clone()).endpoint.is_unknown());
}

#[tokio::test]
async fn a_host_key_is_rotated_in_place_and_found_by_others() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let first = SshEndpoint { rotate_host_key: "2026".into(), ..endpoint(&cx, &folder, "example").await };
    let made = create(&cx, planned(None, first)).await;
    reads_back(&cx, &made).await;
    let plan = planned(Some(&made), SshEndpoint { rotate_host_key: "2027".into(), ..made.clone() });
    assert!(plan.server_host_key.is_unknown() && plan.endpoint.is_unknown());
    let rotated = update(&cx, made.clone(), plan).await;
    assert_ne!(rotated.server_host_key, made.server_host_key);
    reads_back(&cx, &rotated).await;

    let lookup = async |name: &str| {
        SshEndpointLookup::read(&cx, SshEndpointLookup { name: name.into(), ..Default::default() }).await
    };
    let found = lookup("example").await.unwrap();
    assert_eq!((&found.endpoint, &found.server_host_key), (&rotated.endpoint, &rotated.server_host_key));
    assert_eq!(found.client_public_keys, rotated.client_public_keys);
    let error = lookup("another").await.unwrap_err();
    assert!(error.to_string().contains("no SSH endpoint \"another\""), "{error}");
}

#[tokio::test]
async fn each_endpoint_has_its_program_uploads_it_once_and_takes_it_along() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let first = create(&cx, planned(None, endpoint(&cx, &folder, "first").await)).await;
    let second = create(&cx, planned(None, endpoint(&cx, &folder, "second").await)).await;
    let again = SshEndpoint { max_clients: 20.into(), ..second.clone() };
    let second = update(&cx, second.clone(), planned(Some(&second), again)).await;
    let uploads = cloud.running.requests().iter().filter(|one| one.path.contains("import-file")).count();
    assert_eq!(uploads, 2);
    let program = |of: &SshEndpoint| of.endpoint.known().unwrap().binary_path.clone();
    let (one, other) = (program(&first), program(&second));
    SshEndpoint::delete(&cx, first).await.unwrap();
    assert!(!exists(&cx, &one).await && exists(&cx, &other).await);
    reads_back(&cx, &second).await;
    SshEndpoint::delete(&cx, second).await.unwrap();
    assert!(!exists(&cx, &other).await);
}

#[tokio::test]
async fn what_was_changed_outside_is_seen_and_put_right() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let made = create(&cx, planned(None, endpoint(&cx, &folder, "example").await)).await;
    let published = made.endpoint.known().unwrap().clone();
    let put = async |key: &str, value: &str| {
        let body = PutSecret {
            scope: published.secret_scope.clone(),
            key: key.to_owned(),
            string_value: Some(value.into()),
            ..PutSecret::default()
        };
        cx.client().send::<()>(Request::post("/api/2.0/secrets/put").json(&body).unwrap()).await.unwrap();
    };

    put("authorized-keys", "").await;
    let read = SshEndpoint::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(read.client_public_keys, Set(Vec::new()).into());
    update(&cx, read, planned(None, made.clone())).await;
    reads_back(&cx, &made).await;

    let body = Delete { path: published.binary_path.clone(), recursive: Some(false) };
    cx.client().send::<()>(Request::post("/api/2.0/workspace/delete").json(&body).unwrap()).await.unwrap();
    let read = SshEndpoint::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(read.binary_sha256, Attr::Null);
    let plan = planned(Some(&read), read.clone());
    let repaired = update(&cx, read, plan).await;
    assert!(exists(&cx, &published.binary_path).await);
    assert_eq!(repaired.endpoint, made.endpoint);

    // A host key that somebody put there is not trusted: the plan shows another one, and the update makes it.
    put("server-public-key", KEY).await;
    let read = SshEndpoint::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(read.server_host_key, Attr::Null);
    let plan = planned(Some(&read), read.clone());
    assert!(plan.server_host_key.is_unknown() && plan.endpoint.is_unknown());
    let renewed = update(&cx, read, plan).await;
    assert!(renewed.server_host_key != made.server_host_key && renewed.server_host_key.text() != KEY);
    reads_back(&cx, &renewed).await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_and_a_cut_off_create_is_taken_up() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let made = create(&cx, planned(None, endpoint(&cx, &folder, "example").await)).await;
    let other = call(cx.client().clone());
    let failed = SshEndpoint::create(&other, planned(None, endpoint(&cx, &folder, "example").await)).await.unwrap_err();
    assert!(failed.partial.is_none() && failed.error.existing() == Some("example"), "{}", failed.error);
    assert!(SshEndpoint::find(&other, &made, other.marker()).await.unwrap().is_none(), "it is not its own");
    assert_eq!(SshEndpoint::find(&cx, &made, cx.marker()).await.unwrap().unwrap().endpoint, made.endpoint);

    cloud.running.fault(Fault::once("POST /api/2.0/workspace/mkdirs", 403, "PERMISSION_DENIED"));
    let plan = planned(None, endpoint(&cx, &folder, "second").await);
    let failed = SshEndpoint::create(&other, plan.clone()).await.unwrap_err();
    let partial = *failed.partial.expect("its scope exists");
    let read = SshEndpoint::read(&other, partial).await.unwrap().expect("the state knows it");
    let whole = update(&other, read.clone(), planned(Some(&read), read.clone())).await;
    reads_back(&other, &whole).await;
}
