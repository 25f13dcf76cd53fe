//! HTTPS: the certificates that clients see, and where they come from. The home of rustls, rcgen and x509-parser.
//!
//! Without further words the box is its own certificate authority: `tls/ca.pem` in the state folder, made once and
//! constrained (RFC 5280 section 4.2.1.10, critical) to the names and addresses of [`crate::proto::lan`], so that
//! whoever trusts it trusts it with nothing else. It signs certificates of 90 days for the present names and addresses,
//! again when a third of their time is left and whenever a name or an address is new. A pair of files in the
//! configuration takes the place of all that; it is read again when it changes. Beside its own certificate the box may have one of an
//! authority outside, for names that somebody owns ([`acme`]). Connections that are open go on.
//!
//! Who listens, and what is served, is decided above.

pub mod acme;
mod actor;
mod authority;
mod choose;
mod config;
mod names;
mod pair;
#[cfg(test)]
mod tests;

pub use authority::Authority;
pub use config::Config;
pub use names::Names;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use actor::now;
use pair::Pair;

/// The folder for keys and certificates in the state folder.
const FOLDER: &str = "tls";
/// In it, for what an authority outside signed.
const ACME: &str = "acme";
/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What can go wrong, by what one can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A configured file can't be used.
    #[error("{key}: {}: {reason}", path.display())]
    Configured {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Only one of the two files is configured.
    #[error("https.certificate and https.key belong together: give both, or neither")]
    Half,
    /// The authority's file is damaged. It is left as it is, since people trust what it holds.
    #[error(
        "{} can't be used ({reason}); it was left untouched: restore a copy, or move it away and a new authority is made, \
         which every device has to be told to trust again",
        path.display()
    )]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A key or certificate can't be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What is known of certificates from outside can't be read.
    #[error("{} can't be read: {reason}", path.display())]
    Kept {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A certificate can't be made.
    #[error("a certificate can't be made: {0}")]
    Make(String),
}

impl Error {
    /// Whether the one who wrote the configuration has to act.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Configured { .. } | Self::Half)
    }
}

/// A connection after its handshake.
pub type Stream = tokio_rustls::server::TlsStream<TcpStream>;

/// What certificates are made from.
pub struct Source {
    /// The folder for what outlives the process.
    pub state: PathBuf,
    /// What people call the box; for the authority's name.
    pub called: String,
    /// The names and addresses of the box, now and whenever they change.
    pub names: watch::Receiver<Names>,
    /// What is asked of an authority outside, if anything is.
    pub plan: Option<acme::Plan>,
    /// The time to go by, in seconds since 1970 UTC: a board without a clock may have started long ago.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The box's own authority.
    Own,
    /// Files of the configuration.
    Configured,
    /// An authority outside.
    Acme,
}

/// What a certificate says, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Where it comes from.
    pub origin: Origin,
    /// Names and addresses.
    pub names: Vec<String>,
    /// Until when it is valid, in seconds since 1970 UTC.
    pub until: i64,
}

impl Certificate {
    fn of(origin: Origin, says: &names::Says) -> Self {
        let addresses = says.names.addresses.iter().map(ToString::to_string);
        Self { origin, names: says.names.hosts.iter().cloned().chain(addresses).collect(), until: says.until }
    }
}

/// Takes connections; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    config: Arc<ServerConfig>,
    present: watch::Receiver<Arc<Pair>>,
    authority: Option<Arc<Authority>>,
    acme: Option<acme::Handle>,
}

impl Handle {
    /// The handshake with a client.
    ///
    /// # Errors
    /// What the client or the network did, or that it took longer than ten seconds.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<Stream> {
        let mut config = self.config.clone();
        if let Some(acme) = &self.acme {
            let ends = (stream.local_addr()?.ip(), stream.peer_addr()?.ip());
            let both = Both { own: self.present.clone(), acme: acme.clone(), ends };
            Arc::make_mut(&mut config).cert_resolver = Arc::new(both);
        }
        let handshake = TlsAcceptor::from(config).accept(stream);
        tokio::time::timeout(HANDSHAKE, handshake).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// The box's own authority; `None` with a configured certificate.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_deref()
    }

    /// The certificates that clients are shown: that of an authority outside first, if there is a valid one.
    pub fn certificates(&self) -> Vec<Certificate> {
        let outside = self.acme.as_ref().and_then(acme::Handle::certificate).filter(|pair| pair.says.until > now());
        let origin = if self.authority.is_some() { Origin::Own } else { Origin::Configured };
        let own = Certificate::of(origin, &self.present.borrow().says);
        outside.iter().map(|pair| Certificate::of(Origin::Acme, &pair.says)).chain([own]).collect()
    }

    /// How it goes with an authority outside; `None` if none is asked.
    pub fn acme(&self) -> Option<&acme::Handle> {
        self.acme.as_ref()
    }
}

/// Whether the configured files can be used, for those who only want to know. Blocks.
///
/// # Errors
/// [`Error::Configured`] and [`Error::Half`].
pub fn check(config: &Config) -> Result<(), Error> {
    actor::configured(config)?.map(|files| files.read()).transpose().map(drop)
}

/// Reads or makes what is needed, and keeps it fresh until `stop`.
///
/// # Errors
/// All of [`Error`].
pub async fn start(
    config: &Config,
    source: Source,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Result<Handle, Error> {
    let files = actor::configured(config)?;
    let acme = match &source.plan {
        Some(plan) => {
            let folder = folder(&source.state).join(ACME);
            Some(acme::start(plan.clone(), folder, tasks, stop.clone()).await?)
        }
        None => None,
    };
    let (keeper, present) = match files {
        Some(files) => actor::Keeper::of_files(files).await?,
        None => actor::Keeper::of_authority(source).await?,
    };
    let authority = keeper.authority().cloned().map(Arc::new);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Make(error.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Present(present.clone())));
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    tasks.spawn(keeper.run(stop));
    Ok(Handle { config: Arc::new(server), present, authority, acme })
}

/// The certificate of the moment: the next handshake sees the next one.
struct Present(watch::Receiver<Arc<Pair>>);

impl ResolvesServerCert for Present {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.borrow().key.clone())
    }
}

impl fmt::Debug for Present {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Present")
    }
}

/// The same, for one client, where there may be one from outside as well.
struct Both {
    own: watch::Receiver<Arc<Pair>>,
    acme: acme::Handle,
    /// The addresses of the box and of the client.
    ends: (IpAddr, IpAddr),
}

impl ResolvesServerCert for Both {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let (here, there) = self.ends;
        let client = choose::Client { name: hello.server_name(), here, there };
        let outside = self.acme.certificate().filter(|pair| choose::is_for(&pair.says, client, now()));
        Some(outside.unwrap_or_else(|| self.own.borrow().clone()).key.clone())
    }
}

impl fmt::Debug for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Both")
    }
}

fn folder(state: &Path) -> PathBuf {
    state.join(FOLDER)
}
