//! Who is this, and what may they do: the one gate for every interface.
//!
//! Owns the people that the box knows, logins, invites, everybody's place in each room, and the owner's one-time link, and hands out
//! [`Grant`]s. A grant is a handle: when something changes what it permits, every holder sees that from that moment on and can wait for
//! it. Logins and invites are in the store before anybody gets a token for them; of tokens only hashes are kept.
//! Does not own the policy (`proto::auth`), the rooms, or what a cookie or a link looks like (`interfaces::http`).
//! Wall time is in whole seconds since 1970 UTC.

mod accounts;
mod actor;
mod attempts;
mod clock;
mod codes;
mod grant;
mod invites;
mod people;
mod proofs;
mod state;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::identity::{Token, TokenHash, contract, passkey, random_id};
use crate::drivers::store;
use crate::model::id::{GrantId, IdentityId, InviteId, RoomId};
use crate::model::role::{Role, Subject, Verb};
use crate::model::verbs::Verbs;
use crate::proto::auth::{Change, InvalidText, Lifetime, Name, Rules, siwe};

pub use accounts::Signed;
pub use clock::Clock;
pub use codes::Number;
#[cfg(test)]
pub use grant::TestLogin;
pub use grant::{Changes, Grant, Place};
pub use people::{Changed, Placing};
pub use proofs::Answered;

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
    /// Whom the box does not know has to say what to call them.
    #[error("a name is missing")]
    NoName,
    /// There is no such room, or no longer.
    #[error("there is no such room")]
    NoRoom,
    /// As many as there may be: revoke an invite, or wait until logins end.
    #[error("there are too many of these already")]
    TooMany,
    /// The invite has been used as often as it may be.
    #[error("this invite has been used as often as it may be")]
    UsedUp,
    /// They were banned from the room.
    #[error("you were banned from this room")]
    Banned,
    /// Nobody is known by this.
    #[error("nobody is known by this")]
    Nobody,
    /// Somebody has to own the box.
    #[error("somebody has to own the box: make somebody else its owner first")]
    LastOwner,
    /// Too many want this at the moment.
    #[error("too many want this at the moment")]
    TooFast,
    /// That is not the number, or not any more.
    #[error("this number is not right, or not any more")]
    WrongNumber,
    /// Somebody owns the box already.
    #[error("somebody owns this box already")]
    Owned,
    /// A passkey, or what was asked of it.
    #[error(transparent)]
    Passkey(#[from] passkey::Error),
    /// The message of a wallet.
    #[error(transparent)]
    Wallet(#[from] siwe::Invalid),
    /// It is not known whether the wallet signed.
    #[error("a wallet's contract was not asked: {0}")]
    Chain(contract::Unknown),
    /// Nobody is known by this proof: a passkey or a wallet.
    #[error("nobody is known by this")]
    Unproved,
    /// Somebody signs in by it already.
    #[error("somebody signs in by this already")]
    Taken,
    /// The store failed: nothing was changed, except that a grant that was to end has ended until the next start.
    #[error("could not be stored: {0}")]
    Store(#[from] store::Error),
    /// The service is stopped.
    #[error("the access service is stopped")]
    Closed,
}

/// An invite that somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// How long it works.
    pub lifetime: Lifetime,
    /// What it makes of whoever comes by it.
    pub role: Role,
    /// How many may come by it.
    pub most: Option<u32>,
    /// Whether they have to be let in.
    pub lobby: bool,
}

impl Wanted {
    /// One for guests, who come in at once.
    pub const fn of(lifetime: Lifetime) -> Self {
        Self { lifetime, role: Role::Guest, most: None, lobby: false }
    }
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
    /// What it makes of them.
    pub role: Role,
    /// How many may come by it.
    pub most: Option<u32>,
    /// Whether they have to be let in.
    pub lobby: bool,
}

/// Somebody the box knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Their id.
    pub id: IdentityId,
    /// What they are called.
    pub name: Name,
    /// Whether they own the box.
    pub owner: bool,
    /// Since when the box knows them.
    pub created: i64,
    /// On how many devices they are signed in.
    pub devices: usize,
}

/// A device on which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its grant.
    pub grant: GrantId,
    /// What it is.
    pub device: Option<String>,
    /// Since when.
    pub created: i64,
    /// When it was last used, to the hour or so.
    pub seen: i64,
}

/// Somebody with a place in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub subject: Subject,
    /// What they are called, if they have said so.
    pub name: Option<Name>,
    /// What they are there.
    pub role: Role,
    /// What is different for them alone.
    pub change: Change,
    /// What they may there, all in all.
    pub verbs: Verbs,
    /// They have to be let in yet.
    pub waits: bool,
    /// They may nothing there.
    pub banned: bool,
}

/// By what somebody proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Kind {
    /// A passkey.
    Passkey,
    /// A wallet.
    Wallet,
    /// One of the codes that were written down.
    Recovery,
}

impl Kind {
    /// Its word in the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Wallet => "wallet",
            Self::Recovery => "recovery",
        }
    }
}

/// Something by which somebody signs in, as they see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Names it.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// What its owner calls it; of a wallet its address.
    pub name: String,
    /// When it was added.
    pub created: i64,
    /// When it was last used.
    pub used: Option<i64>,
}

type Reply<T> = oneshot::Sender<Result<T, Error>>;

enum Command {
    Find {
        token: TokenHash,
        reply: oneshot::Sender<Option<Grant>>,
    },
    MakeOwnerLink {
        reply: Reply<Token>,
    },
    SignInOwner {
        token: TokenHash,
        device: Option<String>,
        reply: Reply<(Grant, Token)>,
    },
    SignInGuest {
        token: TokenHash,
        name: Option<Name>,
        device: Option<String>,
        by: Option<Grant>,
        reply: Reply<Entered>,
    },
    NameViewer {
        name: Name,
        reply: Reply<(Grant, Token)>,
    },
    SignOut {
        token: TokenHash,
        reply: Reply<()>,
    },
    Invite {
        room: RoomId,
        wanted: Wanted,
        by: Option<Grant>,
        reply: Reply<(Invite, Token)>,
    },
    ListInvites {
        room: RoomId,
        reply: Reply<Vec<Invite>>,
    },
    Revoke {
        invite: InviteId,
        reply: Reply<()>,
    },
    CloseRoom {
        room: RoomId,
        reply: Reply<()>,
    },
    Count {
        reply: Reply<Counts>,
    },
    Place {
        room: RoomId,
        subject: Subject,
        placing: Placing,
        by: Grant,
        reply: Reply<Changed>,
    },
    Members {
        room: RoomId,
        reply: Reply<Vec<Member>>,
    },
    Rules {
        room: RoomId,
        reply: Reply<Rules>,
    },
    SetRules {
        room: RoomId,
        rules: Box<Rules>,
        reply: Reply<()>,
    },
    Identities {
        reply: Reply<Vec<Identity>>,
    },
    AddIdentity {
        name: Name,
        owner: bool,
        reply: Reply<Identity>,
    },
    ChangeIdentity {
        id: IdentityId,
        name: Option<Name>,
        owner: Option<bool>,
        reply: Reply<()>,
    },
    Forget {
        id: IdentityId,
        reply: Reply<()>,
    },
    Logins {
        of: IdentityId,
        reply: Reply<Vec<Login>>,
    },
    EndLogin {
        of: IdentityId,
        grant: GrantId,
        reply: Reply<()>,
    },
    Account(accounts::Command),
}

/// Somebody who came by an invite.
#[derive(Debug)]
pub struct Entered {
    /// What they may do.
    pub grant: Grant,
    /// The token of a login that was made for it; nothing where the box knows them already.
    pub token: Option<Token>,
    /// Where the invite led.
    pub room: RoomId,
}

/// How many logins live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of people the box knows.
    pub known: usize,
    /// Of guests.
    pub guests: usize,
    /// Of those who have no more than a name.
    pub named: usize,
}

/// Reaches the service. A cheap clone.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    ended: watch::Receiver<u64>,
    pin: watch::Receiver<Option<Number>>,
    chain: Arc<contract::Chain>,
}

/// Reads logins and invites from the store and starts the service on `tracker`. It ends at `stop`, and with it every grant.
///
/// # Errors
/// [`Error::Store`].
pub async fn start(
    store: store::Handle,
    clock: Clock,
    chain: contract::Chain,
    tracker: &TaskTracker,
    stop: CancellationToken,
) -> Result<Handle, Error> {
    let mut rows = state::Rows {
        identities: store.identities().await?,
        invites: store.invites().await?,
        logins: store.logins().await?,
        members: store.members().await?,
        rules: Vec::new(),
    };
    for room in store.rooms().await? {
        let kept = store.setting(people::rules_key(room.id)).await?;
        rows.rules.extend(kept.and_then(|kept| Some((room.id, serde_json::from_str(&kept).ok()?))));
    }
    let state = state::State::load(rows, clock.now());
    let (commands, queue) = mpsc::channel(QUEUE);
    let (told, ended) = watch::channel(state.ended());
    let (shown, pin) = watch::channel(None);
    let proofs = proofs::Proofs::load(store.credentials().await?);
    let mut actor = actor::Actor { state, store, clock, codes: codes::Codes::new(), proofs, ended: told, pin: shown };
    actor.show_pin();
    tracker.spawn(actor.run(queue, stop));
    Ok(Handle { commands, ended, pin, chain: Arc::new(chain) })
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
    pub async fn sign_in_owner(&self, token: &str, device: Option<String>) -> Result<(Grant, Token), Error> {
        let signed_in = match token.parse::<Token>() {
            Ok(token) => self.ask(|reply| Command::SignInOwner { token: token.hash(), device, reply }).await,
            Err(_) => Err(Error::InvalidToken),
        };
        hold_back_wrong(signed_in).await
    }

    /// Lets somebody in by an invite. Whom the box knows already, as `by`, gets a place in the room; everybody else a login of their own,
    /// under a name.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] (after a delay), [`Error::Expired`], [`Error::Revoked`], [`Error::UsedUp`], [`Error::Banned`],
    /// [`Error::TooMany`] by one invite, [`Error::NoName`], [`Error::NoRoom`], [`Error::Store`], [`Error::Closed`].
    pub async fn enter(
        &self,
        invite: &str,
        name: Option<Name>,
        device: Option<String>,
        by: Option<&Grant>,
    ) -> Result<Entered, Error> {
        let by = by.cloned();
        let signed_in = match invite.parse::<Token>() {
            Ok(token) => self.ask(|reply| Command::SignInGuest { token: token.hash(), name, device, by, reply }).await,
            Err(_) => Err(Error::InvalidToken),
        };
        hold_back_wrong(signed_in).await
    }

    /// Gives somebody a login with a name and nothing else, to be known by that in the chat of what is public.
    ///
    /// # Errors
    /// [`Error::TooFast`], [`Error::Store`], [`Error::Closed`].
    pub async fn name_viewer(&self, name: Name) -> Result<(Grant, Token), Error> {
        self.ask(|reply| Command::NameViewer { name, reply }).await
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
    /// [`Error::NotPermitted`], also for a role above that of `by`, [`Error::NoRoom`], [`Error::TooMany`], [`Error::Store`],
    /// [`Error::Closed`].
    pub async fn invite(&self, room: RoomId, wanted: Wanted, by: &Grant) -> Result<(Invite, Token), Error> {
        self.ask(|reply| Command::Invite { room, wanted, by: Some(by.clone()), reply }).await
    }

    /// The same by the box itself, for whoever sees its screen.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::TooMany`], [`Error::Store`], [`Error::Closed`].
    pub async fn invite_here(&self, room: RoomId, lifetime: Lifetime) -> Result<(Invite, Token), Error> {
        self.ask(|reply| Command::Invite { room, wanted: Wanted::of(lifetime), by: None, reply }).await
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

    /// Ends the grants of a room's guests, its invites, and everybody's place in it. The room itself is not touched.
    ///
    /// # Errors
    /// As [`Handle::revoke`].
    pub async fn close_room(&self, room: RoomId) -> Result<(), Error> {
        self.ask(|reply| Command::CloseRoom { room, reply }).await
    }
}

async fn hold_back_wrong<T>(result: Result<T, Error>) -> Result<T, Error> {
    if let Err(Error::InvalidToken | Error::WrongNumber) = result {
        tokio::time::sleep(WRONG_TOKEN_DELAY).await;
    }
    result
}

#[cfg(test)]
mod tests;
