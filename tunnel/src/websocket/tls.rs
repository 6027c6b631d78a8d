//! TLS to the workspace: always verified, by the system's certificate authorities, or those of `SSL_CERT_FILE` and
//! `SSL_CERT_DIR`, which a company's own proxy may need.

use std::io;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::socket::Transport;

/// Encrypts a connection to the host of this name.
pub(super) async fn connect(name: &str, stream: Box<dyn Transport>) -> io::Result<TlsStream<Box<dyn Transport>>> {
    let server = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config()?)).connect(server, stream).await
}

fn config() -> io::Result<ClientConfig> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(loaded.certs);
    if added == 0 {
        let reason = loaded.errors.first().map_or_else(|| "none was found".to_owned(), ToString::to_string);
        return Err(io::Error::other(format!("no certificate authorities: {reason}; set SSL_CERT_FILE")));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
