//! Mutual TLS between Terraform and its plugin: each side makes a certificate for this one run and shows it to the other.
//!
//! Terraform's certificate is a P-521 certificate authority that signed itself. No usual verifier takes it as the
//! certificate of a client, so ours compares: it is the one of `PLUGIN_CLIENT_CERT`, byte for byte, or it is refused. That
//! the peer holds its key is checked as ever.

use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName as Name, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};

use crate::diagnostic::{Error, Result};

/// Our side of the handshake.
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    /// Our certificate, which Terraform is told in the handshake line.
    pub(crate) certificate: Vec<u8>,
}

/// A new key and certificate, and a configuration that lets in the bearer of `client`'s key and nobody else.
pub(crate) fn server(client: &str) -> Result<Tls> {
    let client = CertificateDer::from_pem_slice(client.as_bytes())
        .map_err(|error| Error::new("PLUGIN_CLIENT_CERT is no certificate in PEM").detail(error.to_string()))?;
    let crypto = Arc::new(aws_lc_rs::default_provider());
    let key = KeyPair::generate()?;
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, "localhost");
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()])?;
    parameters.distinguished_name = names;
    let certificate = parameters.self_signed(&key)?.der().clone();
    let verifier = Arc::new(OneClient { client: client.into_owned(), crypto: Arc::clone(&crypto) });
    let mut config = ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Tls { config: Arc::new(config), certificate: certificate.to_vec() })
}

#[derive(Debug)]
struct OneClient {
    client: CertificateDer<'static>,
    crypto: Arc<CryptoProvider>,
}

impl ClientCertVerifier for OneClient {
    fn root_hint_subjects(&self) -> &[Name] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if shown.as_ref() == self.client.as_ref() {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.crypto.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.crypto.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}
