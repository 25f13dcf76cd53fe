//! The loop: carries time, secrets and rows between the state, the store and those who ask.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::state::State;
use super::{Clock, Command, Error, Grant, Invite};
use crate::drivers::identity::{Token, TokenHash, random_id};
use crate::drivers::store;
use crate::model::id::{GrantId, InviteId, RoomId};
use crate::model::role::Role;
use crate::proto::auth::{Lifetime, Name};

/// How often the service looks for logins that expired. A grant may outlive its login by so much.
const SWEEP: Duration = Duration::from_secs(30);

pub struct Actor {
    pub state: State,
    pub store: store::Handle,
    pub clock: Clock,
    /// How many logins were taken or have expired.
    pub ended: watch::Sender<u64>,
}

fn instant() -> Instant {
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
                _ = sweep.tick() => self.sweep().await,
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
            Command::SignInOwner { token, reply } => {
                let signed_in = self.sign_in_owner(token).await;
                self.note_wrong(&signed_in, "owner");
                let _ = reply.send(signed_in);
            }
            Command::SignInGuest { token, name, reply } => {
                let signed_in = self.sign_in_guest(token, name).await;
                self.note_wrong(&signed_in, "invite");
                let _ = reply.send(signed_in);
            }
            Command::SignOut { token, reply } => {
                let removed = if self.state.sign_out(token) { self.remove_gone().await } else { Ok(()) };
                let _ = reply.send(removed.map_err(Error::from));
            }
            Command::Invite { room, lifetime, by, reply } => {
                let _ = reply.send(self.invite(room, lifetime, by.as_ref()).await);
            }
            Command::ListInvites { room, reply } => {
                let _ = reply.send(Ok(self.state.list_invites(room, self.clock.now())));
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
                let _ = reply.send(self.store.delete_invites_of(room).await.map_err(Error::from));
            }
        }
    }

    async fn sign_in_owner(&mut self, token: TokenHash) -> Result<(Grant, Token), Error> {
        self.state.check_owner_link(token, instant())?;
        let now = self.clock.now();
        let cookie = Token::random();
        let login = store::Login {
            grant: random_id(GrantId::from_bytes),
            token_hash: cookie.hash().bytes(),
            role: Role::Host,
            room: None,
            name: None,
            invite: None,
            created: now,
            seen: now,
        };
        self.store.insert_login(login.clone()).await?;
        self.state.use_owner_link();
        let grant = self.state.admit(login);
        tracing::info!(grant = %grant.id(), "the owner signed in");
        Ok((grant, cookie))
    }

    async fn sign_in_guest(&mut self, token: TokenHash, name: Name) -> Result<(Grant, Token), Error> {
        let now = self.clock.now();
        let invite = self.state.check_invite(token, now)?;
        let (id, room) = (invite.id, invite.room);
        let cookie = Token::random();
        let login = store::Login {
            grant: random_id(GrantId::from_bytes),
            token_hash: cookie.hash().bytes(),
            role: Role::Guest,
            room: Some(room),
            name: Some(name.into()),
            invite: Some(id),
            created: now,
            seen: now,
        };
        self.store.insert_login(login.clone()).await.map_err(no_room)?;
        let grant = self.state.admit(login);
        self.state.count_use(id);
        tracing::info!(grant = %grant.id(), invite = %id, room = %room, "a guest signed in");
        Ok((grant, cookie))
    }

    async fn invite(&mut self, room: RoomId, lifetime: Lifetime, by: Option<&Grant>) -> Result<(Invite, Token), Error> {
        let now = self.clock.now();
        self.state.check_new_invite(room, by, now)?;
        let token = Token::random();
        let row = State::new_invite(random_id(InviteId::from_bytes), room, token.hash(), lifetime, now);
        self.store.insert_invite(row.clone()).await.map_err(no_room)?;
        Ok((self.state.add_invite(row), token))
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
