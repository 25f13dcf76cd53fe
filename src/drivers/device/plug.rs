//! What comes and goes while the box runs: cameras, sound cards, screens.
//!
//! The kernel tells of it by messages (uevents over netlink); names in `/dev` and `/sys` are looked at each second besides, since a
//! container has no such messages, and since a device may be opened only after its node was given to a group. Only when those
//! names have changed are devices opened to look at them.

use std::collections::BTreeSet;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, socket};
use tokio::net::UnixDatagram;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Inventory, inventory, patiently};

/// How often names are looked at where no message came: reading them takes less than a millisecond.
const LOOK: Duration = Duration::from_secs(1);
/// How long after a change others are waited for: a camera brings a sound card, and their nodes get their groups.
const SETTLES: Duration = Duration::from_millis(300);
/// How long changes may go on before devices are looked at all the same.
const LONGEST: Duration = Duration::from_millis(1_500);
/// How long drivers may take to be looked at. One that hangs is left alone, and what was known stays.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of one message at most: more is cut off (`lib/kobject_uevent.c` sends 2048 at most, and a header).
const MESSAGE: usize = 4096;
/// The group of messages that come from the kernel itself.
const KERNEL: u32 = 1;

/// What is plugged in, and again whenever that changes.
pub type Plugged = watch::Receiver<Inventory>;

/// When to look at devices: after names have changed, and have stayed for a while. Pure.
#[derive(Debug, Default)]
struct Settling {
    /// When the first change was that was not looked at, and when the last.
    changed: Option<(Instant, Instant)>,
}

impl Settling {
    /// Something came or went.
    fn changed(&mut self, now: Instant) {
        self.changed = Some((self.changed.map_or(now, |(first, _)| first), now));
    }

    /// When devices are to be looked at.
    fn due(&self) -> Option<Instant> {
        self.changed.map(|(first, last)| (last + SETTLES).min(first + LONGEST))
    }

    /// They are looked at now.
    fn looked(&mut self) {
        self.changed = None;
    }
}

/// Follows what is plugged in until `stop`, beginning with what is known.
pub fn follow(known: Inventory, tasks: &TaskTracker, stop: CancellationToken) -> Plugged {
    let (told, plugged) = watch::channel(known);
    tasks.spawn(stop.run_until_cancelled_owned(async move {
        let messages = match messages() {
            Ok(messages) => Some(messages),
            Err(error) => {
                tracing::debug!(%error, "the kernel does not tell what is plugged in; names are looked at each second");
                None
            }
        };
        run(told, messages).await;
    }));
    plugged
}

async fn run(told: watch::Sender<Inventory>, mut messages: Option<UnixDatagram>) {
    let (mut settling, mut known) = (Settling::default(), names(Path::new("/")));
    let mut look = tokio::time::interval(LOOK);
    loop {
        let due = settling.due();
        tokio::select! {
            told = told_of(&mut messages) => if told {
                settling.changed(Instant::now());
            },
            _ = look.tick() => {
                let now = names(Path::new("/"));
                if now != known {
                    known = now;
                    settling.changed(Instant::now());
                }
            },
            () = at(due) => {
                settling.looked();
                known = names(Path::new("/"));
                match patiently(PATIENCE, inventory).await {
                    Some(found) => drop(told.send_if_modified(|before| {
                        let changed = *before != found;
                        *before = found;
                        changed
                    })),
                    None => tracing::warn!("a device does not answer; what was known of devices stays"),
                }
            }
        }
        if told.is_closed() {
            return;
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The socket of the kernel's messages. The runtime has no type for one of netlink; it reads from any socket of datagrams alike.
fn messages() -> std::io::Result<UnixDatagram> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let kind = SockProtocol::NetlinkKObjectUEvent;
    let socket = socket(AddressFamily::Netlink, SockType::Datagram, flags, kind)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, KERNEL))?;
    UnixDatagram::from_std(socket.into())
}

/// Waits for a message. Whether it is about a device of ours; for ever where there are no messages.
async fn told_of(messages: &mut Option<UnixDatagram>) -> bool {
    let Some(socket) = messages else { return std::future::pending().await };
    let mut bytes = [0; MESSAGE];
    match socket.recv(&mut bytes).await {
        Ok(length) => is_ours(&bytes[..length]),
        // Some were lost, as there were too many: any of them may have been ours.
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENOBUFS as i32) => true,
        Err(error) => {
            tracing::debug!(%error, "the kernel's messages have ended; names are looked at each second");
            *messages = None;
            false
        }
    }
}

/// Whether a message is about a camera, a sound card or a screen: `add@/devices/…`, then `KEY=value`, each with a zero behind it.
fn is_ours(message: &[u8]) -> bool {
    const OURS: [&[u8]; 3] = [b"SUBSYSTEM=video4linux", b"SUBSYSTEM=sound", b"SUBSYSTEM=drm"];
    message.split(|&byte| byte == 0).any(|field| OURS.contains(&field))
}

/// What there is by name, below this root, and who may open it; of screens, whether they are connected.
fn names(root: &Path) -> BTreeSet<(String, String)> {
    let entries = |folder: &str| std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let mut names = BTreeSet::new();
    for (folder, begins) in [("dev", &["video"][..]), ("dev/snd", &["control", "pcm"])] {
        for entry in entries(folder) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if begins.iter().any(|begin| name.starts_with(begin)) {
                let who = entry.metadata().map(|data| format!("{:o} {} {}", data.mode(), data.uid(), data.gid()));
                names.insert((format!("{folder}/{name}"), who.unwrap_or_default()));
            }
        }
    }
    for entry in entries("sys/class/drm") {
        if let Ok(status) = std::fs::read_to_string(entry.path().join("status")) {
            names.insert((entry.file_name().to_string_lossy().into_owned(), status.trim().to_owned()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn devices_are_looked_at_once_changes_have_settled_and_never_much_later() {
        let mut settling = Settling::default();
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(settling.due(), None);
        for (change, due) in
            [(0, 300), (200, 500), (450, 750), (700, 1_000), (950, 1_250), (1_200, 1_500), (1_450, 1_500)]
        {
            settling.changed(after(change));
            assert_eq!(settling.due(), Some(after(due)), "a change after {change} ms");
        }
        settling.looked();
        assert_eq!(settling.due(), None);
        settling.changed(after(5_000));
        assert_eq!(settling.due(), Some(after(5_300)));
    }

    #[test]
    fn messages_about_other_devices_are_not_ours() {
        for (message, ours) in [
            (&b"add@/devices/usb1/video4linux/video0\0ACTION=add\0SUBSYSTEM=video4linux\0DEVNAME=video0\0"[..], true),
            (b"remove@/devices/usb1/sound/card1\0ACTION=remove\0SUBSYSTEM=sound\0", true),
            (b"change@/devices/platform/gpu/drm/card1\0ACTION=change\0HOTPLUG=1\0SUBSYSTEM=drm\0", true),
            (b"add@/devices/usb1\0ACTION=add\0SUBSYSTEM=usb\0PRODUCT=SUBSYSTEM=sound\0", false),
            (b"", false),
            (b"\0\0\xff", false),
        ] {
            assert_eq!(is_ours(message), ours, "{}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn names_change_when_something_comes_goes_may_be_opened_or_is_connected() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().expect("a folder");
        let path = |name: &str| root.path().join(name);
        for folder in ["dev/snd", "sys/class/drm/card1-HDMI-A-1"] {
            std::fs::create_dir_all(path(folder)).expect("a folder");
        }
        let write = |name: &str, text: &str| std::fs::write(path(name), text).expect("a file");
        let mut known = names(root.path());
        let mut differs = |expected: bool, what: &str| {
            let now = names(root.path());
            assert_eq!(now != known, expected, "{what}");
            known = now;
        };
        write("dev/video0", "");
        differs(true, "a camera comes");
        write("dev/tty1", "");
        differs(false, "a terminal is nothing to us");
        std::fs::set_permissions(path("dev/video0"), std::fs::Permissions::from_mode(0o600)).expect("it is ours");
        differs(true, "who may open it changes");
        write("dev/snd/pcmC1D0p", "");
        differs(true, "a speaker comes");
        write("sys/class/drm/card1-HDMI-A-1/status", "disconnected\n");
        differs(true, "a connector is there");
        write("sys/class/drm/card1-HDMI-A-1/status", "connected\n");
        differs(true, "a screen comes");
        std::fs::remove_file(path("dev/video0")).expect("it is there");
        differs(true, "the camera goes");
        differs(false, "nothing more");
    }

    #[tokio::test]
    async fn the_kernel_s_messages_can_be_waited_for() {
        let mut messages = Some(messages().expect("every Linux has them"));
        // Whether one comes is another matter: nothing is plugged in here.
        let waited = tokio::time::timeout(Duration::from_millis(50), told_of(&mut messages)).await;
        assert!(waited.is_err() || messages.is_some(), "it can be read");
    }

    #[tokio::test]
    async fn what_is_known_is_there_at_once_and_it_ends_when_it_is_told_to() {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let known = inventory();
        let plugged = follow(known.clone(), &tasks, stop.clone());
        assert_eq!(*plugged.borrow(), known);
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    }
}
