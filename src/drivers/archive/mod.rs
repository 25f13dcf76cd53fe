//! Files that people carry away: a tar inside gzip, and the `age` format around it. The home of tar, flate2, scrypt, bech32 and base64.
//!
//! The format is that of the program `age` (<https://c2sp.org/age>, version 1), made with the one crypto provider; decision 0011 says why.
//! Whoever has the passphrase, or the key, opens such a file with `age --decrypt` and `tar` as well, without any Porchlight.
//!
//! Does not know what is in the files, nor where they lie.

mod age;
mod pack;
mod stream;

pub use age::{Key, Keyring, open, seal};
pub use pack::{Entry, Packer, unpack};
pub use stream::{Opening, Sealing};

/// Why a file can't be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no file of this format.
    #[error("it is not encrypted by age, so that it is no backup")]
    NotOurs,
    /// A passphrase was given, and the file is for keys, or the other way round.
    #[error("{0}")]
    OtherKind(&'static str),
    /// The passphrase or the key does not open it.
    #[error("the passphrase or the key is wrong")]
    WrongKey,
    /// Its header was changed, or cut off.
    #[error("it is damaged, or cut off")]
    Damaged,
    /// It asks for so much work that it was made to keep the box busy.
    #[error("its passphrase would take too long to try (a work factor of {0}; at most 20 is taken)")]
    TooSlow(u8),
    /// This is no key of age.
    #[error("this is no {0}")]
    NoKey(&'static str),
    /// The system says so.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
