//! The local cloud's names over TLS, for clients that know an account console by `https://accounts.`: an authority of this one run, which
//! signs a certificate for each name below `localhost` that somebody asks for. Its key never leaves the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
#[error("the local cloud cannot make its certificates: {0}")]
pub struct TlsError(String);

/// The authority, and what it signed so far.
pub(crate) struct Tls {
    /// What a connection is greeted with.
    pub(crate) config: Arc<ServerConfig>,
    /// The authority's certificate, for clients to trust.
    pub(crate) authority: String,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    pub(crate) fn new() -> Result<Self, TlsError> {
        let failed = |error: &dyn std::fmt::Display| TlsError(error.to_string());
        let mut parameters = CertificateParams::new(Vec::new()).map_err(|error| failed(&error))?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        parameters.distinguished_name.push(DnType::CommonName, "localcloud, for this run alone");
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let issuer = CertifiedIssuer::self_signed(parameters, key).map_err(|error| failed(&error))?;
        let certificate: &rcgen::Certificate = issuer.as_ref();
        let authority = pem(certificate.der());
        let resolver = Arc::new(Signer { issuer, signed: Mutex::default() });
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), authority })
    }

    /// What a client that takes one file of authorities is to trust: this machine's, and ours.
    pub(crate) fn bundle(&self) -> String {
        let system = rustls_native_certs::load_native_certs().certs;
        system.iter().map(|certificate| pem(certificate)).chain([self.authority.clone()]).collect()
    }
}

struct Signer {
    issuer: CertifiedIssuer<'static, KeyPair>,
    signed: Mutex<BTreeMap<String, Arc<CertifiedKey>>>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Signer {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        if !name.ends_with(".localhost") {
            return None;
        }
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = signed.get(&name) {
            return Some(Arc::clone(known));
        }
        let key = self.sign(&name).inspect_err(|error| tracing::error!(name, %error, "no certificate")).ok()?;
        signed.insert(name, Arc::clone(&key));
        Some(key)
    }
}

impl Signer {
    fn sign(&self, name: &str) -> Result<Arc<CertifiedKey>, TlsError> {
        let failed = |error: &dyn std::fmt::Display| TlsError(error.to_string());
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).map_err(|error| failed(&error))?;
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(|error| failed(&error))?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let private = aws_lc_rs::sign::any_supported_type(&private).map_err(|error| failed(&error))?;
        Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], private)))
    }
}

/// A certificate as text (RFC 7468).
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines.push_str("-----END CERTIFICATE-----\n");
    lines
}
