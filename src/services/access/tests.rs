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
        let chain = contract::Chain::load(&contract::Config::default()).expect("nothing to read");
        let access = start(store.clone(), clock, chain, &tracker, stop.clone()).await.expect("the service starts");
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
        self.access.sign_in_owner(&link.reveal(), None).await.expect("the owner signs in")
    }

    async fn invite(&self, host: &Grant, hours: u32) -> (Invite, String) {
        let lifetime = Lifetime::from_hours(hours).expect("a lifetime");
        let (invite, token) = self.access.invite(ROOM, Wanted::of(lifetime), host).await.expect("an invite");
        (invite, token.reveal())
    }

    async fn guest(&self, invite: &str) -> (Grant, Token) {
        self.enter(invite, "Ada").await.expect("the guest signs in")
    }

    async fn enter(&self, invite: &str, who: &str) -> Result<(Grant, Token), Error> {
        let entered = self.access.enter(invite, Some(name(who)), None, None).await?;
        Ok((entered.grant, entered.token.expect("a login of their own")))
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
    assert!(matches!(porch.access.sign_in_owner(&old, None).await, Err(Error::InvalidToken)));
    let (grant, cookie) = porch.access.sign_in_owner(&link, None).await.expect("the owner signs in");
    assert_eq!(grant.role(), Role::Host);
    assert!(Verb::ALL.iter().all(|&verb| grant.permits(verb, Scope::Node) && grant.permits(verb, Scope::Room(OTHER))));
    assert!(matches!(porch.access.sign_in_owner(&link, None).await, Err(Error::InvalidToken)));
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
        let refused = porch.access.invite(ROOM, Wanted::of(Lifetime::MIN), &grant).await;
        assert!(matches!(refused, Err(Error::NotPermitted { verb: Verb::Invite })));
    }
    let nowhere = RoomId::from_bytes([9; 10]);
    assert!(matches!(porch.access.invite(nowhere, Wanted::of(Lifetime::MIN), &host).await, Err(Error::NoRoom)));
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
    assert!(matches!(porch.enter(&link, "Eve").await, Err(Error::Revoked)));
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
    assert!(matches!(porch.enter(&link, "Eve").await, Err(Error::InvalidToken)));
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
    assert!(matches!(again.enter(&link, "Eve").await, Err(Error::Revoked)));
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
    assert!(matches!(porch.enter(&link, "Eve").await, Err(Error::Expired)));
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
    assert_eq!(host.expires(), Some(140 * DAY));
    porch.at(140 * DAY);
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
        assert!(matches!(porch.access.sign_in_owner(&wrong, None).await, Err(Error::InvalidToken)));
        assert!(matches!(porch.enter(&wrong, "Eve").await, Err(Error::InvalidToken)));
        assert!(before.elapsed() >= 2 * WRONG_TOKEN_DELAY);
    }
    tokio::time::resume();
    porch.access.sign_in_owner(&link, None).await.expect("the owner signs in");
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
        assert!(matches!(porch.access.sign_in_owner(&owner, None).await, Err(Error::Store(_))));
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

#[tokio::test]
async fn whom_the_box_knows_gets_a_place_and_keeps_a_better_one() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, _) = porch.host().await;
    let lobby = Wanted { lobby: true, most: Some(1), ..Wanted::of(Lifetime::MIN) };
    let (_, link) = porch.access.invite(ROOM, lobby, &host).await.expect("an invite");
    let moderator = Wanted { role: Role::Moderator, ..Wanted::of(Lifetime::MIN) };
    let (_, better) = porch.access.invite(ROOM, moderator, &host).await.expect("an invite");
    let (_, later) = porch.access.invite(ROOM, Wanted::of(Lifetime::MIN), &host).await.expect("an invite");
    let entered = porch.access.enter(&link.reveal(), None, None, Some(&host)).await.expect("they come in");
    assert!(entered.token.is_none() && entered.grant.id() == host.id());
    assert!(matches!(porch.enter(&link.reveal(), "Eve").await, Err(Error::UsedUp)));
    assert!(matches!(porch.access.enter(&later.reveal(), None, None, None).await, Err(Error::NoName)));
    for link in [better, later] {
        porch.access.enter(&link.reveal(), None, None, Some(&host)).await.expect("they come in");
    }
    let members = porch.access.members(ROOM).await.expect("members");
    assert_eq!(members.len(), 1);
    assert_eq!((members[0].role, members[0].waits, members[0].subject), (Role::Moderator, false, host.subject()));
}

#[tokio::test]
async fn whoever_waits_is_let_in_and_whoever_is_banned_stays_out_also_after_a_restart() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, _) = porch.host().await;
    let lobby = Wanted { lobby: true, ..Wanted::of(Lifetime::MIN) };
    let (_, link) = porch.access.invite(ROOM, lobby, &host).await.expect("an invite");
    let (guest, cookie) = porch.guest(&link.reveal()).await;
    assert!(guest.waits(ROOM) && !guest.permits(Verb::Join, Scope::Room(ROOM)));
    let place = |placing| porch.access.place(ROOM, guest.subject(), placing, &host);
    let changed = place(Placing::LetIn).await.expect("let in");
    assert_eq!((changed.name, changed.from, changed.to), (Some(name("Ada")), Role::Guest, Role::Guest));
    assert!(guest.permits(Verb::Join, Scope::Room(ROOM)));
    place(Placing::Is(Some(Role::Viewer), None)).await.expect("off stage");
    assert!(!guest.permits(Verb::Speak, Scope::Room(ROOM)) && guest.permits(Verb::Join, Scope::Room(ROOM)));
    place(Placing::Ban).await.expect("banned");
    assert!(guest.is_banned(ROOM) && guest.is_live());
    let again = porch.access.enter(&link.reveal(), Some(name("Eve")), None, Some(&guest)).await;
    assert!(matches!(again, Err(Error::Banned)));
    let left = snapshot(folder.path());
    let later = Porch::start(left.path(), 60).await;
    let found = later.access.grant(Some(&cookie.reveal())).await;
    assert!(found.is_banned(ROOM) && found.role() == Role::Viewer);
    place(Placing::Unban).await.expect("not banned any more");
    assert!(guest.permits(Verb::Join, Scope::Room(ROOM)));
    place(Placing::PutOut).await.expect("out");
    assert!(!guest.is_live());
    assert!(matches!(place(Placing::PutOut).await, Err(Error::Nobody)));
}

#[tokio::test]
async fn rules_of_a_room_and_people_are_remembered() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (host, cookie) = porch.host().await;
    let (_, link) = porch.invite(&host, 24).await;
    let (guest, guest_cookie) = porch.guest(&link).await;
    let deny = Change { allow: Verbs::NONE, deny: Verbs::of(&[Verb::ShareScreen]) };
    let rules = Rules { guest: deny, ..Rules::default() };
    porch.access.set_rules(ROOM, rules).await.expect("rules");
    assert!(!guest.permits(Verb::ShareScreen, Scope::Room(ROOM)));
    let me = host.identity().expect("the box knows its owner");
    porch.at(30);
    let child = porch.access.add_identity(name("Kim"), false).await.expect("somebody");
    assert!(matches!(porch.access.change_identity(me, None, Some(false)).await, Err(Error::LastOwner)));
    assert!(matches!(porch.access.forget_identity(me).await, Err(Error::LastOwner)));
    porch.access.change_identity(me, Some(name("Maria")), None).await.expect("a name");
    assert_eq!(host.name(), Some(name("Maria")));
    let left = snapshot(folder.path());
    let again = Porch::start(left.path(), 60).await;
    let found = again.access.grant(Some(&guest_cookie.reveal())).await;
    assert!(!found.permits(Verb::ShareScreen, Scope::Room(ROOM)) && found.permits(Verb::Speak, Scope::Room(ROOM)));
    assert_eq!(again.access.rules(ROOM).await.expect("rules"), rules);
    let known = again.access.identities().await.expect("people");
    assert_eq!(known.iter().map(|one| one.name.to_string()).collect::<Vec<_>>(), ["Maria", "Kim"]);
    again.access.change_identity(child.id, None, Some(true)).await.expect("an owner as well");
    let owner = again.access.grant(Some(&cookie.reveal())).await;
    again.access.forget_identity(me).await.expect("there is another");
    assert!(!owner.is_live());
}

#[tokio::test]
async fn a_name_alone_is_good_for_what_is_public() {
    let folder = folder();
    let porch = Porch::new(folder.path(), 0).await;
    let (viewer, cookie) = porch.access.name_viewer(name("Zoe")).await.expect("a name");
    assert_eq!((viewer.role(), viewer.name(), viewer.room()), (Role::Viewer, Some(name("Zoe")), None));
    assert!(viewer.permits(Verb::Chat, Scope::Node) && !viewer.permits(Verb::Join, Scope::Room(ROOM)));
    porch.at(6 * DAY);
    assert_eq!(porch.access.grant(Some(&cookie.reveal())).await.id(), viewer.id());
    porch.at(14 * DAY);
    assert_ne!(porch.access.grant(Some(&cookie.reveal())).await.id(), viewer.id());
}
