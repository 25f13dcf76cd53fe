//! Is the box well, and what is it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use serde::Deserialize;

use super::answer::{self, Health, Readiness};
use super::body::Body;
use super::error::Problem;
use super::gate::Caller;
use super::statistics::restarts;
use super::{App, session};
use crate::model::role::{Scope, Verb};
use crate::proto::auth::Name;
use crate::services::access::{self, Grant};
use crate::services::audit::Entry;
use crate::services::endpoint::Device;
use crate::services::supervisor::Part;

/// The parts of the daemon and whether each is up.
#[derive(Clone)]
pub struct Parts(Arc<[(&'static str, Probe)]>);

/// Whether a part is up.
pub type Probe = Box<dyn Fn() -> bool + Send + Sync>;

impl Parts {
    /// From each part's name and how to ask it.
    pub fn new(parts: Vec<(&'static str, Probe)>) -> Self {
        Self(parts.into())
    }
}

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

pub(super) async fn readyz(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let mut parts = BTreeMap::new();
    let mut ready = !app.cancel.is_cancelled();
    for (name, probe) in app.parts.0.iter() {
        let up = probe();
        ready &= up;
        parts.insert(*name, if up { Health::Ok } else { Health::Down });
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let supervisor = &app.seen.media.supervisor;
    for part in Part::ALL.into_iter().filter(|part| supervisor.is_waiting(*part)) {
        parts.insert(part.name(), Health::Restarting);
    }
    (status, Json(Readiness { ready, parts, restarts: restarts(&app) }))
}

/// What is asked to change of the box itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct NodeChange {
    /// What it is called; white space at the ends is taken off. Its name on the local network follows.
    #[cfg_attr(test, schemars(with = "Name"))]
    name: String,
}

/// Gives the box a name.
pub(super) async fn rename(
    State(app): State<App>,
    Caller(grant): Caller,
    Body(change): Body<NodeChange>,
) -> Result<Json<answer::Node>, Problem> {
    call(&app, &grant, session::name(&change.name)?).await?;
    Ok(node(State(app), Caller(grant)).await)
}

/// The box is called this from now on; the audit log says by whom.
pub(super) async fn call(app: &App, by: &Grant, name: Name) -> Result<(), Problem> {
    if app.node.name() == name {
        return Ok(());
    }
    app.node.rename(name.clone()).await.map_err(access::Error::from)?;
    app.note(by, Entry::new(None, "rename_box").to(name.to_string())).await;
    Ok(())
}

pub(super) async fn node(State(app): State<App>, Caller(grant): Caller) -> Json<answer::Node> {
    let owned = app.access.pin().borrow().is_none();
    let mut node =
        answer::Node { name: app.node.name(), version: env!("CARGO_PKG_VERSION"), owned, address: None, devices: None };
    if grant.permits(Verb::Administer, Scope::Node) {
        node.address = app.doors.named();
        let devices = app.endpoint.devices();
        let describe = |device: &Device| answer::Device { name: device.name.clone(), stand_in: device.stand_in };
        node.devices = Some(answer::Devices {
            camera: describe(&devices.camera),
            microphone: describe(&devices.microphone),
            speaker: describe(&devices.speaker),
            screen: describe(&devices.screen),
            encoder: answer::Encoder {
                name: app.endpoint.encoder().encoder.element(),
                pictures_per_second: app.endpoint.encoder().speed.map(|speed| speed.fps as u32),
            },
            echo: devices.echo,
            heat: app.endpoint.heat(),
        });
    }
    Json(node)
}
