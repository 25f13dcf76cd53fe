//! The room's WebSocket, held to docs/reference/signalling.md by a plain client without media.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::fixture::daemon::Daemon;
use super::fixture::visitor::{Line, Said, Visitor};

/// A WebSocket frame holds so many bytes.
const LARGEST: usize = 64 * 1024;
/// A service manager grants a stop so long.
const STOP: Duration = Duration::from_secs(10);

/// A browser's offer (RFC 8829): a microphone, and one slot for a picture.
pub const OFFER: &str = "v=0\r\n\
o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n\
s=-\r\n\
t=0 0\r\n\
a=group:BUNDLE 0 1\r\n\
m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
c=IN IP4 0.0.0.0\r\n\
a=rtcp:9 IN IP4 0.0.0.0\r\n\
a=ice-ufrag:EsAw\r\n\
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\n\
a=setup:actpass\r\n\
a=mid:0\r\n\
a=sendonly\r\n\
a=rtcp-mux\r\n\
a=rtpmap:111 opus/48000/2\r\n\
a=fmtp:111 minptime=10;useinbandfec=1\r\n\
a=ssrc:3735928559 cname:ada\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 102\r\n\
c=IN IP4 0.0.0.0\r\n\
a=rtcp:9 IN IP4 0.0.0.0\r\n\
a=ice-ufrag:EsAw\r\n\
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\n\
a=setup:actpass\r\n\
a=mid:1\r\n\
a=recvonly\r\n\
a=rtcp-mux\r\n\
a=rtpmap:102 H264/90000\r\n\
a=rtcp-fb:102 nack pli\r\n\
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n";

/// A daemon with its owner, and a guest of its room.
struct Call {
    daemon: Daemon,
    host: Visitor,
    guest: Visitor,
    room: String,
    _state: tempfile::TempDir,
}

impl Call {
    async fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let daemon = Daemon::start(&state);
        let host = Visitor::owner(&daemon).await;
        let room = host.first_room().await;
        let guest = host.guest(&host.invite(&room).await, "Ada").await;
        Self { daemon, host, guest, room, _state: state }
    }
}

/// Whether a state shows this participant so.
fn shows(state: &Value, who: &str, field: &str, value: &str) -> bool {
    state["participants"][who][field] == value
}

fn is_in(state: &Value, who: &str) -> bool {
    state["participants"].get(who).is_some()
}

/// What all in a room see alike. A merge patch removes what becomes null, so that null and absent are the same.
fn shared(state: &Value) -> Value {
    fn without_nulls(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let kept = fields.iter().filter(|(_, value)| !value.is_null());
                kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
            }
            other => other.clone(),
        }
    }
    without_nulls(&json!({ "room": state["room"], "participants": state["participants"] }))
}

/// Asks for something that must be granted.
async fn done(line: &mut Line, op: &str, fields: Value) -> Value {
    line.ask(op, fields).await.unwrap_or_else(|problem| panic!("{op}: {problem}"))
}

#[tokio::test]
async fn joining_is_answered_and_then_comes_the_whole_state() {
    let call = Call::start().await;
    let mut line = call.guest.open(&call.room).await.unwrap();
    let ok = done(&mut line, "join", json!({ "name": "  Ada Lovelace " })).await;
    assert!(line.state.is_null(), "the answer comes before the snapshot");
    assert!(matches!(line.next().await, Said::State));
    let (me, state) = (ok["participant"].as_str().unwrap(), line.state.clone());
    let room: Value = call.host.get(&format!("/api/v1/rooms/{}", call.room)).await.json().await.unwrap();
    let ada = json!({
        "name": "Ada Lovelace", "kind": "person", "role": "guest", "microphone": false, "camera": false,
        "screen": false, "speaking": false, "hand": null, "quality": "unknown",
        "on_air": "no", "recorded": "no", "separately": "no", "connection": "connecting", "stand_in": false,
        "private": false,
    });
    let expected = json!({
        "room": { "id": call.room, "name": room["name"], "broadcast": room["broadcast"], "auto_record": false,
            "auto_separately": false, "restricted": false, "locked": false, "host_next": null, "acting": null,
            "live": null },
        "you": me,
        "ring": "no",
        "may": ["watch", "join", "speak", "show_camera", "share_screen", "chat"],
        "stopped": [],
        "outside": [],
        "participants": { me: ada },
        "speaker": null,
        "slots": {},
        "slots_wanted": { "audio": 0, "video": 0 },
        "send": { "camera": 3, "screen": 3, "video_codec": "h264" },
    });
    assert_eq!(state, expected);
    assert_eq!(line.ask("join", json!({ "name": "Ada" })).await, Err("joined".into()));

    let host = call.host.join(&call.room, "Olga").await;
    let may = json!([
        "watch",
        "join",
        "speak",
        "show_camera",
        "share_screen",
        "chat",
        "invite",
        "moderate",
        "produce",
        "broadcast",
        "record",
        "administer",
    ]);
    assert_eq!(host.state["may"], may);
    assert_eq!(host.state["participants"][host.me()]["role"], "host");
}

#[tokio::test]
async fn patches_lead_to_the_state_that_whoever_comes_later_is_shown() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    let gone = call.guest.join(&call.room, "Carl").await;
    done(&mut host, "box", json!({ "in_call": true })).await;
    done(&mut host, "go_live", json!({ "title": "Tea" })).await;
    done(&mut ada, "consent", json!({ "on_air": true })).await;
    done(&mut host, "box", json!({ "microphone": false, "on_air": false })).await;
    done(&mut ada, "offer", json!({ "sdp": OFFER })).await;
    done(&mut ada, "state", json!({ "microphone": false, "camera": false })).await;
    drop(gone);
    let is_lost = |state: &Value| state.to_string().contains(r#""connection":"lost""#);
    for round in ["live", "off air"] {
        host.until("a lost connection", is_lost).await;
        let late = call.guest.join(&call.room, "Bob").await;
        for line in [&mut host, &mut ada] {
            line.until("the state that Bob was shown", |state| shared(state) == shared(&late.state)).await;
        }
        let bob = late.me();
        assert_eq!(late.state["room"]["live"].is_object(), round == "live");
        assert_eq!(late.state["participants"].as_object().unwrap().len(), 5, "{:#}", late.state);
        let mut late = late;
        done(&mut late, "leave", json!({})).await;
        assert_eq!(late.end().await, None, "who leaves needs no bye");
        for line in [&mut host, &mut ada] {
            line.until("the room without Bob", |state| !is_in(state, &bob)).await;
        }
        done(&mut host, "end_live", json!({})).await;
    }
}

#[tokio::test]
async fn everybody_is_asked_before_they_are_on_air() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    let (olga, me) = (host.me(), ada.me());
    done(&mut host, "box", json!({ "in_call": true })).await;
    // Nobody agrees to what is not asked.
    done(&mut ada, "consent", json!({ "on_air": true })).await;
    assert!(shows(&ada.state, &me, "on_air", "no"));

    let broadcast = done(&mut host, "go_live", json!({ "title": " Tea " })).await;
    assert_eq!(broadcast["broadcast"], host.state["room"]["broadcast"]);
    for line in [&mut host, &mut ada] {
        line.until("the question", |state| [&olga, &me].iter().all(|who| shows(state, who, "on_air", "asked"))).await;
        let live = &line.state["room"]["live"];
        assert_eq!((&live["title"], &live["viewers"]), (&json!("Tea"), &json!(0)));
        assert!(live["since"].as_str().unwrap().ends_with('Z'), "{live}");
        let boxes = line.state["participants"].as_object().unwrap().values().filter(|p| p["kind"] == "box");
        assert_eq!(boxes.map(|p| p["on_air"].as_str().unwrap()).collect::<Vec<_>>(), ["yes"], "the press is its yes");
    }
    let late = call.guest.join(&call.room, "Bob").await;
    assert!(shows(&late.state, &late.me(), "on_air", "asked"), "who comes later is asked, too");
    for (agrees, shown) in [(true, "yes"), (false, "no"), (true, "yes")] {
        done(&mut ada, "consent", json!({ "on_air": agrees })).await;
        host.until("the answer", |state| shows(state, &me, "on_air", shown)).await;
        assert!(shows(&host.state, &olga, "on_air", "asked"), "one answers for oneself only");
    }
    // Live already: only the title changes, nobody is asked again.
    done(&mut host, "go_live", json!({ "title": "Cake" })).await;
    ada.until("the new title", |state| state["room"]["live"]["title"] == "Cake").await;
    assert!(shows(&ada.state, &me, "on_air", "yes"));
    let long = "x".repeat(101);
    assert_eq!(host.ask("go_live", json!({ "title": long })).await, Err("bad-title".into()));

    done(&mut host, "end_live", json!({})).await;
    ada.until("the end", |state| state["room"].get("live").is_none_or(Value::is_null)).await;
    ada.until("nobody on air", |state| {
        state["participants"].as_object().unwrap().values().all(|p| p["on_air"] == "no")
    })
    .await;
    done(&mut host, "go_live", json!({})).await;
    ada.until("the question again", |state| shows(state, &me, "on_air", "asked")).await;
    assert_eq!(ada.state["room"]["live"]["title"], ada.state["room"]["name"], "no title takes the room's name");
}

#[tokio::test]
async fn the_box_takes_a_seat_and_gives_it_up() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    assert_eq!(host.ask("box", json!({ "microphone": true })).await, Err("box-not-here".into()));
    let boxes = |state: &Value| -> Vec<Value> {
        let all = state["participants"].as_object().unwrap().values();
        all.filter(|p| p["kind"] == "box").cloned().collect()
    };
    done(&mut host, "box", json!({ "in_call": true })).await;
    host.until("the box", |state| matches!(&boxes(state)[..], [one] if one["connection"] == "connected")).await;
    let [seat] = &boxes(&host.state)[..] else { panic!("one box") };
    assert_eq!((&seat["stand_in"], &seat["camera"], &seat["microphone"]), (&json!(true), &json!(true), &json!(true)));
    assert_eq!(host.state["slots_wanted"], json!({ "audio": 1, "video": 1 }));
    done(&mut host, "box", json!({ "in_call": true, "camera": false })).await;
    host.until(
        "the box without its camera",
        |state| matches!(&boxes(state)[..], [one] if one["camera"] == false && one["microphone"] == true),
    )
    .await;
    done(&mut host, "box", json!({ "in_call": false })).await;
    host.until("the room without the box", |state| boxes(state).is_empty()).await;
    assert_eq!(host.state["slots_wanted"], json!({ "audio": 0, "video": 0 }));
}

#[tokio::test]
async fn an_offer_is_answered_with_candidates_and_a_bad_one_with_a_problem() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    for sdp in ["", "v=0", "garbage\r\n", &OFFER.replace("a=ice-ufrag", "a=ice-nothing"), &OFFER[..OFFER.len() / 2]] {
        assert_eq!(ada.ask("offer", json!({ "sdp": sdp })).await, Err("bad-offer".into()), "{sdp:?}");
    }
    let sections = format!("{OFFER}{}", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(200));
    assert_eq!(ada.ask("offer", json!({ "sdp": sections })).await, Err("bad-offer".into()));
    let answer = done(&mut ada, "offer", json!({ "sdp": OFFER })).await;
    let answer = answer["sdp"].as_str().unwrap();
    for line in ["a=candidate:", "a=fingerprint:sha-256 ", "a=recvonly", "a=sendonly", "opus/48000/2", "H264/90000"] {
        assert!(answer.contains(line), "no {line} in {answer}");
    }
    let me = ada.me();
    host.until("Ada's sound", |state| state["participants"][&me]["microphone"] == true).await;
    assert_eq!(host.state["slots_wanted"], json!({ "audio": 1, "video": 0 }));
    done(&mut ada, "state", json!({ "microphone": false, "camera": true })).await;
    host.until("muted", |state| state["participants"][&me]["microphone"] == false).await;
    assert_eq!(host.state["participants"][&me]["camera"], false, "nobody shows what they don't send");
    // Her one slot for pictures takes the box's.
    done(&mut host, "box", json!({ "in_call": true })).await;
    ada.until("the box in the slot", |state| {
        state["slots"]["1"]["participant"]
            .as_str()
            .is_some_and(|who| shows(state, who, "kind", "box") && state["slots"]["1"]["kind"] == "video")
    })
    .await;
    assert_eq!(ada.state["slots"]["1"]["source"], "camera");
}

#[tokio::test]
async fn a_page_is_sent_what_its_view_says_and_a_view_that_cannot_be_is_refused() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    done(&mut host, "box", json!({ "in_call": true })).await;
    done(&mut ada, "offer", json!({ "sdp": OFFER })).await;
    ada.until("the box in the slot", |state| state["slots"]["1"]["source"] == "camera").await;
    let seat = ada.state["slots"]["1"]["participant"].clone();
    let tile =
        |who: &Value, source: &str, height: Value| json!({ "participant": who, "source": source, "height": height });
    let view = |tiles: &[Value]| json!({ "shown": tiles, "front": null });

    done(&mut ada, "view", view(&[])).await;
    ada.until("no picture", |state| state["slots"].get("1").is_none()).await;
    assert_eq!(ada.state["slots_wanted"], json!({ "audio": 1, "video": 0 }));
    // Whoever has just left, or shares no screen, is no mistake.
    let gone = json!("0123456789abcdef");
    let tiles =
        [tile(&gone, "camera", json!(180)), tile(&seat, "screen", json!(720)), tile(&seat, "camera", json!(337.5))];
    done(&mut ada, "view", json!({ "shown": tiles, "front": gone })).await;
    ada.until("the box again", |state| state["slots"]["1"]["participant"] == seat).await;
    assert_eq!(ada.state["slots_wanted"], json!({ "audio": 1, "video": 1 }));

    let many = vec![tile(&gone, "camera", json!(180)); 50];
    for (bad, why) in [
        (view(&many), "bad-view"),
        (view(&[tile(&seat, "camera", json!(-1))]), "bad-view"),
        (view(&[tile(&seat, "camera", json!(1e9))]), "bad-view"),
        (view(&[tile(&seat, "microphone", json!(1))]), "bad-view"),
        (view(&[tile(&seat, "window", json!(1))]), "bad-fields"),
        (view(&[tile(&json!("nobody"), "camera", json!(1))]), "bad-fields"),
        (view(&[tile(&seat, "camera", json!("high"))]), "bad-fields"),
        (json!({ "shown": [], "front": "nobody" }), "bad-fields"),
        (json!({ "front": null }), "bad-fields"),
    ] {
        assert_eq!(ada.ask("view", bad.clone()).await, Err(why.into()), "{bad}");
    }
    done(&mut ada, "view", view(&many[..49])).await;
    ada.until("no picture", |state| state["slots"].get("1").is_none()).await;
}

/// [`OFFER`] with a camera and a screen that it sends beside the microphone.
fn offer_with_a_screen() -> String {
    let (session, rest) = OFFER.split_once("m=video").unwrap();
    let section = |mid: &str, ssrc: u32| {
        let section = format!("m=video{rest}").replace("a=mid:1", &format!("a=mid:{mid}"));
        format!("{}a=ssrc:{ssrc} cname:ada\r\n", section.replace("a=recvonly", "a=sendonly"))
    };
    let session = session.replace("BUNDLE 0 1", "BUNDLE 0 1 2 3");
    format!("{session}m=video{rest}{}{}", section("2", 77), section("3", 78))
}

#[tokio::test]
async fn a_screen_is_shared_beside_the_camera_and_ends_with_its_section() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    let me = ada.me();
    let offer = offer_with_a_screen();
    for sources in [json!({ "2": "film" }), json!(["camera"]), json!({ "2": 7 })] {
        let refused = ada.ask("offer", json!({ "sdp": offer, "sources": sources })).await;
        assert_eq!(refused, Err("bad-fields".into()), "{sources}");
    }
    let sources = json!({ "0": "microphone", "2": "camera", "3": "screen", "9": "screen_sound" });
    done(&mut ada, "offer", json!({ "sdp": offer, "sources": sources })).await;
    host.until("Ada's screen", |state| state["participants"][&me]["screen"] == true).await;
    assert_eq!(host.state["participants"][&me]["camera"], true);
    let tile = |source: &str| json!({ "participant": me, "source": source, "height": 720 });
    done(&mut host, "view", json!({ "shown": [tile("screen"), tile("camera")], "front": null })).await;
    host.until("slots for both", |state| state["slots_wanted"] == json!({ "audio": 1, "video": 2 })).await;

    let stopped = offer.replacen("a=mid:3\r\na=sendonly", "a=mid:3\r\na=inactive", 1);
    assert_ne!(stopped, offer);
    done(&mut ada, "offer", json!({ "sdp": stopped, "sources": sources })).await;
    host.until("the end of the screen", |state| state["participants"][&me]["screen"] == false).await;
    assert_eq!(host.state["participants"][&me]["camera"], true);
    assert_eq!(host.state["slots_wanted"], json!({ "audio": 1, "video": 1 }));

    // Without labels the second picture is nothing.
    let mut bob = call.guest.join(&call.room, "Bob").await;
    done(&mut bob, "offer", json!({ "sdp": offer })).await;
    let who = bob.me();
    host.until("Bob's camera", |state| state["participants"][&who]["camera"] == true).await;
    assert_eq!(host.state["participants"][&who]["screen"], false);
}

/// [`OFFER`] with a camera that it sends in either codec, and its slot for these codecs.
fn offer_with_a_camera(slot: &[(u8, &str)]) -> String {
    let (session, rest) = OFFER.split_once("m=video").unwrap();
    let session = session.replace("BUNDLE 0 1", "BUNDLE 0 1 2");
    let (head, _) = rest.split_once("a=rtpmap").unwrap();
    let section = |mid: &str, direction: &str, codecs: &[(u8, &str)]| {
        let numbers: Vec<String> = codecs.iter().map(|(number, _)| number.to_string()).collect();
        let head = head.replace("SAVPF 102", &format!("SAVPF {}", numbers.join(" ")));
        let head = head.replace("a=mid:1", &format!("a=mid:{mid}")).replace("a=recvonly", direction);
        let h264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
        let codec = |(number, name): &(u8, &str)| {
            let format = if *name == "H264" { format!("a=fmtp:{number} {h264}\r\n") } else { String::new() };
            format!("a=rtpmap:{number} {name}/90000\r\na=rtcp-fb:{number} nack pli\r\n{format}")
        };
        format!("m=video{head}{}", codecs.iter().map(codec).collect::<String>())
    };
    let sends = section("2", "a=sendonly", &[(102, "H264"), (96, "VP8")]);
    format!("{session}{}{sends}a=ssrc:77 cname:ada\r\n", section("1", "a=recvonly", slot))
}

#[tokio::test]
async fn a_room_speaks_vp8_while_somebody_in_it_receives_nothing_else_and_so_does_the_box() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    done(&mut host, "box", json!({ "in_call": true })).await;
    let offer = offer_with_a_camera(&[(102, "H264"), (96, "VP8")]);
    let sent = |answer: Value| {
        let answer = answer["sdp"].as_str().unwrap().to_owned();
        let section = answer.split("m=video").find(|section| section.contains("a=mid:2")).unwrap().to_owned();
        ["H264/90000", "VP8/90000"].map(|codec| section.contains(codec))
    };
    assert_eq!(sent(done(&mut ada, "offer", json!({ "sdp": offer })).await), [true, false]);
    call.daemon.writes("capture is open kind=Video codec=H264", 1).await;

    let mut carl = call.guest.join(&call.room, "Carl").await;
    done(&mut carl, "offer", json!({ "sdp": offer_with_a_camera(&[(96, "VP8")]) })).await;
    for line in [&mut host, &mut ada, &mut carl] {
        line.until("another codec", |state| state["send"]["video_codec"] == "vp8").await;
    }
    assert_eq!(sent(done(&mut ada, "offer", json!({ "sdp": offer })).await), [false, true]);
    call.daemon.writes("capture is open kind=Video codec=Vp8", 1).await;
    let stats = done(&mut ada, "stats", json!({})).await;
    let codes = stats["events"].as_array().unwrap().iter().map(|event| event["code"].as_str().unwrap());
    assert!(codes.clone().any(|code| code == "codec_changed"), "{stats}");

    done(&mut carl, "leave", json!({})).await;
    for line in [&mut host, &mut ada] {
        line.until("the codec of before", |state| state["send"]["video_codec"] == "h264").await;
    }
    assert_eq!(sent(done(&mut ada, "offer", json!({ "sdp": offer })).await), [true, false]);
}

#[tokio::test]
async fn everybody_may_ask_how_their_own_connection_is() {
    let call = Call::start().await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    let nothing = json!({
        "estimate": null, "round_trip": null, "loss": null, "received_loss": null,
        "received_bitrate": 0, "sent_bitrate": 0, "events": [],
    });
    assert_eq!(done(&mut ada, "stats", json!({})).await, nothing);
    done(&mut ada, "offer", json!({ "sdp": OFFER })).await;
    let print = "D2:FA:0E:C3";
    assert!(OFFER.contains(print));
    done(&mut ada, "offer", json!({ "sdp": OFFER.replace(print, "D2:FA:0E:C4") })).await;
    let stats = done(&mut ada, "stats", json!({})).await;
    let [event] = &stats["events"].as_array().unwrap()[..] else { panic!("one event: {stats}") };
    assert_eq!((&event["code"], &event["participant"]), (&json!("restarted"), &Value::Null));
    let at = event["at"].as_str().unwrap();
    assert!(at.starts_with("20") && at.ends_with('Z'), "{at}");
}

#[tokio::test]
async fn names_and_fields_that_cannot_be_used_are_refused_and_may_be_put_right() {
    let call = Call::start().await;
    let mut line = call.guest.open(&call.room).await.unwrap();
    for name in ["", "  ", &"x".repeat(41), "Ada\u{7}", "Ada\nEve", "\u{202e}adA", "\u{200b}"] {
        assert_eq!(line.ask("join", json!({ "name": name })).await, Err("bad-name".into()), "{name:?}");
    }
    for fields in [json!({}), json!({ "name": 7 }), json!({ "name": "Ada", "resume": 7 })] {
        assert_eq!(line.ask("join", fields.clone()).await, Err("bad-fields".into()), "{fields}");
    }
    line.join(&"\u{1f3e1}".repeat(40), None).await;
    for (op, fields) in [
        ("state", json!({ "microphone": true })),
        ("state", json!({ "microphone": "yes", "camera": "no" })),
        ("consent", json!({})),
        ("offer", json!({ "sdp": ["v=0"] })),
        ("offer", json!({ "sdp": "v=0", "sources": { "0": "radio" } })),
    ] {
        assert_eq!(line.ask(op, fields.clone()).await, Err("bad-fields".into()), "{op} {fields}");
    }
    assert_eq!(line.ask("consent", json!({ "on_air": true, "v": 2 })).await, Err("version".into()));
    done(&mut line, "consent", json!({ "on_air": false })).await;
}

#[tokio::test]
async fn whoever_breaks_the_protocol_is_put_out_and_nobody_else_notices() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let frame = |op: &str| json!({ "v": 1, "id": 9, "op": op });
    let no_id = json!({ "v": 1, "op": "leave" }).to_string();
    let bad = [
        ("no JSON", Message::text("garbage"), true),
        ("no object", Message::text("[]"), true),
        ("half of one", Message::text(r#"{"v":1,"id":1,"op":"state""#), true),
        ("no id", Message::text(no_id), true),
        ("a negative id", Message::text(r#"{"v":1,"id":-1,"op":"leave"}"#), true),
        ("deep nesting", Message::text("[".repeat(10_000)), true),
        ("bytes", Message::binary(frame("leave").to_string()), false),
    ];
    for (what, message, answered) in bad {
        let mut ada = call.guest.join(&call.room, "Ada").await;
        let me = ada.me();
        host.until(what, |state| is_in(state, &me)).await;
        ada.send(message).await;
        if answered {
            let answer = ada.answer(what).await;
            assert_eq!((&answer["re"], &answer["problem"]["type"]), (&json!(0), &json!("bad-frame")), "{what}");
        }
        assert_eq!(ada.end().await.as_deref(), Some("removed"), "{what}");
        host.until("the room without Ada", |state| !is_in(state, &me)).await;
    }
    done(&mut host, "consent", json!({ "on_air": false })).await;
}

#[tokio::test]
async fn a_frame_holds_64_kib_and_not_a_byte_more() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    let me = ada.me();
    host.until("Ada", |state| is_in(state, &me)).await;
    let frame = |size: usize| {
        let empty = json!({ "v": 1, "id": 7, "op": "consent", "on_air": false, "pad": "" }).to_string().len();
        json!({ "v": 1, "id": 7, "op": "consent", "on_air": false, "pad": "x".repeat(size - empty) }).to_string()
    };
    ada.send(Message::text(frame(LARGEST))).await;
    assert_eq!(ada.answer("consent").await, json!({ "re": 7, "ok": {} }));
    ada.send(Message::text(frame(LARGEST + 1))).await;
    ada.end().await;
    host.until("Ada is gone or lost", |state| !is_in(state, &me) || shows(state, &me, "connection", "lost")).await;
    done(&mut host, "consent", json!({ "on_air": false })).await;
}

#[tokio::test]
async fn whoever_never_joins_is_not_waited_for() {
    let call = Call::start().await;
    let mut line = call.guest.open(&call.room).await.unwrap();
    assert_eq!(line.end().await, None);
}

#[tokio::test]
async fn a_lost_seat_is_held_and_taken_back() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.open(&call.room).await.unwrap();
    let (me, token) = ada.join("Ada", None).await;
    drop(ada);
    host.until("the lost connection", |state| shows(state, &me, "connection", "lost")).await;

    let mut back = call.guest.open(&call.room).await.unwrap();
    let (again, next) = back.join("Ada", Some(&token)).await;
    assert_eq!(again, me);
    assert_ne!(next, token);
    host.until("Ada again", |state| shows(state, &me, "connection", "connecting")).await;
    assert_eq!(host.state["participants"].as_object().unwrap().len(), 2);

    // A token works once; an unknown one is ignored. Both give a seat of one's own.
    for token in [token.as_str(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "nothing", ""] {
        let mut other = call.guest.open(&call.room).await.unwrap();
        let (who, _) = other.join("Bob", Some(token)).await;
        assert_ne!(who, me, "{token:?}");
    }
    done(&mut back, "consent", json!({ "on_air": false })).await;
}

#[tokio::test]
async fn a_seat_that_comes_back_elsewhere_ends_the_old_connection() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut old = call.guest.open(&call.room).await.unwrap();
    let (me, token) = old.join("Ada", None).await;
    let mut new = call.guest.open(&call.room).await.unwrap();
    let (again, _) = new.join("Ada", Some(&token)).await;
    assert_eq!(again, me);
    assert_eq!(old.end().await.as_deref(), Some("replaced"));
    // The end of the old connection takes nothing from the new one: its seat is the same, and not lost.
    done(&mut new, "state", json!({ "microphone": false, "camera": false })).await;
    let bob = call.guest.join(&call.room, "Bob").await.me();
    host.until("Bob", |state| is_in(state, &bob)).await;
    assert!(shows(&host.state, &me, "connection", "connecting"), "{:#}", host.state);
}

#[tokio::test]
async fn a_seat_is_taken_back_in_its_own_room_only() {
    let call = Call::start().await;
    let mut old = call.host.open(&call.room).await.unwrap();
    let (me, token) = old.join("Olga", None).await;
    let (elsewhere, _) = call.host.make_room().await;
    let mut other = call.host.open(&elsewhere).await.unwrap();
    let (who, _) = other.join("Olga", Some(&token)).await;
    assert_ne!(who, me);
    assert!(!is_in(&other.state, &me));
    done(&mut old, "state", json!({ "microphone": false, "camera": false })).await;
}

#[tokio::test]
async fn a_room_that_is_deleted_says_goodbye_to_everybody() {
    let call = Call::start().await;
    let (elsewhere, _) = call.host.make_room().await;
    let mut other = call.host.join(&elsewhere, "Olga").await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    let path = format!("/api/v1/rooms/{}", call.room);
    assert_eq!(call.host.delete(&path).await.status(), 204);
    for line in [&mut host, &mut ada] {
        assert_eq!(line.end().await.as_deref(), Some("room_closed"));
    }
    assert_eq!(call.host.delete(&path).await.status(), 404);
    assert_eq!(call.guest.open(&call.room).await.err(), Some((401, "sign-in".into())), "its invites went with it");
    assert_eq!(call.host.open(&call.room).await.err(), Some((404, "no-room".into())));
    done(&mut other, "consent", json!({ "on_air": false })).await;
}

#[tokio::test]
async fn a_box_that_stops_says_goodbye_and_ends_in_time() {
    let call = Call::start().await;
    let mut host = call.host.join(&call.room, "Olga").await;
    let mut ada = call.guest.join(&call.room, "Ada").await;
    done(&mut ada, "offer", json!({ "sdp": OFFER })).await;
    done(&mut host, "box", json!({ "in_call": true })).await;
    done(&mut host, "go_live", json!({})).await;
    let broadcast = host.state["room"]["broadcast"].as_str().unwrap().to_owned();
    let news = call.host.get(&format!("/api/v1/broadcasts/{broadcast}/events")).await;
    assert_eq!(news.status(), 200);
    let begun = Instant::now();
    let stopped = tokio::task::spawn_blocking(move || call.daemon.stop());
    for line in [&mut host, &mut ada] {
        assert_eq!(line.end().await.as_deref(), Some("shutdown"));
    }
    let status = stopped.await.unwrap();
    assert!(status.success(), "{status}");
    assert!(begun.elapsed() < STOP, "{:?}", begun.elapsed());
}
