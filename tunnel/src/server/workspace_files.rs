//! Tells a driver's file systems (`/Workspace`, `/Volumes`) that this process and its descendants act for the notebook's user.
//! A service on the driver takes that, renewed every minute, and an empty token takes it back. Where there is no such service,
//! nothing is lost: then descent from the notebook is what counts. It is never asked through an HTTP proxy.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use secret::Secret;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Names under which a driver reaches its own node, the best first.
const HOSTS: [&str; 3] = ["databricks.node.host.local", "node.host.local", "localhost"];
/// The services: a port and the path before the process id, for workspace files and for volumes.
const SERVICES: [(u16, &str); 2] = [(1021, "/api/1/pid/"), (1015, "/dbfs-fuse-api/1/pid/")];
/// How often it is renewed.
const EVERY: Duration = Duration::from_secs(60);
/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(2);

/// A process and what it is registered with.
#[derive(Debug, Clone)]
pub struct Registration {
    token: Option<Secret<String>>,
    user_id: Arc<OnceLock<String>>,
    process: u32,
    /// Field 22 of `/proc/PID/stat`, in clock ticks since the start of the machine: proc(5).
    started: String,
    /// Inode of the process's namespace of process ids: pid_namespaces(7).
    namespace: String,
    hosts: Vec<String>,
    services: Vec<(u16, String)>,
}

impl Registration {
    /// This process, with the notebook's token.
    pub fn of_this_process(token: Option<Secret<String>>) -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let link = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Self {
            token,
            user_id: Arc::default(),
            process: std::process::id(),
            started: start_time(&stat).unwrap_or_default().to_owned(),
            namespace: link.to_string_lossy().chars().filter(char::is_ascii_digit).collect(),
            hosts: HOSTS.map(str::to_owned).to_vec(),
            services: SERVICES.map(|(port, path)| (port, path.to_owned())).to_vec(),
        }
    }

    /// Says whose token it is: the user's SCIM id.
    pub fn acts_for(&self, user_id: String) {
        // It is the same one whoever says it.
        let _ = self.user_id.set(user_id);
    }

    /// Registers, and goes on with it until it is dropped. Where no service took it at first, it ends; one that is away later is
    /// told again.
    pub async fn keep(self) {
        self.keep_every(EVERY).await;
    }

    async fn keep_every(self, every: Duration) {
        let Some(token) = &self.token else { return };
        if self.tell(token.expose()).await == 0 {
            return;
        }
        loop {
            sleep(every).await;
            self.tell(token.expose()).await;
        }
    }

    /// Takes the registration back.
    pub async fn revoke(&self) {
        if self.token.is_some() {
            // Nobody waits longer for a service that may not be there.
            let _ = timeout(LIMIT, self.tell("")).await;
        }
    }

    /// Tells each service, at the first host that answers; answers how many took it.
    async fn tell(&self, token: &str) -> usize {
        let mut took = 0;
        for (port, path) in &self.services {
            for host in &self.hosts {
                match timeout(LIMIT, self.put(host, *port, path, token)).await {
                    Ok(Ok(StatusCode::OK)) => {
                        took += 1;
                        break;
                    }
                    Ok(Ok(status)) => {
                        tracing::debug!(host, port, %status, "a file system did not take the registration")
                    }
                    Ok(Err(error)) => tracing::debug!(host, port, error, "no service of a file system"),
                    Err(_) => tracing::debug!(host, port, "no answer of a file system"),
                }
            }
        }
        took
    }

    async fn put(&self, host: &str, port: u16, path: &str, token: &str) -> Result<StatusCode, String> {
        let body = json!({
            "apiToken": token,
            "procStartTime": self.started,
            "commandOrigin": "RemoteSshServer",
            "namespaceId": self.namespace,
            "additionalTags": {"userId": self.user_id.get().map_or("", String::as_str)},
        });
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let stream = TcpStream::connect((host, port)).await.map_err(|error| text(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("{path}{}", self.process))
            .header(header::HOST, format!("{host}:{port}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|error| text(&error))?;
        // A redirect is an answer like any other: the token goes nowhere else.
        Ok(sender.send_request(request).await.map_err(|error| text(&error))?.status())
    }
}

/// Field 22 of `/proc/PID/stat`, behind a name that may hold anything.
fn start_time(stat: &str) -> Option<&str> {
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(19)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use serde_json::Value;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A service that answers once, and what it was told: the first line and the body.
    async fn service(answer: &'static str) -> (u16, tokio::task::JoinHandle<(String, Value)>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = String::new();
            while !request.ends_with('}') {
                let mut buffer = [0; 4096];
                let read = stream.read(&mut buffer).await.unwrap();
                request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            (head.lines().next().unwrap().to_owned(), serde_json::from_str(body).unwrap())
        });
        (port, told)
    }

    fn registration(ports: &[u16]) -> Registration {
        Registration {
            hosts: vec!["127.0.0.1".to_owned()],
            services: ports.iter().map(|port| (*port, "/api/1/pid/".to_owned())).collect(),
            ..Registration::of_this_process(Some(Secret::from("the-token")))
        }
    }

    #[tokio::test]
    async fn the_process_is_told_with_its_token_and_taken_back_without() {
        let (port, told) = service("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        let registered = registration(&[port]);
        registered.acts_for("4711".to_owned());
        assert_eq!(registered.tell("the-token").await, 1);
        let (line, body) = told.await.unwrap();
        assert_eq!(line, format!("PUT /api/1/pid/{} HTTP/1.1", std::process::id()));
        assert_eq!(
            (body["apiToken"].as_str(), body["commandOrigin"].as_str()),
            (Some("the-token"), Some("RemoteSshServer"))
        );
        assert_eq!(body["additionalTags"]["userId"], "4711");
        for number in ["procStartTime", "namespaceId"] {
            assert!(body[number].as_str().unwrap().parse::<u64>().unwrap() > 0, "{body}");
        }
        let (port, told) = service("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        registration(&[port]).revoke().await;
        assert_eq!(told.await.unwrap().1["apiToken"], "");
    }

    #[tokio::test]
    async fn where_no_service_takes_it_that_is_all() {
        let (refusing, told) =
            service("HTTP/1.1 307 Elsewhere\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n").await;
        // A port that nobody listens on.
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        registration(&[refusing, free]).keep().await;
        told.await.unwrap();
    }

    /// A service that takes what it is told, but for one time; answers how often it was asked.
    async fn unsteady(away: usize) -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let number = count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.read(&mut [0; 4096]).await;
                let status = if number == away { "503 Away" } else { "200 OK" };
                let _ = stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
            }
        });
        (port, asked)
    }

    #[tokio::test]
    async fn it_is_renewed_also_after_a_time_away() {
        let (port, asked) = unsteady(1).await;
        let keeping = registration(&[port]).keep_every(Duration::from_millis(5));
        let asked_often = async {
            while asked.load(Ordering::SeqCst) < 4 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = keeping => panic!("it gave up"),
            () = asked_often => {}
        }
    }

    #[test]
    fn a_registration_shows_no_token() {
        assert!(!format!("{:?}", registration(&[])).contains("the-token"));
    }
}
