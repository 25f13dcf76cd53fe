//! The pages, from inside the binary.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::error::Problem;

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Files;

/// Of the page that other sites show in a frame: it alone may be framed, and never takes a camera or a microphone.
const EMBED: [(HeaderName, &str); 2] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; \
         base-uri 'none'; form-action 'none'; frame-ancestors *",
    ),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// The one version of the library for pages of other sites: `/sdk/v1/` is another name of `/sdk/`.
const SDK: &str = "v1/";

/// The one page; it finds out by its address what to show.
pub(super) async fn page(headers: HeaderMap) -> Result<Response, Problem> {
    file("index.html", &headers, "no-cache").ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "no-pages", "This binary was built without its pages: build web/ first.")
    })
}

/// An address that there is none of: whoever looks with a browser is shown the page that says so.
pub(super) async fn lost(method: Method, mut headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let looks = method == Method::GET && accepted.contains("text/html");
    headers.remove(header::IF_NONE_MATCH);
    match looks.then(|| file("index.html", &headers, "no-store")).flatten() {
        Some(mut page) => {
            *page.status_mut() = StatusCode::NOT_FOUND;
            page
        }
        None => Problem::not_found().into_response(),
    }
}

/// What the page needs; the names change with the content.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    file(&format!("assets/{path}"), &headers, "public, max-age=31536000, immutable").ok_or_else(Problem::not_found)
}

/// The page with nothing but the player.
pub(super) async fn embed(headers: HeaderMap) -> Result<Response, Problem> {
    let mut response = file("embed.html", &headers, "no-cache").ok_or_else(Problem::not_found)?;
    for (name, value) in EMBED {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// The library for pages of other sites, under names that stay.
pub(super) async fn sdk(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let name = path.strip_prefix(SDK).unwrap_or(&path);
    file(&format!("sdk/{name}"), &headers, "public, max-age=3600, stale-while-revalidate=86400")
        .ok_or_else(Problem::not_found)
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
    let tag = tag(&file.metadata.sha256_hash());
    let mut response =
        if knows(headers, &tag) { StatusCode::NOT_MODIFIED.into_response() } else { file.data.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).ok()?);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(response)
}

/// Whether who asks has what this tag names (RFC 9110 section 13.1.2).
pub(super) fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
}

/// What tells one content from another (RFC 9110 section 8.8.3).
fn tag(hash: &[u8]) -> String {
    hash.iter().take(16).fold(String::from("\""), |text, byte| text + &format!("{byte:02x}")) + "\""
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
