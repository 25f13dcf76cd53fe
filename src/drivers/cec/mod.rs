//! HDMI-CEC: the line in the HDMI cable by which television and box tell each other what to do.
//!
//! Owns an adapter of the kernel (`/dev/cecN`): its address on the bus, messages in and out. What they mean is in `proto/cec`, when one
//! is sent in `services/remote`.
//!
//! Source: Linux's Documentation/userspace-api/media/cec.

mod ioctl;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::mpsc;

use crate::proto::cec::{Frame, LogicalAddress, PhysicalAddress, osd_name};

/// Events on their way. While it is full the thread waits, and the kernel's queue of 16 messages fills up: it tells what it lost, which
/// is said again by whoever wants an answer.
const EVENTS: usize = 32;

/// Why an adapter can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be opened.
    #[error("{} can't be opened: {source}; add the daemon's user to the group video", path.display())]
    Open {
        /// The adapter.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// Another program answers for this device.
    #[error("another program uses {}: stop it, or set remote.cec to false", path.display())]
    Busy {
        /// The adapter.
        path: PathBuf,
    },
    /// It failed, or was taken out.
    #[error("the CEC adapter failed: {0}")]
    Failed(#[from] io::Error),
}

impl From<Errno> for Error {
    fn from(error: Errno) -> Self {
        Self::Failed(error.into())
    }
}

/// What comes from an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody said something to us or to everybody.
    Heard(Frame),
    /// Where we are plugged in, and our address on the bus; nothing while the cable leads nowhere, as with some televisions that sleep.
    Address(Option<(PhysicalAddress, LogicalAddress)>),
}

/// An adapter as the kernel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its node, such as `/dev/cec0`.
    pub path: PathBuf,
    /// What it calls itself.
    pub name: String,
    /// Where it is plugged in.
    pub plugged: Option<PhysicalAddress>,
}

/// The adapters through which the box could speak to a television, those with one first. Opens them for a moment.
pub fn find() -> Vec<Found> {
    let nodes = std::fs::read_dir("/dev").into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("cec")?.parse::<u32>().ok();
    let mut nodes: Vec<_> = nodes.filter_map(|path| number(&path).map(|number| (number, path))).collect();
    nodes.sort();
    let mut found: Vec<Found> = nodes.into_iter().filter_map(|(_, path)| look(path)).collect();
    found.sort_by_key(|adapter| adapter.plugged.is_none());
    found
}

fn look(path: PathBuf) -> Option<Found> {
    let device = open(&path).ok()?;
    let caps = ioctl::caps(device.as_fd()).ok()?;
    let able = ioctl::CAP_LOG_ADDRS | ioctl::CAP_TRANSMIT;
    let plugged = PhysicalAddress::new(ioctl::physical(device.as_fd()).ok()?);
    // An input is the television's end: what is plugged in there is below it.
    let ours = caps.capabilities & able == able && plugged != Some(PhysicalAddress::TELEVISION);
    let name = caps.name.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    ours.then_some(Found { path, name, plugged })
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)
}

/// An adapter that is ours. A thread reads it, which ends when this is dropped.
pub struct Adapter {
    device: Arc<File>,
    events: mpsc::Receiver<Result<Event, Error>>,
    /// Its other end is with the thread.
    _held: UnixStream,
}

impl Adapter {
    /// Opens it and gets an address on the bus as a player under this name, which [`Event::Address`] tells.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(path: &Path, name: &str) -> Result<Self, Error> {
        let device = open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
        let fd = device.as_fd();
        let busy = |error| match error {
            Errno::EBUSY => Error::Busy { path: path.to_owned() },
            other => other.into(),
        };
        ioctl::set_mode(fd, ioctl::INITIATOR_AND_FOLLOWER).map_err(busy)?;
        // What another program left behind goes first: the kernel refuses addresses beside addresses.
        ioctl::set_addresses(fd, ioctl::LogAddrs::default()).map_err(busy)?;
        let mut wanted = ioctl::LogAddrs {
            cec_version: ioctl::VERSION_1_4,
            num_log_addrs: 1,
            vendor_id: ioctl::NO_VENDOR,
            ..ioctl::LogAddrs::default()
        };
        wanted.primary_device_type[0] = ioctl::PRIMARY_PLAYBACK;
        wanted.log_addr_type[0] = ioctl::TYPE_PLAYBACK;
        wanted.all_device_types[0] = ioctl::ALL_PLAYBACK;
        for (to, byte) in wanted.osd_name.iter_mut().zip(osd_name(name).bytes()) {
            *to = byte;
        }
        ioctl::set_addresses(fd, wanted).map_err(busy)?;
        let device = Arc::new(device);
        let (held, holder) = UnixStream::pair()?;
        let (sender, events) = mpsc::channel(EVENTS);
        let read = device.clone();
        thread::Builder::new().name("cec".into()).spawn(move || {
            while let Some(event) = next(&read, &holder).transpose() {
                let last = event.is_err();
                // Whoever took it away has dropped the adapter.
                if sender.blocking_send(event).is_err() || last {
                    return;
                }
            }
        })?;
        Ok(Self { device, events, _held: held })
    }

    /// The next event. Nothing is lost when this is dropped and called again.
    ///
    /// # Errors
    /// [`Error::Failed`]: it has to be opened again.
    pub async fn next(&mut self) -> Result<Event, Error> {
        self.events.recv().await.unwrap_or_else(|| Err(Errno::ENODEV.into()))
    }

    /// Queues a message.
    ///
    /// # Errors
    /// [`Error::Failed`] when the kernel does not take it: the queue is full, or nothing is plugged in.
    pub fn send(&self, frame: &Frame) -> Result<(), Error> {
        let bytes = frame.bytes();
        let mut message = ioctl::Msg { len: u32::try_from(bytes.len()).unwrap_or(0), ..ioctl::Msg::default() };
        for (to, byte) in message.msg.iter_mut().zip(bytes) {
            *to = byte;
        }
        Ok(ioctl::transmit(self.device.as_fd(), message)?)
    }
}

/// Waits for an event; nothing when whoever holds the other end is gone.
fn next(device: &File, holder: &UnixStream) -> Result<Option<Event>, Error> {
    loop {
        let mut ready = [
            PollFd::new(device.as_fd(), PollFlags::POLLIN | PollFlags::POLLPRI),
            PollFd::new(holder.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut ready, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            other => other?,
        };
        if ready[1].any() == Some(true) {
            return Ok(None);
        }
        // Events first: who we are matters to what is heard.
        match ioctl::event(device.as_fd()) {
            Ok(event) if event.event == ioctl::EVENT_STATE_CHANGE => return Ok(Some(Event::Address(address(&event)))),
            Ok(_) => continue,
            Err(Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        match ioctl::receive(device.as_fd()) {
            // One of ours that was said, or was not: whoever does not hear it is off.
            Ok(message) if message.tx_status != 0 => {}
            Ok(message) => {
                let length = usize::try_from(message.len).unwrap_or(0).min(ioctl::LONGEST);
                if let Some(frame) = Frame::read(&message.msg[..length]) {
                    return Ok(Some(Event::Heard(frame)));
                }
            }
            Err(Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What a change of state says: the first half of its first word is the physical address, the second a bit for each logical one.
fn address(event: &ioctl::Event) -> Option<(PhysicalAddress, LogicalAddress)> {
    let [a, b, c, d] = event.raw[0].to_ne_bytes();
    let (physical, mask) = (u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d]));
    let logical = u8::try_from(mask.trailing_zeros()).ok().and_then(LogicalAddress::new)?;
    // 15 is what the kernel takes where no other was free: nobody can answer it.
    let logical = Some(logical).filter(|address| *address != LogicalAddress::EVERYBODY)?;
    Some((PhysicalAddress::new(physical)?, logical))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(physical: u16, mask: u16) -> ioctl::Event {
        let ([a, b], [c, d]) = (physical.to_ne_bytes(), mask.to_ne_bytes());
        let mut event = ioctl::Event { event: ioctl::EVENT_STATE_CHANGE, ..ioctl::Event::default() };
        event.raw[0] = u32::from_ne_bytes([a, b, c, d]);
        event
    }

    #[test]
    fn a_change_of_state_says_who_we_are_or_that_we_are_nobody() {
        let (physical, logical) = address(&event(0x1000, 1 << 4)).expect("we are somebody");
        assert_eq!((physical.bits(), logical.number()), (0x1000, 4));
        for (physical, mask) in [(0xffff, 0), (0x1000, 0), (0xffff, 1 << 4), (0x1000, 1 << 15)] {
            assert_eq!(address(&event(physical, mask)), None, "{physical:x} {mask:x}");
        }
    }

    #[test]
    fn a_machine_without_adapters_has_none() {
        if !Path::new("/dev/cec0").exists() {
            assert_eq!(find(), []);
        }
    }

    #[test]
    fn what_is_no_adapter_is_refused_by_name() {
        let error = Adapter::open(Path::new("/dev/cec99"), "Box").err().expect("it is not there");
        assert!(error.to_string().starts_with("/dev/cec99 can't be opened"), "{error}");
        let error = Adapter::open(Path::new("/dev/null"), "Box").err().expect("it is no adapter");
        assert!(matches!(error, Error::Failed(_)), "{error}");
    }
}
