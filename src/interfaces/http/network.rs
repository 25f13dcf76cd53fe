//! Wireless networks: for owners, and for whoever has come by the box's own, whose password its screen shows.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::App;
use super::body::Body;
use super::error::Problem;
use super::gate::Caller;
use crate::model::secret::Secret;
use crate::services::audit::Entry;
use crate::services::network::Network;

/// The page, and what it asks for: all that somebody finds who has come by the box's own network and without HTTPS.
pub(super) const PAGE: &str = "/network";
pub(super) const FOUND: [&str; 3] = [PAGE, "/api/v1/network", "/api/v1/network/join"];

pub(super) async fn show(State(app): State<App>) -> Result<Json<Network>, Problem> {
    Ok(Json(app.network.show().await?))
}

/// The network that is joined.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "JoinNetwork"))]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    /// Its name.
    name: String,
    /// Its password; nothing for one that asks for none or that the box knows.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    password: Option<Secret>,
}

pub(super) async fn join(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(Join { name, password }): Body<Join>,
) -> Result<(StatusCode, Json<Network>), Problem> {
    app.network.join(&name, password.filter(|password| !password.reveal().is_empty())).await?;
    // Without the name of the network: it says where the box is.
    app.note(&grant, Entry::new(None, "join_network")).await;
    Ok((StatusCode::ACCEPTED, Json(app.network.show().await?)))
}

/// The network that is forgotten.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ForgetNetwork"))]
#[serde(deny_unknown_fields)]
pub(super) struct Forget {
    /// Its name.
    name: String,
}

pub(super) async fn forget(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(Forget { name }): Body<Forget>,
) -> Result<Json<Network>, Problem> {
    app.network.forget(&name).await?;
    app.note(&grant, Entry::new(None, "forget_network")).await;
    Ok(Json(app.network.show().await?))
}
