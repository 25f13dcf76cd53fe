//! The description of the API for programs: OpenAPI 3.1, as a file in the binary.
//!
//! A test writes the file from [`routes::TABLE`](super::routes::TABLE), from what `entries.rs` says of each route, and
//! from the types of requests and answers. A route without an entry fails it.

#[cfg(test)]
mod document;
#[cfg(test)]
mod entries;
#[cfg(test)]
mod entry;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod problems;

use axum::http::{HeaderName, header};

/// docs/reference/openapi.json.
const DOCUMENT: &str = include_str!("../../../../docs/reference/openapi.json");

/// For tools of any site: it holds nothing of this box.
pub(super) async fn document() -> ([(HeaderName, &'static str); 2], &'static str) {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], DOCUMENT)
}
