//! What the actor does for those who keep order: the state decides, the grants are changed where they are kept, and it is noted down.

use tokio::sync::oneshot;

use super::actor::Actor;
use super::order::{Deed, Door};
use super::permits::{Permits, Rank};
use super::snapshot::{OnAir, Outside};
use super::{Answer, Command, Done, Error, Handle};
use crate::drivers::identity::random_id;
use crate::model::id::{GrantId, ParticipantId, RoomId};
use crate::model::role::{Role, Scope, Subject, Verb};
use crate::proto::auth::Name;
use crate::services::access::{Changes, Grant, Placing};
use crate::services::audit::Entry;

/// What somebody who keeps order does with regard to a participant. What only those who run the room may do says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Nothing more is heard of them until they unmute themselves.
    Mute,
    /// No more pictures are taken of them until they start their camera themselves.
    StopCamera,
    /// The screen that they share is not shared any more.
    StopScreen,
    /// Their hand is lowered.
    LowerHand,
    /// Whoever looks on takes part, or the other way round.
    Stage {
        /// They take part.
        on: bool,
    },
    /// They keep order as well, or not any more; by those who run the room.
    Moderator {
        /// They do.
        on: bool,
    },
    /// They run the room when the last one who does has left, or not; by those who run the room.
    HandOver,
    /// They have to leave, and come back by the lobby alone.
    Remove,
    /// They have to leave, and don't come back.
    Ban,
}

/// What becomes of somebody who waits in the lobby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// They may come in.
    LetIn,
    /// They may not.
    Refused,
    /// They ask anew elsewhere.
    Replaced,
}

/// Somebody waits in the lobby for as long as this is kept.
pub struct Knock {
    /// What becomes of them. Nothing if the room is gone.
    pub fate: oneshot::Receiver<Fate>,
}

/// What those who keep order ask for, and those with regard to whom they do.
pub(super) enum Keep {
    Act { room: RoomId, by: Grant, who: ParticipantId, act: Act, done: Done<()> },
    Hand { who: ParticipantId, up: bool, done: Done<()> },
    Lock { room: RoomId, by: Grant, locked: bool, done: Done<()> },
    Knock { room: RoomId, grant: Grant, name: Name, done: Done<Knock> },
    LetIn { room: RoomId, by: Grant, who: ParticipantId, done: Done<()> },
    Refuse { room: RoomId, by: Grant, who: ParticipantId, done: Done<()> },
}

impl Handle {
    /// Keeps order with regard to a participant. Nobody does among those above them: a moderator not among those who run the room, and nobody
    /// puts out those who run the box.
    ///
    /// # Errors
    /// [`Error::NotPermitted`], [`Error::NotHere`], [`Error::Access`], [`Error::Closed`].
    pub async fn act(&self, room: RoomId, by: Grant, who: ParticipantId, act: Act) -> Result<(), Error> {
        self.ask(|done| Command::Keep(Keep::Act { room, by, who, act, done })).await
    }

    /// A participant raises a hand, or lowers it. It lowers itself when they speak.
    ///
    /// # Errors
    /// [`Error::NoSeat`], [`Error::Closed`].
    pub async fn hand(&self, who: ParticipantId, up: bool) -> Result<(), Error> {
        self.ask(|done| Command::Keep(Keep::Hand { who, up, done })).await
    }

    /// Lets nobody into a room who is not in it now, but for those who keep order, or everybody who may. That outlasts a restart.
    ///
    /// # Errors
    /// [`Error::NotPermitted`], [`Error::NoRoom`], [`Error::Store`], [`Error::Closed`].
    pub async fn lock(&self, room: RoomId, by: Grant, locked: bool) -> Result<(), Error> {
        self.ask(|done| Command::Keep(Keep::Lock { room, by, locked, done })).await
    }

    /// Asks to be let in, under this name. Who may come in is let in at once.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::Locked`], [`Error::Refused`], [`Error::LobbyFull`], [`Error::Closed`].
    pub async fn knock(&self, room: RoomId, grant: Grant, name: Name) -> Result<Knock, Error> {
        self.ask(|done| Command::Keep(Keep::Knock { room, grant, name, done })).await
    }

    /// Lets somebody in who waits in the lobby, was removed, or was banned: one of [`super::Room::outside`].
    ///
    /// # Errors
    /// [`Error::NotPermitted`], [`Error::NoRoom`], [`Error::NotHere`], [`Error::Access`], [`Error::Closed`].
    pub async fn let_in(&self, room: RoomId, by: Grant, who: ParticipantId) -> Result<(), Error> {
        self.ask(|done| Command::Keep(Keep::LetIn { room, by, who, done })).await
    }

    /// Does not let somebody in who waits in the lobby; they may ask again a minute later.
    ///
    /// # Errors
    /// [`Error::NotPermitted`], [`Error::NoRoom`], [`Error::NotHere`], [`Error::Closed`].
    pub async fn refuse(&self, room: RoomId, by: Grant, who: ParticipantId) -> Result<(), Error> {
        self.ask(|done| Command::Keep(Keep::Refuse { room, by, who, done })).await
    }
}

/// Somebody who waits to be let in.
pub(super) struct Waiting {
    room: RoomId,
    grant: Grant,
    tell: oneshot::Sender<Fate>,
}

/// What an act is called where it is noted down; what changes a role is called after that.
const fn called(act: Act) -> Option<&'static str> {
    match act {
        Act::Mute => Some("mute"),
        Act::StopCamera => Some("stop_camera"),
        Act::StopScreen => Some("stop_screen"),
        Act::HandOver => Some("hand_over"),
        Act::Remove => Some("remove"),
        Act::LowerHand | Act::Stage { .. } | Act::Moderator { .. } | Act::Ban => None,
    }
}

const fn word(answer: OnAir) -> &'static str {
    match answer {
        OnAir::No => "no",
        OnAir::Asked => "asked",
        OnAir::Yes => "yes",
    }
}

impl Actor {
    pub(super) async fn keep(&mut self, keep: Keep) {
        match keep {
            Keep::Act { room, by, who, act, done } => {
                let result = self.act(room, &by, who, act).await;
                self.answer(done, result);
            }
            Keep::Hand { who, up, done } => {
                let result = self.state.hand(who, up);
                self.answer(done, result);
            }
            Keep::Lock { room, by, locked, done } => {
                let result = self.lock(room, &by, locked).await;
                self.answer(done, result);
            }
            Keep::Knock { room, grant, name, done } => {
                let result = self.knock(room, grant, name);
                self.answer(done, result);
            }
            Keep::LetIn { room, by, who, done } => {
                let result = self.let_in(room, &by, who).await;
                self.answer(done, result);
            }
            Keep::Refuse { room, by, who, done } => {
                let result = self.refuse(room, &by, who).await;
                self.answer(done, result);
            }
        }
    }

    async fn act(&mut self, room: RoomId, by: &Grant, who: ParticipantId, act: Act) -> Result<(), Error> {
        let permits = Permits::of(by, room);
        let name = self.state.place(room)?.seat(who).ok_or(Error::NotHere)?.who.name.clone();
        let mut effects = Vec::new();
        let done = self.state.act((Some(by.subject()), &permits), who, act, &mut effects);
        self.apply(effects).await;
        self.grants.retain(|who, _| self.state.is_in(*who));
        let (subject, deed) = done?;
        if let Some(action) = called(act) {
            self.note(by, Entry::new(Some(room), action).to(name.clone())).await;
        }
        if act == Act::HandOver {
            self.named.insert(room, by.clone());
        }
        if let Some(subject) = subject {
            match deed {
                Deed::Nothing => {}
                Deed::Wait => drop(self.parts.access.place(room, subject, Placing::Wait, by).await?),
                Deed::Role(role) => self.give(room, (subject, name), role, by).await?,
                Deed::Ban => {
                    self.parts.access.place(room, subject, Placing::Ban, by).await?;
                    self.note(by, Entry::new(Some(room), "ban").to(name)).await;
                }
            }
        }
        self.succeed().await;
        Ok(())
    }

    /// Has the grants of somebody say that they are this in the room: what they send follows at once.
    async fn give(&mut self, room: RoomId, whom: (Subject, Name), role: Role, by: &Grant) -> Result<(), Error> {
        let (subject, name) = whom;
        let changed = self.parts.access.place(room, subject, Placing::Is(Some(role), None), by).await?;
        let detail = format!("{} → {}", changed.from.word(), changed.to.word());
        self.note(by, Entry::new(Some(room), "permit").to(name).with(detail)).await;
        self.refresh().await;
        Ok(())
    }

    /// Whoever was named runs a room that was left alone.
    pub(super) async fn succeed(&mut self) {
        for room in self.state.rooms() {
            let Some(heir) = self.state.heir(room) else { continue };
            let Some(by) = self.named.remove(&room) else { continue };
            if let Err(error) = Box::pin(self.give(room, heir, Role::Host, &by)).await {
                tracing::warn!(%error, "whoever was named can't run the room");
            }
        }
    }

    /// A participant answers, which is noted.
    pub(super) async fn consent(&mut self, who: ParticipantId, answer: Answer) -> Result<(), Error> {
        let before = self.answers(who)?;
        let effects = self.state.consent(who, answer);
        self.all(effects).await?;
        self.note_consent(who, before).await
    }

    /// What a participant has answered.
    pub(super) fn answers(&mut self, who: ParticipantId) -> Result<[OnAir; 3], Error> {
        let me = &self.state.seat(who)?.who;
        Ok([me.on_air, me.recorded, me.separately])
    }

    /// Notes what a participant has answered, or somebody for the box, if it is something else than before.
    pub(super) async fn note_consent(&mut self, who: ParticipantId, before: [OnAir; 3]) -> Result<(), Error> {
        let now = self.answers(who)?;
        if now != before {
            let (place, at) = self.state.of(who)?;
            let [on_air, recorded, separately] = now.map(word);
            let detail = format!("on air: {on_air}, recorded: {recorded}, separately: {separately}");
            let entry = Entry::new(Some(place.room.id), "consent").by(place.seats[at].who.name.clone());
            self.parts.audit.note(entry.with(detail)).await;
        }
        Ok(())
    }

    async fn lock(&mut self, room: RoomId, by: &Grant, locked: bool) -> Result<(), Error> {
        self.keeps(room, by)?;
        let kept = self.state.lock(room, locked)?;
        self.parts.store.set_setting(Door::setting(room), kept).await?;
        self.note(by, Entry::new(Some(room), if locked { "lock" } else { "unlock" })).await;
        Ok(())
    }

    fn knock(&mut self, room: RoomId, grant: Grant, name: Name) -> Result<Knock, Error> {
        let (now, subject, permits) = (self.state.now, grant.subject(), Permits::of(&grant, room));
        let door = &mut self.state.place(room)?.door;
        let (tell, fate) = oneshot::channel();
        if grant.permits(Verb::Join, Scope::Room(room)) {
            door.admits(subject, &permits)?;
            // Whoever asked may have gone away meanwhile.
            let _ = tell.send(Fate::LetIn);
            return Ok(Knock { fate });
        }
        let id = random_id(ParticipantId::from_bytes);
        door.knock(subject, id, name, now)?;
        for (_, before) in self.waiting.extract_if(|_, one| one.room == room && one.grant.subject() == subject) {
            let _ = before.tell.send(Fate::Replaced);
        }
        self.follow(&grant);
        self.waiting.insert(id, Waiting { room, grant, tell });
        Ok(Knock { fate })
    }

    async fn let_in(&mut self, room: RoomId, by: &Grant, who: ParticipantId) -> Result<(), Error> {
        self.keeps(room, by)?;
        let (subject, one) = self.state.place(room)?.door.find(who).ok_or(Error::NotHere)?;
        match one.why {
            Outside::Banned => drop(self.parts.access.place(room, subject, Placing::Unban, by).await?),
            Outside::Waits | Outside::Removed => {
                drop(self.parts.access.place(room, subject, Placing::LetIn, by).await?);
            }
        }
        self.state.place(room)?.door.let_in(who);
        let action = if one.why == Outside::Banned { "unban" } else { "let_in" };
        self.note(by, Entry::new(Some(room), action).to(one.name)).await;
        self.keep_lock(room).await?;
        self.tell(who, Fate::LetIn);
        Ok(())
    }

    async fn refuse(&mut self, room: RoomId, by: &Grant, who: ParticipantId) -> Result<(), Error> {
        self.keeps(room, by)?;
        let now = self.state.now;
        let name = self.state.place(room)?.door.refuse(who, now).ok_or(Error::NotHere)?;
        self.note(by, Entry::new(Some(room), "refuse").to(name)).await;
        self.tell(who, Fate::Refused);
        Ok(())
    }

    /// Whom a lock lets in is known after a restart as well.
    async fn keep_lock(&mut self, room: RoomId) -> Result<(), Error> {
        let door = &self.state.place(room)?.door;
        if door.is_locked() {
            let kept = door.kept();
            self.parts.store.set_setting(Door::setting(room), kept).await?;
        }
        Ok(())
    }

    fn tell(&mut self, who: ParticipantId, fate: Fate) {
        if let Some(waiting) = self.waiting.remove(&who) {
            // Whoever waited may have gone away meanwhile.
            let _ = waiting.tell.send(fate);
        }
    }

    fn keeps(&self, room: RoomId, by: &Grant) -> Result<(), Error> {
        if Permits::of(by, room).rank >= Rank::Keeps { Ok(()) } else { Err(Error::NotPermitted) }
    }

    /// Forgets who does not wait any more, and tells who may come in meanwhile, or not at all.
    fn look_at_the_door(&mut self) {
        let gone = |one: &Waiting| one.tell.is_closed() || !one.grant.is_live() || one.grant.is_banned(one.room);
        let waiting: Vec<ParticipantId> = self.waiting.keys().copied().collect();
        for who in waiting {
            let Some(one) = self.waiting.get(&who) else { continue };
            let may = one.grant.permits(Verb::Join, Scope::Room(one.room));
            let Ok(place) = self.state.place_quietly(one.room) else {
                self.waiting.remove(&who);
                continue;
            };
            if gone(one) || may {
                place.door.gives_up(who);
                place.touch();
                self.tell(who, if may { Fate::LetIn } else { Fate::Refused });
            }
        }
    }

    /// Brings what is taken of everybody, and who is in a room, in line with what their grants say.
    pub(super) async fn refresh(&mut self) {
        for (who, room) in self.state.people() {
            let Some(grant) = self.grants.get(&who) else { continue };
            let may = grant.permits(Verb::Join, Scope::Room(room));
            let effects = if may { self.state.permit(who, Permits::of(grant, room)) } else { self.state.leave(who) };
            if !may {
                self.grants.remove(&who);
            }
            self.apply(effects.unwrap_or_default()).await;
        }
        self.look_at_the_door();
        self.succeed().await;
    }

    /// Has it told when a grant changes.
    pub(super) fn follow(&mut self, grant: &Grant) {
        if self.following.insert(grant.id()) {
            self.await_change(grant.id(), grant.follow());
        }
    }

    fn await_change(&mut self, grant: GrantId, mut changes: Changes) {
        self.followed.spawn(async move {
            changes.changed().await;
            (grant, changes)
        });
    }

    /// A grant says something else.
    pub(super) async fn changed(&mut self, grant: GrantId, changes: Changes) {
        let of = |one: &Grant| one.id() == grant;
        if self.grants.values().any(of) || self.waiting.values().any(|one| of(&one.grant)) {
            self.await_change(grant, changes);
        } else {
            self.following.remove(&grant);
        }
        self.refresh().await;
    }

    async fn note(&self, by: &Grant, entry: Entry) {
        let actor = by.name().map(String::from).unwrap_or_default();
        self.parts.audit.note(entry.by(actor)).await;
    }
}
