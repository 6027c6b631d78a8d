//! Who is let in.

use tunnel::server::ssh_server::Choice;

use super::{client, start};
use crate::bench::text;
use crate::bench::{Bench, Options, another_host_key};
use crate::cloud::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_registered_is_refused_and_the_log_says_so() {
    let options = Options { known: false, ssh_server: Choice::Embedded, ..Options::default() };
    let bench = Bench::start(options).await;
    let output = bench.ssh(&["true"]).output().await.unwrap();
    let (code, _, words) = text(&output);
    assert_eq!(code, 255);
    assert!(words.contains("Permission denied (publickey)"), "{words}");
    let name = ssh_key::PublicKey::from_openssh(&bench.key.public_line).unwrap().fingerprint(ssh_key::HashAlg::Sha256);
    until("the log says why", async || bench.log.text().contains(&name.to_string())).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_servers_own_user_is_let_in() {
    let bench = start().await;
    let output = client(&bench, "ssh", &["-l", "somebody", "demo", "true"]).output().await.unwrap();
    let (code, _, words) = text(&output);
    assert_eq!(code, 255);
    assert!(words.contains("Permission denied (publickey)"), "{words}");
    until("the log says why", async || bench.log.text().contains("\"somebody\"")).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_key_stops_the_connection() {
    let mut bench = start().await;
    bench.endpoint.server_host_key = another_host_key();
    let (code, _, words) = text(&bench.ssh(&["true"]).output().await.unwrap());
    assert_eq!(code, 255);
    assert!(words.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{words}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_kind_let_in_but_not_short_ones_and_not_with_sha1() {
    let folder = tempfile::tempdir().unwrap();
    let kinds: &[(&str, &str, bool)] = &[
        ("ecdsa", "256", true),
        ("ecdsa", "384", true),
        ("ecdsa", "521", true),
        ("rsa", "3072", true),
        ("rsa", "1024", false),
    ];
    let path = |kind: &str, bits: &str| folder.path().join(format!("{kind}{bits}"));
    let mut more_keys = String::new();
    for (kind, bits, _) in kinds {
        let arguments = ["-q", "-N", "", "-t", kind, "-b", bits, "-f"];
        let made = std::process::Command::new("ssh-keygen").args(arguments).arg(path(kind, bits)).status().unwrap();
        assert!(made.success());
        more_keys += &std::fs::read_to_string(path(kind, bits).with_extension("pub")).unwrap();
    }
    let options = Options { known: false, ssh_server: Choice::Embedded, more_keys, ..Options::default() };
    let bench = Bench::start(options).await;
    let login = async |kind: &str, bits: &str, option: &str| {
        let key = format!("IdentityFile={}", path(kind, bits).display());
        let output = client(&bench, "ssh", &["-o", &key, "-o", option, "demo", "echo in"]).output().await.unwrap();
        text(&output).1 == "in\n"
    };
    for (kind, bits, expected) in kinds {
        assert_eq!(login(kind, bits, "RequiredRSASize=1024").await, *expected, "{kind} {bits}: {}", bench.log.text());
    }
    assert!(login("rsa", "3072", "PubkeyAcceptedAlgorithms=rsa-sha2-256").await);
    assert!(!login("rsa", "3072", "PubkeyAcceptedAlgorithms=ssh-rsa").await);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weak_algorithms_are_not_spoken() {
    let bench = start().await;
    for option in ["Ciphers=aes256-ctr", "Ciphers=aes128-gcm@openssh.com", "KexAlgorithms=ecdh-sha2-nistp256"] {
        let output = client(&bench, "ssh", &["-o", option, "demo", "echo in"]).output().await.unwrap();
        assert_eq!(text(&output).1, "in\n", "{option}");
    }
    for option in ["Ciphers=aes128-cbc", "KexAlgorithms=diffie-hellman-group14-sha1"] {
        let (code, _, words) = text(&client(&bench, "ssh", &["-o", option, "demo", "true"]).output().await.unwrap());
        assert_eq!(code, 255, "{option}");
        assert!(words.contains("no matching"), "{words}");
    }
    bench.end().await;
}
