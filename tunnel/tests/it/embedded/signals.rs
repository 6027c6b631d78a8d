//! What OpenSSH's client does not send: signals. With a client in the test instead.

use std::sync::Arc;

use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, Sig, client};
use secret::Secret;
use ssh_key::rand_core::OsRng;
use tunnel::server::embedded::Embedded;
use tunnel::server::log_ring::LogRing;

struct Client;

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_reach_the_program_and_its_end_is_told_exactly() {
    let key = ssh_key::PrivateKey::random(&mut OsRng, ssh_key::Algorithm::Ed25519).unwrap();
    let text = Secret::from(key.to_openssh(ssh_key::LineEnding::LF).unwrap().to_string());
    let server = Embedded::new(&text, &[]).unwrap();
    let log = LogRing::default();
    let (running, stream) = server.start(&key.public_key().to_openssh().unwrap(), &log).unwrap();
    let mut session = client::connect_stream(Arc::new(client::Config::default()), stream, Client).await.unwrap();
    let key = PrivateKeyWithHashAlg::new(Arc::new(PrivateKey::from_openssh(text.expose()).unwrap()), None);
    assert!(session.authenticate_publickey(crate::bench::user(), key).await.unwrap().success());

    let mut channel = session.channel_open_session().await.unwrap();
    let command = "trap 'echo got usr1' USR1; trap '' INT; echo ready; while :; do sleep 0.05; done";
    channel.exec(true, command).await.unwrap();
    let mut output = String::new();
    let mut ending = None;
    let mut sent = 0;
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => output.push_str(&String::from_utf8_lossy(&data)),
            ChannelMsg::ExitSignal { signal_name, core_dumped, .. } => ending = Some((signal_name, core_dumped)),
            _ => {}
        }
        if sent == 0 && output.contains("ready") {
            sent = 1;
            channel.signal(Sig::INT).await.unwrap();
            channel.signal(Sig::Custom("NONSENSE".to_owned())).await.unwrap();
            channel.signal(Sig::USR1).await.unwrap();
        }
        if sent == 1 && output.contains("got usr1") {
            sent = 2;
            channel.signal(Sig::KILL).await.unwrap();
        }
    }
    assert!(matches!(ending, Some((Sig::KILL, false))), "{ending:?} {output}");
    // A signal for what has ended hits nobody.
    let _ = channel.signal(Sig::KILL).await;
    let mut second = session.channel_open_session().await.unwrap();
    second.exec(true, "exit 9").await.unwrap();
    let mut status = None;
    while let Some(message) = second.wait().await {
        if let ChannelMsg::ExitStatus { exit_status } = message {
            status = Some(exit_status);
        }
    }
    assert_eq!(status, Some(9));
    session.disconnect(russh::Disconnect::ByApplication, "", "").await.unwrap();
    running.finish().await;
    assert_eq!(log.text(), "");
}
