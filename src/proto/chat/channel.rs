//! What one channel holds: its newest messages, its rules, and what of them changed since somebody looked.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::filter::fold;
use super::message::{By, Message, Reaction, State, Why};
use super::pace::Paces;
use super::rules::Rules;
use super::timeouts::Timeouts;
use super::{Refused, Text};
use crate::model::id::AuthorId;

/// Shown messages that are held in memory: what a page gets when it opens the chat.
pub const LIVE: usize = 200;
/// Messages that only moderators see, held in memory beside those.
const HIDDEN: usize = 100;
/// Messages from before those of which something changed, held until that was told.
const OLD: usize = 200;

/// A message to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its number, higher than all before.
    pub id: u64,
    /// The text.
    pub text: Text,
    /// It says what they do.
    pub emote: bool,
    /// The message that it answers.
    pub reply: Option<u64>,
    /// When, in milliseconds of wall time since 1970 UTC.
    pub at: i64,
}

/// What is another than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only how it was reacted to.
    Reactions,
    /// Anything of it, or it is gone.
    Message,
}

/// What a moderator does about a message. Each has another that undoes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Take it away.
    Delete,
    /// Show it again.
    Restore,
    /// Show what was held or refused.
    Approve,
    /// Hold it (again).
    Hold,
    /// Refuse what was held.
    Refuse,
    /// Its reports need no more looking at.
    Dismiss,
    /// They do.
    Reopen,
}

/// One channel.
#[derive(Debug, Default)]
pub struct Channel {
    /// The oldest first.
    messages: VecDeque<Message>,
    /// See [`OLD`].
    old: BTreeMap<u64, Message>,
    rules: Rules,
    paces: Paces,
    changed: BTreeMap<u64, Change>,
    rules_changed: bool,
}

impl Channel {
    /// One with what was stored of it, the oldest first.
    pub fn load(messages: Vec<Message>, rules: Rules) -> Self {
        let mut channel = Self { messages: messages.into(), rules, ..Self::default() };
        channel.trim();
        channel
    }

    /// Its messages, the oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter()
    }

    /// What holds in it.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Has other rules hold; gives those before.
    pub fn rule(&mut self, rules: Rules) -> Rules {
        self.rules_changed |= rules != self.rules;
        std::mem::replace(&mut self.rules, rules)
    }

    /// Whether a message is at hand.
    pub fn message(&self, id: u64) -> Option<&Message> {
        self.old.get(&id).or_else(|| self.at(id).map(|at| &self.messages[at]))
    }

    /// Takes in a message from before those that are at hand.
    pub fn recall(&mut self, message: Message) {
        if self.message(message.id).is_none() && self.old.len() < OLD {
            self.old.insert(message.id, message);
        }
    }

    fn at(&self, id: u64) -> Option<usize> {
        self.messages.binary_search_by_key(&id, |message| message.id).ok()
    }

    fn message_mut(&mut self, id: u64) -> Result<&mut Message, Refused> {
        match self.messages.binary_search_by_key(&id, |message| message.id) {
            Ok(at) => Ok(&mut self.messages[at]),
            Err(_) => self.old.get_mut(&id).ok_or(Refused::NoMessage),
        }
    }

    fn note(&mut self, id: u64, change: Change) {
        let noted = self.changed.entry(id).or_insert(change);
        *noted = change.max(*noted);
    }

    /// Writes a message: whether it is held, and why. `now` is wall time in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`Refused::TimedOut`], [`Refused::NotPermitted`], [`Refused::TooFast`], [`Refused::Slow`], [`Refused::Word`],
    /// [`Refused::Link`], [`Refused::NoMessage`] to answer to.
    pub fn write(
        &mut self,
        by: &By,
        written: Written,
        timeouts: &Timeouts,
        now: Instant,
    ) -> Result<Option<Why>, Refused> {
        if let Some(left) = timeouts.left(by.id, written.at / 1000) {
            return Err(Refused::TimedOut(left));
        }
        let held = self.rules.judge(by, &written.text)?;
        let answers = |id| self.message(id).is_some_and(Message::is_shown);
        if !written.reply.is_none_or(answers) {
            return Err(Refused::NoMessage);
        }
        let slow = if by.moderates { 0 } else { self.rules.slow };
        self.paces.take(by.id, slow, now)?;
        let Written { id, text, emote, reply, at } = written;
        let state = held.map_or(State::Shown, State::Held);
        self.messages.push_back(Message {
            id,
            by: by.id,
            subject: by.subject,
            name: by.name.clone(),
            role: by.role,
            text,
            emote,
            reply,
            written: at,
            state,
            reactions: Vec::new(),
            reports: Vec::new(),
            dismissed: false,
        });
        self.note(id, Change::Message);
        self.trim();
        Ok(held)
    }

    /// Keeps as many as are to be at hand.
    fn trim(&mut self) {
        for (shown, most) in [(true, LIVE), (false, HIDDEN)] {
            let mut over = self.messages.iter().filter(|m| m.is_shown() == shown).count().saturating_sub(most);
            let changed = &self.changed;
            let old = &mut self.old;
            self.messages.retain(|message| {
                let goes = over > 0 && message.is_shown() == shown;
                if goes {
                    over -= 1;
                    // What was not told yet still has to be.
                    if changed.contains_key(&message.id) {
                        old.insert(message.id, message.clone());
                    }
                }
                !goes
            });
        }
    }

    /// Reacts to a message, or takes that back.
    ///
    /// # Errors
    /// [`Refused::NoMessage`], [`Refused::Enough`], [`Refused::TimedOut`], [`Refused::NotPermitted`].
    pub fn react(
        &mut self,
        by: &By,
        id: u64,
        reaction: Reaction,
        on: bool,
        timeouts: &Timeouts,
        now: i64,
    ) -> Result<(), Refused> {
        if let Some(left) = timeouts.left(by.id, now).filter(|_| on) {
            return Err(Refused::TimedOut(left));
        }
        if on && !self.rules.permit(by) {
            return Err(Refused::NotPermitted);
        }
        if self.message_mut(id)?.react(by.id, reaction, on)? {
            self.note(id, Change::Reactions);
        }
        Ok(())
    }

    /// Reports a message to those who keep order.
    ///
    /// # Errors
    /// [`Refused::NoMessage`], [`Refused::Enough`].
    pub fn report(&mut self, by: &By, id: u64) -> Result<(), Refused> {
        if self.message_mut(id)?.report(by.id)? {
            self.note(id, Change::Message);
        }
        Ok(())
    }

    /// An author takes a message of their own away, for good.
    ///
    /// # Errors
    /// [`Refused::NoMessage`], [`Refused::NotPermitted`] where it is somebody else's.
    pub fn erase(&mut self, by: &By, id: u64) -> Result<(), Refused> {
        let message = self.message_mut(id)?;
        if message.by != by.id {
            return Err(Refused::NotPermitted);
        }
        self.drop(id);
        Ok(())
    }

    fn drop(&mut self, id: u64) {
        self.messages.retain(|message| message.id != id);
        self.old.remove(&id);
        self.note(id, Change::Message);
    }

    /// A moderator does something about a message; gives what undoes it, or nothing where nothing changed. `now` is wall time in
    /// seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`Refused::NoMessage`], [`Refused::NotPermitted`].
    pub fn turn(&mut self, by: &By, id: u64, turn: Turn, now: i64) -> Result<Option<Turn>, Refused> {
        let message = self.message_mut(id)?;
        if !by.may_moderate(message.role) {
            return Err(Refused::NotPermitted);
        }
        let back = match (turn, message.state) {
            (Turn::Delete, State::Shown) => {
                message.state = State::Deleted(now);
                Turn::Restore
            }
            (Turn::Restore, State::Deleted(_)) => {
                message.state = State::Shown;
                Turn::Delete
            }
            (Turn::Approve, State::Held(_)) => {
                message.state = State::Shown;
                Turn::Hold
            }
            (Turn::Approve, State::Refused(_)) => {
                message.state = State::Shown;
                Turn::Refuse
            }
            (Turn::Hold, State::Shown | State::Refused(_)) => {
                let back = if message.is_shown() { Turn::Approve } else { Turn::Refuse };
                message.state = State::Held(Why::Review);
                back
            }
            (Turn::Refuse, State::Held(_)) => {
                message.state = State::Refused(now);
                Turn::Hold
            }
            (Turn::Refuse, State::Shown) => {
                message.state = State::Refused(now);
                Turn::Approve
            }
            (Turn::Dismiss, _) if message.open_reports() > 0 => {
                message.dismissed = true;
                Turn::Reopen
            }
            (Turn::Reopen, _) if message.dismissed => {
                message.dismissed = false;
                Turn::Dismiss
            }
            _ => return Ok(None),
        };
        self.note(id, Change::Message);
        self.trim();
        Ok(Some(back))
    }

    /// The shown messages of an author that are at hand.
    pub fn shown_of(&self, author: AuthorId) -> Vec<u64> {
        let theirs = self.messages.iter().filter(|message| message.by == author && message.is_shown());
        theirs.map(|message| message.id).collect()
    }

    /// Who wrote under this name last, and their last message; whether somebody else did as well.
    pub fn named(&self, name: &str) -> (Option<&Message>, bool) {
        let name = fold(name);
        let mut theirs = self.messages.iter().rev().filter(|message| fold(message.name.as_str()) == name);
        let last = theirs.next();
        let several = last.is_some_and(|last| theirs.any(|other| other.by != last.by));
        (last, several)
    }

    /// Forgets what was written before `oldest` in milliseconds, or taken away before `taken` in seconds, both of wall time since 1970 UTC.
    pub fn forget(&mut self, oldest: i64, taken: i64) {
        let over = |message: &Message| {
            let gone = matches!(message.state, State::Refused(at) | State::Deleted(at) if at < taken);
            gone || message.written < oldest
        };
        let ids: Vec<u64> = self.messages.iter().filter(|message| over(message)).map(|message| message.id).collect();
        for id in ids {
            self.drop(id);
        }
    }

    /// What somebody wrote when is forgotten where it is of no use any more.
    pub fn sweep(&mut self, now: Instant) {
        self.paces.sweep(now);
    }

    /// There is something to be told.
    pub fn has_changed(&self) -> bool {
        self.rules_changed || !self.changed.is_empty()
    }

    /// What changed since the last time, by the number of the message, with it as far as it is still there, and whether the rules did.
    pub fn take_changes(&mut self) -> (Vec<(u64, Change, Option<Message>)>, bool) {
        let changed = std::mem::take(&mut self.changed);
        let changed = changed.into_iter().map(|(id, change)| (id, change, self.message(id).cloned())).collect();
        self.old.clear();
        (changed, std::mem::take(&mut self.rules_changed))
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::testing::by;
    use super::super::{Deal, Word};
    use super::*;
    use crate::model::role::Role;

    const AT: i64 = 1_000_000;

    fn written(id: u64, text: &str) -> Written {
        Written { id, text: Text::new(text).expect("a text"), emote: false, reply: None, at: AT * 1000 + id as i64 }
    }

    fn told(channel: &mut Channel) -> Vec<(u64, Change, Option<State>)> {
        let (changed, _) = channel.take_changes();
        changed.into_iter().map(|(id, change, message)| (id, change, message.map(|message| message.state))).collect()
    }

    /// Writes one after the other, slowly enough.
    fn fill(channel: &mut Channel, who: &By, ids: std::ops::RangeInclusive<u64>) {
        let (now, none) = (Instant::now(), Timeouts::default());
        for id in ids {
            let later = now + std::time::Duration::from_secs(2 * id);
            channel.write(who, written(id, "hi"), &none, later).expect("it is written");
        }
    }

    #[test]
    fn what_is_written_is_shown_in_order_and_told_once() {
        let (mut channel, guest) = (Channel::default(), by(1, Role::Guest));
        fill(&mut channel, &guest, 1..=3);
        assert_eq!(channel.messages().map(|m| m.id).collect::<Vec<_>>(), [1, 2, 3]);
        let shown = Some(State::Shown);
        let new = |id| (id, Change::Message, shown);
        assert_eq!(told(&mut channel), [new(1), new(2), new(3)]);
        assert!(!channel.has_changed());
    }

    #[test]
    fn only_the_newest_are_at_hand_and_what_is_held_pushes_none_of_them_out() {
        let (mut channel, guest, host) = (Channel::default(), by(1, Role::Guest), by(2, Role::Host));
        fill(&mut channel, &host, 1..=LIVE as u64 + 10);
        let (told, _) = channel.take_changes();
        assert_eq!(told.len(), LIVE + 10, "all are told, those that are not at hand any more as well");
        assert!(told.iter().all(|(_, _, message)| message.is_some()));
        channel.rule(Rules { review: true, ..Rules::default() });
        fill(&mut channel, &guest, 1_000..=1_000 + HIDDEN as u64 + 49);
        assert_eq!(channel.messages().filter(|m| m.is_shown()).count(), LIVE);
        assert_eq!(channel.messages().filter(|m| !m.is_shown()).count(), HIDDEN);
        assert_eq!(channel.messages().next().map(|m| m.id), Some(11));
    }

    #[test]
    fn everything_a_moderator_does_is_undone_by_what_it_gives() {
        let (mut channel, guest, moderator) = (Channel::default(), by(1, Role::Guest), by(2, Role::Moderator));
        fill(&mut channel, &guest, 1..=1);
        for turn in [Turn::Delete, Turn::Hold, Turn::Refuse] {
            let before = channel.message(1).cloned();
            let back = channel.turn(&moderator, 1, turn, AT).expect("they may").expect("something changed");
            assert!(!channel.message(1).expect("it is kept").is_shown(), "{turn:?}");
            channel.turn(&moderator, 1, back, AT).expect("they may").expect("something changed");
            assert_eq!(channel.message(1).cloned(), before, "{turn:?} and {back:?}");
        }
        channel.report(&by(3, Role::Viewer), 1).expect("it is reported");
        let back = channel.turn(&moderator, 1, Turn::Dismiss, AT).expect("they may").expect("something changed");
        assert_eq!(channel.message(1).map(Message::open_reports), Some(0));
        channel.turn(&moderator, 1, back, AT).expect("they may");
        assert_eq!(channel.message(1).map(Message::open_reports), Some(1));
        assert_eq!(channel.turn(&moderator, 1, Turn::Restore, AT), Ok(None), "nothing is to be restored");
    }

    #[test]
    fn nobody_else_takes_anything_away() {
        let mut channel = Channel::default();
        let (guest, other, host) = (by(1, Role::Guest), by(2, Role::Guest), by(3, Role::Host));
        fill(&mut channel, &host, 1..=1);
        fill(&mut channel, &guest, 2..=2);
        assert_eq!(channel.turn(&other, 2, Turn::Delete, AT), Err(Refused::NotPermitted));
        assert_eq!(channel.turn(&by(4, Role::Moderator), 1, Turn::Delete, AT), Err(Refused::NotPermitted));
        assert_eq!(channel.erase(&other, 2), Err(Refused::NotPermitted));
        assert_eq!(channel.turn(&host, 9, Turn::Delete, AT), Err(Refused::NoMessage));
        channel.take_changes();
        assert_eq!(channel.erase(&guest, 2), Ok(()));
        assert_eq!(told(&mut channel), [(2, Change::Message, None)], "it is gone for good");
    }

    #[test]
    fn who_has_a_time_out_neither_writes_nor_reacts() {
        let (mut channel, guest) = (Channel::default(), by(1, Role::Guest));
        let mut timeouts = Timeouts::default();
        fill(&mut channel, &guest, 1..=1);
        let timeout = super::super::Timeout { subject: guest.subject, name: guest.name.clone(), until: AT + 60 };
        timeouts.give(guest.id, timeout, AT).expect("there is room");
        let now = Instant::now() + std::time::Duration::from_secs(99);
        assert_eq!(channel.write(&guest, written(2, "hi"), &timeouts, now), Err(Refused::TimedOut(60)));
        assert_eq!(channel.react(&guest, 1, Reaction::Heart, true, &timeouts, AT), Err(Refused::TimedOut(60)));
        timeouts.lift(guest.id);
        assert_eq!(channel.write(&guest, written(3, "hi"), &timeouts, now), Ok(None));
    }

    #[test]
    fn reactions_are_counted_once_for_each_person_and_told_alone() {
        let (mut channel, guest, viewer) = (Channel::default(), by(1, Role::Guest), by(2, Role::Viewer));
        let none = Timeouts::default();
        fill(&mut channel, &guest, 1..=1);
        channel.take_changes();
        for _ in 0..2 {
            channel.react(&viewer, 1, Reaction::Heart, true, &none, AT).expect("it is counted");
        }
        channel.react(&guest, 1, Reaction::Heart, true, &none, AT).expect("it is counted");
        channel.react(&guest, 1, Reaction::Party, true, &none, AT).expect("it is counted");
        let counts: Vec<_> = channel.message(1).expect("it is there").counts().collect();
        assert_eq!(counts, [(Reaction::Heart, 2), (Reaction::Party, 1)]);
        assert_eq!(told(&mut channel), [(1, Change::Reactions, Some(State::Shown))]);
        channel.react(&guest, 1, Reaction::Heart, false, &none, AT).expect("it is taken back");
        assert_eq!(channel.message(1).map(|m| m.reactions.len()), Some(2));
    }

    #[test]
    fn an_answer_needs_what_it_answers() {
        let (mut channel, guest) = (Channel::default(), by(1, Role::Guest));
        fill(&mut channel, &guest, 1..=1);
        let none = Timeouts::default();
        let answer = |id, to| Written { reply: Some(to), ..written(id, "yes") };
        let now = Instant::now() + std::time::Duration::from_secs(99);
        assert_eq!(channel.write(&guest, answer(2, 1), &none, now), Ok(None));
        assert_eq!(channel.write(&guest, answer(3, 99), &none, now), Err(Refused::NoMessage));
    }

    #[test]
    fn what_is_refused_costs_nobody_their_turn() {
        let (mut channel, guest, none) = (Channel::default(), by(1, Role::Guest), Timeouts::default());
        let words = vec![Word::new("spam").expect("a word")];
        channel.rule(Rules { slow: 60, words, word_deal: Deal::Refuse, ..Rules::default() });
        let now = Instant::now();
        assert_eq!(channel.write(&guest, written(1, "spam"), &none, now), Err(Refused::Word));
        assert_eq!(channel.write(&guest, written(2, "ham"), &none, now), Ok(None));
        assert_eq!(channel.write(&guest, written(3, "ham"), &none, now), Err(Refused::Slow(60_000)));
        assert_eq!(channel.write(&by(2, Role::Host), written(4, "spam"), &none, now), Ok(None));
        assert_eq!(channel.write(&by(2, Role::Host), written(5, "spam"), &none, now), Ok(None));
    }

    #[test]
    fn what_is_old_or_was_taken_away_long_ago_is_forgotten() {
        let (mut channel, guest, host) = (Channel::default(), by(1, Role::Guest), by(2, Role::Host));
        fill(&mut channel, &guest, 1..=3);
        channel.turn(&host, 2, Turn::Delete, AT).expect("they may");
        channel.take_changes();
        channel.forget(AT * 1000 + 2, AT + 1);
        assert_eq!(channel.messages().map(|m| m.id).collect::<Vec<_>>(), [3]);
        assert_eq!(told(&mut channel), [(1, Change::Message, None), (2, Change::Message, None)]);
    }

    #[test]
    fn somebody_is_found_by_their_name() {
        let mut channel = Channel::default();
        let (one, mut other) = (by(1, Role::Guest), by(2, Role::Guest));
        fill(&mut channel, &one, 1..=2);
        let (found, several) = channel.named("PERSON  1");
        assert_eq!((found.map(|m| m.id), several), (Some(2), false));
        other.name = one.name.clone();
        fill(&mut channel, &other, 3..=3);
        let (found, several) = channel.named("person 1");
        assert_eq!((found.map(|m| m.id), several), (Some(3), true));
        assert_eq!(channel.named("nobody"), (None, false));
    }
}
