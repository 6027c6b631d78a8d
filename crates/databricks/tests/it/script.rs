//! A service that plays a script: per route a row of answers, the last of which stays. It records what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use databricks::{Client, Config, Environment};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the service does with a request.
#[derive(Clone)]
pub(crate) enum Play {
    /// Answers: status, headers, body.
    Answer(u16, Vec<(&'static str, &'static str)>, String),
    /// Reads the whole request and closes the connection without a word.
    Drop,
    /// Answers 200 with this body after so many milliseconds.
    Slow(u64, &'static str),
}

pub(crate) fn ok(body: &str) -> Play {
    Play::Answer(200, vec![], body.to_owned())
}

pub(crate) fn status(status: u16, body: &str) -> Play {
    Play::Answer(status, vec![], body.to_owned())
}

pub(crate) fn token(value: &str, expires_in: u32) -> Play {
    ok(&format!(r#"{{"access_token":"{value}","token_type":"Bearer","expires_in":{expires_in}}}"#))
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) route: String,
    pub(crate) query: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

#[derive(Default)]
struct State {
    routes: BTreeMap<&'static str, VecDeque<Play>>,
    seen: Vec<Seen>,
}

pub(crate) struct Service {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start(routes: &[(&'static str, &[Play])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let routes = routes.iter().map(|(route, plays)| (*route, plays.iter().cloned().collect())).collect();
        let state = Arc::new(Mutex::new(State { routes, seen: Vec::new() }));
        let shared = state.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, shared.clone(), port));
            }
        });
        Self { port, state, accepting }
    }

    /// All requests of a route.
    pub(crate) fn seen(&self, route: &str) -> Vec<Seen> {
        self.state.lock().unwrap().seen.iter().filter(|seen| seen.route == route).cloned().collect()
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{name}:{}", self.port)
    }

    /// A client with a personal access token.
    pub(crate) fn with_token(&self) -> Client {
        self.client(&[("DATABRICKS_TOKEN", "dapi-s3cret")])
    }

    /// A client with a client id and secret.
    pub(crate) fn with_oauth(&self) -> Client {
        self.client(&[("DATABRICKS_CLIENT_ID", "the-id"), ("DATABRICKS_CLIENT_SECRET", "s3cret")])
    }

    pub(crate) fn client(&self, environment: &[(&str, &str)]) -> Client {
        self.client_at("dbc-1.localhost", environment)
    }

    pub(crate) fn client_at(&self, name: &str, environment: &[(&str, &str)]) -> Client {
        let config = Config { host: Some(self.url(name)), ..Config::default() };
        let environment: Environment = environment.iter().copied().collect();
        Client::with_environment(config, &environment).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>, port: u16) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read(&mut stream).await {
        let play = {
            let mut state = state.lock().unwrap();
            state.seen.push(seen.clone());
            let plays = state.routes.get_mut(seen.route.as_str());
            plays.map_or_else(
                || status(404, &format!(r#"{{"error_code":"ENDPOINT_NOT_FOUND","message":"{}"}}"#, seen.route)),
                |plays| if plays.len() > 1 { plays.pop_front().unwrap() } else { plays[0].clone() },
            )
        };
        let (status, headers, body) = match play {
            Play::Answer(status, headers, body) => (status, headers, body),
            Play::Drop => return,
            Play::Slow(milliseconds, body) => {
                tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
                (200, Vec::new(), body.to_owned())
            }
        };
        let body = body.replace("{port}", &port.to_string());
        let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {}\r\n", value.replace("{port}", &port.to_string()));
        }
        if stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines[0].split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: BTreeMap<String, String> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let route = format!("{method} {path}");
    Some(Seen { route, query: query.to_owned(), headers, body: String::from_utf8(body).unwrap() })
}
