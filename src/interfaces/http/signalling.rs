//! The room's WebSocket: docs/reference/signalling.md.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{Span, field};

use super::error::Problem;
use super::frames::{
    BoxFields, ConsentFields, Frame, GoLiveFields, HandFields, JoinFields, OfferFields, RecordFields, RingFields,
    StateFields, ViewFields, fields,
};
use super::gate::Caller;
use super::projection::{Told, patch, state, stats};
use super::requests::RequestId;
use super::wire::{self, Over, VERSION, Wire, answer};
use super::{App, order, studio};
use crate::model::id::{BroadcastId, ParticipantId, RoomId};
use crate::model::role::{Scope, Verb};
use crate::proto::auth::Name;
use crate::services::access::Grant;
use crate::services::push;
use crate::services::room::{Answer, Away, BoxWish, Notice, Outside, Room, Seat, Wanted};
use crate::services::telephone::{self, Telephone};

/// Patches are at least so far apart: what changes meanwhile goes out as one. In a room of many there is always something.
const APART: Duration = Duration::from_millis(100);

/// Every request and what it needs in the room. A request that is not in this list is refused before it is looked at.
pub const OPS: &[(&str, Verb)] = &[
    ("join", Verb::Join),
    ("offer", Verb::Join),
    ("state", Verb::Join),
    ("view", Verb::Join),
    ("stats", Verb::Join),
    ("consent", Verb::Join),
    ("leave", Verb::Join),
    ("hand", Verb::Join),
    ("mute", Verb::Moderate),
    ("stop_camera", Verb::Moderate),
    ("stop_screen", Verb::Moderate),
    ("lower_hand", Verb::Moderate),
    ("stage", Verb::Moderate),
    ("moderator", Verb::Moderate),
    ("hand_over", Verb::Moderate),
    ("remove", Verb::Moderate),
    ("ban", Verb::Moderate),
    ("let_in", Verb::Moderate),
    ("refuse", Verb::Moderate),
    ("lock", Verb::Moderate),
    ("ring", Verb::Join),
    ("go_live", Verb::Broadcast),
    ("end_live", Verb::Broadcast),
    ("record", Verb::Record),
    ("box", Verb::Broadcast),
];

/// Why a connection ends.
enum End {
    /// The other side is gone: the seat is held.
    Lost,
    /// The page goes away, and may come back: the seat is held for some seconds.
    Away,
    /// They left.
    Left,
    /// The box ends it, and says why.
    Bye(&'static str),
}

impl From<Over> for End {
    fn from(over: Over) -> Self {
        match over {
            Over::Lost => Self::Lost,
            Over::Odd => Self::Bye("removed"),
        }
    }
}

/// What a notice is called on the way.
const fn code(notice: Notice) -> &'static str {
    match notice {
        Notice::StillTaken => "still_taken",
        Notice::RecordingStopped => "recording_stopped",
        Notice::SeparateMissing => "separate_missing",
    }
}

pub(super) async fn connect(
    State(app): State<App>,
    Caller(grant): Caller,
    request: RequestId,
    Path(room): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let room: RoomId = room.parse().map_err(|_| Problem::not_found())?;
    app.rooms.room(room)?;
    let span = tracing::error_span!("line", request = %request, participant = field::Empty);
    Ok(wire::open(&app.clone(), upgrade, span, async move |wire| {
        let shown = Value::Null;
        let (seat, told, next) = (None, None, Instant::now());
        let mut line =
            Line { wire, seq: 0, app, room, grant, request, seat, told, shown, noticed: 0, next, stale: false };
        let end = line.run().await;
        line.finish(end).await;
    }))
}

struct Line {
    wire: Wire,
    seq: u64,
    app: App,
    room: RoomId,
    grant: Grant,
    request: RequestId,
    seat: Option<Seat>,
    /// What the page was told last, and the state that came of it.
    told: Option<Told>,
    shown: Value,
    noticed: u64,
    /// When the next patch may go out.
    next: Instant,
    /// Something has changed, and a patch waits for its time.
    stale: bool,
}

impl Line {
    async fn run(&mut self) -> End {
        let mut rooms = self.app.rooms.rooms();
        let mut broadcasts = self.app.broadcasts.list();
        let mut telephone = self.app.telephone.follow();
        let mut pushes = self.app.pushes.follow();
        let cancel = self.app.cancel.clone();
        let (grant, mut changes) = (self.grant.clone(), self.grant.follow());
        loop {
            let step = tokio::select! {
                text = self.wire.next(self.seat.is_some()) => match text {
                    Ok(text) => self.request(text.as_str()).await,
                    Err(over) => Err(over.into()),
                },
                changed = rooms.changed() => match changed {
                    Ok(()) => self.changed().await,
                    Err(_) => Err(End::Bye("shutdown")),
                },
                () = changes.changed() => self.changed().await,
                Ok(()) = broadcasts.changed() => self.changed().await,
                Ok(()) = telephone.changed() => self.changed().await,
                Ok(()) = pushes.changed() => self.changed().await,
                () = tokio::time::sleep_until(self.next), if self.stale => self.show().await,
                () = grant.ended() => Err(End::Bye(self.why_ended())),
                () = cancel.cancelled() => Err(End::Bye("shutdown")),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// A grant ends when it is taken back, and with the room; and those who keep order may have put them out.
    fn why_ended(&self) -> &'static str {
        let Ok(room) = self.app.rooms.room(self.room) else { return "room_closed" };
        let me = self.seat.as_ref().and_then(|seat| room.outside.iter().find(|one| one.id == seat.participant));
        match me.map(|one| one.why) {
            _ if self.grant.is_banned(self.room) => "banned",
            Some(Outside::Banned) => "banned",
            Some(Outside::Removed) => "removed_by_moderator",
            Some(Outside::Waits) | None => "removed",
        }
    }

    async fn finish(&mut self, end: End) {
        if let End::Bye(reason) = end {
            // The other side may be gone already.
            let _ = self.event("bye", json!({ "reason": reason })).await;
        }
        if let Some(seat) = self.seat.take() {
            match end {
                // Who was replaced must not lose the seat for the one who came back.
                End::Lost => self.app.rooms.lost(seat.participant, seat.generation, Away::Unsaid).await,
                End::Away => self.app.rooms.lost(seat.participant, seat.generation, Away::Page).await,
                // A page that broke the rules; whoever was put out has no seat any more.
                End::Left | End::Bye("removed") => {
                    // A seat that is gone already needs no leave.
                    let _ = self.app.rooms.leave(seat.participant).await;
                }
                End::Bye(_) => {}
            }
        }
        self.wire.close().await;
    }

    async fn event(&mut self, name: &str, mut fields: Value) -> Result<(), End> {
        self.seq += 1;
        fields["seq"] = self.seq.into();
        fields["event"] = name.into();
        Ok(self.wire.json(&fields).await?)
    }

    async fn request(&mut self, text: &str) -> Result<(), End> {
        let frame: Frame = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(_) => {
                self.wire.json(&answer(0, Err(Problem::no_request()), &self.request)).await?;
                return Err(End::Bye("removed"));
            }
        };
        let id = frame.id;
        let leaving = frame.op == "leave";
        let held = frame.fields.get("hold").is_some_and(|hold| hold == true);
        let joining = frame.op == "join";
        let result = self.serve(frame).await;
        let done = result.is_ok();
        self.wire.json(&answer(id, result, &self.request)).await?;
        if joining && done {
            self.show().await?;
        }
        match (leaving && done, held) {
            (true, true) => Err(End::Away),
            (true, false) => Err(End::Left),
            (false, _) => Ok(()),
        }
    }

    async fn serve(&mut self, frame: Frame) -> Result<Value, Problem> {
        if frame.v != VERSION {
            return Err(Problem::other_version());
        }
        let verb = OPS.iter().find(|(op, _)| *op == frame.op).map(|(_, verb)| *verb);
        let verb = verb.ok_or_else(Problem::unknown_op)?;
        if !self.may(verb, &frame) {
            return Err(Problem::not_permitted());
        }
        if frame.op == "join" {
            return self.join(fields(frame.fields)?).await;
        }
        let Some(seat) = &self.seat else {
            return Err(Problem::bad("not-joined", "Join the room first."));
        };
        let (rooms, who) = (&self.app.rooms, seat.participant);
        match frame.op.as_str() {
            "offer" => {
                let OfferFields { sdp, sources } = fields(frame.fields)?;
                Ok(json!({ "sdp": rooms.offer(who, sdp, sources).await? }))
            }
            "view" => {
                rooms.look(who, fields::<ViewFields>(frame.fields)?.checked()?).await?;
                Ok(json!({}))
            }
            "stats" => Ok(stats(&rooms.stats(who).await?, &self.app.timeline)),
            "state" => {
                let StateFields { microphone, camera } = fields(frame.fields)?;
                rooms.sending(who, microphone, camera).await?;
                Ok(json!({}))
            }
            "consent" => {
                let ConsentFields { on_air, recorded, separately } = fields(frame.fields)?;
                rooms.consent(who, Answer { on_air, recorded, separately }).await?;
                Ok(json!({}))
            }
            "ring" => {
                let RingFields { on } = fields(frame.fields)?;
                let room = rooms.room(self.room)?;
                let me = room.participant(who).ok_or(crate::services::room::Error::NoSeat)?;
                if on {
                    let (contact, name) = (self.grant.id(), me.name.clone());
                    let caller = telephone::Caller { participant: who, room: self.room, contact, name };
                    self.app.telephone.ring(caller).await?;
                } else {
                    self.app.telephone.cancel(who).await?;
                }
                Ok(json!({}))
            }
            "hand" => {
                let HandFields { up } = fields(frame.fields)?;
                rooms.hand(who, up).await?;
                Ok(json!({}))
            }
            "leave" => Ok(json!({})),
            "go_live" => {
                let GoLiveFields { title, record, separately } = fields(frame.fields)?;
                if record {
                    self.app.recorder.ready().await?;
                }
                let title = studio::title(title.as_deref())?;
                let before = rooms.room(self.room)?;
                let broadcast: BroadcastId =
                    rooms.go_live(self.room, title, Wanted::of(record, separately, None)).await?;
                order::note_live(&self.app, &before, &self.grant).await;
                Ok(json!({ "broadcast": broadcast }))
            }
            "end_live" => {
                let before = rooms.room(self.room)?;
                rooms.end_live(self.room).await?;
                order::note_off_air(&self.app, &before, &self.grant).await;
                Ok(json!({}))
            }
            "record" => {
                let RecordFields { on, separately } = fields(frame.fields)?;
                if on {
                    self.app.recorder.ready().await?;
                }
                let before = rooms.room(self.room)?.live.as_ref().and_then(|live| live.recording);
                rooms.record(self.room, Wanted::of(on, separately, before)).await?;
                order::note_record(&self.app, self.room, &self.grant, on).await;
                Ok(json!({}))
            }
            "box" => {
                let BoxFields { in_call, microphone, camera, on_air } = fields(frame.fields)?;
                rooms.wish_box(self.room, BoxWish { in_call, microphone, camera, on_air }).await?;
                Ok(json!({}))
            }
            op => match order::serve((&self.app, self.room, &self.grant), op, frame.fields).await {
                Some(result) => result,
                None => Err(Problem::unknown_op()),
            },
        }
    }

    /// Whether they may ask for this: by their grant, or because they have the room while nobody who runs it is in it. Then they may end
    /// what goes on, and begin nothing.
    fn may(&self, verb: Verb, frame: &Frame) -> bool {
        if self.grant.permits(verb, Scope::Room(self.room)) {
            return true;
        }
        let ends = match frame.op.as_str() {
            "end_live" => true,
            "record" => frame.fields.get("on").is_some_and(|on| on == false),
            _ => false,
        };
        let room = self.app.rooms.room(self.room).ok().filter(|_| ends);
        room.zip(self.seat.as_ref()).is_some_and(|(room, seat)| room.succession.acting == Some(seat.participant))
    }

    async fn join(&mut self, JoinFields { name, resume }: JoinFields) -> Result<Value, Problem> {
        if self.seat.is_some() {
            return Err(Problem::bad("joined", "You are in this room already."));
        }
        let name =
            Name::new(&name).map_err(|error| Problem::bad("bad-name", format!("This name can't be used: {error}.")))?;
        let seat = self.app.rooms.join(self.room, self.grant.clone(), name, resume).await?;
        Span::current().record("participant", field::display(seat.participant));
        tracing::info!("joined");
        let mut ok = json!({ "participant": seat.participant, "resume": seat.resume.reveal() });
        if let Some(relay) = &self.app.relay {
            let now = self.app.timeline.unix_nanos(self.app.timeline.media(std::time::Instant::now())) / 1_000_000_000;
            let who = seat.participant.to_string();
            ok["ice_servers"] = json!([relay.ice_server(&who, u64::try_from(now).unwrap_or_default())]);
        }
        self.seat = Some(seat);
        Ok(ok)
    }

    /// Something may have changed: shows it now, or when the time has come.
    async fn changed(&mut self) -> Result<(), End> {
        self.stale = true;
        if Instant::now() < self.next { self.is_seated() } else { self.show().await }
    }

    /// The room and who one is there, as long as the seat is one's own.
    fn seated(&self, seat: &Seat) -> Result<Arc<Room>, End> {
        let Ok(room) = self.app.rooms.room(self.room) else {
            return Err(End::Bye("room_closed"));
        };
        match room.participant(seat.participant) {
            Some(me) if me.generation == seat.generation => Ok(room),
            Some(_) => Err(End::Bye("replaced")),
            None => Err(End::Bye(self.why_ended())),
        }
    }

    /// Whoever is put out is told at once.
    fn is_seated(&self) -> Result<(), End> {
        self.seat.as_ref().map_or(Ok(()), |seat| self.seated(seat).map(drop))
    }

    /// Shows what has changed since the last time.
    async fn show(&mut self) -> Result<(), End> {
        self.stale = false;
        let Some(seat) = &self.seat else {
            return Ok(());
        };
        let room = self.seated(seat)?;
        let viewers = self.app.viewers_of(room.broadcast);
        let Some(me) = room.participant(seat.participant) else {
            return Err(End::Bye(self.why_ended()));
        };
        let ring = ring(&self.app.telephone.follow().borrow(), me.id);
        let pushes = push::names(&self.app.pushes.follow().borrow(), room.broadcast);
        let may: Vec<Verb> =
            Verb::ALL.into_iter().filter(|verb| self.grant.permits(*verb, Scope::Room(room.id))).collect();
        // Most changes concern another room, or somebody else's slots.
        let same = self.told.as_ref().is_some_and(|told| {
            let own = told.room.participant(me.id).is_some_and(|before| before.own == me.own);
            (told.viewers, &told.pushes, told.ring, &told.may) == (viewers, &pushes, ring, &may)
                && (Arc::ptr_eq(&told.room, &room) || own && told.room.looks_like(&room))
        });
        if same {
            return Ok(());
        }
        let told = Told { room: room.clone(), viewers, pushes, ring, may };
        let state = state(&room, me, &told);
        if self.shown.is_null() {
            self.noticed = room.notices.0;
            self.event("snapshot", json!({ "state": state })).await?;
        } else if let Some(change) = patch(&self.shown, &state) {
            self.event("patch", json!({ "patch": change })).await?;
        }
        self.next = Instant::now() + APART;
        self.shown = state;
        self.told = Some(told);
        self.notices(&room).await
    }

    async fn notices(&mut self, room: &Room) -> Result<(), End> {
        if room.notices.0 == self.noticed {
            return Ok(());
        }
        self.noticed = room.notices.0;
        match room.notices.1 {
            Some(notice) => self.event("notice", json!({ "code": code(notice) })).await,
            None => Ok(()),
        }
    }
}

/// What is to be said of this participant's call to the box.
fn ring(telephone: &Telephone, me: ParticipantId) -> &'static str {
    if telephone.ringing.as_ref().is_some_and(|ringing| ringing.caller.participant == me) {
        return "ringing";
    }
    let last = telephone.told.iter().rev().find(|(who, _)| *who == me);
    last.map_or("no", |(_, outcome)| outcome.name())
}
