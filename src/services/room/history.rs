//! What happened to somebody's call, for the person who wonders why a picture got worse.

use std::collections::VecDeque;

use crate::model::id::ParticipantId;
use crate::model::time::MediaTime;

/// Events that are kept of one participant; the oldest makes room.
pub const MOST_EVENTS: usize = 100;

/// What can happen: a closed list, docs/reference/signalling.md has it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Media flows.
    Connected,
    /// Nothing was heard from the browser for a while.
    Lost,
    /// The browser began a new connection.
    Restarted,
    /// A picture is shown in a larger layer.
    LayerUp,
    /// A picture is shown in a smaller layer.
    LayerDown,
    /// A picture is not sent: the connection holds no more.
    PausedConnection,
    /// A picture is not sent: the browser can't receive its codec.
    PausedCodec,
    /// A picture is not sent: nothing comes from its sender.
    PausedSource,
    /// A picture that was not sent is sent again.
    Resumed,
    /// The room speaks another video codec.
    CodecChanged,
    /// Much gets lost on the way.
    LossHigh,
    /// It does not any more.
    LossOver,
    /// The way is slow.
    DelayHigh,
    /// It is not any more.
    DelayOver,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Connected,
        Self::Lost,
        Self::Restarted,
        Self::LayerUp,
        Self::LayerDown,
        Self::PausedConnection,
        Self::PausedCodec,
        Self::PausedSource,
        Self::Resumed,
        Self::CodecChanged,
        Self::LossHigh,
        Self::LossOver,
        Self::DelayHigh,
        Self::DelayOver,
    ];

    /// Its name in signalling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Lost => "lost",
            Self::Restarted => "restarted",
            Self::LayerUp => "layer_up",
            Self::LayerDown => "layer_down",
            Self::PausedConnection => "paused_connection",
            Self::PausedCodec => "paused_codec",
            Self::PausedSource => "paused_source",
            Self::Resumed => "resumed",
            Self::CodecChanged => "codec_changed",
            Self::LossHigh => "loss_high",
            Self::LossOver => "loss_over",
            Self::DelayHigh => "delay_high",
            Self::DelayOver => "delay_over",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: MediaTime,
    /// What.
    pub code: Code,
    /// To whose picture, where it was one.
    pub who: Option<ParticipantId>,
}

/// What happened, the oldest first.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Happened>);

impl History {
    pub(super) fn add(&mut self, at: MediaTime, code: Code, who: Option<ParticipantId>) {
        if self.0.len() == MOST_EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(Happened { at, code, who });
    }

    pub(super) fn all(&self) -> Vec<Happened> {
        self.0.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_oldest_makes_room_for_the_newest() {
        let mut history = History::default();
        for n in 0..250 {
            history.add(MediaTime::from_millis(n), Code::LayerDown, None);
        }
        let all = history.all();
        assert_eq!((all.len(), all[0].at, all[99].at), (100, MediaTime::from_millis(150), MediaTime::from_millis(249)));
    }

    #[test]
    fn every_code_is_explained_in_the_signalling_and_no_other() {
        let page = include_str!("../../../docs/reference/signalling.md");
        let (_, table) = page.split_once("| code | |\n").expect("there is a table of codes");
        let rows = table.lines().take_while(|line| line.starts_with('|'));
        let first = rows.map(|row| row.split('|').nth(1).unwrap_or_default());
        let written: BTreeSet<&str> = first.flat_map(|codes| codes.split('`').skip(1).step_by(2)).collect();
        let known: BTreeSet<&str> = Code::ALL.into_iter().map(Code::name).collect();
        assert_eq!(written, known);
        assert_eq!(known.len(), Code::ALL.len(), "no two have one name");
    }
}
