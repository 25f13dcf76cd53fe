//! What holds in a channel; moderators choose it.

use serde::{Deserialize, Serialize};

use super::filter::{MOST_WORDS, Word, fold};
use super::links::has_link;
use super::message::{By, Why};
use super::{Refused, Text};
use crate::model::role::Role;

/// Longest pause of slow mode, in seconds.
const SLOWEST: u32 = 3600;

/// Who may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writers {
    /// Everybody who gave a name.
    #[default]
    Everybody,
    /// Those who were invited to the room, and hosts.
    Invited,
    /// Those who keep order in it.
    Moderators,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deal {
    /// It is shown.
    #[default]
    Allow,
    /// It is held until a moderator has looked at it.
    Hold,
    /// It is refused.
    Refuse,
}

/// What holds in a channel. It holds for all but those who keep order there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Who may write.
    pub writers: Writers,
    /// Seconds between two messages of one author; 0: slow mode is off.
    pub slow: u32,
    /// Every message is held until a moderator has looked at it.
    pub review: bool,
    /// What becomes of messages with links.
    pub links: Deal,
    /// Words that are not wanted.
    pub words: Vec<Word>,
    /// What becomes of messages with such words; never [`Deal::Allow`].
    pub word_deal: Deal,
}

impl Rules {
    /// Whether these can hold.
    pub fn are_valid(&self) -> bool {
        self.slow <= SLOWEST && self.words.len() <= MOST_WORDS
    }

    /// Whether this person may write at all.
    pub const fn permit(&self, by: &By) -> bool {
        let invited = !matches!(by.role, Role::Viewer);
        by.moderates
            || match self.writers {
                Writers::Everybody => true,
                Writers::Invited => invited,
                Writers::Moderators => false,
            }
    }

    /// What becomes of a text: shown, or held and why.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`], [`Refused::Word`], [`Refused::Link`].
    pub fn judge(&self, by: &By, text: &Text) -> Result<Option<Why>, Refused> {
        if !self.permit(by) {
            return Err(Refused::NotPermitted);
        }
        if by.moderates {
            return Ok(None);
        }
        let mut held = self.review.then_some(Why::Review);
        if !self.words.is_empty() {
            let folded = fold(text.as_str());
            if self.words.iter().any(|word| word.is_in(&folded)) {
                match self.word_deal {
                    Deal::Refuse => return Err(Refused::Word),
                    Deal::Allow | Deal::Hold => held = Some(Why::Word),
                }
            }
        }
        if self.links != Deal::Allow && has_link(text.as_str()) {
            match self.links {
                Deal::Refuse => return Err(Refused::Link),
                Deal::Allow | Deal::Hold => held = held.or(Some(Why::Link)),
            }
        }
        Ok(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::chat::message::testing::by;

    fn text(text: &str) -> Text {
        Text::new(text).expect("a text")
    }

    #[test]
    fn who_may_write_is_chosen() {
        let (host, moderator, guest, viewer) =
            (by(1, Role::Host), by(2, Role::Moderator), by(3, Role::Guest), by(4, Role::Viewer));
        for (writers, allowed) in [
            (Writers::Everybody, [true, true, true, true]),
            (Writers::Invited, [true, true, true, false]),
            (Writers::Moderators, [true, true, false, false]),
        ] {
            let rules = Rules { writers, ..Rules::default() };
            let may = [&host, &moderator, &guest, &viewer].map(|by| rules.judge(by, &text("hi")).is_ok());
            assert_eq!(may, allowed, "{writers:?}");
        }
    }

    #[test]
    fn words_and_links_are_held_or_refused_but_not_those_of_moderators() {
        let (guest, moderator) = (by(3, Role::Guest), by(2, Role::Moderator));
        let words = vec![Word::new("spam").expect("a word")];
        let hold = Rules { words, word_deal: Deal::Hold, links: Deal::Hold, ..Rules::default() };
        assert_eq!(hold.judge(&guest, &text("SPAM and https://a.example")), Ok(Some(Why::Word)));
        assert_eq!(hold.judge(&guest, &text("look: a.com")), Ok(Some(Why::Link)));
        assert_eq!(hold.judge(&guest, &text("spammer")), Ok(None));
        assert_eq!(hold.judge(&moderator, &text("spam a.com")), Ok(None));
        let refuse = Rules { word_deal: Deal::Refuse, links: Deal::Refuse, ..hold };
        assert_eq!(refuse.judge(&guest, &text("spam")), Err(Refused::Word));
        assert_eq!(refuse.judge(&guest, &text("a.com")), Err(Refused::Link));
        let review = Rules { review: true, ..Rules::default() };
        assert_eq!(review.judge(&guest, &text("hi")), Ok(Some(Why::Review)));
    }

    #[test]
    fn a_word_that_is_never_allowed_is_held_at_least() {
        let words = vec![Word::new("spam").expect("a word")];
        let rules = Rules { words, ..Rules::default() };
        assert_eq!(rules.judge(&by(3, Role::Guest), &text("spam")), Ok(Some(Why::Word)));
    }
}
