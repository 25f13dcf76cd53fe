//! Many players in one thread of a process of their own: kept connections that ask for what is there, or for what comes next.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::{Deserialize, Serialize};

use crate::measure;

/// What is read from a connection at once, in bytes.
const BUFFER: usize = 256 * 1024;
/// Longest that nothing comes at all: a playlist that is waited for comes sooner.
const SILENCE: Duration = Duration::from_secs(10);
/// What Chromium says besides the path.
const HEADERS: &str = "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n\
    accept: */*\r\naccept-encoding: gzip, deflate, br, zstd\r\naccept-language: en\r\nconnection: keep-alive\r\n\
    sec-fetch-dest: empty\r\nsec-fetch-mode: cors\r\nsec-fetch-site: same-origin\r\n\r\n";

/// One line of standard input.
#[derive(Serialize, Deserialize)]
pub struct Job {
    pub to: SocketAddr,
    pub connections: usize,
    pub seconds: f64,
    pub how: How,
}

/// The first connection takes the first of these lists or playlists, the second the second, and so on, from the beginning again.
#[derive(Serialize, Deserialize)]
pub enum How {
    /// Asks for the paths of its list, one right after another, again and again.
    Fast(Vec<Vec<String>>),
    /// The same, but the list is begun at the same moments by all, so many seconds apart.
    Paced(Vec<Vec<String>>, f64),
    /// Asks for its playlist before it is there, and for the newest part in it, as players do.
    Follow(Vec<String>),
}

/// One line of standard output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Counted {
    pub requests: u64,
    /// Of bodies.
    pub bytes: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    pub seconds: f64,
    /// CPU seconds of ours.
    pub cpu: f64,
}

/// Does each job and says what came of it, until standard input ends.
pub fn run() -> anyhow::Result<()> {
    for line in io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        writeln!(io::stdout(), "{}", serde_json::to_string(&work(&job)?)?)?;
    }
    Ok(())
}

/// What a connection does.
enum Plan {
    List { paths: Vec<String>, next: usize },
    Follow { playlist: String, part: Option<String> },
}

struct Connection {
    stream: TcpStream,
    plan: Plan,
    /// It was asked for something.
    asked: bool,
    head: Vec<u8>,
    /// Bytes of the body that are still to come, once the head is there.
    left: Option<usize>,
    /// The body, where it says what to ask for next.
    body: Vec<u8>,
}

fn work(job: &Job) -> anyhow::Result<Counted> {
    let plan = |number: usize| match &job.how {
        How::Fast(lists) | How::Paced(lists, _) => {
            let paths = lists[number % lists.len()].clone();
            // They are not all at the same place of it.
            let next = if matches!(job.how, How::Fast(_)) { number % paths.len() } else { 0 };
            Plan::List { paths, next }
        }
        How::Follow(playlists) => Plan::Follow { playlist: playlists[number % playlists.len()].clone(), part: None },
    };
    let mut all = (0..job.connections)
        .map(|number| Connection::open(job.to, plan(number)))
        .collect::<io::Result<Vec<_>>>()
        .context("players connect")?;
    let began = Instant::now();
    let end = began + Duration::from_secs_f64(job.seconds);
    let before = measure::cpu(std::process::id())?;
    let mut counted = Counted { requests: 0, bytes: 0, statuses: BTreeMap::new(), seconds: 0.0, cpu: 0.0 };
    let mut buffer = vec![0; BUFFER];
    let mut turns = 0;
    for connection in &mut all {
        connection.ask()?;
    }
    loop {
        let now = Instant::now();
        let turn = match job.how {
            How::Paced(_, every) => Some(began + Duration::from_secs_f64(every) * (turns + 1)),
            _ => None,
        };
        if turn.is_some_and(|turn| now >= turn && now < end) {
            turns += 1;
            for connection in all.iter_mut().filter(|connection| !connection.asked) {
                connection.ask()?;
            }
        }
        if now >= end && all.iter().all(|connection| !connection.asked) {
            break;
        }
        let next = turn.map(|turn| turn.min(end)).filter(|next| *next > now);
        let wait = next.map_or(SILENCE, |next| next.saturating_duration_since(now));
        // Rounded up, so that a turn is not looked for again and again.
        let wait = PollTimeout::try_from(wait + Duration::from_millis(1))?;
        let mut polled: Vec<_> =
            all.iter().map(|connection| PollFd::new(connection.stream.as_fd(), PollFlags::POLLIN)).collect();
        let ready = poll(&mut polled, wait)?;
        ensure!(ready > 0 || next.is_some(), "nothing came for {SILENCE:?}");
        let ready: Vec<bool> = polled.iter().map(|one| one.any().unwrap_or(false)).collect();
        for (connection, _) in all.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            if let Some(status) = connection.read(&mut buffer, &mut counted.bytes)? {
                counted.requests += 1;
                *counted.statuses.entry(status).or_default() += 1;
                if Instant::now() < end && connection.goes_on(&job.how) {
                    connection.ask()?;
                }
            }
        }
    }
    counted.seconds = began.elapsed().as_secs_f64();
    counted.cpu = (measure::cpu(std::process::id())? - before).as_secs_f64();
    Ok(counted)
}

impl Connection {
    fn open(to: SocketAddr, plan: Plan) -> io::Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, plan, asked: false, head: Vec::new(), left: None, body: Vec::new() })
    }

    /// Asks for what comes next.
    fn ask(&mut self) -> io::Result<()> {
        let path = match &mut self.plan {
            Plan::List { paths, next } => {
                let path = &paths[*next];
                *next = (*next + 1) % paths.len();
                path.clone()
            }
            Plan::Follow { part: Some(part), .. } => part.clone(),
            Plan::Follow { playlist, .. } => playlist.clone(),
        };
        self.asked = true;
        // What is asked before is answered: there is room for it in the socket.
        self.stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{HEADERS}").as_bytes())
    }

    /// Whether something is asked for right after an answer.
    fn goes_on(&mut self, how: &How) -> bool {
        match &mut self.plan {
            Plan::List { next, .. } => *next > 0 || matches!(how, How::Fast(_)),
            Plan::Follow { playlist, part } => {
                if part.take().is_none() {
                    *part = newest(playlist, &String::from_utf8_lossy(&self.body));
                    return part.is_some();
                }
                true
            }
        }
    }

    /// Reads what is there; the status once an answer is complete.
    fn read(&mut self, buffer: &mut [u8], bytes: &mut u64) -> anyhow::Result<Option<u16>> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => anyhow::bail!("the server has closed a connection"),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let mut data = &buffer[..count];
            if self.left.is_none() {
                let before = self.head.len();
                self.head.extend_from_slice(data);
                let Some(ends) = self.head.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
                data = &data[ends + 4 - before..];
                self.head.truncate(ends);
                self.left = Some(field(&self.head, "content-length").context("an answer says how long it is")?);
            }
            *bytes += data.len() as u64;
            if matches!(self.plan, Plan::Follow { part: None, .. }) {
                self.body.extend_from_slice(data);
            }
            let left = self.left.context("the head is there")?.checked_sub(data.len()).context("more than was said")?;
            self.left = Some(left);
            if left == 0 {
                let status = std::str::from_utf8(&self.head[9..12])?.parse()?;
                (self.asked, self.left) = (false, None);
                self.head.clear();
                return Ok(Some(status));
            }
        }
    }
}

fn field(head: &[u8], name: &str) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    let of = |line: &str| {
        line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, of)| of.trim().parse())
    };
    head.lines().find_map(of)?.ok()
}

/// The path of the newest part that a playlist lists; the playlist's own path becomes that of the next one.
fn newest(playlist: &mut String, text: &str) -> Option<String> {
    let line = text.lines().rfind(|line| line.starts_with("#EXT-X-PART:"))?;
    let part = line.split("URI=\"").nth(1)?.split('"').next()?;
    let (path, _) = playlist.split_once('?').unwrap_or((playlist, ""));
    let path = path.to_owned();
    let mut numbers = part.strip_suffix(".m4s")?.split('.').map(str::parse::<u64>);
    let (Some(Ok(segment)), Some(Ok(number))) = (numbers.next(), numbers.next()) else { return None };
    *playlist = format!("{path}?_HLS_msn={segment}&_HLS_part={}&_HLS_skip=YES", number + 1);
    Some(format!("{}/{part}", path.rsplit_once('/')?.0))
}
