//! Fetching what is large, piece by piece.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::{Body, Incoming};
use hyper::header::{HeaderMap, LOCATION};
use tokio::task::JoinSet;
use url::Url;

use super::{Asked, Failed, answer, request, text};

/// How often one server may send on to another.
const HOPS: usize = 5;
/// How long nothing may come.
const STALL: Duration = Duration::from_secs(60);

/// What a page is: its status code and its text, of at most this many bytes. Another server it sends to is not asked.
///
/// # Errors
/// [`Failed`], also where it takes longer than so.
pub async fn page(address: &str, longest: usize, patience: Duration) -> Result<(u16, String), Failed> {
    let url = read(address).ok_or(Failed::Odd)?;
    let asked = request(get(&url), async |answer| Ok((answer.status().as_u16(), text(answer, longest).await?)));
    tokio::time::timeout(patience, asked).await.map_err(|_| Failed::Silent)?
}

/// Whether a text is an address that can be fetched: HTTPS, or HTTP, which the local network alone is asked by.
pub fn is_address(text: &str) -> bool {
    read(text).is_some()
}

fn read(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "https" | "http") && url.has_host() && plain).then_some(url)
}

/// Something that is being fetched. It ends when this is dropped.
pub struct Download {
    /// Bytes that there will be, if the server says so.
    pub total: Option<u64>,
    body: Incoming,
    /// The connection.
    _connection: JoinSet<()>,
}

impl Download {
    /// Asks for what is at an address, also where its server sends on to another.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn begin(address: &str) -> Result<Self, Failed> {
        let mut url = read(address).ok_or(Failed::Odd)?;
        for _ in 0..HOPS {
            let mut connection = JoinSet::new();
            let asked = answer(get(&url), &mut connection);
            let answer = tokio::time::timeout(STALL, asked).await.map_err(|_| Failed::Silent)??;
            if answer.status().is_redirection() {
                let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).ok_or(Failed::Odd)?;
                url = url.join(to).ok().and_then(|to| read(to.as_str())).ok_or(Failed::Odd)?;
                continue;
            }
            if !answer.status().is_success() {
                return Err(Failed::Odd);
            }
            let body = answer.into_body();
            return Ok(Self { total: Body::size_hint(&body).exact(), body, _connection: connection });
        }
        Err(Failed::Odd)
    }

    /// The next piece of it; nothing at its end.
    ///
    /// # Errors
    /// [`Failed`], also where less comes than was said, or nothing for a minute.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failed> {
        loop {
            let frame = tokio::time::timeout(STALL, self.body.frame()).await.map_err(|_| Failed::Silent)?;
            match frame.transpose().map_err(|_| Failed::Odd)?.map(|frame| frame.into_data()) {
                Some(Ok(bytes)) => return Ok(Some(bytes)),
                // What comes after the body is no part of it.
                Some(Err(_)) => {}
                None => return Ok(None),
            }
        }
    }
}

fn get(url: &Url) -> Asked<'_> {
    Asked { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new(), authority: None }
}
