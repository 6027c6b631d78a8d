//! `--cluster` and `--serverless`: an endpoint without Terraform.

use serde_json::{Value, json};
use ssh_endpoint::publish;
use tokio::process::Command;

use crate::bench::{another_host_key, text};
use crate::cloud::{Cloud, wanted};

/// A command of a person whose environment names the workspace.
fn tunnel(cloud: &Cloud, home: &str, words: &[&str]) -> Command {
    let mut tunnel = cloud.tunnel(home);
    tunnel.env("DATABRICKS_HOST", &cloud.endpoint.host).args(words);
    tunnel
}

async fn run(cloud: &Cloud, home: &str, words: &[&str]) -> (i32, String, String) {
    text(&tunnel(cloud, home, words).output().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_connected_to_by_its_name_or_its_id() {
    let cloud = Cloud::start().await;
    let id = cloud.endpoint.cluster_id.clone();
    let (code, out, words) = run(&cloud, "ada", &["connect", "--cluster", "demo", "--", "echo", "by name"]).await;
    assert_eq!((code, out.as_str()), (0, "by name\n"), "{words}");
    let (code, out, words) = run(&cloud, "grace", &["connect", "--cluster", &id, "--", "echo", "by id"]).await;
    assert_eq!((code, out.as_str(), words.as_str()), (0, "by id\n", ""));
    assert_eq!(cloud.runs().await.len(), 1, "both are the same endpoint");
    let (code, out, words) = run(&cloud, "ada", &["status", "--cluster", &id, "--json"]).await;
    assert_eq!((code, &serde_json::from_str::<Value>(&out).unwrap()["name"]), (0, &json!(id)), "{words}");

    let (code, _, words) = run(&cloud, "ada", &["connect", "--cluster", "nope", "--", "true"]).await;
    assert!(code == 1 && words.contains("no cluster has the name \"nope\""), "{words}");
    let (code, _, words) = run(&cloud, "ada", &["connect", "--publish-as", "x", "--", "true"]).await;
    assert!(code == 1 && words.contains("--cluster NAME"), "{words}");
    let twin = json!({
        "cluster_name": "demo", "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 0,
        "is_single_node": true, "kind": "CLASSIC_PREVIEW", "data_security_mode": "SINGLE_USER",
    });
    cloud.post("/api/2.1/clusters/create", twin).await;
    let (code, _, words) = run(&cloud, "ada", &["connect", "--cluster", "demo", "--", "true"]).await;
    assert!(code == 1 && words.contains("several clusters") && words.contains(&id), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_said_by_its_address_or_a_profile_and_so_are_the_credentials() {
    let cloud = Cloud::start().await;
    let host = cloud.endpoint.host.as_str();
    let secret = |name: &str| cloud.cloud.env().into_iter().find(|(other, _)| *other == name).unwrap().1;
    let profile = format!(
        "[other]\nhost = http://dbc-none.localhost:1\ntoken = x\n\n[work]\nhost = {host}\nclient_id = {}\nclient_secret = {}\n",
        secret("DATABRICKS_CLIENT_ID"),
        secret("DATABRICKS_CLIENT_SECRET")
    );
    std::fs::write(cloud.folder.path().join(".databrickscfg"), profile).unwrap();
    // Neither a workspace nor credentials in the environment.
    let bare = |words: &[&str]| {
        let mut tunnel = cloud.tunnel("ada");
        for name in ["DATABRICKS_HOST", "DATABRICKS_ACCOUNT_ID", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"] {
            tunnel.env_remove(name);
        }
        tunnel.args(words);
        tunnel
    };
    let check = async |words: &[&str], expected: Result<&str, &str>| {
        let (code, out, errors) = text(&bare(words).output().await.unwrap());
        match expected {
            Ok(expected) => assert_eq!((code, out.as_str()), (0, expected), "{words:?}: {errors}"),
            Err(expected) => assert!(code == 1 && errors.contains(expected), "{words:?}: {errors}"),
        }
    };
    let outputs = cloud.outputs();
    let outputs = outputs.to_str().unwrap();
    check(&["connect", "--cluster", "demo", "--profile", "work", "--", "echo", "hi"], Ok("hi\n")).await;
    check(
        &["connect", "--cluster", "demo", "--profile", "other", "--host", host, "--", "true"],
        Err("is for dbc-none.localhost:1, so its credentials are not sent"),
    )
    .await;
    check(&["connect", "--outputs", outputs, "--profile", "work", "--", "echo", "hi"], Ok("hi\n")).await;
    // Whose profile is of the host needs no flag, on either side of a job's command either.
    check(&["connect", "--outputs", outputs, "--", "echo", "hi"], Ok("hi\n")).await;
    check(&["job", "list", "--outputs", outputs, "--json"], Ok("[]\n")).await;
    check(&["connect", "--outputs", outputs, "--profile", "other", "--", "true"], Err("is for dbc-none")).await;
    check(&["connect", "--outputs", outputs, "--host", host, "--", "true"], Err("--host is for an endpoint straight"))
        .await;
    assert_eq!(
        bare(&["job", "--outputs", outputs, "--profile", "work", "list"]).output().await.unwrap().status.code(),
        Some(0)
    );
    // A host that was set up signs in by itself, with the same profile.
    let (code, out, words) =
        text(&bare(&["setup", "--outputs", outputs, "--profile", "work", "--print"]).output().await.unwrap());
    assert!(code == 0 && out.contains("--profile=work"), "{out}{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_cannot_serve_is_refused_before_anything_is_started() {
    let cloud = Cloud::start().await;
    let old = json!({
        "cluster_name": "old", "spark_version": "15.4.x-scala2.12", "node_type_id": "m6gd.large", "num_workers": 0,
        "is_single_node": true, "kind": "CLASSIC_PREVIEW", "data_security_mode": "SINGLE_USER",
    });
    cloud.post("/api/2.1/clusters/create", old).await;
    let (code, _, words) = run(&cloud, "ada", &["connect", "--cluster", "old", "--", "true"]).await;
    assert!(code == 1 && words.contains("SSH needs 17.0 or newer"), "{words}");
    assert_eq!(cloud.runs().await.len(), 0);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_key_that_changed_since_the_first_use_stops_the_connection() {
    let cloud = Cloud::start().await;
    let id = cloud.endpoint.cluster_id.clone();
    assert_eq!(run(&cloud, "ada", &["connect", "--cluster", &id, "--", "true"]).await.0, 0);
    let pinned = std::fs::read_dir(cloud.home("ada")).unwrap().flatten().map(|entry| entry.path());
    let pinned = pinned.into_iter().find(|path| path.extension().is_some_and(|end| end == "known_hosts")).unwrap();
    let alias = std::fs::read_to_string(&pinned).unwrap().split(' ').next().unwrap().to_owned();
    std::fs::write(&pinned, format!("{alias} {}\n", another_host_key())).unwrap();
    let (code, _, words) = run(&cloud, "ada", &["connect", "--cluster", &id, "--", "true"]).await;
    assert!(code == 1 && words.contains("has another host key than it had before"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serverless_compute_is_connected_to_under_a_name_of_ones_own() {
    let cloud = Cloud::start().await;
    let connect = ["connect", "--serverless", "--accelerator", "GPU_1xA10", "--", "printenv", "DATABRICKS_CLUSTER_ID"];
    let (code, out, words) = run(&cloud, "ada", &connect).await;
    assert!(code == 0 && out.starts_with("0000-000000-sl"), "{out}{words}");
    let (code, again, words) = run(&cloud, "ada", &connect).await;
    assert_eq!((code, again), (0, out), "{words}");
    assert_eq!(cloud.runs().await.len(), 1);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_terraform_made_is_used_as_it_is() {
    let cloud = Cloud::start().await;
    // Under the name that --cluster looks for, marked as the provider marks what it makes.
    let mut made = wanted(&cloud.endpoint.cluster_id);
    made.name = made.cluster_id.clone();
    made.max_clients = 3;
    let binary = std::fs::read(crate::bench::tunnel_program()).unwrap();
    let endpoint = publish::publish(&cloud.client, &made, binary.into()).await.unwrap();
    publish::announce(&cloud.client, &endpoint).await.unwrap();
    let mark = json!({"scope": endpoint.secret_scope, "key": "terraform-created-by", "string_value": "marker"});
    cloud.post("/api/2.0/secrets/put", mark).await;
    let (code, out, words) =
        run(&cloud, "ada", &["connect", "--cluster", &endpoint.cluster_id, "--", "echo", "in"]).await;
    assert_eq!((code, out.as_str()), (0, "in\n"), "{words}");
    let (_, out, _) = run(&cloud, "ada", &["status", "--cluster", &endpoint.cluster_id, "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["server"]["max_clients"], 3);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_publish_one_endpoint_and_start_one_server() {
    let cloud = Cloud::start().await;
    let connects = (0..10).map(|number| {
        let command = format!("exit {number}");
        let mut connect = tunnel(&cloud, "ada", &["connect", "--cluster", "demo", "--", "sh", "-c", &command]);
        async move { (number, text(&connect.output().await.unwrap())) }
    });
    for (number, (code, _, words)) in futures_util::future::join_all(connects).await {
        assert_eq!(code, number, "{words}");
    }
    assert_eq!(cloud.runs().await.len(), 1);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_machine_knows_is_not_asked_again() {
    let cloud = Cloud::start().await;
    let id = cloud.endpoint.cluster_id.clone();
    let connect = ["connect", "--cluster", &id, "--", "true"];
    assert_eq!(run(&cloud, "ada", &connect).await.0, 0);
    cloud.cloud.clear_requests();
    let (code, _, words) = run(&cloud, "ada", &connect).await;
    assert_eq!((code, words.as_str()), (0, ""));
    let paths: Vec<String> = cloud.cloud.requests().into_iter().map(|entry| entry.path).collect();
    let of = |part: &str| paths.iter().filter(|path| path.contains(part)).count();
    // Where the server is, whether it answers, whether the key is registered (the server looks too, and at what is listed); and then the socket.
    assert_eq!(of("workspace/export"), 1, "{paths:?}");
    assert_eq!(of("/metadata"), 1, "{paths:?}");
    assert_eq!((of("oidc/v1/token"), of("secrets/list"), of("secrets/get")), (1, 3, 0), "{paths:?}");
    assert_eq!((of("clusters/"), of("scim/"), of("import-file"), of("jobs/")), (0, 0, 0, 0), "{paths:?}");

    // Once the server has ended, everything is looked at again.
    assert_eq!(run(&cloud, "ada", &["stop", "--cluster", &id]).await.0, 0);
    cloud.post("/api/2.1/clusters/permanent-delete", json!({"cluster_id": id})).await;
    let (code, _, words) = run(&cloud, "ada", &connect).await;
    assert!(code == 1 && words.contains("has no cluster"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_announced_cannot_send_the_token_elsewhere_or_change_the_pin() {
    let cloud = Cloud::start().await;
    let id = cloud.endpoint.cluster_id.clone();
    let connect = ["connect", "--cluster", &id, "--", "echo", "in"];
    assert_eq!(run(&cloud, "ada", &connect).await.0, 0);
    assert_eq!(run(&cloud, "ada", &["stop", "--cluster", &id]).await.0, 0);
    let scope = format!("ssh-tunnel-{id}");
    let mut evil = cloud.endpoint.clone();
    evil.host = "https://evil.example.com".to_owned();
    evil.workspace_id = "666".to_owned();
    evil.server_host_key = another_host_key();
    for (key, value) in [("terraform-created-by", "x"), ("endpoint", &serde_json::to_string(&evil).unwrap())] {
        cloud.post("/api/2.0/secrets/put", json!({"scope": scope, "key": key, "string_value": value})).await;
    }
    let (code, out, words) = run(&cloud, "ada", &connect).await;
    assert!(code == 1 && words.contains("has another host key than it had before"), "{out}{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_for_other_processors_and_a_cluster_of_somebody_else_are_refused() {
    let cloud = Cloud::start().await;
    let id = cloud.endpoint.cluster_id.clone();
    let mut program = std::fs::read(crate::bench::tunnel_program()).unwrap();
    program[18] = if cfg!(target_arch = "aarch64") { 0x3e } else { 0xb7 };
    let file = cloud.folder.path().join("foreign");
    std::fs::write(&file, program).unwrap();
    let file = file.to_str().unwrap();
    let with = |binary: &str| {
        let words = ["connect", "--cluster", &id, "--tunnel-binary", binary, "--", "true"];
        tunnel(&cloud, "ada", &words)
    };
    let (code, _, words) = text(&with(file).output().await.unwrap());
    assert!(code == 1 && words.contains("is a program for") && words.contains("--tunnel-binary FILE"), "{words}");
    let (code, _, words) = text(&with("/etc/passwd").output().await.unwrap());
    assert!(code == 1 && words.contains("is no program for Linux"), "{words}");

    let theirs = json!({
        "cluster_name": "theirs", "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 0,
        "is_single_node": true, "kind": "CLASSIC_PREVIEW", "data_security_mode": "SINGLE_USER",
        "single_user_name": "grace@example.com",
    });
    cloud.post("/api/2.1/clusters/create", theirs).await;
    let (code, _, words) = run(&cloud, "ada", &["connect", "--cluster", "theirs", "--", "true"]).await;
    assert!(code == 1 && words.contains("is dedicated to grace@example.com"), "{words}");
    assert_eq!(cloud.runs().await.len(), 0);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_publishes_nothing_and_setup_makes_ssh_work_by_itself() {
    let cloud = Cloud::start().await;
    cloud.cloud.clear_requests();
    for words in [&["status"][..], &["stop"], &["logs"], &["keys", "list"]] {
        let words: Vec<&str> = words.iter().copied().chain(["--cluster", "demo"]).collect();
        let (code, _, said) = run(&cloud, "ada", &words).await;
        assert!(code != 0 && said.contains("there is no endpoint"), "{words:?} {code} {said}");
    }
    let (code, out, said) = run(&cloud, "ada", &["doctor", "--cluster", "demo"]).await;
    assert!(code == 1 && format!("{out}{said}").contains("there is no endpoint"), "{out}{said}");
    let written =
        cloud.cloud.requests().into_iter().filter(|entry| entry.method != "GET" && entry.path.starts_with("/api/"));
    assert_eq!(written.map(|entry| entry.path).collect::<Vec<_>>(), Vec::<String>::new());

    let (code, _, said) = run(&cloud, "ada", &["setup", "work", "--cluster", "demo"]).await;
    assert_eq!(code, 0, "{said}");
    let config = cloud.folder.path().join(".ssh/config");
    let mut ssh = Command::new("ssh");
    ssh.arg("-F").arg(config).args(["work", "echo", "over ssh"]).kill_on_drop(true);
    ssh.envs(cloud.cloud.env()).env("DATABRICKS_TUNNEL_HOME", cloud.home("ada"));
    let (code, out, said) = text(&ssh.output().await.unwrap());
    assert_eq!((code, out.as_str()), (0, "over ssh\n"), "{said}");
    let (code, out, said) = run(&cloud, "ada", &["keys", "list", "--cluster", "demo"]).await;
    assert!(code == 0 && out.contains("SHA256:"), "{out}{said}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_terraforms_on_other_compute_is_not_taken() {
    let cloud = Cloud::start().await;
    let mut made = wanted("0123-456789-elsewher");
    made.name = "taken".to_owned();
    let binary = std::fs::read(crate::bench::tunnel_program()).unwrap();
    let endpoint = publish::publish(&cloud.client, &made, binary.into()).await.unwrap();
    publish::announce(&cloud.client, &endpoint).await.unwrap();
    let mark = json!({"scope": endpoint.secret_scope, "key": "terraform-created-by", "string_value": "marker"});
    cloud.post("/api/2.0/secrets/put", mark).await;
    let connect = ["connect", "--cluster", "demo", "--publish-as", "taken", "--", "true"];
    let (code, _, words) = run(&cloud, "ada", &connect).await;
    assert!(code == 1 && words.contains("is Terraform's, and on other compute"), "{words}");
    cloud.cloud.stop().await;
}
