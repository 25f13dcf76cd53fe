//! The box's own certificate authority: made once, and able to sign for local names and private addresses alone.

use std::fmt::Write as _;
use std::path::Path;

use aws_lc_rs::digest;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;

use super::Error;
use super::names::{LIFETIME, Names, SKEW};
use super::pair::Pair;
use crate::drivers::store::private;
use crate::proto::lan;

/// Its file in the folder for TLS: the key and the certificate.
const NAME: &str = "ca.pem";
/// From when on it is valid: before every box. 2025-01-01 UTC.
const FROM: i64 = 1_735_689_600;
/// Until when: 2049-12-31 23:59:59 UTC, since people trust it by hand on each device.
const UNTIL: i64 = 2_524_607_999;

/// What everybody may have of the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// What it is called in lists of certificates.
    pub name: String,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// The certificate, PEM.
    pub pem: String,
    /// SHA-256 of the certificate, as people compare it: `AB:CD:…`.
    pub fingerprint: String,
}

/// The authority with its key.
pub(super) struct Signer {
    issuer: Issuer<'static, KeyPair>,
    public: Authority,
}

impl Signer {
    /// Reads the authority from its file, or makes it when there is none. Blocks.
    pub(super) fn load(folder: &Path, called: &str) -> Result<Self, Error> {
        let path = folder.join(NAME);
        let unusable =
            |reason: &dyn std::fmt::Display| Error::Authority { path: path.clone(), reason: reason.to_string() };
        let text = match private::read(&path).map_err(|error| unusable(&error))? {
            Some(text) => text,
            None => {
                let text = make(called).map_err(|error| Error::Make(error.to_string()))?.into_bytes();
                private::write(&path, &text).map_err(|source| Error::Write { path: path.clone(), source })?;
                tracing::info!(file = %path.display(), "made the certificate authority of this box");
                text
            }
        };
        read(&text).map_err(|reason| unusable(&reason))
    }

    pub(super) fn public(&self) -> &Authority {
        &self.public
    }

    /// Whether this authority made the pair: another one may have left it behind.
    pub(super) fn signed(&self, pair: &Pair) -> bool {
        let Some(leaf) = pair.key.cert.first() else { return false };
        let (Ok((_, leaf)), Ok((_, ours))) =
            (x509_parser::parse_x509_certificate(leaf), x509_parser::parse_x509_certificate(&self.public.der))
        else {
            return false;
        };
        leaf.verify_signature(Some(ours.public_key())).is_ok()
    }

    /// Makes a key and a certificate for it. `now` is in seconds since 1970 UTC.
    pub(super) fn issue(&self, names: &Names, now: i64) -> Result<Pair, Error> {
        let failed = |error: rcgen::Error| Error::Make(error.to_string());
        // A box without a battery for its clock starts long ago; what it signs then must be a certificate all the same.
        let now = now.clamp(FROM + SKEW, UNTIL - LIFETIME);
        let mut params = CertificateParams::default();
        for host in &names.hosts {
            params.subject_alt_names.push(SanType::DnsName(host.as_str().try_into().map_err(failed)?));
        }
        params.subject_alt_names.extend(names.addresses.iter().copied().map(SanType::IpAddress));
        let called = names.hosts.iter().find(|host| *host != lan::LOCALHOST).map_or(lan::LOCALHOST, String::as_str);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, called);
        (params.not_before, params.not_after) = (date(now - SKEW), date(now + LIFETIME));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        let text = format!("{}{}", key.serialize_pem(), certificate.pem());
        Pair::read(text.as_bytes()).map_err(Error::Make)
    }
}

fn date(unix: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The key and the certificate of a new authority, as PEM.
fn make(called: &str) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mark = digest::digest(&digest::SHA256, key.public_key_raw());
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    // The mark tells two boxes of one name apart.
    let mark = hexadecimal(&mark.as_ref()[..2], "");
    let called = if called == "Porchlight" { String::new() } else { format!("{called} ") };
    params.distinguished_name.push(DnType::CommonName, format!("Porchlight {called}{mark}"));
    params.distinguished_name.push(DnType::OrganizationName, "Porchlight");
    (params.not_before, params.not_after) = (date(FROM), date(UNTIL));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // For web servers, and neither for mail nor for programs.
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(NameConstraints { permitted_subtrees: permitted(), excluded_subtrees: Vec::new() });
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

/// RFC 5280 section 4.2.1.10: a name without a dot in front permits itself and everything below it.
fn permitted() -> Vec<GeneralSubtree> {
    let names = lan::DOMAINS.into_iter().chain([lan::LOCALHOST]).map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let range = |(address, prefix): (_, _)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix));
    names.chain(lan::RANGES.into_iter().map(range)).collect()
}

fn read(text: &[u8]) -> Result<Signer, String> {
    let text = str::from_utf8(text).map_err(|_| "it is no text")?;
    let key = KeyPair::from_pem(text).map_err(|error| format!("there is no key in it: {error}"))?;
    let der = CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| "there is no certificate in it")?;
    // That the key is the certificate's is checked as for every other pair.
    Pair::read(text.as_bytes())?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).map_err(|error| error.to_string())?;
    let constrained = parsed.name_constraints().is_ok_and(|found| found.is_some_and(|found| found.critical));
    if !parsed.is_ca() || !constrained {
        return Err("it is not an authority for local names alone".into());
    }
    let name = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or("Porchlight");
    let digest = digest::digest(&digest::SHA256, &der);
    let public = Authority {
        name: name.to_owned(),
        pem: format!("{}\n", certificate(text).ok_or("there is no certificate in it")?.replace('\r', "")),
        fingerprint: hexadecimal(digest.as_ref(), ":"),
        der: der.to_vec(),
    };
    let issuer = Issuer::from_ca_cert_der(&der, key).map_err(|error| error.to_string())?;
    Ok(Signer { issuer, public })
}

/// The part of the file that everybody may have.
fn certificate(text: &str) -> Option<&str> {
    const END: &str = "-----END CERTIFICATE-----";
    let begin = text.find("-----BEGIN CERTIFICATE-----")?;
    let end = text[begin..].find(END)? + begin + END.len();
    text.get(begin..end)
}

fn hexadecimal(bytes: &[u8], between: &str) -> String {
    bytes.iter().enumerate().fold(String::new(), |mut text, (index, byte)| {
        // Writing into a text never fails.
        let _ = write!(text, "{}{byte:02X}", if index == 0 { "" } else { between });
        text
    })
}
