//! How the board is, and what it is: heat, voltage, clock, what is written to its disk, and what is known of its kind. Pure.

use std::time::Duration;

use super::Config;
use super::report::Finding;
use crate::drivers::device::{Heat, clock};
use crate::drivers::pipeline::Chosen;
use crate::model::board::Board;
use crate::model::finding::Level;

/// What the daemon may write to an SD card in an hour, while nothing is recorded, before it is said: a card is made for hundreds of gigabytes.
const MUCH: u64 = 20 << 20;
/// How long it has to run until that is said.
const A_WHILE: Duration = Duration::from_secs(3600);

/// What the daemon has written to disks since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wear {
    /// Bytes.
    pub written: u64,
    /// How long it has run.
    pub running: Duration,
    /// The state folder lies on an SD card.
    pub card: bool,
}

/// How the board is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    /// What is known of its kind.
    pub board: Option<Board>,
    /// Heat and voltage.
    pub heat: Heat,
    /// The clock of the system, and the latest time that is known to have been, in seconds since 1970 UTC.
    pub clock: (i64, i64),
    /// What was written; `None` where no daemon runs.
    pub wear: Option<Wear>,
}

/// What to say of it. `program` is the size and rate of what goes on air.
pub fn findings(
    condition: &Condition,
    config: &Config,
    program: (u32, u32, u32),
    encoder: Option<&Chosen>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut find = |code: &str, level, text: String| found.push(Finding { code: code.to_owned().into(), level, text });
    heat(condition.heat, &mut find);
    time(condition.clock.0, &mut find);
    if let Some(wear) = condition.wear {
        worn(wear, &mut find);
    }
    board(condition.board.as_ref(), config, program, encoder, &mut find);
    found
}

fn heat(heat: Heat, find: &mut impl FnMut(&str, Level, String)) {
    if heat.is_weak() {
        let text = "The board gets too little voltage, and goes slower: use the power supply that is made for it, and a short cable.";
        find("weak_power", Level::Bad, text.into());
    } else if heat.was_weak() {
        let text =
            "The board got too little voltage for a moment since it was switched on: its power supply is at its limit.";
        find("weak_power_before", Level::Note, text.into());
    }
    // A weak supply alone has it go slower as well.
    if heat.is_throttled() && !heat.is_weak() {
        let degrees = heat.degrees.map(|degrees| format!(", at {degrees:.0} °C")).unwrap_or_default();
        let text = format!(
            "The board is slowed down{degrees}: the camera sends fewer pictures. Give it air, or a heat sink or fan."
        );
        find("heat", Level::Bad, text);
    }
}

fn time(now: i64, find: &mut impl FnMut(&str, Level, String)) {
    if clock::is_wrong(now) {
        let text = "The clock of this machine is wrong: it is before this program was made. Connect the box to a network, from which it asks the time; until \
                    then dates are wrong, and passkeys, wallets and invites may be refused.";
        find("clock_wrong", Level::Bad, text.into());
    }
}

fn worn(wear: Wear, find: &mut impl FnMut(&str, Level, String)) {
    let hours = wear.running.as_secs_f64() / 3600.0;
    let each = (wear.written as f64 / hours.max(1.0)) as u64;
    let megabytes = wear.written.div_ceil(1 << 20);
    let text = format!("The daemon has written {megabytes} MB to disks in {hours:.1} hours.");
    if wear.card && each > MUCH && wear.running >= A_WHILE {
        let text = format!(
            "{text} That wears out the SD card: keep recordings on another disk (recordings.folder), and log.level at info."
        );
        find("wear_much", Level::Note, text);
    } else {
        find("wear_ok", Level::Good, text);
    }
}

fn board(
    board: Option<&Board>,
    config: &Config,
    program: (u32, u32, u32),
    encoder: Option<&Chosen>,
    find: &mut impl FnMut(&str, Level, String),
) {
    let Some(board) = board else {
        let text = "This board is in no row of Porchlight's table: what its encoder can do is found out by trying it.";
        return find("board_unknown", Level::Note, text.into());
    };
    let limit = board.largest.map(|most| format!(", up to {}x{} at {}", most.width, most.height, most.fps));
    let text = format!(
        "{}: {}. H.264 by {}{}. On this kind of board: {}.",
        board.name,
        board.soc,
        board.encoder,
        limit.unwrap_or_default(),
        board.verified
    );
    find("board", Level::Good, text);
    let used = encoder.is_some_and(|chosen| chosen.encoder.element() == board.encoder);
    if let Some(most) = board.largest.filter(|_| used) {
        let camera = (config.width, config.height, config.fps);
        for (what, (width, height, fps)) in [("program", program), ("endpoint", camera)] {
            if width > most.width || height > most.height || fps > most.fps {
                let text = format!(
                    "{width}x{height} at {fps} is more than the board's encoder does ({}x{} at {}): make {what}.width, {what}.height or {what}.fps smaller.",
                    most.width, most.height, most.fps
                );
                find("board_limit", Level::Bad, text);
            }
        }
    }
    for quirk in &board.quirks {
        find(&quirk.code, Level::Note, quirk.text.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::pipeline::H264Encoder;
    use crate::model::board::{Largest, Quirk};

    const PROGRAM: (u32, u32, u32) = (1280, 720, 30);

    fn right() -> Condition {
        let board = Board {
            name: "Pi".into(),
            soc: "BCM".into(),
            camera: "CSI".into(),
            encoder: "v4l2h264enc".into(),
            largest: Some(Largest { width: 1920, height: 1080, fps: 30 }),
            display: "HDMI".into(),
            audio: "HDMI".into(),
            quirks: vec![Quirk {
                code: "pi_codec_level".into(),
                text: "Mind the level.".into(),
                source: "an issue".into(),
            }],
            verified: "not run on hardware".into(),
        };
        Condition { board: Some(board), heat: Heat::default(), clock: (clock::BUILT + 7, clock::BUILT), wear: None }
    }

    fn codes(condition: &Condition, program: (u32, u32, u32), encoder: H264Encoder) -> Vec<String> {
        let chosen = Chosen { encoder, speed: None, instead_of: None };
        let found = findings(condition, &Config::default(), program, Some(&chosen));
        found.into_iter().map(|finding| finding.code.into_owned()).collect()
    }

    #[test]
    fn a_board_is_named_with_its_quirks_and_its_limit_counts_while_its_encoder_is_used() {
        let right = right();
        assert_eq!(codes(&right, PROGRAM, H264Encoder::V4l2), ["board", "pi_codec_level"]);
        assert_eq!(codes(&right, (1920, 1080, 60), H264Encoder::V4l2), ["board", "board_limit", "pi_codec_level"]);
        assert_eq!(codes(&right, (1920, 1080, 60), H264Encoder::X264), ["board", "pi_codec_level"]);
        let unknown = Condition { board: None, ..right };
        assert_eq!(codes(&unknown, PROGRAM, H264Encoder::X264), ["board_unknown"]);
    }

    #[test]
    fn a_hot_board_and_a_weak_supply_are_said_and_a_cool_one_is_nothing() {
        for (throttled, said) in [
            (0, &[][..]),
            (0xe0000, &[]),
            (1, &["weak_power"]),
            (0x8, &["heat"]),
            (0xf, &["weak_power"]),
            (0x50000, &["weak_power_before"]),
            (0x50004, &["weak_power_before", "heat"]),
        ] {
            let heat = Heat { throttled, degrees: Some(83.4) };
            let found = codes(&Condition { heat, ..right() }, PROGRAM, H264Encoder::X264);
            assert_eq!(found[..found.len() - 2], *said, "{throttled:x}");
        }
        let heat = Heat { throttled: 8, degrees: Some(83.4) };
        let found = findings(&Condition { heat, ..right() }, &Config::default(), PROGRAM, None);
        assert!(found[0].text.contains("slowed down, at 83 °C"));
    }

    #[test]
    fn a_clock_that_can_t_be_right_is_said() {
        let wrong = Condition { clock: (0, clock::BUILT), ..right() };
        assert_eq!(codes(&wrong, PROGRAM, H264Encoder::X264)[0], "clock_wrong");
    }

    #[test]
    fn what_is_written_is_said_and_much_of_it_only_where_it_wears_something_out() {
        let first = |written: u64, seconds, card| {
            let wear = Some(Wear { written, running: Duration::from_secs(seconds), card });
            codes(&Condition { wear, ..right() }, PROGRAM, H264Encoder::X264)[0].clone()
        };
        assert_eq!(first(1 << 30, 7200, true), "wear_much");
        assert_eq!(first(1 << 30, 7200, false), "wear_ok");
        assert_eq!(first(1 << 30, 60, true), "wear_ok", "what it reads at its start counts for nothing");
        assert_eq!(first(10 << 20, 7200, true), "wear_ok");
    }
}
