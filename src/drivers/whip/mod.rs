//! The HTTP of a WHIP client (RFC 9725): an offer is posted, an answer comes back, and in the end what was made there is deleted.
//!
//! A key goes with every request, by TLS alone, or within the local network. Everything ends in time, and no answer is read further than
//! a session description is long.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use hyper::{Method, Response, StatusCode};
use url::Url;

use crate::drivers::fetch::{self, Asked, Failed as Way};
use crate::model::secret::Secret;

/// How long a request may take, with everything.
const PATIENCE: Duration = Duration::from_secs(10);
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
    /// The server can't be asked.
    #[error(transparent)]
    Way(#[from] Way),
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
    /// [`fetch::Failed::Name`], [`fetch::Failed::Open`].
    pub async fn addresses(&self) -> Result<Vec<IpAddr>, Failed> {
        let found = fetch::resolve(&self.url()?).await?;
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
        posted.unwrap_or(Err(Failed::Way(Way::Silent)))
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
        Err(Failed::Way(Way::Odd))
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
        Ok(Made::Session(Session { url: session, key: self.key.clone(), answer: fetch::text(answer, LARGEST).await? }))
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

async fn request<T>(
    (method, url): (Method, &Url),
    key: Option<&Secret>,
    offer: Option<&str>,
    done: impl AsyncFnOnce(Response<Incoming>) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let mut headers = HeaderMap::new();
    if let Some(key) = key {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.reveal())).map_err(|_| Failed::Key)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    if offer.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(SDP));
        headers.insert(ACCEPT, HeaderValue::from_static(SDP));
    }
    let body = Bytes::from(offer.unwrap_or_default().to_owned());
    fetch::request(Asked { method, url, headers, body, authority: None }, done).await
}

/// Where an answer leads; never out of TLS.
fn location(url: &Url, answer: &Response<Incoming>) -> Result<Url, Failed> {
    let text = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).ok_or(Failed::Way(Way::Odd))?;
    leads(url, text)
}

fn leads(url: &Url, text: &str) -> Result<Url, Failed> {
    if text.len() > LONGEST {
        return Err(Failed::Way(Way::Odd));
    }
    let next = url.join(text).map_err(|_| Failed::Way(Way::Odd))?;
    match (url.scheme(), next.scheme()) {
        (_, "https") | ("http", "http") => Ok(next),
        (_, "http") => Err(Failed::Way(Way::Open)),
        _ => Err(Failed::Way(Way::Odd)),
    }
}

fn refused(status: StatusCode) -> Failed {
    match status.as_u16() {
        401 | 403 | 409 => Failed::Key,
        404 | 405 | 410 | 501 => Failed::Path,
        400 | 406 | 415 | 422 => Failed::Offer,
        429 | 500..=599 => Failed::Server,
        _ => Failed::Way(Way::Odd),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

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
            (answer("200", "/", ""), Failed::Way(Way::Odd)),
            (answer("201", "/", &"v".repeat(LARGEST + 1)), Failed::Way(Way::Odd)),
            (answer("201", "ftp://127.0.0.1/", ""), Failed::Way(Way::Odd)),
            ("HTTP/1.1 201 x\r\ncontent-length: 0\r\n\r\n".to_owned(), Failed::Way(Way::Odd)),
            ("+OK POP3\r\n".to_owned(), Failed::Way(Way::Odd)),
        ] {
            let (port, mut serving) = serve(vec![said.clone()]).await;
            let got = endpoint(port).post("v=0").await.err();
            assert_eq!(got, Some(failed), "{}", said.get(..40).unwrap_or(&said));
            serving.join_next().await.expect("it serves").expect("it is asked");
        }
        let (port, _serving) = serve((0..9).map(|n| answer("307", &format!("/{n}"), "")).collect()).await;
        assert_eq!(endpoint(port).post("v=0").await.err(), Some(Failed::Way(Way::Odd)), "redirections come to an end");
    }

    #[tokio::test]
    async fn servers_that_are_not_there_are_told_apart() {
        let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
        assert_eq!(endpoint(port).post("v=0").await.err(), Some(Failed::Way(Way::Refused)));
        let nobody = Endpoint { host: "nobody.invalid".to_owned(), ..endpoint(port) };
        assert_eq!(nobody.post("v=0").await.err(), Some(Failed::Way(Way::Name)));
        let outside = Endpoint { host: "192.0.2.1".to_owned(), ..endpoint(port) };
        assert_eq!(
            outside.post("v=0").await.err(),
            Some(Failed::Way(Way::Open)),
            "a key never leaves the house unencrypted"
        );
        let (port, _serving) = serve(vec![answer("404", "/", "")]).await;
        let plain = Endpoint { secure: true, ..endpoint(port) };
        assert_eq!(plain.post("v=0").await.err(), Some(Failed::Way(Way::NotTls)));
    }

    #[test]
    fn nothing_leads_out_of_tls() {
        let url = |text: &str| Url::parse(text).expect("an address");
        assert_eq!(leads(&url("https://a/b"), "http://a/c").err(), Some(Failed::Way(Way::Open)));
        assert_eq!(leads(&url("http://a/b"), "https://c/d").as_ref(), Ok(&url("https://c/d")));
        assert_eq!(leads(&url("https://a/b/"), "c").as_ref(), Ok(&url("https://a/b/c")));
        assert_eq!(leads(&url("https://a/b"), "file:///etc/passwd").err(), Some(Failed::Way(Way::Odd)));
        assert_eq!(leads(&url("https://a/b"), &"c".repeat(LONGEST + 1)).err(), Some(Failed::Way(Way::Odd)));
    }
}
