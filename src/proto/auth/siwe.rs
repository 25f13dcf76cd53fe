//! Sign-In with Ethereum: the message that a wallet signs (EIP-4361), read and checked. Who signed it is not checked here.

use std::fmt;

/// Longest message that is read, in bytes.
pub const LONGEST: usize = 4096;
/// How far clocks may be apart, in seconds.
const SKEW: i64 = 300;

/// An account: the last 20 bytes of the hash of its key, or where its contract stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

impl Address {
    /// From `0x` and 40 hexadecimal digits. Capital letters, by which wallets mark typing errors (EIP-55), are not looked at: the address
    /// is compared with that which signed.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 40)?;
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = (digit(0)? << 4 | digit(1)?) as u8;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The scheme of the site, if it is said.
    pub scheme: Option<String>,
    /// The site that asks: host, and port where it is not the usual one.
    pub domain: String,
    /// Who signs.
    pub address: Address,
    /// What it is about.
    pub uri: String,
    /// The chain it belongs to.
    pub chain: u64,
    /// What makes it good for one time.
    pub nonce: String,
    /// When it was made, in seconds since 1970 UTC.
    pub issued: i64,
    /// When it ends.
    pub expires: Option<i64>,
    /// Since when it counts.
    pub not_before: Option<i64>,
}

/// Why a message is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It is no message of EIP-4361.
    #[error("this is no message of Sign-In with Ethereum")]
    Form,
    /// It was made for another site.
    #[error("this message was signed for another site")]
    Site,
    /// It has expired, or does not count yet.
    #[error("this message has expired, or does not count yet; check the clock")]
    Time,
}

const OPENING: &str = " wants you to sign in with your Ethereum account:";

fn seconds(text: &str) -> Result<i64, Invalid> {
    text.parse::<jiff::Timestamp>().map(|at| at.as_second()).map_err(|_| Invalid::Form)
}

impl Message {
    /// Reads one. Every line stands where the standard has it, and nothing else is there.
    ///
    /// # Errors
    /// [`Invalid::Form`].
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > LONGEST {
            return Err(Invalid::Form);
        }
        let mut lines = text.split('\n');
        let mut next = || lines.next().ok_or(Invalid::Form);
        let who = next()?.strip_suffix(OPENING).ok_or(Invalid::Form)?;
        let (scheme, domain) = match who.split_once("://") {
            Some((scheme, domain)) => (Some(scheme.to_owned()), domain.to_owned()),
            None => (None, who.to_owned()),
        };
        let address = Address::parse(next()?).ok_or(Invalid::Form)?;
        if !next()?.is_empty() {
            return Err(Invalid::Form);
        }
        // A statement and an empty line, or the empty line alone.
        if !next()?.is_empty() && !next()?.is_empty() {
            return Err(Invalid::Form);
        }
        let mut lines = lines.peekable();
        let mut required = |name: &str| lines.next_if(|line| line.starts_with(name)).map(|line| &line[name.len()..]);
        let uri = required("URI: ").ok_or(Invalid::Form)?.to_owned();
        let version = required("Version: ").ok_or(Invalid::Form)?;
        let chain = required("Chain ID: ").and_then(|text| text.parse().ok()).ok_or(Invalid::Form)?;
        let nonce = required("Nonce: ").ok_or(Invalid::Form)?.to_owned();
        let issued = seconds(required("Issued At: ").ok_or(Invalid::Form)?)?;
        let expires = required("Expiration Time: ").map(seconds).transpose()?;
        let not_before = required("Not Before: ").map(seconds).transpose()?;
        required("Request ID: ");
        if required("Resources:").is_some_and(|rest| rest.is_empty()) {
            while required("- ").is_some() {}
        }
        let nonce_fits = nonce.len() >= 8 && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if lines.next().is_some() || version != "1" || domain.is_empty() || !nonce_fits {
            return Err(Invalid::Form);
        }
        Ok(Self { scheme, domain, address, uri, chain, nonce, issued, expires, not_before })
    }

    /// Whether it was made for the page of this origin, such as `https://box.local:8443`, and counts at `now`. Its nonce is for the caller
    /// to know.
    ///
    /// # Errors
    /// [`Invalid::Site`], [`Invalid::Time`].
    pub fn check(&self, origin: &str, now: i64) -> Result<(), Invalid> {
        let (scheme, authority) = origin.split_once("://").ok_or(Invalid::Site)?;
        let there =
            self.uri.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
        if self.domain != authority || self.scheme.as_ref().is_some_and(|said| said != scheme) || !there {
            return Err(Invalid::Site);
        }
        let early = self.issued > now + SKEW || self.not_before.is_some_and(|from| from > now + SKEW);
        let late = self.expires.is_some_and(|until| until <= now);
        if early || late { Err(Invalid::Time) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: &str = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";

    fn message(statement: &str, more: &str) -> String {
        format!(
            "box.local:8443{OPENING}\n{WHO}\n\n{statement}URI: https://box.local:8443/sign-in\nVersion: 1\nChain ID: 1\n\
             Nonce: 32891756abc\nIssued At: 2026-11-28T16:00:00Z{more}"
        )
    }

    const ISSUED: i64 = 1_795_881_600;

    #[test]
    fn a_message_is_read_with_and_without_what_may_be_left_out() {
        let all = "\nExpiration Time: 2026-11-28T16:10:00.5Z\nNot Before: 2026-11-28T16:00:00+00:00\nRequest ID: 7\nResources:\n\
                   - https://a\n- ipfs://b";
        for (statement, more) in [("Sign in to Porch.\n\n", ""), ("\n", ""), ("\n", all)] {
            let text = message(statement, more);
            let read = Message::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((read.domain.as_str(), read.chain, read.issued), ("box.local:8443", 1, ISSUED));
            assert_eq!(read.address.to_string(), WHO.to_lowercase());
            assert_eq!(read.expires.is_some(), !more.is_empty());
            assert_eq!(read.check("https://box.local:8443", ISSUED), Ok(()));
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let good = message("\n", "");
        for (from, to) in [
            ("Version: 1", "Version: 2"),
            ("Chain ID: 1", "Chain ID: one"),
            ("Nonce: 32891756abc", "Nonce: 32"),
            ("Nonce: 32891756abc", "Nonce: 3289-756abc"),
            ("2026-11-28T16", "2026-13-28T16"),
            (WHO, "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc"),
            (WHO, "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756CcZ"),
            ("box.local:8443 wants", " wants"),
            ("URI: https", "Uri: https"),
        ] {
            assert_eq!(Message::parse(&good.replacen(from, to, 1)), Err(Invalid::Form), "{to}");
        }
        for text in
            [String::new(), format!("{good}\n"), format!("{good}\nmore"), good.replace('\n', "\r\n"), "a".repeat(9999)]
        {
            assert_eq!(Message::parse(&text), Err(Invalid::Form), "{text}");
        }
    }

    #[test]
    fn a_message_for_another_site_or_time_is_refused() {
        let read = |text: &str| Message::parse(text).expect("a message");
        let good = read(&message("\n", "\nExpiration Time: 2026-11-28T16:10:00Z"));
        for origin in ["https://box.local", "http://box.local:8443", "https://evil.local:8443", "nonsense", ""] {
            assert_eq!(good.check(origin, ISSUED), Err(Invalid::Site), "{origin}");
        }
        let other = Message { uri: "https://box.local:8443.evil.org/".into(), ..good.clone() };
        assert_eq!(other.check("https://box.local:8443", ISSUED), Err(Invalid::Site));
        assert_eq!(good.check("https://box.local:8443", ISSUED - SKEW - 1), Err(Invalid::Time));
        assert_eq!(good.check("https://box.local:8443", ISSUED + 600), Err(Invalid::Time));
        let later = Message { not_before: Some(ISSUED + 1000), expires: None, ..good };
        assert_eq!(later.check("https://box.local:8443", ISSUED), Err(Invalid::Time));
    }
}
