//! Redundant sound: each packet carries the one before it as well (RFC 2198), so that a single loss is none.

use std::sync::Arc;

/// Largest distance in time that a block can say, in ticks: 14 bits.
const FURTHEST: u64 = (1 << 14) - 1;
/// Largest block that can be said, in bytes: 10 bits.
const LARGEST: usize = (1 << 10) - 1;
/// Blocks of one packet that are looked at. Browsers send one or two.
const BLOCKS: usize = 4;

/// What one redundant packet has in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Red<'a> {
    /// Earlier payloads, the newest first, each with how many ticks before the packet's own timestamp it belongs.
    pub earlier: Vec<(u64, &'a [u8])>,
    /// The payload of the packet itself.
    pub primary: &'a [u8],
}

/// Reads a redundant payload whose blocks are all of one payload type; blocks of another one are left out. `None` if it is
/// not well formed, or its main block is of another type.
pub fn read(payload: &[u8], number: u8) -> Option<Red<'_>> {
    // (type, ticks, length) of each block but the last.
    let mut heads = [(0u8, 0u64, 0usize); BLOCKS];
    let (mut count, mut at) = (0, 0);
    let main = loop {
        let first = *payload.get(at)?;
        if first & 0x80 == 0 {
            at += 1;
            break first;
        }
        let head: &[u8; 4] = payload.get(at..)?.first_chunk()?;
        let word = u32::from_be_bytes(*head);
        *heads.get_mut(count)? = (first & 0x7f, u64::from((word >> 10) & 0x3fff), (word & 0x3ff) as usize);
        (count, at) = (count + 1, at + 4);
    };
    if main != number {
        return None;
    }
    let mut earlier = Vec::with_capacity(count);
    for &(kind, ticks, length) in heads.get(..count)? {
        let block = payload.get(at..at + length)?;
        at += length;
        if kind == number && ticks > 0 && length > 0 {
            earlier.push((ticks, block));
        }
    }
    earlier.reverse();
    Some(Red { earlier, primary: &payload[at..] })
}

/// The payload with the one before it, which belongs `ticks` earlier; both are of payload type `number`. An earlier one that
/// is too far away or too large is left out.
pub fn write(number: u8, earlier: Option<(u64, &[u8])>, primary: &[u8]) -> Arc<[u8]> {
    let fits = |(ticks, block): &(u64, &[u8])| (1..=FURTHEST).contains(ticks) && (1..=LARGEST).contains(&block.len());
    let number = number & 0x7f;
    match earlier.filter(fits) {
        Some((ticks, block)) => {
            let head = (u32::from(0x80 | number) << 24) | ((ticks as u32) << 10) | block.len() as u32;
            [&head.to_be_bytes()[..], &[number], block, primary].concat().into()
        }
        None => [&[number][..], primary].concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let both = write(111, Some((960, b"before")), b"now");
        assert_eq!(read(&both, 111), Some(Red { earlier: vec![(960, &b"before"[..])], primary: b"now" }));
        for earlier in [None, Some((FURTHEST + 1, &b"far"[..])), Some((0, b"same")), Some((960, &[0; 1024]))] {
            let alone = write(111, earlier, b"now");
            assert_eq!(read(&alone, 111), Some(Red { earlier: Vec::new(), primary: b"now" }));
        }
    }

    #[test]
    fn two_blocks_are_the_newest_first_and_other_types_are_left_out() {
        let head = |number: u8, ticks: u32, length: u32| {
            ((u32::from(0x80 | number) << 24) | (ticks << 10) | length).to_be_bytes()
        };
        let payload =
            [&head(111, 1920, 2)[..], &head(13, 1000, 1), &head(111, 960, 3), &[111], b"aaxbbb", b"rest"].concat();
        let red = read(&payload, 111).expect("it is well formed");
        assert_eq!(red, Red { earlier: vec![(960, &b"bbb"[..]), (1920, b"aa")], primary: b"rest" });
        assert_eq!(read(&payload, 110), None);
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        let whole = write(111, Some((960, &[7; 40])), &[9; 40]);
        for length in 0..45 {
            assert_eq!(read(&whole[..length], 111), None, "{length}");
        }
        assert_eq!(read(&[0xef; 400], 111), None);
    }
}
