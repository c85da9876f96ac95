//! Secure connections: what is offered, and what is not trusted.

use std::sync::{Arc, Mutex};

use flowai_core::fault::FaultKind;
use flowai_interp_live::Models;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::Acceptor;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::LazyConfigAcceptor;

use crate::asking::{ask, call, endpoint};
use crate::server::Server;

/// A certificate that nobody trusts, and its key.
const UNTRUSTED: &[u8] = include_bytes!("untrusted.pem");

fn config() -> Arc<ServerConfig> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (certificate, key) =
        (CertificateDer::from_pem_slice(UNTRUSTED).unwrap(), PrivateKeyDer::from_pem_slice(UNTRUSTED).unwrap());
    Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
}

/// A server whose certificate is its own; it notes the protocols that clients offer.
async fn untrusted(offered: Arc<Mutex<Vec<Vec<String>>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let config = config();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(start) = LazyConfigAcceptor::new(Acceptor::default(), stream).await else { continue };
            let protocols =
                start.client_hello().alpn().map(|names| names.map(String::from_utf8_lossy).map(Into::into).collect());
            offered.lock().unwrap().push(protocols.unwrap_or_default());
            let _ = start.into_stream(Arc::clone(&config)).await;
        }
    });
    url
}

async fn fault_at(url: &str) -> flowai_core::fault::Fault {
    let models = Arc::new(Models::new(vec![endpoint("plain", url)]).unwrap());
    ask(&models, call("plain:m", json!({}))).await.0.unwrap_err()
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_not_trusted_and_not_asked_twice() {
    let offered = Arc::default();
    let fault = fault_at(&untrusted(Arc::clone(&offered)).await).await;
    assert!(fault.kind() == FaultKind::ConnectionFailed && fault.message().contains("certificate"), "{fault}");
    assert_eq!(fault.details()["attempts"], 1);
    assert_eq!(*offered.lock().unwrap(), [["h2", "http/1.1"]]);
}

#[tokio::test]
async fn a_server_without_tls_is_not_asked_twice() {
    let url = format!("https://{}", Server::blurt(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
    let fault = fault_at(&url).await;
    assert!(fault.kind() == FaultKind::ConnectionFailed && fault.message().contains("secure"), "{fault}");
    assert_eq!(fault.details()["attempts"], 1);
}
