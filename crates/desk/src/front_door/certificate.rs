//! What is wrong with a server's certificate, told apart: each sort has another next step.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// Why a server's certificate was not taken. Nothing was sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// It has ended.
    #[error(
        "its certificate has expired. Check this computer's date; if that is right, the lake's administrator must renew it"
    )]
    Expired,
    /// It has not begun.
    #[error("its certificate is not valid yet. Check this computer's date")]
    NotYetValid,
    /// Nobody whom this computer trusts has issued it.
    #[error(
        "its certificate was issued by nobody whom this computer trusts. Do not go on: ask the lake's administrator who issues it, and have that authority installed on this computer"
    )]
    UnknownIssuer,
    /// It is for another name.
    #[error(
        "its certificate is for another host. Check the address; if it is right, something else answers there"
    )]
    OtherHost,
    /// Its issuer took it back.
    #[error("its certificate was revoked. Do not go on: tell the lake's administrator")]
    Revoked,
    /// Anything else.
    #[error("its certificate is not sound. Do not go on: tell the lake's administrator")]
    Unsound,
}

impl CertificateFault {
    /// What a failed connection says of the certificate, if that is why it failed.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        match tls_error(error)? {
            rustls::Error::InvalidCertificate(error) => Some(Self::from(error)),
            rustls::Error::NoCertificatesPresented => Some(Self::Unsound),
            _ => None,
        }
    }
}

impl From<&CertificateError> for CertificateFault {
    fn from(error: &CertificateError) -> Self {
        use CertificateError as Wrong;
        match error {
            Wrong::Expired | Wrong::ExpiredContext { .. } => Self::Expired,
            Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => Self::NotYetValid,
            Wrong::UnknownIssuer => Self::UnknownIssuer,
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => Self::OtherHost,
            Wrong::Revoked => Self::Revoked,
            // An authority that signed itself and serves as a server's certificate is what `openssl req -x509` makes.
            Wrong::Other(other) if is_self_signed(&other.to_string()) => Self::UnknownIssuer,
            _ => Self::Unsound,
        }
    }
}

/// The verifier says this in words only.
fn is_self_signed(words: &str) -> bool {
    words.contains("CaUsedAsEndEntity")
}

/// The error of the TLS layer, however deep. An I/O error hides what it was made of from `source`.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(found) = cause {
        if let Some(tls) = found.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        let inner = found.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => found.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    #[test]
    fn faults_of_a_certificate_are_told_apart_however_deep_they_lie() {
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1));
        let name = ServerName::try_from("lake.example.org").unwrap();
        let cases = [
            (CertificateError::Expired, CertificateFault::Expired),
            (CertificateError::ExpiredContext { time, not_after: time }, CertificateFault::Expired),
            (CertificateError::NotValidYet, CertificateFault::NotYetValid),
            (CertificateError::UnknownIssuer, CertificateFault::UnknownIssuer),
            (
                CertificateError::NotValidForNameContext { expected: name, presented: Vec::new() },
                CertificateFault::OtherHost,
            ),
            (CertificateError::Revoked, CertificateFault::Revoked),
            (CertificateError::BadSignature, CertificateFault::Unsound),
        ];
        for (wrong, fault) in cases {
            let tls = rustls::Error::InvalidCertificate(wrong.clone());
            let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
            assert_eq!(CertificateFault::of(&wrapped), Some(fault), "{wrong:?} inside two I/O errors");
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(CertificateFault::of(&refused), None, "no certificate was seen");
        let tls = io::Error::other(rustls::Error::HandshakeNotComplete);
        assert_eq!(CertificateFault::of(&tls), None, "another fault of the connection");
    }
}
