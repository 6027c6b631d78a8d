//! The process itself: what it says by hand, whom it lets in, what it logs, how it ends.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::bench::Bench;

#[test]
fn started_by_hand_it_says_what_it_is() {
    let Some(bench) = Bench::new() else { return };
    let output = Command::new(bench.path("plugins/terraform-provider-trial")).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("Terraform provider trial 0.0.0, a plugin") && text.contains("-debug"), "{text}");
}

#[test]
fn logs_are_at_their_level_and_know_no_secret() {
    let Some(mut bench) = Bench::new() else { return };
    let log = bench.path("log");
    bench.set("TF_LOG_PROVIDER", "TRACE");
    bench.set("TF_LOG_PATH", &log.display().to_string());
    let config = "ephemeral \"trial_session\" \"s\" {\n  user = \"ann\"\n}\n\nresource \"trial_keeper\" \"k\" {\n  value_wo = ephemeral.trial_session.s.token\n}\n";
    bench.apply(config).succeeds();
    let text = std::fs::read_to_string(log).unwrap();
    let line = text.lines().find(|line| line.contains("configured")).expect(&text);
    assert!(line.contains("[INFO]") && line.contains("terraform_version=1."), "{line}");
    assert!(!text.contains("token-of-the-session"));
}

#[test]
fn it_serves_a_terraform_that_did_not_start_it() {
    let Some(mut bench) = Bench::new() else { return };
    let (mut provider, reattach) = bench.start_debugged();
    bench.set("TF_REATTACH_PROVIDERS", &reattach);
    let config = "resource \"trial_thing\" \"a\" {\n  name = \"a\"\n}\n";
    bench.apply(config).succeeds();
    bench.settled();
    crate::bench::signal(provider.id().into(), "INT");
    assert!(provider.wait().unwrap().success());
    assert!(std::fs::read_dir(bench.path("tmp")).unwrap().next().is_none(), "the socket is left behind");
}

/// The measurement cost each start 40 ms of CPU: `docs/decisions/0013`. Symbols are names of what is linked.
#[test]
fn a_start_measures_no_jitter_of_the_processor() {
    let Some(bench) = Bench::new() else { return };
    let program = std::fs::read(bench.path("plugins/terraform-provider-trial")).unwrap();
    let has = |name: &str| program.windows(name.len()).any(|window| window == name.as_bytes());
    assert!(has("RAND_bytes"), "the program has no symbols");
    assert!(!has("jent_entropy"), "aws-lc was built without AWS_LC_SYS_NO_JITTER_ENTROPY=1 of .cargo/config.toml");
}

/// Starts the provider as Terraform does; gives the address and the child.
fn plugin(bench: &Bench, certificate: &str) -> (std::process::Child, Vec<String>) {
    let mut provider = Command::new(bench.path("plugins/terraform-provider-trial"))
        .env_clear()
        .env("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("PLUGIN_CLIENT_CERT", certificate)
        .env("TMPDIR", bench.path("tmp"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(provider.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (provider, line.trim().split('|').map(str::to_owned).collect())
}

/// Between the handshake's line and the connection.
#[test]
fn it_ends_with_a_terraform_that_was_killed_before_it_connected() {
    let Some(bench) = Bench::new() else { return };
    let mut parent = Command::new("sh")
        .args([
            "-c",
            "\"$0\" >line & echo $! >pid; exec sleep 600",
            &bench.path("plugins/terraform-provider-trial").display().to_string(),
        ])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("TMPDIR", bench.path("tmp"))
        .current_dir(bench.path("work"))
        .spawn()
        .unwrap();
    let read = |name: &str| std::fs::read_to_string(bench.path("work").join(name)).unwrap_or_default();
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let end = Instant::now() + Duration::from_secs(20);
        while !is_so() {
            assert!(Instant::now() < end, "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until("the handshake's line is there", &|| read("line").ends_with('\n') && read("pid").ends_with('\n'));
    let process = std::path::PathBuf::from("/proc").join(read("pid").trim());
    assert!(process.exists());
    std::thread::sleep(Duration::from_millis(1500));
    assert!(process.exists(), "it waits for a Terraform that lives");
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("it ends", &|| !process.exists());
    assert!(std::fs::read_dir(bench.path("tmp")).unwrap().next().is_none(), "the socket is left behind");
}

fn key_and_certificate() -> (rcgen::KeyPair, rcgen::Certificate) {
    // As Terraform makes it: a certificate authority that signed itself.
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = parameters.self_signed(&key).unwrap();
    (key, certificate)
}

/// Whether the plugin answers a client: with its certificate, with another one, with none.
fn answers(socket: &str, server: &[u8], client: Option<&(rcgen::KeyPair, rcgen::Certificate)>) -> bool {
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(server.to_vec())).unwrap();
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    let mut config = match client {
        Some((key, certificate)) => {
            // Unchecked, so that a certificate can be shown with another's key.
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
            let shown = rustls::sign::CertifiedKey::new(vec![certificate.der().clone()], key);
            builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(shown)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = "localhost".try_into().unwrap();
    let mut connection = rustls::ClientConnection::new(config.into(), name).unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    let mut tls = rustls::Stream::new(&mut connection, &mut stream);
    // The preface and an empty SETTINGS frame of HTTP/2; a served client is sent SETTINGS in return.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let mut answer = [0; 9];
    tls.write_all(preface).is_ok() && std::io::Read::read_exact(&mut tls, &mut answer).is_ok() && answer[3] == 4
}

#[test]
fn only_the_client_with_the_one_certificate_is_served() {
    use base64::Engine;
    let Some(bench) = Bench::new() else { return };
    let client = key_and_certificate();
    let (mut provider, fields) = plugin(&bench, &client.1.pem());
    let [core, protocol, network, socket, kind, server] = fields.as_slice() else { panic!("{fields:?}") };
    assert_eq!((core.as_str(), protocol.as_str(), network.as_str(), kind.as_str()), ("1", "6", "unix", "grpc"));
    let server = base64::engine::general_purpose::STANDARD_NO_PAD.decode(server).unwrap();
    assert!(!answers(socket, &server, None), "a client without a certificate");
    assert!(!answers(socket, &server, Some(&key_and_certificate())), "a client with another certificate");
    // The right certificate is shown here by one who has not its key.
    let stolen = (key_and_certificate().0, client.1.clone());
    assert!(!answers(socket, &server, Some(&stolen)), "a client with the certificate but not its key");
    assert!(answers(socket, &server, Some(&client)), "Terraform");
    // With the last connection gone, so is Terraform: the process ends by itself.
    let begun = std::time::Instant::now();
    while provider.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(15), "the provider outlives its Terraform");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_provider_of_another_version_of_the_protocol_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let output = Command::new(bench.path("plugins/terraform-provider-trial"))
        .env_clear()
        .env("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
        .env("PLUGIN_PROTOCOL_VERSIONS", "4,5")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("speaks version 6") && text.contains("4,5"), "{text}");
}
