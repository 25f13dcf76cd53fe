//! Who is this, and what may they do: the one gate for every interface.
//!
//! Owns logins, invites and the owner's one-time link, and hands out [`Grant`]s. A grant is a handle: when a login ends, by
//! whatever cause, every holder of its grant is a viewer from that moment on and can wait for it. Logins and invites are in the
//! store before anybody gets a token for them; of tokens only hashes are kept.
//! Does not own the policy (`proto::auth`), the rooms, or what a cookie or a link looks like (`interfaces::http`).
//! Wall time is in whole seconds since 1970 UTC.

mod actor;
mod attempts;
mod clock;
mod grant;
mod state;

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::identity::{Token, TokenHash, random_id};
use crate::drivers::store;
use crate::model::id::{GrantId, InviteId, RoomId};
use crate::model::role::Verb;
use crate::proto::auth::{InvalidText, Lifetime, Name};

pub use clock::Clock;
pub use grant::Grant;

/// Commands that may wait for the actor. When it is full, callers wait.
const QUEUE: usize = 64;

/// How long the answer to a wrong token is held back. It keeps nobody else waiting.
const WRONG_TOKEN_DELAY: Duration = Duration::from_millis(500);

/// What can go wrong, by what one can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody knows this token: ask for a new link.
    #[error("this link or token is not known")]
    InvalidToken,
    /// The link was good once and is too old: ask for a new one.
    #[error("this link has expired")]
    Expired,
    /// The invite was taken back.
    #[error("this invite was taken back")]
    Revoked,
    /// The grant does not permit it.
    #[error("this needs the permission to {verb:?}")]
    NotPermitted {
        /// What was wanted.
        verb: Verb,
    },
    /// The name cannot be shown.
    #[error("this name cannot be shown: {0}")]
    BadName(#[from] InvalidText),
    /// There is no such room, or no longer.
    #[error("there is no such room")]
    NoRoom,
    /// As many as there may be: revoke an invite, or wait until logins end.
    #[error("there are too many of these already")]
    TooMany,
    /// The store failed: nothing was changed, except that a grant that was to end has ended until the next start.
    #[error("could not be stored: {0}")]
    Store(#[from] store::Error),
    /// The service is stopped.
    #[error("the access service is stopped")]
    Closed,
}

/// An invite, as its maker sees it. Its token is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// Where it leads.
    pub room: RoomId,
    /// When it was made.
    pub created: i64,
    /// When it ends.
    pub expires: i64,
    /// How many people came by it.
    pub used: u32,
}

type Reply<T> = oneshot::Sender<Result<T, Error>>;

enum Command {
    Find { token: TokenHash, reply: oneshot::Sender<Option<Grant>> },
    MakeOwnerLink { reply: Reply<Token> },
    SignInOwner { token: TokenHash, reply: Reply<(Grant, Token)> },
    SignInGuest { token: TokenHash, name: Name, reply: Reply<(Grant, Token)> },
    SignOut { token: TokenHash, reply: Reply<()> },
    Invite { room: RoomId, lifetime: Lifetime, by: Option<Grant>, reply: Reply<(Invite, Token)> },
    ListInvites { room: RoomId, reply: Reply<Vec<Invite>> },
    Revoke { invite: InviteId, reply: Reply<()> },
    CloseRoom { room: RoomId, reply: Reply<()> },
    Count { reply: Reply<Counts> },
}

/// How many logins live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of hosts.
    pub hosts: usize,
    /// Of guests.
    pub guests: usize,
}

/// Reaches the service. A cheap clone.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    ended: watch::Receiver<u64>,
}

/// Reads logins and invites from the store and starts the service on `tracker`. It ends at `stop`, and with it every grant.
///
/// # Errors
/// [`Error::Store`].
pub async fn start(
    store: store::Handle,
    clock: Clock,
    tracker: &TaskTracker,
    stop: CancellationToken,
) -> Result<Handle, Error> {
    let state = state::State::load(store.invites().await?, store.logins().await?, clock.now());
    let (commands, queue) = mpsc::channel(QUEUE);
    let (told, ended) = watch::channel(state.ended());
    tracker.spawn(actor::Actor { state, store, clock, ended: told }.run(queue, stop));
    Ok(Handle { commands, ended })
}

impl Handle {
    /// How many logins live.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn counts(&self) -> Result<Counts, Error> {
        self.ask(|reply| Command::Count { reply }).await
    }

    /// How many logins were taken or have expired, now and whenever another does: secrets that were told to those who had one are to be
    /// others. Who signs out gave theirs up.
    pub fn ended_logins(&self) -> watch::Receiver<u64> {
        self.ended.clone()
    }

    /// Waits until the service has ended, by itself or by a failure.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// What the bearer of this cookie value may do. Whoever has none, or one that nobody knows, is a viewer.
    pub async fn grant(&self, credential: Option<&str>) -> Grant {
        let found = async {
            let token = credential?.parse::<Token>().ok()?.hash();
            let (reply, answer) = oneshot::channel();
            self.commands.send(Command::Find { token, reply }).await.ok()?;
            answer.await.ok()?
        };
        found.await.unwrap_or_else(|| Grant::viewer(random_id(GrantId::from_bytes)))
    }

    /// Makes the token of a one-time owner link. It is good for one sign-in within 24 h and replaces the one before.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn owner_link(&self) -> Result<Token, Error> {
        self.ask(|reply| Command::MakeOwnerLink { reply }).await
    }

    /// Signs the owner in by the token of the one-time link, which is used up by it. Gives the grant and the cookie's token.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] (after a delay), [`Error::Expired`], [`Error::Store`] (the link stays good), [`Error::Closed`].
    pub async fn sign_in_owner(&self, token: &str) -> Result<(Grant, Token), Error> {
        let signed_in = match token.parse::<Token>() {
            Ok(token) => self.ask(|reply| Command::SignInOwner { token: token.hash(), reply }).await,
            Err(_) => Err(Error::InvalidToken),
        };
        hold_back_wrong(signed_in).await
    }

    /// Signs a guest in by an invite. Gives the grant and the cookie's token.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] (after a delay), [`Error::Expired`], [`Error::Revoked`], [`Error::TooMany`] by one invite,
    /// [`Error::NoRoom`], [`Error::Store`], [`Error::Closed`].
    pub async fn sign_in_guest(&self, invite: &str, name: Name) -> Result<(Grant, Token), Error> {
        let signed_in = match invite.parse::<Token>() {
            Ok(token) => self.ask(|reply| Command::SignInGuest { token: token.hash(), name, reply }).await,
            Err(_) => Err(Error::InvalidToken),
        };
        hold_back_wrong(signed_in).await
    }

    /// Ends the login with this cookie value. One that nobody knows is no error.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Closed`].
    pub async fn sign_out(&self, credential: &str) -> Result<(), Error> {
        match credential.parse::<Token>() {
            Ok(token) => self.ask(|reply| Command::SignOut { token: token.hash(), reply }).await,
            Err(_) => Ok(()),
        }
    }

    /// Makes an invite to a room. Gives it and the token for its link.
    ///
    /// # Errors
    /// [`Error::NotPermitted`], [`Error::NoRoom`], [`Error::TooMany`], [`Error::Store`], [`Error::Closed`].
    pub async fn invite(&self, room: RoomId, lifetime: Lifetime, by: &Grant) -> Result<(Invite, Token), Error> {
        self.ask(|reply| Command::Invite { room, lifetime, by: Some(by.clone()), reply }).await
    }

    /// The same by the box itself, for whoever sees its screen.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::TooMany`], [`Error::Store`], [`Error::Closed`].
    pub async fn invite_here(&self, room: RoomId, lifetime: Lifetime) -> Result<(Invite, Token), Error> {
        self.ask(|reply| Command::Invite { room, lifetime, by: None, reply }).await
    }

    /// The invites to a room that still work, the oldest first.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn invites(&self, room: RoomId) -> Result<Vec<Invite>, Error> {
        self.ask(|reply| Command::ListInvites { room, reply }).await
    }

    /// Takes an invite back: the grants of all who came by it end before this returns. One that nobody knows is no error.
    ///
    /// # Errors
    /// [`Error::Store`]: the grants have ended, but ask again, else they live on after a restart. [`Error::Closed`].
    pub async fn revoke(&self, invite: InviteId) -> Result<(), Error> {
        self.ask(|reply| Command::Revoke { invite, reply }).await
    }

    /// Ends the grants of a room's guests, and its invites. The room itself is not touched.
    ///
    /// # Errors
    /// As [`Handle::revoke`].
    pub async fn close_room(&self, room: RoomId) -> Result<(), Error> {
        self.ask(|reply| Command::CloseRoom { room, reply }).await
    }
}

async fn hold_back_wrong<T>(result: Result<T, Error>) -> Result<T, Error> {
    if let Err(Error::InvalidToken) = result {
        tokio::time::sleep(WRONG_TOKEN_DELAY).await;
    }
    result
}

#[cfg(test)]
mod tests;
