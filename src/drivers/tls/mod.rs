//! HTTPS: the certificate that clients see, and where it comes from. The home of rustls, rcgen and x509-parser.
//!
//! Without further words the box is its own certificate authority: `tls/ca.pem` in the state folder, made once and
//! constrained (RFC 5280 section 4.2.1.10, critical) to the names and addresses of [`crate::proto::lan`], so that
//! whoever trusts it trusts it with nothing else. It signs certificates of 90 days for the present names and addresses,
//! again when a third of their time is left and whenever a name or an address is new. A pair of files in the
//! configuration takes the place of all that; it is read again when it changes. Connections that are open go on.
//!
//! Who listens, and what is served, is decided above.

mod actor;
mod authority;
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

/// The folder for keys and certificates in the state folder.
const FOLDER: &str = "tls";
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
}

/// Takes connections; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    acceptor: TlsAcceptor,
    authority: Option<Arc<Authority>>,
}

impl Handle {
    /// The handshake with a client.
    ///
    /// # Errors
    /// What the client or the network did, or that it took longer than ten seconds.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<Stream> {
        tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream)).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// The box's own authority; `None` with a configured certificate.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_deref()
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
        .with_cert_resolver(Arc::new(Present(present)));
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    tasks.spawn(keeper.run(stop));
    Ok(Handle { acceptor: TlsAcceptor::from(Arc::new(server)), authority })
}

/// The certificate of the moment: the next handshake sees the next one.
struct Present(watch::Receiver<Arc<CertifiedKey>>);

impl ResolvesServerCert for Present {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.borrow().clone())
    }
}

impl fmt::Debug for Present {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Present")
    }
}

fn folder(state: &Path) -> PathBuf {
    state.join(FOLDER)
}
