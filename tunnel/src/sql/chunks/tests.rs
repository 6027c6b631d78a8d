use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use databricks::{Client, Config, Environment};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A request as it came.
#[derive(Debug, Clone)]
struct Asked {
    path: String,
    headers: BTreeMap<String, String>,
    /// How often this path was asked for before.
    before: usize,
}

/// An answer: status, headers, body, and how many of the body's bytes come before the connection is cut.
struct Answer(u16, Vec<(&'static str, String)>, Vec<u8>, usize);

fn whole(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer(status, vec![], body.into(), usize::MAX)
}

type Script = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// A service and its store, which answer by a script.
struct Store {
    client: Client,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Store {
    async fn start(script: impl Fn(&Asked, u16) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, script): (Arc<Mutex<Vec<Asked>>>, Script) =
            (Arc::default(), Arc::new(move |asked: &Asked| script(asked, port)));
        let of_task = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&of_task)));
            }
        });
        let host = format!("http://127.0.0.1:{port}");
        let config = Config { host: Some(host), token: Some("dapi-secret".to_owned().into()), ..Config::default() };
        Self { client: Client::with_environment(config, &Environment::default()).unwrap(), asked }
    }

    /// The bytes of all chunks.
    async fn read(&self, total: usize) -> Result<Vec<Vec<u8>>> {
        let mut chunks = Chunks::new(&self.client, "s-1", vec![], total);
        let (mut all, mut one) = (Vec::new(), Vec::new());
        while let Some(piece) = chunks.next().await? {
            match piece {
                Piece::Bytes(bytes) => one.extend_from_slice(&bytes),
                Piece::End => all.push(std::mem::take(&mut one)),
            }
        }
        assert!(one.is_empty());
        Ok(all)
    }

    fn asked(&self, start: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.path.starts_with(start)).cloned().collect()
    }
}

async fn serve(stream: TcpStream, script: Script, log: Arc<Mutex<Vec<Asked>>>) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or_default() <= 2 {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let Some(path) = lines.first().and_then(|line| line.split(' ').nth(1)).map(str::to_owned) else { return };
    let headers = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let asked = {
        let mut log = log.lock().unwrap();
        let before = log.iter().filter(|asked| asked.path == path).count();
        let asked = Asked { path, headers, before };
        log.push(asked.clone());
        asked
    };
    let Answer(status, headers, body, cut) = script(&asked);
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body[..cut.min(body.len())]).await;
    let _ = stream.flush().await;
}

/// The service's answer for a chunk: a link to the store.
fn link(asked: &Asked, port: u16) -> Answer {
    let index = asked.path.rsplit('/').next().unwrap();
    let link = format!("http://127.0.0.1:{port}/store/{index}?secret={}", asked.before);
    whole(200, format!(r#"{{"external_links":[{{"chunk_index":{index},"external_link":"{link}"}}]}}"#))
}

fn is_service(asked: &Asked) -> bool {
    asked.path.starts_with("/api/2.0/sql/statements/s-1/result/chunks/")
}

fn index(asked: &Asked) -> u8 {
    asked.path.trim_start_matches("/store/").split('?').next().unwrap().parse().unwrap()
}

/// What a chunk holds: as many bytes as a few pieces have.
fn content(index: u8) -> Vec<u8> {
    (0..100_000_u32).map(|at| u8::try_from(at % 251).unwrap() ^ index).collect()
}

#[tokio::test]
async fn chunks_come_in_order_and_their_links_get_no_token() {
    let store = Store::start(
        |asked, port| {
            if is_service(asked) { link(asked, port) } else { whole(200, content(index(asked))) }
        },
    )
    .await;
    let read = store.read(9).await.unwrap();
    assert!(read.iter().enumerate().all(|(at, bytes)| *bytes == content(u8::try_from(at).unwrap())));
    assert_eq!(read.len(), 9);
    let downloads = store.asked("/store/");
    assert!(downloads.len() == 9 && downloads.iter().all(|asked| !asked.headers.contains_key("authorization")));
    let service = store.asked("/api/");
    assert!(service.iter().all(|asked| asked.headers["authorization"] == "Bearer dapi-secret"));
    assert!(store.read(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_download_that_is_cut_goes_on_where_it_was_cut() {
    for has_ranges in [true, false] {
        let store = Store::start(move |asked, port| {
            if is_service(asked) {
                return link(asked, port);
            }
            let content = content(0);
            let from: usize = asked.headers.get("range").map_or(0, |range| range[6..range.len() - 1].parse().unwrap());
            let cut = 30_000 * (asked.before + 1);
            if !has_ranges {
                // Such a store tells it all again.
                return Answer(200, vec![], content, cut);
            }
            let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
            Answer(206, vec![("content-range", range)], content[from..].to_vec(), 30_000)
        })
        .await;
        assert_eq!(store.read(1).await.unwrap(), [content(0)], "{has_ranges}");
        let downloads = store.asked("/store/");
        assert!(downloads.len() >= 3 && downloads[1].headers["range"].starts_with("bytes="), "{downloads:?}");
    }
}

#[tokio::test]
async fn a_link_that_has_ended_is_asked_for_again() {
    let store = Store::start(|asked, port| {
        if is_service(asked) {
            return link(asked, port);
        }
        // Only the third link is good.
        if asked.path.ends_with("secret=2") { whole(200, content(7)) } else { whole(403, "<Error/>") }
    })
    .await;
    assert_eq!(store.read(1).await.unwrap(), [content(7)]);
    assert_eq!((store.asked("/api/").len(), store.asked("/store/").len()), (3, 3));
}

#[tokio::test]
async fn a_part_that_cannot_be_had_is_an_error_and_never_a_shorter_result() {
    let check = async |store: Store, expected: &str| {
        let error = store.read(2).await.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("secret="), "{error}");
    };
    let failing = |status: u16| {
        move |asked: &Asked, port: u16| {
            if is_service(asked) {
                return link(asked, port);
            }
            if index(asked) == 0 { whole(200, content(0)) } else { whole(status, "") }
        }
    };
    check(Store::start(failing(503)).await, "part 2 of the result cannot be fetched: the store answers 503").await;
    check(Store::start(failing(403)).await, "part 2 of the result cannot be fetched: the store answers 403").await;
    let none = move |asked: &Asked, port: u16| {
        if is_service(asked) && asked.path.ends_with("/1") { whole(200, "{}") } else { failing(200)(asked, port) }
    };
    check(Store::start(none).await, "the service has no part 2 of the result").await;
    let elsewhere = |asked: &Asked, _: u16| {
        let index = asked.path.rsplit('/').next().unwrap().to_owned();
        let link = "http://example.com/?secret=1";
        whole(200, format!(r#"{{"external_links":[{{"chunk_index":{index},"external_link":"{link}"}}]}}"#))
    };
    check(Store::start(elsewhere).await, "an address that is not https").await;
}
