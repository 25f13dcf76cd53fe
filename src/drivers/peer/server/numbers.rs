//! The numbers of packets as they are read from a ring: they run on, and each comes once.

use crate::model::time::MediaTime;

/// Numbers that are skipped when the sender begins a layer anew: readers see a loss, and it is small enough for the
/// rollover counters of those that it is forwarded to.
const SKIP: u64 = 32;

/// Makes the numbers of one layer run on whatever its sender does: another stream (SSRC) begins where the last one was.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Numbers {
    ssrc: u32,
    /// What the numbers and timestamps are moved by, wrapping.
    seq: u64,
    rtp_time: u64,
    /// Number, timestamp and media time of the newest packet.
    newest: Option<(u64, u64, MediaTime)>,
    /// The next packet is numbered as that of another stream.
    apart: bool,
}

impl Numbers {
    /// Whether this stream is another one than before.
    pub(super) fn is_new(&self, ssrc: u32) -> bool {
        self.newest.is_some() && self.ssrc != ssrc
    }

    /// What follows is apart from what came: packets between the two were not taken, however many.
    pub(super) fn part(&mut self) {
        self.apart = self.newest.is_some();
    }

    pub(super) fn place(&mut self, ssrc: u32, seq: u64, rtp_time: u64, time: MediaTime, rate: u32) -> (u64, u64) {
        if let Some((last, last_time, last_at)) = self.newest.filter(|_| self.ssrc != ssrc || self.apart) {
            let ticks = MediaTime::from_nanos(time.since(last_at).max(0)).ticks(rate).unsigned_abs().max(1);
            self.seq = (last + SKIP).wrapping_sub(seq);
            self.rtp_time = last_time.wrapping_add(ticks).wrapping_sub(rtp_time);
        }
        (self.ssrc, self.apart) = (ssrc, false);
        let placed = (seq.wrapping_add(self.seq), rtp_time.wrapping_add(self.rtp_time));
        if self.newest.is_none_or(|(last, ..)| placed.0 > last) {
            self.newest = Some((placed.0, placed.1, time));
        }
        placed
    }
}

/// The last 64 sequence numbers that came, or were made good by redundancy. Nothing is before the first.
#[derive(Debug, Default)]
pub(super) struct Window {
    highest: Option<u64>,
    had: u64,
}

impl Window {
    /// Marks this one; false if it was there already, or is too old to know.
    pub(super) fn take(&mut self, seq: u64) -> bool {
        let Some(highest) = self.highest.filter(|highest| seq <= *highest) else {
            self.had = match self.highest {
                Some(highest) => {
                    self.had.checked_shl(u32::try_from(seq - highest).unwrap_or(u32::MAX)).unwrap_or(0) | 1
                }
                None => u64::MAX,
            };
            self.highest = Some(seq);
            return true;
        };
        let bit = 1u64.checked_shl(u32::try_from(highest - seq).unwrap_or(u32::MAX)).unwrap_or(0);
        let fresh = bit != 0 && self.had & bit == 0;
        self.had |= bit;
        fresh
    }

    /// Whether this one can be told from what came: it is not before the first, nor far ahead.
    pub(super) fn is_near(&self, seq: u64) -> bool {
        self.highest.is_some_and(|highest| seq <= highest + 64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    #[test]
    fn another_stream_goes_on_where_the_last_one_was() {
        let mut numbers = Numbers::default();
        assert!(!numbers.is_new(1), "the first is as it is");
        assert_eq!(numbers.place(1, 70_000, 9_000, at(100), 90_000), (70_000, 9_000));
        assert_eq!(numbers.place(1, 70_001, 12_600, at(140), 90_000), (70_001, 12_600));
        assert!(numbers.is_new(2));
        assert_eq!(numbers.place(2, 5, 1 << 40, at(180), 90_000), (70_001 + SKIP, 16_200), "40 ms later");
        assert_eq!(numbers.place(2, 6, (1 << 40) + 3600, at(220), 90_000), (70_002 + SKIP, 19_800));
        assert_eq!(numbers.place(2, 4, (1 << 40) - 3600, at(140), 90_000), (70_000 + SKIP, 12_600), "a late one");
        assert_eq!(numbers.place(3, u64::MAX, 0, at(100), 90_000).0, 70_002 + 2 * SKIP, "whatever it begins with");
    }

    #[test]
    fn what_comes_after_packets_that_were_not_taken_is_a_small_step_ahead() {
        let mut numbers = Numbers::default();
        numbers.part();
        assert_eq!(numbers.place(1, 100, 9_000, at(100), 90_000), (100, 9_000), "there was nothing before");
        numbers.part();
        assert_eq!(numbers.place(1, 70_000, 909_000, at(10_100), 90_000), (100 + SKIP, 909_000));
        assert_eq!(numbers.place(1, 70_001, 912_600, at(10_140), 90_000), (101 + SKIP, 912_600));
    }

    #[test]
    fn each_number_is_taken_once() {
        let mut window = Window::default();
        assert!(!window.is_near(10), "nothing is near before the first");
        let taken: Vec<bool> = [10, 12, 11, 12, 10, 300, 299, 236, 11, 299].map(|seq| window.take(seq)).into();
        assert_eq!(taken, [true, true, true, false, false, true, true, false, false, false]);
        assert!(window.is_near(364) && !window.is_near(365));
        assert!(window.take(237), "the oldest that is remembered");
        let mut window = Window::default();
        assert_eq!([10, 9, 12, 11, 8].map(|seq| window.take(seq)), [true, false, true, true, false]);
    }
}
