//! One connection to a broker, by MQTT 5 or 3.1.1. The home of rumqttc.
//!
//! It is made once and not again: who uses it makes another when it is lost, so that nothing of the one before waits in it.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::config::Broker;
use crate::proto::mqtt::{LONGEST, Trouble};

/// Messages that wait for the broker; whoever sends more waits.
const OUTGOING: usize = 64;
/// Messages from the broker that wait for us; it waits when there are more.
const INCOMING: usize = 64;
/// How long a message may wait for its place.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long saying good-bye may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// The other side is asked whether it is there so often, in seconds.
const KEEP_ALIVE: u16 = 30;
/// How long a lost box is not yet said to be gone, in seconds: a connection that comes back at once is no news.
const WILL_DELAY: u32 = 5;
/// Largest packet that is read, in bytes: topic, payload, properties.
const LARGEST: usize = LONGEST + 2048;
/// Largest packet that is sent, in bytes: what Home Assistant is told is one.
const LARGEST_SENT: usize = 64 * 1024;

/// Which MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// MQTT 5.
    Five,
    /// MQTT 3.1.1.
    Three,
}

impl Version {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Five => Self::Three,
            Self::Three => Self::Five,
        }
    }
}

/// A message that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// It was there before we were.
    pub retained: bool,
    /// Where an answer is wanted, and by what it is known.
    pub answer: Option<(String, Option<Bytes>)>,
}

/// What comes of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// The broker has taken it.
    Connected,
    /// Somebody said something.
    Message(Message),
    /// It is over.
    Lost(Trouble),
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// Kept by the broker for those who come later.
    pub retain: bool,
    /// Sent again until the broker has it.
    pub surely: bool,
    /// By what an answer is known.
    pub correlation: Option<Bytes>,
}

enum Client {
    Five(mqtt5::AsyncClient),
    Three(mqtt4::AsyncClient),
}

/// See the module.
pub struct Link {
    client: Client,
    incoming: mpsc::Receiver<Incoming>,
    tasks: JoinSet<()>,
}

impl Link {
    /// Begins to connect. `will` is what the broker says at that topic when the box is lost.
    pub fn open(version: Version, broker: &Broker, id: &str, will: (&str, &str)) -> Self {
        let (told, incoming) = mpsc::channel(INCOMING);
        let mut tasks = JoinSet::new();
        let client = match version {
            Version::Five => {
                let (client, events) = five(broker, id, will);
                tasks.spawn(follow_five(events, told));
                Client::Five(client)
            }
            Version::Three => {
                let (client, events) = three(broker, id, will);
                tasks.spawn(follow_three(events, told));
                Client::Three(client)
            }
        };
        Self { client, incoming, tasks }
    }

    /// What comes next. After [`Incoming::Lost`] nothing does. May be dropped and called again.
    pub async fn next(&mut self) -> Incoming {
        self.incoming.recv().await.unwrap_or(Incoming::Lost(Trouble::Ended))
    }

    /// Asks for what is said at these topics.
    ///
    /// # Errors
    /// [`Trouble::Ended`].
    pub async fn subscribe(&self, filter: String) -> Result<(), Trouble> {
        let asked = async {
            match &self.client {
                Client::Five(client) => {
                    client.subscribe(filter, mqtt5::mqttbytes::QoS::AtLeastOnce).await.map_err(|_| Trouble::Ended)
                }
                Client::Three(client) => {
                    client.subscribe(filter, mqtt4::QoS::AtLeastOnce).await.map_err(|_| Trouble::Ended)
                }
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(Trouble::Ended))
    }

    /// Sends a message, as soon as there is room for it.
    ///
    /// # Errors
    /// [`Trouble::Ended`].
    pub async fn publish(&self, message: Outgoing) -> Result<(), Trouble> {
        let Outgoing { topic, payload, retain, surely, correlation } = message;
        let sent = async {
            match &self.client {
                Client::Five(client) => {
                    let options = match surely {
                        true => mqtt5::PublishOptions::at_least_once(),
                        false => mqtt5::PublishOptions::at_most_once(),
                    };
                    let options = if retain { options.retained() } else { options };
                    let options = match correlation {
                        Some(data) => options.properties(mqtt5::mqttbytes::v5::PublishProperties {
                            correlation_data: Some(data),
                            ..Default::default()
                        }),
                        None => options,
                    };
                    client.publish(topic, payload, options).await.map_err(|_| Trouble::Ended)
                }
                Client::Three(client) => {
                    let options = mqtt4::PublishOptions::new(match surely {
                        true => mqtt4::QoS::AtLeastOnce,
                        false => mqtt4::QoS::AtMostOnce,
                    });
                    let options = if retain { options.retained() } else { options };
                    client.publish(topic, payload, options).await.map_err(|_| Trouble::Ended)
                }
            }
        };
        tokio::time::timeout(PATIENCE, sent).await.unwrap_or(Err(Trouble::Ended))
    }

    /// Ends it, after what was sent has gone out.
    pub async fn close(mut self) {
        let parted = async {
            // What is left after that is of no use to anybody.
            let _ = match &self.client {
                Client::Five(client) => client.disconnect_with_timeout(FAREWELL).await.map_err(drop),
                Client::Three(client) => client.disconnect_with_timeout(FAREWELL).await.map_err(drop),
            };
            while !matches!(self.incoming.recv().await, None | Some(Incoming::Lost(_))) {}
        };
        let _ = tokio::time::timeout(FAREWELL, parted).await;
        self.tasks.shutdown().await;
    }
}

fn five(broker: &Broker, id: &str, (topic, said): (&str, &str)) -> (mqtt5::AsyncClient, mqtt5::EventLoop) {
    use mqtt5::mqttbytes::{QoS, v5};
    let mut options = mqtt5::MqttOptions::new(id, (broker.host.as_str(), broker.port));
    options.set_keep_alive(KEEP_ALIVE);
    options.set_max_packet_size(Some(LARGEST as u32));
    options.set_incoming_packet_size_limit(mqtt5::IncomingPacketSizeLimit::Bytes(LARGEST as u32));
    let delay = v5::LastWillProperties {
        delay_interval: Some(WILL_DELAY),
        payload_format_indicator: None,
        message_expiry_interval: None,
        content_type: None,
        response_topic: None,
        correlation_data: None,
        user_properties: Vec::new(),
    };
    // A will is delayed no longer than the session lasts.
    options.set_session_expiry_interval(Some(WILL_DELAY));
    options.set_last_will(v5::LastWill::new(topic, said, QoS::AtLeastOnce, true, Some(delay)));
    if let Some(config) = broker.tls.clone() {
        options.set_transport(mqtt5::Transport::tls_with_config(mqtt5::TlsConfiguration::Rustls(config)));
    }
    match &broker.login {
        Some((user, Some(password))) => drop(options.set_credentials(user, Bytes::from(password.reveal().to_owned()))),
        Some((user, None)) => drop(options.set_username(user)),
        None => {}
    }
    mqtt5::AsyncClient::builder(options).capacity(OUTGOING).build()
}

fn three(broker: &Broker, id: &str, (topic, said): (&str, &str)) -> (mqtt4::AsyncClient, mqtt4::EventLoop) {
    let mut options = mqtt4::MqttOptions::new(id, (broker.host.as_str(), broker.port));
    options.set_keep_alive(KEEP_ALIVE);
    options.set_max_packet_size(LARGEST, LARGEST_SENT);
    options.set_last_will(mqtt4::LastWill::new(topic, said, mqtt4::QoS::AtLeastOnce, true));
    if let Some(config) = broker.tls.clone() {
        options.set_transport(mqtt4::Transport::tls_with_config(mqtt4::TlsConfiguration::Rustls(config)));
    }
    if let Some((user, password)) = &broker.login {
        let password = password.as_ref().map(|password| password.reveal().to_owned()).unwrap_or_default();
        options.set_credentials(user, Bytes::from(password));
    }
    mqtt4::AsyncClient::builder(options).capacity(OUTGOING).build()
}

async fn follow_five(mut events: mqtt5::EventLoop, told: mpsc::Sender<Incoming>) {
    use mqtt5::mqttbytes::v5::ConnectReturnCode as Code;
    use mqtt5::{ConnectionError, Event};
    let mut connected = false;
    loop {
        let news = match events.poll().await {
            Ok(Event::Incoming(mqtt5::Incoming::ConnAck(_))) => {
                connected = true;
                Incoming::Connected
            }
            Ok(Event::Incoming(mqtt5::Incoming::Publish(message))) => {
                let properties = message.properties.unwrap_or_default();
                Incoming::Message(Message {
                    topic: String::from_utf8_lossy(&message.topic).into_owned(),
                    payload: message.payload,
                    retained: message.retain,
                    answer: properties.response_topic.map(|topic| (topic, properties.correlation_data)),
                })
            }
            Ok(_) => continue,
            Err(error) => {
                tracing::debug!(%error, "the connection to the broker is over");
                Incoming::Lost(match error {
                    ConnectionError::ConnectionRefused(Code::BadUserNamePassword | Code::NotAuthorized) => {
                        Trouble::Login
                    }
                    ConnectionError::ConnectionRefused(
                        Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion,
                    ) => Trouble::Version,
                    ConnectionError::ConnectionRefused(_) => Trouble::Refused,
                    ConnectionError::Tls(_) => Trouble::Tls,
                    // Some of those that know nothing of it just hang up.
                    ConnectionError::Io(error) if !connected && is_hang_up(&error) => Trouble::Version,
                    ConnectionError::Io(_) | ConnectionError::Timeout(_) if !connected => Trouble::Unreachable,
                    // What it said before it took the connection was not MQTT 5.
                    _ if !connected => Trouble::Version,
                    _ => Trouble::Ended,
                })
            }
        };
        let over = matches!(news, Incoming::Lost(_));
        if told.send(news).await.is_err() || over {
            return;
        }
    }
}

/// Whether the other side was there and ended the connection.
fn is_hang_up(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::UnexpectedEof | Kind::BrokenPipe)
}

async fn follow_three(mut events: mqtt4::EventLoop, told: mpsc::Sender<Incoming>) {
    use mqtt4::{ConnectReturnCode as Code, ConnectionError, Event};
    let mut connected = false;
    loop {
        let news = match events.poll().await {
            Ok(Event::Incoming(mqtt4::Incoming::ConnAck(_))) => {
                connected = true;
                Incoming::Connected
            }
            Ok(Event::Incoming(mqtt4::Incoming::Publish(message))) => Incoming::Message(Message {
                topic: String::from_utf8_lossy(&message.topic).into_owned(),
                payload: message.payload,
                retained: message.retain,
                answer: None,
            }),
            Ok(_) => continue,
            Err(error) => {
                tracing::debug!(%error, "the connection to the broker is over");
                Incoming::Lost(match error {
                    ConnectionError::ConnectionRefused(Code::BadUserNamePassword | Code::NotAuthorized) => {
                        Trouble::Login
                    }
                    ConnectionError::ConnectionRefused(Code::RefusedProtocolVersion) => Trouble::Version,
                    ConnectionError::ConnectionRefused(_) => Trouble::Refused,
                    ConnectionError::Tls(_) => Trouble::Tls,
                    _ if !connected => Trouble::Unreachable,
                    _ => Trouble::Ended,
                })
            }
        };
        let over = matches!(news, Incoming::Lost(_));
        if told.send(news).await.is_err() || over {
            return;
        }
    }
}
