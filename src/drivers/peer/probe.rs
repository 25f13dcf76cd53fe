//! A connection of the box with itself, through one of the ways that browsers are told: ICE and DTLS as a browser does them.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::{Candidate, Event as Engine, Input, Output, Rtc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;

use super::server::{EVENTS, Error, Handle, Terms, Way};
use crate::model::id::PeerId;
use crate::proto::ice::Transport;
use crate::proto::ice::framing::{self, Deframer, LONGEST};

/// How long a connection may take. At home it takes milliseconds; a question that gets lost is asked again.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Nothing came back in time.
    #[error("nothing came back")]
    Silent,
    /// The kernel knows no way there, or the other side refuses.
    #[error(transparent)]
    Network(#[from] io::Error),
    /// The peers' worker takes no more, or has ended.
    #[error(transparent)]
    Peers(#[from] Error),
    /// The engine could not go on.
    #[error("the connection broke off: {0}")]
    Engine(String),
}

/// Connects through this way alone, as the peer of this id, which must be new; says how long it took.
///
/// # Errors
/// All of [`Failed`].
pub async fn connect(peers: &Handle, id: PeerId, way: &Way) -> Result<Duration, Failed> {
    let connected = tokio::time::timeout(PATIENCE, run(peers, id, way)).await;
    // One that never came to be needs no end.
    let _ = peers.close(id).await;
    connected.unwrap_or(Err(Failed::Silent))
}

/// What carries the packets.
enum Line {
    Udp(UdpSocket),
    Tcp(Box<(TcpStream, Deframer)>),
}

impl Line {
    async fn open(way: &Way) -> io::Result<(Self, SocketAddr)> {
        match way.transport {
            Transport::Udp => {
                let any: SocketAddr = if way.outside.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
                let route = UdpSocket::bind(any).await?;
                route.connect(way.outside).await?;
                // Bound, and not connected: what comes from elsewhere shall be seen to come from there.
                let socket = UdpSocket::bind((route.local_addr()?.ip(), 0)).await?;
                let local = socket.local_addr()?;
                Ok((Self::Udp(socket), local))
            }
            Transport::Tcp => {
                let stream = TcpStream::connect(way.outside).await?;
                stream.set_nodelay(true)?;
                let local = stream.local_addr()?;
                Ok((Self::Tcp(Box::new((stream, Deframer::default()))), local))
            }
        }
    }

    async fn send(&mut self, to: SocketAddr, packet: &[u8]) -> io::Result<()> {
        match self {
            Self::Udp(socket) => socket.send_to(packet, to).await.map(drop),
            Self::Tcp(line) => {
                let head = framing::head(packet.len()).unwrap_or_default();
                line.0.write_all(&[&head, packet].concat()).await
            }
        }
    }

    /// The next packet, and whence it came. May be dropped at any time.
    async fn receive(&mut self, from: SocketAddr, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (stream, deframer) = match self {
            Self::Udp(socket) => return socket.recv_from(buffer).await,
            Self::Tcp(line) => (&mut line.0, &mut line.1),
        };
        loop {
            match deframer.packet().map_err(io::Error::other)? {
                Some(packet) => {
                    buffer[..packet.len()].copy_from_slice(packet);
                    return Ok((packet.len(), from));
                }
                None => match stream.read(deframer.room()).await? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => deframer.filled(count),
                },
            }
        }
    }
}

async fn run(peers: &Handle, id: PeerId, way: &Way) -> Result<Duration, Failed> {
    let begun = Instant::now();
    let engine = |error: &dyn std::fmt::Display| Failed::Engine(error.to_string());
    let (mut line, local) = Line::open(way).await?;
    let (protocol, builder) = match way.transport {
        Transport::Udp => (Protocol::Udp, Candidate::builder().udp().host(local).build()),
        Transport::Tcp => (Protocol::Tcp, Candidate::builder().tcp().host(local).tcptype(TcpType::Active).build()),
    };
    let mut rtc = Rtc::builder().build(begun);
    rtc.add_local_candidate(builder.map_err(|error| engine(&error))?);
    let mut change = rtc.sdp_api();
    change.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
    let (offer, pending) = change.apply().ok_or_else(|| engine(&"there is nothing to offer"))?;
    // The box shall not find a way of its own: it answers where the question came from.
    let offer = without_candidates(&offer.to_sdp_string(), |_| false);
    let (events, _happens) = mpsc::channel(EVENTS);
    let answer = peers.offer(id, offer, Terms::VIEWER, &events).await?;
    let (transport, at) = (format!(" {protocol} "), format!(" {} {} typ ", way.outside.ip(), way.outside.port()));
    let answer = without_candidates(&answer.sdp, |line| line.contains(&transport) && line.contains(&at));
    let answer = SdpAnswer::from_sdp_string(&answer).map_err(|error| engine(&error))?;
    rtc.sdp_api().accept_answer(pending, answer).map_err(|error| engine(&error))?;
    let mut buffer = [0; LONGEST];
    loop {
        let until = loop {
            match rtc.poll_output().map_err(|error| engine(&error))? {
                Output::Timeout(at) => break at,
                Output::Transmit(packet) if packet.destination == way.outside => {
                    line.send(packet.destination, &packet.contents).await?;
                }
                Output::Event(Engine::Connected) => return Ok(begun.elapsed()),
                Output::Transmit(_) | Output::Event(_) => {}
            }
        };
        let input = tokio::select! {
            received = line.receive(way.outside, &mut buffer) => match received {
                Ok((length, from)) if from == way.outside => {
                    let Ok(receive) = Receive::new(protocol, from, local, &buffer[..length]) else { continue };
                    Input::Receive(Instant::now(), receive)
                }
                // It came another way: that one works, this one is not known to.
                Ok(_) => continue,
                Err(error) => return Err(error.into()),
            },
            () = tokio::time::sleep_until(until.into()) => Input::Timeout(Instant::now()),
        };
        rtc.handle_input(input).map_err(|error| engine(&error))?;
    }
}

/// A session description with those candidates only.
fn without_candidates(sdp: &str, keep: impl Fn(&str) -> bool) -> String {
    sdp.split_inclusive('\n').filter(|line| !line.starts_with("a=candidate:") || keep(line)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::watch;

    use super::*;
    use crate::drivers::peer::server::{Config, start};
    use crate::model::time::Timeline;

    #[tokio::test]
    async fn the_box_reaches_itself_by_datagrams_and_by_connections_and_nowhere_else() {
        let config = Config { listen: "127.0.0.1:0".parse().expect("an address"), ..Config::default() };
        let timeline = Timeline::new(Instant::now(), 0, 0);
        let (peers, _thread) = start(&config, timeline, watch::channel(Arc::default()).1).expect("loopback has ports");
        let (ways, _) = peers.ways().await.expect("the worker runs");
        let transports: Vec<Transport> = ways.iter().map(|way| way.transport).collect();
        assert_eq!(transports, [Transport::Udp, Transport::Tcp]);
        for (number, way) in (0..).zip(&ways) {
            let took = connect(&peers, PeerId::from_bytes([number; 10]), way).await;
            assert!(took.as_ref().is_ok_and(|took| *took < PATIENCE), "{way:?}: {took:?}");
        }
        // Nobody is at the other end of this one.
        let nobody = UdpSocket::bind("127.0.0.1:0").await.expect("loopback has ports");
        let elsewhere = Way { outside: nobody.local_addr().expect("it is bound"), ..ways[0] };
        assert!(matches!(connect(&peers, PeerId::from_bytes([7; 10]), &elsewhere).await, Err(Failed::Silent)));
        let reports = peers.reports().await.expect("the worker runs");
        assert!(reports.is_empty(), "a peer is left");
    }
}
