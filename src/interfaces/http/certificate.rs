//! The certificates of the secure door, for the owner's page; and what an authority outside asks to see.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use jiff::Timestamp;

use super::error::Problem;
use super::gate::Caller;
use super::{App, answer};
use crate::drivers::tls::acme::{Failure, Handle, State as Acme, TooSoon};
use crate::drivers::tls::{Certificate, Origin};
use crate::services::audit::Entry;

/// RFC 8555 section 8.3. Nothing of the request is in the answer.
pub(super) async fn proof(State(app): State<App>, Path(token): Path<String>) -> Result<impl IntoResponse, Problem> {
    let proof = acme(&app).and_then(|acme| acme.proof(&token)).ok_or_else(Problem::not_found)?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")], proof))
}

/// How it is.
pub(super) async fn show(State(app): State<App>) -> Json<answer::Certificates> {
    Json(certificates(&app))
}

/// Has the authority outside asked now.
pub(super) async fn renew(
    State(app): State<App>,
    Caller(grant): Caller,
) -> Result<(StatusCode, Json<answer::Certificates>), Problem> {
    acme(&app).ok_or_else(Problem::no_acme)?.renew().await?;
    app.note(&grant, Entry::new(None, "renew_certificate")).await;
    Ok((StatusCode::ACCEPTED, Json(certificates(&app))))
}

fn acme(app: &App) -> Option<&Handle> {
    app.doors.secure.as_ref().and_then(|(_, tls)| tls.acme())
}

fn certificates(app: &App) -> answer::Certificates {
    let shown = app.doors.secure.as_ref().map(|(_, tls)| tls.certificates()).unwrap_or_default();
    let certificates = shown.into_iter().map(certificate).collect();
    answer::Certificates { certificates, acme: acme(app).map(|acme| state(acme.state())) }
}

fn certificate(certificate: Certificate) -> answer::Certificate {
    let Certificate { origin, names, until } = certificate;
    answer::Certificate { source: origin.into(), names, valid_until: written(until) }
}

fn state(state: Acme) -> answer::Acme {
    let Acme { names, asking, valid_until, next, failure } = state;
    let failure = failure.map(|Failure { code, detail, at }| answer::CertificateFailed {
        code,
        text: code.text(),
        detail,
        at: written(at),
    });
    answer::Acme { names, asking, valid_until: valid_until.map(written), next: next.map(written), failure }
}

/// RFC 3339, from seconds since 1970 UTC.
fn written(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

impl From<Origin> for answer::CertificateSource {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Own => Self::Own,
            Origin::Configured => Self::Configured,
            Origin::Acme => Self::Acme,
        }
    }
}

impl From<TooSoon> for Problem {
    fn from(why: TooSoon) -> Self {
        match why {
            TooSoon::Asking => Self::new(
                StatusCode::CONFLICT,
                "certificate-asking",
                "The certificate authority is being asked right now.",
            ),
            TooSoon::At(at) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "certificate-too-soon",
                format!("The certificate authority was asked often lately. It can be asked again at {}.", written(at)),
            ),
            TooSoon::Closed => Self::closing(),
        }
    }
}
