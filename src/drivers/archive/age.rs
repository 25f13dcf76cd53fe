//! The header of the `age` format: for whom the file is, and the key of what follows. <https://c2sp.org/age>, "File key" to "The X25519
//! recipient type" and "The scrypt recipient type".

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::str::FromStr;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::{hkdf, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};

use super::Error;
use super::stream::{Opening, Sealing};
use crate::model::secret::Secret;

const VERSION: &str = "age-encryption.org/v1";
/// Work of a passphrase, as the power of two: 128 MiB and about a second of a small board.
const WORK: u8 = 17;
/// Most that is taken of somebody else's file: a gibibyte.
const MOST_WORK: u8 = 20;
/// Longest header that is read, in bytes, and most recipients in it.
const LONGEST: u64 = 64 << 10;
const RECIPIENTS: usize = 32;
/// A stanza's body for one file key: the key and a tag.
const BODY: usize = 32;

type FileKey = [u8; 16];

/// For whom a file is made.
#[derive(Clone)]
pub enum Key {
    /// Whoever knows the passphrase.
    Passphrase(Secret),
    /// Whoever has the identity of this recipient, `age1…`.
    Recipient([u8; 32]),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Key::Passphrase(…)",
            Self::Recipient(_) => "Key::Recipient(…)",
        })
    }
}

impl FromStr for Key {
    type Err = Error;
    /// Reads a recipient as `age-keygen` prints it.
    fn from_str(text: &str) -> Result<Self, Error> {
        bytes_of(text.trim(), "age").map(Self::Recipient).ok_or(Error::NoKey("recipient of age (age1…)"))
    }
}

/// What opens a file.
#[derive(Clone)]
pub enum Keyring {
    /// A passphrase.
    Passphrase(Secret),
    /// Identities, each a private key.
    Identities(Vec<[u8; 32]>),
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}

impl Keyring {
    /// Reads a file of identities as `age-keygen` writes it: one `AGE-SECRET-KEY-1…` on a line, and comments.
    ///
    /// # Errors
    /// [`Error::NoKey`] when there is none in it, or something else.
    pub fn of_identities(text: &str) -> Result<Self, Error> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Option<Vec<_>> = lines.take(RECIPIENTS).map(|line| bytes_of(line, "age-secret-key-")).collect();
        keys.filter(|keys| !keys.is_empty()).map(Self::Identities).ok_or(Error::NoKey("file of identities of age"))
    }
}

/// The 32 bytes of a Bech32 text with this beginning.
fn bytes_of(text: &str, begin: &str) -> Option<[u8; 32]> {
    let text = CheckedHrpstring::new::<Bech32>(text).ok()?;
    let hrp = Hrp::parse(begin).ok()?;
    let bytes: Vec<u8> = text.byte_iter().collect();
    (text.hrp() == hrp).then(|| bytes.try_into().ok())?
}

/// Begins a file that only `key` opens; what is written to what it gives is sealed. Blocks: a passphrase takes about a second.
///
/// # Errors
/// What the system says.
///
/// # Panics
/// If the kernel has no randomness to give: nothing safe can be done without.
pub fn seal<W: Write>(mut to: W, key: &Key) -> Result<Sealing<W>, Error> {
    let file_key: FileKey = random();
    let (arguments, body) = match key {
        Key::Passphrase(passphrase) => {
            let salt: [u8; 16] = random();
            let wrap = stretch(passphrase, &salt, WORK)?;
            (format!("scrypt {} {WORK}", BASE64.encode(salt)), wrapped(&wrap, &file_key))
        }
        Key::Recipient(recipient) => {
            let mine = PrivateKey::generate(&X25519).map_err(|_| io::Error::other("no key can be drawn"))?;
            let share = public(&mine)?;
            let wrap = shared(&mine, recipient, &share, recipient).ok_or(Error::NoKey("recipient of age (age1…)"))?;
            (format!("X25519 {}", BASE64.encode(share)), wrapped(&wrap, &file_key))
        }
    };
    let header = format!("{VERSION}\n-> {arguments}\n{}\n---", BASE64.encode(body));
    let mac = hmac::sign(&mac_key(&file_key), header.as_bytes());
    writeln!(to, "{header} {}", BASE64.encode(mac.as_ref()))?;
    let nonce: [u8; 16] = random();
    to.write_all(&nonce)?;
    Ok(Sealing::new(to, &derived(&nonce, &file_key, b"payload")))
}

/// Reads the header of a file; what it gives reads what is sealed in it. Blocks: a passphrase takes about a second.
///
/// # Errors
/// All of [`Error`] but [`Error::NoKey`]. What is damaged behind the header is an error of the reader.
pub fn open<R: BufRead>(mut from: R, keys: &Keyring) -> Result<Opening<R>, Error> {
    let header = Header::read(&mut from)?;
    let file_key = header.file_key(keys)?;
    hmac::verify(&mac_key(&file_key), header.signed.as_bytes(), &header.mac).map_err(|_| Error::Damaged)?;
    let mut nonce = [0; 16];
    from.read_exact(&mut nonce).map_err(cut)?;
    Ok(Opening::new(from, &derived(&nonce, &file_key, b"payload")))
}

fn cut(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::Damaged,
        _ => Error::Io(error),
    }
}

/// One recipient: the words of its first line, and what follows.
struct Stanza {
    words: Vec<String>,
    body: Vec<u8>,
}

/// What stands in front of the payload.
struct Header {
    /// What its mark of authenticity is over.
    signed: String,
    stanzas: Vec<Stanza>,
    mac: Vec<u8>,
}

impl Header {
    fn read(from: &mut impl BufRead) -> Result<Self, Error> {
        let mut from = from.take(LONGEST);
        let mut line = || -> Result<String, Error> {
            let mut bytes = Vec::new();
            from.read_until(b'\n', &mut bytes)?;
            let text = bytes.strip_suffix(b"\n").ok_or(Error::Damaged)?;
            String::from_utf8(text.to_vec()).map_err(|_| Error::Damaged)
        };
        let first = line().map_err(|error| if let Error::Damaged = error { Error::NotOurs } else { error })?;
        if first != VERSION {
            return Err(Error::NotOurs);
        }
        let (mut signed, mut stanzas) = (format!("{first}\n"), Vec::new());
        let mut next = line()?;
        while let Some(words) = next.strip_prefix("-> ") {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            signed.push_str(&format!("{next}\n"));
            let mut body = String::new();
            loop {
                // Lines of 64 letters, and a shorter one, which may be empty, at the end.
                let part = line()?;
                signed.push_str(&format!("{part}\n"));
                body.push_str(&part);
                match part.len() {
                    64 => continue,
                    0..64 => break,
                    _ => return Err(Error::Damaged),
                }
            }
            let body = BASE64.decode(body).map_err(|_| Error::Damaged)?;
            stanzas.push(Stanza { words, body });
            if stanzas.len() > RECIPIENTS {
                return Err(Error::Damaged);
            }
            next = line()?;
        }
        let mac = next.strip_prefix("--- ").ok_or(Error::Damaged)?;
        signed.push_str("---");
        Ok(Self { signed, stanzas, mac: BASE64.decode(mac).map_err(|_| Error::Damaged)? })
    }

    fn file_key(&self, keys: &Keyring) -> Result<FileKey, Error> {
        let is = |stanza: &Stanza, kind: &str| stanza.words[0] == kind;
        let by_passphrase = self.stanzas.iter().any(|stanza| is(stanza, "scrypt"));
        match keys {
            Keyring::Passphrase(passphrase) => match &self.stanzas[..] {
                [stanza] if is(stanza, "scrypt") => of_passphrase(stanza, passphrase),
                _ if by_passphrase => Err(Error::Damaged),
                _ => Err(Error::OtherKind("it is encrypted for a key: give the file with its identity (--identity)")),
            },
            Keyring::Identities(_) if by_passphrase => {
                Err(Error::OtherKind("it is encrypted with a passphrase, and not for a key"))
            }
            Keyring::Identities(identities) => {
                let for_keys = || self.stanzas.iter().filter(|stanza| is(stanza, "X25519"));
                let found =
                    identities.iter().find_map(|identity| for_keys().find_map(|stanza| of_identity(stanza, identity)));
                found.ok_or(Error::WrongKey)
            }
        }
    }
}

fn of_passphrase(stanza: &Stanza, passphrase: &Secret) -> Result<FileKey, Error> {
    let [_, salt, work] = &stanza.words[..] else { return Err(Error::Damaged) };
    let salt: [u8; 16] = BASE64.decode(salt).ok().and_then(|salt| salt.try_into().ok()).ok_or(Error::Damaged)?;
    let work: u8 = work.parse().map_err(|_| Error::Damaged)?;
    match work {
        0 => return Err(Error::Damaged),
        1..=MOST_WORK => {}
        _ => return Err(Error::TooSlow(work)),
    }
    unwrapped(&stretch(passphrase, &salt, work)?, &stanza.body).ok_or(Error::WrongKey)
}

fn of_identity(stanza: &Stanza, identity: &[u8; 32]) -> Option<FileKey> {
    let [_, share] = &stanza.words[..] else { return None };
    let share: [u8; 32] = BASE64.decode(share).ok()?.try_into().ok()?;
    let identity = PrivateKey::from_private_key(&X25519, identity).ok()?;
    let own = public(&identity).ok()?;
    unwrapped(&shared(&identity, &share, &share, &own)?, &stanza.body)
}

/// The key that a passphrase gives: RFC 7914 with r = 8 and p = 1.
fn stretch(passphrase: &Secret, salt: &[u8; 16], work: u8) -> Result<[u8; 32], Error> {
    let salt = [b"age-encryption.org/v1/scrypt".as_slice(), salt].concat();
    let parameters = scrypt::Params::new(work, 8, 1).map_err(|_| Error::TooSlow(work))?;
    let mut key = [0; 32];
    scrypt::scrypt(passphrase.reveal().as_bytes(), &salt, &parameters, &mut key)
        .map_err(|error| io::Error::other(error.to_string()))?;
    Ok(key)
}

/// The key that two give each other: RFC 7748, and HKDF over it. `None` for a point that gives nothing away.
fn shared(mine: &PrivateKey, theirs: &[u8; 32], share: &[u8; 32], recipient: &[u8; 32]) -> Option<[u8; 32]> {
    let theirs = UnparsedPublicKey::new(&X25519, theirs);
    agreement::agree(mine, theirs, (), |secret| {
        if secret.iter().all(|byte| *byte == 0) {
            return Err(());
        }
        Ok(derived(&[*share, *recipient].concat(), secret, b"age-encryption.org/v1/X25519"))
    })
    .ok()
}

fn public(key: &PrivateKey) -> io::Result<[u8; 32]> {
    let public = key.compute_public_key().ok().and_then(|key| key.as_ref().try_into().ok());
    public.ok_or(io::Error::other("no public key can be made"))
}

/// HKDF with SHA-256 (RFC 5869).
fn derived(salt: &[u8], secret: &[u8], what: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let parts = [what];
    let found = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let found = found.expand(&parts, hkdf::HKDF_SHA256).and_then(|found| found.fill(&mut key));
    found.expect("32 bytes are what this hash gives at once");
    key
}

fn mac_key(file_key: &FileKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &derived(&[], file_key, b"header"))
}

/// A key of its own encrypts one thing, so that the nonce is zero.
fn only_once(key: &[u8; 32]) -> (LessSafeKey, Nonce) {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key has its length");
    (LessSafeKey::new(key), Nonce::assume_unique_for_key([0; 12]))
}

fn wrapped(wrap: &[u8; 32], file_key: &FileKey) -> Vec<u8> {
    let (key, nonce) = only_once(wrap);
    let mut body = file_key.to_vec();
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut body).expect("a file key is short");
    body
}

fn unwrapped(wrap: &[u8; 32], body: &[u8]) -> Option<FileKey> {
    let (key, nonce) = only_once(wrap);
    let mut body: [u8; BODY] = body.try_into().ok()?;
    let file_key = key.open_in_place(nonce, Aad::empty(), &mut body).ok()?;
    FileKey::try_from(&*file_key).ok()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A pair that `age-keygen` made.
    pub const RECIPIENT: &str = "age1c8rxvu557qr7shtp5rvf7wfylvpteph0yzkxh320v4cz7flpwprs38sk7g";

    fn passphrase(text: &str) -> Secret {
        Secret::new(text)
    }

    fn sealed(text: &[u8], key: &Key) -> Vec<u8> {
        let mut sealing = seal(Vec::new(), key).expect("it seals");
        sealing.write_all(text).expect("it writes");
        sealing.finish().expect("it ends")
    }

    fn opened(file: &[u8], keys: &Keyring) -> Result<Vec<u8>, Error> {
        let mut text = Vec::new();
        open(file, keys)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn a_passphrase_opens_what_it_sealed_and_another_does_not() {
        let file = sealed(b"the box", &Key::Passphrase(passphrase("three porch lights")));
        assert!(file.starts_with(b"age-encryption.org/v1\n-> scrypt "));
        assert!(!file.windows(7).any(|part| part == b"the box"));
        let open = |keys: &Keyring| opened(&file, keys);
        assert_eq!(open(&Keyring::Passphrase(passphrase("three porch lights"))).expect("it opens"), b"the box");
        assert!(matches!(open(&Keyring::Passphrase(passphrase("three porch light"))), Err(Error::WrongKey)));
        assert!(matches!(open(&Keyring::Identities(vec![[7; 32]])), Err(Error::OtherKind(_))));
    }

    #[test]
    fn a_key_opens_what_is_for_it_and_another_does_not() {
        let identity = [9; 32];
        let own = PrivateKey::from_private_key(&X25519, &identity).expect("a key");
        let file = sealed(b"the box", &Key::Recipient(public(&own).expect("it has one")));
        let open = |keys: Vec<[u8; 32]>| opened(&file, &Keyring::Identities(keys));
        assert_eq!(open(vec![[8; 32], identity]).expect("it opens"), b"the box");
        assert!(matches!(open(vec![[8; 32]]), Err(Error::WrongKey)));
        assert!(matches!(opened(&file, &Keyring::Passphrase(passphrase("x"))), Err(Error::OtherKind(_))));
    }

    #[test]
    fn keys_are_read_as_age_writes_them_and_nothing_else_is() {
        assert!(matches!(RECIPIENT.parse(), Ok(Key::Recipient(_))));
        let other = RECIPIENT.replace("5rv", "5rq");
        for wrong in ["", "age1", "age1qqqq", &other, "npub1c8rxvu557qr7shtp5rvf7wfylvpteph0yzkxh320v4cz7flpwprs38sk7g"]
        {
            assert!(matches!(wrong.parse::<Key>(), Err(Error::NoKey(_))), "{wrong}");
        }
        let hrp = Hrp::parse("age-secret-key-").expect("it is one");
        let key = bech32::encode_upper::<Bech32>(hrp, &[3; 32]).expect("it is short");
        let file = format!("# created: today\n# public key: {RECIPIENT}\n{key}\n");
        assert!(matches!(Keyring::of_identities(&file), Ok(Keyring::Identities(keys)) if keys == [[3; 32]]));
        assert!(Keyring::of_identities("# nothing").is_err() && Keyring::of_identities(RECIPIENT).is_err());
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let own = PrivateKey::from_private_key(&X25519, &[9; 32]).expect("a key");
        let file = sealed(&[1; 300], &Key::Recipient(public(&own).expect("it has one")));
        let keys = Keyring::Identities(vec![[9; 32]]);
        assert!(opened(&file, &keys).is_ok());
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(opened(&changed, &keys).is_err(), "byte {at}");
            assert!(opened(&file[..at], &keys).is_err(), "cut at {at}");
        }
        assert!(matches!(opened(b"PK\x03\x04 a zip\n", &keys), Err(Error::NotOurs)));
    }

    #[test]
    fn a_file_that_would_keep_the_box_busy_is_refused_at_once() {
        let file = b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 40\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAA\n";
        assert!(matches!(opened(file, &Keyring::Passphrase(passphrase("x"))), Err(Error::TooSlow(40))));
        let endless = [b"age-encryption.org/v1\n".to_vec(), vec![b'x'; 1 << 20]].concat();
        assert!(matches!(opened(&endless, &Keyring::Passphrase(passphrase("x"))), Err(Error::Damaged)));
    }
}
