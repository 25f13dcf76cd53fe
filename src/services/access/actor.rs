//! The loop: carries time, secrets and rows between the state, the store and those who ask.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::codes::{Codes, Number};
use super::invites::Invites;
use super::people::rules_key;
use super::proofs::Proofs;
use super::state::State;
use super::{Changed, Clock, Command, Entered, Error, Grant, Identity, Invite, Placing, Wanted};
use crate::drivers::identity::{Token, TokenHash, random_id};
use crate::drivers::store;
use crate::model::id::{GrantId, IdentityId, InviteId, RoomId};
use crate::model::role::Subject;
use crate::proto::auth::{Name, Rules};

/// What somebody is called who owns the box and has not said what to call them.
const OWNER: &str = "Owner";

/// How often the service looks for logins that expired. A grant may outlive its login by so much.
const SWEEP: Duration = Duration::from_secs(30);

pub struct Actor {
    pub state: State,
    pub store: store::Handle,
    pub clock: Clock,
    pub codes: Codes,
    pub proofs: Proofs,
    /// How many logins were taken or have expired.
    pub ended: watch::Sender<u64>,
    /// The PIN of a box that nobody owns.
    pub pin: watch::Sender<Option<Number>>,
}

pub(super) fn instant() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Actor {
    #[tracing::instrument(name = "access", skip_all)]
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>, stop: CancellationToken) {
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = sweep.tick() => {
                    self.sweep().await;
                    self.show_pin();
                }
                command = commands.recv() => match command {
                    Some(command) => self.handle(command).await,
                    None => break,
                },
            }
            let ended = self.state.ended();
            self.ended.send_if_modified(|told| std::mem::replace(told, ended) != ended);
        }
        self.state.end_all();
    }

    /// Who asked may be gone by the time of the answer: every reply may be lost without harm.
    async fn handle(&mut self, command: Command) {
        match command {
            Command::Find { token, reply } => {
                let found = self.state.find(token, self.clock.now());
                let touch = found.as_ref().and_then(|found| found.touch);
                let _ = reply.send(found.map(|found| found.grant));
                if let Some((grant, seen)) = touch
                    && let Err(error) = self.store.touch_login(grant, seen).await
                {
                    tracing::warn!(%error, "the use of a login could not be stored");
                }
            }
            Command::MakeOwnerLink { reply } => {
                let token = Token::random();
                self.state.set_owner_link(token.hash(), instant());
                let _ = reply.send(Ok(token));
            }
            Command::SignInOwner { token, device, reply } => {
                let signed_in = self.sign_in_owner(token, device).await;
                self.note_wrong(&signed_in, "owner");
                let _ = reply.send(signed_in);
            }
            Command::SignInGuest { token, name, device, by, reply } => {
                let entered = self.enter(token, name, device, by.as_ref()).await;
                self.note_wrong(&entered, "invite");
                let _ = reply.send(entered);
            }
            Command::NameViewer { name, reply } => {
                let _ = reply.send(self.name_viewer(name).await);
            }
            Command::SignOut { token, reply } => {
                let removed = if self.state.sign_out(token) { self.remove_gone().await } else { Ok(()) };
                let _ = reply.send(removed.map_err(Error::from));
            }
            Command::Invite { room, wanted, by, reply } => {
                let _ = reply.send(self.invite(room, wanted, by.as_ref()).await);
            }
            Command::ListInvites { room, reply } => {
                let _ = reply.send(Ok(self.state.invites.list(room, self.clock.now())));
            }
            Command::Revoke { invite, reply } => {
                let now = self.clock.now();
                self.state.revoke(invite, now);
                let _ = reply.send(self.store.revoke_invite(invite, now).await.map_err(Error::from));
            }
            Command::Count { reply } => {
                let _ = reply.send(Ok(self.state.counts()));
            }
            Command::CloseRoom { room, reply } => {
                self.state.close_room(room);
                let _ = reply.send(self.store.delete_people_of(room).await.map_err(Error::from));
            }
            Command::Place { room, subject, placing, by, reply } => {
                let _ = reply.send(self.place(room, subject, placing, &by).await);
            }
            Command::Members { room, reply } => {
                let _ = reply.send(Ok(self.state.members(room)));
            }
            Command::Rules { room, reply } => {
                let _ = reply.send(Ok(self.state.rules(room)));
            }
            Command::SetRules { room, rules, reply } => {
                let _ = reply.send(self.set_rules(room, *rules).await);
            }
            Command::Identities { reply } => {
                let _ = reply.send(Ok(self.state.identities()));
            }
            Command::AddIdentity { name, owner, reply } => {
                let _ = reply.send(self.add_identity(name, owner).await);
            }
            Command::ChangeIdentity { id, name, owner, reply } => {
                let _ = reply.send(self.change_identity(id, name, owner).await);
            }
            Command::Forget { id, reply } => {
                let _ = reply.send(self.forget(id).await);
            }
            Command::Logins { of, reply } => {
                let _ = reply.send(Ok(self.state.logins(of)));
            }
            Command::EndLogin { of, grant, reply } => {
                let ended = match self.state.end_login(of, grant) {
                    Ok(()) => self.remove_gone().await.map_err(Error::from),
                    Err(error) => Err(error),
                };
                let _ = reply.send(ended);
            }
            Command::Account(command) => self.account(command).await,
        }
    }

    async fn sign_in_owner(&mut self, token: TokenHash, device: Option<String>) -> Result<(Grant, Token), Error> {
        self.state.check_owner_link(token, instant())?;
        let cookie = Token::random();
        let owner = self.state.first_owner().cloned();
        let new = owner.is_none();
        let owner = owner.unwrap_or_else(|| store::Identity {
            id: random_id(IdentityId::from_bytes),
            name: OWNER.into(),
            owner: true,
            created: self.clock.now(),
        });
        let login = store::Login { identity: Some(owner.id), device, ..self.new_login(&cookie) };
        if new {
            self.store.insert_identity(owner.clone(), login.clone()).await?;
            self.state.put_identity(owner);
        } else {
            self.store.insert_login(login.clone(), None).await?;
        }
        self.state.use_owner_link();
        let grant = self.state.admit(login, None);
        self.show_pin();
        tracing::info!(grant = %grant.id(), "the owner signed in");
        Ok((grant, cookie))
    }

    pub(super) fn new_login(&self, cookie: &Token) -> store::Login {
        let now = self.clock.now();
        store::Login {
            grant: random_id(GrantId::from_bytes),
            token_hash: cookie.hash().bytes(),
            identity: None,
            name: None,
            invite: None,
            device: None,
            created: now,
            seen: now,
        }
    }

    async fn enter(
        &mut self,
        token: TokenHash,
        name: Option<Name>,
        device: Option<String>,
        by: Option<&Grant>,
    ) -> Result<Entered, Error> {
        let invite = self.state.check_invite(token, by, self.clock.now())?;
        let (id, room) = (invite.id, invite.room);
        let entered = match by.filter(|by| by.identity().is_some()) {
            Some(by) => {
                let place = self.state.place_by(&invite, by.subject());
                self.store.put_member(place.clone(), Some(id)).await.map_err(no_room)?;
                self.state.put_member(place);
                Entered { grant: by.clone(), token: None, room }
            }
            None => {
                let name = name.ok_or(Error::NoName)?;
                let cookie = Token::random();
                let login =
                    store::Login { name: Some(name.into()), invite: Some(id), device, ..self.new_login(&cookie) };
                let place = self.state.place_by(&invite, Subject::Login(login.grant));
                self.store.insert_login(login.clone(), Some(place.clone())).await.map_err(no_room)?;
                Entered { grant: self.state.admit(login, Some(place)), token: Some(cookie), room }
            }
        };
        self.state.invites.count_use(id);
        tracing::info!(grant = %entered.grant.id(), invite = %id, room = %room, "a guest signed in");
        Ok(entered)
    }

    async fn name_viewer(&mut self, name: Name) -> Result<(Grant, Token), Error> {
        self.state.check_named(instant())?;
        let cookie = Token::random();
        let login = store::Login { name: Some(name.into()), ..self.new_login(&cookie) };
        self.store.insert_login(login.clone(), None).await?;
        Ok((self.state.admit(login, None), cookie))
    }

    async fn invite(&mut self, room: RoomId, wanted: Wanted, by: Option<&Grant>) -> Result<(Invite, Token), Error> {
        let now = self.clock.now();
        self.state.check_new_invite(room, wanted, by, now)?;
        let token = Token::random();
        let row = Invites::new_row(random_id(InviteId::from_bytes), room, token.hash(), wanted, now);
        self.store.insert_invite(row.clone()).await.map_err(no_room)?;
        Ok((self.state.invites.add(row), token))
    }

    async fn place(&mut self, room: RoomId, subject: Subject, placing: Placing, by: &Grant) -> Result<Changed, Error> {
        let before = self.state.member_or_new(room, subject)?;
        let mut row = before.clone();
        match placing {
            Placing::Is(role, change) => {
                row.role = role.unwrap_or(row.role);
                if let Some(change) = change {
                    row.changed = serde_json::to_string(&change).expect("lists of words are written");
                }
            }
            Placing::Wait => row.waits = true,
            Placing::LetIn => row.waits = false,
            Placing::Ban => row.banned = true,
            Placing::Unban => row.banned = false,
            Placing::PutOut => {}
        }
        self.state.check_change(by, &before, row.role)?;
        let changed = Changed { name: self.state.name_of(subject), from: before.role, to: row.role };
        if placing == Placing::PutOut {
            self.store.delete_member(room, subject).await?;
            self.state.lose_place(room, subject);
            self.remove_gone().await?;
        } else {
            self.store.put_member(row.clone(), None).await.map_err(no_room)?;
            self.state.put_member(row);
        }
        Ok(changed)
    }

    async fn set_rules(&mut self, room: RoomId, rules: Rules) -> Result<(), Error> {
        let text = serde_json::to_string(&rules).expect("lists of words are written");
        self.store.set_setting(rules_key(room), text).await?;
        self.state.set_rules(room, rules);
        Ok(())
    }

    async fn add_identity(&mut self, name: Name, owner: bool) -> Result<Identity, Error> {
        self.state.check_new_identity()?;
        let created = self.clock.now();
        let row = store::Identity { id: random_id(IdentityId::from_bytes), name: name.clone().into(), owner, created };
        self.store.put_identity(row.clone()).await?;
        let id = row.id;
        self.state.put_identity(row);
        Ok(Identity { id, name, owner, created, devices: 0 })
    }

    async fn change_identity(&mut self, id: IdentityId, name: Option<Name>, owner: Option<bool>) -> Result<(), Error> {
        let mut row = self.state.identity(id).ok_or(Error::Nobody)?.clone();
        if owner == Some(false) {
            self.state.check_disowned(id)?;
        }
        row.owner = owner.unwrap_or(row.owner);
        row.name = name.map_or(row.name, String::from);
        self.store.put_identity(row.clone()).await?;
        self.state.put_identity(row);
        Ok(())
    }

    async fn forget(&mut self, id: IdentityId) -> Result<(), Error> {
        self.state.identity(id).ok_or(Error::Nobody)?;
        self.state.check_disowned(id)?;
        self.store.delete_identity(id).await?;
        self.proofs.forget(id);
        self.codes.forget(id);
        self.state.forget_identity(id);
        Ok(())
    }

    fn note_wrong<T>(&mut self, result: &Result<T, Error>, kind: &'static str) {
        if let Err(Error::InvalidToken) = result
            && let Some(count) = self.state.attempts.wrong(instant())
        {
            tracing::warn!(kind, count, "somebody tried to sign in with a wrong token");
        }
    }

    async fn sweep(&mut self) {
        self.state.sweep(self.clock.now());
        if let Err(error) = self.remove_gone().await {
            tracing::warn!(%error, "logins that ended could not be removed from the store; this is tried again");
        }
    }

    async fn remove_gone(&mut self) -> Result<(), store::Error> {
        let gone = self.state.gone().clone();
        if !gone.logins.is_empty() {
            self.store.delete_logins(gone.logins).await?;
        }
        if !gone.invites.is_empty() {
            self.store.delete_invites(gone.invites).await?;
        }
        self.state.removed();
        Ok(())
    }
}

/// New rows have fresh ids: all that can be in conflict is that their room is gone.
fn no_room(error: store::Error) -> Error {
    match error {
        store::Error::Conflict => Error::NoRoom,
        error => Error::Store(error),
    }
}
