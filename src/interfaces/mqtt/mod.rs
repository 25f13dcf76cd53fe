//! MQTT: what the box says to a broker of the house, and what it takes from there. Home Assistant finds it by that.
//!
//! Off until a broker is configured. What would open a camera, a microphone or an audience is taken only where the owner allows it, and after
//! it was announced in the room, where it can be stopped. What is told names nobody. Translates; the rules are in `proto/mqtt`.

mod config;
mod link;
mod state;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use self::link::{Incoming, Link, Message, Outgoing, Version};
use crate::drivers::identity::random;
use crate::model::pace::Pace;
use crate::proto::mqtt::discovery::{self, Device};
use crate::proto::mqtt::{
    self, AVAILABILITY, Command, Connected, Connection, Invalid, OFFLINE, ONLINE, REQUEST, RESPONSE, State, Trouble,
};
use crate::services::{
    announce, audit, broadcast, endpoint, node, privacy, recorder, room, settings, telephone, update,
};

pub use config::{Broker, Config, Error};

/// How often it is looked at what nobody tells of.
const LOOK: Duration = Duration::from_secs(1);
/// How often board and disk are told of.
const SYSTEM: Duration = Duration::from_secs(60);
/// How long it takes until a connection that failed is tried again: the first time, and at most.
const AGAIN: Duration = Duration::from_secs(1);
/// See [`AGAIN`].
const AGAIN_AT_MOST: Duration = Duration::from_secs(60);
/// How long a connection may take to be taken.
const PATIENCE: Duration = Duration::from_secs(20);
/// Commands that are taken at once; then one for each [`STEP`]. Others are refused.
const BURST: u32 = 20;
/// See [`BURST`].
const STEP: Duration = Duration::from_millis(200);
/// Everything is told again within this, after Home Assistant has come back: many boxes do so at that moment.
const SPREAD: Duration = Duration::from_secs(3);

/// What it translates for.
pub struct Parts {
    /// The rooms.
    pub rooms: room::Handle,
    /// Who rings.
    pub telephone: telephone::Handle,
    /// Whether camera and microphone are closed.
    pub privacy: privacy::Handle,
    /// Where it is announced what is going to be opened.
    pub announce: announce::Handle,
    /// Whether something can be recorded.
    pub recorder: recorder::Handle,
    /// The box as a participant.
    pub endpoint: endpoint::Handle,
    /// What is on air.
    pub broadcasts: broadcast::Handle,
    /// What the box is called.
    pub node: node::Handle,
    /// Where it is asked to start again.
    pub settings: settings::Handle,
    /// How an update of the image is.
    pub updates: update::Handle,
    /// Where it is noted what was done.
    pub audit: audit::Handle,
    /// Where the box's pages are, if that is known.
    pub page: Box<dyn Fn() -> Option<String> + Send + Sync>,
    /// Where recordings are.
    pub recordings: PathBuf,
    /// When the daemon started, in seconds since 1970 UTC.
    pub started: i64,
}

/// Says and takes until `stop`.
#[tracing::instrument(name = "mqtt", skip_all)]
pub async fn run(
    config: Config,
    broker: Broker,
    parts: Parts,
    seen: watch::Sender<Connection>,
    stop: CancellationToken,
) {
    let base = format!("{}/{}", config.prefix, parts.node.id());
    let mut bridge = Bridge {
        config,
        parts: Arc::new(parts),
        base,
        pace: Pace::new(BURST, STEP),
        told: State::default(),
        taken: false,
        opening: JoinSet::new(),
        seen,
    };
    bridge.seen.send_replace(Connection { state: Connected::Trying, trouble: None });
    let (mut version, mut again, mut said) = (Version::Five, AGAIN, None);
    while !stop.is_cancelled() {
        let will = format!("{}/{AVAILABILITY}", bridge.base);
        let link = Link::open(version, &broker, &format!("porchlight-{}", bridge.parts.node.id()), (&will, OFFLINE));
        let begun = Instant::now();
        let trouble = match bridge.serve(link, version, &stop).await {
            Ok(()) => return,
            Err(trouble) => trouble,
        };
        bridge.seen.send_replace(Connection { state: Connected::Trying, trouble: Some(trouble) });
        // Once for each kind: it may go on for days.
        if said != Some(trouble) {
            tracing::warn!("MQTT: {trouble}; it is tried again");
            said = Some(trouble);
        }
        version = match trouble {
            Trouble::Version => version.other(),
            // A broker that has come back may have learnt.
            _ if bridge.taken => Version::Five,
            _ => version,
        };
        if begun.elapsed() > AGAIN_AT_MOST {
            (again, said) = (AGAIN, None);
        }
        let [jitter] = random::<1>();
        let pause = again.mul_f64(0.75 + f64::from(jitter) / 512.0);
        again = (again * 2).min(AGAIN_AT_MOST);
        let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
}

struct Bridge {
    config: Config,
    parts: Arc<Parts>,
    /// The device's topic.
    base: String,
    pace: Pace,
    /// What the broker was told last.
    told: State,
    /// The broker has taken this connection.
    taken: bool,
    /// What is announced, with whoever waits for an answer. One is announced at a time, and others are refused at once.
    opening: JoinSet<(Answer, Result<(), Problem>)>,
    /// How the connection is, for those who look.
    seen: watch::Sender<Connection>,
}

impl Bridge {
    /// Serves one connection; done when the box stops.
    async fn serve(&mut self, mut link: Link, version: Version, stop: &CancellationToken) -> Result<(), Trouble> {
        self.taken = false;
        let taken = async {
            loop {
                match link.next().await {
                    Incoming::Connected => return Ok(()),
                    Incoming::Lost(trouble) => return Err(trouble),
                    Incoming::Message(_) => {}
                }
            }
        };
        tokio::select! {
            taken = tokio::time::timeout(PATIENCE, taken) => taken.unwrap_or(Err(Trouble::Unreachable))?,
            () = stop.cancelled() => return Ok(()),
        }
        self.taken = true;
        self.seen.send_replace(Connection { state: Connected::Connected, trouble: None });
        tracing::info!(version = ?version, "MQTT: the broker has taken the connection");
        for filter in mqtt::filters() {
            link.subscribe(format!("{}/{filter}", self.base)).await?;
        }
        if !self.config.discovery.is_empty() {
            link.subscribe(format!("{}/status", self.config.discovery)).await?;
        }
        self.tell_all(&link).await?;
        let end = self.go_on(&mut link, stop).await;
        if end.is_ok() {
            self.say(&link, AVAILABILITY, OFFLINE.to_owned()).await?;
            link.close().await;
        }
        end
    }

    async fn go_on(&mut self, link: &mut Link, stop: &CancellationToken) -> Result<(), Trouble> {
        let parts = self.parts.clone();
        let (mut rooms, mut called) = (parts.rooms.rooms(), parts.node.follow());
        let (mut telephone, mut privacy) = (parts.telephone.follow(), parts.privacy.follow());
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut system = tokio::time::interval(SYSTEM);
        system.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut again: Option<Instant> = None;
        loop {
            tokio::select! {
                news = link.next() => match news {
                    Incoming::Message(message) if self.is_birth(&message) => {
                        let [jitter] = random::<1>();
                        again = Some(Instant::now() + SPREAD.mul_f64(f64::from(jitter) / 256.0));
                    }
                    Incoming::Message(message) => self.take(link, message).await?,
                    Incoming::Lost(trouble) => return Err(trouble),
                    Incoming::Connected => {}
                },
                () = crate::services::at(again) => {
                    again = None;
                    self.tell_all(link).await?;
                }
                Some(Ok((answer, done))) = self.opening.join_next() => self.answer(link, answer, done).await?,
                Ok(()) = rooms.changed() => self.tell_changes(link).await?,
                Ok(()) = telephone.changed() => self.tell_changes(link).await?,
                Ok(()) = privacy.changed() => self.tell_changes(link).await?,
                Ok(()) = called.changed() => self.tell_discovery(link).await?,
                _ = look.tick() => self.tell_changes(link).await?,
                _ = system.tick() => self.tell_system(link).await?,
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    /// Home Assistant says that it is there again.
    fn is_birth(&self, message: &Message) -> bool {
        message.topic.strip_prefix(&self.config.discovery) == Some("/status") && &message.payload[..] == b"online"
    }

    async fn say(&self, link: &Link, topic: &str, text: String) -> Result<(), Trouble> {
        let (topic, payload) = (format!("{}/{topic}", self.base), Bytes::from(text));
        link.publish(Outgoing { topic, payload, retain: true, surely: true, correlation: None }).await
    }

    /// Everything, as for a broker that knows nothing.
    async fn tell_all(&mut self, link: &Link) -> Result<(), Trouble> {
        self.tell_discovery(link).await?;
        self.told = state::now(&self.parts);
        for (topic, text) in self.told.messages() {
            self.say(link, topic, text).await?;
        }
        self.tell_system(link).await?;
        self.say(link, AVAILABILITY, ONLINE.to_owned()).await
    }

    async fn tell_changes(&mut self, link: &Link) -> Result<(), Trouble> {
        let now = state::now(&self.parts);
        if now == self.told {
            return Ok(());
        }
        if now.update.is_some() != self.told.update.is_some() {
            self.tell_discovery(link).await?;
        }
        let before: BTreeMap<_, _> = self.told.messages();
        for (topic, text) in now.messages().into_iter().filter(|(topic, text)| before.get(topic) != Some(text)) {
            self.say(link, topic, text).await?;
        }
        for event in now.events(&self.told) {
            let topic = format!("{}/{}", self.base, mqtt::CALL_EVENT);
            let payload = Bytes::from(json!({ "event_type": event }).to_string());
            link.publish(Outgoing { topic, payload, retain: false, surely: true, correlation: None }).await?;
        }
        self.told = now;
        Ok(())
    }

    async fn tell_discovery(&self, link: &Link) -> Result<(), Trouble> {
        if self.config.discovery.is_empty() {
            return Ok(());
        }
        let device = Device {
            id: self.parts.node.id().to_owned(),
            name: self.parts.node.name().to_string(),
            version: env!("CARGO_PKG_VERSION"),
            page: (self.parts.page)(),
            image: state::update(&self.parts).is_some(),
        };
        let payload = Bytes::from(discovery::payload(&device, &self.base, &self.config.allow).to_string());
        let topic = discovery::topic(&self.config.discovery, &device.id);
        link.publish(Outgoing { topic, payload, retain: true, surely: true, correlation: None }).await
    }

    async fn tell_system(&self, link: &Link) -> Result<(), Trouble> {
        let system = state::system(&self.parts).await;
        let payload = serde_json::to_vec(&system).map(Bytes::from).map_err(|_| Trouble::Ended)?;
        let topic = format!("{}/{}", self.base, mqtt::SYSTEM);
        link.publish(Outgoing { topic, payload, retain: true, surely: false, correlation: None }).await
    }

    /// Takes a command, and answers if that is wanted.
    async fn take(&mut self, link: &Link, message: Message) -> Result<(), Trouble> {
        let Some(topic) = message.topic.strip_prefix(&self.base).and_then(|topic| topic.strip_prefix('/')) else {
            return Ok(());
        };
        // A broker would press the button again at every connection.
        if message.retained {
            tracing::debug!("MQTT: a command that was retained is left out");
            return Ok(());
        }
        let request = topic.strip_prefix(REQUEST);
        let asked = Asked::read(&message.payload, request.is_some());
        let own = request.map(|name| (format!("{}/{RESPONSE}{name}", self.base), None));
        let answer = Answer { at: topic.to_owned(), to: message.answer.or(own), transaction: asked.transaction };
        let command = match self.pace.take(Instant::now().into_std()) {
            Ok(()) => Command::parse(topic, &asked.value, &self.config.allow).map_err(Problem::from),
            Err(_) => Err(Problem { kind: "too-fast", title: "There are too many commands at once.".into() }),
        };
        let done = match command {
            // It takes its five seconds, and everything else goes on meanwhile.
            Ok(command @ Command::Open(_)) => {
                let parts = self.parts.clone();
                self.opening.spawn(async move { (answer, state::act(&parts, command).await) });
                return Ok(());
            }
            Ok(Command::Refresh) => self.tell_all(link).await.map(Ok)?,
            Ok(command) => state::act(&self.parts, command).await,
            Err(problem) => Err(problem),
        };
        self.answer(link, answer, done).await
    }

    /// Says what became of a command.
    async fn answer(&mut self, link: &Link, answer: Answer, done: Result<(), Problem>) -> Result<(), Trouble> {
        let Answer { at, to, transaction } = answer;
        if let Err(problem) = &done {
            tracing::info!(kind = problem.kind, "MQTT: a command was refused");
            // Whoever showed the change already shows how it is.
            let current = at.strip_suffix("/set").and_then(|state| Some((state, self.told.messages().remove(state)?)));
            if let Some((state, text)) = current {
                self.say(link, state, text).await?;
            }
        }
        if let Some((topic, correlation)) = to {
            let mut said = match &done {
                Ok(()) => json!({ "ok": true }),
                Err(problem) => json!({ "ok": false, "problem": { "type": problem.kind, "title": problem.title } }),
            };
            if let Some(transaction) = transaction {
                said["transaction"] = transaction;
            }
            let payload = Bytes::from(said.to_string());
            link.publish(Outgoing { topic, payload, retain: false, surely: true, correlation }).await?;
        }
        self.tell_changes(link).await
    }
}

/// Where it is said what became of a command.
struct Answer {
    /// The topic of the command, below the device's.
    at: String,
    /// The topic of the answer, with what whoever asked knows it by.
    to: Option<(String, Option<Bytes>)>,
    /// The same where there is no such property.
    transaction: Option<Value>,
}

/// What a command or a request says.
struct Asked {
    value: String,
    transaction: Option<Value>,
}

impl Asked {
    /// A command's payload is its value; a request may be an object with `value` and `transaction`.
    fn read(payload: &[u8], request: bool) -> Self {
        let text = match payload.len() <= mqtt::LONGEST {
            true => String::from_utf8_lossy(payload).into_owned(),
            false => "too long".to_owned(),
        };
        let object = request.then(|| serde_json::from_str::<Value>(&text).ok()).flatten().filter(Value::is_object);
        let Some(object) = object else { return Self { value: text, transaction: None } };
        let value = match &object["value"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Bool(on) => (if *on { "ON" } else { "OFF" }).to_owned(),
            other => other.to_string(),
        };
        Self { value, transaction: object.get("transaction").cloned() }
    }
}

/// Why a command was not done, as whoever asked is told.
struct Problem {
    kind: &'static str,
    title: String,
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let kind = match invalid {
            Invalid::Topic => "unknown-op",
            Invalid::Value => "bad-value",
            Invalid::Opens | Invalid::Private => "not-permitted",
        };
        Self { kind, title: format!("Not done: {invalid}.") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_may_be_an_object_with_what_it_is_known_by() {
        let asked = Asked::read(br#"{"value": 40, "transaction": "a"}"#, true);
        assert_eq!((asked.value.as_str(), asked.transaction), ("40", Some("a".into())));
        assert_eq!(Asked::read(br#"{"value": true}"#, true).value, "ON");
        assert_eq!(Asked::read(b"{}", true).value, "");
        assert_eq!(Asked::read(b"{}", false).value, "{}");
        assert_eq!(Asked::read(b"PRESS", true).value, "PRESS");
        assert_eq!(Asked::read(&[0xff; 8], false).value.chars().count(), 8);
        assert_eq!(Asked::read(&[b'O'; mqtt::LONGEST + 1], false).value, "too long");
    }
}
