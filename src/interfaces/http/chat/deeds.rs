//! What somebody does in a chat: read from a request or from what they typed, and carried out.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::App;
use super::super::error::Problem;
use super::super::frames::fields;
use crate::model::id::AuthorId;
use crate::model::role::Role;
use crate::proto::auth::Name;
use crate::proto::chat::{
    By, Call, Command, Deal, InvalidCommand, LONGEST_TIMEOUT, Place, Reaction, Rules, Turn, Word, Writers, fold, parse,
};
use crate::services::access::{Grant, Placing};
use crate::services::audit::Entry;
use crate::services::chat::{self, Action, Done, MOST_TURNED, Undo, Whom, author_id};
use crate::services::room::{self, Act};

/// A request.
#[derive(Debug)]
pub(super) enum Said {
    Name(Name),
    /// A page of what was written before this.
    Earlier(u64),
    Deed(Deed),
}

/// What somebody with a name does.
#[derive(Debug)]
pub(super) enum Deed {
    /// What somebody typed: a text or a command.
    Line {
        text: String,
        reply: Option<u64>,
    },
    /// What holds here is another.
    Rules(RulesFields),
    /// Somebody is kept out.
    Ban {
        whom: Whom,
        delete: bool,
    },
    /// They are let in again.
    Unban(Whom),
    Act(Action),
}

#[derive(Deserialize)]
struct WriteFields {
    text: String,
    reply: Option<u64>,
}

#[derive(Deserialize)]
struct ReactFields {
    message: u64,
    reaction: Reaction,
    on: bool,
}

#[derive(Deserialize)]
struct OneField {
    message: u64,
}

#[derive(Deserialize)]
struct EarlierFields {
    before: u64,
}

#[derive(Deserialize)]
struct NameFields {
    name: String,
}

#[derive(Deserialize)]
struct TurnFields {
    messages: Vec<u64>,
}

#[derive(Deserialize)]
struct WhomFields {
    by: Option<AuthorId>,
    message: Option<u64>,
    name: Option<String>,
}

impl WhomFields {
    fn whom(self) -> Result<Whom, Problem> {
        match (self.by, self.message, self.name) {
            (Some(by), None, None) => Ok(Whom::Id(by)),
            (None, Some(message), None) => Ok(Whom::Message(message)),
            (None, None, Some(name)) => Ok(Whom::Named(name)),
            _ => Err(Problem::bad("bad-fields", "Say who is meant by one of by, message and name.")),
        }
    }
}

#[derive(Deserialize)]
struct TimeoutFields {
    #[serde(flatten)]
    whom: WhomFields,
    seconds: u32,
    #[serde(default)]
    delete: bool,
}

#[derive(Deserialize)]
struct BanFields {
    #[serde(flatten)]
    whom: WhomFields,
    #[serde(default)]
    delete: bool,
}

/// What is another from now on; what is not given stays.
#[derive(Debug, Default, Deserialize)]
pub(super) struct RulesFields {
    writers: Option<Writers>,
    slow: Option<u32>,
    review: Option<bool>,
    links: Option<Deal>,
    words: Option<Vec<Word>>,
    word_deal: Option<Deal>,
}

impl RulesFields {
    fn on(self, before: Rules) -> Rules {
        Rules {
            writers: self.writers.unwrap_or(before.writers),
            slow: self.slow.unwrap_or(before.slow),
            review: self.review.unwrap_or(before.review),
            links: self.links.unwrap_or(before.links),
            words: self.words.unwrap_or(before.words),
            word_deal: self.word_deal.unwrap_or(before.word_deal),
        }
    }
}

/// Reads a request that is known to be one.
pub(super) fn read(op: &str, of: Value) -> Result<Said, Problem> {
    match op {
        "name" => {
            let NameFields { name } = fields(of)?;
            let name = Name::new(&name);
            name.map(Said::Name).map_err(|error| Problem::bad("bad-name", format!("This name can't be used: {error}.")))
        }
        "earlier" => Ok(Said::Earlier(fields::<EarlierFields>(of)?.before)),
        _ => deed(op, of).map(Said::Deed),
    }
}

fn deed(op: &str, of: Value) -> Result<Deed, Problem> {
    let turn = |turn| {
        let TurnFields { messages } = fields(of.clone())?;
        if messages.is_empty() || messages.len() > MOST_TURNED {
            return Err(Problem::bad("bad-fields", format!("This is about 1 to {MOST_TURNED} messages.")));
        }
        Ok(Deed::Act(Action::Turn { messages, turn }))
    };
    match op {
        "write" => {
            let WriteFields { text, reply } = fields(of)?;
            Ok(Deed::Line { text, reply })
        }
        "react" => {
            let ReactFields { message, reaction, on } = fields(of)?;
            Ok(Deed::Act(Action::React { message, reaction, on }))
        }
        "report" => Ok(Deed::Act(Action::Report { message: fields::<OneField>(of)?.message })),
        "erase" => Ok(Deed::Act(Action::Erase { message: fields::<OneField>(of)?.message })),
        "delete" => turn(Turn::Delete),
        "restore" => turn(Turn::Restore),
        "approve" => turn(Turn::Approve),
        "hold" => turn(Turn::Hold),
        "refuse" => turn(Turn::Refuse),
        "dismiss" => turn(Turn::Dismiss),
        "reopen" => turn(Turn::Reopen),
        "clear" => Ok(Deed::Act(Action::Clear { whom: fields::<WhomFields>(of)?.whom()?, last: false })),
        "lift" => Ok(Deed::Act(Action::Lift { whom: fields::<WhomFields>(of)?.whom()? })),
        "timeout" => {
            let TimeoutFields { whom, seconds, delete } = fields(of)?;
            if !(1..=LONGEST_TIMEOUT).contains(&seconds) {
                let why = format!("A time-out goes on for 1 to {LONGEST_TIMEOUT} seconds.");
                return Err(Problem::bad("bad-fields", why));
            }
            Ok(Deed::Act(Action::Silence { whom: whom.whom()?, seconds, delete }))
        }
        "ban" => {
            let BanFields { whom, delete } = fields(of)?;
            Ok(Deed::Ban { whom: whom.whom()?, delete })
        }
        "unban" => Ok(Deed::Unban(fields::<WhomFields>(of)?.whom()?)),
        "rules" => Ok(Deed::Rules(fields(of)?)),
        _ => Err(Problem::unknown_op()),
    }
}

/// Somebody at work in a channel.
pub(super) struct Desk<'a> {
    pub(super) app: &'a App,
    pub(super) grant: &'a Grant,
    pub(super) place: Place,
    pub(super) by: By,
}

impl Desk<'_> {
    /// Does what somebody asked for.
    pub(super) async fn serve(&self, deed: Deed) -> Result<Value, Problem> {
        match deed {
            Deed::Line { text, reply } => self.line(&text, reply).await,
            Deed::Rules(change) => self.rule(change).await,
            Deed::Ban { whom, delete } => self.ban(whom, delete).await,
            Deed::Unban(whom) => self.unban(whom).await,
            Deed::Act(action) => self.act(action).await,
        }
    }

    /// Has other rules hold.
    async fn rule(&self, change: RulesFields) -> Result<Value, Problem> {
        let before = self.app.chat.rules(self.place).await?;
        self.act(Action::Rule(change.on(before).into())).await
    }

    /// Writes what somebody typed, or does what it says.
    async fn line(&self, text: &str, reply: Option<u64>) -> Result<Value, Problem> {
        let command = parse(text).map_err(|error| match error {
            InvalidCommand::Text(error) => Problem::bad("bad-text", format!("This can't be sent: {error}.")),
            error => Problem::bad("bad-command", format!("{}.", sentence(&error.to_string()))),
        })?;
        let own = Command::Call(Call::Hand) == command || Command::Call(Call::Lower) == command;
        let moderating = !own && !matches!(command, Command::Say(_) | Command::Me(_) | Command::Help);
        if moderating && !self.by.moderates {
            return Err(Problem::not_permitted());
        }
        let none = RulesFields::default;
        match command {
            Command::Say(text) => self.act(Action::Write { text, emote: false, reply }).await,
            Command::Me(text) => self.act(Action::Write { text, emote: true, reply }).await,
            Command::Help => Ok(json!({ "did": "help" })),
            Command::Slow(slow) => self.rule(RulesFields { slow: Some(slow), ..none() }).await,
            Command::Writers(writers) => self.rule(RulesFields { writers: Some(writers), ..none() }).await,
            Command::Review(review) => self.rule(RulesFields { review: Some(review), ..none() }).await,
            Command::Delete(name) => self.act(Action::Clear { whom: Whom::Named(name), last: true }).await,
            Command::Timeout(name, seconds) => {
                self.act(Action::Silence { whom: Whom::Named(name), seconds, delete: false }).await
            }
            Command::Untimeout(name) => self.act(Action::Lift { whom: Whom::Named(name) }).await,
            Command::Ban(name) => self.ban(Whom::Named(name), false).await,
            Command::Unban(name) => self.unban(Whom::Named(name)).await,
            Command::Call(call) => self.call(&call).await,
        }
    }

    /// What concerns the call. A hand is raised by the page, which has the seat: it is told so.
    async fn call(&self, call: &Call) -> Result<Value, Problem> {
        let (did, name, act, back) = match call {
            Call::Hand => return Ok(json!({ "did": "hand" })),
            Call::Lower => return Ok(json!({ "did": "lower" })),
            Call::Lock(on) => {
                self.app.rooms.lock(self.place.room, self.grant.clone(), *on).await?;
                let (did, back) = if *on { ("lock", "/unlock") } else { ("unlock", "/lock") };
                return Ok(json!({ "did": did, "undo": [{ "op": "write", "text": back }] }));
            }
            Call::Mute(name) => ("mute", name, Act::Mute, None),
            Call::Camera(name) => ("camera", name, Act::StopCamera, None),
            Call::Screen(name) => ("screen", name, Act::StopScreen, None),
            Call::Remove(name) => ("remove", name, Act::Remove, None),
            Call::Stage(name) => ("stage", name, Act::Stage { on: true }, Some("/backstage")),
            Call::Backstage(name) => ("backstage", name, Act::Stage { on: false }, Some("/stage")),
        };
        let name = self.in_the_call(name, act).await?;
        let mut told = json!({ "did": did, "about": { "name": name } });
        if let Some(back) = back {
            told["undo"] = json!([{ "op": "write", "text": format!("{back} {name}") }]);
        }
        Ok(told)
    }

    /// Keeps order with regard to whoever has this name in the call; gives it as they write it.
    async fn in_the_call(&self, name: &str, act: Act) -> Result<Name, Problem> {
        let room = self.app.rooms.room(self.place.room)?;
        let wanted = fold(name);
        let mut found = room.participants.iter().filter(|one| fold(one.name.as_str()) == wanted);
        let one = found.next().ok_or(room::Error::NotHere)?;
        if found.next().is_some() {
            return Err(chat::Error::Several.into());
        }
        self.app.rooms.act(self.place.room, self.grant.clone(), one.id, act).await?;
        Ok(one.name.clone())
    }

    /// Does something, and says what came of it.
    async fn act(&self, action: Action) -> Result<Value, Problem> {
        let did = name(&action);
        let detail = detail(&action);
        let done = self.app.chat.act(self.place, self.by.clone(), action).await?;
        // Whatever is undone by something was the deed of a moderator.
        if !done.undo.is_empty() {
            self.note(did.1, done.about.as_ref().map(|about| &about.name), detail).await;
        }
        Ok(told(did.0, done))
    }

    async fn note(&self, action: &'static str, subject: Option<&Name>, detail: Option<String>) {
        let entry = Entry {
            subject: subject.map(|name| name.as_str().to_owned()),
            detail,
            ..Entry::new(Some(self.place.room), action)
        };
        self.app.note(self.grant, entry).await;
    }

    /// Keeps somebody out of the room, and from writing to those who watch it.
    async fn ban(&self, whom: Whom, delete: bool) -> Result<Value, Problem> {
        let person = match (self.app.chat.who(self.place, whom.clone()).await, &whom) {
            // Who has written nothing may be in the call.
            (Err(chat::Error::Nobody), Whom::Named(name)) => {
                let name = self.in_the_call(name, Act::Ban).await.map_err(|problem| match problem.kind {
                    "not-here" => chat::Error::Nobody.into(),
                    _ => problem,
                })?;
                return Ok(
                    json!({ "did": "ban", "about": { "name": name }, "undo": [{ "op": "unban", "name": name }] }),
                );
            }
            (found, _) => found?,
        };
        if !self.by.may_silence(person.role) {
            return Err(Problem::not_permitted());
        }
        self.app.access.place(self.place.room, person.subject, Placing::Ban, self.grant).await?;
        self.note("ban", Some(&person.name), None).await;
        let mut done = Done::default();
        if delete {
            let clear = Action::Clear { whom: Whom::Id(person.id), last: false };
            done = self.app.chat.act(self.place, self.by.clone(), clear).await?;
        }
        let mut told = told("ban", Done { about: Some(person.clone()), ..done });
        let unban = json!({ "op": "unban", "by": person.id });
        match told.get_mut("undo").and_then(Value::as_array_mut) {
            Some(undo) => undo.push(unban),
            None => told["undo"] = json!([unban]),
        }
        Ok(told)
    }

    /// Lets somebody in again who was banned.
    async fn unban(&self, whom: Whom) -> Result<Value, Problem> {
        let room = self.place.room;
        // What they wrote may be gone: those who are banned are known to the room itself.
        let subject = match self.app.chat.who(self.place, whom.clone()).await {
            Ok(person) => Some(person.subject),
            Err(chat::Error::Several) => return Err(chat::Error::Several.into()),
            Err(_) => None,
        };
        let banned = self.app.access.members(room).await?.into_iter().filter(|member| member.banned);
        let found = banned.into_iter().find(|member| match (&whom, subject) {
            (_, Some(subject)) => member.subject == subject,
            (Whom::Id(id), None) => author_id(room, member.subject) == *id,
            (Whom::Named(name), None) => member.name.as_ref().is_some_and(|known| fold(known.as_str()) == fold(name)),
            (Whom::Message(_), None) => false,
        });
        let member = found.ok_or(chat::Error::Nobody)?;
        // Who had no place in the room but the ban gets none by its end.
        let placing = if member.role == Role::Viewer { Placing::PutOut } else { Placing::Unban };
        self.app.access.place(room, member.subject, placing, self.grant).await?;
        self.note("unban", member.name.as_ref(), None).await;
        let by = author_id(room, member.subject);
        Ok(json!({ "did": "unban", "about": { "by": by, "name": member.name }, "undo": [{ "op": "ban", "by": by }] }))
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What an action is called, to who asked for it and in the audit log.
const fn name(action: &Action) -> (&'static str, &'static str) {
    match action {
        Action::Write { .. } => ("write", ""),
        Action::React { .. } => ("react", ""),
        Action::Report { .. } => ("report", ""),
        Action::Erase { .. } => ("erase", ""),
        Action::Turn { turn, .. } => turn_name(*turn),
        Action::Silence { .. } => ("timeout", "chat_timeout"),
        Action::Lift { .. } => ("lift", "chat_lift"),
        Action::Clear { .. } => ("clear", "chat_delete"),
        Action::Rule(_) => ("rules", "chat_rules"),
    }
}

const fn turn_name(turn: Turn) -> (&'static str, &'static str) {
    match turn {
        Turn::Delete => ("delete", "chat_delete"),
        Turn::Restore => ("restore", "chat_restore"),
        Turn::Approve => ("approve", "chat_approve"),
        Turn::Hold => ("hold", "chat_hold"),
        Turn::Refuse => ("refuse", "chat_refuse"),
        Turn::Dismiss => ("dismiss", "chat_dismiss"),
        Turn::Reopen => ("reopen", "chat_reopen"),
    }
}

/// What the audit log says of an action beside its name: numbers of messages, never what stands in them.
fn detail(action: &Action) -> Option<String> {
    match action {
        Action::Turn { messages, .. } => {
            let numbers: Vec<String> = messages.iter().take(10).map(u64::to_string).collect();
            let more = if messages.len() > 10 { " …" } else { "" };
            Some(format!("{}{more}", numbers.join(", ")))
        }
        Action::Silence { seconds, .. } => Some(format!("{seconds} s")),
        _ => None,
    }
}

/// The request that undoes something.
fn undoing(undo: &Undo) -> Value {
    match undo {
        Undo::Turn(turn, messages) => json!({ "op": turn_name(*turn).0, "messages": messages }),
        Undo::Lift(by) => json!({ "op": "lift", "by": by }),
        Undo::Silence(by, seconds) => json!({ "op": "timeout", "by": by, "seconds": seconds }),
        Undo::Rule(rules) => {
            let mut request = serde_json::to_value(rules).unwrap_or_default();
            request["op"] = "rules".into();
            request
        }
    }
}

/// What came of something, for who asked for it.
fn told(did: &str, done: Done) -> Value {
    let Done { message, held, changed, undo, about } = done;
    let mut ok = json!({ "did": did });
    if let Some(message) = message {
        ok["message"] = message.into();
    }
    if let Some(why) = held {
        ok["held"] = json!(why);
    }
    if changed > 0 {
        ok["changed"] = changed.into();
    }
    if let Some(about) = about {
        ok["about"] = json!({ "by": about.id, "name": about.name });
    }
    if !undo.is_empty() {
        ok["undo"] = undo.iter().map(undoing).collect();
    }
    ok
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of a request can't be used, by the name of the problem.
    fn refused(op: &str, of: Value) -> Option<&'static str> {
        read(op, of).err().map(|problem| problem.kind)
    }

    #[test]
    fn what_has_another_form_is_refused() {
        for (op, of) in [
            ("write", json!({ "text": 1 })),
            ("write", json!({})),
            ("write", json!({ "text": ["a"] })),
            ("write", json!({ "text": "a", "reply": -1 })),
            ("write", json!({ "text": "a", "reply": 1.5 })),
            ("react", json!({ "message": 1, "reaction": "👍", "on": true })),
            ("react", json!({ "message": 1, "reaction": "<img src=x onerror=alert(1)>", "on": true })),
            ("react", json!({ "message": "1", "reaction": "heart", "on": true })),
            ("react", json!({ "message": 1, "reaction": "heart", "on": "yes" })),
            ("react", json!({ "message": 1e300, "reaction": "heart", "on": true })),
            ("delete", json!({ "messages": [] })),
            ("delete", json!({ "messages": (0..=MOST_TURNED).collect::<Vec<_>>() })),
            ("delete", json!({ "messages": { "0": 1 } })),
            ("timeout", json!({ "seconds": 60 })),
            ("timeout", json!({ "name": "Ada", "message": 1, "seconds": 60 })),
            ("timeout", json!({ "name": "Ada", "seconds": 0 })),
            ("timeout", json!({ "name": "Ada", "seconds": LONGEST_TIMEOUT + 1 })),
            ("timeout", json!({ "by": "Ada", "seconds": 60 })),
            ("rules", json!({ "slow": -1 })),
            ("rules", json!({ "words": [""] })),
            ("rules", json!({ "writers": "nobody" })),
            ("earlier", json!({ "before": null })),
        ] {
            assert_eq!(refused(op, of.clone()), Some("bad-fields"), "{op} {of}");
        }
        assert_eq!(refused("name", json!({ "name": "\u{202e}" })), Some("bad-name"));
        assert_eq!(refused("explode", json!({})), Some("unknown-op"));
    }

    #[test]
    fn every_request_that_undoes_something_can_be_read() {
        let who = AuthorId::from_bytes([1; 10]);
        let turns = [Turn::Delete, Turn::Restore, Turn::Approve, Turn::Hold, Turn::Refuse, Turn::Dismiss, Turn::Reopen];
        let words = vec![Word::new("spam").expect("a word")];
        let rules = Rules { slow: 9, words, ..Rules::default() };
        let all = turns.map(|turn| Undo::Turn(turn, vec![1, 2])).into_iter();
        for undo in all.chain([Undo::Lift(who), Undo::Silence(who, 60), Undo::Rule(rules.clone().into())]) {
            let request = undoing(&undo);
            let op = request["op"].as_str().expect("it has a name").to_owned();
            match (read(&op, request).expect("it can be read"), &undo) {
                (Said::Deed(Deed::Act(Action::Turn { messages, turn })), Undo::Turn(wanted, _)) => {
                    assert_eq!((messages, turn), (vec![1, 2], *wanted));
                }
                (Said::Deed(Deed::Act(Action::Lift { whom })), Undo::Lift(_)) => assert_eq!(whom, Whom::Id(who)),
                (Said::Deed(Deed::Act(Action::Silence { seconds, .. })), Undo::Silence(..)) => assert_eq!(seconds, 60),
                (Said::Deed(Deed::Rules(change)), Undo::Rule(_)) => assert_eq!(change.on(Rules::default()), rules),
                other => panic!("{other:?}"),
            }
        }
    }
}
