//! Execution contexts of R and Scala: real sessions where the program is on this machine, and else contexts in status Error.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::Bench;

/// A cluster with contexts.
struct Driver {
    bench: Bench,
    at: String,
    cluster: String,
}

/// A context on it.
struct Context<'a> {
    driver: &'a Driver,
    language: &'static str,
    id: String,
}

impl Driver {
    async fn new(bench: Bench) -> Self {
        let (_, at) = bench.workspace("contexts").await;
        let spec = json!({"spark_version": "17.3.x-scala2.13", "node_type_id": "m5d.large", "num_workers": 0});
        let made = bench.post(&at, "/api/2.1/clusters/create", spec).await.ok();
        let cluster = made["cluster_id"].as_str().unwrap().to_owned();
        let get = format!("/api/2.1/clusters/get?cluster_id={cluster}");
        bench.until("the cluster runs", async || bench.get(&at, &get).await.ok()["state"] == "RUNNING").await;
        Self { bench, at, cluster }
    }

    async fn context(&self, language: &'static str) -> Context<'_> {
        let body = json!({"clusterId": self.cluster, "language": language});
        let made = self.bench.post(&self.at, "/api/1.2/contexts/create", body).await.ok();
        Context { driver: self, language, id: made["id"].as_str().unwrap().to_owned() }
    }
}

impl Context<'_> {
    fn body(&self, more: Value) -> Value {
        let mut body = json!({"clusterId": self.driver.cluster, "contextId": self.id});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    async fn post(&self, path: &str, more: Value) -> Value {
        self.driver.bench.post(&self.driver.at, path, self.body(more)).await.ok()
    }

    async fn until_status(&self, status: &str) {
        let Driver { bench, at, cluster } = self.driver;
        let path = format!("/api/1.2/contexts/status?clusterId={cluster}&contextId={}", self.id);
        bench.until(status, async || bench.get(at, &path).await.ok()["status"] == status).await;
    }

    async fn start(&self, code: &str) -> String {
        let told = self.post("/api/1.2/commands/execute", json!({"language": self.language, "command": code})).await;
        told["id"].as_str().unwrap().to_owned()
    }

    async fn until(&self, command: &str, status: &str) -> Value {
        let Driver { bench, at, cluster } = self.driver;
        let path = format!("/api/1.2/commands/status?clusterId={cluster}&contextId={}&commandId={command}", self.id);
        bench.until(status, async || bench.get(at, &path).await.ok()["status"] == status).await;
        bench.get(at, &path).await.ok()["results"].clone()
    }

    async fn run(&self, code: &str) -> Value {
        let command = self.start(code).await;
        self.until(&command, "Finished").await
    }

    async fn text(&self, code: &str) -> String {
        let told = self.run(code).await;
        assert_eq!(told["resultType"], "text", "{code}: {told}");
        told["data"].as_str().unwrap().to_owned()
    }
}

/// Whether R is on this machine; what a test that needs it leaves out it says.
fn has_r() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join("Rscript").is_file());
    if !is_there {
        eprintln!("NOT TESTED: there is no Rscript on the PATH (Debian: r-base-core)");
    }
    is_there
}

#[tokio::test]
async fn a_context_whose_program_is_not_there_is_in_error_and_so_are_its_commands() {
    let bench = Bench::with(|options| options.r = options.dir.join("none/Rscript")).await;
    let driver = Driver::new(bench).await;
    for language in ["r", "scala"] {
        let context = driver.context(language).await;
        context.until_status("Error").await;
        let command = context.start("1 + 1").await;
        assert_eq!(context.until(&command, "Error").await, Value::Null, "{language}");
    }
}

#[tokio::test]
async fn a_context_of_r_is_a_session() {
    if !has_r() {
        return;
    }
    let driver = Driver::new(Bench::new().await).await;
    let context = driver.context("r").await;
    context.until_status("Running").await;
    assert_eq!(context.text("x <- 41\ncat('written\\n')\nx + 1").await, "written\n[1] 42\n");
    assert_eq!(context.text("rm(list = 'none')").await, "Warning message:\nobject 'none' not found\n");
    assert_eq!(context.text("message('é \"quoted\" \\\\'); invisible(x)").await, "é \"quoted\" \\\n");
    assert_eq!(context.text("").await, "");
    // What its children write is the log's, and not an answer.
    assert_eq!(context.text("status <- system('echo {}'); status").await, "[1] 0\n");
    assert_eq!(context.text("Sys.getenv('DATABRICKS_CLUSTER_ID')").await, format!("[1] \"{}\"\n", driver.cluster));
    let table = context.run("rm(list = ls()); display(data.frame(a = 1:2, b = c('x', NA), c = c(1.5, 2)))").await;
    assert_eq!(table["data"], json!([[1, "x", 1.5], [2, null, 2]]), "{table}");
    assert_eq!(table["schema"][2], json!({"name": "c", "type": "\"double\"", "metadata": "{}"}));
    let check = async |code: &str, summary: &str, cause: &str| {
        let told = context.run(code).await;
        assert_eq!((&told["resultType"], &told["summary"]), (&json!("error"), &json!(summary)), "{told}");
        assert!(told["cause"].as_str().unwrap().contains(cause), "{told}");
    };
    check("cat('before\\n'); stop('my words')", "Error: my words", "before\nError: my words").await;
    check("f <- function(a) stop('in it'); f(1)", "Error in f(1): in it", "in it").await;
    check("none", "Error: object 'none' not found", "none").await;
    assert!(context.run("1 +").await["summary"].as_str().unwrap().contains("unexpected end of input"));
    // Sessions have nothing in common.
    let other = driver.context("r").await;
    context.text("x <- 1").await;
    assert_eq!(other.text("exists('x')").await, "[1] FALSE\n");
    // One that ends itself takes its command along, and no other context.
    let command = other.start("quit()").await;
    other.until(&command, "Error").await;
    other.until_status("Error").await;
    assert_eq!(context.text("x").await, "[1] 1\n");
}

#[tokio::test]
async fn a_command_of_r_is_cancelled_and_nothing_of_its_context_is_left() {
    if !has_r() {
        return;
    }
    let driver = Driver::new(Bench::new().await).await;
    let context = driver.context("r").await;
    context.text("x <- 7").await;
    for endless in ["repeat x <- x", "Sys.sleep(1000)"] {
        let command = context.start(endless).await;
        context.until(&command, "Running").await;
        context.post("/api/1.2/commands/cancel", json!({"commandId": command})).await;
        context.until(&command, "Cancelled").await;
        assert_eq!(context.text("x").await, "[1] 7\n", "{endless}");
    }
    let mark = format!("LOCALCLOUD_DRIVER={}|", driver.bench.dir().canonicalize().unwrap().display());
    let processes = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let environments = all.filter_map(|entry| std::fs::read(entry.path().join("environ")).ok());
        environments.filter(|one| String::from_utf8_lossy(one).contains(&mark)).count()
    };
    // What it started outlives a command, and not the context.
    context.text("system('sleep 1000', wait = FALSE)").await;
    assert!(processes() >= 2, "{}", processes());
    context.post("/api/1.2/contexts/destroy", json!({})).await;
    driver.bench.until("nothing is left", async || processes() == 0).await;
    let last = driver.context("r").await;
    last.start("Sys.sleep(1000)").await;
    last.until_status("Running").await;
    let body = json!({"cluster_id": driver.cluster});
    driver.bench.send(Method::POST, &driver.at, "/api/2.1/clusters/delete", Some(body)).await.ok();
    driver.bench.until("nothing is left", async || processes() == 0).await;
}
