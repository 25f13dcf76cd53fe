//! Ports that the service manager has opened for the daemon (sd_listen_fds(3)): those below 1024 without a privilege, and ports
//! at which whoever comes during a restart waits instead of being refused.

use std::net::TcpListener;

use anyhow::Context;
use listenfd::ListenFd;
use nix::sys::socket::{getsockopt, sockopt};

use crate::config;

/// What the plain port is called (`FileDescriptorName=`).
pub(super) const HTTP: &str = "http";
/// What the secure port is called.
pub(super) const HTTPS: &str = "https";

/// The ports that were handed over, each with its name.
pub struct Inherited(Vec<(String, TcpListener)>);

impl Inherited {
    /// Takes what the environment names, and takes it out of the environment. Call once, before there is a second thread.
    ///
    /// # Errors
    /// When something is no TCP socket that listens: what to change.
    pub fn take() -> anyhow::Result<Self> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut given = ListenFd::from_env();
        let mut sockets = Vec::new();
        for at in 0..given.len() {
            let name = names.next().filter(|name| !name.is_empty()).unwrap_or("unknown");
            let refused = |why: &str| {
                config::Error::Refused(format!(
                    "the service manager hands over {name:?}, which is {why}: give ListenStream= a port, and no Accept="
                ))
            };
            let socket = given.take_tcp_listener(at).map_err(|_| refused("no TCP socket"))?;
            let socket = socket.context("it is taken once")?;
            if !getsockopt(&socket, sockopt::AcceptConn).unwrap_or(false) {
                return Err(refused("no port that is open").into());
            }
            sockets.push((name.to_owned(), socket));
        }
        Ok(Self(sockets))
    }

    /// Whether nothing was handed over.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The port of this name, if there is one.
    ///
    /// # Errors
    /// When there are several: a door is one port, and whoever comes to another would wait for ever.
    pub(super) fn door(&mut self, name: &str) -> Result<Option<TcpListener>, config::Error> {
        let mut named = self.0.extract_if(.., |(called, _)| called == name);
        let door = named.next().map(|(_, socket)| socket);
        match named.next() {
            None => Ok(door),
            Some(_) => Err(config::Error::Refused(format!(
                "the service manager hands over several ports named {name:?}: leave one ListenStream= in its socket unit"
            ))),
        }
    }

    /// Closes what is left, and says so.
    pub(super) fn close(self) {
        for (name, socket) in self.0 {
            let address = socket.local_addr().ok();
            tracing::warn!(
                name,
                ?address,
                "nothing is served at this port that the service manager opened: turn its socket unit off"
            );
        }
    }
}
