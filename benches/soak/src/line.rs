//! Signing in, and the room's WebSocket (docs/reference/signalling.md).

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{COOKIE, ORIGIN};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A request is answered by then.
const ANSWER: Duration = Duration::from_secs(30);

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Login {
    http: reqwest::Client,
    url: String,
    cookie: String,
}

impl Login {
    pub async fn owner(url: &str, token: &str) -> anyhow::Result<Self> {
        Self::with(url, &json!({ "owner": token })).await
    }

    pub async fn guest(url: &str, invite: &str, name: &str) -> anyhow::Result<Self> {
        Self::with(url, &json!({ "invite": invite, "name": name })).await
    }

    async fn with(url: &str, body: &Value) -> anyhow::Result<Self> {
        // The box closes what is idle, at the very moment perhaps at which it is used again.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).build()?;
        let answer = http.post(format!("{url}/api/v1/session")).header("origin", url).json(body).send().await?;
        ensure!(answer.status() == 200, "signing in is answered with {}", answer.status());
        let set = answer.headers().get("set-cookie").context("a session has a cookie")?.to_str()?;
        let cookie = set.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { http, url: url.to_owned(), cookie })
    }

    /// The first room, and an invite to it.
    pub async fn room(&self) -> anyhow::Result<(String, String)> {
        let rooms = self.http.get(format!("{}/api/v1/rooms", self.url)).header("cookie", &self.cookie);
        let rooms: Value = rooms.send().await?.json().await?;
        let room = rooms[0]["id"].as_str().context("there is a room")?.to_owned();
        let invite = self.http.post(format!("{}/api/v1/rooms/{room}/invites", self.url)).header("origin", &self.url);
        let invite = invite.header("cookie", &self.cookie).json(&json!({ "hours": 24 }));
        let invite: Value = invite.send().await?.json().await?;
        let (_, token) = invite["url"].as_str().and_then(|url| url.split_once("#invite=")).context("an invite")?;
        Ok((room, token.to_owned()))
    }

    /// What the box says at this path of its API.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.http.get(format!("{}{path}", self.url)).header("cookie", &self.cookie).send().await?;
        ensure!(answer.status() == 200, "{path} is answered with {}", answer.status());
        Ok(answer.json().await?)
    }

    /// Says something to the box at this path of its API.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}{path}", self.url)).header("origin", &self.url);
        let answer = request.header("cookie", &self.cookie).json(body).send().await?;
        if !answer.status().is_success() {
            bail!("{path} is answered with {}: {}", answer.status(), answer.text().await?);
        }
        Ok(answer.json().await?)
    }

    /// Opens the room's WebSocket and joins.
    pub async fn join(&self, room: &str, name: &str) -> anyhow::Result<Line> {
        let url = format!("{}/api/v1/rooms/{room}/ws", self.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request()?;
        request.headers_mut().insert(ORIGIN, self.url.parse()?);
        request.headers_mut().insert(COOKIE, self.cookie.parse()?);
        let (socket, _) = connect_async(request).await?;
        let (say, hear) = socket.split();
        let mut line = Line { say, hear, asked: 0 };
        line.ask("join", json!({ "name": name })).await?;
        Ok(line)
    }
}

/// A seat in a room.
pub struct Line {
    say: SplitSink<Socket, Message>,
    hear: SplitStream<Socket>,
    asked: u64,
}

impl Line {
    /// Sends a request and waits for its answer.
    pub async fn ask(&mut self, op: &str, fields: Value) -> anyhow::Result<Value> {
        self.asked += 1;
        let mut request = json!({ "v": 1, "id": self.asked, "op": op });
        for (key, value) in fields.as_object().into_iter().flatten() {
            request[key] = value.clone();
        }
        self.say.send(Message::text(request.to_string())).await?;
        let answer = async {
            loop {
                let said = self.next().await?;
                if said["re"] == self.asked {
                    return match said.get("ok") {
                        Some(ok) => Ok(ok.clone()),
                        None => bail!("{op} is answered with {}", said["problem"]),
                    };
                }
            }
        };
        tokio::time::timeout(ANSWER, answer).await.with_context(|| format!("no answer to {op}"))?
    }

    /// What is said next. An error when the connection is over.
    pub async fn next(&mut self) -> anyhow::Result<Value> {
        loop {
            match self.hear.next().await {
                Some(Ok(Message::Text(text))) => {
                    let said: Value = serde_json::from_str(&text)?;
                    ensure!(said["event"] != "bye", "the box ends the connection: {said}");
                    return Ok(said);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => bail!("the signalling ended"),
                Some(Ok(_)) => {}
            }
        }
    }
}
