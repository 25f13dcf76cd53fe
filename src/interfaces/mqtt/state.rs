//! How the box is, and doing what is asked: between the services and `proto/mqtt`.

use super::{Parts, Problem};
use crate::drivers::rauc::Slot;
use crate::drivers::{device, disk};
use crate::model::opening::Opening;
use crate::proto::mqtt::{Command, Ending, State, System, Update};
use crate::services::announce;
use crate::services::audit::Entry;
use crate::services::endpoint::{Layout, Wish, Wishes};
use crate::services::room::{BoxWish, ParticipantKind, Room, Wanted};
use crate::services::settings::Ask;
use crate::services::telephone::Outcome;
use crate::services::update::Stage;

/// Who is in the audit log for it.
const WHO: &str = "MQTT";

/// How the box is.
pub fn now(parts: &Parts) -> State {
    let rooms = parts.rooms.rooms();
    let rooms = rooms.borrow();
    let telephone = parts.telephone.follow();
    let telephone = telephone.borrow();
    let broadcasts = parts.broadcasts.list();
    let broadcasts = broadcasts.borrow();
    let own = rooms.iter().find_map(|room| of_box(room));
    let live = || broadcasts.iter().filter_map(|broadcast| Some((broadcast, broadcast.live?)));
    let devices = parts.endpoint.devices();
    State {
        in_call: own.is_some(),
        ringing: telephone.ringing.is_some(),
        participants: rooms.iter().map(|room| room.participants.len() as u32).sum(),
        muted: own.is_none_or(|own| !own.microphone || own.private),
        private: parts.privacy.follow().borrow().is_on(),
        on_air: rooms.iter().any(|room| room.live.is_some()),
        title: live()
            .find(|(one, _)| one.restricted.is_none())
            .map(|(one, _)| one.title.to_string())
            .unwrap_or_default(),
        viewers: live().map(|(_, live)| live.viewers).sum(),
        recording: rooms.iter().filter_map(|room| room.live.as_ref()).any(|live| live.recording.is_some()),
        do_not_disturb: telephone.settings.do_not_disturb,
        volume: parts.endpoint.loudness().speaker.and_then(|speaker| speaker.percent),
        speaker: parts.endpoint.screen().layout.speaker,
        seen: own.is_some_and(|own| own.camera && !own.private),
        camera: devices.camera.name.is_some() && !devices.camera.stand_in,
        microphone: devices.microphone.name.is_some() && !devices.microphone.stand_in,
        last_call: telephone.calls.last().map(|call| {
            let ending = match call.outcome {
                Outcome::Answered => Ending::Answered,
                Outcome::Declined => Ending::Declined,
                Outcome::Missed | Outcome::Cancelled | Outcome::NotDisturbed | Outcome::Busy => Ending::Missed,
            };
            (call.at, ending)
        }),
        update: update(parts),
    }
}

/// How the update of the image is; nothing of a box that is none.
pub fn update(parts: &Parts) -> Option<Update> {
    let now = parts.updates.follow();
    let now = now.borrow();
    let image = now.image.as_ref()?;
    let version = |slot: Option<&Slot>| slot.and_then(|slot| slot.version.clone());
    // What was written to the disk first is told by no slot.
    let installed = version(image.booted()).unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned());
    let waits = if image.waits() { version(image.other()) } else { None };
    let in_progress = matches!(now.stage, Stage::Fetching | Stage::Checking | Stage::Installing);
    let coming = now.version.clone().filter(|_| in_progress);
    Some(Update {
        latest_version: coming.or(waits).unwrap_or_else(|| installed.clone()),
        installed_version: installed,
        in_progress,
        update_percentage: (now.stage == Stage::Installing).then_some(now.percent),
    })
}

fn of_box(room: &Room) -> Option<&crate::services::room::Participant> {
    room.participants.iter().find(|who| who.kind == ParticipantKind::Box)
}

/// How board and disk are.
pub async fn system(parts: &Parts) -> System {
    let folder = parts.recordings.clone();
    let looked = tokio::task::spawn_blocking(move || (device::health(), disk::space(&folder).ok()));
    let (health, space) = looked.await.map_or((None, None), |(health, space)| (Some(health), space));
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    System {
        temperature: health.as_ref().and_then(|health| health.temperature).map(tenth),
        free: space.map(|space| tenth(space.free as f64 / 1e9)),
        memory: health.map_or(0.0, |health| tenth(health.resident as f64 / 1e6)),
        started: jiff::Timestamp::from_second(parts.started).map(|at| at.to_string()).unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// Whether somebody in the room would see or hear that something is going to be opened.
fn is_noticed(parts: &Parts) -> bool {
    let screen = parts.endpoint.screen();
    let heard = parts.endpoint.devices().speaker.name.is_some();
    // One that nobody can make quieter is heard.
    let silent =
        parts.endpoint.loudness().speaker.is_some_and(|loud| loud.muted == Some(true) || loud.percent == Some(0));
    (screen.there && !screen.asleep) || (heard && !silent)
}

/// Opens something, after it was announced in the room and nobody there has stopped it.
///
/// # Errors
/// What whoever asked is told.
async fn open(parts: &Parts, what: Opening) -> Result<(), Problem> {
    let refused = |title: &str| Problem { kind: "failed", title: format!("Not done: {title}.") };
    let rooms = || parts.rooms.rooms().borrow().clone();
    let with_box = || rooms().iter().find(|room| of_box(room).is_some()).cloned();
    let in_call = || with_box().ok_or_else(|| refused("the box is in no call"));
    let live = || rooms().iter().find(|room| room.live.is_some()).cloned().ok_or_else(|| refused("nothing is on air"));
    // What can't be done is not announced.
    match what {
        Opening::Answer if parts.telephone.follow().borrow().ringing.is_none() => return Err(refused("nobody rings")),
        Opening::Unmute | Opening::Camera if *parts.privacy.is_on().borrow() => {
            return Err(refused("the box is in privacy mode, which only somebody who is there ends"));
        }
        Opening::Unmute | Opening::Camera => drop(in_call()?),
        Opening::Live if live().is_ok() => return Err(refused("it is on air already")),
        Opening::Record => {
            live()?;
            parts.recorder.ready().await.map_err(failed)?;
        }
        Opening::Answer | Opening::Live => {}
    }
    if !is_noticed(parts) {
        let title =
            "Not done: nobody in the room would notice, for the box has neither a screen that is on nor a speaker.";
        return Err(Problem { kind: "no-screen", title: title.to_owned() });
    }
    // Whoever closes camera and microphone meanwhile, by whatever way, wants nothing opened.
    let mut private = parts.privacy.is_on();
    let announced = tokio::select! {
        announced = parts.announce.announce(what) => announced,
        _ = async {
            private.mark_unchanged();
            while private.changed().await.is_ok() && !*private.borrow_and_update() {}
        } => Err(announce::Error::Stopped),
    };
    let word = serde_json::to_value(what).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
    let ending = if announced.is_ok() { "done" } else { "stopped" };
    if announced != Err(announce::Error::Busy) {
        parts.audit.note(Entry::new(None, "announced").by(WHO).to(word).with(ending)).await;
    }
    announced.map_err(|error| Problem { kind: "stopped", ..failed(error) })?;
    let wish = |wish: BoxWish| async move {
        let room = in_call()?;
        parts.rooms.wish_box(room.id, wish).await.map_err(failed)
    };
    match what {
        Opening::Answer => parts.telephone.answer().await.map_err(failed)?,
        Opening::Unmute => wish(BoxWish { microphone: Some(true), ..BoxWish::default() }).await?,
        Opening::Camera => wish(BoxWish { camera: Some(true), ..BoxWish::default() }).await?,
        Opening::Live => {
            let room = with_box().or_else(|| rooms().first().cloned()).ok_or_else(|| refused("there is no room"))?;
            parts.rooms.go_live(room.id, None, Wanted::Nothing).await.map_err(failed)?;
            parts.audit.note(Entry::new(Some(room.id), "go_live").by(WHO)).await;
        }
        Opening::Record => {
            let room = live()?;
            parts.rooms.record(room.id, Wanted::of(true, None, None)).await.map_err(failed)?;
            parts.audit.note(Entry::new(Some(room.id), "record").by(WHO).with("on")).await;
        }
    }
    Ok(())
}

/// Does what is asked.
///
/// # Errors
/// What whoever asked is told.
pub async fn act(parts: &Parts, command: Command) -> Result<(), Problem> {
    let rooms = || parts.rooms.rooms().borrow().clone();
    match command {
        Command::Open(what) => open(parts, what).await?,
        Command::Message(text) => {
            let screen = parts.endpoint.screen();
            if !screen.there || screen.asleep {
                let title = "Not done: the box has no screen that is on.".to_owned();
                return Err(Problem { kind: "no-screen", title });
            }
            parts.announce.say(&text);
        }
        Command::Mute => {
            for room in rooms().iter().filter(|room| of_box(room).is_some()) {
                let wish = BoxWish { microphone: Some(false), ..BoxWish::default() };
                parts.rooms.wish_box(room.id, wish).await.map_err(failed)?;
            }
        }
        Command::Close => parts.privacy.close().await.map_err(failed)?,
        Command::Decline => parts.telephone.decline().await.map_err(failed)?,
        Command::HangUp => parts.telephone.hang_up().await.map_err(failed)?,
        Command::DoNotDisturb(on) => {
            let mut settings = parts.telephone.follow().borrow().settings.clone();
            settings.do_not_disturb = on;
            parts.telephone.choose(settings).await.map_err(failed)?;
        }
        Command::EndBroadcast => {
            for room in rooms().iter().filter(|room| room.live.is_some()) {
                parts.rooms.end_live(room.id).await.map_err(failed)?;
                parts.audit.note(Entry::new(Some(room.id), "end_live").by(WHO)).await;
            }
        }
        Command::StopRecording => {
            let recorded = |room: &Room| room.live.as_ref().is_some_and(|live| live.recording.is_some());
            for room in rooms().iter().filter(|room| recorded(room)) {
                parts.rooms.record(room.id, Wanted::Nothing).await.map_err(failed)?;
                parts.audit.note(Entry::new(Some(room.id), "record").by(WHO).with("off")).await;
            }
        }
        Command::Volume(percent) => {
            let wish = Wish { percent: Some(percent), ..Wish::default() };
            let wishes = Wishes { speaker: Some(wish), ..Wishes::default() };
            parts.endpoint.set_loudness(wishes).await.map_err(failed)?;
        }
        Command::Speaker(speaker) => {
            let layout = parts.endpoint.screen().layout;
            parts.endpoint.set_layout(Layout { speaker, ..layout });
        }
        Command::Restart => {
            parts.audit.note(Entry::new(None, "restart").by(WHO)).await;
            parts.settings.ask(Ask::Restart).await.map_err(failed)?;
        }
        Command::Refresh => {}
    }
    Ok(())
}

fn failed(error: impl std::error::Error) -> Problem {
    let mut title = format!("Not done: {error}.");
    if let Some(first) = title.get(..1).map(str::to_uppercase) {
        title.replace_range(..1, &first);
    }
    Problem { kind: "failed", title }
}
