//! Forwarding: what one subscriber gets of a publisher's packets.
//!
//! - [`Forwarder`] makes one stream of RTP of the layers of one source after another.
//! - [`Rates`] measures what each layer of a source costs, and which flow.
//! - [`Gauge`] finds out what the way to one subscriber holds.
//! - [`Allocator`] shares out what the way to one subscriber holds among the slots there.
//! - [`Meter`], [`Level`] and [`Speakers`] say how loud each source of sound is, who speaks, and who is heard.
//! - [`filling`] says which layer a tile of some height has a use for.
//!
//! Payload type and SSRC are the peer's own affair.

mod allocator;
#[cfg(test)]
pub(crate) mod dice;
mod forwarder;
mod gauge;
mod level;
mod rates;
mod seen;
mod speakers;
mod view;

pub use allocator::{Allocator, Has, Wish};
pub use forwarder::{Forwarder, Header};
pub use gauge::{Drive, Gauge, Holds};
pub use level::{Level, Meter};
pub use rates::Rates;
pub use speakers::Speakers;
pub use view::{filling, filling_screen};

use std::time::Duration;

use crate::model::layer::{Layer, Layers};

/// A subscriber that waits for a keyframe asks again after this long.
pub const ASK_AGAIN: Duration = Duration::from_secs(1);
/// A publisher is asked for keyframes at most this often.
pub const ASK_APART: Duration = Duration::from_millis(500);
/// A layer that was silent for this long while others went on does not flow.
pub const SILENT: Duration = Duration::from_secs(1);

/// How much a slot matters when not everything fits: the first is served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Sound, which is never paused.
    Sound,
    /// A shared screen.
    Screen,
    /// Who speaks, or was put in front by the person who looks.
    Speaker,
    /// A tile that is seen.
    Tile,
    /// What is not seen at the moment and may be soon.
    Rest,
}

/// Why nothing goes out to a slot although somebody is bound to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pause {
    /// The way to this subscriber holds no more.
    Connection,
    /// The subscriber can't receive the codec.
    Codec,
    /// The publisher sends nothing.
    Source,
}

/// What goes out to a slot now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// This layer.
    Layer(Layer),
    /// Nothing.
    Paused(Pause),
}

impl Shown {
    /// What a slot shows that was given `aim`, whose forwarder is at `layer`, and of whose source these layers flow.
    pub fn of(aim: Option<Layer>, layer: Option<Layer>, flowing: Layers) -> Self {
        match (aim, layer) {
            (None, _) => Self::Paused(Pause::Connection),
            (Some(_), _) if flowing.is_empty() => Self::Paused(Pause::Source),
            (Some(aim), None) => Self::Layer(aim),
            (Some(_), Some(layer)) => Self::Layer(layer),
        }
    }
}
