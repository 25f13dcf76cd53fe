//! Who owns the box, and how people sign in: the PIN, codes of other devices, recovery codes, passkeys, wallets.

use std::process::{Command, Stdio};

use k256::ecdsa::SigningKey;
use porchlight::drivers::identity::wallet;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::fixture::browser::Browser;
use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Visitor, cookie, problem};
use super::fixture::{DEADLINE, has};

const NAME: &str = "porchlight.local";

/// What `porchlight pin` says at the box.
pub fn pin(state: &tempfile::TempDir) -> Result<String, String> {
    let said = Command::new(env!("CARGO_BIN_EXE_porchlight"))
        .arg("pin")
        .arg("--config")
        .arg(state.path().join("porchlight.toml"))
        .arg("--state")
        .arg(state.path())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if said.status.success() { Ok(text(&said.stdout)) } else { Err(text(&said.stderr)) }
}

async fn signs_in(visitor: &Visitor, body: Value) -> Result<(Visitor, Value), (u16, String)> {
    let answer = visitor.with(None).post("/api/v1/session", &body).await;
    if answer.status() != 200 {
        return Err((answer.status().as_u16(), problem(answer).await));
    }
    let known = visitor.with(Some(&cookie(&answer).0));
    Ok((known, answer.json().await.unwrap()))
}

async fn json_of(visitor: &Visitor, path: &str) -> Value {
    visitor.get(path).await.json().await.unwrap()
}

#[tokio::test]
async fn the_pin_makes_the_first_owner_and_nobody_after() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let nobody = Visitor::new(&daemon);
    assert_eq!(json_of(&nobody, "/api/v1/node").await["owned"], false);
    let shown = pin(&state).expect("a box that nobody owns has a PIN");
    assert!(shown.len() == 6 && shown.bytes().all(|byte| byte.is_ascii_digit()), "{shown}");

    let wrong = if shown == "123456" { "654321" } else { "123456" };
    let with = |pin: &str| json!({ "pin": pin, "name": "Maria" });
    assert_eq!(signs_in(&nobody, with(wrong)).await.err(), Some((401, "wrong-number".into())));
    // From elsewhere, by a proxy.
    for header in ["x-forwarded-for", "forwarded", "via"] {
        let request = nobody.request(Method::POST, "/api/v1/session").header(header, "for=203.0.113.7");
        assert_eq!(problem(request.json(&with(&shown)).send().await.unwrap()).await, "not-near", "{header}");
    }
    let unnamed = json!({ "pin": shown, "name": "Maria", "box": "\u{202e}" });
    assert_eq!(signs_in(&nobody, unnamed).await.err(), Some((400, "bad-name".into())));
    let (maria, session) = signs_in(&nobody, with(&shown)).await.expect("the PIN is right");
    assert_eq!((&session["role"], &session["name"]), (&json!("host"), &json!("Maria")));
    assert_eq!(json_of(&nobody, "/api/v1/node").await["owned"], true);
    assert_eq!(signs_in(&nobody, with(&shown)).await.err(), Some((409, "owned".into())));
    let refused = pin(&state).expect_err("somebody owns it");
    assert!(refused.contains("owns this box already"), "{refused}");
    let done = json_of(&maria, "/api/v1/audit").await;
    assert_eq!((&done[0]["action"], &done[0]["actor"]), (&json!("own"), &json!("Maria")));
    assert!(!daemon.log().contains(&shown), "the PIN is in the log");
}

#[tokio::test]
async fn whoever_guesses_the_pin_is_slowed_down_for_all() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let nobody = Visitor::new(&daemon);
    let shown = pin(&state).expect("a PIN");
    let guesses = (0..40).map(|n| format!("{n:06}")).filter(|guess| *guess != shown);
    let tries = guesses.map(|guess| {
        let nobody = nobody.clone();
        async move { signs_in(&nobody, json!({ "pin": guess, "name": "Eve" })).await.err().expect("a guess") }
    });
    let refused = futures_util::future::join_all(tries).await;
    let of = |kind: &str| refused.iter().filter(|(_, problem)| problem == kind).count();
    assert!(of("wrong-number") <= 12, "{} guesses were looked at", of("wrong-number"));
    assert_eq!(of("wrong-number") + of("busy"), refused.len());
    // Not even the right one is taken then.
    assert_eq!(signs_in(&nobody, json!({ "pin": shown, "name": "Eve" })).await.err(), Some((503, "busy".into())));
}

#[tokio::test]
async fn a_household_signs_in_its_devices_and_ends_them() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let made: Value = owner.post("/api/v1/identities", &json!({ "name": "Kim" })).await.json().await.unwrap();
    let kim = made["id"].as_str().unwrap();
    let code: Value = owner.post(&format!("/api/v1/identities/{kim}/code"), &json!({})).await.json().await.unwrap();
    let digits = code["code"].as_str().unwrap();
    assert!(code["url"].as_str().unwrap().ends_with(&format!("/sign-in#code={digits}")), "{code}");
    assert!(code["qr"].as_str().unwrap().contains("<svg"));
    let spaced = format!("{} {}", &digits[..4], &digits[4..]);
    let (phone, session) = signs_in(&owner, json!({ "code": spaced })).await.expect("the code is right");
    assert_eq!((&session["role"], &session["identity"]), (&json!("viewer"), &json!(kim)));
    assert_eq!(signs_in(&owner, json!({ "code": digits })).await.err(), Some((401, "wrong-number".into())));

    // An invite gives somebody whom the box knows a place, and no other login.
    let room = owner.first_room().await;
    let invite = owner.invite(&room).await;
    assert_eq!(phone.get(&format!("/api/v1/rooms/{room}")).await.status(), 403);
    let entered = phone.post("/api/v1/session", &json!({ "invite": invite.token })).await;
    assert!(entered.headers().get("set-cookie").is_none());
    assert_eq!(phone.get(&format!("/api/v1/rooms/{room}")).await.status(), 200);

    // Another device of the same person has the place, too.
    let code: Value = phone.post("/api/v1/identity/code", &json!({})).await.json().await.unwrap();
    let (tablet, _) = signs_in(&owner, json!({ "code": code["code"] })).await.expect("the code is right");
    let mut line = tablet.join(&room, "Kim").await;
    let account = json_of(&phone, "/api/v1/identity").await;
    let devices = account["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 2);
    let other = devices.iter().find(|device| device["this"] == false).expect("the tablet");
    let path = format!("/api/v1/identity/devices/{}", other["id"].as_str().unwrap());
    assert_eq!(problem(owner.delete(&path).await).await, "nobody", "it is not the owner's");
    assert_eq!(phone.delete(&path).await.status(), 204);
    assert_eq!(line.end().await.as_deref(), Some("removed"), "a device that was signed out leaves the call");
    assert_eq!(tablet.get("/api/v1/identity").await.status(), 401);

    // Codes that were written down: each once, and new ones instead of the old.
    let codes = async |visitor: &Visitor| -> Vec<String> {
        let made: Value = visitor.post("/api/v1/identity/recovery", &json!({})).await.json().await.unwrap();
        made["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
    };
    let old = codes(&phone).await;
    let new = codes(&phone).await;
    assert_eq!((old.len(), new.len()), (8, 8));
    assert_eq!(signs_in(&owner, json!({ "recovery": old[0] })).await.err(), Some((401, "wrong-number".into())));
    let typed = new[0].to_uppercase().replace('-', " ");
    let (again, _) = signs_in(&owner, json!({ "recovery": typed })).await.expect("the code is right");
    assert_eq!(json_of(&again, "/api/v1/identity").await["recovery_codes"], 7);
    assert_eq!(signs_in(&owner, json!({ "recovery": new[0] })).await.err(), Some((401, "wrong-number".into())));
    let file = std::fs::read(state.path().join("porchlight.db-wal")).unwrap();
    assert!(!file.windows(new[1].len()).any(|part| part == new[1].as_bytes()), "a code is on the disk");

    // Who is forgotten is out at once; the last owner is not.
    assert_eq!(owner.delete(&format!("/api/v1/identities/{kim}")).await.status(), 204);
    assert_eq!(again.get("/api/v1/identity").await.status(), 401);
    let me = json_of(&owner, "/api/v1/identity").await;
    let refused = owner.delete(&format!("/api/v1/identities/{}", me["id"].as_str().unwrap())).await;
    assert_eq!(problem(refused).await, "last-owner");
}

/// A wallet of the test.
struct Wallet(SigningKey);

impl Wallet {
    fn sign(&self, text: &str) -> Value {
        let (signature, recovery) = self.0.sign_prehash_recoverable(&wallet::hash(text));
        let bytes = signature.to_bytes();
        let digits: String =
            bytes.iter().chain([&(27 + recovery.to_byte())]).map(|byte| format!("{byte:02x}")).collect();
        json!({ "message": text, "signature": format!("0x{digits}") })
    }

    fn address(&self) -> String {
        let signed = self.sign("who");
        let bytes = wallet::bytes(signed["signature"].as_str().unwrap()).unwrap();
        wallet::signer(&wallet::hash("who"), &bytes).unwrap().to_string()
    }

    fn message(&self, url: &str, nonce: &str) -> String {
        let host = url.split_once("://").unwrap().1;
        format!(
            "{host} wants you to sign in with your Ethereum account:\n{}\n\nSign in to this box.\n\nURI: {url}/\nVersion: 1\n\
             Chain ID: 1\nNonce: {nonce}\nIssued At: {}",
            self.address(),
            jiff::Timestamp::now()
        )
    }
}

async fn nonce(visitor: &Visitor) -> String {
    let given: Value = visitor.post("/api/v1/session/wallet", &json!({})).await.json().await.unwrap();
    given["nonce"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_wallet_signs_in_by_a_message_for_this_box_once() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let (mine, other) = (SigningKey::from_slice(&[7; 32]).unwrap(), SigningKey::from_slice(&[8; 32]).unwrap());
    let (mine, other) = (Wallet(mine), Wallet(other));

    let unknown = mine.sign(&mine.message(&daemon.url, &nonce(&owner).await));
    assert_eq!(signs_in(&owner, unknown).await.err(), Some((401, "unproved".into())));
    let added = mine.sign(&mine.message(&daemon.url, &nonce(&owner).await));
    assert_eq!(owner.post("/api/v1/identity/wallets", &added).await.status(), 204);
    assert_eq!(
        problem(owner.post("/api/v1/identity/wallets", &added).await).await,
        "link-expired",
        "a nonce is for once"
    );

    let text = mine.message(&daemon.url, &nonce(&owner).await);
    let good = mine.sign(&text);
    let (known, session) = signs_in(&owner, good.clone()).await.expect("the wallet is known");
    assert_eq!(session["role"], "host");
    assert_eq!(signs_in(&owner, good).await.err(), Some((401, "link-expired".into())), "replayed");
    let account = json_of(&known, "/api/v1/identity").await;
    assert_eq!(account["credentials"][0]["name"], mine.address());
    assert!(account["credentials"][0]["used"].is_string());

    // Tampered with, of another signer, for another site, from another time, of no form.
    let fresh = mine.message(&daemon.url, &nonce(&owner).await);
    let mut tampered = mine.sign(&fresh);
    tampered["message"] = fresh.replace("this box", "that box").into();
    let forged = other.sign(&mine.message(&daemon.url, &nonce(&owner).await));
    let elsewhere = mine.sign(&mine.message("http://evil.example", &nonce(&owner).await));
    let until = |time: &str, text: String| format!("{text}\n{time}");
    let expired =
        mine.sign(&until("Expiration Time: 2020-01-01T00:00:00Z", mine.message(&daemon.url, &nonce(&owner).await)));
    let invented = mine.sign(&mine.message(&daemon.url, "0123456789abcdef"));
    let nothing = mine.sign("Hello");
    for (body, status, kind) in [
        (tampered, 401, "unproved"),
        (forged, 401, "unproved"),
        (elsewhere, 401, "message-elsewhere"),
        (expired, 401, "message-time"),
        (invented, 401, "link-expired"),
        (nothing, 400, "bad-message"),
    ] {
        assert_eq!(signs_in(&owner, body.clone()).await.err(), Some((status, kind.into())), "{body}");
    }

    // One wallet is one person's.
    let made: Value = owner.post("/api/v1/identities", &json!({ "name": "Kim" })).await.json().await.unwrap();
    let path = format!("/api/v1/identities/{}/code", made["id"].as_str().unwrap());
    let code: Value = owner.post(&path, &json!({})).await.json().await.unwrap();
    let (kim, _) = signs_in(&owner, json!({ "code": code["code"] })).await.expect("the code is right");
    let again = mine.sign(&mine.message(&daemon.url, &nonce(&owner).await));
    assert_eq!(problem(kim.post("/api/v1/identity/wallets", &again).await).await, "taken");
    let id = account["credentials"][0]["id"].as_str().unwrap();
    assert_eq!(problem(kim.delete(&format!("/api/v1/identity/credentials/{id}")).await).await, "nobody");
    assert_eq!(owner.delete(&format!("/api/v1/identity/credentials/{id}")).await.status(), 204);
    let gone = mine.sign(&mine.message(&daemon.url, &nonce(&owner).await));
    assert_eq!(signs_in(&owner, gone).await.err(), Some((401, "unproved".into())));
}

/// A chain with a wallet that is a contract; it ends with this.
struct Chain {
    url: String,
    wallet: String,
    /// An account there that is no contract.
    other: String,
    node: tokio::process::Child,
}

impl Chain {
    async fn start(owner: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/evm/chain.mjs");
        let mut node = tokio::process::Command::new("node")
            .args([script, owner])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("there is Node");
        let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(DEADLINE, lines.next_line()).await.expect("it starts in time").unwrap();
        let line = line.expect("the chain starts: see above, and `npm --prefix tests/evm ci`");
        let said: Value = serde_json::from_str(&line).unwrap();
        let [url, wallet, other] = ["url", "wallet", "other"].map(|name| said[name].as_str().unwrap().to_owned());
        Self { url, wallet, other, node }
    }
}

#[tokio::test]
async fn a_wallet_that_is_a_contract_signs_in_if_its_chain_says_so() {
    if !has(&["node"]) {
        return;
    }
    let keys = [[7; 32], [8; 32]].map(|key| Wallet(SigningKey::from_slice(&key).unwrap()));
    let [mine, other] = keys;
    let mut chain = Chain::start(&mine.address()).await;
    let state = tempfile::tempdir().unwrap();
    let rpc = state.path().join("rpc");
    std::fs::write(&rpc, format!("{}\n", chain.url)).unwrap();
    let daemon = Daemon::start_with(&state, &[("PORCHLIGHT_WALLETS__RPC", rpc.to_str().unwrap())]);
    let owner = Visitor::owner(&daemon).await;
    let of = |wallet: &Wallet, address: &str, on: u64, text: String| {
        let text = text.replace(&wallet.address(), address).replace("Chain ID: 1\n", &format!("Chain ID: {on}\n"));
        wallet.sign(&text)
    };
    let signed = async |wallet: &Wallet, address: &str, on: u64| {
        of(wallet, address, on, wallet.message(&daemon.url, &nonce(&owner).await))
    };
    let add = async |body: &Value| owner.post("/api/v1/identity/wallets", body).await;

    // Nobody adds what the contract does not take for its own, on another chain, or what is no contract.
    let contract = chain.wallet.clone();
    let contract = contract.as_str();
    for (body, kind) in [
        (signed(&other, contract, 1337).await, "unproved"),
        (signed(&mine, &chain.other, 1337).await, "unproved"),
        (signed(&mine, contract, 1).await, "wallet-chain"),
    ] {
        assert_eq!(problem(add(&body).await).await, kind, "{body}");
    }
    assert_eq!(add(&signed(&mine, contract, 1337).await).await.status(), 204);
    let account = json_of(&owner, "/api/v1/identity").await;
    assert_eq!(account["credentials"][0]["name"], contract);

    let good = signed(&mine, contract, 1337).await;
    let (_, session) = signs_in(&owner, good.clone()).await.expect("the contract takes it for its own");
    assert_eq!(session["role"], "host");
    assert_eq!(signs_in(&owner, good).await.err(), Some((401, "link-expired".into())), "replayed");
    let mut tampered = signed(&mine, contract, 1337).await;
    tampered["message"] = tampered["message"].as_str().unwrap().replace("this box", "that box").into();
    let mut short = signed(&mine, contract, 1337).await;
    short["signature"] = "0x00".into();
    let elsewhere = of(&mine, contract, 1337, mine.message("http://evil.example", &nonce(&owner).await));
    let late = mine.message(&daemon.url, &nonce(&owner).await) + "\nExpiration Time: 2020-01-01T00:00:00Z";
    let expired = of(&mine, contract, 1337, late);
    for (body, kind) in [
        (tampered, "unproved"),
        (short, "unproved"),
        (signed(&other, contract, 1337).await, "unproved"),
        (elsewhere, "message-elsewhere"),
        (expired, "message-time"),
    ] {
        assert_eq!(signs_in(&owner, body.clone()).await.err(), Some((401, kind.into())), "{body}");
    }
    // A wallet with a key is not asked about, nor is one that nobody here has.
    assert_eq!(add(&signed(&mine, &mine.address(), 1).await).await.status(), 204);
    let good = signed(&mine, contract, 1337).await;
    chain.node.kill().await.unwrap();
    assert_eq!(signs_in(&owner, good).await.err(), Some((502, "chain-silent".into())), "the chain is down");
    assert!(signs_in(&owner, signed(&mine, &mine.address(), 1).await).await.is_ok());
    let nobodys = signed(&mine, &other.address(), 1337).await;
    assert_eq!(signs_in(&owner, nobodys).await.err(), Some((401, "unproved".into())));
    let log = daemon.log();
    let url = chain.url.trim_start_matches("http://");
    assert!(log.contains("chain-silent") && !log.contains(url) && !log.contains(contract), "{log}");
}

#[tokio::test]
async fn a_passkey_is_made_and_signs_in_where_the_certificate_is_trusted() {
    if !has(&["chromium", "chromedriver", "certutil"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let pem = reqwest::get(format!("{}/ca.pem", daemon.url)).await.unwrap().bytes().await.unwrap();
    let authority = state.path().join("offered.pem");
    std::fs::write(&authority, &pem).unwrap();
    let shown = pin(&state).expect("a PIN");
    let daemon = daemon.by_https(NAME).await;
    let browser = Browser::trusting(&authority, NAME).await;
    let page = browser.open("Maria", None).await;
    page.devtools("WebAuthn.enable", json!({})).await;
    let authenticator = json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
        "isUserVerified": true, "automaticPresenceSimulation": true,
    });
    page.devtools("WebAuthn.addVirtualAuthenticator", json!({ "options": authenticator })).await;

    // A new box: the home page says so, and the PIN makes its owner.
    page.goto(&daemon.url).await;
    page.click("unowned").await;
    page.fill("pin", &shown).await;
    page.fill("owner-box", "Hall").await;
    page.fill("owner-name", "<img src=x onerror=window.pwned=1>").await;
    page.click("claim").await;
    // The second way in is the last of the five screens.
    for _ in 1..5 {
        page.click("setup-next").await;
    }
    page.fill("passkey-name", "Test phone").await;
    page.click("passkey-add").await;
    page.wait_for("document.querySelector('[data-testid=credential][data-kind=passkey]')", "passkey").await;
    assert_eq!(page.eval("return window.pwned ?? null").await, Value::Null, "a name is text");

    page.goto(&daemon.url).await;
    page.wait_for("document.querySelector('[data-testid=people]')", "owner's home page").await;
    page.wait_for("document.querySelector('[data-testid=box-name]')?.value === 'Hall'", "name of the box").await;
    page.fill("box-name", "Kitchen").await;
    page.click("box-name-save").await;
    page.wait_for("fetch('/api/v1/node').then(r => r.json()).then(n => n.name === 'Kitchen')", "other name").await;
    page.eval("return fetch('/api/v1/session', { method: 'DELETE' }).then(() => null)").await;
    page.goto(&format!("{}/sign-in", daemon.url)).await;
    page.click("by-passkey").await;
    page.wait_for("location.pathname === '/' && document.querySelector('[data-testid=account]')", "home again").await;
    let session = page.eval("return fetch('/api/v1/session').then(answer => answer.json())").await;
    assert_eq!((&session["role"], &session["name"]), (&json!("host"), &json!("<img src=x onerror=window.pwned=1>")));

    // By another name of the box the passkey is none: browsers do not even offer it.
    let elsewhere = daemon.url.replace(NAME, "localhost");
    page.goto(&format!("{elsewhere}/sign-in")).await;
    page.click("by-passkey").await;
    page.wait_for("document.querySelector('[data-testid=sign-in-problem]')", "sentence").await;
    page.goto(&format!("{}/me", daemon.url)).await;
    page.click("credential-remove").await;
    page.wait_for("!document.querySelector('[data-testid=credential]')", "account without a passkey").await;
    assert_eq!(page.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_login_is_given_and_never_taken_over() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let invite = owner.invite(&room).await;
    // Session fixation: a value that somebody else chose is neither kept nor made good.
    let planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let victim = owner.with(Some(planted));
    let answer = victim.post("/api/v1/session", &json!({ "invite": invite.token, "name": "Ada" })).await;
    assert_ne!(cookie(&answer).0, planted);
    assert_eq!(json_of(&victim, "/api/v1/session").await["role"], "viewer");
    // A guest's login does not become another's, nor more than it was.
    let guest = owner.guest(&invite, "Ada").await;
    let again = guest.post("/api/v1/session", &json!({ "invite": invite.token, "name": "Eve" })).await;
    assert_ne!(cookie(&again).0, guest.secret());
    assert_eq!(json_of(&guest, "/api/v1/session").await["name"], "Ada");
    // Who has a login does not lose it for a name in the chat.
    for somebody in [&owner, &guest] {
        let answer = somebody.post("/api/v1/session", &json!({ "name": "Zoe" })).await;
        assert!(answer.status() == 200 && answer.headers().get("set-cookie").is_none());
    }
    // Nothing of the box is shown in a frame of another site.
    for path in ["/", "/sign-in", "/me", "/people", "/audit", &format!("/r/{room}")] {
        let answer = owner.get(path).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'self'"), "{path}: {policy}");
    }
    // Invites are not guessed.
    for guess in ["", "0", planted, &invite.id, "../../etc/passwd", "' OR 1=1 --"] {
        let refused = signs_in(&owner, json!({ "invite": guess, "name": "Eve" })).await.err();
        assert_eq!(refused, Some((401, "unknown-link".into())), "{guess}");
    }
}

#[tokio::test]
async fn a_ban_holds_for_the_login_and_rules_hold_for_their_role() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let invite = owner.invite(&room).await;
    let eve = owner.guest(&invite, "Eve").await;
    let moderator = owner.guest(&owner.invite_as(&room, "moderator").await, "Mo").await;
    let members = format!("/api/v1/rooms/{room}/members");
    let of = async |name: &str| {
        let list = json_of(&moderator, &members).await;
        let one = list.as_array().unwrap().iter().find(|one| one["name"] == name).cloned().expect("a member");
        (format!("{members}/{}", one["subject"].as_str().unwrap()), one)
    };
    let change = async |by: &Visitor, path: &str, body: Value| {
        let answer = by.request(Method::PATCH, path).json(&body).send().await.unwrap();
        if answer.status() == 204 { "done".to_owned() } else { problem(answer).await }
    };
    let (hers, _) = of("Eve").await;
    let (his, _) = of("Mo").await;
    // Not above themselves, and not themselves.
    assert_eq!(change(&moderator, &hers, json!({ "role": "moderator" })).await, "not-permitted");
    assert_eq!(change(&moderator, &his, json!({ "role": "host" })).await, "not-permitted");
    assert_eq!(change(&eve, &his, json!({ "banned": true })).await, "not-permitted");
    let invites = format!("/api/v1/rooms/{room}/invites");
    let more = moderator.post(&invites, &json!({ "hours": 1, "role": "moderator" })).await;
    assert_eq!(problem(more).await, "not-permitted");
    for (most, status) in [(json!(0), 400), (json!(1001), 400), (json!(2), 201)] {
        assert_eq!(moderator.post(&invites, &json!({ "hours": 1, "most": most })).await.status(), status, "{most}");
    }

    assert_eq!(change(&moderator, &hers, json!({ "banned": true })).await, "done");
    assert_eq!(problem(eve.get(&format!("/api/v1/rooms/{room}")).await).await, "banned");
    let back = eve.post("/api/v1/session", &json!({ "invite": invite.token, "name": "Another" })).await;
    assert_eq!(problem(back).await, "banned", "the same browser does not come back under another name");
    assert_eq!(change(&moderator, &hers, json!({ "banned": false })).await, "done");
    assert_eq!(eve.get(&format!("/api/v1/rooms/{room}")).await.status(), 200);

    let none = json!({ "allow": [], "deny": [] });
    let rules = json!({ "moderator": none, "guest": { "allow": ["invite"], "deny": ["speak"] }, "viewer": none });
    let path = format!("/api/v1/rooms/{room}/rules");
    assert_eq!(owner.request(Method::PUT, &path).json(&rules).send().await.unwrap().status(), 200);
    let may = of("Eve").await.1["may"].clone();
    assert!(
        may.as_array().unwrap().contains(&json!("invite")) && !may.as_array().unwrap().contains(&json!("speak")),
        "{may}"
    );
    assert_eq!(eve.post(&invites, &json!({ "hours": 1, "role": "viewer" })).await.status(), 201);
    let actions: Vec<Value> = json_of(&moderator, &format!("/api/v1/rooms/{room}/audit"))
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].clone())
        .collect();
    for wanted in ["ban", "unban", "rules", "invite"] {
        assert!(actions.contains(&json!(wanted)), "{wanted} is not in {actions:?}");
    }
}
