//! Text from outside: configuration, offers, requests, messages, names.

use std::fmt::Debug;
use std::io::{self, Read};
use std::path::Component;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::Input;
use crate::config::{self, Config};
use crate::drivers::archive;
use crate::drivers::identity::Token;
use crate::drivers::peer::server::testing as peers;
use crate::interfaces::http::testing as http;
use crate::model::id::{BroadcastId, PeerId, RoomId};
use crate::proto::auth::{Name, Title};
use crate::proto::chat::{Command, Text, Word, fold, has_link, links, parse};
use crate::proto::whip;
use crate::services::egress::path;

pub(super) fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(config) = toml::from_str::<Config>(text) else { return };
    let written = config.to_toml();
    assert_eq!(toml::from_str::<Config>(&written).as_ref(), Ok(&config), "{written}");
    let mut running = Config::default();
    running.reload(&config);
    let left = running.reload(&config);
    assert!(left.iter().all(|change| config::reload::needs(&change.key) == config::reload::Reload::Restart));
}

/// A key that was made for the seeds.
const IDENTITY: &str = "AGE-SECRET-KEY-1252X7EXDCDS6VC7FAPUSSEE9N25NKM28Q4NDCLST9X8MWTZPGD0SK26MHL";

/// A backup, as it is and as what is in one.
pub(super) fn backup(bytes: &[u8]) {
    let keys = archive::Keyring::of_identities(IDENTITY).expect("it is one");
    if let Ok(opening) = archive::open(bytes, &keys) {
        let _ = archive::unpack(opening, |_| io::Result::Ok(()));
    }
    let _ = archive::unpack(bytes, |entry| -> io::Result<()> {
        assert!(entry.path.components().all(|part| matches!(part, Component::Normal(_))), "{}", entry.path.display());
        let read = io::copy(&mut entry.bytes.take(1 << 20), &mut io::sink())?;
        assert!(read <= entry.length);
        Ok(())
    });
}

/// A line that somebody typed, a word that is not wanted, and a request: each is read from the same text.
pub(super) fn chat(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    http::chat(text);
    if let Ok(word) = Word::new(text) {
        assert!(word.is_in(&fold(text)), "a word is in itself: {text:?}");
    }
    let Ok(line) = Text::new(text) else { return };
    assert_eq!(Text::new(line.as_str()).as_ref(), Ok(&line));
    let units: Vec<u16> = line.as_str().encode_utf16().collect();
    let mut end = 0;
    for link in links(line.as_str()) {
        assert!(link.start >= end && link.end > link.start, "{link:?} after {end}");
        end = link.end;
        let link = String::from_utf16(&units[link]).expect("whole characters").to_ascii_lowercase();
        assert!(link.starts_with("http://") || link.starts_with("https://"), "{link}");
        assert!(!link.contains(['<', '>', '"', ' ']), "{link}");
        assert!(has_link(line.as_str()));
    }
    if let Ok(command) = parse(text) {
        assert!(line.as_str().starts_with('/') || command == Command::Say(line), "{command:?}");
    }
}

pub(super) fn headers(bytes: &[u8]) {
    http::headers(bytes);
}

pub(super) fn hls_path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    if let Ok(wanted) = path::parse(path, query) {
        assert_eq!(path::parse(path, query), Ok(wanted));
    }
}

pub(super) fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(name) = Name::new(text) {
        assert_eq!(Name::new(name.as_str()).as_ref(), Ok(&name));
        assert!(name.as_str().chars().count() <= 40 && !name.as_str().chars().any(char::is_control));
    }
    if let Ok(title) = Title::new(text) {
        assert_eq!(Title::new(title.as_str()).as_ref(), Ok(&title));
        assert!(title.as_str().chars().count() <= 100 && !title.as_str().chars().any(char::is_control));
    }
    if let Ok(token) = text.parse::<Token>() {
        assert_eq!(token.reveal(), text, "a token has one text");
    }
    one_text::<RoomId>(text);
    one_text::<BroadcastId>(text);
    one_text::<PeerId>(text);
}

fn one_text<T: FromStr + ToString + PartialEq + Debug>(text: &str) {
    if let Ok(id) = text.parse::<T>() {
        assert_eq!(id.to_string().parse::<T>().ok(), Some(id));
    }
}

pub(super) fn offer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(offer) = whip::viewer_offer(text) {
        assert!(offer.matches("\nm=").count() + usize::from(offer.starts_with("m=")) <= 2, "{offer}");
        assert!(!offer.lines().any(|line| matches!(line.trim_end(), "a=sendrecv" | "a=sendonly")), "{offer}");
    }
    // Any offer is its own fragment.
    if let Ok(fragment) = whip::Fragment::read(text) {
        assert!(!fragment.restarts(&fragment.offer(text)), "{text}");
        if let Ok(offer) = whip::viewer_offer(text) {
            let changed = fragment.offer(&offer);
            assert_eq!(whip::viewer_offer(&changed).as_deref(), Ok(changed.as_str()));
        }
    }
    let answer = whip::viewer_answer(text, "garden");
    assert_eq!(whip::viewer_answer(&answer, "garden"), answer);
    let _ = whip::answered(text);
    peers::offer(text);
}

pub(super) fn signalling(bytes: &[u8]) {
    http::sign_in(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        http::message(text);
    }
}

pub(super) fn patch(bytes: &[u8]) {
    let mut input = Input(bytes);
    let states = [(); 2].map(|()| without_nulls(serde_json::from_slice(input.piece()).unwrap_or_default()));
    let mut got = states[0].clone();
    match http::patch(&states[0], &states[1]) {
        Some(change) => apply(&mut got, &change),
        None => assert_eq!(states[0], states[1]),
    }
    // A patch can't make an empty object of something else: RFC 7396 section 1.
    if states.iter().all(Value::is_object) {
        assert_eq!(got, states[1]);
    }
}

/// What our states are: nothing in them is null, but for what is absent.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        other => other,
    }
}

/// RFC 7396 section 2.
fn apply(target: &mut Value, change: &Value) {
    let Value::Object(changes) = change else {
        target.clone_from(change);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (key, value) in changes {
        if value.is_null() {
            fields.remove(key);
        } else {
            apply(fields.entry(key).or_insert(Value::Null), value);
        }
    }
}
