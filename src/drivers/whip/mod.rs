//! The HTTP of a WHIP client (RFC 9725): an offer is posted, an answer comes back, and in the end what was made there is deleted.
//!
//! Certificates are held to what the system trusts. A key goes with every request, by TLS alone, or within the local network. Everything
//! ends in time, and no answer is read further than a session description is long.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, LOCATION};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Url;

use crate::model::secret::Secret;
use crate::proto::lan;

/// How long a request may take, with everything.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection to one address of the server may take, and how many are tried.
const CONNECT: Duration = Duration::from_secs(3);
const TRIES: usize = 3;
/// How long the last one may take: nobody waits for it.
const FAREWELL: Duration = Duration::from_secs(3);
/// Redirections that are followed (RFC 9725 section 4.5).
const REDIRECTIONS: usize = 5;
/// Largest answer, in bytes.
const LARGEST: usize = 60 * 1024;
/// Longest address of a session, in bytes.
const LONGEST: usize = 2048;

const SDP: &str = "application/sdp";

/// Why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// Nobody knows a server of this name.
    #[error("nobody knows a server of this name")]
    Name,
    /// Without TLS, and not in the local network.
    #[error("it is not in the local network, and the connection would not be encrypted")]
    Open,
    /// Nothing listens at this port.
    #[error("nothing listens there")]
    Refused,
    /// There is no way to the server.
    #[error("there is no way to the server")]
    Unreachable,
    /// Nobody answers in time.
    #[error("nobody answers")]
    Silent,
    /// The server's certificate can't be trusted.
    #[error("the certificate can't be trusted")]
    Certificate,
    /// The server speaks no TLS here.
    #[error("it speaks no TLS there")]
    NotTls,
    /// There is no WHIP at this path.
    #[error("there is no WHIP at this path")]
    Path,
    /// The server does not take this key.
    #[error("it does not take the key")]
    Key,
    /// The server does not take what is offered.
    #[error("it does not take what is offered")]
    Offer,
    /// The server fails, or has no room.
    #[error("it fails, or has no room")]
    Server,
    /// It answers something else.
    #[error("it answers something else")]
    Odd,
}

/// Where to, and by which key.
#[derive(Clone)]
pub struct Endpoint {
    /// By TLS.
    pub secure: bool,
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The path, without the slash in front.
    pub path: String,
    /// What the server knows the stream by (RFC 6750).
    pub key: Option<Secret>,
}

/// Neither address nor key is for a log.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("secure", &self.secure).finish_non_exhaustive()
    }
}

/// What the server has made of an offer.
pub struct Session {
    url: Url,
    key: Option<Secret>,
    /// The session description that it gave.
    pub answer: String,
}

impl Endpoint {
    /// The addresses of the server, of which the first that answers is taken.
    ///
    /// # Errors
    /// [`Failed::Name`], [`Failed::Open`].
    pub async fn addresses(&self) -> Result<Vec<IpAddr>, Failed> {
        let found = resolve(&self.url()?).await?;
        Ok(found.into_iter().map(|at| at.ip()).collect())
    }

    fn url(&self) -> Result<Url, Failed> {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let scheme = if self.secure { "https" } else { "http" };
        Url::parse(&format!("{scheme}://{host}:{}/{}", self.port, self.path)).map_err(|_| Failed::Path)
    }

    /// Posts an offer. Redirections keep the method and the key, and never lead out of TLS.
    ///
    /// # Errors
    /// All of [`Failed`].
    pub async fn post(&self, offer: &str) -> Result<Session, Failed> {
        let posted = tokio::time::timeout(PATIENCE, self.posted(offer)).await;
        posted.unwrap_or(Err(Failed::Silent))
    }

    async fn posted(&self, offer: &str) -> Result<Session, Failed> {
        let mut url = self.url()?;
        for _ in 0..=REDIRECTIONS {
            let key = self.key.as_ref();
            match request((Method::POST, &url), key, Some(offer), async |answer| self.made(&url, answer).await).await? {
                Made::Session(session) => return Ok(session),
                Made::Elsewhere(next) => url = next,
            }
        }
        Err(Failed::Odd)
    }

    async fn made(&self, url: &Url, answer: Response<Incoming>) -> Result<Made, Failed> {
        let status = answer.status();
        if matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
            return Ok(Made::Elsewhere(location(url, &answer)?));
        }
        if status != StatusCode::CREATED {
            return Err(refused(status));
        }
        let session = location(url, &answer)?;
        Ok(Made::Session(Session { url: session, key: self.key.clone(), answer: text(answer).await? }))
    }
}

/// What came of a request.
enum Made {
    Session(Session),
    /// It is to be asked there.
    Elsewhere(Url),
}

impl Session {
    /// Ends it at the server (RFC 9725 section 4.2). What becomes of that changes nothing: without media it ends there by itself.
    pub async fn delete(self) {
        let key = self.key.as_ref();
        let deleted = request((Method::DELETE, &self.url), key, None, async |answer| Ok(answer.status().as_u16()));
        match tokio::time::timeout(FAREWELL, deleted).await {
            Ok(Ok(status)) => tracing::debug!(status, "the session is deleted"),
            Ok(Err(error)) => tracing::debug!(%error, "the session was not deleted"),
            Err(_) => tracing::debug!("the session was not deleted in time"),
        }
    }
}

/// One request on a connection of its own. `done` is handed the answer while that stands.
async fn request<T>(
    (method, url): (Method, &Url),
    key: Option<&Secret>,
    offer: Option<&str>,
    done: impl AsyncFnOnce(Response<Incoming>) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let at = resolve(url).await?;
    let host = url.host_str().ok_or(Failed::Odd)?;
    let stream = open(&at).await?;
    let mut asked = Request::builder().method(method).uri(target(url)).header(HOST, authority(url, host));
    if let Some(key) = key {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.reveal())).map_err(|_| Failed::Key)?;
        value.set_sensitive(true);
        asked = asked.header(AUTHORIZATION, value);
    }
    if offer.is_some() {
        asked = asked.header(CONTENT_TYPE, SDP).header(ACCEPT, SDP);
    }
    let body = Full::new(Bytes::from(offer.unwrap_or_default().to_owned()));
    let asked = asked.body(body).map_err(|_| Failed::Odd)?;
    // It ends with this function.
    let mut tasks = JoinSet::new();
    let answer = match url.scheme() {
        "https" => {
            let stream = secured(stream, host.trim_matches(['[', ']'])).await?;
            sent(stream, asked, &mut tasks).await?
        }
        _ => sent(stream, asked, &mut tasks).await?,
    };
    done(answer).await
}

async fn sent<S>(stream: S, asked: Request<Full<Bytes>>, tasks: &mut JoinSet<()>) -> Result<Response<Incoming>, Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| {
        tracing::debug!(%error, "a WHIP server speaks no HTTP, or no more");
        Failed::Odd
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tasks.spawn(async move { drop(connection.await) });
    sender.send_request(asked).await.map_err(broken)
}

/// The first address that answers.
async fn open(at: &[SocketAddr]) -> Result<TcpStream, Failed> {
    let mut last = Failed::Unreachable;
    for at in at.iter().take(TRIES) {
        match tokio::time::timeout(CONNECT, TcpStream::connect(at)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => last = Failed::Refused,
            Ok(Err(_)) => last = Failed::Unreachable,
            Err(_) => last = Failed::Silent,
        }
    }
    Err(last)
}

async fn secured(stream: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, Failed> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Failed::Name)?;
    // They are read anew each time: the system's may change, and it takes some milliseconds.
    let config = tokio::task::spawn_blocking(trust).await.map_err(|_| Failed::Odd)??;
    let opened = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    opened.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => Failed::Certificate,
        _ => Failed::NotTls,
    })
}

/// What the system trusts: its certificates are kept up with the system, and who runs a server at home may add their own.
fn trust() -> Result<ClientConfig, Failed> {
    let mut roots = RootCertStore::empty();
    let (known, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if known == 0 {
        tracing::warn!("the system trusts no certificates: install the Debian package ca-certificates");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|_| Failed::Odd)?.with_root_certificates(roots).with_no_client_auth())
}

fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn authority(url: &Url, host: &str) -> String {
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Where the server of an address is. Without TLS only what is in the local network counts: a name may say one thing and be another.
async fn resolve(url: &Url) -> Result<Vec<SocketAddr>, Failed> {
    let secure = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(Failed::Odd),
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Err(Failed::Odd) };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(|_| Failed::Name)?.collect();
    if found.is_empty() {
        return Err(Failed::Name);
    }
    found.retain(|at| secure || lan::is_private(at.ip().to_canonical()));
    if found.is_empty() { Err(Failed::Open) } else { Ok(found) }
}

/// Where an answer leads; never out of TLS.
fn location(url: &Url, answer: &Response<Incoming>) -> Result<Url, Failed> {
    let text = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).ok_or(Failed::Odd)?;
    leads(url, text)
}

fn leads(url: &Url, text: &str) -> Result<Url, Failed> {
    if text.len() > LONGEST {
        return Err(Failed::Odd);
    }
    let next = url.join(text).map_err(|_| Failed::Odd)?;
    match (url.scheme(), next.scheme()) {
        (_, "https") | ("http", "http") => Ok(next),
        (_, "http") => Err(Failed::Open),
        _ => Err(Failed::Odd),
    }
}

async fn text(answer: Response<Incoming>) -> Result<String, Failed> {
    let body = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|_| Failed::Odd)?;
    String::from_utf8(body.to_bytes().into()).map_err(|_| Failed::Odd)
}

fn refused(status: StatusCode) -> Failed {
    match status.as_u16() {
        401 | 403 | 409 => Failed::Key,
        404 | 405 | 410 | 501 => Failed::Path,
        400 | 406 | 415 | 422 => Failed::Offer,
        429 | 500..=599 => Failed::Server,
        _ => Failed::Odd,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn endpoint(port: u16) -> Endpoint {
        let key = Some(Secret::new("token"));
        Endpoint { secure: false, host: "127.0.0.1".to_owned(), port, path: "whip/a".to_owned(), key }
    }

    /// Serves these answers, one for each connection, and gives back what was asked.
    async fn serve(answers: Vec<String>) -> (u16, JoinSet<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let serving = async move {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut buffer = vec![0; 4096];
                let count = stream.read(&mut buffer).await.expect("a request");
                asked.push(String::from_utf8_lossy(&buffer[..count]).into_owned());
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
            asked
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(serving);
        (port, tasks)
    }

    fn answer(status: &str, location: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status} x\r\nlocation: {location}\r\ncontent-length: {length}\r\n\r\n{body}")
    }

    #[tokio::test]
    async fn an_offer_is_posted_with_the_key_through_redirections_and_its_session_is_deleted() {
        let answers = vec![
            answer("307", "/elsewhere/b?c=1", ""),
            answer("308", "d", ""),
            answer("201", "../session/1", "v=0 answer"),
            answer("200", "/", ""),
        ];
        let (port, mut serving) = serve(answers).await;
        let session = endpoint(port).post("v=0 offer").await.expect("it is taken");
        assert_eq!(session.answer, "v=0 answer");
        session.delete().await;
        let asked = serving.join_next().await.expect("it serves").expect("all are asked");
        let lines: Vec<&str> = asked.iter().filter_map(|asked| asked.lines().next()).collect();
        let wanted = [
            "POST /whip/a HTTP/1.1",
            "POST /elsewhere/b?c=1 HTTP/1.1",
            "POST /elsewhere/d HTTP/1.1",
            "DELETE /session/1 HTTP/1.1",
        ];
        assert_eq!(lines, wanted);
        for asked in &asked {
            assert!(asked.contains("authorization: Bearer token\r\n"), "{asked}");
            assert_eq!(asked.contains("v=0 offer"), asked.starts_with("POST"), "{asked}");
            assert_eq!(asked.contains("content-type: application/sdp"), asked.starts_with("POST"), "{asked}");
        }
    }

    #[tokio::test]
    async fn what_a_server_says_instead_is_told_apart_and_read_no_further_than_it_may_be_long() {
        for (said, failed) in [
            (answer("401", "/", ""), Failed::Key),
            (answer("409", "/", ""), Failed::Key),
            (answer("404", "/", ""), Failed::Path),
            (answer("406", "/", ""), Failed::Offer),
            (answer("503", "/", ""), Failed::Server),
            (answer("200", "/", ""), Failed::Odd),
            (answer("201", "/", &"v".repeat(LARGEST + 1)), Failed::Odd),
            (answer("201", "ftp://127.0.0.1/", ""), Failed::Odd),
            ("HTTP/1.1 201 x\r\ncontent-length: 0\r\n\r\n".to_owned(), Failed::Odd),
            ("+OK POP3\r\n".to_owned(), Failed::Odd),
        ] {
            let (port, mut serving) = serve(vec![said.clone()]).await;
            let got = endpoint(port).post("v=0").await.err();
            assert_eq!(got, Some(failed), "{}", said.get(..40).unwrap_or(&said));
            serving.join_next().await.expect("it serves").expect("it is asked");
        }
        let (port, _serving) = serve((0..9).map(|n| answer("307", &format!("/{n}"), "")).collect()).await;
        assert_eq!(endpoint(port).post("v=0").await.err(), Some(Failed::Odd), "redirections come to an end");
    }

    #[tokio::test]
    async fn servers_that_are_not_there_are_told_apart() {
        let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
        assert_eq!(endpoint(port).post("v=0").await.err(), Some(Failed::Refused));
        let nobody = Endpoint { host: "nobody.invalid".to_owned(), ..endpoint(port) };
        assert_eq!(nobody.post("v=0").await.err(), Some(Failed::Name));
        let outside = Endpoint { host: "192.0.2.1".to_owned(), ..endpoint(port) };
        assert_eq!(outside.post("v=0").await.err(), Some(Failed::Open), "a key never leaves the house unencrypted");
        let (port, _serving) = serve(vec![answer("404", "/", "")]).await;
        let plain = Endpoint { secure: true, ..endpoint(port) };
        assert_eq!(plain.post("v=0").await.err(), Some(Failed::NotTls));
    }

    #[test]
    fn nothing_leads_out_of_tls() {
        let url = |text: &str| Url::parse(text).expect("an address");
        assert_eq!(leads(&url("https://a/b"), "http://a/c").err(), Some(Failed::Open));
        assert_eq!(leads(&url("http://a/b"), "https://c/d").as_ref(), Ok(&url("https://c/d")));
        assert_eq!(leads(&url("https://a/b/"), "c").as_ref(), Ok(&url("https://a/b/c")));
        assert_eq!(leads(&url("https://a/b"), "file:///etc/passwd").err(), Some(Failed::Odd));
        assert_eq!(leads(&url("https://a/b"), &"c".repeat(LONGEST + 1)).err(), Some(Failed::Odd));
    }
}
