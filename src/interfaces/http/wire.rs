//! The WebSocket of a page, as rooms, lobbies and chats have it: text both ways, no faster than may be, and never silent for long.

use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::{Instant, Interval};
use tracing::{Instrument, Span};

use super::error::Problem;
use super::gate::PROTOCOL;
use super::requests::RequestId;
use super::{App, body};
use crate::model::pace::Pace;

/// The version of the frames.
pub(super) const VERSION: u64 = 1;
/// How often the box asks whether the other side is there.
const PING: Duration = Duration::from_secs(15);
/// How long the other side may be silent.
const SILENCE: Duration = Duration::from_secs(40);
/// How long the other side may take to say what it is there for, and to take a message.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Messages of any kind that are read at once; then one for each [`STEP`]. Those who send more wait.
const BURST: u32 = 60;
/// See [`BURST`].
const STEP: Duration = Duration::from_millis(50);

/// Why nothing more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The other side is gone, or says and takes nothing any more.
    Lost,
    /// It sent what no page sends.
    Odd,
}

/// Takes a request for a WebSocket; `serve` has it until it ends, as a task of the interfaces.
pub(super) fn open<F>(
    app: &App,
    upgrade: WebSocketUpgrade,
    span: Span,
    serve: impl FnOnce(Wire) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(body::LARGEST).max_frame_size(body::LARGEST);
    let (tasks, requests) = (app.tasks.clone(), app.requests.clone());
    upgrade.on_upgrade(move |socket| {
        let serving = async move {
            let _open = requests.sockets.hold();
            serve(Wire::new(socket)).await;
        };
        tasks.track_future(serving.instrument(span))
    })
}

/// See the module.
pub(super) struct Wire {
    socket: WebSocket,
    ping: Interval,
    begun: Instant,
    heard: Instant,
    pace: Pace,
    /// The message that there was no place for has been served: when that is paid for.
    wait: Option<std::time::Instant>,
}

impl Wire {
    fn new(socket: WebSocket) -> Self {
        let now = Instant::now();
        let ping = tokio::time::interval_at(now + PING, PING);
        Self { socket, ping, begun: now, heard: now, pace: Pace::new(BURST, STEP), wait: None }
    }

    /// The next text. Whoever has not said yet what they are there for (`known`) has [`PATIENCE`] for that in all. May be dropped and called
    /// again.
    pub(super) async fn next(&mut self, known: bool) -> Result<Utf8Bytes, Over> {
        loop {
            let patience = if known { self.heard + SILENCE } else { self.begun + PATIENCE };
            tokio::select! {
                () = until(self.wait) => self.wait = self.pace.take(Instant::now().into_std()).err(),
                message = self.socket.recv(), if self.wait.is_none() => {
                    self.heard = Instant::now();
                    self.wait = self.pace.take(self.heard.into_std()).err();
                    match message {
                        Some(Ok(Message::Text(text))) => return Ok(text),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Binary(_))) => return Err(Over::Odd),
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Over::Lost),
                    }
                }
                _ = self.ping.tick() => self.send(Message::Ping(Vec::new().into())).await?,
                () = tokio::time::sleep_until(patience) => return Err(Over::Lost),
            }
        }
    }

    /// Sends a text.
    pub(super) async fn text(&mut self, text: Utf8Bytes) -> Result<(), Over> {
        self.send(Message::Text(text)).await
    }

    /// Sends an object.
    pub(super) async fn json(&mut self, value: &Value) -> Result<(), Over> {
        self.text(value.to_string().into()).await
    }

    /// Says good-bye, as far as the other side takes it.
    pub(super) async fn close(&mut self) {
        let _ = self.send(Message::Close(None)).await;
    }

    async fn send(&mut self, message: Message) -> Result<(), Over> {
        match tokio::time::timeout(PATIENCE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over::Lost),
        }
    }
}

/// Completes at this moment, or never.
async fn until(moment: Option<std::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// The answer to a request.
pub(super) fn answer(id: u64, result: Result<Value, Problem>, request: &RequestId) -> Value {
    match result {
        Ok(ok) => json!({ "re": id, "ok": ok }),
        Err(problem) => json!({
            "re": id,
            "problem": { "type": problem.kind, "title": problem.title, "request": request.to_string() },
        }),
    }
}
