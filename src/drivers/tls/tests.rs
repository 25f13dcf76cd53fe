//! Certificates as clients see them: a client of rustls that trusts the box's authority and nothing else.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::authority::Signer;
use super::names::LIFETIME;
use super::*;

/// However slow the machine is, this is enough.
const DEADLINE: Duration = Duration::from_secs(30);
/// 2026-11-21.
const NOW: i64 = 1_795_219_200;

fn names(hosts: &[&str], addresses: &[&str]) -> Names {
    Names::local(hosts.iter().copied(), addresses.iter().map(|ip| ip.parse::<IpAddr>().expect("an address")))
}

fn connector(authority: &[u8]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec())).expect("it is a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

type Ends = (tokio_rustls::client::TlsStream<TcpStream>, Stream);

/// Both ends of a connection under this name.
async fn connect(handle: &Handle, authority: &[u8], name: &str) -> Result<Ends, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
    let there = TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
    let (here, _) = listener.accept().await.expect("it was connected");
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let connector = connector(authority);
    let (client, server) = tokio::join!(connector.connect(name, there), handle.accept(here));
    let client = client.map_err(|error| error.to_string())?;
    Ok((client, server.expect("the client was content")))
}

/// The certificate that a client under this name is shown, or why it goes away.
async fn shown(handle: &Handle, authority: &[u8], name: &str) -> Result<Vec<u8>, String> {
    let (client, _) = connect(handle, authority, name).await?;
    let (_, connection) = client.get_ref();
    Ok(connection.peer_certificates().expect("there is one")[0].to_vec())
}

struct Site {
    state: tempfile::TempDir,
    names: watch::Sender<Names>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Site {
    fn new(present: Names) -> Self {
        let state = tempfile::tempdir().expect("a folder");
        Self { state, names: watch::channel(present).0, tasks: TaskTracker::new(), stop: CancellationToken::new() }
    }

    async fn start(&self, config: &Config) -> Result<Handle, Error> {
        let source = Source {
            state: self.state.path().into(),
            called: "Porch".into(),
            names: self.names.subscribe(),
            plan: None,
            clock: Arc::new(super::actor::now),
        };
        start(config, source, &self.tasks, self.stop.clone()).await
    }

    fn file(&self, name: &str) -> PathBuf {
        self.state.path().join("tls").join(name)
    }
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_takes_every_name_and_address_of_the_box() {
    let site = Site::new(names(&["porch.local", "porch.lan"], &["192.168.1.20", "fd00::2", "203.0.113.7"]));
    let handle = site.start(&Config::default()).await.expect("it starts");
    let authority = handle.authority().expect("its own").clone();
    assert!(authority.name.starts_with("Porchlight Porch "), "{}", authority.name);
    for name in ["localhost", "127.0.0.1", "::1", "porch.local", "porch.lan", "192.168.1.20", "fd00::2"] {
        shown(&handle, &authority.der, name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for name in ["porch-2.local", "203.0.113.7", "192.168.1.21"] {
        assert!(shown(&handle, &authority.der, name).await.is_err(), "{name}");
    }
    let other = Site::new(names(&["porch.local"], &[]));
    let other = other.start(&Config::default()).await.expect("it starts");
    let other = other.authority().expect("its own");
    assert_ne!(authority.name, other.name, "two boxes of one name are told apart");
    assert!(shown(&handle, &other.der, "porch.local").await.is_err(), "another box's authority is another");
}

#[tokio::test]
async fn authority_and_certificate_outlive_the_process_and_only_the_owner_reads_their_keys() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new(names(&["porch.local"], &[]));
    let first = site.start(&Config::default()).await.expect("it starts");
    let authority = first.authority().expect("its own").clone();
    let leaf = shown(&first, &authority.der, "porch.local").await.expect("a certificate");
    for name in ["ca.pem", "leaf.pem"] {
        let mode = std::fs::metadata(site.file(name)).expect("it exists").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    assert!(!authority.pem.contains("PRIVATE") && authority.pem.starts_with("-----BEGIN CERTIFICATE-----"));

    let second = site.start(&Config::default()).await.expect("it starts again");
    assert_eq!(second.authority(), Some(&authority));
    assert_eq!(shown(&second, &authority.der, "porch.local").await.expect("a certificate"), leaf);

    // A leaf that is damaged is made anew; an authority that is, is for people to decide.
    std::fs::write(site.file("leaf.pem"), "garbage").expect("it writes");
    let third = site.start(&Config::default()).await.expect("it starts again");
    assert_ne!(shown(&third, &authority.der, "porch.local").await.expect("a certificate"), leaf);
    std::fs::write(site.file("ca.pem"), "garbage").expect("it writes");
    let Err(error) = site.start(&Config::default()).await else { panic!("the authority is damaged") };
    assert!(matches!(error, Error::Authority { .. }) && !error.is_configuration(), "{error}");
    assert!(error.to_string().contains("ca.pem") && error.to_string().contains("left untouched"), "{error}");
    assert_eq!(std::fs::read_to_string(site.file("ca.pem")).expect("it reads"), "garbage");
}

#[tokio::test]
async fn the_authority_can_sign_for_nothing_outside_its_constraints() {
    let site = Site::new(names(&["porch.local"], &[]));
    drop(site.start(&Config::default()).await.expect("it starts"));
    let signer = Signer::load(&folder(site.state.path()), "Porch").expect("it is there");
    let authority = signer.public().der.clone();
    let tried = async |hosts: &[&str], addresses: &[&str], name: &str| {
        let names = Names {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            addresses: addresses.iter().map(|ip| ip.parse().expect("an address")).collect(),
        };
        let pair = signer.issue(&names, now()).expect("it signs anything");
        let files = site.state.path().join("both.pem");
        std::fs::write(&files, &pair.text.0).expect("it writes");
        let config = Config { certificate: Some(files.clone()), key: Some(files), ..Config::default() };
        let handle = site.start(&config).await.expect("it starts");
        assert_eq!(handle.authority(), None);
        shown(&handle, &authority, name).await
    };
    tried(&["any.home.arpa"], &["10.9.8.7"], "any.home.arpa").await.expect("inside");
    tried(&[], &["fe80::1"], "fe80::1").await.expect("inside");
    for (hosts, addresses, name) in [
        (&["bank.example"][..], &[][..], "bank.example"),
        (&["local.example"], &[], "local.example"),
        (&["mylocal"], &[], "mylocal"),
        (&[], &["8.8.8.8"], "8.8.8.8"),
        (&[], &["172.32.0.1"], "172.32.0.1"),
        (&[], &["2001:db8::1"], "2001:db8::1"),
        // One name outside spoils those inside.
        (&["porch.local", "bank.example"], &[], "porch.local"),
    ] {
        let refused = tried(hosts, addresses, name).await.expect_err(name);
        assert!(refused.contains("NameConstraintViolation"), "{name}: {refused}");
    }
}

#[tokio::test]
async fn a_new_name_is_in_the_next_handshake_and_open_connections_go_on() {
    let site = Site::new(names(&["porch.local"], &[]));
    let handle = site.start(&Config::default()).await.expect("it starts");
    let authority = handle.authority().expect("its own").der.clone();
    let (mut client, mut server) = connect(&handle, &authority, "porch.local").await.expect("a connection");
    site.names.send_replace(names(&["porch-2.local"], &["192.168.7.7"]));
    let renewed = async {
        while shown(&handle, &authority, "porch-2.local").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, renewed).await.expect("another certificate in time");
    shown(&handle, &authority, "192.168.7.7").await.expect("the address is in it as well");
    client.write_all(b"still here").await.expect("it is open");
    client.flush().await.expect("it is open");
    let mut got = [0; 10];
    server.read_exact(&mut got).await.expect("it is open");
    assert_eq!(&got, b"still here");
}

#[test]
fn a_certificate_is_valid_for_ninety_days_whatever_the_clock_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let signer = Signer::load(folder.path(), "Porch").expect("it is made");
    let wanted = names(&["porch.local"], &["fd00::2"]);
    let pair = signer.issue(&wanted, NOW).expect("it signs");
    assert_eq!(pair.says.names, wanted);
    assert_eq!(pair.says.until, NOW + LIFETIME);
    assert!(pair.says.until - pair.says.from < 398 * 86_400, "browsers take it");
    assert!(pair.says.from < NOW, "clocks differ");
    for clock in [0, i64::MAX] {
        let pair = signer.issue(&wanted, clock).expect("it signs");
        assert!(pair.says.from < pair.says.until && pair.says.until - pair.says.from < 398 * 86_400, "{clock}");
    }
}

fn own(folder: &Path, name: &str) -> Config {
    let key = rcgen::KeyPair::generate().expect("a key");
    let made = rcgen::CertificateParams::new([name.to_owned()]).expect("a name");
    let made = made.self_signed(&key).expect("a certificate");
    let (certificate, secret) = (folder.join("own.pem"), folder.join("own.key"));
    std::fs::write(&certificate, made.pem()).expect("it writes");
    std::fs::write(&secret, key.serialize_pem()).expect("it writes");
    Config { certificate: Some(certificate), key: Some(secret), ..Config::default() }
}

#[tokio::test]
async fn a_wrong_pair_is_named_by_key_file_and_reason() {
    let site = Site::new(Names::default());
    let folder = site.state.path();
    let good = own(folder, "porch.example");
    check(&good).expect("it is a pair");
    let (certificate, key) = (good.certificate.clone().expect("a file"), good.key.clone().expect("a file"));
    let text = |path: &Path| std::fs::read_to_string(path).expect("it reads");
    let (right, right_key) = (text(&certificate), text(&key));
    let stranger = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    let encrypted = right_key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for (certificate_text, key_text, expected) in [
        (
            right.as_str(),
            stranger.as_str(),
            format!("https.key: {}: it is not the key of the certificate", key.display()),
        ),
        (&right, "garbage", format!("https.key: {}: there is no private key in it (PEM is needed)", key.display())),
        (
            &right,
            &encrypted,
            format!("https.key: {}: the key is encrypted; store it without a password", key.display()),
        ),
        (
            "",
            &right_key,
            format!("https.certificate: {}: there is no certificate in it (PEM is needed)", certificate.display()),
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &right_key,
            format!("https.certificate: {}: its first certificate can't be read", certificate.display()),
        ),
        (
            &right[..right.len() / 2],
            &right_key,
            format!("https.certificate: {}: it is not PEM, or cut off", certificate.display()),
        ),
    ] {
        std::fs::write(&certificate, certificate_text).expect("it writes");
        std::fs::write(&key, key_text).expect("it writes");
        let error = check(&good).expect_err(&expected);
        assert_eq!(error.to_string(), expected);
        assert!(error.is_configuration());
    }
    std::fs::remove_file(&key).expect("it goes");
    std::fs::write(&certificate, &right).expect("it writes");
    let missing = check(&good).expect_err("a file is missing").to_string();
    assert_eq!(missing, format!("https.key: {}: there is no such file", key.display()));
    let half = Config { key: None, ..good };
    assert!(matches!(check(&half), Err(Error::Half)));
}
