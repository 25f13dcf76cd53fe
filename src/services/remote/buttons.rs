//! Buttons: contacts that bounce become presses, short and long. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::drivers::gpio::Button;
use crate::proto::cec::Command;

/// A press is long from here on.
const LONG: Duration = Duration::from_secs(1);

/// How a button was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    /// And let go.
    Short,
    /// It is still held; told once.
    Long,
}

/// What a press asks for.
pub(super) fn asks(button: Button, press: Press) -> Option<Command> {
    match (button, press) {
        (Button::Mute, Press::Short) => Some(Command::Mute),
        (Button::Answer, Press::Short) => Some(Command::Join),
        (Button::Answer, Press::Long) => Some(Command::HangUp),
        (Button::Mute, Press::Long) | (Button::Privacy, Press::Short) => Some(Command::Privacy),
        (Button::Privacy, Press::Long) => None,
    }
}

/// One button.
#[derive(Debug)]
pub(super) struct Contact {
    /// How long it has to be the same before that counts.
    debounce: Duration,
    /// As it was seen last, and since when.
    seen: (bool, Instant),
    /// Since when it counts as held, and whether that was told as a long press.
    held: Option<(Instant, bool)>,
}

impl Contact {
    /// One that is not held.
    pub(super) fn new(debounce: Duration, now: Instant) -> Self {
        Self { debounce, seen: (false, now), held: None }
    }

    /// It closes or opens.
    pub(super) fn edge(&mut self, down: bool, now: Instant) -> Option<Press> {
        let press = self.at(now);
        if self.seen.0 != down {
            self.seen = (down, now);
        }
        press
    }

    /// What time alone makes of it.
    pub(super) fn at(&mut self, now: Instant) -> Option<Press> {
        let (down, since) = self.seen;
        let settled = now.duration_since(since) >= self.debounce;
        match &mut self.held {
            None if down && settled => {
                self.held = Some((since, false));
                self.at(now)
            }
            Some((_, told)) if !down && settled => {
                let short = !*told;
                self.held = None;
                short.then_some(Press::Short)
            }
            Some((from, told)) if down && !*told && now.duration_since(*from) >= LONG => {
                *told = true;
                Some(Press::Long)
            }
            _ => None,
        }
    }

    /// When [`Contact::at`] has something to say, if it is not touched.
    pub(super) fn due(&self) -> Option<Instant> {
        let (down, since) = self.seen;
        match self.held {
            None => down.then(|| since + self.debounce),
            Some(_) if !down => Some(since + self.debounce),
            Some((from, false)) => Some((from + LONG).max(since + self.debounce)),
            Some((_, true)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays edges, each with its millisecond, and gives the presses with theirs, by the moments that are due.
    fn presses(edges: &[(u64, bool)]) -> Vec<(u64, Press)> {
        let start = Instant::now();
        let mut contact = Contact::new(Duration::from_millis(30), start);
        let mut found = Vec::new();
        let mut until = |contact: &mut Contact, end: Instant| {
            while let Some(due) = contact.due().filter(|due| *due <= end) {
                let before = contact.due();
                if let Some(press) = contact.at(due) {
                    found.push((due.duration_since(start).as_millis() as u64, press));
                }
                assert_ne!(contact.due(), before, "time goes on");
            }
        };
        for (millis, down) in edges {
            let now = start + Duration::from_millis(*millis);
            until(&mut contact, now);
            assert_eq!(contact.edge(*down, now), None, "it was told when it was due");
        }
        until(&mut contact, start + Duration::from_secs(60));
        found
    }

    #[test]
    fn contacts_that_bounce_are_one_press() {
        let bouncing =
            [(0, true), (3, false), (5, true), (9, false), (12, true), (200, false), (204, true), (209, false)];
        assert_eq!(presses(&bouncing), [(239, Press::Short)]);
    }

    #[test]
    fn a_spark_is_no_press() {
        assert_eq!(presses(&[(0, true), (8, false), (500, true), (529, false)]), []);
    }

    #[test]
    fn a_long_press_is_told_while_it_is_held_and_its_end_is_nothing() {
        assert_eq!(presses(&[(0, true), (3_000, false)]), [(1_000, Press::Long)]);
        assert_eq!(presses(&[(0, true), (990, false)]), [(1_020, Press::Short)]);
        assert_eq!(
            presses(&[(0, true), (500, false), (510, true)]),
            [(1_000, Press::Long)],
            "a bounce while it is held"
        );
    }

    #[test]
    fn two_presses_are_two() {
        let twice = presses(&[(0, true), (100, false), (300, true), (400, false)]);
        assert_eq!(twice, [(130, Press::Short), (430, Press::Short)]);
    }

    #[test]
    fn each_button_asks_for_what_it_says() {
        for (button, short, long) in [
            (Button::Mute, Some(Command::Mute), Some(Command::Privacy)),
            (Button::Answer, Some(Command::Join), Some(Command::HangUp)),
            (Button::Privacy, Some(Command::Privacy), None),
        ] {
            assert_eq!((asks(button, Press::Short), asks(button, Press::Long)), (short, long), "{button:?}");
        }
    }
}
