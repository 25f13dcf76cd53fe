//! Secrets that the box has to know again, such as the key for another service: sealed by a key of the box's own
//! (AES-256-GCM, NIST SP 800-38D) before they are stored.
//!
//! The key is a private file in the state folder, or a credential that the service manager hands over (systemd.exec(5), Credentials),
//! which may have it from a TPM. Whoever has the database without it, in a copy or a backup, has nothing; whoever
//! reads the whole folder as the box does, has both.

use std::io;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use serde::{Deserialize, Serialize};

use super::random;
use crate::drivers::store::private;
use crate::model::secret::Secret;

/// Name of the key's file in the state folder.
const FILE: &str = "seal.key";
/// Name of the credential that counts instead of the file.
const CREDENTIAL: &str = "porchlight.seal-key";
/// Bytes of the key.
const KEY: usize = 32;

/// What can be stored of a secret: nonce, ciphertext and tag in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(String);

/// It was sealed by another key, or about something else, or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this was not sealed here")]
pub struct Broken;

/// Seals and opens.
#[derive(Debug)]
pub struct Seal(RandomizedNonceKey);

impl Seal {
    /// Reads the key among the credentials, if there are some (`$CREDENTIALS_DIRECTORY`) and it is there; else the one in the state
    /// folder, or makes it. Blocks.
    ///
    /// # Errors
    /// What the system says, and when the file is no key: it is left as it is.
    pub fn load(folder: &Path, credentials: Option<&Path>) -> io::Result<Self> {
        let handed = match credentials {
            Some(credentials) => private::read(&credentials.join(CREDENTIAL))?,
            None => None,
        };
        let name = if handed.is_some() { CREDENTIAL } else { FILE };
        let path = folder.join(FILE);
        let bytes = match handed {
            Some(bytes) => Some(bytes),
            None => private::read(&path)?,
        };
        let bytes = match bytes {
            Some(bytes) => bytes,
            None => {
                let bytes = random::<KEY>().to_vec();
                private::write(&path, &bytes)?;
                bytes
            }
        };
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes);
        key.map(Self)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("{name} is no key of {KEY} bytes")))
    }

    /// Seals a secret. `about` says what it is for: it is not hidden, and the secret opens for nothing else.
    ///
    /// # Panics
    /// If the kernel has no randomness to give: nothing safe can be done without.
    pub fn seal(&self, secret: &Secret, about: &str) -> Sealed {
        let mut bytes = secret.reveal().as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(about.as_bytes()), &mut bytes);
        let nonce = nonce.expect("the kernel gives random bytes, and a secret is short");
        let all = nonce.as_ref().iter().chain(&bytes);
        Sealed(all.map(|byte| format!("{byte:02x}")).collect())
    }

    /// Opens what was sealed about the same.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn open(&self, sealed: &Sealed, about: &str) -> Result<Secret, Broken> {
        let digits = sealed.0.as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = digits.map(byte).collect::<Option<_>>().ok_or(Broken)?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).ok_or(Broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Broken)?;
        let mut rest = rest.to_vec();
        let text = self.0.open_in_place(nonce, Aad::from(about.as_bytes()), &mut rest).map_err(|_| Broken)?;
        String::from_utf8(text.to_vec()).map(Secret::new).map_err(|_| Broken)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_was_sealed_opens_with_the_same_key_about_the_same_and_in_no_other_way() {
        let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let seal = Seal::load(folder.path(), None).expect("a key is made");
        let secret = Secret::new("live_1234 ä");
        let sealed = seal.seal(&secret, "push one");
        assert!(!sealed.0.contains("live"));
        assert_ne!(sealed, seal.seal(&secret, "push one"), "nobody sees that two are alike");
        let again = Seal::load(folder.path(), None).expect("the same key");
        assert_eq!(again.open(&sealed, "push one"), Ok(secret.clone()));
        assert_eq!(again.open(&sealed, "push two"), Err(Broken));
        assert_eq!(Seal::load(other.path(), None).expect("another key").open(&sealed, "push one"), Err(Broken));
        let (first, rest) = sealed.0.split_at(1);
        let changed = format!("{}{rest}", if first == "0" { "1" } else { "0" });
        for wrong in [changed.as_str(), "", "0", "zz", &"00".repeat(12), &"00".repeat(40), "ä"] {
            assert_eq!(again.open(&Sealed(wrong.to_owned()), "push one"), Err(Broken), "{wrong}");
        }
    }

    #[test]
    fn a_key_that_the_service_manager_hands_over_counts_and_none_is_made() {
        let (folder, credentials) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let secret = Secret::new("live_1234");
        fs::write(credentials.path().join(CREDENTIAL), [7; KEY]).expect("it is written");
        let seal = Seal::load(folder.path(), Some(credentials.path())).expect("a key is handed over");
        assert!(!folder.path().join(FILE).exists(), "none is made");
        let sealed = seal.seal(&secret, "push one");
        fs::write(folder.path().join(FILE), [8; KEY]).expect("it is written");
        let again = Seal::load(folder.path(), Some(credentials.path())).expect("the same key");
        assert_eq!(again.open(&sealed, "push one"), Ok(secret), "the file does not count");
        let own = Seal::load(folder.path(), None).expect("the key of the file");
        assert_eq!(own.open(&sealed, "push one"), Err(Broken));

        fs::write(credentials.path().join(CREDENTIAL), "short").expect("it is written");
        let error = Seal::load(folder.path(), Some(credentials.path())).expect_err("it is no key");
        assert!(error.to_string().starts_with(CREDENTIAL), "{error}");
        fs::remove_file(credentials.path().join(CREDENTIAL)).expect("it is removed");
        let other =
            Seal::load(folder.path(), Some(credentials.path())).expect("others may be handed over, and not this one");
        assert_eq!(other.open(&own.seal(&Secret::new("x"), "y"), "y"), Ok(Secret::new("x")), "the file counts");
    }

    #[test]
    fn the_key_is_for_the_box_alone_and_one_that_is_none_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        Seal::load(folder.path(), None).expect("a key is made");
        let path = folder.path().join(FILE);
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        fs::write(&path, "short").expect("it is written");
        assert_eq!(Seal::load(folder.path(), None).expect_err("it is no key").kind(), io::ErrorKind::InvalidData);
        assert_eq!(fs::read(&path).expect("it is there"), b"short");
    }
}
