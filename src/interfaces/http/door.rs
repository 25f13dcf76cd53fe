//! The two doors: the plain one sends whoever comes from another machine to the secure one.
//!
//! Browsers give cameras and microphones to secure pages only, and every machine is secure for itself. So plain HTTP
//! serves this machine, a reverse proxy on it, and what leads to the secure door: the certificate authority, the page
//! about it, and what proves a name to an authority outside. No `Strict-Transport-Security` is ever sent: with an authority of one's own it would take away the way past
//! a certificate that a device does not trust yet, and it would count for every other port of the same name.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;

use super::App;
use super::error::Problem;
use super::network;
use crate::drivers::tls;
use crate::proto::lan::{self, Holder, Scheme};
use crate::services::network as hotspot;

/// What the plain door serves to everybody.
const OPEN: [&str; 6] = ["/trust", "/trust.svg", "/api/v1/trust", "/ca.crt", "/ca.pem", "/ca.mobileconfig"];
/// The same, for what the page needs.
const ASSETS: &str = "/assets/";
/// Where a certificate authority looks for what proves a name, by plain HTTP: RFC 8555 section 8.3.
const PROOFS: &str = "/.well-known/acme-challenge/";
/// Longest name with port that a redirect repeats: RFC 1035 section 2.3.4, and a port.
const LONGEST: usize = 255 + 6;

/// How a request came in; put there when its connection was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The other side of the connection.
    pub peer: IpAddr,
    /// Whether it is encrypted.
    pub secure: bool,
}

impl Arrival {
    /// Whether it comes from this machine: a person here, or a reverse proxy.
    pub fn is_near(&self) -> bool {
        self.peer.to_canonical().is_loopback()
    }
}

/// The addresses at which the box is open.
#[derive(Clone)]
pub struct Doors {
    /// The plain one.
    pub plain: SocketAddr,
    /// The secure one, if there is one.
    pub secure: Option<(SocketAddr, tls::Handle)>,
    /// The addresses of the box.
    pub addresses: watch::Receiver<Arc<[IpAddr]>>,
    /// Its name on the local network, `kitchen.local`, while that is published.
    pub published: watch::Receiver<Option<String>>,
}

impl Doors {
    /// Where the box is opened by its name.
    pub fn named(&self) -> Option<String> {
        let name = self.published.borrow().clone()?;
        Some(match &self.secure {
            Some((at, _)) => lan::url(Scheme::Https, &name, at.port()),
            None => lan::url(Scheme::Http, &name, self.plain.port()),
        })
    }

    /// The address of the box for others who are not on it, without a port: the private one that comes first.
    pub fn outward(&self) -> Option<IpAddr> {
        let (secure, _) = self.secure.as_ref()?;
        if !secure.ip().is_unspecified() {
            return (!secure.ip().is_loopback()).then_some(secure.ip());
        }
        self.addresses.borrow().iter().copied().find(|ip| lan::is_private(*ip))
    }
}

/// What the rule looks at.
struct Seen<'a> {
    peer: IpAddr,
    host: Option<&'a str>,
    /// A proxy says that it was asked by HTTPS.
    forwarded: bool,
    path: &'a str,
    public: Option<&'a str>,
    port: u16,
}

#[derive(Debug, PartialEq, Eq)]
enum Way {
    In,
    To(String),
    /// There is no host that a redirect could name.
    Nowhere,
}

/// The rule for a request at the plain door.
fn way(seen: &Seen<'_>) -> Way {
    let path = seen.path.split('?').next().unwrap_or_default();
    if OPEN.contains(&path) || path.starts_with(ASSETS) || path.starts_with(PROOFS) {
        return Way::In;
    }
    let authority = |url: &str| url.split_once("://").map(|(_, authority)| authority.to_owned());
    let Some(host) = seen.host.filter(|host| host.len() <= LONGEST) else { return Way::Nowhere };
    let name = without_port(host);
    let public = seen.public.filter(|url| authority(url).is_some_and(|authority| authority == host));
    if seen.peer.to_canonical().is_loopback() && (is_own(name) || seen.forwarded || public.is_some()) {
        return Way::In;
    }
    match public {
        Some(url) if url.starts_with("https://") => Way::To(format!("{url}{}", seen.path)),
        _ if !is_host(name) => Way::Nowhere,
        _ => Way::To(format!("{}{}", lan::url(Scheme::Https, name, seen.port), seen.path)),
    }
}

/// The name in a `Host` (RFC 9110 section 7.2), with the brackets of an IPv6 address.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            name
        }
        _ => host,
    }
}

/// Whether a name is this machine's for itself.
fn is_own(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    lan::is_localhost(name) || address.is_ok_and(|ip| ip.is_loopback())
}

/// Whether a redirect may repeat a name: letters of host names, or an address.
fn is_host(name: &str) -> bool {
    let inside = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match inside {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    }
}

pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    let arrival = request.extensions().get::<Arrival>().copied();
    if let Some(Arrival { peer, secure: false }) = arrival
        && app.network.is_guest(peer)
    {
        return match is_found(host(request.headers()), request.uri().path()) {
            true => Ok(next.run(request).await),
            false => Ok(portal(app.doors.plain.port())),
        };
    }
    let (Some((secure, _)), Some(Arrival { peer, secure: false })) = (&app.doors.secure, arrival) else {
        return Ok(next.run(request).await);
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let seen = Seen {
        peer,
        host: host(request.headers()),
        forwarded: forwarded(request.headers()),
        path,
        public: app.public_url.as_deref(),
        port: secure.port(),
    };
    match way(&seen) {
        Way::In => Ok(next.run(request).await),
        Way::To(url) => Ok(redirect(&url)),
        Way::Nowhere => Err(Problem::bad("no-host", "This request names no host.")),
    }
}

/// Whether somebody who has come by the box's own network finds something there without HTTPS: the page for networks, at its address. Whatever
/// else they ask for, a telephone that tries whether there is an internet among them, leads there.
fn is_found(host: Option<&str>, path: &str) -> bool {
    let here = host.map(without_port).and_then(|name| name.parse::<IpAddr>().ok()) == Some(hotspot::ADDRESS.into());
    here && (network::FOUND.contains(&path) || path.starts_with(ASSETS))
}

/// To the page for networks. 302 is what telephones look for.
fn portal(port: u16) -> Response {
    let url = lan::url(Scheme::Http, &hotspot::ADDRESS.to_string(), port) + network::PAGE;
    let mut response = StatusCode::FOUND.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_str(&url).expect("an address is a header"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 308 keeps method and body. It is not stored: HTTPS can be turned off, and ports change.
fn redirect(url: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else {
        return Problem::bad("no-host", "This request names no host.").into_response();
    };
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Players on pages of other sites follow it too; nothing is told by it.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok())
}

/// Whether a reverse proxy was asked by HTTPS.
fn forwarded(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// What a request shows of how somebody came.
pub(super) struct Visit {
    /// What the person sees is HTTPS: by our own door, or by a proxy on this machine.
    pub(super) secure: bool,
    host: Option<String>,
    /// Who asks is at the box or in its local network, and no proxy stands between.
    near: bool,
    /// From where they ask.
    from: Holder,
}

impl Visit {
    pub(super) fn of(parts: &Parts, app: &App) -> Self {
        let host = host(&parts.headers).map(str::to_owned);
        let public = app.public_url.as_deref().and_then(|url| url.strip_prefix("https://"));
        let secure = parts.extensions.get::<Arrival>().is_some_and(|arrival| {
            let proxied = forwarded(&parts.headers) || public.is_some() && public == host.as_deref();
            arrival.secure || (proxied && arrival.peer.to_canonical().is_loopback())
        });
        let proxied = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "via"];
        let near = parts.extensions.get::<Arrival>().is_some_and(|arrival| {
            let own = app.doors.addresses.borrow();
            lan::is_on_link(arrival.peer, &own) && !proxied.iter().any(|name| parts.headers.contains_key(*name))
        });
        let from = parts.extensions.get::<Arrival>().map_or(Holder::Loopback, |arrival| Holder::of(arrival.peer));
        Self { secure, host, near, from }
    }

    /// Whether whoever asks is at the box or in its local network. What comes through a proxy may come from anywhere.
    pub(super) fn is_near(&self) -> bool {
        self.near
    }

    /// From where somebody asks, for what is counted. A proxy speaks for all who come by it.
    pub(super) fn from(&self) -> Holder {
        self.from
    }

    /// Scheme, name and port of the page, as its browser has them.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.host.as_deref().unwrap_or(lan::LOCALHOST))
    }

    /// The name that was asked for, without a port.
    pub(super) fn name(&self) -> &str {
        self.host.as_deref().map_or(lan::LOCALHOST, without_port)
    }

    /// A name of the box for others: to somebody at the box itself `localhost` is right, and wrong for whom they send it.
    pub(super) fn outward(&self, app: &App) -> String {
        match app.doors.outward().filter(|_| is_own(self.name())) {
            Some(ip) => lan::host(ip),
            None => self.name().to_owned(),
        }
    }

    /// The beginning of links that are handed out.
    pub(super) fn base(&self, app: &App) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        match (&app.public_url, &app.doors.secure) {
            (Some(url), _) => url.clone(),
            (None, Some((at, _))) if is_own(self.name()) && app.doors.outward().is_some() => {
                lan::url(Scheme::Https, &self.outward(app), at.port())
            }
            _ => format!("{scheme}://{}", self.host.as_deref().unwrap_or(lan::LOCALHOST)),
        }
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(parts, app))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen<'a>(peer: &str, host: &'a str, path: &'a str) -> Seen<'a> {
        let peer = peer.parse().expect("an address");
        Seen { peer, host: Some(host), forwarded: false, path, public: None, port: 8443 }
    }

    #[test]
    fn this_machine_is_served_and_others_are_sent_to_the_secure_door() {
        for (peer, host) in [
            ("127.0.0.1", "localhost:8080"),
            ("127.0.0.1", "127.0.0.1:8080"),
            ("::1", "[::1]:8080"),
            ("::ffff:127.0.0.1", "localhost"),
        ] {
            assert_eq!(way(&seen(peer, host, "/r/x?y=1")), Way::In, "{peer} {host}");
        }
        for (peer, host, to) in [
            ("192.168.1.9", "porch.local:8080", "https://porch.local:8443/r/x?y=1"),
            ("192.168.1.9", "192.168.1.20", "https://192.168.1.20:8443/r/x?y=1"),
            ("fd00::9", "[fd00::2]:8080", "https://[fd00::2]:8443/r/x?y=1"),
            // Who writes localhost into a request from elsewhere is not on this machine.
            ("192.168.1.9", "localhost:8080", "https://localhost:8443/r/x?y=1"),
            // The browser on the box's own screen, under the box's name.
            ("127.0.0.1", "porch.local:8080", "https://porch.local:8443/r/x?y=1"),
        ] {
            assert_eq!(way(&seen(peer, host, "/r/x?y=1")), Way::To(to.into()), "{peer} {host}");
        }
        let standard = Seen { port: 443, ..seen("192.168.1.9", "porch.local", "/") };
        assert_eq!(way(&standard), Way::To("https://porch.local/".into()));
    }

    #[test]
    fn by_the_box_s_own_network_everything_leads_to_the_page_for_networks() {
        for (host, path) in
            [("10.42.0.1", "/network"), ("10.42.0.1:8080", "/api/v1/network/join"), ("10.42.0.1", "/assets/main.js")]
        {
            assert!(is_found(Some(host), path), "{host} {path}");
        }
        for (host, path) in [
            ("connectivitycheck.gstatic.com", "/generate_204"),
            ("captive.apple.com", "/hotspot-detect.html"),
            ("porch.local", "/network"),
            ("10.42.0.1", "/"),
            ("10.42.0.1", "/api/v1/session"),
            ("10.42.0.2", "/network"),
        ] {
            assert!(!is_found(Some(host), path), "{host} {path}");
        }
        assert!(!is_found(None, "/network"));
        let answer = portal(80);
        assert_eq!(
            (answer.status(), &answer.headers()[header::LOCATION]),
            (StatusCode::FOUND, &HeaderValue::from_static("http://10.42.0.1/network"))
        );
    }

    #[test]
    fn a_proxy_on_this_machine_is_served() {
        let proxied = Seen { forwarded: true, ..seen("127.0.0.1", "porch.example.org", "/") };
        assert_eq!(way(&proxied), Way::In);
        let known = Seen { public: Some("https://porch.example.org"), ..seen("::1", "porch.example.org", "/") };
        assert_eq!(way(&known), Way::In);
        // What others claim of a proxy is worth nothing.
        let claimed = Seen { forwarded: true, ..seen("192.168.1.9", "porch.local", "/") };
        assert_eq!(way(&claimed), Way::To("https://porch.local:8443/".into()));
        let outside = Seen { public: Some("https://porch.lan:9443"), ..seen("192.168.1.9", "porch.lan:9443", "/b/x") };
        assert_eq!(way(&outside), Way::To("https://porch.lan:9443/b/x".into()));
    }

    #[test]
    fn what_leads_to_trust_is_served_to_everybody() {
        for path in ["/trust", "/trust?x", "/ca.crt", "/ca.pem", "/ca.mobileconfig", "/api/v1/trust", "/assets/main.js"]
        {
            assert_eq!(way(&seen("192.168.1.9", "porch.local", path)), Way::In, "{path}");
        }
        assert_eq!(way(&seen("198.51.100.1", "porch.example.org", "/.well-known/acme-challenge/token")), Way::In);
        for path in ["/", "/.well-known/", "/trust/x", "/ca.crt/", "/api/v1/session", "/healthz", "/assets"] {
            assert_ne!(way(&seen("192.168.1.9", "porch.local", path)), Way::In, "{path}");
        }
    }

    #[test]
    fn a_redirect_repeats_nothing_but_host_names() {
        for host in ["", "a b", "a/b", "porch.local@evil.example", "[::1", "[porch]", "a\"b", &"a".repeat(LONGEST + 1)]
        {
            assert_eq!(way(&seen("192.168.1.9", host, "/")), Way::Nowhere, "{host}");
        }
        assert_eq!(way(&Seen { host: None, ..seen("192.168.1.9", "", "/") }), Way::Nowhere);
    }
}
