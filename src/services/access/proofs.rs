//! What proves who somebody is: passkeys, wallets, recovery codes; and what is asked and not answered yet. Pure: time and dice are handed
//! in, rows are handed out.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Credential, Error, Kind};
use crate::drivers::identity::hexadecimal;
use crate::drivers::identity::passkey::{Asking, Registering};
use crate::drivers::store;
use crate::model::id::IdentityId;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Questions that may be open at one time; one more ends the oldest.
const MOST_OPEN: usize = 256;
/// Passkeys and wallets of one person.
const MOST_EACH: usize = 16;
/// Recovery codes that somebody gets at one time.
pub const CODES: usize = 8;

/// Questions that wait for an answer, each with its name; the oldest is forgotten when there are too many.
struct Open<T> {
    waiting: HashMap<String, (Instant, T)>,
}

impl<T> Open<T> {
    fn new() -> Self {
        Self { waiting: HashMap::new() }
    }

    fn ask(&mut self, name: String, question: T, now: Instant) {
        self.waiting.retain(|_, (asked, _)| now.saturating_duration_since(*asked) < PATIENCE);
        if self.waiting.len() >= MOST_OPEN
            && let Some(oldest) = self.waiting.iter().min_by_key(|(_, (asked, _))| *asked).map(|(name, _)| name.clone())
        {
            self.waiting.remove(&oldest);
        }
        self.waiting.insert(name, (now, question));
    }

    /// Each is answered once.
    fn answer(&mut self, name: &str, now: Instant) -> Result<T, Error> {
        let (asked, question) = self.waiting.remove(name).ok_or(Error::Expired)?;
        if now.saturating_duration_since(asked) < PATIENCE { Ok(question) } else { Err(Error::Expired) }
    }
}

/// All of them.
pub struct Proofs {
    rows: BTreeMap<Vec<u8>, store::Credential>,
    registering: Open<(IdentityId, Registering)>,
    asking: Open<Asking>,
    nonces: Open<()>,
}

impl Proofs {
    /// Takes up what the store holds.
    pub fn load(rows: Vec<store::Credential>) -> Self {
        let rows = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        Self { rows, registering: Open::new(), asking: Open::new(), nonces: Open::new() }
    }

    /// What somebody has of this kind, the oldest first.
    pub fn of(&self, identity: IdentityId, kind: Kind) -> Vec<&store::Credential> {
        let mut rows: Vec<_> =
            self.rows.values().filter(|row| row.identity == identity && row.kind == kind.word()).collect();
        rows.sort_by_key(|row| (row.created, row.id.clone()));
        rows
    }

    /// What somebody has, as they see it; recovery codes are told as a number alone.
    pub fn list(&self, identity: IdentityId) -> (Vec<Credential>, usize) {
        let shown = |kind| {
            self.of(identity, kind).into_iter().map(move |row| Credential {
                id: hexadecimal(&row.id),
                kind,
                name: row.name.clone(),
                created: row.created,
                used: row.used,
            })
        };
        let list = shown(Kind::Passkey).chain(shown(Kind::Wallet)).collect();
        (list, self.of(identity, Kind::Recovery).len())
    }

    /// Whether somebody may have one more of this kind.
    pub fn check_more(&self, identity: IdentityId, kind: Kind) -> Result<(), Error> {
        if self.of(identity, kind).len() >= MOST_EACH { Err(Error::TooMany) } else { Ok(()) }
    }

    /// One of this kind, whosever it is.
    pub fn find(&self, id: &[u8], kind: Kind) -> Option<&store::Credential> {
        self.rows.get(id).filter(|row| row.kind == kind.word())
    }

    /// One that somebody has, by what the list calls it.
    pub fn named(&self, identity: IdentityId, name: &str) -> Option<&store::Credential> {
        let own = |row: &&store::Credential| row.identity == identity && row.kind != Kind::Recovery.word();
        self.rows.values().filter(own).find(|row| hexadecimal(&row.id) == name)
    }

    /// Takes up stored ones, in the place of all that their owner has of their kind or beside them.
    pub fn add(&mut self, rows: Vec<store::Credential>, instead: bool) {
        for new in rows.iter().filter(|_| instead) {
            self.rows.retain(|_, row| (row.identity, &row.kind) != (new.identity, &new.kind));
        }
        self.rows.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
    }

    /// One was used, and says this since then.
    pub fn used(&mut self, id: &[u8], data: String, now: i64) {
        if let Some(row) = self.rows.get_mut(id) {
            (row.data, row.used) = (data, Some(now));
        }
    }

    /// Forgets one.
    pub fn remove(&mut self, id: &[u8]) {
        self.rows.remove(id);
    }

    /// Forgets those of somebody.
    pub fn forget(&mut self, identity: IdentityId) {
        self.rows.retain(|_, row| row.identity != identity);
    }

    /// Somebody is about to make a passkey.
    pub fn registers(&mut self, name: String, who: IdentityId, registering: Registering, now: Instant) {
        self.registering.ask(name, (who, registering), now);
    }

    /// What their browser answered to that.
    pub fn registered(&mut self, name: &str, who: IdentityId, now: Instant) -> Result<Registering, Error> {
        match self.registering.answer(name, now)? {
            (of, registering) if of == who => Ok(registering),
            _ => Err(Error::Expired),
        }
    }

    /// Somebody is about to sign in by a passkey.
    pub fn asks(&mut self, name: String, asking: Asking, now: Instant) {
        self.asking.ask(name, asking, now);
    }

    /// What their browser answered to that.
    pub fn answered(&mut self, name: &str, now: Instant) -> Result<Asking, Error> {
        self.asking.answer(name, now)
    }

    /// A nonce for a message that a wallet signs.
    pub fn nonce(&mut self, nonce: String, now: Instant) {
        self.nonces.ask(nonce, (), now);
    }

    /// A message with this nonce came: it is good for one.
    pub fn take_nonce(&mut self, nonce: &str, now: Instant) -> Result<(), Error> {
        self.nonces.answer(nonce, now)
    }
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proofs").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

/// A recovery code of random bytes: ten characters without those that look alike, in two groups. 50 bits.
pub fn recovery_code(random: [u8; 10]) -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte & 31)]);
    let (one, two) = random.split_at(5);
    format!("{}-{}", one.iter().map(letter).collect::<String>(), two.iter().map(letter).collect::<String>())
}

/// A code as it was written down: capital letters, and spaces or hyphens where there are none, are forgiven.
pub fn written(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(16).map(|c| c.to_ascii_lowercase()).collect()
}

/// What a page sends for a passkey.
#[derive(Debug, Clone)]
pub struct Answered {
    /// What the question was called.
    pub question: String,
    /// What `navigator.credentials` gave.
    pub credential: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: IdentityId = IdentityId::from_bytes([1; 10]);

    fn row(n: u8, kind: Kind) -> store::Credential {
        let (kind, name) = (kind.word().to_owned(), format!("{n}"));
        store::Credential { id: vec![n], identity: WHO, kind, name, data: String::new(), created: n.into(), used: None }
    }

    #[test]
    fn a_question_is_answered_once_and_in_time() {
        let (mut proofs, now) = (Proofs::load(vec![]), Instant::now());
        proofs.nonce("a".into(), now);
        proofs.nonce("b".into(), now);
        assert!(proofs.take_nonce("a", now).is_ok());
        for (nonce, at) in [("a", now), ("b", now + PATIENCE), ("c", now)] {
            assert!(matches!(proofs.take_nonce(nonce, at), Err(Error::Expired)), "{nonce}");
        }
        for n in 0..=MOST_OPEN as u32 {
            proofs.nonce(n.to_string(), now + Duration::from_millis(n.into()));
        }
        assert!(proofs.take_nonce("0", now).is_err() && proofs.take_nonce("1", now).is_ok());
    }

    #[test]
    fn each_sees_their_own_and_codes_as_a_number() {
        let mut proofs = Proofs::load(vec![row(2, Kind::Wallet), row(1, Kind::Passkey), row(3, Kind::Recovery)]);
        let (list, codes) = proofs.list(WHO);
        assert_eq!((list.len(), list[0].kind, list[1].id.as_str(), codes), (2, Kind::Passkey, "02", 1));
        assert!(proofs.named(WHO, "02").is_some() && proofs.named(WHO, "03").is_none());
        assert!(proofs.named(IdentityId::from_bytes([9; 10]), "02").is_none());
        proofs.add(vec![row(4, Kind::Recovery), row(5, Kind::Recovery)], true);
        assert_eq!(proofs.list(WHO).1, 2);
        assert!(proofs.find(&[3], Kind::Recovery).is_none() && proofs.find(&[4], Kind::Wallet).is_none());
        proofs.forget(WHO);
        assert_eq!(proofs.list(WHO), (vec![], 0));
    }

    #[test]
    fn a_recovery_code_is_read_as_people_write_it() {
        let code = recovery_code([0, 31, 32, 63, 1, 2, 3, 4, 5, 255]);
        assert_eq!(code, "0z0z1-2345z");
        assert_eq!(written(" 0Z0z1 2345Z\n"), written(&code));
    }
}
