//! The payload of the `age` format: chunks of 64 KiB, each with its number and whether it is the last one, so that none can be changed,
//! left out, put elsewhere or cut off. <https://c2sp.org/age>, "Payload".

use std::io::{self, BufRead, Read, Write};

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

/// Number of the chunk in eleven bytes, and whether it is the last one in the twelfth.
fn nonce(number: u64, last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = last.into();
    Nonce::assume_unique_for_key(bytes)
}

fn key(bytes: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, bytes).expect("the key has its length"))
}

/// Seals what is written to it. Without [`Sealing::finish`] the file is one that was cut off.
pub struct Sealing<W> {
    to: W,
    key: LessSafeKey,
    number: u64,
    chunk: Vec<u8>,
}

impl<W: Write> Sealing<W> {
    pub(super) fn new(to: W, bytes: &[u8; 32]) -> Self {
        Self { to, key: key(bytes), number: 0, chunk: Vec::with_capacity(CHUNK + TAG) }
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let sealed = self.key.seal_in_place_append_tag(nonce(self.number, last), Aad::empty(), &mut self.chunk);
        sealed.map_err(|_| io::Error::other("a chunk can't be encrypted"))?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }

    /// Writes the last chunk, and gives what was written to.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.to.flush()?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Only what comes behind a full chunk says that it is not the last one.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens what is read through it. Nothing is given that was not found to be whole.
pub struct Opening<R> {
    from: R,
    key: LessSafeKey,
    number: u64,
    chunk: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: BufRead> Opening<R> {
    pub(super) fn new(from: R, bytes: &[u8; 32]) -> Self {
        Self { from, key: key(bytes), number: 0, chunk: Vec::new(), given: 0, ended: false }
    }

    fn next(&mut self) -> io::Result<()> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the file is damaged, or cut off");
        self.chunk.clear();
        self.given = 0;
        (&mut self.from).take((CHUNK + TAG) as u64).read_to_end(&mut self.chunk)?;
        let last = self.from.fill_buf()?.is_empty();
        let opened = self.key.open_in_place(nonce(self.number, last), Aad::empty(), &mut self.chunk);
        let length = opened.map_err(|_| damaged())?.len();
        // Only a file without anything in it ends with a chunk without anything in it.
        if length == 0 && self.number > 0 {
            return Err(damaged());
        }
        self.chunk.truncate(length);
        self.number += 1;
        self.ended = last;
        Ok(())
    }
}

impl<R: BufRead> Read for Opening<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.given == self.chunk.len() && !self.ended {
            self.next()?;
        }
        let count = to.len().min(self.chunk.len() - self.given);
        to[..count].copy_from_slice(&self.chunk[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(text: &[u8]) -> Vec<u8> {
        let mut sealing = Sealing::new(Vec::new(), &[5; 32]);
        sealing.write_all(text).expect("it writes");
        sealing.finish().expect("it ends")
    }

    fn opened(file: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Opening::new(file, &[5; 32]).read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn texts_of_every_length_about_a_chunk_come_back() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7] {
            let text: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let file = sealed(&text);
            assert_eq!(file.len(), length + TAG * length.div_ceil(CHUNK).max(1), "{length}");
            assert!(opened(&file).expect("it opens") == text, "{length}");
        }
    }

    #[test]
    fn chunks_that_are_missing_or_elsewhere_are_noticed() {
        let file = sealed(&vec![7; 3 * CHUNK]);
        let whole = CHUNK + TAG;
        let (first, rest) = file.split_at(whole);
        let (second, third) = rest.split_at(whole);
        assert!(opened(&[first, second, third].concat()).is_ok());
        let wrong: [&[&[u8]]; 6] =
            [&[first, second], &[first], &[], &[first, third], &[second, first, third], &[first, second, third, third]];
        for chunks in wrong {
            assert!(opened(&chunks.concat()).is_err(), "{} chunks", chunks.len());
        }
    }
}
