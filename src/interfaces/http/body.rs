//! JSON bodies in, with our own words for what is wrong with them.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::error::Problem;

/// Largest body of a request, in bytes.
pub(super) const LARGEST: usize = 64 * 1024;

/// The JSON body of a request.
pub(super) struct Body<T>(pub(super) T);

/// A field of a change, where null is another thing than that it is not there.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "The body must be application/json."))
            }
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::too_large()),
            // What serde says names fields and types of the request, nothing of ours.
            Err(rejection) => {
                Err(Problem::bad("bad-body", format!("The body can't be used: {}.", rejection.body_text())))
            }
        }
    }
}
