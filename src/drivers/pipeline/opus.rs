//! The framing of Opus packets (RFC 6716 section 3): how long a packet is in time, and whether a decoder can read it.
//!
//! The decoder element loses count of time after a packet that it can't read, so such packets never reach it.

use std::time::Duration;

/// Bytes of one frame at most.
const FRAME: usize = 1275;
/// Time in one packet at most.
const LONGEST: Duration = Duration::from_millis(120);

/// Duration of one frame by the configuration number (RFC 6716 table 2).
const fn frame_duration(toc: u8) -> Duration {
    let configuration = toc >> 3;
    Duration::from_micros(match configuration {
        0..=11 => [10_000, 20_000, 40_000, 60_000][configuration as usize % 4],
        12..=15 => [10_000, 20_000][configuration as usize % 2],
        _ => [2_500, 5_000, 10_000, 20_000][configuration as usize % 4],
    })
}

/// Takes the length of a frame off the front (RFC 6716 section 3.2.1).
fn length(data: &mut &[u8]) -> Option<usize> {
    let (&first, rest) = data.split_first()?;
    *data = rest;
    if first < 252 {
        return Some(usize::from(first));
    }
    let (&second, rest) = data.split_first()?;
    *data = rest;
    Some(usize::from(second) * 4 + usize::from(first))
}

/// How long the sound in a packet is, or `None` when the packet is malformed (RFC 6716 section 3.4).
pub fn duration(packet: &[u8]) -> Option<Duration> {
    let (&toc, mut data) = packet.split_first()?;
    let frames = match toc & 3 {
        0 => (data.len() <= FRAME).then_some(1)?,
        1 => (data.len().is_multiple_of(2) && data.len() / 2 <= FRAME).then_some(2)?,
        2 => {
            let first = length(&mut data)?;
            data.len().checked_sub(first).filter(|&second| second <= FRAME).map(|_| 2)?
        }
        _ => many(data, frame_duration(toc))?,
    };
    Some(frame_duration(toc) * frames)
}

/// The number of frames of a packet that says it itself (RFC 6716 section 3.2.5).
fn many(mut data: &[u8], each: Duration) -> Option<u32> {
    let (&head, rest) = data.split_first()?;
    data = rest;
    let frames = usize::from(head & 0x3f);
    if frames == 0 || each * frames as u32 > LONGEST {
        return None;
    }
    if head & 0x40 != 0 {
        let mut padding = 0;
        loop {
            let (&more, rest) = data.split_first()?;
            data = rest;
            padding += usize::from(more.min(254));
            if more < 255 {
                break;
            }
        }
        data = data.get(..data.len().checked_sub(padding)?)?;
    }
    if head & 0x80 != 0 {
        let mut sized = 0;
        for _ in 1..frames {
            sized += length(&mut data)?;
        }
        data.len().checked_sub(sized).filter(|&last| last <= FRAME)?;
    } else if !data.len().is_multiple_of(frames) || data.len() / frames > FRAME {
        return None;
    }
    Some(frames as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(packet: &[u8]) -> Option<f64> {
        duration(packet).map(|d| d.as_secs_f64() * 1000.0)
    }

    #[test]
    fn a_packet_tells_its_duration() {
        assert_eq!(millis(&[31 << 3]), Some(20.0), "a silent frame");
        assert_eq!(millis(&[16 << 3, 1, 2]), Some(2.5));
        assert_eq!(millis(&[(1 << 3) | 1, 1, 2]), Some(40.0));
        assert_eq!(millis(&[(31 << 3) | 2, 1, 9, 9, 9]), Some(40.0));
        assert_eq!(millis(&[(31 << 3) | 3, 6, 0, 0, 0, 0, 0, 0]), Some(120.0));
        assert_eq!(millis(&[(31 << 3) | 3, 0xc2, 2, 1, 7, 8, 9, 0, 0]), Some(40.0), "padding and two sizes");
    }

    #[test]
    fn malformed_packets_are_told() {
        let long = [0; 1 + FRAME + 1];
        let malformed: [&[u8]; 9] = [
            &[],
            &long,
            &[(31 << 3) | 1, 1],
            &[(31 << 3) | 2],
            &[(31 << 3) | 2, 5, 1],
            &[(31 << 3) | 2, 252],
            &[(31 << 3) | 3, 0],
            &[(31 << 3) | 3, 7, 0, 0, 0, 0, 0, 0, 0],
            &[(31 << 3) | 3, 0x41, 255, 255],
        ];
        for packet in malformed {
            assert_eq!(millis(packet), None, "{packet:?}");
        }
    }
}
