//! Updates of a box that is an image.

use axum::Json;
use axum::body::{Body as Stream, HttpBody};
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::StreamExt;
use serde::Deserialize;

use super::App;
use super::body::Body;
use super::error::Problem;
use super::gate::Caller;
use crate::services::audit::Entry;
use crate::services::update::{Confirmed, Update};

/// Bytes of a bundle that are still taken although it is refused.
const HEARD_OUT: u64 = 64 << 20;

pub(super) async fn show(State(app): State<App>) -> Result<Json<Update>, Problem> {
    Ok(Json(app.updates.show().await?))
}

/// Where a bundle is.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "UpdateFrom"))]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    /// `https://…`, or `http://…` in the local network.
    address: String,
}

pub(super) async fn fetch(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(From { address }): Body<From>,
) -> Result<(StatusCode, Json<Update>), Problem> {
    app.updates.fetch(&address).await?;
    app.note(&grant, Entry::new(None, "update").with("address")).await;
    Ok((StatusCode::ACCEPTED, Json(app.updates.show().await?)))
}

pub(super) async fn upload(
    State(app): State<App>,
    Caller(grant): Caller,
    body: Stream,
) -> Result<(StatusCode, Json<Update>), Problem> {
    let upload = match app.updates.upload(body.size_hint().exact()).await {
        Ok(upload) => upload,
        Err(error) => {
            hear_out(body).await;
            return Err(error.into());
        }
    };
    app.note(&grant, Entry::new(None, "update").with("file")).await;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        upload.push(piece.map_err(|_| Problem::broken_off())?).await?;
    }
    upload.end().await?;
    Ok((StatusCode::ACCEPTED, Json(app.updates.show().await?)))
}

/// Who is still sending when the connection ends does not hear why: what is not too long is taken, and thrown away.
async fn hear_out(body: Stream) {
    if body.size_hint().lower() <= HEARD_OUT {
        let mut pieces = body.into_data_stream();
        while let Some(Ok(_)) = pieces.next().await {}
    }
}

/// That the box restarts into the update.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RestartInto"))]
#[serde(deny_unknown_fields)]
pub(super) struct RestartInto {
    /// Also if a call, a broadcast or a recording ends by that.
    #[serde(default)]
    confirmed: bool,
}

pub(super) async fn restart(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(RestartInto { confirmed }): Body<RestartInto>,
) -> Result<StatusCode, Problem> {
    app.updates.restart(if confirmed { Confirmed::Yes } else { Confirmed::No }).await?;
    app.note(&grant, Entry::new(None, "restart_into")).await;
    Ok(StatusCode::ACCEPTED)
}
