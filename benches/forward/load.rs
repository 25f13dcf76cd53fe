//! What the load has sent and what came of it: one tally for all receivers of one window.

use std::cell::RefCell;
use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use nix::sys::time::{TimeSpec, TimeValLike};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Pictures a second, and the packets of one as libwebrtc splits it: about equal, the larger ones last. 1.5 Mbit/s.
pub const FPS: u32 = 30;
pub const PICTURE: [usize; 6] = [1041, 1041, 1042, 1042, 1042, 1042];
/// Packets of sound a second, and the bytes of one: Opus at 48 kbit/s.
pub const SOUND_RATE: u32 = 50;
pub const SOUND: [usize; 1] = [120];

/// Largest datagram.
const DATAGRAM: usize = 2048;
/// Where the number of a packet is in its payload.
pub const NUMBER: std::ops::Range<usize> = 4..12;

/// What is sent in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Picture,
    Sound,
}

#[derive(Default)]
struct State {
    /// When each packet was given to the kernel, in nanoseconds of the wall clock, by its number.
    sent: Vec<i64>,
    /// The first number of this window.
    first: usize,
    /// From giving it to the kernel to its arrival at a receiver's socket, in nanoseconds.
    delays: Vec<i64>,
    /// Bytes of the largest datagram of pictures and of sound that came.
    sizes: [usize; 2],
}

/// Counts what is sent and what arrives.
#[derive(Default)]
pub struct Tally(RefCell<State>);

/// One window, counted.
pub struct Counted {
    /// Packets sent once.
    pub sent: usize,
    /// The delay of every copy that arrived, sorted, in nanoseconds.
    pub delays: Vec<i64>,
}

impl Tally {
    /// The next packet's number.
    pub fn number(&self) -> u64 {
        self.0.borrow().sent.len() as u64
    }

    /// The packet with the next number leaves now.
    pub fn leaves(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64);
        self.0.borrow_mut().sent.push(now);
    }

    /// A copy of a packet has come; `at` is when the kernel had it, `size` that of its datagram.
    pub fn arrived(&self, number: u64, at: i64, size: usize, kind: Kind) {
        let state = &mut *self.0.borrow_mut();
        let largest = &mut state.sizes[kind as usize];
        *largest = size.max(*largest);
        let number = number as usize;
        if number >= state.first
            && let Some(sent) = state.sent.get(number)
        {
            state.delays.push(at - sent);
        }
    }

    /// What comes from now on belongs to another window.
    pub fn begin(&self) {
        let state = &mut *self.0.borrow_mut();
        state.first = state.sent.len();
        state.delays.clear();
    }

    /// The window as it stands.
    pub fn counted(&self) -> Counted {
        let state = &mut *self.0.borrow_mut();
        let mut delays = std::mem::take(&mut state.delays);
        delays.sort_unstable();
        Counted { sent: state.sent.len() - state.first, delays }
    }

    /// The largest datagram of this kind that came so far, in bytes.
    pub fn size(&self, kind: Kind) -> usize {
        self.0.borrow().sizes[kind as usize]
    }
}

/// Sends bursts like `cameras` cameras and a microphone for as long as `window`.
pub async fn pump(window: Duration, cameras: u32, mut burst: impl FnMut(Kind)) {
    let start = Instant::now();
    let (mut pictures, mut sounds) = (0, 0);
    loop {
        let picture = start + Duration::from_secs(1) * pictures / (FPS * cameras);
        let sound = start + Duration::from_secs(1) * sounds / SOUND_RATE;
        let due = picture.min(sound);
        if due >= start + window {
            return;
        }
        tokio::time::sleep_until(due.into()).await;
        if picture <= sound {
            pictures += 1;
            burst(Kind::Picture);
        } else {
            sounds += 1;
            burst(Kind::Sound);
        }
    }
}

/// Where everything is that does not refuse to be there.
pub const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Opens a socket whose datagrams come with the time at which the kernel had them.
pub fn socket(at: Ipv4Addr) -> anyhow::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind((at, 0))?;
    socket.set_nonblocking(true)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    setsockopt(&socket, sockopt::RcvBuf, &(1 << 20))?;
    Ok(UdpSocket::from_std(socket)?)
}

/// Reads everything that has come.
pub fn read(socket: &UdpSocket, mut each: impl FnMut(SocketAddr, i64, &[u8])) {
    let (mut buffer, mut control) = ([0; DATAGRAM], nix::cmsg_space!(TimeSpec));
    while let Ok((length, at, Some(from))) =
        socket.try_io(Interest::READABLE, || one(socket.as_raw_fd(), &mut buffer, &mut control))
    {
        each(SocketAddr::from((from.ip(), from.port())), at, &buffer[..length]);
    }
}

fn one(socket: RawFd, buffer: &mut [u8], control: &mut [u8]) -> std::io::Result<(usize, i64, Option<SockaddrIn>)> {
    let mut slices = [IoSliceMut::new(buffer)];
    let got = recvmsg::<SockaddrIn>(socket, &mut slices, Some(control), MsgFlags::MSG_DONTWAIT)?;
    let time = |message| match message {
        ControlMessageOwned::ScmTimestampns(time) => Some(time.num_nanoseconds()),
        _ => None,
    };
    Ok((got.bytes, got.cmsgs()?.find_map(time).unwrap_or_default(), got.address))
}
