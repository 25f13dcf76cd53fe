//! The pages, from inside the binary.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::error::Problem;

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Files;

/// The one page; it finds out by its address what to show.
pub(super) async fn page(headers: HeaderMap) -> Result<Response, Problem> {
    file("index.html", &headers, "no-cache").ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "no-pages", "This binary was built without its pages: build web/ first.")
    })
}

/// What the page needs; the names change with the content.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    file(&format!("assets/{path}"), &headers, "public, max-age=31536000, immutable").ok_or_else(Problem::not_found)
}

fn file(path: &str, headers: &HeaderMap, cache: &'static str) -> Option<Response> {
    // Compressed when the pages were built, never while somebody waits.
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encoded = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(encoding, ending)| {
        let wanted = accepted.split(',').any(|one| one.trim().split(';').next() == Some(encoding));
        wanted.then(|| Files::get(&format!("{path}.{ending}"))).flatten().map(|file| (encoding, file))
    });
    let (encoding, file) = match encoded {
        Some((encoding, file)) => (Some(encoding), file),
        None => (None, Files::get(path)?),
    };
    let mut response = file.data.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(response)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "map" | "webmanifest") => "application/json",
        _ => "application/octet-stream",
    }
}
