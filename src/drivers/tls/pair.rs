//! A certificate with its key: read, checked, and ready to be shown to clients.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;

use super::names::{Names, Says};

/// Certificates in one chain; usual are two or three.
const LONGEST: usize = 10;

/// A certificate with its key.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) says: Says,
    /// What it was read from.
    pub(super) text: (Vec<u8>, Vec<u8>),
}

/// Why two files are no pair: which of them, and a reason for people.
pub(super) type Wrong = (Which, String);

/// One of the two files of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Certificate,
    Key,
}

impl Pair {
    /// Reads both from PEM.
    pub(super) fn of(certificate: &[u8], key: &[u8]) -> Result<Self, Wrong> {
        let not_certificate = |reason: &str| (Which::Certificate, reason.to_owned());
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate).take(LONGEST + 1).collect();
        let chain: Vec<_> =
            chain.into_iter().collect::<Result<_, _>>().map_err(|_| not_certificate("it is not PEM, or cut off"))?;
        let first = chain.first().ok_or(not_certificate("there is no certificate in it (PEM is needed)"))?;
        if chain.len() > LONGEST {
            return Err(not_certificate("there are too many certificates in it"));
        }
        let says = says(first).ok_or(not_certificate("its first certificate can't be read"))?;
        let secret = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            let encrypted = key.windows(9).any(|part| part == b"ENCRYPTED");
            let reason = if encrypted {
                "the key is encrypted; store it without a password"
            } else {
                "there is no private key in it (PEM is needed)"
            };
            (Which::Key, reason.to_owned())
        })?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let both = CertifiedKey::from_der(chain, secret, &provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => (Which::Key, "it is not the key of the certificate".to_owned()),
            error => (Which::Key, error.to_string()),
        })?;
        Ok(Self { key: Arc::new(both), says, text: (certificate.to_vec(), key.to_vec()) })
    }

    /// Reads both from one text of ours.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        Self::of(text, text).map_err(|(_, reason)| reason)
    }
}

/// What a certificate says about itself; `None` if it is none.
fn says(certificate: &CertificateDer<'_>) -> Option<Says> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let mut names = Names::default();
    if let Ok(Some(list)) = parsed.subject_alternative_name() {
        for name in &list.value.general_names {
            match name {
                GeneralName::DNSName(host) => drop(names.hosts.insert(host.to_ascii_lowercase())),
                GeneralName::IPAddress(bytes) => names.addresses.extend(address(bytes)),
                _ => {}
            }
        }
    }
    let validity = parsed.validity();
    Some(Says { names, from: validity.not_before.timestamp(), until: validity.not_after.timestamp() })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).ok().map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    v4.or_else(|| <[u8; 16]>::try_from(bytes).ok().map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes))))
}
