//! Asking other servers by HTTP, one request on a connection of its own.
//!
//! Certificates are held to what the system trusts. Without TLS nothing goes out of the local network. Everything ends in time, and no
//! answer is read further than its caller says.

mod download;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderMap};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Url;

use crate::proto::lan;

pub use download::{Download, is_address, page};

/// How long a connection to one address of the server may take, and how many are tried.
const CONNECT: Duration = Duration::from_secs(3);
const TRIES: usize = 3;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// Nobody knows a server of this name.
    #[error("nobody knows a server of this name")]
    Name,
    /// Without TLS, and not in the local network.
    #[error("it is not in the local network, and the connection would not be encrypted")]
    Open,
    /// Nothing listens at this port.
    #[error("nothing listens there")]
    Refused,
    /// There is no way to the server.
    #[error("there is no way to the server")]
    Unreachable,
    /// Nobody answers in time.
    #[error("nobody answers")]
    Silent,
    /// The server's certificate can't be trusted.
    #[error("the certificate can't be trusted")]
    Certificate,
    /// The server speaks no TLS here.
    #[error("it speaks no TLS there")]
    NotTls,
    /// It answers something else.
    #[error("it answers something else")]
    Odd,
}

/// What a server is asked.
#[derive(Debug)]
pub struct Asked<'a> {
    /// How.
    pub method: Method,
    /// Of what.
    pub url: &'a Url,
    /// Beside the host's.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Bytes,
    /// Whom to trust beside those whom the system trusts: PEM.
    pub authority: Option<&'a [u8]>,
}

/// Asks. `done` is handed the answer while the connection stands.
///
/// # Errors
/// All of [`Failed`] but [`Failed::Silent`] of a server that took the connection: how long that may take is for the caller to say.
pub async fn request<T, E: From<Failed>>(
    asked: Asked<'_>,
    done: impl AsyncFnOnce(Response<Incoming>) -> Result<T, E>,
) -> Result<T, E> {
    // It ends with this function.
    let mut tasks = JoinSet::new();
    done(answer(asked, &mut tasks).await?).await
}

/// Asks. The connection stands as long as its task does.
async fn answer(asked: Asked<'_>, tasks: &mut JoinSet<()>) -> Result<Response<Incoming>, Failed> {
    let url = asked.url;
    let at = resolve(url).await?;
    let host = url.host_str().ok_or(Failed::Odd)?;
    let stream = open(&at).await?;
    let request = Request::builder().method(asked.method).uri(target(url)).header(HOST, authority(url, host));
    let mut request = request.body(Full::new(asked.body)).map_err(|_| Failed::Odd)?;
    request.headers_mut().extend(asked.headers);
    match url.scheme() {
        "https" => {
            let stream = secured(stream, host.trim_matches(['[', ']']), asked.authority).await?;
            sent(stream, request, tasks).await
        }
        _ => sent(stream, request, tasks).await,
    }
}

/// What was answered, if it is text and not longer than this, in bytes.
///
/// # Errors
/// [`Failed::Odd`].
pub async fn text(answer: Response<Incoming>, longest: usize) -> Result<String, Failed> {
    String::from_utf8(bytes(answer.into_body(), longest).await?.into()).map_err(|_| Failed::Odd)
}

/// The body of a request or an answer, if it is not longer than this, in bytes.
///
/// # Errors
/// [`Failed::Odd`].
pub async fn bytes<B>(body: B, longest: usize) -> Result<Bytes, Failed>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Limited::new(body, longest).collect().await.map(|body| body.to_bytes()).map_err(|_| Failed::Odd)
}

async fn sent<S>(stream: S, asked: Request<Full<Bytes>>, tasks: &mut JoinSet<()>) -> Result<Response<Incoming>, Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| {
        tracing::debug!(%error, "a server speaks no HTTP, or no more");
        Failed::Odd
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tasks.spawn(async move { drop(connection.await) });
    sender.send_request(asked).await.map_err(broken)
}

/// The first address that answers.
async fn open(at: &[SocketAddr]) -> Result<TcpStream, Failed> {
    let mut last = Failed::Unreachable;
    for at in at.iter().take(TRIES) {
        match tokio::time::timeout(CONNECT, TcpStream::connect(at)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => last = Failed::Refused,
            Ok(Err(_)) => last = Failed::Unreachable,
            Err(_) => last = Failed::Silent,
        }
    }
    Err(last)
}

async fn secured(stream: TcpStream, host: &str, authority: Option<&[u8]>) -> Result<TlsStream<TcpStream>, Failed> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Failed::Name)?;
    // They are read anew each time: the system's may change, and it takes some milliseconds.
    let authority = authority.map(<[u8]>::to_vec);
    let config = tokio::task::spawn_blocking(move || tls(authority.as_deref(), None)).await.map_err(|_| Failed::Odd)?;
    let config = config.map_err(|_| Failed::Odd)?;
    let opened = TlsConnector::from(config).connect(name, stream).await;
    opened.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => Failed::Certificate,
        _ => Failed::NotTls,
    })
}

/// A certificate of our own for servers that ask for one, and its key, as PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate, and those between it and its authority.
    pub certificate: Bytes,
    /// The key.
    pub key: Bytes,
}

/// How TLS is spoken to servers: those are trusted whom the system trusts, since its certificates are kept up with it, and who runs a server
/// at home may add their own; and those of `authority` (PEM). Reads files.
///
/// # Errors
/// What is wrong with the certificates.
pub fn tls(authority: Option<&[u8]>, identity: Option<Identity>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let (known, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = authority {
        let certificates = certificates(pem)?;
        for certificate in certificates {
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
    } else if known == 0 {
        tracing::warn!("the system trusts no certificates: install the Debian package ca-certificates");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?.with_root_certificates(roots);
    let config = match identity {
        Some(Identity { certificate, key }) => {
            let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| error.to_string())?;
            config.with_client_auth_cert(certificates(&certificate)?, key).map_err(|error| error.to_string())?
        }
        None => config.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err("there is no certificate".into()),
        found => found.map_err(|error| error.to_string()),
    }
}

fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn authority(url: &Url, host: &str) -> String {
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Where the server of an address is. Without TLS only what is in the local network counts: a name may say one thing and be another.
///
/// # Errors
/// [`Failed::Name`], [`Failed::Open`], [`Failed::Odd`] where it is no address of this kind.
pub async fn resolve(url: &Url) -> Result<Vec<SocketAddr>, Failed> {
    let secure = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(Failed::Odd),
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Err(Failed::Odd) };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(|_| Failed::Name)?.collect();
    if found.is_empty() {
        return Err(Failed::Name);
    }
    found.retain(|at| secure || lan::is_private(at.ip().to_canonical()));
    if found.is_empty() { Err(Failed::Open) } else { Ok(found) }
}
