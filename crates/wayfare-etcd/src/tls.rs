//! TLS towards etcd: rustls, with the authority and the identity in the configuration.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    AlertDescription as Alert, ClientConfig, Error as TlsFailure, RootCertStore,
};

use crate::config::Tls;

/// Reasons why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// `etcds://` needs an authority to trust.
    #[error("TLS needs the certificate of the authority that signed the members' certificates")]
    NoAuthority,
    /// A file cannot be read or has the wrong content.
    #[error("{path}: no {what} in PEM: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// The expected content.
        what: &'static str,
        /// The error.
        reason: String,
    },
    /// A certificate and a key do not match, or cannot be used.
    #[error("the certificates are of no use")]
    Unusable(#[from] tokio_rustls::rustls::Error),
    /// A host or domain cannot be in a certificate.
    #[error("`{0}` is no name that a certificate could hold")]
    Name(String),
}

/// Makes a connector for HTTP/2 that trusts the configured authority.
pub(crate) fn connector(tls: &Tls) -> Result<TlsConnector, TlsError> {
    if tls.ca.as_os_str().is_empty() {
        return Err(TlsError::NoAuthority);
    }
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&tls.ca)? {
        roots.add(certificate)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match &tls.identity {
        Some((chain, key)) => builder.with_client_auth_cert(certificates(chain)?, private(key)?)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Returns the name that the certificate of `host` must contain, without the brackets around an
/// IPv6 address.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))
}

/// The alerts with which a member refuses a certificate.
const REFUSALS: [Alert; 8] = [
    Alert::BadCertificate,
    Alert::UnsupportedCertificate,
    Alert::CertificateRevoked,
    Alert::CertificateExpired,
    Alert::CertificateUnknown,
    Alert::CertificateRequired,
    Alert::UnknownCA,
    Alert::AccessDenied,
];

/// Checks whether a connection's error is about a certificate, the client's or the member's.
pub(crate) fn is_of_trust(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let broken = error.downcast_ref::<io::Error>();
        // An `io::Error` hides the error it wraps, and its source is the source of that error.
        let wrapped = broken.and_then(|it| it.get_ref()?.downcast_ref::<TlsFailure>());
        match wrapped.or_else(|| error.downcast_ref()) {
            Some(TlsFailure::InvalidCertificate(_)) => return true,
            Some(TlsFailure::AlertReceived(alert)) => return REFUSALS.contains(alert),
            _ => {}
        }
        // HTTP/2 keeps only the text of errors that arrive after the handshake.
        let says = |alert: &Alert| {
            let words = TlsFailure::AlertReceived(*alert).to_string();
            broken.is_some_and(|it| it.to_string() == words)
        };
        if REFUSALS.iter().any(says) {
            return true;
        }
        next = error.source();
    }
    false
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |reason: String| file(path, "certificate", reason);
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|e| wrong(e.to_string()))?
        .collect::<Result<_, _>>()
        .map_err(|e| wrong(e.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong("the file holds none".to_owned()));
    }
    Ok(certificates)
}

fn private(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|e| file(path, "private key", e.to_string()))
}

fn file(path: &Path, what: &'static str, reason: String) -> TlsError {
    TlsError::File {
        path: path.to_owned(),
        what,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_must_be_named() {
        let error = connector(&Tls::default()).err().unwrap();
        assert!(matches!(error, TlsError::NoAuthority));
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let ca = PathBuf::from(file!());
        let error = connector(&Tls {
            ca,
            ..Tls::default()
        })
        .err()
        .unwrap();
        assert!(matches!(
            error,
            TlsError::File {
                what: "certificate",
                ..
            }
        ));
    }

    #[test]
    fn addresses_and_names_are_both_names() {
        for host in ["etcd-1.example", "127.0.0.1", "[::1]"] {
            assert!(server_name(host).is_ok(), "{host}");
        }
        assert!(server_name("a b").is_err());
    }
}
