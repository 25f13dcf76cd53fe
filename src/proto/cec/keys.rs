//! Which key of a remote control asks for what.

/// What somebody asks of the box by a key or a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Take the call that rings; without one, nothing: a key that is hit by chance opens no camera.
    Answer,
    /// Take the call that rings, or have the box join the call in its room.
    Join,
    /// Refuse the call that rings, or have the box leave the call.
    HangUp,
    /// Mute the box's microphone, or let it be heard again.
    Mute,
    /// Close microphone and camera, or open both again.
    Privacy,
    /// Make the box's speaker louder.
    Louder,
    /// Make it quieter.
    Quieter,
    /// Arrange the people on the screen in another way.
    Layout,
}

impl Command {
    /// Whether a key that is held asks for it again and again.
    pub const fn repeats(self) -> bool {
        matches!(self, Self::Louder | Self::Quieter)
    }
}

/// What a key of the remote control asks for, by its code (HDMI 1.4b, CEC table 27); most ask for nothing.
pub const fn command(key: u8) -> Option<Command> {
    match key {
        // Select, play, the play function.
        0x00 | 0x44 | 0x60 => Some(Command::Answer),
        // The green key.
        0x73 => Some(Command::Join),
        // Exit, stop, the stop function, the red key.
        0x0d | 0x45 | 0x64 | 0x72 => Some(Command::HangUp),
        // Mute, the mute function, the yellow key.
        0x43 | 0x65 | 0x74 => Some(Command::Mute),
        // The blue key.
        0x71 => Some(Command::Privacy),
        // Volume up and down, which a television passes on that has no speaker of its own.
        0x41 => Some(Command::Louder),
        0x42 => Some(Command::Quieter),
        // Channel up and down, the sub picture.
        0x30 | 0x31 | 0x51 => Some(Command::Layout),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_the_obvious_keys_do_what_they_say_and_arrows_and_numbers_nothing() {
        for (keys, expected) in [
            (&[0x00, 0x44, 0x60][..], Some(Command::Answer)),
            (&[0x73], Some(Command::Join)),
            (&[0x0d, 0x45, 0x64, 0x72], Some(Command::HangUp)),
            (&[0x43, 0x65, 0x74], Some(Command::Mute)),
            (&[0x71], Some(Command::Privacy)),
            (&[0x41], Some(Command::Louder)),
            (&[0x42], Some(Command::Quieter)),
            (&[0x30, 0x31, 0x51], Some(Command::Layout)),
            (&[0x01, 0x02, 0x20, 0x29, 0x40, 0xff], None),
        ] {
            for key in keys {
                assert_eq!(command(*key), expected, "{key:#x}");
            }
        }
    }
}
