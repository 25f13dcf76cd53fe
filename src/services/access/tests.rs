//! The service on a real store, with a wall clock that the test turns.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::model::id::BroadcastId;
use crate::model::role::{Role, Scope};

const ROOM: RoomId = RoomId::from_bytes([1; 10]);
const OTHER: RoomId = RoomId::from_bytes([2; 10]);
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The service, and what it stands on.
struct Porch {
    access: Handle,
    store: store::Handle,
    time: Arc<AtomicI64>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Porch {
    async fn start(folder: &Path, now: i64) -> Self {
        let store = store::open(folder).expect("a store");
        let (time, tracker, stop) = (Arc::new(AtomicI64::new(now)), TaskTracker::new(), CancellationToken::new());
        let clock = Clock::new({
            let time = time.clone();
            move || time.load(Ordering::Relaxed)
        });
        let access = start(store.clone(), clock, &tracker, stop.clone()).await.expect("the service starts");
        Self { access, store, time, tracker, stop }
    }

    /// With two rooms.
    async fn new(folder: &Path, now: i64) -> Self {
        let new = Self::start(folder, now).await;
        for (id, broadcast) in [(ROOM, [1; 10]), (OTHER, [2; 10])] {
            let broadcast = BroadcastId::from_bytes(broadcast);
            let room = store::Room { id, name: "Garden".into(), broadcast, created: now };
            new.store.insert_room(room).await.expect("a room");
        }
        new
    }

    fn at(&self, now: i64) {
        self.time.store(now, Ordering::Relaxed);
    }

    async fn host(&self) -> (Grant, Token) {
        let link = self.access.owner_link().await.expect("a link");
        self.access.sign_in_owner(&link.reveal()).await.expect("the owner signs in")
    }

    async fn invite(&self, host: &Grant, hours: u32) -> (Invite, String) {
        let lifetime = Lifetime::from_hours(hours).expect("a lifetime");
        let (invite, token) = self.access.invite(ROOM, lifetime, host).await.expect("an invite");
        (invite, token.reveal())
    }

    async fn guest(&self, invite: &str) -> (Grant, Token) {
        self.access.sign_in_guest(invite, name("Ada")).await.expect("the guest signs in")
    }

    async fn role(&self, cookie: &Token) -> Role {
        self.access.grant(Some(&cookie.reveal())).await.role()
    }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// What is on the disk while the process runs: what a power cut or a kill -9 leaves.
fn snapshot(of: &Path) -> tempfile::TempDir {
    let copy = folder();
    for file in ["porchlight.db", "porchlight.db-wal"] {
        std::fs::copy(of.join(file), copy.path().join(file)).expect("the file is copied");
    }
    copy
}

#[tokio::test]
async fn whoever_has_no_known_cookie_is_a_viewer() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    for cookie in [None, Some(""), Some("nonsense"), Some(Token::random().reveal().as_str())] {
        let grant = porch.access.grant(cookie).await;
        assert_eq!(grant.role(), Role::Viewer);
        assert!(grant.is_live());
        assert!(grant.permits(Verb::Watch, Scope::Node));
        assert!(!grant.permits(Verb::Join, Scope::Room(ROOM)));
    }
}

#[tokio::test]
async fn the_owners_link_works_once_and_only_the_newest() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let old = porch.access.owner_link().await.expect("a link").reveal();
    let link = porch.access.owner_link().await.expect("a link").reveal();
    assert!(matches!(porch.access.sign_in_owner(&old).await, Err(Error::InvalidToken)));
    let (grant, cookie) = porch.access.sign_in_owner(&link).await.expect("the owner signs in");
    assert_eq!(grant.role(), Role::Host);
    assert!(Verb::ALL.iter().all(|&verb| grant.permits(verb, Scope::Node) && grant.permits(verb, Scope::Room(OTHER))));
    assert!(matches!(porch.access.sign_in_owner(&link).await, Err(Error::InvalidToken)));
    assert_eq!(porch.access.grant(Some(&cookie.reveal())).await.id(), grant.id());
}

#[tokio::test]
async fn a_guest_may_enter_the_room_of_the_invite_and_no_other() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, _) = porch.host().await;
    let (invite, link) = porch.invite(&host, 1).await;
    let (guest, cookie) = porch.guest(&link).await;
    assert_eq!((guest.role(), guest.room(), guest.name()), (Role::Guest, Some(ROOM), Some(name("Ada"))));
    assert!(guest.permits(Verb::Join, Scope::Room(ROOM)));
    assert!(!guest.permits(Verb::Join, Scope::Room(OTHER)));
    assert_eq!(porch.role(&cookie).await, Role::Guest);
    let used = Invite { used: 1, ..invite };
    assert_eq!(porch.access.invites(ROOM).await.expect("invites"), [used]);
    assert_eq!(porch.access.invites(OTHER).await.expect("invites"), []);
}

#[tokio::test]
async fn only_who_may_invite_makes_an_invite_and_only_to_a_room_that_is_there() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, _) = porch.host().await;
    let (_, link) = porch.invite(&host, 1).await;
    let (guest, _) = porch.guest(&link).await;
    for grant in [guest, porch.access.grant(None).await] {
        let refused = porch.access.invite(ROOM, Lifetime::MIN, &grant).await;
        assert!(matches!(refused, Err(Error::NotPermitted { verb: Verb::Invite })));
    }
    let nowhere = RoomId::from_bytes([9; 10]);
    assert!(matches!(porch.access.invite(nowhere, Lifetime::MIN, &host).await, Err(Error::NoRoom)));
}

#[tokio::test]
async fn revoking_an_invite_ends_its_guests_while_they_wait_and_nobody_else() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, _) = porch.host().await;
    let (invite, link) = porch.invite(&host, 1).await;
    let (_, other_link) = porch.invite(&host, 1).await;
    let (guest, cookie) = porch.guest(&link).await;
    let (other, _) = porch.guest(&other_link).await;
    let ((), revoked) = tokio::join!(biased; guest.ended(), porch.access.revoke(invite.id));
    revoked.expect("it is revoked");
    assert_eq!((guest.role(), guest.is_live()), (Role::Viewer, false));
    assert!(!guest.permits(Verb::Join, Scope::Room(ROOM)));
    assert!(host.is_live() && other.is_live());
    assert_eq!(porch.role(&cookie).await, Role::Viewer);
    assert!(matches!(porch.access.sign_in_guest(&link, name("Eve")).await, Err(Error::Revoked)));
    assert_eq!(porch.access.invites(ROOM).await.expect("invites").len(), 1);
    porch.access.revoke(invite.id).await.expect("it is revoked already");
}

#[tokio::test]
async fn closing_a_room_ends_its_guests_and_its_invites() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, _) = porch.host().await;
    let (_, link) = porch.invite(&host, 1).await;
    let (guest, _) = porch.guest(&link).await;
    porch.access.close_room(OTHER).await.expect("it is closed");
    assert!(guest.is_live());
    porch.access.close_room(ROOM).await.expect("it is closed");
    guest.ended().await;
    assert!(host.is_live());
    assert_eq!(porch.store.logins().await.expect("logins").len(), 1);
    assert!(matches!(porch.access.sign_in_guest(&link, name("Eve")).await, Err(Error::InvalidToken)));
}

#[tokio::test]
async fn signing_out_ends_the_grant_for_good() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, cookie) = porch.host().await;
    porch.access.sign_out(&cookie.reveal()).await.expect("signed out");
    assert!(!host.is_live());
    assert_eq!(porch.role(&cookie).await, Role::Viewer);
    assert_eq!(porch.store.logins().await.expect("logins"), []);
    porch.access.sign_out(&cookie.reveal()).await.expect("signed out already");
}

#[tokio::test]
async fn a_killed_process_forgets_neither_logins_nor_revocations() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, host_cookie) = porch.host().await;
    let (invite, link) = porch.invite(&host, 24).await;
    let (kept, kept_link) = porch.invite(&host, 24).await;
    let (_, revoked_cookie) = porch.guest(&link).await;
    let (guest, guest_cookie) = porch.guest(&kept_link).await;
    porch.access.revoke(invite.id).await.expect("it is revoked");
    let left = snapshot(folder.path());
    let again = Porch::start(left.path(), HOUR).await;
    let found = again.access.grant(Some(&guest_cookie.reveal())).await;
    assert_eq!((found.id(), found.name(), found.room()), (guest.id(), guest.name(), Some(ROOM)));
    assert_eq!(again.role(&host_cookie).await, Role::Host);
    assert_eq!(again.role(&revoked_cookie).await, Role::Viewer);
    assert_eq!(again.access.invites(ROOM).await.expect("invites"), [Invite { used: 1, ..kept }]);
    assert!(matches!(again.access.sign_in_guest(&link, name("Eve")).await, Err(Error::Revoked)));
    again.guest(&kept_link).await;
}

#[tokio::test]
async fn no_token_is_on_the_disk() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, cookie) = porch.host().await;
    let (_, link) = porch.invite(&host, 1).await;
    let (_, guest) = porch.guest(&link).await;
    let link: Token = link.parse().expect("a token");
    for file in ["porchlight.db", "porchlight.db-wal"] {
        let bytes = std::fs::read(folder.path().join(file)).expect("the file is read");
        for token in [&cookie, &guest, &link] {
            let text = token.reveal();
            assert!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{file}");
        }
    }
}

#[tokio::test]
async fn an_invite_and_its_guests_end_in_time() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, _) = porch.host().await;
    let (_, link) = porch.invite(&host, 1).await;
    let (guest, cookie) = porch.guest(&link).await;
    assert_eq!(guest.expires(), Some(HOUR));
    porch.at(HOUR - 1);
    assert_eq!(porch.role(&cookie).await, Role::Guest);
    porch.at(HOUR);
    assert!(matches!(porch.access.sign_in_guest(&link, name("Eve")).await, Err(Error::Expired)));
    assert_eq!(porch.role(&cookie).await, Role::Viewer);
    assert!(!guest.is_live());
}

#[tokio::test]
async fn an_expired_grant_ends_though_nobody_asks() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, _) = porch.host().await;
    let (_, link) = porch.invite(&host, 1).await;
    let (guest, _) = porch.guest(&link).await;
    porch.at(2 * HOUR);
    tokio::time::pause();
    guest.ended().await;
    assert!(host.is_live());
}

#[tokio::test]
async fn a_hosts_login_slides_and_is_stored_once_an_hour() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, cookie) = porch.host().await;
    let mut stored = Vec::new();
    for now in [HOUR - 1, HOUR, HOUR + 1, 29 * DAY, 50 * DAY] {
        porch.at(now);
        assert_eq!(porch.role(&cookie).await, Role::Host);
        // The answer to the next question comes after the writing.
        porch.access.invites(ROOM).await.expect("invites");
        stored.push(porch.store.logins().await.expect("logins")[0].seen);
    }
    assert_eq!(stored, [0, HOUR, HOUR, 29 * DAY, 50 * DAY]);
    assert_eq!(host.expires(), Some(80 * DAY));
    porch.at(80 * DAY);
    assert_eq!(porch.role(&cookie).await, Role::Viewer);
}

#[tokio::test]
async fn wrong_tokens_wait_and_the_right_one_works_all_the_same() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let link = porch.access.owner_link().await.expect("a link").reveal();
    tokio::time::pause();
    for wrong in ["nonsense".to_owned(), Token::random().reveal()] {
        let before = tokio::time::Instant::now();
        assert!(matches!(porch.access.sign_in_owner(&wrong).await, Err(Error::InvalidToken)));
        assert!(matches!(porch.access.sign_in_guest(&wrong, name("Eve")).await, Err(Error::InvalidToken)));
        assert!(before.elapsed() >= 2 * WRONG_TOKEN_DELAY);
    }
    tokio::time::resume();
    porch.access.sign_in_owner(&link).await.expect("the owner signs in");
}

#[tokio::test]
async fn a_store_that_fails_uses_up_no_link_and_keeps_no_grant_alive() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, _) = porch.host().await;
    let (invite, link) = porch.invite(&host, 1).await;
    let (guest, _) = porch.guest(&link).await;
    let owner = porch.access.owner_link().await.expect("a link").reveal();
    porch.store.close().await;
    for _ in 0..2 {
        assert!(matches!(porch.access.sign_in_owner(&owner).await, Err(Error::Store(_))));
        assert!(matches!(porch.access.revoke(invite.id).await, Err(Error::Store(_))));
    }
    assert!(!guest.is_live());
    assert!(host.is_live());
}

#[tokio::test]
async fn stopping_ends_every_grant() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, cookie) = porch.host().await;
    porch.stop.cancel();
    porch.tracker.close();
    porch.tracker.wait().await;
    host.ended().await;
    assert!(!host.permits(Verb::Administer, Scope::Node));
    assert_eq!(porch.role(&cookie).await, Role::Viewer);
    assert!(matches!(porch.access.owner_link().await, Err(Error::Closed)));
}
