//! The proxy's own certificate authority, and another one that nobody trusts.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::ProxyError;

/// Certificates for serving: the right one, and that of a stranger.
pub(crate) struct Authority {
    pem: String,
    right: TlsAcceptor,
    strange: TlsAcceptor,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// Makes both.
    ///
    /// # Errors
    /// When a certificate cannot be made or is not taken.
    pub(crate) fn new() -> Result<Self, ProxyError> {
        let (pem, right) = issue("fault proxy")?;
        let (_, strange) = issue("somebody else")?;
        Ok(Self { pem, right, strange })
    }

    /// The authority's certificate, for kubeconfigs.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// What to serve with.
    pub(crate) fn acceptor(&self, strange: bool) -> TlsAcceptor {
        if strange { self.strange.clone() } else { self.right.clone() }
    }
}

/// A new authority and a server of 127.0.0.1 that it vouches for.
fn issue(name: &str) -> Result<(String, TlsAcceptor), ProxyError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let root = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);
    let server_key = KeyPair::generate()?;
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    let server = server.signed_by(&server_key, &issuer)?;
    let chain: Vec<CertificateDer<'static>> = vec![server.der().clone()];
    let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, secret)?;
    Ok((root.pem(), TlsAcceptor::from(Arc::new(config))))
}
