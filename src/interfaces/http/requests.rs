//! Every request has one identifier: in the log, in the answer, and in what a person reads when it went wrong. And every
//! request is counted, by the template of its route.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::App;
use super::door::Arrival;
use super::error::Problem;
use super::routes::TABLE;
use crate::drivers::identity::random_id;
use crate::model::count::{Counter, Durations, Gauge};
use crate::model::id;

/// Carries the identifier of a request.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest identifier that is taken over from a proxy.
const LONGEST: usize = 64;
/// Upper bounds in seconds of how long answers take to begin: from a page out of memory to a playlist that waits for media.
const BOUNDS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10.0];
/// What is counted where no route fits.
const OTHER: &str = "other";

/// One request, in the log and to the person who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId(Arc<str>);

impl RequestId {
    /// That of a proxy on this machine, if it sent one that is fit to be written; else a new one.
    fn of(headers: &HeaderMap, near: bool) -> Self {
        let given = headers.get(HEADER).filter(|_| near).and_then(|value| value.to_str().ok());
        match given.filter(|text| is_fit(text)) {
            Some(text) => Self(text.into()),
            None => Self(random_id(id::RequestId::from_bytes).to_string().into()),
        }
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::not_found)
    }
}

/// What cannot be mistaken for anything else in a log: letters, digits, `-`, `_` and `.`.
fn is_fit(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain)
}

/// The answers of one route.
#[derive(Debug)]
pub(super) struct Row {
    /// Its method.
    pub(super) method: &'static str,
    /// The template of its path.
    pub(super) route: &'static str,
    /// By the first digit of the status, from 1 to 5.
    pub(super) classes: [Counter; 5],
    /// How long the answers took to begin.
    pub(super) took: Durations,
}

impl Row {
    fn new(method: &'static str, route: &'static str) -> Self {
        Self { method, route, classes: Default::default(), took: Durations::new(BOUNDS) }
    }

    fn answered(&self, status: StatusCode, since: Instant) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5);
        self.classes[class - 1].inc();
        self.took.took(since.elapsed());
    }
}

/// What was asked of the pages, the API and the streams.
#[derive(Debug)]
pub(super) struct Requests {
    /// Those of [`TABLE`] in its order, and one for everything else.
    pub(super) rows: Vec<Row>,
    /// WebSockets that are open.
    pub(super) sockets: Arc<Gauge>,
    /// Connections that are open.
    pub(super) connections: Arc<Gauge>,
}

impl Default for Requests {
    fn default() -> Self {
        let rows = TABLE.iter().map(|route| Row::new(method_name(&route.method), route.path));
        let rows = rows.chain([Row::new(OTHER, OTHER)]).collect();
        Self { rows, sockets: Arc::default(), connections: Arc::default() }
    }
}

/// Methods are labels of a metric: no other text becomes one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER,
    }
}

impl Requests {
    fn row(&self, method: &Method, route: Option<&str>) -> &Row {
        // HEAD is answered by the handler of GET.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let at = TABLE.iter().position(|known| known.method == *method && Some(known.path) == route);
        &self.rows[at.unwrap_or(TABLE.len())]
    }
}

/// Around everything else: gives the request its identifier, and counts its answer.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let since = Instant::now();
    let near = request.extensions().get::<Arrival>().is_some_and(Arrival::is_near);
    let id = RequestId::of(request.headers(), near);
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let row = app.requests.row(request.method(), route.as_deref());
    request.extensions_mut().insert(id.clone());

    // An error's span: whatever the level of the log, its lines say which request they are about.
    let span = tracing::error_span!("request", id = %id);
    let answer = caught(next.run(request)).instrument(span.clone()).await;
    let mut response = answer.unwrap_or_else(|| span.in_scope(Problem::failed).into_response());
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.answer(Some(&id), std::mem::take(response.headers_mut()));
    }
    row.answered(response.status(), since);
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(method = row.method, route = row.route, status, "answered"));
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// The answer, or nothing if its handler panicked.
async fn caught(answer: impl Future<Output = Response>) -> Option<Response> {
    let mut answer = pin!(answer);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))) {
        Ok(Poll::Ready(answer)) => Poll::Ready(Some(answer)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(id: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HEADER, HeaderValue::from_static(id))])
    }

    #[test]
    fn an_identifier_is_taken_from_a_proxy_on_this_machine_alone_and_only_if_it_is_fit() {
        let of = |text: &'static str, near| RequestId::of(&headers(text), near).to_string();
        assert_eq!(of("proxy-7_1.a", true), "proxy-7_1.a");
        assert_ne!(of("proxy-7_1.a", false), "proxy-7_1.a");
        for wrong in ["", "a b", "id\"x", "a;b", "{a}", "a/b"] {
            assert_ne!(of(wrong, true), wrong);
        }
        assert!(is_fit(&"a".repeat(LONGEST)) && !is_fit(&"a".repeat(LONGEST + 1)));
        let (one, two) = (of("", true), of("", true));
        assert_ne!(one, two);
        assert_eq!(one.len(), 16);
    }

    #[test]
    fn requests_are_counted_by_the_template_of_their_route() {
        let requests = Requests::default();
        let row = requests.row(&Method::HEAD, Some("/api/v1/rooms/{room}"));
        assert_eq!((row.method, row.route), ("GET", "/api/v1/rooms/{room}"));
        row.answered(StatusCode::NOT_FOUND, Instant::now());
        assert_eq!(row.classes.each_ref().map(Counter::get), [0, 0, 0, 1, 0]);
        assert_eq!(row.took.get().count, 1);
        for (method, route) in [(Method::GET, None), (Method::TRACE, Some("/healthz")), (Method::GET, Some("/secret"))]
        {
            assert_eq!(requests.row(&method, route).route, OTHER);
        }
    }
}
