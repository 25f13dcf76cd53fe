//! Why there is no certificate: codes that stay, each with what to do; pure.

use instant_acme::{Error as Acme, Problem};
use serde::{Deserialize, Deserializer, Serialize};

use super::config::Challenge;
use crate::drivers::fetch;
use crate::model::finding::{Level, codes};

/// Longest text of somebody else's that is kept, in characters.
const LONGEST: usize = 300;
/// What names of errors begin with: RFC 8555 section 6.7.
const ERRORS: &str = "urn:ietf:params:acme:error:";

codes! {
    "CertificateFailure";
    Clock "clock" Bad "The clock of the box is wrong, so that no certificate would be valid for it. Connect the box to the internet, so that it is set, or set it by hand.";
    DirectoryUnreachable "directory_unreachable" Bad "The certificate authority can't be reached. Look at the box's connection to the internet, and at acme.directory.";
    DirectoryUntrusted "directory_untrusted" Bad "The HTTPS of the certificate authority can't be trusted. For an authority of your own give its root certificate as acme.trust; otherwise the system's certificates may be old: update the package ca-certificates.";
    DirectoryOdd "directory_odd" Bad "What answers at acme.directory is no certificate authority that speaks ACME, or it is out of order. Look at the address; the box tries again.";
    RateLimited "rate_limited" Bad "The certificate authority was asked too often. The box tries again by itself when the authority permits it.";
    Terms "terms" Bad "The certificate authority has other terms of service. Read them at its site, then try again.";
    Contact "contact" Bad "The certificate authority does not take the address in acme.contact. Give another one, or none.";
    ExternalAccount "external_account" Bad "This certificate authority wants an account that was made elsewhere, which the box can't use. Choose another one in acme.directory.";
    Account "account" Bad "The certificate authority does not know the box's account any more. The box makes another one with the next attempt.";
    NameRefused "name_refused" Bad "The certificate authority does not sign for one of the names. Look at acme.names, and whether a CAA record of the domain names another authority.";
    NotOffered "not_offered" Bad "The certificate authority takes no proof of the kind in acme.challenge for one of the names. Choose the other one.";
    NotReached "not_reached" Bad "The certificate authority did not find the box at one of the names. The name has to lead to this box, and port 80 has to be open from the internet: forward it in the router to the box, to the port of http.listen.";
    NotInDns "not_in_dns" Bad "The certificate authority did not find the box's record in the DNS. Look at the zone and at whether all its name servers get the update; give them longer with acme.dns_wait.";
    DnsUnreachable "dns_unreachable" Bad "The name server can't be reached. Look at acme.dns_server, and whether it lets this box in by TCP.";
    DnsKeyRefused "dns_key_refused" Bad "The name server does not take the key. Look at acme.dns_key_name and the file of acme.dns_key, at the clocks of both, and at the algorithm, which is hmac-sha256.";
    DnsRefused "dns_refused" Bad "The name server does not permit the update, or does not have the zone. Look at acme.dns_zone, and let the key of acme.dns_key_name change TXT records in it.";
    AcmeDnsUnreachable "acme_dns_unreachable" Bad "The acme-dns server can't be reached, or is none. Look at acme.acme_dns.";
    AcmeDnsRefused "acme_dns_refused" Bad "The acme-dns server does not take the account. Register the box there again, and store the answer in the file of acme.acme_dns_account.";
    AuthorityFailed "authority_failed" Bad "The certificate authority could not do it. It often passes by itself; the box tries again.";
    Unusable "unusable" Bad "What the certificate authority gave is no certificate for the names. Look at acme.directory.";
    Disk "disk" Bad "The certificate or the account can't be written to the state folder. Look at the disk of the box, and at who may write there.";
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let known = Self::ALL.iter().copied().find(|code| code.name() == name);
        known.ok_or_else(|| serde::de::Error::custom("a code that nobody knows"))
    }
}

/// Why it failed, and what the other side said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) code: Code,
    pub(super) detail: Option<String>,
}

impl From<Code> for Failed {
    fn from(code: Code) -> Self {
        Self { code, detail: None }
    }
}

impl Failed {
    pub(super) fn new(code: Code, detail: impl std::fmt::Display) -> Self {
        Self { code, detail: clean(&detail.to_string()) }
    }

    /// What a call to the authority came to.
    pub(super) fn of(error: &Acme) -> Self {
        match error {
            Acme::Api(problem) => Self { code: refused(problem), detail: said(problem) },
            Acme::Other(inner) => match inner.downcast_ref::<fetch::Failed>() {
                Some(fetch::Failed::Certificate) => Code::DirectoryUntrusted.into(),
                Some(fetch::Failed::Odd | fetch::Failed::NotTls) => Code::DirectoryOdd.into(),
                Some(error) => Self::new(Code::DirectoryUnreachable, error),
                None => Self::new(Code::AuthorityFailed, inner),
            },
            Acme::Json(_) | Acme::Http(_) | Acme::InvalidUri(_) | Acme::Str(_) => Self::new(Code::DirectoryOdd, error),
            Acme::Timeout(_) => Self::new(Code::AuthorityFailed, "it did not get done in time"),
            Acme::KeyRejected => Code::Account.into(),
            _ => Self::new(Code::AuthorityFailed, error),
        }
    }

    /// What became of a proof that the authority did not take.
    pub(super) fn proof(challenge: Challenge, problem: &Problem) -> Self {
        let code = match (kind(problem), challenge) {
            ("connection" | "dns" | "tls" | "unauthorized" | "incorrectResponse", Challenge::Http) => Code::NotReached,
            ("connection" | "dns" | "tls" | "unauthorized" | "incorrectResponse", Challenge::Dns) => Code::NotInDns,
            _ => refused(problem),
        };
        Self { code, detail: said(problem) }
    }
}

fn kind(problem: &Problem) -> &str {
    problem.r#type.as_deref().and_then(|name| name.strip_prefix(ERRORS)).unwrap_or_default()
}

fn refused(problem: &Problem) -> Code {
    match kind(problem) {
        "rateLimited" => Code::RateLimited,
        "rejectedIdentifier" | "unsupportedIdentifier" | "caa" => Code::NameRefused,
        "userActionRequired" => Code::Terms,
        "invalidContact" | "unsupportedContact" => Code::Contact,
        "externalAccountRequired" => Code::ExternalAccount,
        "accountDoesNotExist" | "unauthorized" => Code::Account,
        _ => Code::AuthorityFailed,
    }
}

/// What an authority says, those parts first that are about one name.
fn said(problem: &Problem) -> Option<String> {
    let parts = problem.subproblems.iter().filter_map(|part| part.detail.as_deref());
    let whole: Vec<&str> = parts.chain(problem.detail.as_deref()).collect();
    clean(&whole.join("; "))
}

/// Somebody else's text: one line, and no longer than anybody reads.
fn clean(text: &str) -> Option<String> {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: &str, detail: &str) -> Problem {
        let document = serde_json::json!({ "type": format!("{ERRORS}{kind}"), "detail": detail });
        serde_json::from_value(document).expect("a problem")
    }

    #[test]
    fn every_failure_says_something_else_and_what_to_do() {
        for code in Code::ALL {
            assert_eq!(Code::ALL.iter().filter(|other| other.text() == code.text()).count(), 1, "{code:?}");
            assert_eq!(serde_json::to_value(code).expect("it is text"), code.name());
            assert_eq!(serde_json::from_value::<Code>(code.name().into()).expect("it is known"), *code);
            assert!(code.text().matches('.').count() >= 2 && code.level() == Level::Bad, "{code:?}");
        }
        assert!(serde_json::from_value::<Code>("something".into()).is_err());
    }

    #[test]
    fn what_an_authority_answers_has_a_code() {
        for (kind, code) in [
            ("rateLimited", Code::RateLimited),
            ("rejectedIdentifier", Code::NameRefused),
            ("caa", Code::NameRefused),
            ("userActionRequired", Code::Terms),
            ("invalidContact", Code::Contact),
            ("externalAccountRequired", Code::ExternalAccount),
            ("accountDoesNotExist", Code::Account),
            ("serverInternal", Code::AuthorityFailed),
            ("somethingNew", Code::AuthorityFailed),
        ] {
            let failed = Failed::of(&Acme::Api(problem(kind, "so it is")));
            assert_eq!(failed, Failed { code, detail: Some("so it is".into()) }, "{kind}");
        }
        let other = |error: fetch::Failed| Failed::of(&Acme::Other(Box::new(error))).code;
        assert_eq!(other(fetch::Failed::Certificate), Code::DirectoryUntrusted);
        assert_eq!(other(fetch::Failed::Odd), Code::DirectoryOdd);
        for error in [fetch::Failed::Name, fetch::Failed::Refused, fetch::Failed::Silent, fetch::Failed::Open] {
            assert_eq!(other(error), Code::DirectoryUnreachable, "{error}");
        }
        assert_eq!(Failed::of(&Acme::Str("nonce")).code, Code::DirectoryOdd);
        assert_eq!(Failed::of(&Acme::Timeout(None)).code, Code::AuthorityFailed);
    }

    #[test]
    fn a_proof_that_was_not_taken_says_where_to_look() {
        for kind in ["connection", "unauthorized", "dns", "incorrectResponse"] {
            assert_eq!(Failed::proof(Challenge::Http, &problem(kind, "")).code, Code::NotReached, "{kind}");
            assert_eq!(Failed::proof(Challenge::Dns, &problem(kind, "")).code, Code::NotInDns, "{kind}");
        }
        assert_eq!(Failed::proof(Challenge::Dns, &problem("caa", "")).code, Code::NameRefused);
        assert_eq!(Failed::proof(Challenge::Http, &problem("serverInternal", "")).code, Code::AuthorityFailed);
    }

    #[test]
    fn somebody_else_s_text_is_one_short_line() {
        assert_eq!(clean(" a\r\nb\u{1b}[1m "), Some("a  b [1m".into()));
        assert_eq!(clean(" \n"), None);
        assert_eq!(clean(&"ä".repeat(999)).map(|text| text.chars().count()), Some(LONGEST));
    }
}
