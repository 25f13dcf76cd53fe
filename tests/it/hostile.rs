//! Whoever means harm, or just does not know better, disturbs nobody else.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::people;
use super::fixture::relay::{DETOUR, Relay};
use super::fixture::visitor::{Said, Visitor, cookie, owner_token};
use super::fixture::{DEADLINE, has, until};

/// What the box may need for all that is done to it here, in bytes, beside what it needed before.
const MORE: usize = 128 << 20;

fn connect(daemon: &Daemon) -> TcpStream {
    let stream = TcpStream::connect(daemon.listen()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Sends this, and gives everything that comes until the box ends the connection.
fn answer(daemon: &Daemon, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(daemon);
    // The box may end it before it has read everything.
    let _ = stream.write_all(bytes);
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("it does not end: {error}"),
        _ => said,
    }
}

fn status(answer: &[u8]) -> Option<u16> {
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

#[tokio::test]
async fn requests_that_are_none_are_refused_and_take_nothing_with_them() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let visitor = Visitor::new(&daemon);
    let long = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(5_000));
    let address = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(100_000));
    let refused: [&[u8]; 9] = [
        &[0; 4096],
        &[0xff; 4096],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting, more or less\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\nzz\r\n",
        long.as_bytes(),
        many.as_bytes(),
        address.as_bytes(),
    ];
    for bytes in refused {
        let said = answer(&daemon, bytes);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        assert!(
            said.is_empty() || status(&said).is_some_and(|status| (400..500).contains(&status)),
            "{shown:?}: {said:?}"
        );
        assert_eq!(visitor.get("/healthz").await.status(), 200, "after {shown:?}");
    }
    // A body larger than any request needs, announced and not.
    let head =
        "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let announced = answer(&daemon, format!("{head}content-length: 99999999999\r\n\r\n{{").as_bytes());
    assert_eq!(status(&announced), Some(413));
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let endless = answer(&daemon, format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(64)).as_bytes());
    assert!(endless.is_empty() || status(&endless) == Some(413), "{:?}", status(&endless));
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn who_sends_slowly_is_not_waited_for() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let head = "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let slow = [
        ("GET / HTTP/1.1\r\nhost: localhost\r\n".to_owned(), "x: y\r\n"),
        (format!("{head}content-length: 1000\r\n\r\n"), "["),
        (format!("{head}transfer-encoding: chunked\r\n\r\n"), "1\r\n[\r\n"),
        // Half a handshake of a WebSocket.
        ("GET /api/v1/rooms/x/ws HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n".to_owned(), ""),
        (String::new(), ""),
    ];
    let ends = slow.map(|(first, then)| {
        let mut stream = connect(&daemon);
        std::thread::spawn(move || {
            let begun = Instant::now();
            let _ = stream.write_all(first.as_bytes());
            stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            let mut said = [0; 1024];
            loop {
                match stream.read(&mut said) {
                    Ok(0) => return begun.elapsed(),
                    Ok(_) => {}
                    Err(error)
                        if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
                    {
                        assert!(begun.elapsed() < DEADLINE, "{first:?} is waited for");
                        let _ = stream.write_all(then.as_bytes());
                    }
                    Err(_) => return begun.elapsed(),
                }
            }
        })
    });
    for end in ends {
        assert!(end.join().unwrap() < DEADLINE);
    }
    assert!(daemon.stop().success());
}

/// A WebSocket of the room by hand: what comes after the handshake is up to the caller.
fn by_hand(daemon: &Daemon, room: &str, login: &str) -> TcpStream {
    let mut stream = connect(daemon);
    let host = daemon.url.strip_prefix("http://").unwrap();
    write!(
        stream,
        "GET /api/v1/rooms/{room}/ws HTTP/1.1\r\nhost: {host}\r\norigin: {}\r\ncookie: porchlight={login}\r\n\
         connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        daemon.url
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream
}

#[tokio::test]
async fn garbage_over_a_websocket_ends_that_websocket_alone() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let nobody = Visitor::new(&daemon);
    let signed_in = nobody.post("/api/v1/session", &json!({ "owner": owner_token(&daemon) })).await;
    let login = cookie(&signed_in).0;
    let owner = nobody.with(Some(&login));
    let room = owner.first_room().await;
    let mut witness = owner.join(&room, "Ada").await;
    let masked = |first: u8, payload: &[u8]| {
        let mut frame = vec![first, 0x80 | payload.len() as u8, 0, 0, 0, 0];
        frame.extend(payload);
        frame
    };
    let mut pieces = masked(0x01, &[b'x'; 100]);
    (0..1_000).for_each(|_| pieces.extend(masked(0x00, &[b'x'; 100])));
    let garbage: [Vec<u8>; 9] = [
        masked(0x82, b"binary"),
        masked(0x81, b"\xff\xfe no UTF-8"),
        masked(0x81, b"no JSON"),
        masked(0x83, b"an opcode that is none"),
        masked(0xf1, b"bits that mean nothing"),
        vec![0x81, 5, b'p', b'l', b'a', b'i', b'n'],
        vec![0x81, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        pieces,
        vec![0x5a; 70_000],
    ];
    for bytes in garbage {
        let mut stream = by_hand(&daemon, &room, &login);
        let _ = stream.write_all(&bytes);
        let mut said = Vec::new();
        let end = stream.read_to_end(&mut said);
        assert!(
            end.is_ok() || end.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset),
            "{:?}",
            &bytes[..6]
        );
        witness.ask("state", json!({ "microphone": false, "camera": false })).await.unwrap();
    }
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn who_asks_without_pause_is_answered_at_a_pace_that_leaves_time_for_the_others() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let owner = Visitor::owner(&daemon).await;
    let room = owner.first_room().await;
    let mut witness = owner.join(&room, "Ada").await;
    let mut flood = owner.join(&room, "Eve").await;
    let begun = Instant::now();
    for n in 0..2_000 {
        let request = json!({ "v": 1, "id": n, "op": "state", "microphone": n % 2 == 0, "camera": false });
        flood.send(Message::text(request.to_string())).await;
    }
    let mut answers = 0;
    while answers < 100 {
        if let Said::Answer(_) = flood.next().await {
            answers += 1;
        }
    }
    // 60 at once, the join among them, and 20 a second from then on.
    assert!(begun.elapsed() > Duration::from_millis(1_900), "100 answers within {:?}", begun.elapsed());
    let asked = Instant::now();
    witness.ask("state", json!({ "microphone": false, "camera": false })).await.unwrap();
    println!("the other one's answer took {:?}", asked.elapsed());

    // One login takes a few seats and no more.
    let mut lines = Vec::new();
    let refused = loop {
        let mut line = owner.open(&room).await.unwrap();
        match line.ask("join", json!({ "name": "Eve" })).await {
            Ok(_) => lines.push(line),
            Err(problem) => break problem,
        }
    };
    assert_eq!((refused.as_str(), lines.len()), ("too-often", 6));
    assert!(daemon.stop().success());
}

/// Datagrams that look like something of WebRTC and are not.
fn garbage() -> Vec<Vec<u8>> {
    let noise = |seed: u64, length: usize| {
        let mut at = seed | 1;
        let mut next = move || {
            at ^= at << 13;
            at ^= at >> 7;
            at ^= at << 17;
            at.to_be_bytes()[0]
        };
        (0..length).map(|_| next()).collect::<Vec<u8>>()
    };
    let mut all = Vec::new();
    for seed in 1..64 {
        all.push(noise(seed, 1 + (seed as usize * 37) % 1_400));
        // A binding request (RFC 8489) with a user name and an integrity that fit nothing.
        let mut stun = vec![0, 1, 0, 0x2c, 0x21, 0x12, 0xa4, 0x42];
        stun.extend(noise(seed, 12));
        stun.extend([0, 6, 0, 9]);
        stun.extend(b"abcd:efgh\0\0\0");
        stun.extend([0, 0x24, 0, 4, 1, 2, 3, 4, 0, 8, 0, 0x14]);
        stun.extend(noise(seed + 7, 20));
        all.push(stun);
        // A plain fatal alert, and pieces of handshake messages that never become whole: well-formed DTLS (RFC 6347).
        let mut alert = vec![0x15, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, seed as u8, 0, 2, 2, 40];
        all.push(alert.clone());
        alert[13..].copy_from_slice(&[1, 0]);
        all.push(alert);
        let mut piece = vec![0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 2, seed as u8, 0, 112];
        piece.extend([1, 0, 4, 0, 0, seed as u8, 0, 0, 0, 0, 0, 100]);
        piece.extend(noise(seed * 5, 100));
        all.push(piece);
        // DTLS records, SRTP and SRTCP whose insides are noise.
        for head in [
            &[0x16, 0xfe, 0xfd, 0, 0][..],
            &[0x17, 0xfe, 0xfd, 0, 1],
            &[0x15, 0xfe, 0xfd, 0, 0],
            &[0x80, 108],
            &[0x90, 111],
            &[0x81, 201],
        ] {
            let mut datagram = head.to_vec();
            datagram.extend(noise(seed * 3, 200));
            all.push(datagram);
        }
    }
    all
}

#[tokio::test]
async fn a_call_goes_on_under_floods_of_garbage_and_ten_thousand_half_open_connections() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(
        &state,
        &[
            ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
            ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
            ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
            ("PORCHLIGHT_ENDPOINT__FPS", "15"),
        ],
    );
    let browser = Browser::start().await;
    let relay = Arc::new(Relay::start(daemon.udp()));
    let (ada, _) = people::owner_at_the_door(&browser, &daemon, "Ada", Devices { colour: "red", hz: 440 }).await;
    ada.eval(&format!("window.relay = {}; {DETOUR}", relay.port)).await;
    people::go_in(&ada).await;
    ada.eval(FIGURES).await;
    ada.wait_for("figures().then(now => now.frames > 15 && now.sent > 15)", "media in both directions").await;
    let calm = ada.eval("return figures()").await;
    let memory = daemon.memory();

    // Datagrams from a stranger, and in the browser's own name: noise, and what it has said before.
    let stop = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicU64::new(0));
    let to: SocketAddr = daemon.udp();
    let flooding = {
        let (stop, sent, relay) = (stop.clone(), sent.clone(), relay.clone());
        std::thread::spawn(move || {
            let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
            let garbage = garbage();
            while !stop.load(Ordering::Relaxed) {
                for datagram in &garbage {
                    let _ = stranger.send_to(datagram, to);
                    relay.say(datagram);
                    sent.fetch_add(2, Ordering::Relaxed);
                }
                for datagram in relay.heard() {
                    let _ = stranger.send_to(&datagram, to);
                    relay.say(&datagram);
                    sent.fetch_add(2, Ordering::Relaxed);
                }
                // About 10 000 a second: this machine has to run a browser as well.
                std::thread::sleep(Duration::from_millis(150));
            }
        })
    };

    // Half-open connections, as many as this process may hold.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let most = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(500).min(10_000);
    let mut open = std::collections::VecDeque::new();
    for n in 0..10_000 {
        if open.len() >= most {
            open.pop_front();
        }
        let mut stream = TcpStream::connect(daemon.listen()).unwrap();
        if n % 2 == 0 {
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: ");
        }
        open.push_back(stream);
        // Whoever asks for a page finds a place: on a new connection, from the address that all of them come from.
        if n % 500 == 499 {
            let asked = Instant::now();
            let said = answer(&daemon, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
            assert_eq!(status(&said), Some(200), "among {n} half-open connections");
            assert!(asked.elapsed() < Duration::from_secs(10), "an answer took {:?}", asked.elapsed());
        }
    }
    ada.eval("return figures().then(now => { window.begun = now; })").await;
    let moves = "figures().then(now => now.frames > begun.frames + 60 && now.sent > begun.sent + 60)";
    ada.wait_for(moves, "media under fire").await;
    until("flood", async || sent.load(Ordering::Relaxed) > 20_000).await;
    let fire = ada.eval("return figures()").await;
    let needed = daemon.memory();
    stop.store(true, Ordering::Relaxed);
    flooding.join().unwrap();
    println!(
        "{} half-open connections and {} datagrams; memory {} KiB before, {} KiB then; calm {calm}, under fire {fire}",
        10_000,
        sent.load(Ordering::Relaxed),
        memory >> 10,
        needed >> 10,
    );
    assert!(needed < memory + MORE, "{needed} bytes instead of {memory}");
    assert_eq!(ada.eval("return peers.length").await, 1, "the connection is the one from before");
    assert!(fire["rtt"].as_f64().unwrap() < 0.5, "{fire}");
    drop(open);
    people::sees(&ada, people::BOX, 2).await;
    assert!(daemon.stop().success());
}

/// What the one peer connection has received and sent in pictures, and its round trip in seconds.
const FIGURES: &str = r"
window.figures = async () => {
  const all = [...(await peers[0].getStats()).values()];
  const of = (type, kind) => all.filter(s => s.type === type && s.kind === kind);
  const sum = (list, name) => list.reduce((sum, s) => sum + (s[name] ?? 0), 0);
  const pair = all.find(s => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
  return {
    frames: sum(of('inbound-rtp', 'video'), 'framesDecoded'),
    sent: sum(of('outbound-rtp', 'audio'), 'packetsSent'),
    rtt: pair?.currentRoundTripTime ?? 0,
  };
};";
