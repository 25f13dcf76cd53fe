//! Is the box well, and what is it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::App;
use super::gate::Caller;
use crate::model::role::{Scope, Verb};
use crate::services::endpoint::Device;

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

pub(super) async fn readyz(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let mut parts = Map::new();
    let mut ready = !app.cancel.is_cancelled();
    for (name, probe) in app.parts.0.iter() {
        let up = probe();
        ready &= up;
        parts.insert((*name).into(), if up { "ok" } else { "down" }.into());
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "parts": parts })))
}

pub(super) async fn node(State(app): State<App>, Caller(grant): Caller) -> Json<Value> {
    let mut value = json!({ "name": app.name, "version": env!("CARGO_PKG_VERSION") });
    if grant.permits(Verb::Administer, Scope::Node) {
        let devices = app.endpoint.devices();
        let describe = |device: &Device| json!({ "name": device.name, "stand_in": device.stand_in });
        value["devices"] = json!({
            "camera": describe(&devices.camera),
            "microphone": describe(&devices.microphone),
            "speaker": describe(&devices.speaker),
            "screen": describe(&devices.screen),
        });
    }
    Json(value)
}
