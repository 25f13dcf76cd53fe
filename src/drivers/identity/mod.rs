//! Secrets: drawing, hashing and comparing them, sealing those that have to be known again, and signing for a relay. The home of
//! aws-lc-rs.
//!
//! Does not know what a secret is for, and stores none but its own keys.

pub mod contract;
pub mod passkey;
pub mod seal;
pub mod turn;
pub mod wallet;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{constant_time, digest, rand};

const TOKEN_LENGTH: usize = 32;
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const TEXT_LENGTH: usize = 43;

/// Random bytes from the crypto provider.
///
/// # Panics
/// If the kernel has no randomness to give: nothing safe can be done without.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A random id: `random_id(RoomId::from_bytes)`.
pub fn random_id<T>(from_bytes: impl FnOnce([u8; 10]) -> T) -> T {
    from_bytes(random())
}

/// The SHA-256 of a text.
pub fn text_hash(text: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// What somebody is known by in one place: the same there every time, and nothing that says who they are elsewhere. The first ten bytes of
/// SHA-256 over both.
pub fn alias(place: &str, who: &str) -> [u8; 10] {
    let digest = digest::digest(&digest::SHA256, format!("{place}\0{who}").as_bytes());
    digest.as_ref()[..10].try_into().expect("SHA-256 gives 32 bytes")
}

/// The text was not 43 characters of unpadded base64url (RFC 4648 section 5) for 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token")]
pub struct InvalidToken;

/// A secret of 256 random bits. It prints as `Token(…)`; only [`Token::reveal`] gives the text.
#[derive(Clone)]
pub struct Token([u8; TOKEN_LENGTH]);

impl Token {
    /// Draws a new one.
    pub fn random() -> Self {
        Self(random())
    }

    /// The secret text, 43 characters of base64url, for a cookie or the fragment of a link and nothing else.
    pub fn reveal(&self) -> String {
        let mut text = String::with_capacity(TEXT_LENGTH);
        for chunk in self.0.chunks(3) {
            let mut word = [0; 4];
            word[1..=chunk.len()].copy_from_slice(chunk);
            let word = u32::from_be_bytes(word);
            for place in 0..=chunk.len() {
                text.push(BASE64URL[(word >> (18 - 6 * place) & 63) as usize].into());
            }
        }
        text
    }

    /// What may be stored of it.
    pub fn hash(&self) -> TokenHash {
        let digest = digest::digest(&digest::SHA256, &self.0);
        TokenHash(digest.as_ref().try_into().expect("SHA-256 gives 32 bytes"))
    }
}

impl FromStr for Token {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        if text.len() != TEXT_LENGTH {
            return Err(InvalidToken);
        }
        let mut bytes = [0; TOKEN_LENGTH];
        for (letters, out) in text.as_bytes().chunks(4).zip(bytes.chunks_mut(3)) {
            let mut word: u32 = 0;
            for (place, &letter) in letters.iter().enumerate() {
                let value = BASE64URL.iter().position(|&l| l == letter).ok_or(InvalidToken)? as u32;
                word |= value << (18 - 6 * place);
            }
            let word = word.to_be_bytes();
            out.copy_from_slice(&word[1..=out.len()]);
            if word[out.len() + 1..].iter().any(|&rest| rest != 0) {
                return Err(InvalidToken);
            }
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The SHA-256 of a [`Token`]. A token has 256 random bits, so that neither salt nor stretching adds anything.
/// Compared in constant time; it may also be a key in a map, since nobody can aim at a hash.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// A hash that was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for TokenHash {}

impl std::hash::Hash for TokenHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::RoomId;

    #[test]
    fn a_token_survives_being_written_and_read() {
        for _ in 0..100 {
            let token = Token::random();
            let text = token.reveal();
            assert_eq!(text.len(), 43);
            assert_eq!(text.parse::<Token>().expect("a token").hash(), token.hash());
        }
        assert_eq!(Token([0xff; 32]).reveal(), format!("{}8", "_".repeat(42)));
    }

    #[test]
    fn every_token_has_one_text_only() {
        let text = Token([0; 32]).reveal();
        assert_eq!(text, "A".repeat(43));
        for wrong in ["", "A", &"A".repeat(44), &format!("{}B", "A".repeat(42)), &format!("{}=", "A".repeat(42))] {
            assert!(wrong.parse::<Token>().is_err(), "{wrong}");
        }
        assert!(format!("ä{}", "A".repeat(41)).parse::<Token>().is_err());
    }

    #[test]
    fn a_token_is_never_printed() {
        let token = Token::random();
        let hash = token.hash();
        assert_eq!(format!("{token} {token:?} {hash:?}"), "Token(…) Token(…) TokenHash(…)");
    }

    #[test]
    fn the_hash_is_sha_256() {
        let known = [0x66, 0x68, 0x7a, 0xad, 0xf8, 0x62, 0xbd, 0x77];
        assert_eq!(Token([0; 32]).hash().bytes()[..8], known);
    }

    #[test]
    fn somebody_has_one_alias_in_a_place_and_another_elsewhere() {
        assert_eq!(alias("attic", "ada"), alias("attic", "ada"));
        assert_ne!(alias("attic", "ada"), alias("cellar", "ada"));
        assert_ne!(alias("attic", "ada"), alias("attic", "bob"));
    }

    #[test]
    fn two_random_ids_differ() {
        assert_ne!(random_id(RoomId::from_bytes), random_id(RoomId::from_bytes));
    }
}
