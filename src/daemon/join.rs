//! The way into the first room that the box's screen shows: an invite for whoever is in front of it.

use std::time::Duration;

use tokio::sync::watch;

use crate::drivers::identity::Token;
use crate::drivers::store;
use crate::model::id::{InviteId, RoomId};
use crate::proto::auth::Lifetime;
use crate::services::endpoint::Link;
use crate::services::{access, room};

/// How long an invite works, in hours, and after how long there is another one.
const HOURS: u32 = 24;
const RENEWED: Duration = Duration::from_secs(20 * 3600);
/// How soon it is tried again.
const AGAIN: Duration = Duration::from_secs(60);

/// The setting that holds the invite that was shown last.
const KEY: &str = "screen.invite";

/// Takes back the invite that was shown before, unless somebody has come by it: they stay.
async fn replace(room: RoomId, access: &access::Handle, store: &store::Handle) -> Result<(), access::Error> {
    let before: Option<InviteId> = store.setting(KEY).await?.and_then(|text| text.parse().ok());
    let Some(before) = before else { return Ok(()) };
    let unused = access.invites(room).await?.iter().any(|invite| invite.id == before && invite.used == 0);
    if unused { access.revoke(before).await } else { Ok(()) }
}

async fn invite(room: RoomId, access: &access::Handle, store: &store::Handle) -> Result<Token, access::Error> {
    replace(room, access, store).await?;
    let lifetime = Lifetime::from_hours(HOURS).expect("a day is a lifetime");
    let (invite, token) = access.invite_here(room, lifetime).await?;
    store.set_setting(KEY, invite.id.to_string()).await?;
    Ok(token)
}

/// What people know an address by.
fn host(base: &str) -> &str {
    base.split_once("://").map_or(base, |(_, address)| address)
}

/// Keeps it, or, while nobody owns the box, the way to own it: `base` says where the box is reached, which may change.
pub(super) async fn keep(
    to: watch::Sender<Option<Link>>,
    base: impl Fn() -> Option<String>,
    rooms: room::Handle,
    access: access::Handle,
    store: store::Handle,
) {
    let mut pin = access.pin();
    loop {
        let number = *pin.borrow_and_update();
        let first = rooms.rooms().borrow().first().map(|room| room.id);
        let made = match (first, base()) {
            (_, Some(base)) if number.is_some() => {
                let pin = number.map(|number| number.to_string());
                Some(Link { url: format!("{base}/sign-in"), address: format!("{}/sign-in", host(&base)), pin })
            }
            (Some(room), Some(base)) => match invite(room, &access, &store).await {
                Ok(token) => {
                    let url = format!("{base}/r/{room}#invite={}", token.reveal());
                    Some(Link { url, address: host(&base).to_owned(), pin: None })
                }
                Err(error) => {
                    tracing::warn!(%error, "the screen can't show how to join");
                    None
                }
            },
            _ => None,
        };
        let wait = if made.is_some() { RENEWED } else { AGAIN };
        to.send_replace(made);
        let mut changes = rooms.rooms();
        let gone = async {
            // The room that it leads to.
            let _ = changes.wait_for(|rooms| rooms.first().map(|room| room.id) != first).await;
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = gone => {}
            Ok(()) = pin.changed() => {}
        }
    }
}
