//! The one UDP socket of all peers.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;

use super::{Config, Error};

/// Largest datagram read. Ours and browsers' stay below 1 500 bytes; longer ones are cut and then refused.
const DATAGRAM: usize = 2048;
/// Bytes the kernel may hold for us in each direction: half a second of 30 Mbit/s.
const KERNEL_BUFFER: usize = 2 << 20;

/// One address of ours that browsers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    /// Where the outside reaches us.
    pub(super) outside: SocketAddr,
    /// The address of this machine behind it.
    pub(super) base: SocketAddr,
}

pub(super) struct Socket {
    socket: std::net::UdpSocket,
    local: SocketAddr,
    pub(super) addresses: Vec<Address>,
}

impl Socket {
    pub(super) fn bind(config: &Config) -> Result<Self, Error> {
        let failed = |error| Error::Bind(config.listen, error);
        let socket = std::net::UdpSocket::bind(config.listen).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let addresses = addresses(local, &config.announce);
        if addresses.is_empty() {
            return Err(Error::NoAddress);
        }
        Ok(Self { socket, local, addresses })
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Hands the socket to the runtime of the current thread.
    pub(super) fn watch(self) -> io::Result<Watched> {
        let state = UdpSocketState::new((&self.socket).into())?;
        // A smaller buffer than asked for works too.
        let _ = state.set_recv_buffer_size((&self.socket).into(), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size((&self.socket).into(), KERNEL_BUFFER);
        let room = DATAGRAM * state.gro_segments();
        Ok(Watched {
            socket: tokio::net::UdpSocket::from_std(self.socket)?,
            state,
            base: self.addresses[0].base,
            buffers: vec![vec![0; room]; BATCH_SIZE],
            meta: vec![RecvMeta::default(); BATCH_SIZE],
        })
    }
}

/// The addresses to tell browsers for a socket bound to `local`.
fn addresses(local: SocketAddr, announce: &[IpAddr]) -> Vec<Address> {
    let mut own: Vec<SocketAddr> = if local.ip().is_unspecified() {
        nix::ifaddrs::getifaddrs()
            .into_iter()
            .flatten()
            .filter_map(|interface| {
                let address = interface.address?;
                let ip = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
                    (Some(v4), _) => IpAddr::V4(v4.ip()),
                    // Link-local IPv6 needs a zone, which a candidate can't name.
                    (_, Some(v6)) if !v6.ip().is_unicast_link_local() => IpAddr::V6(v6.ip()),
                    _ => return None,
                };
                (ip.is_ipv4() == local.is_ipv4() && !ip.is_loopback()).then(|| SocketAddr::new(ip, local.port()))
            })
            .collect()
    } else {
        vec![local]
    };
    own.dedup();
    let Some(&first) = own.first() else {
        return Vec::new();
    };
    let outside = announce
        .iter()
        .filter(|ip| ip.is_ipv4() == first.is_ipv4())
        .map(|&ip| Address { outside: SocketAddr::new(ip, local.port()), base: first });
    own.iter().map(|&address| Address { outside: address, base: address }).chain(outside).collect()
}

pub(super) struct Watched {
    socket: tokio::net::UdpSocket,
    state: UdpSocketState,
    base: SocketAddr,
    buffers: Vec<Vec<u8>>,
    meta: Vec<RecvMeta>,
}

impl Watched {
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Reads one batch and gives each datagram with where it came from and which address of ours it came to.
    pub(super) fn read(&mut self, mut each: impl FnMut(SocketAddr, SocketAddr, &[u8])) {
        let Self { socket, state, base, buffers, meta } = self;
        let mut slices: Vec<IoSliceMut<'_>> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        let read = socket.try_io(Interest::READABLE, || state.recv((&*socket).into(), &mut slices, meta));
        let count = match read {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(error) => return tracing::debug!(%error, "reading from the UDP port failed"),
        };
        for (buffer, meta) in buffers.iter().zip(meta.iter()).take(count) {
            let to = meta.dst_ip.map_or(*base, |ip| SocketAddr::new(ip, base.port()));
            for datagram in buffer[..meta.len.min(buffer.len())].chunks(meta.stride.max(1)) {
                each(meta.addr, to, datagram);
            }
        }
    }

    /// Sends one datagram, or loses it when the kernel's buffer is full, as networks do.
    pub(super) fn send(&self, from: SocketAddr, to: SocketAddr, contents: &[u8]) {
        let src_ip = (!from.ip().is_unspecified()).then_some(from.ip());
        let transmit = Transmit { destination: to, ecn: None, contents, segment_size: None, src_ip };
        let sent = self.socket.try_io(Interest::WRITABLE, || self.state.try_send((&self.socket).into(), &transmit));
        if let Err(error) = sent {
            tracing::trace!(%error, "a datagram was not sent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announced_addresses_stand_before_one_of_ours() {
        let local: SocketAddr = "127.0.0.1:9".parse().expect("an address");
        let got = addresses(local, &["203.0.113.5".parse().expect("an address"), "::1".parse().expect("an address")]);
        let outside = "203.0.113.5:9".parse().expect("an address");
        assert_eq!(got, [Address { outside: local, base: local }, Address { outside, base: local }]);
    }

    #[test]
    fn a_wildcard_leaves_loopback_out() {
        let got = addresses("0.0.0.0:9".parse().expect("an address"), &[]);
        assert!(got.iter().all(|a| !a.outside.ip().is_loopback() && a.outside.is_ipv4()));
    }
}
