//! Sound cards, through ALSA.

use alsa::Direction;
use alsa::card::Iter;
use alsa::ctl::{Ctl, DeviceIter};

use super::Inventory;

/// One direction of one device of a sound card.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SoundDevice {
    /// What the card and the device call themselves.
    pub name: String,
    /// ALSA's name, by the card's name and not its number, with conversion of rate and format: `plughw:CARD=...,DEV=...`.
    pub device: String,
}

/// Adds the microphones and speakers.
pub fn find(found: &mut Inventory) {
    for card in Iter::new().flatten() {
        let number = card.get_index();
        if let Err(error) = read(&card, found) {
            found.skipped.push((format!("sound card {number}"), format!("it can't be read: {error}")));
        }
    }
}

fn read(card: &alsa::Card, found: &mut Inventory) -> Result<(), alsa::Error> {
    let control = Ctl::from_card(card, true)?;
    let info = control.card_info()?;
    let (id, card_name) = (info.get_id()?, info.get_name()?);
    for number in DeviceIter::new(&control) {
        let Ok(number) = u32::try_from(number) else { continue };
        for direction in [Direction::Capture, Direction::Playback] {
            // A device without this direction says so by an error.
            let Ok(pcm) = control.pcm_info(number, 0, direction) else { continue };
            let name = format!("{card_name}, {}", pcm.get_name().unwrap_or("unnamed"));
            let device = SoundDevice { name, device: format!("plughw:CARD={id},DEV={number}") };
            match direction {
                Direction::Capture => found.microphones.push(device),
                Direction::Playback => found.speakers.push(device),
            }
        }
    }
    Ok(())
}
