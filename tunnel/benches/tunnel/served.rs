//! The tunnel's server as a process of its own, whose sshd is the one in a folder: the pump, or the real one.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use secret::Secret;
use tokio_util::sync::CancellationToken;
use tunnel::error::Result;
use tunnel::jobs::local::Jobs;
use tunnel::server::log_ring::LogRing;
use tunnel::server::ssh_server::{Replaceable, SshServer};
use tunnel::server::sshd::Sshd;
use tunnel::server::{KeySource, Keys, Service, serve};

pub const INSTANCE: &str = "bench";

struct FixedKeys(String);

impl KeySource for FixedKeys {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Keys>> + Send + '_>> {
        Box::pin(async { Ok(Keys { authorized_keys: self.0.clone(), host_key: None }) })
    }
}

/// Serves until it is killed. `folder` has the host key, the authorized keys and, maybe, a program `bin/sshd`.
pub fn run(folder: PathBuf) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let host_key = Secret::from(read("host_key"));
    let place = folder.clone();
    let ssh_server = Replaceable::new(host_key, move |host_key| {
        Sshd::new(&place, &[place.join("bin")], host_key, &[]).map(SshServer::OpenSsh)
    });
    let service = Service {
        ssh_server: ssh_server.unwrap(),
        keys: Box::new(FixedKeys(read("authorized_keys"))),
        log: LogRing::default(),
        user: "root".to_owned(),
        instance_id: INSTANCE.to_owned(),
        secret: Secret::from("secret"),
        is_official: true,
        max_clients: 1000,
        shutdown_delay: Duration::from_secs(600),
        jobs: Jobs::new("/nonexistent".into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        serve(listener, service, CancellationToken::new()).await;
    });
}
