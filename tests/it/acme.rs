//! Certificates for names that one owns: real orders at Debian's pebble, which looks for the proofs as an authority of the internet does,
//! through pebble-challtestsrv or a BIND that takes updates.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use axum::http::{HeaderMap, StatusCode};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Visitor, problem};
use super::fixture::{DEADLINE, has, until};
use super::tls::connect;

/// The key that BIND knows, and one that it does not.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER_KEY: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A program that is killed when it is dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command, log: &Path) -> Self {
        let log = File::create(log).unwrap();
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
        Self(child.unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn listens(port: u16) {
    until("server", async || TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
}

/// A certificate authority, and how a box finds it.
struct Authority {
    pebble: Option<Running>,
    /// Answers every name with this machine; its management port.
    names: Option<(Running, u16)>,
    folder: TempDir,
    port: u16,
    management: u16,
    /// Where it looks for answers by HTTP: the box's plain door.
    http: u16,
}

impl Authority {
    /// Starts it. It asks the name server at this port, or one that knows this machine alone.
    async fn start(dns: Option<u16>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, management, http) = (free_port(), free_port(), free_port());
        let (names, dns) = match dns {
            Some(dns) => (None, dns),
            None => {
                let (asked, managed) = (free_port(), free_port());
                let mut command = Command::new("pebble-challtestsrv");
                command.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]);
                command.args(["-dns01", &format!("127.0.0.1:{asked}")]);
                command.args(["-management", &format!("127.0.0.1:{managed}")]);
                let running = Running::start(&mut command, &folder.path().join("names.log"));
                listens(asked).await;
                listens(managed).await;
                (Some((running, managed)), asked)
            }
        };
        let (certificate, key) = (folder.path().join("directory.pem"), folder.path().join("directory.key"));
        let (own, signed, secret) = directory_certificate();
        std::fs::write(folder.path().join("trust.pem"), own).unwrap();
        std::fs::write(&certificate, signed).unwrap();
        std::fs::write(&key, secret).unwrap();
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": certificate,
            "privateKey": key,
            "httpPort": http,
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "certificateValidityPeriod": 6 * 86_400,
        }});
        let file = folder.path().join("pebble.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut command = Command::new("pebble");
        command.arg("-config").arg(&file).args(["-dnsserver", &format!("127.0.0.1:{dns}")]);
        // Every order is proven, and some nonces are refused, as they may be.
        command.envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_AUTHZREUSE", "0"), ("PEBBLE_WFE_NONCEREJECT", "5")]);
        let pebble = Running::start(&mut command, &folder.path().join("pebble.log"));
        listens(port).await;
        Self { pebble: Some(pebble), names, folder, port, management, http }
    }

    fn trust(&self) -> PathBuf {
        self.folder.path().join("trust.pem")
    }

    /// Starts a box that wants a certificate of it.
    fn daemon(&self, state: &TempDir, names: &str, more: &[(&str, &str)]) -> Daemon {
        let directory = format!("https://127.0.0.1:{}/dir", self.port);
        let trust = self.trust();
        let mut keys = vec![
            ("PORCHLIGHT_ACME__NAMES", names),
            ("PORCHLIGHT_ACME__AGREE_TO_TERMS", "true"),
            ("PORCHLIGHT_ACME__DIRECTORY", &directory),
            ("PORCHLIGHT_ACME__TRUST", trust.to_str().unwrap()),
            ("PORCHLIGHT_ACME__DNS_WAIT", "0s"),
        ];
        keys.extend_from_slice(more);
        Daemon::start_at(state, &format!("127.0.0.1:{}", self.http), &keys)
    }

    /// The root of what it signs.
    async fn root(&self) -> Vec<u8> {
        let root = ask(self.management, "127.0.0.1", &pem(&self.trust()), "/roots/0").await.unwrap();
        CertificateDer::from_pem_slice(root.as_bytes()).unwrap().to_vec()
    }

    /// Has the name server answer for a name.
    async fn set_txt(management: u16, host: &str, value: &str) {
        let body = json!({ "host": host, "value": value });
        let url = format!("http://127.0.0.1:{management}/set-txt");
        let answer = reqwest::Client::new().post(url).body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("pebble.log")).unwrap_or_default();
            eprintln!("The authority wrote:\n{log}");
        }
    }
}

/// For the authority's own HTTPS: who signed it, the certificate, its key, each as PEM.
fn directory_certificate() -> (String, String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let signed = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (own.pem(), signed.pem(), key.serialize_pem())
}

fn pem(file: &Path) -> Vec<u8> {
    CertificateDer::from_pem_file(file).unwrap().to_vec()
}

/// The certificate that they are shown.
async fn shown(port: u16, name: &str, trusted: &[u8]) -> Result<Vec<u8>, String> {
    let stream = connect(port, name, trusted).await.map_err(|error| error.to_string())?;
    Ok(stream.get_ref().1.peer_certificates().unwrap()[0].to_vec())
}

/// The body of what they get.
async fn ask(port: u16, name: &str, trusted: &[u8], path: &str) -> io::Result<String> {
    let mut stream = connect(port, name, trusted).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// What the owner sees.
async fn state(owner: &Visitor) -> Value {
    let answer = owner.get("/api/v1/certificate").await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// Waits until the box has a certificate of the authority, and says how that is.
async fn certified(owner: &Visitor) -> Value {
    settled(owner, |acme| acme["valid_until"].is_string()).await
}

/// Waits until the last attempt failed, and says how.
async fn failed(owner: &Visitor) -> Value {
    settled(owner, |acme| acme["failure"].is_object()).await
}

async fn settled(owner: &Visitor, is: impl Fn(&Value) -> bool) -> Value {
    let mut seen = Value::Null;
    until("answer of the authority", async || {
        seen = state(owner).await;
        let acme = &seen["acme"];
        assert!(!(acme["valid_until"].is_null() && acme["failure"].is_object()) || is(acme), "{seen}");
        acme["asking"] == false && is(acme)
    })
    .await;
    seen
}

async fn secure_port(daemon: &Daemon) -> u16 {
    let known: Value = reqwest::get(format!("{}/api/v1/trust", daemon.url)).await.unwrap().json().await.unwrap();
    known["secure"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap()
}

/// The box's own authority.
fn own(state: &TempDir) -> Vec<u8> {
    pem(&state.path().join("tls/ca.pem"))
}

#[tokio::test]
async fn a_name_is_proven_at_the_plain_door_and_its_certificate_renewed_without_dropping_anybody() {
    if !has(&["pebble", "pebble-challtestsrv"]) {
        return;
    }
    const NAME: &str = "porch.example.org";
    let (state, authority) = (tempfile::tempdir().unwrap(), Authority::start(None).await);
    let daemon = authority.daemon(&state, NAME, &[("PORCHLIGHT_ACME__CONTACT", "ada@example.org")]);
    let owner = Visitor::owner(&daemon).await;
    let seen = certified(&owner).await;
    let (root, port) = (authority.root().await, secure_port(&daemon).await);

    // Whoever asks for the name gets the certificate, whoever asks for another one the box's own.
    let first = shown(port, NAME, &root).await.unwrap();
    shown(port, "porchlight.local", &own(&state)).await.unwrap();
    shown(port, "localhost", &own(&state)).await.unwrap();
    assert!(shown(port, "porchlight.local", &root).await.is_err());
    assert_eq!(seen["certificates"][0]["source"], "acme");
    assert_eq!(seen["certificates"][0]["names"], json!([NAME]));
    assert_eq!(seen["certificates"][1]["source"], "own");
    assert_eq!(seen["acme"]["failure"], Value::Null);
    // Of six days two are left when it is renewed, or a little less.
    let time = |text: &Value| text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    let left = time(&seen["acme"]["valid_until"]) - time(&seen["acme"]["next"]);
    assert!((155_000..=172_800).contains(&left), "{left} s in {seen}");
    for file in ["account.json", "certificate.pem", "attempts.json"] {
        let mode = std::fs::metadata(state.path().join("tls/acme").join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let metrics = reqwest::get(daemon.metrics().await).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("porchlight_certificate_expiry_seconds{source=\"acme\"}"), "{metrics}");

    // A token of nobody is nothing, at the plain door, also where everything else is sent to the secure one.
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let plain =
        async |path: &str| client.get(format!("{}{path}", daemon.url)).header("host", NAME).send().await.unwrap();
    let nothing = plain("/.well-known/acme-challenge/nobody-has-this").await;
    assert_eq!(nothing.status(), 404);
    assert_eq!(problem(nothing).await, "not-found");
    assert_eq!(plain("/").await.status(), 308);

    // Another certificate comes, and who is connected stays connected.
    let mut open = connect(port, NAME, &root).await.unwrap();
    let renewed = owner.post("/api/v1/certificate/renew", &json!({})).await;
    assert_eq!(renewed.status(), 202);
    until("other certificate", async || shown(port, NAME, &root).await.unwrap() != first).await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {NAME}:{port}\r\nConnection: close\r\n\r\n");
    open.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(DEADLINE, open.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));

    // Four times an hour is enough.
    let mut asked = 2;
    loop {
        certified(&owner).await;
        let answer = owner.post("/api/v1/certificate/renew", &json!({})).await;
        match answer.status() {
            StatusCode::ACCEPTED => asked += 1,
            StatusCode::CONFLICT => assert_eq!(problem(answer).await, "certificate-asking"),
            _ => break assert_eq!(problem(answer).await, "certificate-too-soon"),
        }
    }
    assert_eq!(asked, 4);
    let last = certified(&owner).await;
    let now = shown(port, NAME, &root).await.unwrap();

    // After a restart it is the same certificate, also where nobody can be asked.
    assert!(!daemon.log().contains(NAME) && !daemon.log().contains("ada@"), "no name is in the log");
    assert!(daemon.stop().success());
    let mut authority = authority;
    authority.pebble = None;
    let daemon = authority.daemon(&state, NAME, &[]);
    let owner = owner.with_daemon(&daemon);
    assert_eq!(shown(secure_port(&daemon).await, NAME, &root).await.unwrap(), now);
    assert_eq!(self::state(&owner).await["acme"]["valid_until"], last["acme"]["valid_until"]);
}

#[tokio::test]
async fn an_address_has_a_certificate_too() {
    if !has(&["pebble", "pebble-challtestsrv"]) {
        return;
    }
    let (state, authority) = (tempfile::tempdir().unwrap(), Authority::start(None).await);
    let daemon = authority.daemon(&state, "127.0.0.1", &[]);
    let owner = Visitor::owner(&daemon).await;
    certified(&owner).await;
    let port = secure_port(&daemon).await;
    shown(port, "127.0.0.1", &authority.root().await).await.unwrap();
    shown(port, "porchlight.local", &own(&state)).await.unwrap();
}

#[tokio::test]
async fn without_an_authority_the_box_s_own_serves_and_says_why_and_when_it_asks_next() {
    if !has(&["pebble", "pebble-challtestsrv"]) {
        return;
    }
    const NAME: &str = "porch.example.org";
    let (state, mut authority) = (tempfile::tempdir().unwrap(), Authority::start(None).await);
    let pebble = authority.pebble.take();
    drop(pebble);
    let daemon = authority.daemon(&state, NAME, &[]);
    let owner = Visitor::owner(&daemon).await;
    let seen = failed(&owner).await;
    assert_eq!(seen["acme"]["failure"]["code"], "directory_unreachable");
    assert_eq!(seen["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(seen["certificates"][0]["source"], "own");
    let port = secure_port(&daemon).await;
    shown(port, "porchlight.local", &own(&state)).await.unwrap();
    // The box's own certificate is there for the name as well; a browser lets people go on past it.
    let refused = shown(port, NAME, &own(&state)).await.unwrap_err();
    assert!(refused.contains("not valid for name"), "{refused}");
    let time = |text: &Value| text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    let pause = time(&seen["acme"]["next"]) - time(&seen["acme"]["failure"]["at"]);
    assert!((300..=375).contains(&pause), "{pause} s");

    // A restart is no reason to ask again.
    assert!(daemon.stop().success());
    let tried = || {
        let text = std::fs::read(state.path().join("tls/acme/attempts.json")).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["tried"].as_array().unwrap().len()
    };
    assert_eq!(tried(), 1);
    let daemon = authority.daemon(&state, NAME, &[]);
    let owner = owner.with_daemon(&daemon);
    assert_eq!(self::state(&owner).await["acme"]["failure"], seen["acme"]["failure"]);
    assert_eq!(tried(), 1);
}

#[tokio::test]
async fn a_box_that_is_not_found_at_its_name_is_told_to_open_port_80() {
    if !has(&["pebble", "pebble-challtestsrv"]) {
        return;
    }
    let (state, mut authority) = (tempfile::tempdir().unwrap(), Authority::start(None).await);
    // The authority knocks at a port where nobody is.
    authority.http = free_port();
    let daemon = authority.daemon(&state, "porch.example.org", &[]);
    let owner = Visitor::owner(&daemon).await;
    let seen = failed(&owner).await;
    assert_eq!(seen["acme"]["failure"]["code"], "not_reached", "{seen}");
    assert!(seen["acme"]["failure"]["text"].as_str().unwrap().contains("port 80"));
    assert!(seen["acme"]["failure"]["detail"].is_string());
    assert!(!daemon.log().contains("porch.example.org"), "no name is in the log");
}

/// A name server that takes updates of `example.org` from whoever has [`KEY`].
async fn name_server(folder: &TempDir) -> (Running, u16) {
    let (port, at) = (free_port(), folder.path());
    let zone = "$TTL 60\n@ IN SOA ns.example.org. ada.example.org. 1 3600 600 86400 60\n@ IN NS ns.example.org.\nns IN A 127.0.0.1\n";
    std::fs::write(at.join("zone"), zone).unwrap();
    let config = format!(
        r#"
options {{
  directory "{at}"; pid-file none; session-keyfile none; recursion no; dnssec-validation no;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
}};
controls {{ }};
key "porch" {{ algorithm hmac-sha256; secret "{KEY}"; }};
zone "example.org" {{ type primary; file "zone"; update-policy {{ grant porch subdomain example.org. TXT; }}; }};
"#,
        at = at.display()
    );
    std::fs::write(at.join("named.conf"), config).unwrap();
    let mut command = Command::new("named");
    command.args(["-g", "-n", "1", "-c"]).arg(at.join("named.conf"));
    let running = Running::start(&mut command, &at.join("named.log"));
    listens(port).await;
    (running, port)
}

/// Texts that a name server has for a name.
async fn texts(port: u16, name: &str) -> (ResponseCode, usize) {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::TXT));
    let bytes = message.to_vec().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_u16(bytes.len().try_into().unwrap()).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut answer).await.unwrap();
    let answer = Message::from_vec(&answer).unwrap();
    (answer.metadata.response_code, answer.answers.len())
}

/// The keys for that name server, with a TSIG key in a file.
fn updates(folder: &TempDir, port: u16, key: &str) -> Vec<(&'static str, String)> {
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{key}\n")).unwrap();
    vec![
        ("PORCHLIGHT_ACME__CHALLENGE", "dns-01".into()),
        ("PORCHLIGHT_ACME__DNS_SERVER", format!("127.0.0.1:{port}")),
        ("PORCHLIGHT_ACME__DNS_ZONE", "example.org".into()),
        ("PORCHLIGHT_ACME__DNS_KEY_NAME", "porch".into()),
        ("PORCHLIGHT_ACME__DNS_KEY", file.to_str().unwrap().into()),
    ]
}

fn borrowed<'a>(keys: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    keys.iter().map(|(key, value)| (*key, value.as_str())).collect()
}

#[tokio::test]
async fn a_wildcard_is_proven_by_updates_that_a_name_server_takes() {
    if !has(&["pebble", "named"]) {
        return;
    }
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_server, dns) = name_server(&folder).await;
    let authority = Authority::start(Some(dns)).await;
    let keys = updates(&folder, dns, KEY);
    let daemon = authority.daemon(&state, "porch.example.org,*.porch.example.org", &borrowed(&keys));
    let owner = Visitor::owner(&daemon).await;
    certified(&owner).await;
    let (root, port) = (authority.root().await, secure_port(&daemon).await);
    for name in ["porch.example.org", "kitchen.porch.example.org"] {
        shown(port, name, &root).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    // What proved it is gone again, and was there: the zone has another number.
    assert_eq!(texts(dns, "_acme-challenge.porch.example.org.").await, (ResponseCode::NXDomain, 0));
    let log = std::fs::read_to_string(folder.path().join("named.log")).unwrap();
    assert!(log.matches("adding an RR at '_acme-challenge.porch.example.org' TXT").count() >= 2, "{log}");
    assert!(!daemon.log().contains(KEY) && !state_of(&owner).await.contains(KEY), "the key is shown to nobody");
}

async fn state_of(owner: &Visitor) -> String {
    state(owner).await.to_string()
}

#[tokio::test]
async fn a_key_that_the_name_server_does_not_know_is_said_to_be_the_reason() {
    if !has(&["pebble", "named"]) {
        return;
    }
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_server, dns) = name_server(&folder).await;
    let authority = Authority::start(Some(dns)).await;
    let keys = updates(&folder, dns, OTHER_KEY);
    let daemon = authority.daemon(&state, "porch.example.org", &borrowed(&keys));
    let owner = Visitor::owner(&daemon).await;
    let seen = failed(&owner).await;
    assert_eq!(seen["acme"]["failure"]["code"], "dns_key_refused", "{seen}");
    assert!(!seen.to_string().contains(OTHER_KEY) && !daemon.log().contains(OTHER_KEY));
    drop(daemon);

    // Outside the zone that the key is for.
    let mut keys = updates(&folder, dns, KEY);
    keys[2].1 = "org".into();
    let other = tempfile::tempdir().unwrap();
    let daemon = authority.daemon(&other, "porch.example.org", &borrowed(&keys));
    let owner = Visitor::owner(&daemon).await;
    assert_eq!(failed(&owner).await["acme"]["failure"]["code"], "dns_refused", "it has no such zone");
}

#[tokio::test]
async fn a_name_is_proven_by_an_acme_dns_server() {
    if !has(&["pebble", "pebble-challtestsrv"]) {
        return;
    }
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let authority = Authority::start(None).await;
    let (_, management) = authority.names.as_ref().unwrap();
    let management = *management;
    // It does what acme-dns does by its own name server and a CNAME.
    let update = async move |headers: HeaderMap, body: String| {
        if (&headers["x-api-user"], &headers["x-api-key"]) != (&"ada".parse().unwrap(), &"secret".parse().unwrap()) {
            return (StatusCode::UNAUTHORIZED, json!({ "error": "forbidden" }).to_string());
        }
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["subdomain"], "d420c923");
        let text = body["txt"].as_str().unwrap();
        Authority::set_txt(management, "_acme-challenge.porch.example.org.", text).await;
        (StatusCode::OK, json!({ "txt": text }).to_string())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/update", axum::routing::post(update));
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    let _server = tokio::spawn(serve(listener, router));
    let account = folder.path().join("account.json");
    let write = |password: &str| {
        let answered = json!({
            "allowfrom": [], "fulldomain": "d420c923.auth.example.org",
            "subdomain": "d420c923", "username": "ada", "password": password,
        });
        std::fs::write(&account, answered.to_string()).unwrap();
    };
    let keys = [
        ("PORCHLIGHT_ACME__CHALLENGE", "dns-01"),
        ("PORCHLIGHT_ACME__ACME_DNS", &server),
        ("PORCHLIGHT_ACME__ACME_DNS_ACCOUNT", account.to_str().unwrap()),
    ];
    write("wrong");
    let daemon = authority.daemon(&state, "porch.example.org", &keys);
    let owner = Visitor::owner(&daemon).await;
    assert_eq!(failed(&owner).await["acme"]["failure"]["code"], "acme_dns_refused");
    assert!(daemon.stop().success());

    write("secret");
    let daemon = authority.daemon(&state, "porch.example.org", &keys);
    let owner = owner.with_daemon(&daemon);
    shown(secure_port(&daemon).await, "porchlight.local", &own(&state)).await.unwrap();
    // What failed with another configuration is no reason to wait.
    until("certificate", async || self::state(&owner).await["acme"]["valid_until"].is_string()).await;
    shown(secure_port(&daemon).await, "porch.example.org", &authority.root().await).await.unwrap();
    assert!(!daemon.log().contains("secret") && !state_of(&owner).await.contains("secret"));
}

/// Serves HTTP/1.1 until the end of the test.
async fn serve(listener: tokio::net::TcpListener, router: axum::Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        let io = hyper_util::rt::TokioIo::new(stream);
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
    }
}

#[tokio::test]
async fn without_names_nobody_is_asked_and_the_owner_is_told_what_to_do() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let seen = self::state(&owner).await;
    assert_eq!((&seen["acme"], &seen["certificates"][0]["source"]), (&Value::Null, &json!("own")));
    assert_eq!(problem(owner.post("/api/v1/certificate/renew", &json!({})).await).await, "no-acme");
    assert!(!state.path().join("tls/acme").exists());
}

#[test]
fn what_can_t_be_done_is_one_line_before_anything_starts() {
    let check = |keys: &[(&str, &str)]| {
        let told = Command::new(env!("CARGO_BIN_EXE_porchlight"))
            .args(["check-config", "--config", "/dev/null"])
            .envs(keys.iter().copied())
            .output()
            .unwrap();
        (told.status.code(), String::from_utf8(told.stderr).unwrap())
    };
    let names = ("PORCHLIGHT_ACME__NAMES", "porch.example.org");
    let agreed = ("PORCHLIGHT_ACME__AGREE_TO_TERMS", "true");
    assert_eq!(check(&[names, agreed]).0, Some(0));
    for (keys, expected) in [
        (vec![names], "acme.agree_to_terms must be true"),
        (vec![names, agreed, ("PORCHLIGHT_HTTPS__ENABLED", "false")], "turn https.enabled on"),
        (vec![agreed, ("PORCHLIGHT_ACME__NAMES", "porch.local")], "no public authority signs for porch.local"),
        (vec![agreed, ("PORCHLIGHT_ACME__NAMES", "*.example.org")], "needs acme.challenge = \"dns-01\""),
        (vec![agreed, ("PORCHLIGHT_ACME__NAMES", "no name")], "is not a name such as"),
        (vec![names, agreed, ("PORCHLIGHT_ACME__TRUST", "/no/such.pem")], "/no/such.pem of acme.trust can't be read"),
        (
            vec![names, agreed, ("PORCHLIGHT_ACME__CHALLENGE", "dns-01")],
            "needs one of acme.dns_server and acme.acme_dns",
        ),
    ] {
        let (code, told) = check(&keys);
        assert_eq!(code, Some(78), "{told}");
        assert!(told.contains(expected) && told.trim_end().lines().count() == 1, "{told}");
    }
}
