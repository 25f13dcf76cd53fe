//! Where a push goes: what an owner types, without the key. Pure.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::drivers::pipeline::PushSpec;
use crate::model::secret::Secret;

/// Longest address, in bytes.
pub const LONGEST: usize = 200;
/// Longest key, in bytes: that of a stream id of SRT.
const LONGEST_KEY: usize = 512;
/// Bytes of a passphrase, as SRT takes it.
const PASSPHRASE: std::ops::RangeInclusive<usize> = 10..=79;

/// By which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PushKind"))]
pub enum Kind {
    /// RTMP, which nobody encrypts.
    Rtmp,
    /// RTMP by TLS.
    Rtmps,
    /// SRT, the box calls.
    Srt,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rtmp, Self::Rtmps, Self::Srt];

    /// Its name, which is the scheme of its addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmps => "rtmps",
            Self::Srt => "srt",
        }
    }
}

/// What is wrong with an address or a key: a part of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Longer than 200 bytes.
    #[error("it has more than {LONGEST} characters")]
    Long,
    /// Another scheme, or none.
    #[error("it begins with rtmp://, rtmps:// or srt://")]
    Scheme,
    /// It holds what belongs elsewhere.
    #[error("keys and passwords are not part of it")]
    Login,
    /// The name of the server can't be one.
    #[error("the name of the server can't be read")]
    Host,
    /// The port is missing or no number from 1 to 65535.
    #[error("the port can't be read; with srt:// it has to be there")]
    Port,
    /// RTMP needs a path, SRT has none.
    #[error("with rtmp:// and rtmps:// there is a path, as in rtmp://server/live, and with srt:// there is none")]
    Path,
    /// RTMP without a key.
    #[error("the service needs its key")]
    NoKey,
    /// Not a line of printable characters, or too long.
    #[error("a key is 1 to {LONGEST_KEY} characters without spaces")]
    Key,
    /// SRT refuses it.
    #[error("a passphrase is 10 to 79 characters, and for srt:// alone")]
    Passphrase,
}

/// An address that can be used. It holds no secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    kind: Kind,
    /// Without brackets.
    host: String,
    /// As it was given.
    port: Option<u16>,
    /// Without slashes at its ends; empty with SRT.
    path: String,
}

impl Address {
    /// By which protocol.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether these go with it.
    ///
    /// # Errors
    /// [`Invalid::NoKey`], [`Invalid::Key`], [`Invalid::Passphrase`].
    pub fn goes_with(&self, key: Option<&Secret>, passphrase: Option<&Secret>) -> Result<(), Invalid> {
        let line = |text: &str| text.chars().all(|c| !c.is_whitespace() && !c.is_control());
        match key.map(Secret::reveal) {
            None if self.kind != Kind::Srt => return Err(Invalid::NoKey),
            Some(key) if key.is_empty() || key.len() > LONGEST_KEY || !line(key) => return Err(Invalid::Key),
            _ => {}
        }
        match passphrase.map(Secret::reveal) {
            Some(text) if self.kind != Kind::Srt || !PASSPHRASE.contains(&text.len()) => Err(Invalid::Passphrase),
            _ => Ok(()),
        }
    }

    /// What a pipeline is told.
    pub fn spec(&self, key: Option<Secret>, passphrase: Option<Secret>) -> PushSpec {
        let host = self.host.clone();
        let rtmp = |secure, usual| PushSpec::Rtmp {
            secure,
            host: self.host.clone(),
            port: self.port.unwrap_or(usual),
            application: self.path.clone(),
            stream: key.clone().unwrap_or_else(|| Secret::new("")),
        };
        match self.kind {
            Kind::Rtmp => rtmp(false, 1935),
            Kind::Rtmps => rtmp(true, 443),
            Kind::Srt => PushSpec::Srt { host, port: self.port.unwrap_or_default(), stream_id: key, passphrase },
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.kind.name();
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]", self.host)?,
            false => write!(f, "{scheme}://{}", self.host)?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if self.path.is_empty() { Ok(()) } else { write!(f, "/{}", self.path) }
    }
}

/// An address is not for a log.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl FromStr for Address {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(Invalid::Long);
        }
        let (scheme, rest) = text.split_once("://").ok_or(Invalid::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == scheme).ok_or(Invalid::Scheme)?;
        if rest.contains(['@', '?', '#']) {
            return Err(Invalid::Login);
        }
        let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match server.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or(Invalid::Host)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| Invalid::Host)?;
                (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(Invalid::Port)?) })
            }
            None => server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port))),
        };
        let letter = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if host.is_empty() || !server.starts_with('[') && !host.chars().all(letter) {
            return Err(Invalid::Host);
        }
        let number = |port: &str| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or(Invalid::Port);
        let port = port.map(number).transpose()?;
        let path = path.trim_matches('/');
        if (kind == Kind::Srt) != path.is_empty() || !path.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Invalid::Path);
        }
        if kind == Kind::Srt && port.is_none() {
            return Err(Invalid::Port);
        }
        Ok(Self { kind, host: host.to_ascii_lowercase(), port, path: path.to_owned() })
    }
}

impl TryFrom<String> for Address {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_alike() {
        for (text, written) in [
            ("rtmps://a.rtmps.youtube.com/live2", "rtmps://a.rtmps.youtube.com/live2"),
            (" RTMP://Box.lan:1936/a/b/ ", "rtmp://box.lan:1936/a/b"),
            ("rtmp://[::1]/live", "rtmp://[::1]/live"),
            ("srt://192.0.2.1:9000", "srt://192.0.2.1:9000"),
            ("srt://[2001:db8::1]:9000/", "srt://[2001:db8::1]:9000"),
        ] {
            let address: Address = text.parse().expect("it can be used");
            assert_eq!(address.to_string(), written);
            assert_eq!(written.parse(), Ok(address));
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for (text, why) in [
            ("", Invalid::Scheme),
            ("server/live", Invalid::Scheme),
            ("http://server/live", Invalid::Scheme),
            ("rtmp://ada:secret@server/live", Invalid::Login),
            ("rtmp://server/live?key=1", Invalid::Login),
            ("srt://server:9000?passphrase=0123456789", Invalid::Login),
            ("rtmp:///live", Invalid::Host),
            ("rtmp://ser ver/live", Invalid::Host),
            ("rtmp://[::zz]/live", Invalid::Host),
            ("rtmp://server:0/live", Invalid::Port),
            ("rtmp://server:99999/live", Invalid::Port),
            ("srt://server", Invalid::Port),
            ("rtmp://server", Invalid::Path),
            ("rtmp://server/", Invalid::Path),
            ("rtmp://server/li ve", Invalid::Path),
            ("srt://server:9000/live", Invalid::Path),
        ] {
            assert_eq!(text.parse::<Address>(), Err(why), "{text}");
        }
        assert_eq!(format!("rtmp://server/{}", "a".repeat(200)).parse::<Address>(), Err(Invalid::Long));
    }

    #[test]
    fn keys_go_with_what_they_are_for() {
        let (rtmp, srt): (Address, Address) =
            ("rtmp://server/live".parse().expect("rtmp"), "srt://server:9000".parse().expect("srt"));
        let (key, passphrase) = (Secret::new("live_1"), Secret::new("0123456789"));
        assert_eq!(rtmp.goes_with(Some(&key), None), Ok(()));
        assert_eq!(rtmp.goes_with(None, None), Err(Invalid::NoKey));
        assert_eq!(rtmp.goes_with(Some(&key), Some(&passphrase)), Err(Invalid::Passphrase));
        assert_eq!(srt.goes_with(None, None), Ok(()));
        assert_eq!(srt.goes_with(Some(&key), Some(&passphrase)), Ok(()));
        assert_eq!(srt.goes_with(None, Some(&Secret::new("short"))), Err(Invalid::Passphrase));
        for wrong in ["", "a b", "a\n", &"a".repeat(513)] {
            assert_eq!(rtmp.goes_with(Some(&Secret::new(wrong)), None), Err(Invalid::Key), "{wrong:?}");
        }
    }

    #[test]
    fn usual_ports_are_those_of_the_protocol() {
        let port = |text: &str| match text.parse::<Address>().expect("it can be used").spec(None, None) {
            PushSpec::Rtmp { port, secure, application, .. } => (port, secure, application),
            PushSpec::Srt { port, .. } => (port, false, String::new()),
        };
        assert_eq!(port("rtmp://server/a/b"), (1935, false, "a/b".to_owned()));
        assert_eq!(port("rtmps://server/live2"), (443, true, "live2".to_owned()));
        assert_eq!(port("srt://server:9000"), (9000, false, String::new()));
    }
}
