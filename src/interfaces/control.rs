//! The socket in the state folder, by which the command line asks the running daemon: `porchlight doctor`.
//!
//! Whoever connects says in one line what they want to know, and is told that as JSON: [`CAMERA`], what the camera does; anything else, how
//! the box is reached. The folder and the socket are the daemon's user's alone.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::services::endpoint::adjust;
use crate::services::reachability;

/// Its name in the state folder.
pub const NAME: &str = "doctor.sock";
/// The line by which the camera is asked about.
pub const CAMERA: &str = "camera";
/// Longest line that is read, in bytes.
const LONGEST: u64 = 32;
/// Those who are told at one time; more wait.
const TOLD: usize = 4;
/// How long somebody may take to read the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who knows the answers.
#[derive(Clone)]
pub struct Knows {
    /// How the box is reached.
    pub reach: reachability::Handle,
    /// What its camera does.
    pub camera: adjust::Handle,
}

/// Opens the socket and answers until `stop`. A state folder that can't have one costs nothing but this.
pub async fn run(state: PathBuf, knows: Knows, stop: CancellationToken) {
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
                Ok((stream, _)) => drop(told.spawn(tell(stream, knows.clone()))),
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

async fn tell(stream: UnixStream, knows: Knows) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let wanted = tokio::time::timeout(PATIENCE, (&mut stream).take(LONGEST).read_line(&mut line)).await;
    if !matches!(wanted, Ok(Ok(_))) {
        return;
    }
    let text = match line.trim_end() {
        CAMERA => knows.camera.report().await.ok().and_then(|report| serde_json::to_vec(&report).ok()),
        _ => knows.reach.check().await.ok().and_then(|report| serde_json::to_vec(&report).ok()),
    };
    let Some(text) = text else { return };
    let written = tokio::time::timeout(PATIENCE, stream.get_mut().write_all(&text)).await;
    tracing::trace!(ok = matches!(written, Ok(Ok(()))), "the doctor was told");
}
