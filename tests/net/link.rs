//! A link between two network interfaces: every frame that comes in at one leaves at the other, later, or not at all. A
//! process of its own, in the namespace that both interfaces are in; needs the right to raw sockets.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recvfrom, send, setsockopt, socket,
    sockopt,
};
use serde::{Deserialize, Serialize};

/// Frames under way in one direction; what comes on top is lost. At 10 Mbit/s this is more than four seconds.
const UNDER_WAY: usize = 4096;
/// Larger than any frame of a link whose interfaces neither merge nor cut packets.
const FRAME: usize = 4096;
/// Bytes the kernel keeps for us while we are not scheduled.
const BUFFER: usize = 4 << 20;
/// What is read from one side before what is due is sent.
const BATCH: usize = 64;
/// How long the delay stays as it is before another is drawn, at least and at most.
const STEADY: (u64, u64) = (50, 450);
/// `PACKET_OUTGOING` of linux/if_packet.h: a frame that we sent ourselves.
const OUTGOING: u8 = 4;

/// How the link is, until it is told otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Milliseconds that every frame takes.
    pub delay: u64,
    /// Milliseconds on top at most: drawn anew every now and then, so that frames are held up and then come at once, as a
    /// radio does it. Their order stays.
    pub jitter: u64,
    /// Nothing gets through.
    pub dark: bool,
}

/// A link that runs. It ends when it is dropped.
pub struct Link {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Link {
    /// Starts one in a namespace, between its interfaces `left` and `right`.
    pub fn start(namespace: &str, left: &str, right: &str) -> anyhow::Result<Self> {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(std::env::current_exe()?).args(["link", left, right]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().context("its input is piped")?;
        let stdout = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut link = Self { child, stdin, stdout };
        link.shape(Shape::default())?;
        Ok(link)
    }

    /// From the return of this on, the link is like that.
    pub fn shape(&mut self, shape: Shape) -> anyhow::Result<()> {
        writeln!(self.stdin, "{}", serde_json::to_string(&shape)?)?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        ensure!(line.trim() == "done", "the link ended");
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One direction, and what is under way in it.
struct Direction {
    queue: VecDeque<(Instant, Vec<u8>)>,
    random: u64,
    extra: Duration,
    /// When another delay is drawn.
    until: Instant,
}

impl Direction {
    fn new(seed: u64, now: Instant) -> Self {
        Self { queue: VecDeque::new(), random: seed, extra: Duration::ZERO, until: now }
    }

    /// The next number of a fixed sequence (xorshift), below `below`.
    fn draw(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    fn push(&mut self, frame: &[u8], now: Instant, shape: Shape) {
        if shape.dark || self.queue.len() >= UNDER_WAY {
            return;
        }
        if now >= self.until {
            self.extra = Duration::from_millis(self.draw(shape.jitter + 1));
            self.until = now + Duration::from_millis(STEADY.0 + self.draw(STEADY.1 - STEADY.0));
        }
        let due = now + Duration::from_millis(shape.delay) + if shape.jitter > 0 { self.extra } else { Duration::ZERO };
        let due = self.queue.back().map_or(due, |(last, _)| due.max(*last));
        self.queue.push_back((due, frame.to_vec()));
    }

    fn due(&mut self, now: Instant) -> Option<Vec<u8>> {
        let first = self.queue.front().is_some_and(|(due, _)| *due <= now);
        first.then(|| self.queue.pop_front()).flatten().map(|(_, frame)| frame)
    }
}

/// Copies frames until standard input ends. Each line of it is a [`Shape`]; `done` on standard output says that it holds.
pub fn run(left: &str, right: &str) -> anyhow::Result<()> {
    let (shapes, told) = std::sync::mpsc::channel();
    let (wake, woken) = std::os::unix::net::UnixStream::pair()?;
    woken.set_nonblocking(true)?;
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if shapes.send(line).is_err() || (&wake).write_all(&[0]).is_err() {
                return;
            }
        }
        std::process::exit(0);
    });
    let sides = [open(left)?, open(right)?];
    let mut shape = Shape::default();
    let now = Instant::now();
    let mut directions = [Direction::new(0x9E37_79B9_7F4A_7C15, now), Direction::new(0xD1B5_4A32_D192_ED03, now)];
    let mut buffer = [0; FRAME];
    loop {
        while let Ok(line) = told.try_recv() {
            shape = serde_json::from_str(&line)?;
            for direction in &mut directions {
                // What was under way when the light went out is gone too.
                if shape.dark {
                    direction.queue.clear();
                }
                direction.until = Instant::now();
            }
            println!("done");
            std::io::stdout().flush()?;
        }
        let now = Instant::now();
        for (from, direction) in directions.iter_mut().enumerate() {
            while let Some(frame) = direction.due(now) {
                // What the other side does not take is lost, as on any link.
                let _ = send(sides[1 - from].as_raw_fd(), &frame, MsgFlags::MSG_DONTWAIT);
            }
        }
        let next = directions.iter().filter_map(|direction| direction.queue.front().map(|(due, _)| *due)).min();
        // Rounded up: waking before something is due would be in vain.
        let wait = next.map(|next| next.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000));
        let wait = wait.map_or(PollTimeout::NONE, |wait| PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX));
        let mut waited =
            [sides[0].as_fd(), sides[1].as_fd(), woken.as_fd()].map(|file| PollFd::new(file, PollFlags::POLLIN));
        match poll(&mut waited, wait) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let _ = std::io::Read::read(&mut &woken, &mut [0; 16]);
        for (side, direction) in sides.iter().zip(&mut directions) {
            for _ in 0..BATCH {
                let Ok((length, from)) = recvfrom::<LinkAddr>(side.as_raw_fd(), &mut buffer) else { break };
                if from.is_none_or(|from| from.pkttype() != OUTGOING) {
                    direction.push(&buffer[..length], Instant::now(), shape);
                }
            }
        }
    }
}

fn open(interface: &str) -> anyhow::Result<OwnedFd> {
    let mut all = getifaddrs()?.filter(|entry| entry.interface_name == interface);
    let address = all.find_map(|entry| entry.address.and_then(|address| address.as_link_addr().copied()));
    let address = address.with_context(|| format!("there is no interface {interface}"))?;
    let socket = socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC,
        SockProtocol::EthAll,
    )?;
    bind(socket.as_raw_fd(), &address)?;
    // What came before, from whatever interface, is not of this link.
    while recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut [0; FRAME]).is_ok() {}
    setsockopt(&socket, sockopt::RcvBuf, &BUFFER)?;
    Ok(socket)
}
