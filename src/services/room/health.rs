//! How good somebody's connection is, from what the peers' worker reports of it.

use std::time::Duration;

use super::history::{Code, Happened};
use super::snapshot::Quality;
use crate::drivers::peer::server::Report;
use crate::model::bitrate::Bitrate;
use crate::model::time::MediaTime;

/// Shares of packets lost from which on quality is fair and poor: Opus hides the first without a trace, and the second is
/// heard in spite of it.
const LOSS: (f32, f32) = (0.03, 0.10);
/// Round trips from which on quality is fair and poor: beyond the second people begin to speak at the same time.
const ROUND_TRIP: (Duration, Duration) = (Duration::from_millis(300), Duration::from_millis(700));
/// Reports in a row that have to be better before it is said so.
const BETTER: u8 = 3;

/// The connection of one participant as its overlay shows it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stats {
    /// What the way to the browser holds, by the engine's estimate.
    pub estimate: Option<Bitrate>,
    /// From the box to the browser and back.
    pub round_trip: Option<Duration>,
    /// Which part of what the box sends gets lost, 0 to 1.
    pub loss: Option<f32>,
    /// Which part of what the browser sends gets lost, 0 to 1.
    pub received_loss: Option<f32>,
    /// Bits a second that came from the browser over the last seconds; 0 until that was measured.
    pub received_bitrate: u64,
    /// Bits a second that went to it; 0 until that was measured.
    pub sent_bitrate: u64,
    /// What happened, the oldest first.
    pub events: Vec<Happened>,
}

/// Follows one connection.
#[derive(Debug, Default)]
pub(super) struct Health {
    last: Option<(MediaTime, Report)>,
    stats: Stats,
    quality: Option<Quality>,
    better: u8,
}

impl Health {
    /// Takes a report; `paused` says that pictures are held back because the connection holds no more. Answers what is worth
    /// an entry in the history.
    pub(super) fn take(&mut self, now: MediaTime, report: Report, paused: bool) -> Vec<Code> {
        let before = (self.stats.worst_loss(), self.stats.round_trip.unwrap_or_default());
        self.stats = match &self.last {
            Some((then, last)) if last.peer == report.peer => Stats::between((*then, last), (now, &report)),
            _ => Stats {
                estimate: report.estimate,
                round_trip: report.round_trip,
                loss: report.reported_loss,
                ..Stats::default()
            },
        };
        self.last = Some((now, report));
        let (loss, round_trip) = (self.stats.worst_loss(), self.stats.round_trip.unwrap_or_default());
        let mut codes = Vec::new();
        let mut passed = |before: bool, now: bool, up, down| match (before, now) {
            (false, true) => codes.push(up),
            (true, false) => codes.push(down),
            _ => {}
        };
        passed(before.0 >= LOSS.1, loss >= LOSS.1, Code::LossHigh, Code::LossOver);
        passed(before.1 >= ROUND_TRIP.1, round_trip >= ROUND_TRIP.1, Code::DelayHigh, Code::DelayOver);
        let seen = match () {
            () if loss >= LOSS.1 || round_trip >= ROUND_TRIP.1 => Quality::Poor,
            () if loss >= LOSS.0 || round_trip >= ROUND_TRIP.0 || paused => Quality::Fair,
            () => Quality::Good,
        };
        self.settle(seen);
        codes
    }

    /// Worse at once, better when it has lasted.
    fn settle(&mut self, seen: Quality) {
        match self.quality {
            Some(before) if seen < before => {
                self.better += 1;
                if self.better >= BETTER {
                    (self.quality, self.better) = (Some(seen), 0);
                }
            }
            _ => (self.quality, self.better) = (Some(seen), 0),
        }
    }

    /// The connection is gone, and with it what was known of it.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn quality(&self) -> Quality {
        self.quality.unwrap_or(Quality::Unknown)
    }

    pub(super) fn stats(&self, events: Vec<Happened>) -> Stats {
        Stats { events, ..self.stats.clone() }
    }
}

impl Stats {
    fn between((then, last): (MediaTime, &Report), (now, report): (MediaTime, &Report)) -> Self {
        let nanos = u64::try_from(now.since(then)).unwrap_or_default();
        let rate = |before: u64, after: u64| {
            let bits = u128::from(after.saturating_sub(before)) * 8 * 1_000_000_000;
            bits.checked_div(u128::from(nanos)).and_then(|rate| u64::try_from(rate).ok()).unwrap_or_default()
        };
        let received = report.received_packets.saturating_sub(last.received_packets);
        let lost = report.lost_packets.saturating_sub(last.lost_packets);
        Self {
            estimate: report.estimate,
            round_trip: report.round_trip,
            loss: report.reported_loss,
            received_loss: (received + lost > 0).then(|| lost as f32 / (received + lost) as f32),
            received_bitrate: rate(last.received_bytes, report.received_bytes),
            sent_bitrate: rate(last.sent_bytes, report.sent_bytes),
            events: Vec::new(),
        }
    }

    fn worst_loss(&self) -> f32 {
        self.loss.unwrap_or_default().max(self.received_loss.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::PeerId;

    /// After so many packets of which so many were lost, and with this loss on the way back and round trip.
    fn report(packets: u64, lost: u64, loss: f32, millis: u64) -> Report {
        Report {
            peer: PeerId::from_bytes([1; 10]),
            round_trip: Some(Duration::from_millis(millis)),
            received_bytes: packets * 1000,
            sent_bytes: packets * 500,
            received_packets: packets,
            lost_packets: lost,
            sent_packets: packets / 2,
            resent_packets: 0,
            reported_loss: Some(loss),
            picture: None,
            estimate: Some(Bitrate::kbps(1_500)),
            shown: Vec::new(),
            freezes: 0,
        }
    }

    fn at(seconds: i64) -> MediaTime {
        MediaTime::from_millis(seconds * 1000)
    }

    #[test]
    fn it_gets_worse_at_once_and_better_when_it_has_lasted() {
        let mut health = Health::default();
        assert_eq!(health.quality(), Quality::Unknown);
        let mut told = |seconds, loss, millis, paused| {
            let codes = health.take(at(seconds), report(seconds as u64 * 100, 0, loss, millis), paused);
            (health.quality(), codes)
        };
        assert_eq!(told(0, 0.0, 40, false), (Quality::Good, vec![]));
        assert_eq!(told(2, 0.05, 40, false), (Quality::Fair, vec![]));
        assert_eq!(told(4, 0.2, 40, false), (Quality::Poor, vec![Code::LossHigh]));
        assert_eq!(told(6, 0.2, 800, false), (Quality::Poor, vec![Code::DelayHigh]));
        assert_eq!(told(8, 0.0, 40, false), (Quality::Poor, vec![Code::LossOver, Code::DelayOver]));
        assert_eq!(told(10, 0.0, 40, false).0, Quality::Poor);
        assert_eq!(told(12, 0.0, 40, false).0, Quality::Good);
        assert_eq!(told(14, 0.0, 40, true).0, Quality::Fair, "pictures are held back");
    }

    #[test]
    fn rates_are_those_between_two_reports_of_one_connection() {
        let mut health = Health::default();
        health.take(at(0), report(100, 0, 0.0, 40), false);
        assert_eq!(health.stats(Vec::new()).received_bitrate, 0, "one report says no rate");
        health.take(at(2), report(190, 10, 0.0, 40), false);
        let stats = health.stats(Vec::new());
        assert_eq!((stats.received_bitrate, stats.sent_bitrate), (360_000, 180_000));
        assert_eq!((stats.received_loss, stats.estimate), (Some(0.1), Some(Bitrate::kbps(1_500))));
        let other = Report { peer: PeerId::from_bytes([2; 10]), ..report(5, 0, 0.0, 40) };
        health.take(at(4), other, false);
        assert_eq!(health.stats(Vec::new()).received_bitrate, 0);
    }

    #[test]
    fn two_reports_of_one_moment_say_no_rate() {
        let mut health = Health::default();
        health.take(at(1), report(100, 0, 0.0, 40), false);
        health.take(at(1), report(100, 0, 0.0, 40), false);
        assert_eq!(health.stats(Vec::new()).sent_bitrate, 0);
        assert_eq!(health.stats(Vec::new()).received_loss, None);
    }
}
