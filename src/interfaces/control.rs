//! The socket in the state folder, by which the command line asks the running daemon: `porchlight doctor`, `porchlight privacy`,
//! `porchlight pin`, `porchlight hotspot`, `porchlight support` and `porchlight update`.
//!
//! Whoever connects says one word, a [`Question`], and is told the answer as JSON, and nothing more. The folder and the socket are the
//! daemon's user's alone.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::drivers::device;
use crate::services::{access, endpoint, network, privacy, reachability};

/// Its name in the state folder.
pub const NAME: &str = "doctor.sock";
/// Those who are told at one time; more wait.
const TOLD: usize = 4;
/// How long somebody may take to read the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// How the box is reached. Who says nothing is told this.
    Network,
    /// How the room sounds: the box plays something and listens.
    Sound,
    /// What the camera does.
    Camera,
    /// Whether camera and microphone are closed.
    Privacy,
    /// That they are closed.
    PrivacyOn,
    /// That they may be opened again: who asks is at the box.
    PrivacyOff,
    /// The PIN that makes somebody the owner.
    Pin,
    /// The network that the box opens while it has no other.
    Hotspot,
    /// How much the daemon has written to disks, and how long it has run.
    Wear,
    /// All its numbers, as they are for a monitoring system.
    Metrics,
    /// Where its pages are.
    Door,
}

impl Question {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Sound => "sound",
            Self::Camera => "camera",
            Self::Privacy => "privacy",
            Self::PrivacyOn => "privacy on",
            Self::PrivacyOff => "privacy off",
            Self::Pin => "pin",
            Self::Hotspot => "hotspot",
            Self::Wear => "wear",
            Self::Metrics => "metrics",
            Self::Door => "door",
        }
    }

    fn read(word: &[u8]) -> Option<Self> {
        match word.trim_ascii() {
            b"" | b"network" => Some(Self::Network),
            b"sound" => Some(Self::Sound),
            b"camera" => Some(Self::Camera),
            b"privacy" => Some(Self::Privacy),
            b"privacy on" => Some(Self::PrivacyOn),
            b"privacy off" => Some(Self::PrivacyOff),
            b"pin" => Some(Self::Pin),
            b"hotspot" => Some(Self::Hotspot),
            b"wear" => Some(Self::Wear),
            b"metrics" => Some(Self::Metrics),
            b"door" => Some(Self::Door),
            _ => None,
        }
    }
}

/// Longest question that is read, in bytes, and how long it is waited for.
const LONGEST: u64 = 32;
const WORD: Duration = Duration::from_secs(1);

/// Who is asked.
#[derive(Clone)]
pub struct Parts {
    /// How the box is reached.
    pub reach: reachability::Handle,
    /// The box's microphone and speaker.
    pub endpoint: endpoint::Handle,
    /// Whether its camera and microphone are closed.
    pub privacy: privacy::Handle,
    /// The PIN of a box that nobody owns.
    pub pin: watch::Receiver<Option<access::Number>>,
    /// The networks.
    pub network: watch::Receiver<network::Now>,
    /// All numbers of the daemon.
    pub metrics: Numbers,
    /// Where its pages are.
    pub address: SocketAddr,
    /// When it was started.
    pub started: Instant,
}

/// Gathers all numbers of the daemon, as text.
pub type Numbers = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// Opens the socket and answers until `stop`. A state folder that can't have one costs nothing but this.
pub async fn run(state: PathBuf, parts: Parts, stop: CancellationToken) {
    let path = state.join(NAME);
    let listener = match open(&path) {
        Ok(listener) => listener,
        Err(error) => {
            return tracing::warn!(%error, "`porchlight doctor` can't ask this daemon: the state folder takes no socket");
        }
    };
    let mut told = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if told.len() < TOLD => match accepted {
                Ok((stream, _)) => drop(told.spawn(tell(stream, parts.clone()))),
                Err(error) => {
                    tracing::debug!(%error, "the doctor's connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = told.join_next(), if !told.is_empty() => {}
            () = stop.cancelled() => break,
        }
    }
    // The next start would remove it as well.
    let _ = std::fs::remove_file(&path);
}

fn open(path: &Path) -> std::io::Result<UnixListener> {
    // One of a daemon that was killed: the store's lock says that no other runs.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn tell(mut stream: UnixStream, parts: Parts) {
    let mut word = Vec::new();
    // Who says nothing may also keep its end of the line open.
    let _ = tokio::time::timeout(WORD, (&mut stream).take(LONGEST).read_to_end(&mut word)).await;
    let Some(question) = Question::read(&word) else { return };
    let answer = match question {
        Question::Network => match parts.reach.check().await {
            Ok(report) => serde_json::to_vec(&report),
            Err(_) => return,
        },
        Question::Camera => match parts.endpoint.camera().report().await {
            Ok(report) => serde_json::to_vec(&report),
            Err(_) => return,
        },
        Question::Sound => match parts.endpoint.test_sound().await {
            Ok(test) => serde_json::to_vec(&test),
            Err(error) => serde_json::to_vec(&serde_json::json!({ "error": error.to_string() })),
        },
        Question::Wear => serde_json::to_vec(&serde_json::json!({
            "written": device::written(),
            "running": parts.started.elapsed().as_secs(),
        })),
        Question::Metrics => {
            let text = (parts.metrics)().await;
            serde_json::to_vec(&serde_json::json!({ "text": text }))
        }
        Question::Door => serde_json::to_vec(&serde_json::json!({ "address": parts.address })),
        Question::Pin => {
            let pin = parts.pin.borrow().map(|pin| pin.to_string());
            serde_json::to_vec(&serde_json::json!({ "pin": pin }))
        }
        Question::Hotspot => {
            let hotspot = parts.network.borrow().hotspot.clone();
            serde_json::to_vec(&serde_json::json!({
                "name": hotspot.as_ref().map(|hotspot| &*hotspot.name),
                "password": hotspot.as_ref().map(|hotspot| hotspot.password.reveal()),
                "address": network::ADDRESS,
            }))
        }
        Question::Privacy | Question::PrivacyOn | Question::PrivacyOff => {
            let done = match question {
                Question::PrivacyOn => parts.privacy.close().await,
                Question::PrivacyOff => parts.privacy.open_here().await,
                _ => Ok(()),
            };
            serde_json::to_vec(&match done {
                Ok(()) => serde_json::json!({ "on": *parts.privacy.is_on().borrow() }),
                Err(error) => serde_json::json!({ "error": error.to_string() }),
            })
        }
    };
    let Ok(text) = answer else { return };
    let written = tokio::time::timeout(PATIENCE, stream.write_all(&text)).await;
    tracing::trace!(ok = matches!(written, Ok(Ok(()))), "the doctor was told");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_one_known_word() {
        use Question::{Camera, Hotspot, Metrics, Network, Pin, Privacy, PrivacyOff, PrivacyOn, Sound, Wear};
        for question in [Network, Sound, Camera, Privacy, PrivacyOn, PrivacyOff, Pin, Hotspot, Wear, Metrics] {
            assert_eq!(Question::read(question.word().as_bytes()), Some(question));
        }
        assert_eq!(Question::read(b" sound\n"), Some(Question::Sound));
        assert_eq!(Question::read(b""), Some(Question::Network));
        assert_eq!(Question::read(b"sounds"), None);
    }
}
