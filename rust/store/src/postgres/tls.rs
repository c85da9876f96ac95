//! TLS: how far a server's certificate is trusted, in the words of `sslmode`.

use std::path::PathBuf;
use std::sync::Arc;

use flowai_core::store::StoreError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault::medium;

/// How far a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Trust {
    /// `disable`: in the clear.
    None,
    /// `prefer`: encrypted where the server can, with whoever answers.
    #[default]
    Offered,
    /// `require`: encrypted, with whoever answers.
    Blind,
    /// `verify-ca`: with a certificate of a known authority, whatever name it has.
    Authority,
    /// `verify-full`: with a certificate of a known authority for this host.
    Name,
}

impl Trust {
    pub fn read(mode: &str) -> Option<Self> {
        Some(match mode {
            "disable" => Self::None,
            "prefer" => Self::Offered,
            "require" => Self::Blind,
            "verify-ca" => Self::Authority,
            "verify-full" => Self::Name,
            _ => return None,
        })
    }

    /// A root that is named is one to verify by, as in PostgreSQL's own client.
    pub fn with(self, roots: &Roots) -> Self {
        match (self, roots) {
            (Self::Blind, Roots::File(_)) => Self::Authority,
            _ => self,
        }
    }
}

/// Whose certificates are trusted.
#[derive(Debug, Clone)]
pub(super) enum Roots {
    System,
    File(PathBuf),
}

/// What makes connections secure.
pub(super) fn connector(trust: Trust, roots: &Roots) -> Result<MakeRustlsConnect, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::None | Trust::Offered | Trust::Blind => {
            Arc::new(Lenient { known: None, provider: Arc::clone(&provider) })
        }
        Trust::Authority => {
            Arc::new(Lenient { known: Some(known(roots, &provider)?), provider: Arc::clone(&provider) })
        }
        Trust::Name => known(roots, &provider)?,
    };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|fault| medium(&format!("TLS cannot be used: {fault}")))?;
    let mut config = config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn known(roots: &Roots, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, StoreError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Roots::File(path) => {
            let unread = |fault: &dyn std::fmt::Display| medium(&format!("`{}`: {fault}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|fault| unread(&fault))? {
                store.add(certificate.map_err(|fault| unread(&fault))?).map_err(|fault| unread(&fault))?;
            }
        }
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build();
    verifier.map_err(|fault| medium(&format!("no certificate is trusted: {fault}; name one by `sslrootcert`")))
}

/// Takes certificates of any name, and of anybody where no authority is known.
#[derive(Debug)]
struct Lenient {
    known: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(known) = &self.known else { return Ok(ServerCertVerified::assertion()) };
        match known.verify_server_cert(end, between, name, ocsp, now) {
            // The name is looked at last: whatever else could be wrong is not.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
