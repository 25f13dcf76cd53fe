//! Where a push goes: what an owner types, without the key. Pure.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::run::Target;
use crate::drivers::pipeline::PushSpec;
use crate::drivers::whip::Endpoint;
use crate::model::secret::Secret;
use crate::proto::lan;

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
    /// WHIP: WebRTC, by an offer over HTTP.
    Whip,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rtmp, Self::Rtmps, Self::Srt, Self::Whip];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmps => "rtmps",
            Self::Srt => "srt",
            Self::Whip => "whip",
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
    #[error("it begins with rtmp://, rtmps://, srt:// or https://")]
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
    /// WHIP without TLS, out of the house.
    #[error("http:// is for servers in the local network alone; take https://")]
    Open,
    /// RTMP without a key.
    #[error("the service needs its key")]
    NoKey,
    /// Not a line of printable characters, or too long.
    #[error("a key is 1 to {LONGEST_KEY} characters without spaces")]
    Key,
    /// WHIP can't carry it.
    #[error("a token is made of letters, digits and signs of English alone")]
    Token,
    /// SRT refuses it.
    #[error("a passphrase is 10 to 79 characters, and for srt:// alone")]
    Passphrase,
}

/// An address that can be used. It holds no secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    scheme: Scheme,
    /// Without brackets.
    host: String,
    /// As it was given.
    port: Option<u16>,
    /// Without slashes at its ends; with WHIP without the one in front; empty with SRT.
    path: String,
}

/// What addresses begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Rtmp,
    Rtmps,
    Srt,
    Https,
    Http,
}

impl Scheme {
    const ALL: [Self; 5] = [Self::Rtmp, Self::Rtmps, Self::Srt, Self::Https, Self::Http];

    const fn name(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmps => "rtmps",
            Self::Srt => "srt",
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Rtmp => Kind::Rtmp,
            Self::Rtmps => Kind::Rtmps,
            Self::Srt => Kind::Srt,
            Self::Https | Self::Http => Kind::Whip,
        }
    }
}

impl Address {
    /// By which protocol.
    pub const fn kind(&self) -> Kind {
        self.scheme.kind()
    }

    /// Whether these go with it.
    ///
    /// # Errors
    /// [`Invalid::NoKey`], [`Invalid::Key`], [`Invalid::Passphrase`].
    pub fn goes_with(&self, key: Option<&Secret>, passphrase: Option<&Secret>) -> Result<(), Invalid> {
        let line = |text: &str| text.chars().all(|c| !c.is_whitespace() && !c.is_control());
        match key.map(Secret::reveal) {
            None if matches!(self.kind(), Kind::Rtmp | Kind::Rtmps) => return Err(Invalid::NoKey),
            Some(key) if key.is_empty() || key.len() > LONGEST_KEY || !line(key) => return Err(Invalid::Key),
            // It goes into a header (RFC 6750 section 2.1).
            Some(key) if self.kind() == Kind::Whip && !key.is_ascii() => return Err(Invalid::Token),
            _ => {}
        }
        match passphrase.map(Secret::reveal) {
            Some(text) if self.kind() != Kind::Srt || !PASSPHRASE.contains(&text.len()) => Err(Invalid::Passphrase),
            _ => Ok(()),
        }
    }

    /// Where it goes, for whoever sends it there.
    pub(super) fn target(&self, key: Option<Secret>, passphrase: Option<Secret>) -> Target {
        let host = self.host.clone();
        let (port, path) = (|usual| self.port.unwrap_or(usual), self.path.clone());
        let rtmp = |secure, usual| {
            let stream = key.clone().unwrap_or_else(|| Secret::new(""));
            let (host, application) = (self.host.clone(), self.path.clone());
            Target::Pipeline(PushSpec::Rtmp { secure, host, port: port(usual), application, stream })
        };
        match self.scheme {
            Scheme::Rtmp => rtmp(false, 1935),
            Scheme::Rtmps => rtmp(true, 443),
            Scheme::Srt => Target::Pipeline(PushSpec::Srt { host, port: port(0), stream_id: key, passphrase }),
            Scheme::Https => Target::Whip(Endpoint { secure: true, host, port: port(443), path, key }),
            Scheme::Http => Target::Whip(Endpoint { secure: false, host, port: port(80), path, key }),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.name();
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
        f.debug_struct("Address").field("kind", &self.kind()).finish_non_exhaustive()
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
        let scheme = Scheme::ALL.into_iter().find(|known| known.name() == scheme).ok_or(Invalid::Scheme)?;
        let kind = scheme.kind();
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
        let path = if kind == Kind::Whip { path } else { path.trim_matches('/') };
        let fits = kind == Kind::Whip || (kind == Kind::Srt) == path.is_empty();
        if !fits || !path.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Invalid::Path);
        }
        if kind == Kind::Srt && port.is_none() {
            return Err(Invalid::Port);
        }
        let near = |host: &str| host.parse().map_or_else(|_| lan::is_local(host), lan::is_private);
        if scheme == Scheme::Http && !near(host) {
            return Err(Invalid::Open);
        }
        Ok(Self { scheme, host: host.to_ascii_lowercase(), port, path: path.to_owned() })
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
            ("HTTPS://Whip.example.org/Live/a/", "https://whip.example.org/Live/a/"),
            ("https://server", "https://server"),
            ("http://box.local:8889/live/whip", "http://box.local:8889/live/whip"),
            ("http://[fd00::1]/whip", "http://[fd00::1]/whip"),
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
            ("ftp://server/live", Invalid::Scheme),
            ("http://example.org/whip", Invalid::Open),
            ("http://192.0.2.1/whip", Invalid::Open),
            ("https://ada:secret@example.org/whip", Invalid::Login),
            ("https://example.org/whip?key=1", Invalid::Login),
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
        let whip: Address = "https://server/whip".parse().expect("whip");
        assert_eq!((whip.goes_with(Some(&key), None), whip.goes_with(None, None)), (Ok(()), Ok(())));
        assert_eq!(whip.goes_with(None, Some(&passphrase)), Err(Invalid::Passphrase));
        assert_eq!(whip.goes_with(Some(&Secret::new("schlüssel")), None), Err(Invalid::Token));
    }

    #[test]
    fn usual_ports_are_those_of_the_protocol() {
        let port = |text: &str| match text.parse::<Address>().expect("it can be used").target(None, None) {
            Target::Pipeline(PushSpec::Rtmp { port, secure, application, .. }) => (port, secure, application),
            Target::Pipeline(PushSpec::Srt { port, .. }) => (port, false, String::new()),
            Target::Whip(Endpoint { port, secure, path, .. }) => (port, secure, path),
        };
        assert_eq!(port("rtmp://server/a/b"), (1935, false, "a/b".to_owned()));
        assert_eq!(port("rtmps://server/live2"), (443, true, "live2".to_owned()));
        assert_eq!(port("srt://server:9000"), (9000, false, String::new()));
        assert_eq!(port("https://server/whip/"), (443, true, "whip/".to_owned()));
        assert_eq!(port("http://localhost:8889/a"), (8889, false, "a".to_owned()));
    }
}
