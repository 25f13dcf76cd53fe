//! Volume and mute of a sound card, through ALSA's mixer.
//!
//! Reads and writes the one control that matters for a direction: the card's master, or what stands for it. What the card has
//! no control for is said to be missing; the box then does it itself.

use alsa::Round;
use alsa::mixer::{MilliBel, Selem, SelemChannelId, SelemId};

use crate::proto::sound::Scale;

/// Which way sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Out of the speaker.
    Played,
    /// Into the microphone.
    Recorded,
}

/// What the controls of a card say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Setting {
    /// The volume from 0 to 100, each step the same number of decibels; `None` without such a control.
    pub percent: Option<u8>,
    /// Whether it is switched off; `None` without such a control.
    pub muted: Option<bool>,
}

/// Why the card can't be asked: it was pulled out, or its driver refuses.
#[derive(Debug, thiserror::Error)]
#[error("the mixer of the sound card can't be used: {0}; plug the card in again")]
pub struct Error(#[from] alsa::Error);

/// The mixer of one card. Every call may wait for the driver, so call it off the async runtime.
pub struct Mixer {
    mixer: alsa::Mixer,
    way: Way,
    volume: Option<SelemId>,
    switch: Option<SelemId>,
}

/// Names of controls that stand for a card's whole sound, the best first (`Documentation/sound/designs/control-names.rst`).
const PLAYED: [&str; 10] =
    ["Master", "Speaker", "PCM", "Headphone", "Headset", "Digital", "HDMI", "Playback", "Line Out", "Front"];
const RECORDED: [&str; 9] =
    ["Capture", "Mic", "Mic Capture", "Internal Mic", "Headset", "Headset Mic", "Digital", "ADC", "Line"];

/// The channel that is read: mono controls call theirs so as well.
const CHANNEL: SelemChannelId = SelemChannelId::FrontLeft;

impl Mixer {
    /// Opens the mixer of the card that an ALSA device is on; `None` if the device is on no card, as `null` is.
    ///
    /// # Errors
    /// [`Error`] if the card is not there.
    pub fn open(device: &str, way: Way) -> Result<Option<Self>, Error> {
        let Some(card) = card(device) else { return Ok(None) };
        let mixer = alsa::Mixer::new(&card, false)?;
        let of = |has: fn(Way, &Selem<'_>) -> bool| {
            let elements = mixer.iter().filter_map(Selem::new).filter(|element| has(way, element));
            let named = elements.map(|element| (element.get_id().get_name().unwrap_or_default().to_owned(), element));
            best(way, named).map(|element| element.get_id())
        };
        let volume = of(|way, element| match way {
            Way::Played => element.has_playback_volume(),
            Way::Recorded => element.has_capture_volume(),
        });
        // The switch of what has the volume, if it has one.
        let both = volume.as_ref().and_then(|id| mixer.find_selem(id)).filter(|element| has_switch(way, element));
        let switch = both.map(|element| element.get_id()).or_else(|| of(has_switch));
        Ok(Some(Self { mixer, way, volume, switch }))
    }

    /// What is set now, by whomever.
    ///
    /// # Errors
    /// [`Error`] if the card is gone.
    pub fn read(&self) -> Result<Setting, Error> {
        // Takes over what others have changed.
        self.mixer.handle_events()?;
        let mut setting = Setting::default();
        if let Some(element) = self.element(&self.volume) {
            setting.percent = Some(self.percent(&element)?);
        }
        if let Some(element) = self.element(&self.switch) {
            let on = match self.way {
                Way::Played => element.get_playback_switch(CHANNEL)?,
                Way::Recorded => element.get_capture_switch(CHANNEL)?,
            };
            setting.muted = Some(on == 0);
        }
        Ok(setting)
    }

    /// Sets what is given and there is a control for.
    ///
    /// # Errors
    /// [`Error`] if the card is gone or refuses.
    pub fn set(&self, setting: Setting) -> Result<(), Error> {
        if let (Some(percent), Some(element)) = (setting.percent, self.element(&self.volume)) {
            self.turn(&element, percent)?;
        }
        if let (Some(muted), Some(element)) = (setting.muted, self.element(&self.switch)) {
            match self.way {
                Way::Played => element.set_playback_switch_all(i32::from(!muted))?,
                Way::Recorded => element.set_capture_switch_all(i32::from(!muted))?,
            }
        }
        Ok(())
    }

    fn element(&self, id: &Option<SelemId>) -> Option<Selem<'_>> {
        self.mixer.find_selem(id.as_ref()?)
    }

    /// Its decibels, if it tells them, and the numbers between which it goes.
    fn range(&self, element: &Selem<'_>) -> (Option<Scale>, i64, i64) {
        let ((bottom, top), (least, most)) = match self.way {
            Way::Played => (element.get_playback_db_range(), element.get_playback_volume_range()),
            Way::Recorded => (element.get_capture_db_range(), element.get_capture_volume_range()),
        };
        // The least of all may be said to be -99999.99 dB: silence.
        let bottom = f64::from(bottom.to_db()).max(-200.0);
        (Scale::of(bottom, f64::from(top.to_db())), least, most)
    }

    fn percent(&self, element: &Selem<'_>) -> Result<u8, Error> {
        let (scale, least, most) = self.range(element);
        let (value, decibels) = match self.way {
            Way::Played => (element.get_playback_volume(CHANNEL)?, element.get_playback_vol_db(CHANNEL)),
            Way::Recorded => (element.get_capture_volume(CHANNEL)?, element.get_capture_vol_db(CHANNEL)),
        };
        Ok(match (scale, decibels) {
            _ if value <= least => 0,
            (Some(scale), Ok(decibels)) => scale.percent(f64::from(decibels.to_db())),
            _ => step_percent(value, least, most),
        })
    }

    fn turn(&self, element: &Selem<'_>, percent: u8) -> Result<(), Error> {
        let (scale, least, most) = self.range(element);
        let decibels = scale.map(|scale| scale.decibels(percent).map(|decibels| MilliBel::from_db(decibels as f32)));
        match (decibels, self.way) {
            (Some(Some(decibels)), Way::Played) => element.set_playback_db_all(decibels, Round::Floor)?,
            (Some(Some(decibels)), Way::Recorded) => element.set_capture_db_all(decibels, Round::Floor)?,
            (Some(None), Way::Played) => element.set_playback_volume_all(least)?,
            (Some(None), Way::Recorded) => element.set_capture_volume_all(least)?,
            (None, Way::Played) => element.set_playback_volume_all(percent_step(percent, least, most))?,
            (None, Way::Recorded) => element.set_capture_volume_all(percent_step(percent, least, most))?,
        }
        Ok(())
    }
}

fn has_switch(way: Way, element: &Selem<'_>) -> bool {
    match way {
        Way::Played => element.has_playback_switch(),
        Way::Recorded => element.has_capture_switch(),
    }
}

/// The control that stands for the whole: the first of the known names, else the first there is.
fn best<T>(way: Way, named: impl Iterator<Item = (String, T)>) -> Option<T> {
    let names: &[&str] = match way {
        Way::Played => &PLAYED,
        Way::Recorded => &RECORDED,
    };
    let rank = |name: &str| names.iter().position(|known| *known == name).unwrap_or(names.len());
    named.min_by_key(|(name, _)| rank(name)).map(|(_, element)| element)
}

/// The card of an ALSA device, as the mixer wants it: `hw:CARD=C920` of `plughw:CARD=C920,DEV=0`.
fn card(device: &str) -> Option<String> {
    let (kind, rest) = match device.split_once(':') {
        Some(parts) => parts,
        None => return (device == "default").then(|| "default".into()),
    };
    let known = ["hw", "plughw", "sysdefault", "default", "front", "iec958", "hdmi", "dmix", "dsnoop", "usbstream"];
    let first = rest.split(',').next().filter(|_| known.contains(&kind))?;
    let name = first.strip_prefix("CARD=").unwrap_or(first);
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    plain.then(|| format!("hw:{name}"))
}

/// A step of a control that tells no decibels, as a percentage, and back.
fn step_percent(value: i64, least: i64, most: i64) -> u8 {
    let (above, span) = (value.saturating_sub(least).max(0), most.saturating_sub(least).max(1));
    (above as f64 * 100.0 / span as f64).round().clamp(0.0, 100.0) as u8
}

fn percent_step(percent: u8, least: i64, most: i64) -> i64 {
    let span = most.saturating_sub(least).max(0);
    least.saturating_add((span as f64 * f64::from(percent.min(100)) / 100.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_of_a_device_is_found_by_its_name() {
        for (device, expected) in [
            ("plughw:CARD=C920,DEV=0", Some("hw:C920")),
            ("hw:1,0", Some("hw:1")),
            ("hdmi:CARD=vc4hdmi0,DEV=0", Some("hw:vc4hdmi0")),
            ("default", Some("default")),
            ("null", None),
            ("file:/tmp/x,raw", None),
            ("plughw:", None),
            ("hw:../1", None),
        ] {
            assert_eq!(card(device).as_deref(), expected, "{device}");
        }
    }

    #[test]
    fn the_master_goes_before_its_parts_and_what_nobody_knows_is_better_than_nothing() {
        for (way, names, expected) in [
            (Way::Played, &["Beep", "PCM", "Master", "Headphone"][..], Some("Master")),
            (Way::Played, &["Headphone", "PCM"], Some("PCM")),
            (Way::Played, &["Zebra", "Ant"], Some("Zebra")),
            (Way::Recorded, &["Mic", "Capture"], Some("Capture")),
            (Way::Recorded, &["Loopback", "Internal Mic"], Some("Internal Mic")),
            (Way::Recorded, &[], None),
        ] {
            let named = names.iter().map(|name| ((*name).to_owned(), *name));
            assert_eq!(best(way, named), expected, "{names:?}");
        }
    }

    #[test]
    fn without_decibels_a_percentage_is_a_share_of_the_steps() {
        for (percent, step) in [(0, -7), (50, 3), (100, 13), (255, 13)] {
            assert_eq!(percent_step(percent, -7, 13), step);
        }
        for (value, percent) in [(-7, 0), (3, 50), (13, 100), (99, 100), (-99, 0)] {
            assert_eq!(step_percent(value, -7, 13), percent);
        }
        assert_eq!((step_percent(5, 5, 5), percent_step(50, 5, 5)), (0, 5), "a control with one step");
        assert_eq!(step_percent(i64::MAX, i64::MIN, i64::MAX), 100);
    }

    #[test]
    fn a_device_on_no_card_has_no_mixer_and_a_card_that_is_away_is_an_error() {
        assert!(Mixer::open("null", Way::Played).expect("no card is asked").is_none());
        let error = Mixer::open("plughw:CARD=nosuchcard,DEV=0", Way::Recorded).err().expect("it is away");
        assert!(error.to_string().contains("plug the card in"), "{error}");
    }
}
