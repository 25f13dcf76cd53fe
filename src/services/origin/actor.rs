//! The loop, and how a track gets its other form.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::state::{State, Track};
use super::{Command, Counters, Error, Native, convert};
use crate::model::time::Timeline;
use crate::services::supervisor::{Part, Pauses, Supervisor};

/// What conversions stand on.
pub(super) struct Converting {
    pub(super) counters: Arc<Counters>,
    pub(super) supervisor: Supervisor,
    pub(super) timeline: Timeline,
    pub(super) tasks: TaskTracker,
}

impl Converting {
    pub(super) fn pauses(&self) -> Pauses {
        self.supervisor.pauses(Part::Conversion)
    }
}

pub(super) async fn run(
    mut inbox: mpsc::Receiver<Command>,
    mut state: State,
    converting: Converting,
    cancel: CancellationToken,
) {
    loop {
        let command = tokio::select! {
            command = inbox.recv() => command,
            () = cancel.cancelled() => None,
        };
        let Some(command) = command else {
            return;
        };
        // Whoever asked may have gone away meanwhile: an answer that nobody takes is no error.
        match command {
            Command::Publish { id, audience, done } => {
                state.publish(id, audience);
                let _ = done.send(());
            }
            Command::Track { id, native, done } => {
                let known = state.is_known(id);
                if known {
                    state.track(id, track(native, &converting, &cancel));
                }
                let _ = done.send(if known { Ok(()) } else { Err(Error::Unknown(id)) });
            }
            Command::Unpublish { id } => state.unpublish(id),
            Command::Audience { id, audience, done } => {
                state.set_audience(id, audience);
                let _ = done.send(());
            }
            Command::Packets { id, kind, purpose, reader } => {
                let _ = reader.send(state.packets(id, kind, purpose));
            }
            Command::Units { id, codec, purpose, reader } => {
                let _ = reader.send(state.units(id, codec, purpose));
            }
            Command::Inventory { done } => {
                let _ = done.send(state.inventory());
            }
        }
    }
}

fn track(native: Native, converting: &Converting, cancel: &CancellationToken) -> Track {
    let codec = native.codec();
    let conversion = cancel.child_token();
    let (mut packets, mut units) = (None, None);
    match &native {
        Native::Packets(codec, source) => {
            units = convert::depacketize(*codec, source.clone(), converting, conversion.clone());
        }
        Native::Units(codec, source) => {
            packets = convert::packetize(*codec, source.clone(), converting, conversion.clone());
        }
    }
    let (packets, units) = native.forms(packets, units);
    Track { codec, packets, units, _conversion: conversion.drop_guard() }
}
