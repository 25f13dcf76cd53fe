//! What is known of the board that the box runs on.

/// What a machine says it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// The model of its device tree, where it has one.
    pub model: String,
    /// What its device tree says that it is compatible with, the nearest first.
    pub compatible: Vec<String>,
    /// The name that its firmware gives it (DMI).
    pub product: String,
    /// The architecture that this program was built for.
    pub architecture: &'static str,
}

/// A limit of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Largest {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
}

/// Something to watch for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirk {
    /// Names it for machines, and never changes.
    pub code: String,
    /// A sentence for people.
    pub text: String,
    /// Where it is from.
    pub source: String,
}

/// A board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// What people call it.
    pub name: String,
    /// Its chip.
    pub soc: String,
    /// How it sees.
    pub camera: String,
    /// The GStreamer element of the H.264 encoder that is to be expected.
    pub encoder: String,
    /// What that can do, where the hardware has a limit.
    pub largest: Option<Largest>,
    /// How it shows.
    pub display: String,
    /// How it sounds.
    pub audio: String,
    /// What to watch for.
    pub quirks: Vec<Quirk>,
    /// What was run on one, and how.
    pub verified: String,
}
