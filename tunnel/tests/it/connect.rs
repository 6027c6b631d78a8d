//! `tunnel connect` against a local cloud: the endpoint is published, the run really runs, the driver proxy carries the bytes.

use std::process::Stdio;
use std::time::Duration;

use databricks::Request;
use databricks::api::workspace::import_file_path;
use serde_json::json;
use ssh_endpoint::client_secret_name;
use ssh_endpoint::publish::{Standing, publish, read, remove};
use tokio::io::AsyncWriteExt;

use crate::bench::{another_host_key, sha256, text, tunnel_program};
use crate::cloud::{Cloud, until, wanted};

#[tokio::test(flavor = "multi_thread")]
async fn connect_starts_a_server_and_later_ones_use_it() {
    let cloud = Cloud::start().await;
    let (code, out, words) =
        text(&cloud.connect("ada", &["sh", "-c", "echo $0; exit 7", "a b"]).output().await.unwrap());
    assert_eq!((code, out.as_str()), (7, "a b\n"), "{words}");
    assert!(words.contains("starting the server"), "{words}");
    let (code, out, words) =
        text(&cloud.connect("grace", &["printenv", "DATABRICKS_CLUSTER_ID"]).output().await.unwrap());
    assert_eq!((code, out, words.as_str()), (0, format!("{}\n", cloud.endpoint.cluster_id), ""));
    assert_eq!(cloud.runs().await.len(), 1);
    // Nothing secret is in what the tunnel writes down, but the key itself.
    for entry in std::fs::read_dir(cloud.home("ada")).unwrap() {
        let entry = entry.unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        assert!(!text.contains(cloud.cloud.client_secret().expose().as_str()), "{entry:?}");
        assert_eq!(text.contains("PRIVATE KEY"), entry.file_name() == "id_ed25519", "{entry:?}");
    }
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_mebibytes_go_through_the_driver_proxy_unchanged() {
    let cloud = Cloud::start().await;
    let mut data = vec![0; 100 * 1024 * 1024];
    let mut state = 1_u32;
    for word in data.chunks_exact_mut(4) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        word.copy_from_slice(&(state ^ (state >> 15)).to_le_bytes());
    }
    let expected = sha256(&data);
    let file = cloud.folder.path().join("data");
    let mut up = cloud.connect("ada", &["sh", "-c", "tee \"$0\" | sha256sum", file.to_str().unwrap()]);
    let mut up = up.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = up.stdin.take().unwrap();
    let sending = tokio::spawn(async move { stdin.write_all(&data).await.unwrap() });
    let (code, out, words) = text(&up.wait_with_output().await.unwrap());
    sending.await.unwrap();
    assert_eq!((code, out), (0, format!("{expected}  -\n")), "{words}");
    let output = cloud.connect("ada", &["cat", file.to_str().unwrap()]).output().await.unwrap();
    assert_eq!((output.status.code(), sha256(&output.stdout)), (Some(0), expected));
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_start_one_server() {
    let cloud = Cloud::start().await;
    let connects = (0..10).map(|number| {
        let mut connect = cloud.connect("ada", &["sh", "-c", &format!("exit {number}")]);
        async move { (number, text(&connect.output().await.unwrap())) }
    });
    for (number, (code, _, words)) in futures_util::future::join_all(connects).await {
        assert_eq!(code, number, "{words}");
    }
    assert_eq!(cloud.runs().await.len(), 1);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_gone_is_replaced() {
    let cloud = Cloud::start().await;
    let connect = async || text(&cloud.connect("ada", &["echo", "hi"]).output().await.unwrap());
    // What a server left that could not tidy up: nobody listens there.
    let stale = json!({"port": 65_000, "cluster_id": cloud.endpoint.cluster_id, "instance_id": "gone"}).to_string();
    let upload = Request::post(import_file_path(&cloud.endpoint.metadata_path()))
        .query("overwrite", "true")
        .body(stale.clone(), "application/octet-stream");
    cloud.client.send::<()>(upload.clone()).await.unwrap();
    let (code, out, words) = connect().await;
    assert_eq!((code, out.as_str()), (0, "hi\n"), "{words}");
    // Another server listens on the port by now.
    let running = cloud.metadata().await.unwrap();
    let reused = json!({"port": running["port"], "cluster_id": cloud.endpoint.cluster_id, "instance_id": "gone"});
    cloud.client.send::<()>(upload.body(reused.to_string(), "application/octet-stream")).await.unwrap();
    let (code, out, words) = connect().await;
    assert_eq!((code, out.as_str()), (0, "hi\n"), "{words}");
    assert_eq!(cloud.runs().await.len(), 2);
    // A run that is cancelled takes its server along, and the server takes its metadata along.
    let run = cloud.runs().await[0];
    cloud.post("/api/2.2/jobs/runs/cancel", json!({"run_id": run})).await;
    until("the server tidies up", async || cloud.metadata().await.is_none()).await;
    let (code, out, words) = connect().await;
    assert_eq!((code, out.as_str()), (0, "hi\n"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_cluster_is_started_only_where_that_is_wanted() {
    let mut cloud = Cloud::start().await;
    let path = "/api/2.1/clusters/get";
    let body = json!({"cluster_id": cloud.endpoint.cluster_id});
    cloud.post("/api/2.1/clusters/delete", body).await;
    let cluster = cloud.endpoint.cluster_id.clone();
    until("the cluster is stopped", async || {
        let request = Request::get(path).query("cluster_id", &cluster);
        cloud.client.send::<serde_json::Value>(request).await.unwrap()["state"] == "TERMINATED"
    })
    .await;
    cloud.endpoint.auto_start = false;
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert_eq!(code, 1);
    assert!(words.contains("is stopped") && words.contains("auto_start"), "{words}");
    cloud.endpoint.auto_start = true;
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("starting the cluster"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_key_stops_the_connection_with_an_explanation() {
    let mut cloud = Cloud::start().await;
    cloud.endpoint.server_host_key = another_host_key();
    let file = cloud.folder.path().join("ran");
    let (code, _, words) = text(&cloud.connect("ada", &["touch", file.to_str().unwrap()]).output().await.unwrap());
    assert_eq!(code, 255);
    assert!(words.contains("the server's host key is not the one in the outputs"), "{words}");
    assert!(!file.exists());
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_start_says_why() {
    let cloud = Cloud::with(b"no program".to_vec(), "SINGLE_USER", |_| {}).await;
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert_eq!(code, 1);
    assert!(words.contains("the run that starts the server ended (FAILED)"), "{words}");
    assert!(words.contains("Exec format error"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_changed_is_not_run() {
    let cloud = Cloud::start().await;
    let upload = Request::post(import_file_path(&cloud.endpoint.binary_path)).query("overwrite", "true");
    let changed = b"#!/bin/sh\ntouch /tmp/never\n".to_vec();
    cloud.client.send::<()>(upload.body(changed, "application/octet-stream")).await.unwrap();
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert_eq!(code, 1);
    assert!(words.contains("is not the program of this endpoint"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_cluster_is_refused_before_anything_is_started() {
    let cloud = Cloud::with(b"any".to_vec(), "USER_ISOLATION", |_| {}).await;
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert_eq!(code, 1);
    assert!(words.contains("access mode is Standard") && words.contains("SINGLE_USER"), "{words}");
    assert_eq!(cloud.runs().await.len(), 0);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_cloud_that_is_stopped_is_named() {
    let cloud = Cloud::with(b"any".to_vec(), "SINGLE_USER", |_| {}).await;
    let mut connect = cloud.connect("ada", &["true"]);
    cloud.cloud.stop().await;
    let (code, _, words) = text(&connect.output().await.unwrap());
    assert_eq!(code, 1);
    assert!(words.contains("localcloud up"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_registered_once_and_a_listed_one_not_at_all() {
    let mut cloud = Cloud::start().await;
    let connect = async |cloud: &Cloud, home: &str| text(&cloud.connect(home, &["true"]).output().await.unwrap());
    let (code, _, words) = connect(&cloud, "ada").await;
    assert_eq!(code, 0, "{words}");
    let key = |cloud: &Cloud, home: &str| std::fs::read_to_string(cloud.home(home).join("id_ed25519.pub")).unwrap();
    let names = async |cloud: &Cloud| {
        let request = Request::get("/api/2.0/secrets/list").query("scope", cloud.endpoint.clients_scope());
        let list: databricks::api::secrets::ListSecrets = cloud.client.send(request).await.unwrap();
        list.secrets.into_iter().map(|secret| secret.key).collect::<Vec<_>>()
    };
    assert!(names(&cloud).await.contains(&client_secret_name(&key(&cloud, "ada"))));

    // Another person, whose key the configuration lists.
    let listed = tunnel::keys::ensure(&cloud.home("grace"), "grace").unwrap().public_line;
    let wanted = ssh_endpoint::publish::EndpointConfig {
        client_public_keys: vec![listed.clone()],
        ..wanted(&cloud.endpoint.cluster_id)
    };
    let binary = std::fs::read(tunnel_program()).unwrap();
    let published = publish(&cloud.client, &wanted, binary.into()).await.unwrap();
    assert_eq!(published, cloud.endpoint, "the host key is kept");
    cloud.endpoint = published;
    let (code, _, words) = connect(&cloud, "grace").await;
    assert_eq!(code, 0, "the running server knows the new key: {words}");
    assert!(!names(&cloud).await.contains(&client_secret_name(&listed)));
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_signs_in_itself_when_the_token_it_got_is_no_good() {
    let cloud = Cloud::start().await;
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    let file = cloud.folder.path().join("endpoint.json");
    std::fs::write(&file, serde_json::to_vec(&cloud.endpoint).unwrap()).unwrap();
    let port = cloud.metadata().await.unwrap()["port"].to_string();
    // The port is the right one, a wrong one, and none: the server is found.
    for port in [Some(port.as_str()), Some("65001"), None] {
        let mut proxy = cloud.tunnel("ada");
        proxy.arg("proxy").arg("--endpoint-file").arg(&file).env(tunnel::ssh::TOKEN_VARIABLE, "expired");
        if let Some(port) = port {
            proxy.arg("--port").arg(port);
        }
        let mut proxy = proxy.stdin(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 7];
        tokio::io::AsyncReadExt::read_exact(proxy.stdout.as_mut().unwrap(), &mut first).await.unwrap();
        assert_eq!(&first, b"SSH-2.0", "{port:?}");
        drop(proxy.stdin.take());
        assert_eq!(text(&proxy.wait_with_output().await.unwrap()).2, "", "{port:?}");
    }
    assert_eq!(cloud.runs().await.len(), 1);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_is_found_in_the_outputs_of_the_folder() {
    let cloud = Cloud::start().await;
    let folder = cloud.folder.path().join("configuration");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("endpoint.json"), serde_json::to_vec(&cloud.endpoint).unwrap()).unwrap();
    let configuration = r#"output "nested" { value = { demo = jsondecode(file("endpoint.json")) } }"#;
    std::fs::write(folder.join("main.tf"), configuration).unwrap();
    let connect = async || {
        let mut connect = cloud.tunnel("ada");
        connect.args(["connect", "--", "echo", "hi"]).current_dir(&folder).env("CHECKPOINT_DISABLE", "1");
        text(&connect.output().await.unwrap())
    };
    let (code, _, words) = connect().await;
    assert_eq!(code, 1);
    assert!(words.contains("no outputs yet"), "{words}");
    let applied = tokio::process::Command::new("terraform")
        .args(["apply", "-auto-approve", "-input=false"])
        .current_dir(&folder)
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .await
        .unwrap();
    assert!(applied.status.success(), "{:?}", text(&applied));
    let (code, out, words) = connect().await;
    assert_eq!((code, out.as_str()), (0, "hi\n"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_leaves_nothing_behind() {
    let binary = std::fs::read(tunnel_program()).unwrap();
    let cloud = Cloud::with(binary, "SINGLE_USER", |wanted| wanted.shutdown_delay_seconds = 1).await;
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    until("the server ends", async || cloud.metadata().await.is_none()).await;
    let run = cloud.runs().await[0];
    until("its run ends well", async || {
        let run: databricks::api::jobs::Run =
            cloud.client.send(Request::get("/api/2.2/jobs/runs/get").query("run_id", run)).await.unwrap();
        run.state.result_state == databricks::api::jobs::RunResultState::Success
    })
    .await;
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_published_looked_at_and_removed() {
    let cloud = Cloud::with(b"program".to_vec(), "SINGLE_USER", |_| {}).await;
    let standing = Standing {
        server_host_key: Some(cloud.endpoint.server_host_key.clone()),
        client_public_keys: Vec::new(),
        binary: true,
        access: None,
    };
    assert_eq!(read(&cloud.client, &cloud.endpoint).await.unwrap(), Some(standing.clone()));
    // A second time changes nothing; another program lies beside the first.
    let wanted = wanted(&cloud.endpoint.cluster_id);
    let again = publish(&cloud.client, &wanted, b"program".to_vec().into()).await.unwrap();
    assert_eq!(again, cloud.endpoint);
    let newer = publish(&cloud.client, &wanted, b"newer".to_vec().into()).await.unwrap();
    assert_eq!(newer.server_host_key, again.server_host_key);
    assert_ne!(newer.binary_path, again.binary_path);
    // What somebody took away is seen, and put back.
    cloud.post("/api/2.0/workspace/delete", json!({"path": newer.binary_path})).await;
    let secret = json!({"scope": newer.secret_scope, "key": "server-private-key"});
    cloud.post("/api/2.0/secrets/delete", secret).await;
    let seen = read(&cloud.client, &newer).await.unwrap();
    assert_eq!(seen, Some(Standing { server_host_key: None, binary: false, ..standing }));
    let restored = publish(&cloud.client, &wanted, b"newer".to_vec().into()).await.unwrap();
    assert_ne!(restored.server_host_key, newer.server_host_key, "its private half is lost");
    remove(&cloud.client, &restored).await.unwrap();
    assert_eq!(read(&cloud.client, &restored).await.unwrap(), None);
    remove(&cloud.client, &restored).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), cloud.cloud.stop()).await.unwrap();
}
