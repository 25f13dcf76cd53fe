//! What instant-acme asks, by our own way of asking other servers.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Request, StatusCode};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use url::Url;

use crate::drivers::fetch::{self, Asked, Failed};
use crate::drivers::tls::actor::now;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// Longest answer that is read, in bytes; a chain of certificates has ten thousand.
const LARGEST: usize = 256 * 1024;

/// Asks the authority.
#[derive(Clone)]
pub(super) struct Client {
    trust: Option<Arc<[u8]>>,
    /// Until when the authority wants to be left alone, if it said so: seconds since 1970 UTC, 0 for nothing.
    rest: Arc<AtomicI64>,
}

impl Client {
    /// `trust` is PEM.
    pub(super) fn new(trust: Option<&[u8]>) -> Self {
        Self { trust: trust.map(Arc::from), rest: Arc::default() }
    }

    /// Until when the authority wants to be left alone, if it said so.
    pub(super) fn rest(&self) -> Option<i64> {
        Some(self.rest.load(Ordering::Relaxed)).filter(|rest| *rest > 0)
    }

    async fn ask(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Failed> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| Failed::Odd)?;
        let body = fetch::bytes(body, LARGEST).await?;
        let asked =
            Asked { method: parts.method, url: &url, headers: parts.headers, body, authority: self.trust.as_deref() };
        let answer = fetch::request(asked, async |answer| {
            let (parts, body) = answer.into_parts();
            let body = fetch::bytes(body, LARGEST).await?;
            Ok::<_, Failed>(BytesResponse { parts, body: Box::new(body) })
        });
        let answer = tokio::time::timeout(ANSWER, answer).await.map_err(|_| Failed::Silent)??;
        if matches!(answer.parts.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            self.rest.fetch_max(rest(&answer.parts.headers, now()).unwrap_or(0), Ordering::Relaxed);
        }
        Ok(answer)
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.clone();
        Box::pin(async move {
            let answer = client.ask(request).await;
            answer.map_err(|error| Error::Other(Box::<dyn StdError + Send + Sync>::from(error)))
        })
    }
}

/// When to come back, in seconds since 1970 UTC: RFC 9110 section 10.2.3.
fn rest(headers: &HeaderMap, now: i64) -> Option<i64> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse::<u32>() {
        Ok(seconds) => Some(now + i64::from(seconds)),
        Err(_) => Some(jiff::fmt::rfc2822::parse(value).ok()?.timestamp().as_second()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_come_back_is_said_in_seconds_or_as_a_date() {
        for (value, expected) in [
            ("120", Some(1120)),
            ("Fri, 28 Nov 2026 00:00:00 GMT", None),
            ("Sat, 28 Nov 2026 00:00:00 GMT", Some(1_795_824_000)),
            ("soon", None),
            ("-5", None),
        ] {
            let headers = [(RETRY_AFTER, value.parse().expect("a header"))].into_iter().collect();
            assert_eq!(rest(&headers, 1000), expected, "{value}");
        }
        assert_eq!(rest(&HeaderMap::new(), 1000), None);
    }
}
