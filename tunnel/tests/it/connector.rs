//! The actions of an API connector, each with what can go wrong with it: `cargo test` says so in one place.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::process::Command;

use crate::bench::text;
use crate::cloud::{Cloud, until};
use crate::people::Person;
use crate::schema::fits;

/// A cloud in which each action has what it is about.
struct Connected {
    cloud: Cloud,
    cluster: String,
    warehouse: String,
    context: String,
    command: String,
}

impl Connected {
    async fn new() -> Self {
        let cloud = Cloud::start().await;
        let cluster = cloud.endpoint.cluster_id.clone();
        let made = cloud.post("/api/2.0/sql/warehouses", json!({"name": "reports", "cluster_size": "Small"})).await;
        let warehouse = made["id"].as_str().unwrap().to_owned();
        let mut connected = Self { cloud, cluster, warehouse, context: String::new(), command: String::new() };
        connected.prepare().await;
        connected
    }

    /// The cluster and the warehouse run, and a command has run in a context.
    async fn prepare(&mut self) {
        self.ok(&["cluster", "start", &self.cluster, "--wait"]).await;
        self.ok(&["warehouse", "start", &self.warehouse, "--wait"]).await;
        self.context = self.ok(&["context", "create", "--cluster", &self.cluster]).await.trim().to_owned();
        let at = ["--cluster", self.cluster.as_str(), "--context", self.context.as_str()];
        self.command = self.ok(&[&["exec", "-c", "1", "--async"][..], &at].concat()).await.trim().to_owned();
    }

    /// The words of each action, about these things.
    fn actions(&self, cluster: &str, warehouse: &str, context: &str) -> Vec<Vec<String>> {
        let raw = format!("2.0/sql/warehouses/{warehouse}");
        let actions: [&[&str]; 16] = [
            &["context", "create", "--cluster", cluster],
            &["exec", "-c", "1", "--cluster", cluster],
            &["command", "status", &self.command, "--wait", "--cluster", cluster, "--context", context],
            &["cluster", "get", cluster],
            &["cluster", "list"],
            &["cluster", "start", cluster, "--wait"],
            &["cluster", "restart", cluster, "--wait"],
            &["cluster", "terminate", cluster, "--wait"],
            &["node-types"],
            &["warehouse", "get", warehouse],
            &["warehouse", "list"],
            &["warehouse", "start", warehouse, "--wait"],
            &["sql", "SELECT 1 AS a", "--warehouse", warehouse],
            &["warehouse", "stop", warehouse, "--wait"],
            &["whoami"],
            &["api", "GET", &raw],
        ];
        actions.iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).collect()
    }

    fn own(&self) -> Vec<Vec<String>> {
        self.actions(&self.cluster, &self.warehouse, &self.context)
    }

    fn tunnel(&self, words: &[impl AsRef<str>]) -> Command {
        let mut tunnel = self.cloud.tunnel("ada");
        tunnel.current_dir(self.cloud.folder.path());
        tunnel.args(words.iter().map(AsRef::as_ref)).args(["--host", &self.cloud.endpoint.host]);
        tunnel
    }

    async fn run(&self, words: &[impl AsRef<str>]) -> (i32, String, String) {
        text(&self.tunnel(words).output().await.unwrap())
    }

    async fn ok(&self, words: &[&str]) -> String {
        let (code, out, errors) = self.run(words).await;
        assert_eq!(code, 0, "{words:?}: {errors}");
        out
    }
}

/// What an action is called.
fn name(words: &[String]) -> String {
    let is_name = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    words.iter().take(2).take_while(is_name).map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_action_works_and_says_who_is_not_signed_in_not_allowed_or_not_there() {
    let mut connected = Connected::new().await;
    for words in connected.own() {
        let (code, _, errors) =
            text(&connected.tunnel(&words).env("DATABRICKS_CLIENT_SECRET", "wrong").output().await.unwrap());
        assert!(code == 4 && !errors.is_empty(), "no login: {words:?} {code}: {errors}");
    }
    let missing = connected.actions("0123-456789-abcdefgh", "0123456789abcdef", "none");
    for words in missing {
        let (code, _, errors) = connected.run(&words).await;
        let has_no_id = ["cluster list", "node-types", "warehouse list", "whoami"].contains(&name(&words).as_str());
        assert_eq!(code, if has_no_id { 0 } else { 3 }, "no such id: {words:?}: {errors}");
    }
    // Somebody of the workspace to whom nothing was given sees no more than that.
    let eve = Person::new(&connected.cloud, "eve").await;
    for words in connected.own() {
        let (code, out, errors) = text(&eve.signed_in(connected.tunnel(&words)).output().await.unwrap());
        let is_open = ["cluster list", "node-types", "warehouse list", "whoami"].contains(&name(&words).as_str());
        assert_eq!(code, if is_open { 0 } else { 4 }, "no permission: {words:?}: {errors}");
        assert!(!out.contains("reports") && !out.contains(&connected.cluster), "{words:?}: {out}");
    }
    for words in connected.own() {
        if name(&words) == "cluster terminate" {
            continue;
        }
        let (code, _, errors) = connected.run(&words).await;
        // The restart has ended the context.
        connected.context =
            connected.ok(&["context", "create", "--cluster", &connected.cluster]).await.trim().to_owned();
        assert_eq!(code, 0, "{words:?}: {errors}");
    }
    let (cluster, context) = (connected.cluster.as_str(), connected.context.as_str());
    let of_context = ["--cluster", cluster, "--context", context];
    let statement = connected.ok(&["sql", "SELECT 1", "--async"]).await;
    let asked: [(&str, &[&str]); 17] = [
        ("whoami", &[]),
        ("auth test", &[]),
        ("cluster list", &[]),
        ("cluster get", &[cluster]),
        ("cluster events", &[cluster]),
        ("node-types", &[]),
        ("warehouse list", &[]),
        ("warehouse get", &[&connected.warehouse]),
        ("context create", &["--cluster", cluster]),
        ("context status", &[context, "--cluster", cluster]),
        ("exec", &["-c", "print(1)", "--cluster", cluster]),
        ("exec", &["-c", "SELECT 1 AS a", "--language", "sql", "--cluster", cluster]),
        ("exec", &["-c", "1 / 0", "--cluster", cluster]),
        ("exec --async", &[&["-c", "1"], &of_context[..]].concat()),
        ("sql", &["SELECT 1 AS a, NULL AS b"]),
        ("sql status", &[statement.trim()]),
        ("sql cancel", &[statement.trim()]),
    ];
    let mut printed = Vec::new();
    for (command, words) in asked {
        let words: Vec<&str> = command.split(' ').chain(words.iter().copied()).chain(["--json"]).collect();
        printed.push((command, connected.run(&words).await.1));
    }
    let command: serde_json::Value = serde_json::from_str(&printed[13].1).unwrap();
    let words = [&["command", "status", command["commandId"].as_str().unwrap(), "--json"], &of_context[..]].concat();
    printed.push(("command status", connected.run(&words).await.1));
    fits(&printed.iter().map(|(command, text)| (*command, text.as_str())).collect::<Vec<_>>());
    connected.cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_action_outlives_a_connection_or_says_that_nobody_knows() {
    let mut connected = Connected::new().await;
    // What each asks for last, and what becomes of it when its connection is cut before anything has happened.
    let calls = [
        ("context create", "POST /api/1.2/contexts/create", false),
        ("exec", "POST /api/1.2/commands/execute", false),
        ("command status", "GET /api/1.2/commands/status", true),
        ("cluster get", "GET /api/2.1/clusters/get", true),
        ("cluster list", "GET /api/2.1/clusters/list", true),
        ("cluster start", "GET /api/2.1/clusters/get", true),
        ("cluster restart", "POST /api/2.1/clusters/restart", true),
        ("cluster terminate", "POST /api/2.1/clusters/delete", true),
        ("node-types", "GET /api/2.1/clusters/list-node-types", true),
        ("warehouse get", "GET /api/2.0/sql/warehouses/*", true),
        ("warehouse list", "GET /api/2.0/sql/warehouses", true),
        ("warehouse start", "GET /api/2.0/sql/warehouses/*", true),
        ("sql", "POST /api/2.0/sql/statements", false),
        ("warehouse stop", "POST /api/2.0/sql/warehouses/*/stop", true),
        ("whoami", "GET /api/2.0/preview/scim/v2/Me", true),
        ("api", "GET /api/2.0/sql/warehouses/*", false),
    ];
    for (at, (action, call, goes_on)) in calls.into_iter().enumerate() {
        let words = connected.own().swap_remove(at);
        assert!(name(&words).starts_with(action), "{words:?}");
        connected.cloud.cloud.clear_faults();
        connected.cloud.cloud.fault(serde_json::from_value(json!({"match": call, "times": 1, "cut": true})).unwrap());
        let (code, _, errors) = connected.run(&words).await;
        assert_eq!(code, i32::from(!goes_on), "{action}: {errors}");
        assert!(goes_on || errors.contains("no answer") || errors.contains("lost"), "{action}: {errors}");
        assert!(
            connected.cloud.cloud.faults().iter().all(|fault| fault.times == 0),
            "{action}: {call} was not asked for"
        );
        connected.prepare().await;
    }
    connected.cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_is_said_with_how_to_start_it_and_a_driver_that_goes_takes_its_commands_along() {
    let connected = Connected::new().await;
    let mark = connected.cloud.folder.path().join("mark");
    let code = format!("open('{}', 'w').close(); import time; time.sleep(600)", mark.display());
    let running = connected.tunnel(&["exec", "-c", &code, "--cluster", &connected.cluster]).spawn().unwrap();
    until("it runs", async || mark.exists()).await;
    connected.ok(&["cluster", "terminate", &connected.cluster, "--wait"]).await;
    let (code, _, errors) = text(&running.wait_with_output().await.unwrap());
    assert!([1, 3].contains(&code) && !errors.is_empty(), "{code} {errors}");
    for words in connected.own().into_iter().take(3) {
        let started = Instant::now();
        let (code, _, errors) = connected.run(&words).await;
        // The answer to who asks nevertheless looks like that of a young workspace, which is asked again for minutes.
        assert!(started.elapsed() < Duration::from_secs(30), "{words:?}: {:?}", started.elapsed());
        assert!([1, 3].contains(&code), "{words:?} {code}: {errors}");
        // A command that is looked at has gone with its driver; the others can be helped.
        assert!(name(&words) == "command status" || errors.contains("start"), "{words:?}: {errors}");
    }
    let restart = ["cluster", "restart", &connected.cluster];
    let (code, _, errors) = connected.run(&restart).await;
    assert!(code == 1 && errors.contains("tunnel cluster start"), "{errors}");
    connected.ok(&["warehouse", "stop", &connected.warehouse, "--wait"]).await;
    assert_eq!(connected.ok(&["sql", "SELECT 1 AS a", "--output", "csv"]).await, "a\n1\n");
    connected.cloud.cloud.stop().await;
}
