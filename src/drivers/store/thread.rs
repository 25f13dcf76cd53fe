//! The thread that owns the connection, and the handle that reaches it.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Error, Lock, file};
use crate::model::count::Durations;

/// Orders that may wait for the thread. When it is full, callers wait: the disk is slower than they are.
const QUEUE: usize = 64;
/// Upper bounds in seconds of how long orders take: memory cards stall for seconds.
const BOUNDS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.5, 2.5];

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

enum Order {
    Run(Job),
    Close(oneshot::Sender<()>),
}

/// Reaches the store. A cheap clone; when the last one is gone, the database is closed after what was ordered is done.
#[derive(Debug, Clone)]
pub struct Handle {
    orders: mpsc::Sender<Order>,
    path: Arc<Path>,
    took: Arc<Durations>,
}

/// Opens `porchlight.db` in the state folder, makes both where there are none, and starts the thread. Blocks while it does.
///
/// # Errors
/// [`Error::Unusable`], [`Error::InUse`], [`Error::Damaged`], [`Error::Newer`], or what SQLite says.
pub fn open(folder: &Path) -> Result<Handle, Error> {
    let path: Arc<Path> = folder.join(file::NAME).into();
    file::folder(folder).map_err(|source| Error::Unusable { path: path.to_path_buf(), source })?;
    let lock = Lock::take(folder)?;
    let connection = file::open(&path)?;
    let (orders, queue) = mpsc::channel(QUEUE);
    std::thread::Builder::new()
        .name("store".into())
        .spawn(move || run(connection, queue, lock))
        .map_err(|source| Error::Unusable { path: path.to_path_buf(), source })?;
    Ok(Handle { orders, path, took: Arc::new(Durations::new(BOUNDS)) })
}

fn run(mut connection: Connection, mut queue: mpsc::Receiver<Order>, lock: Lock) {
    let mut closed = Vec::new();
    while let Some(order) = queue.blocking_recv() {
        match order {
            Order::Run(job) => job(&mut connection),
            Order::Close(reply) => {
                queue.close();
                closed.push(reply);
            }
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the database did not close cleanly; nothing is lost, its log is read at the next start");
    }
    drop(lock);
    for reply in closed {
        // Who asked may be gone.
        let _ = reply.send(());
    }
}

impl Handle {
    /// Has the thread run a job and waits for its result. A job that was ordered is done even if the caller stops waiting.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let began = Instant::now();
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Who asked may be gone; the job is done all the same.
            let _ = reply.send(job(connection));
        });
        self.orders.send(Order::Run(job)).await.map_err(|_| Error::Closed)?;
        let result = answer.await.map_err(|_| Error::Closed)?;
        self.took.took(began.elapsed());
        result.map_err(|error| Error::from_sqlite(error, &self.path))
    }

    /// How long orders took, from being given to being done.
    pub fn took(&self) -> &Durations {
        &self.took
    }

    /// Waits until the thread has ended, by itself or by a failure.
    pub async fn ended(&self) {
        self.orders.closed().await;
    }

    /// Takes no more orders, does those that wait, and closes the file. Returns when that is done.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.orders.send(Order::Close(reply)).await.is_ok() {
            // An error means that the thread is gone, and the file with it.
            let _ = closed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Audited, Identity, Invite, Login, Member, Room};
    use super::*;
    use crate::model::id::{BroadcastId, GrantId, IdentityId, InviteId, RoomId};
    use crate::model::role::{Role, Subject};

    fn room(n: u8) -> Room {
        Room {
            id: RoomId::from_bytes([n; 10]),
            name: format!("Room {n}"),
            broadcast: BroadcastId::from_bytes([n; 10]),
            created: n.into(),
        }
    }

    fn invite(n: u8, room: &Room) -> Invite {
        let id = InviteId::from_bytes([n; 10]);
        let (role, most) = (Role::Moderator, Some(3));
        let (room, token_hash) = (room.id, [n; 32]);
        Invite { id, room, token_hash, created: 10, expires: 20, uses: 0, revoked: None, role, most, lobby: true }
    }

    fn login(n: u8, invite: &Invite) -> Login {
        Login {
            grant: GrantId::from_bytes([n; 10]),
            token_hash: [n; 32],
            identity: None,
            name: Some("Ada".into()),
            invite: Some(invite.id),
            device: Some("Firefox".into()),
            created: 11,
            seen: 12,
        }
    }

    fn place(of: &Login, room: &Room) -> Member {
        let (room, subject, changed) = (room.id, Subject::Login(of.grant), "{}".into());
        Member { room, subject, role: Role::Guest, changed, waits: true, banned: false }
    }

    #[tokio::test]
    async fn settings_are_made_and_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path()).expect("a store");
        assert_eq!(store.setting("name").await.expect("it reads"), None);
        store.set_setting("name", "Porch").await.expect("it writes");
        store.set_setting("name", "Hall").await.expect("it writes");
        assert_eq!(store.setting("name").await.expect("it reads").as_deref(), Some("Hall"));
    }

    #[tokio::test]
    async fn everything_comes_back_as_it_was_stored() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path()).expect("a store");
        let (room, other) = (room(1), room(2));
        let invite = invite(3, &room);
        let owner = Identity { id: IdentityId::from_bytes([6; 10]), name: "Eve".into(), owner: true, created: 9 };
        let host = Login { identity: Some(owner.id), name: None, invite: None, ..login(4, &invite) };
        let guest = login(5, &invite);
        let places = [place(&guest, &room), Member { subject: Subject::Identity(owner.id), ..place(&guest, &other) }];
        store.insert_room(room.clone()).await.expect("a room");
        store.insert_room(other.clone()).await.expect("a room");
        store.insert_invite(invite.clone()).await.expect("an invite");
        store.insert_identity(owner.clone(), host.clone()).await.expect("somebody");
        store.insert_login(guest.clone(), Some(places[0].clone())).await.expect("a login");
        store.put_member(Member { banned: true, ..places[1].clone() }, None).await.expect("a place");
        store.put_member(places[1].clone(), None).await.expect("another place instead");
        store.touch_login(host.grant, 99).await.expect("a touch");
        store.close().await;
        let store = open(folder.path()).expect("the same store");
        assert_eq!(store.rooms().await.expect("rooms"), [room, other]);
        assert_eq!(store.invites().await.expect("invites"), [Invite { uses: 1, ..invite }]);
        assert_eq!(store.logins().await.expect("logins"), [Login { seen: 99, ..host }, guest]);
        assert_eq!(store.identities().await.expect("identities"), std::slice::from_ref(&owner));
        assert_eq!(store.members().await.expect("members"), places);
        store.delete_identity(owner.id).await.expect("they are forgotten");
        assert_eq!(store.members().await.expect("members"), places[..1]);
        assert_eq!(store.logins().await.expect("logins").len(), 1);
    }

    #[tokio::test]
    async fn rooms_keep_the_order_in_which_they_were_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path()).expect("a store");
        for n in [3, 1, 2] {
            store.insert_room(Room { created: 10, ..room(n) }).await.expect("a room");
        }
        let names: Vec<String> = store.rooms().await.expect("rooms").into_iter().map(|room| room.name).collect();
        assert_eq!(names, ["Room 3", "Room 1", "Room 2"]);
    }

    #[tokio::test]
    async fn a_room_takes_its_invites_and_logins_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path()).expect("a store");
        let (one, two) = (room(1), room(2));
        for (n, room) in [(1, &one), (2, &two)] {
            store.insert_room(room.clone()).await.expect("a room");
            store.insert_invite(invite(n, room)).await.expect("an invite");
            store
                .insert_login(login(n, &invite(n, room)), Some(place(&login(n, &invite(n, room)), room)))
                .await
                .expect("a login");
        }
        store.delete_room(one.id).await.expect("it is removed");
        assert_eq!(store.rooms().await.expect("rooms"), std::slice::from_ref(&two));
        assert_eq!(store.invites().await.expect("invites").len(), 1);
        assert_eq!(store.logins().await.expect("logins"), [login(2, &invite(2, &two))]);
        assert_eq!(store.members().await.expect("members").len(), 1);
    }

    #[tokio::test]
    async fn a_revoked_invite_stays_and_its_logins_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path()).expect("a store");
        let room = room(1);
        let invite = invite(3, &room);
        store.insert_room(room).await.expect("a room");
        store.insert_invite(invite.clone()).await.expect("an invite");
        store.insert_login(login(5, &invite), None).await.expect("a login");
        store.revoke_invite(invite.id, 15).await.expect("it is revoked");
        store.revoke_invite(invite.id, 16).await.expect("it is revoked already");
        assert_eq!(store.invites().await.expect("invites")[0].revoked, Some(15));
        assert_eq!(store.logins().await.expect("logins"), []);
    }

    #[tokio::test]
    async fn of_what_was_done_the_newest_is_kept_and_what_is_old_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path()).expect("a store");
        store.insert_room(room(1)).await.expect("a room");
        let done = |at, room: Option<u8>| Audited {
            id: 0,
            at,
            room: room.map(|n| RoomId::from_bytes([n; 10])),
            actor: "Ada".into(),
            action: "mute".into(),
            subject: Some("Eve".into()),
            detail: None,
        };
        let all = vec![done(1, None), done(5, Some(1)), done(6, None), done(7, Some(9)), done(8, Some(1))];
        store.insert_audited(all, 2, 100).await.expect("it is noted");
        let at = |list: Vec<Audited>| list.into_iter().map(|one| one.at).collect::<Vec<_>>();
        let of = Some(room(1).id);
        assert_eq!(
            at(store.audited(None, None, 10).await.expect("a list")),
            [8, 6, 5],
            "nothing of a room that is not there"
        );
        assert_eq!(at(store.audited(of, None, 10).await.expect("a list")), [8, 5]);
        let newest = store.audited(of, None, 1).await.expect("a list");
        assert_eq!(at(store.audited(of, Some(newest[0].id), 10).await.expect("a list")), [5]);
        store.insert_audited(vec![done(9, None)], 0, 2).await.expect("it is noted");
        assert_eq!(at(store.audited(None, None, 10).await.expect("a list")), [9, 8]);
    }

    #[tokio::test]
    async fn what_belongs_to_nothing_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path()).expect("a store");
        let invite = invite(3, &room(1));
        assert!(matches!(store.insert_invite(invite.clone()).await, Err(Error::Conflict)));
        assert!(matches!(store.insert_login(login(5, &invite), None).await, Err(Error::Conflict)));
        store.insert_room(room(1)).await.expect("a room");
        assert!(matches!(store.insert_room(room(1)).await, Err(Error::Conflict)));
    }

    #[tokio::test]
    async fn closing_does_first_what_was_ordered() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path()).expect("a store");
        let (started, wait) = std::sync::mpsc::channel::<()>();
        let slow = store.call(move |_| Ok(wait.recv().is_ok()));
        let write = store.set_setting("name", "Porch");
        let release = async { started.send(()).expect("the thread waits") };
        let (slow, write, (), ()) = tokio::join!(biased; slow, write, store.close(), release);
        assert!(slow.expect("the job ran"));
        write.expect("the setting was written");
        assert!(matches!(store.setting("name").await, Err(Error::Closed)));
        let store = open(folder.path()).expect("the same store");
        assert_eq!(store.setting("name").await.expect("it reads").as_deref(), Some("Porch"));
    }
}
