//! The set-up test of the room's sound: what was measured, and what to change. Pure, but for the playing and recording itself.

use std::time::Duration;

use serde::Serialize;

use super::Abilities;
use super::{Config, Error, choice};
use crate::drivers::device::Inventory;
use crate::drivers::pipeline::{self, ListenSpec, MicrophoneSource};
use crate::model::finding::{Level, codes};
use crate::proto::sound::{Limiter, Measured, Recording, measure, signal};

codes! {
    "SoundCode";
    NothingHeard "nothing_heard" Bad "The microphone did not hear the speaker. Turn the speaker up and unmute it, here and on the device itself, and look whether it and the microphone are the ones in this room.";
    Overloaded "overloaded" Bad "The microphone was overloaded: turn the speaker or the microphone down, or move them apart.";
    EchoLoud "echo_loud" Note "The microphone hears the speaker louder than it is played, which is hard to take out again: turn the microphone down, or move them apart.";
    TooQuiet "too_quiet" Note "The speaker is hardly heard over the noise of the room: turn it up.";
    LevelGood "level_good" Good "The speaker is as loud as it should be.";
    DelayTooLong "delay_too_long" Bad "The speaker plays {} ms late, more than the echo canceller can wait for: switch the television to its game mode, or connect a speaker to the box.";
    DelayWrong "delay_wrong" Note "The speaker plays {} ms late: set endpoint.speaker_delay to \"{}ms\", so that the echo is taken out well.";
    DelayGood "delay_good" Good "The echo canceller knows how late the speaker plays.";
    Noisy "noisy" Note "The room is noisy, or the microphone is: move it away from fans and the like, or turn it down.";
    RoomQuiet "room_quiet" Good "The room is quiet.";
}

/// One thing that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "SoundFinding"))]
pub struct Finding {
    /// What.
    pub code: Code,
    /// How much it matters.
    pub level: Level,
    /// What it means and what to do, in English.
    pub text: String,
}

/// What a test measured, and what follows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SoundTest {
    /// How much later the speaker is heard than the box plays, in milliseconds; null if it was not heard.
    pub delay: Option<i32>,
    /// How much quieter the microphone hears the speaker than it is played, in dB; null if it was not heard.
    pub return_loss: Option<f64>,
    /// How loud the microphone hears the speaker, in dBFS; null if it was not heard.
    pub heard: Option<f64>,
    /// What the room sounds like by itself, in dBFS.
    pub noise: f64,
    /// The microphone was overloaded.
    pub overloaded: bool,
    /// What the box was told of the delay before, in milliseconds (`endpoint.speaker_delay`).
    pub speaker_delay: u32,
    /// What follows, and what to do.
    pub findings: Vec<Finding>,
}

/// A canceller finds an echo that is so much earlier or later than it was told, in milliseconds.
const FINDS: i32 = 40;
/// The most that can be told to it (`endpoint.speaker_delay`), in milliseconds.
const TOLD: i32 = 400;
/// From here on, in dBFS, a room is noisy.
const NOISY: f64 = -45.0;
/// How far above the noise a speaker has to be heard, in dB.
const ABOVE: f64 = 10.0;

/// What follows from what was measured. `speaker_delay` is what the box was told before, in milliseconds.
fn result(measured: Measured, speaker_delay: u32) -> SoundTest {
    let Measured { noise, clipped, echo } = measured;
    let tenth = |decibels: f64| (decibels * 10.0).round() / 10.0;
    let delay = echo.map(|echo| echo.delay.round() as i32);
    // Steps of ten: the next test will not say the same to the millisecond.
    let told = delay.map_or(0, |delay| (delay.max(0) + 5) / 10 * 10);
    let known = i32::try_from(speaker_delay).unwrap_or(i32::MAX);
    let mut codes = Vec::new();
    match echo {
        None => codes.push(Code::NothingHeard),
        Some(_) if clipped => codes.push(Code::Overloaded),
        Some(echo) if echo.return_loss < 0.0 => codes.push(Code::EchoLoud),
        Some(echo) if echo.level < noise + ABOVE => codes.push(Code::TooQuiet),
        Some(_) => codes.push(Code::LevelGood),
    }
    match delay {
        None => {}
        Some(delay) if delay.abs_diff(known) <= FINDS.unsigned_abs() => codes.push(Code::DelayGood),
        Some(_) if told > TOLD => codes.push(Code::DelayTooLong),
        Some(_) => codes.push(Code::DelayWrong),
    }
    codes.push(if noise > NOISY { Code::Noisy } else { Code::RoomQuiet });
    let finding =
        |code: Code| Finding { code, level: code.level(), text: code.text().replace("{}", &told.to_string()) };
    SoundTest {
        delay,
        return_loss: echo.map(|echo| tenth(echo.return_loss)),
        heard: echo.map(|echo| tenth(echo.level)),
        noise: tenth(noise),
        overloaded: clipped,
        speaker_delay,
        findings: codes.into_iter().map(finding).collect(),
    }
}

/// Plays the test as loud as people set it, listens, and says what follows. Takes four seconds.
pub(super) async fn hear(spec: ListenSpec, gain: f64, speaker_delay: u32) -> Result<SoundTest, pipeline::Error> {
    let signal = signal();
    let mut stereo: Vec<i16> = signal.samples.iter().flat_map(|sample| [*sample; 2]).collect();
    Limiter::new(gain).process(&mut stereo);
    let played: Vec<i16> = stereo.iter().step_by(2).copied().collect();
    let heard = pipeline::listen(spec, &stereo).await?;
    let measured = tokio::task::spawn_blocking(move || {
        measure(Recording { signal: &signal, played: &played, heard: &heard.samples, begun: heard.begun })
    });
    let measured = measured
        .await
        .map_err(|_| pipeline::Error::Device { what: "sound", reason: "the box is shutting down".into() })?;
    Ok(result(measured, speaker_delay))
}

/// Does the test where no daemon runs.
///
/// # Errors
/// [`Error::NoSound`] without a real microphone and speaker, [`Error::Sound`] when they can't be used.
pub async fn test(config: &Config, inventory: &Inventory) -> Result<SoundTest, Error> {
    let devices = choice::choose(
        config,
        inventory,
        Abilities { canceller: pipeline::has_echo_canceller(), libcamera: false },
        None,
    );
    let (Some(MicrophoneSource::Alsa { device: microphone }), Some(speaker)) =
        (devices.microphone_source, devices.speaker_device)
    else {
        return Err(Error::NoSound);
    };
    let spec = ListenSpec { microphone, speaker };
    hear(spec, 1.0, millis(config.speaker_delay)).await.map_err(|error| Error::Sound(error.to_string()))
}

/// As the pipeline takes it.
pub(super) fn millis(delay: Duration) -> u32 {
    u32::try_from(delay.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::sound::Echo;

    fn codes(measured: Measured, told: u32) -> Vec<&'static str> {
        result(measured, told).findings.iter().map(|finding| finding.code.name()).collect()
    }

    #[test]
    fn each_room_gets_its_advice() {
        let heard = |delay, level, return_loss| Some(Echo { delay, level, return_loss });
        for (noise, clipped, echo, told, expected) in [
            (-60.0, false, None, 0, &["nothing_heard", "room_quiet"][..]),
            (-30.0, false, None, 0, &["nothing_heard", "noisy"]),
            (-60.0, false, heard(12.0, -35.0, 13.0), 0, &["level_good", "delay_good", "room_quiet"]),
            (-60.0, true, heard(12.0, -5.0, -17.0), 0, &["overloaded", "delay_good", "room_quiet"]),
            (-60.0, false, heard(12.0, -18.0, -4.0), 0, &["echo_loud", "delay_good", "room_quiet"]),
            (-60.0, false, heard(12.0, -55.0, 33.0), 0, &["too_quiet", "delay_good", "room_quiet"]),
            (-40.0, false, heard(12.0, -25.0, 3.0), 0, &["level_good", "delay_good", "noisy"]),
            (-60.0, false, heard(154.0, -35.0, 13.0), 0, &["level_good", "delay_wrong", "room_quiet"]),
            (-60.0, false, heard(154.0, -35.0, 13.0), 150, &["level_good", "delay_good", "room_quiet"]),
            (-60.0, false, heard(3.0, -35.0, 13.0), 150, &["level_good", "delay_wrong", "room_quiet"]),
            (-60.0, false, heard(620.0, -35.0, 13.0), 0, &["level_good", "delay_too_long", "room_quiet"]),
            (-60.0, false, heard(430.0, -35.0, 13.0), 400, &["level_good", "delay_good", "room_quiet"]),
        ] {
            assert_eq!(codes(Measured { noise, clipped, echo }, told), expected, "{noise} {clipped} {echo:?} {told}");
        }
    }

    #[test]
    fn the_advice_names_the_delay_in_tens() {
        let echo = Some(Echo { delay: 154.4, level: -35.04, return_loss: 13.06 });
        let test = result(Measured { noise: -60.0, clipped: false, echo }, 0);
        assert_eq!((test.delay, test.return_loss, test.heard), (Some(154), Some(13.1), Some(-35.0)));
        assert!(test.findings[1].text.contains("150 ms late: set endpoint.speaker_delay to \"150ms\""), "{test:?}");
    }

    #[test]
    fn every_code_stands_in_the_manual() {
        let manual = include_str!("../../../docs/operate/devices.md");
        for code in Code::ALL {
            assert!(manual.contains(&format!("`{}`", code.name())), "docs/operate/devices.md lacks {}", code.name());
        }
    }

    #[tokio::test]
    async fn silence_from_a_card_is_nothing_heard_and_no_card_is_said() {
        pipeline::init().expect("GStreamer is installed");
        let named = Config {
            microphone: super::super::Source::Named("null".into()),
            speaker: super::super::Sink::Named("null".into()),
            ..Config::default()
        };
        let test = super::test(&named, &Inventory::default()).await.expect("it is always there");
        assert_eq!((test.delay, test.noise), (None, -96.0));
        assert_eq!(test.findings[0].code, Code::NothingHeard);
        let none = super::test(&Config::default(), &Inventory::default()).await;
        assert!(matches!(none, Err(Error::NoSound)));
    }
}
