//! The one UDP port of all peers, and that of connections beside it: how they are opened.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use quinn_udp::UdpSocketState;
use tokio::sync::{mpsc, watch};

use super::ways::Ways;
use super::{Config, Error};

/// Bytes the kernel may hold for us in each direction: half a second of 30 Mbit/s.
const KERNEL_BUFFER: usize = 2 << 20;
/// Ports that are tried when any will do.
const FREE_PORTS: u32 = 16;

pub(super) struct Socket {
    pub(super) socket: std::net::UdpSocket,
    pub(super) listener: Option<std::net::TcpListener>,
    pub(super) handed: mpsc::Receiver<std::net::TcpStream>,
    pub(super) local: SocketAddr,
    pub(super) stun: Vec<String>,
    pub(super) ways: Ways,
}

impl Socket {
    /// Opens the ports. `network` has the addresses of the box's interfaces, for sockets that are bound to all of them;
    /// `handed` are connections that other doors take.
    pub(super) fn bind(
        config: &Config,
        network: watch::Receiver<Arc<[IpAddr]>>,
        handed: mpsc::Receiver<std::net::TcpStream>,
    ) -> Result<Self, Error> {
        let (socket, listener) = open_both(config)?;
        let failed = |error| Error::Bind(config.listen, error);
        socket.set_nonblocking(true).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let tcp = listener.as_ref().map(|listener| {
            listener.set_nonblocking(true)?;
            listener.local_addr()
        });
        let ways = Ways {
            udp: local,
            tcp: tcp.transpose().map_err(failed)?,
            doors: Vec::new(),
            announce: config.announce.clone(),
            mapped: Vec::new(),
            network,
        };
        if ways.now(std::iter::empty()).is_empty() {
            tracing::warn!("no network yet: nobody can be called before the box has an address");
        }
        Ok(Self { socket, listener, handed, local, stun: config.stun.clone(), ways })
    }

    /// What is known of the socket's abilities; makes its buffers large.
    pub(super) fn prepare(&self) -> io::Result<Arc<UdpSocketState>> {
        let state = UdpSocketState::new((&self.socket).into())?;
        // A smaller buffer than asked for works too.
        let _ = state.set_recv_buffer_size((&self.socket).into(), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size((&self.socket).into(), KERNEL_BUFFER);
        Ok(Arc::new(state))
    }
}

/// Opens the port of datagrams, and that of connections with the same number. A number that the kernel chooses may be taken
/// for connections.
fn open_both(config: &Config) -> Result<(std::net::UdpSocket, Option<std::net::TcpListener>), Error> {
    let mut tries = if config.listen.port() == 0 { FREE_PORTS } else { 1 };
    loop {
        tries -= 1;
        let socket = open(config.listen).map_err(|error| Error::Bind(config.listen, error))?;
        if !config.tcp {
            return Ok((socket, None));
        }
        let local = socket.local_addr().map_err(|error| Error::Bind(config.listen, error))?;
        match std::net::TcpListener::bind(local) {
            Ok(listener) => return Ok((socket, Some(listener))),
            Err(error) if tries == 0 => return Err(Error::BindTcp(local, error)),
            Err(_) => {}
        }
    }
}

/// Opens the port. `[::]` is every address, of IPv4 too, and IPv4 alone where the kernel has no IPv6.
fn open(listen: SocketAddr) -> io::Result<std::net::UdpSocket> {
    match std::net::UdpSocket::bind(listen) {
        Err(error)
            if listen.is_ipv6()
                && listen.ip().is_unspecified()
                && !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) =>
        {
            std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, listen.port()))
        }
        opened => opened,
    }
}
