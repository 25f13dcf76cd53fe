//! What opens a camera, a microphone or an audience of the box.

use serde::{Deserialize, Serialize};

/// Something of it that somebody outside of the room asks for. Whoever is in the room sees it before it happens, and can stop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opening {
    /// The call that rings is answered.
    Answer,
    /// The microphone is heard in the call that the box is in.
    Unmute,
    /// The camera is seen there.
    Camera,
    /// The room goes on air, with the box.
    Live,
    /// What is on air is recorded.
    Record,
}

impl Opening {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Answer, Self::Unmute, Self::Camera, Self::Live, Self::Record];
}
