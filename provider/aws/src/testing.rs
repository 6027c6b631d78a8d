//! For tests: moto, found through `LOCALCLOUD_VENV` or the PATH, behind a proxy that can misbehave. Tests that need it say that they are
//! skipped where it is not installed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::Timestamp;
use tfplugin::{Attr, Call, Marker, Resource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::client::Aws;
use super::tags::Tags;
use crate::config::Endpoints;

/// A running moto, ended on drop, and the proxy before it.
pub(crate) struct Moto {
    process: Child,
    endpoint: String,
    faults: Arc<Mutex<Vec<Misbehaviour>>>,
    actions: Arc<Mutex<Vec<String>>>,
}

/// What the proxy does to the next `times` requests of an action.
#[derive(Debug, Clone)]
pub(crate) struct Misbehaviour {
    pub(crate) action: &'static str,
    pub(crate) times: u32,
    pub(crate) how: How,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    /// Answers with a status and an error code; moto never sees the request.
    Refuse(u16, &'static str),
    /// Lets the request take effect and cuts the connection instead of answering.
    LoseAnswer,
}

/// Starts moto; `None`, with a word on stderr, where it is not installed.
pub(crate) async fn moto() -> Option<Moto> {
    let venv = std::env::var_os("LOCALCLOUD_VENV").map(|venv| PathBuf::from(venv).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = venv.into_iter().chain(std::env::split_paths(&path));
    let Some(program) = folders.map(|folder| folder.join("moto_server")).find(|program| program.is_file()) else {
        eprintln!("skipped: moto_server is not on the PATH and LOCALCLOUD_VENV is not set");
        return None;
    };
    let mut process = Command::new(program)
        .args(["-H", "127.0.0.1", "-p", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut words = BufReader::new(process.stderr.take().unwrap());
    let mut line = String::new();
    let port: u16 = loop {
        line.clear();
        assert!(words.read_line(&mut line).unwrap() > 0, "moto ended before it listened");
        if let Some((_, port)) = line.trim().rsplit_once("http://127.0.0.1:") {
            break port.parse().unwrap();
        }
    };
    // It goes on talking, to nobody.
    std::thread::spawn(move || std::io::copy(&mut words, &mut std::io::sink()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (faults, actions) = (Arc::<Mutex<Vec<Misbehaviour>>>::default(), Arc::<Mutex<Vec<String>>>::default());
    let shared = (Arc::clone(&faults), Arc::clone(&actions));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (faults, actions) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
            tokio::spawn(async move {
                let _ = pass(client, port, &faults, &actions).await;
            });
        }
    });
    Some(Moto { process, endpoint, faults, actions })
}

/// One request through the proxy, one connection each.
async fn pass(
    mut client: TcpStream,
    port: u16,
    faults: &Mutex<Vec<Misbehaviour>>,
    actions: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let (head, body) = loop {
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).into_owned();
        let length = head.lines().find_map(|line| {
            line.to_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse::<usize>().unwrap())
        });
        while request.len() < end + 4 + length.unwrap_or(0) {
            client.read_buf(&mut request).await?;
        }
        break (head, request[end + 4..].to_vec());
    };
    let text = String::from_utf8_lossy(&body).into_owned();
    let action = action_of(&head, &text);
    actions.lock().unwrap().push(action.clone());
    let fault = {
        let mut faults = faults.lock().unwrap();
        let fault = faults.iter_mut().find(|fault| fault.action == action && fault.times > 0);
        fault.map(|fault| {
            fault.times -= 1;
            fault.how
        })
    };
    if let Some(How::Refuse(status, code)) = fault {
        let body = refusal(&head, &text, code);
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        return client.write_all(answer.as_bytes()).await;
    }
    let mut moto = TcpStream::connect(("127.0.0.1", port)).await?;
    let lines = head.lines().filter(|line| !line.to_lowercase().starts_with("connection:"));
    let head = lines.map(|line| format!("{line}\r\n")).collect::<String>();
    moto.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await?;
    moto.write_all(&body).await?;
    let mut answer = Vec::new();
    moto.read_to_end(&mut answer).await?;
    if matches!(fault, Some(How::LoseAnswer)) { Ok(()) } else { client.write_all(&answer).await }
}

/// The action of a request: EC2 and IAM name it in the form, KMS in a header, S3 by method and setting: `PUT policy`.
fn action_of(head: &str, body: &str) -> String {
    if let Some(action) = body.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
        return action.to_owned();
    }
    let target = head.lines().find(|line| line.to_lowercase().starts_with("x-amz-target:"));
    if let Some((_, action)) = target.and_then(|line| line.rsplit_once('.')) {
        return action.to_owned();
    }
    let mut words = head.split_whitespace();
    let (method, address) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let setting = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default()).find(|name| *name != "x-id");
    format!("{method} {}", setting.unwrap_or_default()).trim_end().to_owned()
}

/// An error in the words of the service that was asked.
fn refusal(head: &str, body: &str, code: &str) -> String {
    let message = "Injected: invalid principal.";
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    if head.to_lowercase().contains("x-amz-target:") {
        format!(r#"{{"__type":"{code}","message":"{message}"}}"#)
    } else if body.contains("Version=2010-05-08") {
        format!("<ErrorResponse>{error}<RequestId>r-1</RequestId></ErrorResponse>")
    } else if body.contains("Action=") {
        format!("<Response><Errors>{error}</Errors><RequestID>r-1</RequestID></Response>")
    } else {
        error
    }
}

impl Moto {
    /// The clients, with a default tag.
    pub(crate) fn aws(&self) -> Aws {
        aws_at(&self.endpoint)
    }

    /// A call that may take a minute.
    pub(crate) fn call(&self) -> Call<Aws> {
        call(self.aws(), 60)
    }

    /// Misbehaves from now on.
    pub(crate) fn misbehave(&self, action: &'static str, times: u32, how: How) {
        self.faults.lock().unwrap().push(Misbehaviour { action, times, how });
    }

    /// How often an action was asked for.
    pub(crate) fn asked(&self, action: &str) -> usize {
        self.actions.lock().unwrap().iter().filter(|asked| *asked == action).count()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Clients of an endpoint.
pub(crate) fn aws_at(endpoint: &str) -> Aws {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(10)))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let tags = BTreeMap::from([("team".to_owned(), "data".to_owned())]);
    Aws::from_config(&config, &Endpoints::default(), None, tags).unwrap()
}

/// A call with a mark of its own.
pub(crate) fn call(aws: Aws, seconds: u64) -> Call<Aws> {
    let marker = Marker { id: uuid::Uuid::new_v4().to_string(), since: Timestamp::now() };
    Call::new(Arc::new(aws), CancellationToken::new(), Duration::from_secs(seconds), marker)
}

/// Creates an object and waits for it.
pub(crate) async fn make<R: Resource<Client = Aws>>(cx: &Call<Aws>, plan: R) -> R {
    let created = R::create(cx, plan).await.map_err(|failed| failed.error.to_string()).unwrap();
    R::ready(cx, created).await.unwrap()
}

/// Updates an object and waits for it.
pub(crate) async fn change<R: Resource<Client = Aws>>(cx: &Call<Aws>, state: R, plan: R) -> R {
    let updated = R::update(cx, state, plan).await.map_err(|failed| failed.error.to_string()).unwrap();
    R::ready(cx, updated).await.unwrap()
}

/// Creates an object, and holds its promises: a read shows no difference, an import reads the same, and the mark finds it.
pub(crate) async fn hold<R: Resource<Client = Aws>>(moto: &Moto, plan: R, import_id: impl Fn(&R) -> String) -> R {
    let cx = moto.call();
    let made = make(&cx, plan.clone()).await;
    same(R::NAME, "read", &made, &R::read(&cx, made.clone()).await.unwrap().unwrap());
    let imported = R::import(&cx, &import_id(&made)).await.unwrap();
    same(R::NAME, "import", &made, &R::read(&cx, imported).await.unwrap().unwrap());
    let found = R::find(&cx, &plan, cx.marker()).await.unwrap().unwrap();
    same(R::NAME, "find", &made, &found);
    made
}

/// Deletes an object, twice, and looks for it.
pub(crate) async fn end<R: Resource<Client = Aws>>(moto: &Moto, state: R) {
    let cx = moto.call();
    R::delete(&cx, state.clone()).await.unwrap();
    assert!(R::read(&cx, state.clone()).await.unwrap().is_none(), "{} is still there", R::NAME);
    R::delete(&cx, state).await.unwrap();
}

fn same<R: Resource>(name: &str, what: &str, expected: &R, found: &R) {
    let json = |object: &R| {
        let mut json = serde_json::to_value(object).unwrap();
        for ignored in tfplugin::reconcile::import_ignores::<R>() {
            json[*ignored] = serde_json::Value::Null;
        }
        // An import cannot tell no tags from an empty map.
        if json["tags"] == serde_json::json!({}) {
            json["tags"] = serde_json::Value::Null;
        }
        json
    };
    assert_eq!(json(expected), json(found), "{name} after {what}");
}

/// Tags of one name.
pub(crate) fn named(name: &str) -> Attr<Tags> {
    Attr::Known(Tags::from([("Name".to_owned(), name.into())]))
}
