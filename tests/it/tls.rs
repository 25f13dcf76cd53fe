//! HTTPS from outside: who trusts the box and how far, who is sent there, and whose certificate it is.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Visitor, owner_token, problem};
use super::fixture::{DEADLINE, has, people, until};

/// What the box is called when nothing else is configured.
const NAME: &str = "porchlight.local";
const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// The authority as the box offers it, in a file.
async fn authority(daemon: &Daemon, folder: &Path) -> (PathBuf, Vec<u8>) {
    let pem = reqwest::get(format!("{}/ca.pem", daemon.url)).await.unwrap();
    assert_eq!(pem.headers()["content-type"], "application/x-pem-file");
    let pem = pem.bytes().await.unwrap();
    let der = CertificateDer::from_pem_slice(&pem).unwrap().to_vec();
    let file = folder.join("offered.pem");
    std::fs::write(&file, &pem).unwrap();
    (file, der)
}

async fn secure_port(daemon: &Daemon) -> u16 {
    let known: Value = reqwest::get(format!("{}/api/v1/trust", daemon.url)).await.unwrap().json().await.unwrap();
    known["secure"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap()
}

/// A connection under this name of somebody who trusts this certificate alone.
pub(super) async fn connect(port: u16, name: &str, trusted: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(trusted.to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// One request over such a connection: the head of the answer in lower case, and its body.
async fn ask(port: u16, trusted: &[u8], request: &str) -> (String, String) {
    let mut stream = connect(port, NAME, trusted).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The box closes without a farewell of TLS where the length was told.
    let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

/// The plain door, from this machine, under a host of one's choice.
async fn plain(daemon: &Daemon, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let mut request = client.request(method, format!("{}{path}", daemon.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_browser_that_trusts_the_authority_calls_over_https_without_a_warning() {
    if !has(&["chromium", "chromedriver", "ffmpeg", "certutil"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(
        &state,
        &[
            ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
            ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
            ("PORCHLIGHT_ENDPOINT__FPS", "15"),
        ],
    );
    let (file, _) = authority(&daemon, state.path()).await;
    let daemon = daemon.by_https(NAME).await;
    let browser = Browser::trusting(&file, NAME).await;

    let visitor = browser.open("Eve", None).await;
    for url in [&daemon.url, &daemon.url.replace(NAME, "localhost"), &daemon.url.replace(NAME, "127.0.0.1")] {
        visitor.goto(url).await;
        assert_eq!(visitor.eval("return [isSecureContext, location.protocol]").await, json!([true, "https:"]), "{url}");
        visitor.wait_for("document.querySelector('main')", "page").await;
    }
    assert_eq!(visitor.errors().await, Vec::<String>::new());
    drop(visitor);

    // Camera, WebSocket and call, under a name that is no localhost.
    let (ada, _) = people::owner(&browser, &daemon, "Ada", ADA).await;
    let invite = people::invite(&ada).await;
    assert!(invite.starts_with(&format!("https://{NAME}:")), "{}", invite.split('#').next().unwrap());
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    for (page, other, devices) in [(&ada, "Bob", BOB), (&bob, "Ada", ADA)] {
        let seen = people::sees(page, other, 10).await;
        assert!(seen.share(devices.colour) > 0.7, "{} sees {seen:?} of {other}", page.name());
    }
    let cookies = bob.eval("return [document.cookie, isSecureContext, !!navigator.mediaDevices]").await;
    assert_eq!(cookies, json!(["", true, true]), "no script sees the login");
    for page in [&ada, &bob] {
        assert_eq!(page.errors().await, Vec::<String>::new(), "on the page of {}", page.name());
    }
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_browser_that_does_not_trust_the_authority_is_warned() {
    if !has(&["chromium", "chromedriver", "certutil"]) {
        return;
    }
    let (state, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (daemon, stranger) = (Daemon::start(&state), Daemon::start(&other));
    let (file, _) = authority(&stranger, other.path()).await;
    let daemon = daemon.by_https(NAME).await;
    let browser = Browser::trusting(&file, NAME).await;
    let page = browser.open("Eve", None).await;
    let refused = match page.try_goto(&daemon.url).await {
        Err(refused) => refused,
        Ok(()) => page.eval("return location.href + document.documentElement.outerHTML").await.to_string(),
    };
    assert!(refused.contains("ERR_CERT_AUTHORITY_INVALID"), "{refused}");
}

#[tokio::test]
async fn the_trust_page_shows_the_fingerprint_and_what_to_do() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let known: Value = reqwest::get(format!("{}/api/v1/trust", daemon.url)).await.unwrap().json().await.unwrap();
    let browser = Browser::start().await;
    let page = browser.open("Eve", None).await;
    page.goto(&format!("{}/trust", daemon.url)).await;
    page.wait_for("document.querySelector('[data-testid=fingerprint]')", "fingerprint").await;
    let shown = page.eval("return document.querySelector('[data-testid=fingerprint]').textContent").await;
    assert_eq!(shown.as_str().unwrap().replace(char::is_whitespace, ""), known["authority"]["sha256"]);
    page.wait_for("document.querySelector('[data-testid=code]').naturalWidth > 100", "QR code").await;
    let links =
        page.eval("return [...document.querySelectorAll('main a[href]')].map(a => a.getAttribute('href'))").await;
    for link in ["/ca.crt", "/ca.pem", "/ca.mobileconfig", known["secure"].as_str().unwrap()] {
        assert!(links.as_array().unwrap().contains(&link.into()), "{link} is not among {links}");
    }
    assert_eq!(page.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_authority_is_offered_in_every_form_and_openssl_holds_it_to_its_constraints() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let (file, der) = authority(&daemon, state.path()).await;
    let crt = reqwest::get(format!("{}/ca.crt", daemon.url)).await.unwrap();
    assert_eq!(crt.headers()["content-type"], "application/x-x509-ca-cert");
    assert_eq!(crt.bytes().await.unwrap(), der);
    let profile = reqwest::get(format!("{}/ca.mobileconfig", daemon.url)).await.unwrap();
    assert_eq!(profile.headers()["content-type"], "application/x-apple-aspen-config");
    assert!(profile.text().await.unwrap().contains("<string>com.apple.security.root</string>"));
    let code = reqwest::get(format!("{}/trust.svg", daemon.url)).await.unwrap();
    assert_eq!(code.headers()["content-type"], "image/svg+xml");
    assert!(code.text().await.unwrap().contains("<svg"));

    // What stands in the certificate, read by somebody else.
    if !has(&["openssl"]) {
        return;
    }
    let run = |arguments: &[&str]| -> Output { Command::new("openssl").args(arguments).output().unwrap() };
    let text = run(&["x509", "-in", file.to_str().unwrap(), "-noout", "-text"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("X509v3 Name Constraints: critical"), "{text}");
    for inside in [
        "DNS:local",
        "DNS:lan",
        "DNS:home.arpa",
        "DNS:localhost",
        "IP:10.0.0.0/255.0.0.0",
        "IP:172.16.0.0/255.240.0.0",
        "IP:192.168.0.0/255.255.0.0",
        "IP:127.0.0.0/255.0.0.0",
        "IP:169.254.0.0/255.255.0.0",
    ] {
        assert!(text.contains(&format!("{inside}\n")), "{inside} is missing:\n{text}");
    }
    assert!(text.contains("CA:TRUE, pathlen:0"), "{text}");

    // Its key signs for somebody outside: nobody takes it.
    let key = rcgen::KeyPair::from_pem(&std::fs::read_to_string(state.path().join("tls/ca.pem")).unwrap()).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_der(&CertificateDer::from(der), key).unwrap();
    for (name, taken) in [("porch.local", true), ("192.168.1.20", true), ("bank.example", false), ("8.8.8.8", false)] {
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let leaf = state.path().join("leaf-of-a-thief.pem");
        std::fs::write(&leaf, made.pem()).unwrap();
        let said = run(&["verify", "-CAfile", file.to_str().unwrap(), leaf.to_str().unwrap()]);
        assert_eq!(said.status.success(), taken, "{name}: {}", String::from_utf8_lossy(&said.stderr));
        let why = String::from_utf8_lossy(&said.stderr).into_owned() + &String::from_utf8_lossy(&said.stdout);
        assert!(taken || why.contains("permitted subtree violation"), "{name}: {why}");
    }
}

#[tokio::test]
async fn whoever_comes_by_plain_http_is_sent_to_https_but_for_this_machine_and_for_trust() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let port = secure_port(&daemon).await;
    let elsewhere = ("host", "porch.local:8080");
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/hls/0123456789abcdef/index.m3u8?_HLS_msn=3"),
        (Method::POST, "/whep/0123456789abcdef"),
        (Method::GET, "/api/v1/rooms/0123456789abcdef/ws"),
        (Method::GET, "/nothing"),
    ] {
        let answer = plain(&daemon, method.clone(), path, &[elsewhere]).await;
        assert_eq!(answer.status(), 308, "{method} {path}");
        assert_eq!(answer.headers()["location"], format!("https://porch.local:{port}{path}"));
        assert_eq!(answer.headers()["cache-control"], "no-store", "ports and settings change");
    }
    for path in ["/trust", "/ca.crt", "/ca.pem", "/ca.mobileconfig", "/trust.svg", "/api/v1/trust"] {
        assert_eq!(plain(&daemon, Method::GET, path, &[elsewhere]).await.status(), 200, "{path}");
    }
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(plain(&daemon, Method::GET, "/healthz", &[("host", host)]).await.status(), 200, "{host}");
    }
    let proxied = [("host", "porch.example.org"), ("x-forwarded-proto", "https")];
    assert_eq!(plain(&daemon, Method::GET, "/healthz", &proxied).await.status(), 200, "a proxy on this machine");
    let answer = plain(&daemon, Method::GET, "/", &[("host", "a b")]).await;
    assert_eq!((answer.status().as_u16(), problem(answer).await.as_str()), (400, "no-host"));
}

#[tokio::test]
async fn without_https_nobody_is_sent_anywhere() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_HTTPS__ENABLED", "false")]);
    let answer = plain(&daemon, Method::GET, "/healthz", &[("host", "porch.local:8080")]).await;
    assert_eq!(answer.status(), 200);
    let known: Value = plain(&daemon, Method::GET, "/api/v1/trust", &[]).await.json().await.unwrap();
    assert_eq!((&known["authority"], &known["secure"]), (&Value::Null, &Value::Null));
    for path in ["/ca.crt", "/ca.pem", "/ca.mobileconfig"] {
        let answer = plain(&daemon, Method::GET, path, &[]).await;
        assert_eq!((answer.status().as_u16(), problem(answer).await.as_str()), (404, "no-authority"));
    }
    assert!(!state.path().join("tls").exists(), "no key is made that nobody needs");
}

#[tokio::test]
async fn a_login_over_https_is_a_cookie_that_plain_http_never_sees() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let (_, der) = authority(&daemon, state.path()).await;
    let port = secure_port(&daemon).await;
    let body = json!({ "owner": owner_token(&daemon) }).to_string();
    let host = format!("host: {NAME}:{port}\r\norigin: https://{NAME}:{port}\r\nconnection: close");
    let request = format!(
        "POST /api/v1/session HTTP/1.1\r\n{host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (head, _) = ask(port, &der, &request).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let set = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    assert!(set.starts_with("__host-porchlight=") && set.ends_with("; httponly; samesite=strict; secure"), "{head}");
    assert!(!head.contains("strict-transport-security"), "{head}");
}

#[tokio::test]
async fn a_rooms_websocket_works_over_https() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let (_, der) = authority(&daemon, state.path()).await;
    let port = secure_port(&daemon).await;
    let host = Visitor::owner(&daemon).await;
    let room = host.first_room().await;
    let invite = host.invite(&room).await;
    let cookie = guest(port, &der, &invite.token).await;
    for (cookie, role) in [(cookie.clone(), "guest"), (cookie.replace("__Host-", ""), "viewer")] {
        let host = format!("host: {NAME}:{port}\r\nconnection: close");
        let (_, said) =
            ask(port, &der, &format!("GET /api/v1/session HTTP/1.1\r\n{host}\r\ncookie: {cookie}\r\n\r\n")).await;
        assert!(said.contains(&format!("\"role\":\"{role}\"")), "{said}");
    }
    let origin = format!("https://{NAME}:{port}");
    let mut request = format!("wss://{NAME}:{port}/api/v1/rooms/{room}/ws").into_client_request().unwrap();
    request.headers_mut().insert("origin", origin.parse().unwrap());
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let stream = connect(port, NAME, &der).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let join = json!({ "v": 1, "id": 1, "op": "join", "name": "Ada", "resume": null });
    socket.send(Message::text(join.to_string())).await.unwrap();
    let said = tokio::time::timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap();
    let said: Value = serde_json::from_str(said.to_text().unwrap()).unwrap();
    assert_eq!(said["re"], 1, "{said}");
    assert!(said["ok"]["participant"].is_string(), "{said}");
}

/// Signs a guest in over HTTPS: the cookie as a browser would send it.
async fn guest(port: u16, der: &[u8], invite: &str) -> String {
    let body = json!({ "invite": invite, "name": "Ada" }).to_string();
    let request = format!(
        "POST /api/v1/session HTTP/1.1\r\nhost: {NAME}:{port}\r\norigin: https://{NAME}:{port}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = connect(port, NAME, der).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let set = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_name_is_in_the_certificate_and_the_authority_stays() {
    let state = tempfile::tempdir().unwrap();
    let first = Daemon::start(&state);
    let (_, der) = authority(&first, state.path()).await;
    assert!(connect(secure_port(&first).await, "living-room.local", &der).await.is_err());
    drop(first);
    let second = Daemon::start_with(&state, &[("PORCHLIGHT_NODE__NAME", "Living room")]);
    assert_eq!(authority(&second, state.path()).await.1, der);
    connect(secure_port(&second).await, "living-room.local", &der).await.unwrap();

    // Its owner calls it something else while it runs: certificate and pages follow, also after a restart.
    let owner = Visitor::owner(&second).await;
    let node = owner.request(Method::PATCH, "/api/v1/node");
    let named: Value = node.json(&json!({ "name": " Kitchen " })).send().await.unwrap().json().await.unwrap();
    assert_eq!(named["name"], "Kitchen");
    let port = secure_port(&second).await;
    until("certificate with the name", async || connect(port, "kitchen.local", &der).await.is_ok()).await;
    assert_eq!(authority(&second, state.path()).await.1, der);
    for name in ["", "\u{202e}", &"a".repeat(200)] {
        let refused = owner.request(Method::PATCH, "/api/v1/node").json(&json!({ "name": name })).send().await.unwrap();
        assert_eq!(problem(refused).await, "bad-name", "{name:?}");
    }
    drop(second);
    let third = Daemon::start_with(&state, &[("PORCHLIGHT_NODE__NAME", "Living room")]);
    let node: Value = reqwest::get(format!("{}/api/v1/node", third.url)).await.unwrap().json().await.unwrap();
    assert_eq!(node["name"], "Kitchen");
    connect(secure_port(&third).await, "kitchen.local", &der).await.unwrap();
}

/// A certificate of somebody's own: its files, and what a client has to trust.
fn own(folder: &Path, name: &str) -> (PathBuf, PathBuf, Vec<u8>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
    let (certificate, secret) = (folder.join("own.pem"), folder.join("own.key"));
    std::fs::write(&secret, key.serialize_pem()).unwrap();
    std::fs::write(&certificate, made.pem()).unwrap();
    (certificate, secret, made.der().to_vec())
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_used_read_again_and_kept_when_its_successor_is_wrong() {
    let state = tempfile::tempdir().unwrap();
    let (certificate, key, first) = own(state.path(), "porch.example");
    let keys = [
        ("PORCHLIGHT_HTTPS__CERTIFICATE", certificate.to_str().unwrap()),
        ("PORCHLIGHT_HTTPS__KEY", key.to_str().unwrap()),
    ];
    let daemon = Daemon::start_with(&state, &keys);
    let port = secure_port(&daemon).await;
    connect(port, "porch.example", &first).await.unwrap();
    assert_eq!(plain(&daemon, Method::GET, "/ca.crt", &[]).await.status(), 404, "there is no authority to trust");

    let (.., second) = own(state.path(), "porch.example");
    daemon.writes("the configured certificate has changed and is used from now on", 1).await;
    connect(port, "porch.example", &second).await.unwrap();
    assert!(connect(port, "porch.example", &first).await.is_err());

    std::fs::write(&certificate, "garbage").unwrap();
    daemon.writes("the configured certificate has changed and can't be used; the old one stays in use", 1).await;
    assert!(daemon.log().contains(&format!("https.certificate: {}: ", certificate.display())), "{}", daemon.log());
    connect(port, "porch.example", &second).await.unwrap();
    assert!(daemon.stop().success());
}

#[test]
fn a_wrong_certificate_ends_the_start_with_78_and_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key, _) = own(folder.path(), "porch.example");
    let config = folder.path().join("porchlight.toml");
    let say = |text: &str| {
        std::fs::write(&config, text).unwrap();
        let arguments = ["--config", config.to_str().unwrap(), "--listen", "127.0.0.1:0"];
        ["run", "check-config"].map(|command| {
            let mut porchlight = Command::new(env!("CARGO_BIN_EXE_porchlight"));
            porchlight.arg(command).args(arguments).arg("--state").arg(folder.path().join("state"));
            porchlight.env("PORCHLIGHT_HTTPS__LISTEN", "127.0.0.1:0").env("PORCHLIGHT_PEERS__LISTEN", "127.0.0.1:0");
            let output = porchlight.output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            (output.status.code(), said.lines().last().unwrap_or_default().to_owned())
        })
    };
    let both = format!("[https]\ncertificate = {:?}\nkey = {:?}\n", certificate.display(), key.display());
    std::fs::write(&key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let expected = format!("porchlight: https.key: {}: it is not the key of the certificate", key.display());
    assert_eq!(say(&both), [(Some(78), expected.clone()), (Some(78), expected)]);
    std::fs::remove_file(&certificate).unwrap();
    let expected = format!("porchlight: https.certificate: {}: there is no such file", certificate.display());
    assert_eq!(say(&both), [(Some(78), expected.clone()), (Some(78), expected)]);
    let expected = "porchlight: https.certificate and https.key belong together: give both, or neither".to_owned();
    let half = format!("[https]\nkey = {:?}\n", key.display());
    assert_eq!(say(&half), [(Some(78), expected.clone()), (Some(78), expected)]);
}
