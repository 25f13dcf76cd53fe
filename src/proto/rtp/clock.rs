//! Maps the RTP timestamps of one participant's tracks to media time.
//!
//! Sender reports tie each track to the sender's own wall clock (RFC 3550 section 6.4.1); how that clock stands to ours
//! is learnt once for all tracks, from the least delay seen, so that lips and voice stay together. Before a track's first
//! report its own least delay serves. A change of mind moves a track by at most [`SLEW`] a second, never by a step.

use crate::model::time::MediaTime;

/// Nanoseconds a track's mapping may move in a second.
pub const SLEW: i64 = 5_000_000;

/// Nanoseconds a second by which the least delay seen is forgotten: more than any two crystals differ by.
const FORGET: i64 = 100_000;

/// Nanoseconds after which a track that stands still says nothing about another.
const BESIDE: i64 = 200_000_000;

/// A sender report of one track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The sender's wall clock in nanoseconds; only differences matter.
    pub wall_nanos: i64,
    /// The RTP timestamp of the same moment, extended.
    pub rtp_time: u64,
}

/// The least of a running series, slowly forgetting.
#[derive(Clone, Copy)]
struct Least {
    value: i64,
    at: MediaTime,
}

impl Least {
    fn see(least: &mut Option<Self>, value: i64, now: MediaTime) -> i64 {
        let kept = least.map_or(value, |least| {
            let seconds = now.since(least.at).max(0) as f64 / 1e9;
            value.min(least.value.saturating_add((seconds * FORGET as f64) as i64))
        });
        *least = Some(Self { value: kept, at: now });
        kept
    }
}

/// Media time is the timestamp in nanoseconds plus `by`.
#[derive(Clone, Copy)]
struct Shift {
    by: i64,
    /// When it was last looked at, and the newest timestamp in nanoseconds.
    at: MediaTime,
    newest: i64,
}

struct Track {
    rate: u32,
    /// The first track of those that show the same pictures, see [`Clock::add_layer`].
    group: usize,
    report: Option<Report>,
    least: Option<Least>,
    shift: Option<Shift>,
}

/// The mapping for all tracks of one participant.
#[derive(Default)]
pub struct Clock {
    tracks: Vec<Track>,
    /// Media time is the sender's wall clock plus this.
    offset: Option<Least>,
}

impl Clock {
    /// Adds a track whose timestamps tick `rate` times a second; the result names it in the other calls.
    pub fn add(&mut self, rate: u32) -> usize {
        let group = self.tracks.len();
        self.tracks.push(Track { rate, group, report: None, least: None, shift: None });
        group
    }

    /// Adds a track that shows the same pictures as `track` at the same time, in another size: it begins where that one is.
    pub fn add_layer(&mut self, track: usize) -> Option<usize> {
        let &Track { rate, group, .. } = self.tracks.get(track)?;
        self.tracks.push(Track { rate, group, report: None, least: None, shift: None });
        Some(self.tracks.len() - 1)
    }

    /// The timestamps of this track begin anew: nothing that was learnt of them holds any more.
    pub fn restart(&mut self, track: usize) {
        if let Some(track) = self.tracks.get_mut(track) {
            (track.report, track.least, track.shift) = (None, None, None);
        }
    }

    /// The newest media time of the other tracks of this group, if they are not still.
    fn beside(&self, track: usize, now: MediaTime) -> Option<i64> {
        let group = self.tracks.get(track)?.group;
        let others = self.tracks.iter().enumerate().filter(|(at, other)| *at != track && other.group == group);
        let newest = others.filter_map(|(_, other)| other.shift).filter(|shift| now.since(shift.at) < BESIDE);
        newest.map(|shift| shift.newest.saturating_add(shift.by)).max()
    }

    /// The media time of a packet of `track` with this extended timestamp, which arrived at `now`.
    pub fn time(&mut self, track: usize, rtp_time: u64, report: Option<Report>, now: MediaTime) -> MediaTime {
        let fresh = self.tracks.get(track).is_some_and(|track| track.shift.is_none());
        let beside = if fresh { self.beside(track, now) } else { None };
        let Some(track) = self.tracks.get_mut(track) else {
            return now;
        };
        let ticks = i64::try_from(rtp_time).unwrap_or(i64::MAX);
        let nanos = MediaTime::from_ticks(ticks, track.rate).nanos();
        if report.is_some() {
            track.report = report;
        }
        let own = Least::see(&mut track.least, now.nanos().saturating_sub(nanos), now);
        let target = match track.report {
            Some(report) => {
                let reported = MediaTime::from_ticks(i64::try_from(report.rtp_time).unwrap_or(i64::MAX), track.rate);
                // Sender's wall clock at capture, less the timestamp in nanoseconds.
                let wall = report.wall_nanos.saturating_sub(reported.nanos());
                let delay = now.nanos().saturating_sub(nanos.saturating_add(wall));
                wall.saturating_add(Least::see(&mut self.offset, delay, now))
            }
            None => own,
        };
        let shift = match track.shift {
            // Before a report says it, the layers of a picture are taken to come together.
            None => {
                let by =
                    beside.filter(|_| track.report.is_none()).map_or(target, |beside| beside.saturating_sub(nanos));
                Shift { by, at: now, newest: nanos }
            }
            // Sound and picture of one sender can't be further apart than this: the sender's clock itself was set.
            Some(shift) if target.saturating_sub(shift.by).unsigned_abs() > 2_000_000_000 => {
                Shift { by: target, at: now, newest: nanos }
            }
            Some(shift) => {
                let slew = (now.since(shift.at).max(0) as f64 / 1e9 * SLEW as f64) as i64;
                // Time goes on with every timestamp, whatever is learnt.
                let most = slew.min(nanos.saturating_sub(shift.newest).max(0) / 2);
                let by = shift.by.saturating_add(target.saturating_sub(shift.by).clamp(-most, most));
                Shift { by, at: now, newest: nanos.max(shift.newest) }
            }
        };
        track.shift = Some(shift);
        MediaTime::from_nanos(nanos.saturating_add(shift.by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    /// Plays `seconds` of sound and pictures captured at the same moments through delays of their own; returns how far apart they end.
    fn skew(seconds: i64, reports_after: i64) -> i64 {
        let mut clock = Clock::default();
        let (audio, video) = (clock.add(48_000), clock.add(90_000));
        let (mut heard, mut seen) = (0, 0);
        for step in 0..seconds * 50 {
            let captured = step * 20 * MS;
            let wall = captured + 77_000 * MS;
            let report = |rate: i64, base: u64| {
                (captured >= reports_after * 1000 * MS).then_some(Report {
                    wall_nanos: wall,
                    rtp_time: base + (captured / 1000 * rate / 1_000_000) as u64,
                })
            };
            let jitter = (step * 7919 % 13) * MS;
            let rtp = 500_000 + (captured / 1000 * 48_000 / 1_000_000) as u64;
            let now = MediaTime::from_nanos(captured + 20 * MS + jitter);
            heard = clock.time(audio, rtp, report(48_000, 500_000), now).nanos() - captured;
            let rtp = 9_000 + (captured / 1000 * 90_000 / 1_000_000) as u64;
            let now = MediaTime::from_nanos(captured + 120 * MS + jitter);
            seen = clock.time(video, rtp, report(90_000, 9_000), now).nanos() - captured;
        }
        seen - heard
    }

    #[test]
    fn without_reports_each_track_has_its_own_delay() {
        assert!((skew(5, 1000) - 100 * MS).abs() < 2 * MS);
    }

    #[test]
    fn with_reports_sound_and_picture_share_a_clock() {
        assert!(skew(5, 0).abs() < 2 * MS);
    }

    #[test]
    fn a_late_report_moves_a_track_slowly() {
        let early = skew(6, 5);
        assert!(early > 90 * MS, "5 ms a second at most, got {early}");
        assert!(skew(40, 5).abs() < 3 * MS);
    }

    #[test]
    fn time_goes_on_with_the_timestamps_even_while_a_delay_is_unlearnt() {
        let mut clock = Clock::default();
        let track = clock.add(1000);
        let mut last = clock.time(track, 0, None, MediaTime::from_millis(500));
        for tick in 1..200u64 {
            // Each burst of twenty comes a second after the one before, with timestamps a millisecond apart.
            let now = MediaTime::from_millis(500 + (tick / 20) as i64 * 1000);
            let report = Some(Report { wall_nanos: (tick as i64 - 300) * MS, rtp_time: tick });
            let time = clock.time(track, tick, report, now);
            assert!(time > last, "at {tick}");
            last = time;
        }
    }

    #[test]
    fn layers_of_one_picture_agree_from_the_first_packet_on() {
        for reports in [false, true] {
            let mut clock = Clock::default();
            let low = clock.add(90_000);
            let high = clock.add_layer(low).expect("it is a track");
            for step in 0..300i64 {
                let captured = step * 33 * MS;
                let ticks = (captured / 1000 * 90 / 1000) as u64;
                let report =
                    |base: u64| reports.then_some(Report { wall_nanos: captured + 5000 * MS, rtp_time: base + ticks });
                // The large one takes longer, keyframes most of all.
                let late = if step % 100 == 0 { 90 } else { 4 };
                let at = |after: i64| MediaTime::from_nanos(captured + after * MS);
                let first = clock.time(low, 70_000 + ticks, report(70_000), at(20));
                let second = clock.time(high, 9_000_000 + ticks, report(9_000_000), at(20 + late));
                assert!(first.since(second).abs() < 5 * MS, "{reports} at {step}: {}", first.since(second));
            }
        }
    }

    #[test]
    fn timestamps_that_begin_anew_do_not_move_media_time() {
        let mut clock = Clock::default();
        let track = clock.add(1000);
        let before = clock.time(track, 900_000, None, MediaTime::from_millis(500));
        clock.restart(track);
        let after = clock.time(track, 10, None, MediaTime::from_millis(540));
        assert_eq!(after.since(before), 40 * MS);
    }

    #[test]
    fn wild_numbers_do_no_harm() {
        let mut clock = Clock::default();
        let track = clock.add(90_000);
        for rtp_time in [0, u64::MAX, 1, u64::MAX / 2] {
            let report = Some(Report { wall_nanos: i64::MIN, rtp_time: u64::MAX });
            clock.time(track, rtp_time, report, MediaTime::from_nanos(i64::MAX));
        }
        assert_eq!(clock.time(99, 0, None, MediaTime::from_millis(3)), MediaTime::from_millis(3));
    }
}
