//! What of a channel goes to pages: docs/reference/chat.md. It is written once for all who may see the same.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::id::AuthorId;
use crate::model::role::Role;
use crate::proto::auth::Name;
use crate::proto::chat::{Change, Channel, Kind, Message, Reaction, Rules, State, Timeouts, Why, links};

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody: what is shown.
    All,
    /// Those who keep order: what is held, refused, deleted and reported as well.
    Moderators,
}

impl Audience {
    /// Both.
    pub const ALL: [Self; 2] = [Self::All, Self::Moderators];
}

/// Something in JSON, from what is known to be written without a failure.
fn value(of: impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// RFC 3339, from milliseconds since 1970 UTC.
fn date(millis: i64) -> String {
    Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}

/// One message, as it is told.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ChatMessage"))]
pub struct Told {
    /// Its number; those of one channel rise.
    pub id: u64,
    /// Who wrote it: the same for all that they write in this room, and another one elsewhere.
    pub by: AuthorId,
    /// What they were called.
    pub name: Name,
    /// What they were in the room.
    pub role: Role,
    /// What they wrote. It is never markup.
    pub text: String,
    /// When, as RFC 3339.
    pub at: String,
    /// It says what they do, not what they say.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub emote: bool,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<u64>,
    /// Where the links in it are: from and to, in UTF-16 units.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<[usize; 2]>,
    /// How often it was reacted to in each way.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reactions: BTreeMap<Reaction, usize>,
    /// To those who keep order, of one that is not shown: `held`, `refused` or `deleted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// To those who keep order: why it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// To those who keep order: how many reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reports: Option<usize>,
}

/// One message.
pub fn message(message: &Message, audience: Audience) -> Told {
    let moderates = audience == Audience::Moderators;
    let (state, why) = match message.state {
        State::Held(why) => (Some("held"), Some(why)),
        State::Refused(_) => (Some("refused"), None),
        State::Deleted(_) => (Some("deleted"), None),
        State::Shown => (None, None),
    };
    let reports = message.open_reports();
    Told {
        id: message.id,
        by: message.by,
        name: message.name.clone(),
        role: message.role,
        text: message.text.to_string(),
        at: date(message.written),
        emote: message.emote,
        reply: message.reply,
        links: links(message.text.as_str()).into_iter().map(|link| [link.start, link.end]).collect(),
        reactions: message.counts().collect(),
        state: state.filter(|_| moderates),
        why: why.filter(|_| moderates),
        reports: (moderates && reports > 0).then_some(reports),
    }
}

/// The rules; which words are not wanted is told to those alone who keep order.
pub fn rules(rules: &Rules, audience: Audience) -> Value {
    match audience {
        Audience::Moderators => value(rules),
        Audience::All => {
            json!({ "writers": rules.writers, "slow": rules.slow, "review": rules.review, "links": rules.links })
        }
    }
}

fn timeouts(timeouts: &Timeouts, now: i64) -> Value {
    let all = timeouts.all(now).map(|(id, timeout)| {
        let until = timeout.until.saturating_mul(1000);
        json!({ "by": id, "name": timeout.name, "until": date(until) })
    });
    all.collect()
}

/// What is at hand of a channel.
pub struct Whole<'a> {
    pub kind: Kind,
    pub channel: &'a Channel,
    pub timeouts: &'a Timeouts,
    /// It can be stored.
    pub saved: bool,
    /// Seconds of wall time since 1970 UTC.
    pub now: i64,
}

/// The whole channel as an event, the `seq`th.
pub fn snapshot(whole: &Whole<'_>, audience: Audience, seq: u64) -> Bytes {
    let Whole { kind, channel, timeouts: given, saved, now } = *whole;
    let moderates = audience == Audience::Moderators;
    let seen = channel.messages().filter(|message| moderates || message.is_shown());
    let mut state = json!({
        "channel": kind,
        "rules": rules(channel.rules(), audience),
        "messages": seen.map(|one| message(one, audience)).collect::<Vec<_>>(),
        "saved": saved,
    });
    if moderates {
        state["timeouts"] = timeouts(given, now);
    }
    bytes(&json!({ "seq": seq, "event": "snapshot", "state": state }))
}

/// What changed, each with the message as far as it is still there.
pub struct Changes<'a> {
    pub messages: &'a [(u64, Change, Option<Message>)],
    pub rules: Option<&'a Rules>,
    pub timeouts: Option<&'a Timeouts>,
    pub saved: Option<bool>,
    /// Seconds of wall time since 1970 UTC.
    pub now: i64,
}

/// What of it this audience sees, in order; empty where nothing is.
pub fn changes(changes: &Changes<'_>, audience: Audience) -> Vec<Value> {
    let moderates = audience == Audience::Moderators;
    let mut out = Vec::new();
    for (id, change, one) in changes.messages {
        let seen = one.as_ref().filter(|message| moderates || message.is_shown());
        out.push(match (seen, change) {
            (None, _) => json!({ "gone": id }),
            (Some(one), Change::Reactions) => {
                json!({ "reactions": { "id": id, "counts": one.counts().collect::<BTreeMap<_, _>>() } })
            }
            (Some(one), Change::Message) => json!({ "message": message(one, audience) }),
        });
    }
    if let Some(of) = changes.rules {
        out.push(json!({ "rules": rules(of, audience) }));
    }
    if let Some(of) = changes.timeouts.filter(|_| moderates) {
        out.push(json!({ "timeouts": timeouts(of, changes.now) }));
    }
    if let Some(saved) = changes.saved {
        out.push(json!({ "saved": saved }));
    }
    out
}

/// These changes as an event, the `seq`th.
pub fn batch(changes: &[Value], seq: u64) -> Bytes {
    bytes(&json!({ "seq": seq, "event": "batch", "changes": changes }))
}

/// What is written about one of those who react: which reactions are their own.
pub fn own(channel: &Channel, who: AuthorId) -> Value {
    let mine = channel.messages().flat_map(|message| {
        let id = message.id;
        message.reactions.iter().filter(move |(by, _)| *by == who).map(move |(_, reaction)| json!([id, reaction]))
    });
    mine.collect()
}

fn bytes(value: &Value) -> Bytes {
    value.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::GrantId;
    use crate::model::role::Subject;
    use crate::proto::chat::{Text, Word};

    fn one(text: &str, state: State) -> Message {
        Message {
            id: 7,
            by: AuthorId::from_bytes([1; 10]),
            subject: Subject::Login(GrantId::from_bytes([2; 10])),
            name: Name::new("<b>Ada</b>").expect("a name"),
            role: Role::Guest,
            text: Text::new(text).expect("a text"),
            emote: false,
            reply: None,
            written: 1_500,
            state,
            reactions: Vec::new(),
            reports: vec![AuthorId::from_bytes([9; 10])],
            dismissed: false,
        }
    }

    #[test]
    fn a_message_is_its_text_with_where_its_links_are_and_nothing_of_who_wrote_it_to_the_box() {
        let mut shown = one("🎉 see http://a.example", State::Shown);
        shown.reactions = vec![(shown.by, Reaction::Heart), (AuthorId::from_bytes([3; 10]), Reaction::Heart)];
        let written = value(message(&shown, Audience::All));
        assert_eq!(
            written,
            json!({
                "id": 7, "by": AuthorId::from_bytes([1; 10]), "name": "<b>Ada</b>", "role": "guest",
                "text": "🎉 see http://a.example", "at": "1970-01-01T00:00:01.5Z", "links": [[7, 23]],
                "reactions": { "heart": 2 },
            })
        );
        assert_eq!(message(&shown, Audience::Moderators).reports, Some(1));
        assert!(!written.to_string().contains(&GrantId::from_bytes([2; 10]).to_string()));
    }

    #[test]
    fn what_is_not_shown_is_told_to_moderators_alone() {
        let held = [(7, Change::Message, Some(one("x", State::Held(Why::Word))))];
        let words = vec![Word::new("secret").expect("a word")];
        let (rules, timeouts) = (Rules { words, ..Rules::default() }, Timeouts::default());
        let all =
            Changes { messages: &held, rules: Some(&rules), timeouts: Some(&timeouts), saved: Some(false), now: 0 };
        let told = changes(&all, Audience::All);
        assert_eq!(told[0], json!({ "gone": 7 }));
        assert_eq!(told.len(), 3, "nothing about time-outs: {told:?}");
        assert!(!Value::from(told).to_string().contains("secret"));
        let told = changes(&all, Audience::Moderators);
        assert_eq!((&told[0]["message"]["state"], &told[0]["message"]["why"]), (&json!("held"), &json!("word")));
        assert_eq!(told[1]["rules"]["words"], json!(["secret"]));
        assert_eq!(told[2], json!({ "timeouts": [] }));

        let channel = Channel::load(
            vec![one("held", State::Held(Why::Review)), Message { id: 8, ..one("shown", State::Shown) }],
            rules,
        );
        let whole = Whole { kind: Kind::Room, channel: &channel, timeouts: &timeouts, saved: true, now: 0 };
        let read = |audience| serde_json::from_slice::<Value>(&snapshot(&whole, audience, 4)).expect("JSON");
        let (all, moderators) = (read(Audience::All), read(Audience::Moderators));
        assert_eq!((&all["seq"], all["state"]["messages"].as_array().map(Vec::len)), (&json!(4), Some(1)));
        assert_eq!(moderators["state"]["messages"].as_array().map(Vec::len), Some(2));
        assert!(all["state"].get("timeouts").is_none() && moderators["state"].get("timeouts").is_some());
    }
}
