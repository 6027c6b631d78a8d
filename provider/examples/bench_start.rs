//! Starts a provider binary as Terraform does, asks it for its schema, and prints the median time and the greatest
//! memory of some runs: `bench_start BINARY [RUNS]`. Called by scripts/bench_provider.sh.
#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::Command;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

type Failure = Box<dyn Error + Send + Sync>;

/// Of HashiCorp's go-plugin, as Terraform sets it for providers.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

struct Run {
    handshake: Duration,
    schema: Duration,
    schema_bytes: usize,
    peak_kib: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().ok_or("usage: bench_start BINARY [RUNS]")?;
    let count: usize = arguments.next().map_or(Ok(20), |runs| runs.parse())?;
    let mut runs = Vec::new();
    for _ in 0..count.max(1) {
        runs.push(run(&binary).await?);
    }
    let median = |pick: fn(&Run) -> Duration| {
        let mut times: Vec<Duration> = runs.iter().map(pick).collect();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    let most = runs.iter().map(|run| run.peak_kib).max().unwrap_or_default();
    println!("runs                              {:>8}", runs.len());
    println!("start to handshake, median        {:>8.1} ms", median(|run| run.handshake));
    println!("start to schema answered, median  {:>8.1} ms   (goal: under 50)", median(|run| run.schema));
    println!("peak memory, greatest             {:>8.1} MB   (goal: under 30)", most as f64 * 1024.0 / 1e6);
    println!(
        "schema                            {:>8.1} kB",
        runs.first().map_or(0, |run| run.schema_bytes) as f64 / 1e3
    );
    Ok(())
}

async fn run(binary: &str) -> Result<Run, Failure> {
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let start = Instant::now();
    let mut child = Command::new(binary)
        .env(COOKIE.0, COOKIE.1)
        .env("PLUGIN_PROTOCOL_VERSIONS", "6")
        .env("PLUGIN_CLIENT_CERT", identity.cert.pem())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().ok_or("no stdout")?;
    let line = BufReader::new(stdout).lines().next_line().await?.ok_or("no handshake")?;
    let handshake = start.elapsed();
    let fields: Vec<&str> = line.trim().split('|').collect();
    let [_, _, network, address, _, certificate, ..] = fields.as_slice() else {
        return Err(format!("not a handshake: {line}").into());
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(STANDARD_NO_PAD.decode(certificate.trim_end_matches('='))?))?;
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_client_auth_cert(
        vec![identity.cert.der().clone()],
        PrivateKeyDer::try_from(identity.signing_key.serialize_der())?,
    )?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let schema_bytes = match *network {
        "unix" => schema(&connector, UnixStream::connect(address).await?).await?,
        _ => schema(&connector, TcpStream::connect(address).await?).await?,
    };
    let schema = start.elapsed();
    let pid = child.id().ok_or("the provider ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak_kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or("no VmHWM")?
        .parse()?;
    child.kill().await?;
    Ok(Run { handshake, schema, schema_bytes, peak_kib })
}

/// One gRPC call by hand: an empty message is five zero bytes. Answers the size of the response.
async fn schema<S>(connector: &TlsConnector, stream: S) -> Result<usize, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = connector.connect(ServerName::try_from("localhost")?, stream).await?;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = http::Request::post("https://localhost/tfplugin6.Provider/GetProviderSchema")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from_static(&[0; 5])))?;
    let body = sender.send_request(request).await?.into_body().collect().await?;
    let failed = body.trailers().and_then(|t| t.get("grpc-status")).is_some_and(|status| status != "0");
    if failed {
        return Err("GetProviderSchema failed".into());
    }
    Ok(body.to_bytes().len())
}
