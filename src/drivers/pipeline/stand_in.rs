//! What the box shows and says when it has no camera and no microphone: a moving pattern with a clock, and at each whole
//! second of media time a white flash and a beep together, so that sync can be seen, heard and measured.
//!
//! Drawing is pure; the two `pace_` functions run it in real time on a thread that ends with its pipeline.

use std::time::Instant;

use bytes::Bytes;
use gstreamer_app as app;

use super::buffers;
use crate::model::time::{MediaTime, Timeline};

const SECOND: i64 = 1_000_000_000;
/// Flash and beep last this long, from each whole second of media time on.
pub const MARK: i64 = SECOND / 10;
/// The beep, in hertz.
pub const PITCH: u32 = 1000;
/// Samples of one block of sound: 20 ms.
pub const BLOCK: usize = 960;
const RATE: i64 = 48_000;
const WHITE: u8 = 235;
/// The bars behind everything, as Y, Cb, Cr: dusk blue-greys, dark enough that the flash stands out.
const BARS: [[u8; 3]; 6] =
    [[70, 140, 120], [84, 146, 116], [60, 136, 124], [96, 150, 112], [76, 134, 130], [54, 142, 122]];

/// The moving block: the calm blue of the pages.
const BLOCK_COLOUR: [u8; 3] = [150, 158, 100];

/// Whether flash and beep are on at a media time.
pub const fn marked(time: MediaTime) -> bool {
    time.nanos().rem_euclid(SECOND) < MARK
}

/// Draws the pictures of a stand-in camera.
#[derive(Debug)]
pub struct Painter {
    width: usize,
    height: usize,
    ground: Vec<u8>,
}

impl Painter {
    /// For pictures of one size; both sides even.
    pub fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        let mut ground = Vec::with_capacity(width * height * 3 / 2);
        for (plane, part) in [(0, 1), (1, 2), (2, 2)] {
            let (columns, rows) = (width / part, height / part);
            let row: Vec<u8> = (0..columns).map(|x| BARS[x * BARS.len() / columns][plane]).collect();
            for _ in 0..rows {
                ground.extend_from_slice(&row);
            }
        }
        Self { width, height, ground }
    }

    /// The picture of a media time, as tightly packed I420, with a clock of `wall` seconds since midnight.
    pub fn paint(&self, time: MediaTime, wall: u32) -> Vec<u8> {
        let mut picture = self.ground.clone();
        let (w, h) = (self.width, self.height);
        let unit = (h / 36).max(2);
        // A block that crosses the picture every four seconds.
        let (block_width, block_height) = ((w / 12).max(4), (h / 12).max(2));
        let travel = (w - block_width) as i64 * time.nanos().rem_euclid(4 * SECOND) / (4 * SECOND);
        self.fill(&mut picture, [travel as usize, h * 3 / 4, block_width, block_height], BLOCK_COLOUR);
        let clock = [wall / 36_000 % 10, wall / 3600 % 10, wall / 600 % 6, wall / 60 % 10, wall / 10 % 6, wall % 10];
        let mut left = w.saturating_sub(unit * 38) / 2;
        for (place, digit) in clock.into_iter().enumerate() {
            if place == 2 || place == 4 {
                self.fill(&mut picture, [left, h * 5 / 8 - 2 * unit, unit, unit], [WHITE, 128, 128]);
                self.fill(&mut picture, [left, h * 5 / 8 + unit, unit, unit], [WHITE, 128, 128]);
                left += 2 * unit;
            }
            self.digit(&mut picture, digit, left, h * 5 / 8 - 4 * unit, unit);
            left += 6 * unit;
        }
        if marked(time) {
            self.fill(&mut picture, [w / 4, h / 5, w / 2, h / 4], [WHITE, 128, 128]);
        }
        picture
    }

    /// A digit of seven segments, four units wide and eight high.
    fn digit(&self, picture: &mut [u8], digit: u32, x: usize, y: usize, unit: usize) {
        // Top, upper left, upper right, middle, lower left, lower right, bottom.
        const LIT: [u8; 10] = [
            0b1110111, 0b0010010, 0b1011101, 0b1011011, 0b0111010, 0b1101011, 0b1101111, 0b1010010, 0b1111111,
            0b1111011,
        ];
        let segments =
            [[0, 0, 4, 1], [0, 0, 1, 4], [3, 0, 1, 4], [0, 3, 4, 1], [0, 4, 1, 4], [3, 4, 1, 4], [0, 7, 4, 1]];
        for (n, [dx, dy, w, h]) in segments.into_iter().enumerate() {
            if LIT[digit as usize % 10] >> (6 - n) & 1 == 1 {
                let at = [x + dx * unit, y + dy * unit, w * unit, h * unit];
                self.fill(picture, at, [WHITE, 128, 128]);
            }
        }
    }

    /// Fills `[x, y, width, height]`, cut at the edges and rounded to even pixels.
    fn fill(&self, picture: &mut [u8], [x, y, width, height]: [usize; 4], colour: [u8; 3]) {
        let luma = self.width * self.height;
        for (plane, part, start) in [(0, 1, 0), (1, 2, luma), (2, 2, luma + luma / 4)] {
            let (columns, rows) = (self.width / part, self.height / part);
            let from = (x & !1) / part;
            let to = (((x + width) & !1) / part).min(columns);
            for row in (y & !1) / part..(((y + height) & !1) / part).min(rows) {
                if let Some(line) = picture.get_mut(start + row * columns + from..start + row * columns + to) {
                    line.fill(colour[plane]);
                }
            }
        }
    }
}

/// The sound of a stand-in microphone: mono, 48 kHz, `BLOCK` samples from sample number `first` of media time on.
pub fn sound(first: i64) -> Vec<i16> {
    (first..first + BLOCK as i64)
        .map(|n| {
            let seconds = n.rem_euclid(RATE) as f32 / RATE as f32;
            let tone = |pitch: f32| (seconds * pitch * std::f32::consts::TAU).sin();
            let beep = if marked(MediaTime::from_ticks(n, 48_000)) { tone(PITCH as f32) * 9000.0 } else { 0.0 };
            (beep + tone(110.0) * 60.0) as i16
        })
        .collect()
}

fn wait_until(timeline: &Timeline, time: MediaTime) {
    std::thread::sleep(timeline.instant(time).saturating_duration_since(Instant::now()));
}

/// Seconds since local midnight.
fn wall_seconds(timeline: &Timeline, zone: &jiff::tz::TimeZone, time: MediaTime) -> u32 {
    let moment = jiff::Timestamp::from_nanosecond(timeline.unix_nanos(time)).unwrap_or_default();
    let local = zone.to_datetime(moment).time();
    (i32::from(local.hour()) * 3600 + i32::from(local.minute()) * 60 + i32::from(local.second())).unsigned_abs()
}

fn on_a_thread(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        tracing::warn!(%error, "a stand-in has no thread");
    }
}

/// Feeds pictures at the pace of the clock, each at a multiple of the picture's duration, until the pipeline ends.
pub fn pace_pictures(source: app::AppSrc, timeline: Timeline, width: u32, height: u32, fps: u32) {
    on_a_thread("stand-in-video", move || {
        let painter = Painter::new(width, height);
        let zone = jiff::tz::TimeZone::system();
        let mut next = timeline.media(Instant::now()).ticks(fps) + 1;
        loop {
            let time = MediaTime::from_ticks(next, fps);
            wait_until(&timeline, time);
            let data = Bytes::from(painter.paint(time, wall_seconds(&timeline, &zone, time)));
            let Some(buffer) = buffers::from_picture(data, width, height, time) else { return };
            if source.push_buffer(buffer).is_err() {
                return;
            }
            // After a stall the pictures in between are left out.
            next = (next + 1).max(timeline.media(Instant::now()).ticks(fps) - 1);
        }
    });
}

/// Feeds sound at the pace of the clock, until the pipeline ends.
pub fn pace_sound(source: app::AppSrc, timeline: Timeline) {
    on_a_thread("stand-in-sound", move || {
        let block = BLOCK as i64;
        let now = |timeline: &Timeline| timeline.media(Instant::now()).ticks(48_000).div_euclid(block);
        let mut next = now(&timeline) + 1;
        loop {
            // A block can be captured only when its last sample is.
            wait_until(&timeline, MediaTime::from_ticks((next + 1) * block, 48_000));
            let samples = sound(next * block);
            let buffer = buffers::from_samples(&samples, 1, MediaTime::from_ticks(next * block, 48_000));
            if source.push_buffer(buffer).is_err() {
                return;
            }
            // After a stall of more than a second what was missed is left out.
            next = (next + 1).max(now(&timeline) - RATE / block);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flash_and_beep_begin_together_at_each_whole_second() {
        for (millis, on) in
            [(-1, false), (0, true), (99, true), (100, false), (999, false), (1000, true), (-1000, true)]
        {
            assert_eq!(marked(MediaTime::from_millis(millis)), on, "{millis}");
        }
        let loud = |first| sound(first).iter().any(|s| s.unsigned_abs() > 4000);
        assert!(loud(48_000) && loud(52_799 - BLOCK as i64) && !loud(48_000 - BLOCK as i64) && !loud(52_800));
    }

    #[test]
    fn the_picture_has_its_size_moves_and_flashes() {
        for (width, height) in [(320, 180), (640, 360), (18, 16), (426, 240)] {
            let painter = Painter::new(width, height);
            let still = painter.paint(MediaTime::from_millis(500), 45_296);
            assert_eq!(still.len(), (width * height * 3 / 2) as usize);
            assert_ne!(still, painter.paint(MediaTime::from_millis(1500), 45_296), "it moves");
            if width > 100 {
                assert_ne!(still, painter.paint(MediaTime::from_millis(500), 45_297), "the clock goes");
            }
            let mean =
                |p: &[u8]| p[..(width * height) as usize].iter().map(|&y| u32::from(y)).sum::<u32>() / (width * height);
            assert!(mean(&painter.paint(MediaTime::from_millis(1000), 0)) > mean(&still) + 10, "it flashes");
        }
    }
}
