//! Packets in a stream of bytes: each behind its length in two bytes (RFC 4571).

/// Longest packet that is taken, in bytes: as long as the longest datagram that is read.
pub const LONGEST: usize = 2048;
/// Bytes of a length.
pub const HEAD: usize = 2;
/// The first two bytes of a STUN binding request (RFC 8489 section 5).
const BINDING_REQUEST: [u8; 2] = [0, 1];
/// See RFC 8489 section 5.
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// The other side announces a packet longer than [`LONGEST`]; nothing after it can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a packet of {0} bytes is announced")]
pub struct TooLong(usize);

/// What stands before a packet of so many bytes; `None` if it is too long for any.
pub fn head(length: usize) -> Option<[u8; HEAD]> {
    u16::try_from(length).ok().map(u16::to_be_bytes)
}

/// Whether a connection that begins with this byte can be one of framed packets: a record of TLS begins with 20 to 26
/// (RFC 8446 section 5.1), a request of HTTP with a letter.
pub fn can_begin(first: u8) -> bool {
    usize::from(first) <= LONGEST >> 8
}

/// Whether a packet is a STUN binding request, as the first of every connection must be (RFC 6544 section 10).
pub fn is_binding_request(packet: &[u8]) -> bool {
    packet.len() >= 20 && packet[..2] == BINDING_REQUEST && packet[4..8] == MAGIC_COOKIE
}

/// Cuts the stream into packets. Its memory is what it was made with.
pub struct Deframer {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Default for Deframer {
    fn default() -> Self {
        Self { buffer: vec![0; 4 * (HEAD + LONGEST)].into(), start: 0, end: 0 }
    }
}

impl Deframer {
    /// Where the next bytes go; never empty once every packet that is there was taken.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// So many bytes were put into [`Deframer::room`].
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// The next whole packet, if it is there. Empty ones are passed over.
    ///
    /// # Errors
    /// [`TooLong`], from then on always.
    pub fn packet(&mut self) -> Result<Option<&[u8]>, TooLong> {
        loop {
            let [high, low, rest @ ..] = &self.buffer[self.start..self.end] else { return Ok(None) };
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if length > LONGEST {
                return Err(TooLong(length));
            }
            if rest.len() < length {
                return Ok(None);
            }
            let at = self.start + HEAD;
            self.start = at + length;
            if length > 0 {
                return Ok(Some(&self.buffer[at..at + length]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out when the stream arrives in pieces of this size.
    fn cut(stream: &[u8], piece: usize) -> (Vec<Vec<u8>>, Option<TooLong>) {
        let (mut deframer, mut packets) = (Deframer::default(), Vec::new());
        for piece in stream.chunks(piece) {
            deframer.room()[..piece.len()].copy_from_slice(piece);
            deframer.filled(piece.len());
            loop {
                match deframer.packet() {
                    Ok(Some(packet)) => packets.push(packet.to_vec()),
                    Ok(None) => break,
                    Err(error) => return (packets, Some(error)),
                }
            }
        }
        (packets, None)
    }

    #[test]
    fn packets_come_out_as_they_went_in_however_the_stream_is_cut() {
        let packets: Vec<Vec<u8>> =
            [1, 20, LONGEST, 300, 1, LONGEST, LONGEST].iter().zip(1u8..).map(|(&size, n)| vec![n; size]).collect();
        let mut stream = Vec::new();
        for packet in &packets {
            stream.extend(head(packet.len()).expect("it is short"));
            stream.extend(packet);
            stream.extend([0, 0]);
        }
        for piece in [1, 2, 3, 7, 1000, LONGEST, 2 * LONGEST] {
            assert_eq!(cut(&stream, piece), (packets.clone(), None), "pieces of {piece}");
        }
    }

    #[test]
    fn what_is_announced_too_long_ends_it() {
        let length = LONGEST + 1;
        let mut stream = vec![0, 1, 9];
        stream.extend(head(length).expect("it has two bytes"));
        assert_eq!(cut(&stream, 64), (vec![vec![9]], Some(TooLong(length))));
        assert_eq!(head(1 << 16), None);
    }

    #[test]
    fn neither_http_nor_tls_begins_like_a_packet() {
        for first in (b'A'..=b'z').chain(20..=26).chain([b'\r', b'\n']) {
            assert!(!can_begin(first), "{first}");
        }
        assert!(can_begin(0));
        assert!(can_begin(head(LONGEST).expect("it is short")[0]));
    }
}
