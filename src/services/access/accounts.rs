//! How people the box knows sign in, and what they do with their own account: the first start, other devices, passkeys, wallets, recovery
//! codes.

use serde_json::Value;
use tokio::sync::watch;

use super::actor::{Actor, instant};
use super::codes::{Number, Refused, WORKS};
use super::proofs::{Answered, CODES, recovery_code, written};
use super::{Credential, Error, Grant, Handle, Kind, Reply, hold_back_wrong};
use crate::drivers::identity::contract::Unknown;
use crate::drivers::identity::{Token, hexadecimal, passkey, random, random_id, text_hash, wallet};
use crate::drivers::store;
use crate::model::id::IdentityId;
use crate::proto::auth::Name;
use crate::proto::auth::siwe::{Address, Message};
use crate::proto::lan::Holder;

/// A message that a wallet signed, and where it was asked for.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The message (EIP-4361).
    pub message: String,
    /// The signature: `0x` and hexadecimal digits.
    pub signature: String,
    /// Scheme, name and port of the page.
    pub origin: String,
}

/// A message that was asked for here.
pub(super) struct Read {
    address: Address,
    chain: u64,
    hash: [u8; 32],
    signature: Vec<u8>,
    /// Its signature is that of the wallet's key.
    proved: bool,
}

pub(super) enum Command {
    Claim {
        pin: String,
        name: Name,
        device: Option<String>,
        reply: Reply<(Grant, Token)>,
    },
    MakeCode {
        of: IdentityId,
        reply: Reply<(Number, i64)>,
    },
    SignInByCode {
        code: String,
        device: Option<String>,
        from: Holder,
        reply: Reply<(Grant, Token)>,
    },
    MakeRecovery {
        of: IdentityId,
        reply: Reply<Vec<String>>,
    },
    SignInByRecovery {
        code: String,
        device: Option<String>,
        from: Holder,
        reply: Reply<(Grant, Token)>,
    },
    Credentials {
        of: IdentityId,
        reply: Reply<(Vec<Credential>, usize)>,
    },
    RemoveCredential {
        of: IdentityId,
        id: String,
        reply: Reply<()>,
    },
    StartPasskey {
        of: IdentityId,
        site: passkey::Site,
        reply: Reply<(String, Value)>,
    },
    AddPasskey {
        of: IdentityId,
        name: Name,
        answer: Answered,
        reply: Reply<()>,
    },
    AskPasskey {
        site: passkey::Site,
        reply: Reply<(String, Value)>,
    },
    SignInByPasskey {
        answer: Answered,
        device: Option<String>,
        reply: Reply<(Grant, Token)>,
    },
    Nonce {
        reply: Reply<String>,
    },
    /// Reads a message; `of` is who adds the wallet, if it is to be added.
    ReadWallet {
        of: Option<IdentityId>,
        signed: Signed,
        reply: Reply<Read>,
    },
    AddWallet {
        of: IdentityId,
        wallet: Address,
        reply: Reply<()>,
    },
    SignInByWallet {
        wallet: Address,
        device: Option<String>,
        reply: Reply<(Grant, Token)>,
    },
}

impl Handle {
    async fn account<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Error> {
        self.ask(|reply| super::Command::Account(command(reply))).await
    }

    /// The PIN that makes whoever types it the owner, while nobody owns the box. For those at the box to see, and no other.
    pub fn pin(&self) -> watch::Receiver<Option<Number>> {
        self.pin.clone()
    }

    /// Whoever typed the PIN owns the box from now on. Whoever asks has checked that they are near.
    ///
    /// # Errors
    /// [`Error::WrongNumber`] (after a delay), [`Error::TooFast`], [`Error::Owned`], [`Error::Store`], [`Error::Closed`].
    pub async fn claim(&self, pin: String, name: Name, device: Option<String>) -> Result<(Grant, Token), Error> {
        hold_back_wrong(self.account(|reply| Command::Claim { pin, name, device, reply }).await).await
    }

    /// Makes a code that signs in one more device of somebody; gives it, and when it ends, in seconds of wall time.
    ///
    /// # Errors
    /// [`Error::Nobody`], [`Error::Closed`].
    pub async fn make_code(&self, of: IdentityId) -> Result<(Number, i64), Error> {
        self.account(|reply| Command::MakeCode { of, reply }).await
    }

    /// Signs in a device by a code, which is used up by it. `from` is for counting tries.
    ///
    /// # Errors
    /// [`Error::WrongNumber`] (after a delay), [`Error::TooFast`], [`Error::Store`], [`Error::Closed`].
    pub async fn sign_in_by_code(
        &self,
        code: String,
        device: Option<String>,
        from: Holder,
    ) -> Result<(Grant, Token), Error> {
        hold_back_wrong(self.account(|reply| Command::SignInByCode { code, device, from, reply }).await).await
    }

    /// Makes codes for somebody to write down, each good for one sign-in, in the place of those they had.
    ///
    /// # Errors
    /// [`Error::Nobody`], [`Error::Store`], [`Error::Closed`].
    pub async fn make_recovery_codes(&self, of: IdentityId) -> Result<Vec<String>, Error> {
        self.account(|reply| Command::MakeRecovery { of, reply }).await
    }

    /// Signs in by one of them, which is used up by it.
    ///
    /// # Errors
    /// As [`Handle::sign_in_by_code`].
    pub async fn sign_in_by_recovery_code(
        &self,
        code: String,
        device: Option<String>,
        from: Holder,
    ) -> Result<(Grant, Token), Error> {
        hold_back_wrong(self.account(|reply| Command::SignInByRecovery { code, device, from, reply }).await).await
    }

    /// By what somebody signs in, and how many recovery codes they have left.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn credentials(&self, of: IdentityId) -> Result<(Vec<Credential>, usize), Error> {
        self.account(|reply| Command::Credentials { of, reply }).await
    }

    /// Nobody signs in by this any more.
    ///
    /// # Errors
    /// [`Error::Nobody`], [`Error::Store`], [`Error::Closed`].
    pub async fn remove_credential(&self, of: IdentityId, id: String) -> Result<(), Error> {
        self.account(|reply| Command::RemoveCredential { of, id, reply }).await
    }

    /// Begins to make a passkey: gives the question's name, and what `navigator.credentials.create` takes.
    ///
    /// # Errors
    /// [`Error::Nobody`], [`Error::TooMany`], [`Error::Passkey`], [`Error::Closed`].
    pub async fn start_passkey(&self, of: IdentityId, site: passkey::Site) -> Result<(String, Value), Error> {
        self.account(|reply| Command::StartPasskey { of, site, reply }).await
    }

    /// Somebody signs in by this passkey from now on.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Passkey`], [`Error::Taken`], [`Error::Store`], [`Error::Closed`].
    pub async fn add_passkey(&self, of: IdentityId, name: Name, answer: Answered) -> Result<(), Error> {
        self.account(|reply| Command::AddPasskey { of, name, answer, reply }).await
    }

    /// Begins to sign somebody in by a passkey: gives the question's name, and what `navigator.credentials.get` takes.
    ///
    /// # Errors
    /// [`Error::Passkey`], [`Error::Closed`].
    pub async fn ask_passkey(&self, site: passkey::Site) -> Result<(String, Value), Error> {
        self.account(|reply| Command::AskPasskey { site, reply }).await
    }

    /// Signs in by a passkey.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Unproved`], [`Error::Passkey`], [`Error::Store`], [`Error::Closed`].
    pub async fn sign_in_by_passkey(&self, answer: Answered, device: Option<String>) -> Result<(Grant, Token), Error> {
        self.account(|reply| Command::SignInByPasskey { answer, device, reply }).await
    }

    /// A nonce for a message that a wallet is to sign: good for one, for five minutes.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn nonce(&self) -> Result<String, Error> {
        self.account(|reply| Command::Nonce { reply }).await
    }

    /// Somebody signs in by this wallet from now on.
    ///
    /// # Errors
    /// [`Error::Wallet`], [`Error::Expired`] where the nonce was used or is too old, [`Error::Unproved`] where somebody else signed,
    /// [`Error::Chain`], [`Error::Taken`], [`Error::TooMany`], [`Error::Store`], [`Error::Closed`].
    pub async fn add_wallet(&self, of: IdentityId, signed: Signed) -> Result<(), Error> {
        let wallet = self.signer(Some(of), signed).await?;
        self.account(|reply| Command::AddWallet { of, wallet, reply }).await
    }

    /// Whose wallet signed. Where it was no key, the contract is asked whether it was the contract.
    async fn signer(&self, of: Option<IdentityId>, signed: Signed) -> Result<Address, Error> {
        let read = self.account(|reply| Command::ReadWallet { of, signed, reply }).await?;
        if read.proved {
            return Ok(read.address);
        }
        match self.chain.took(read.address, read.chain, &read.hash, &read.signature).await {
            Ok(true) => Ok(read.address),
            Ok(false) | Err(Unknown::Off) => Err(Error::Unproved),
            Err(unknown) => Err(Error::Chain(unknown)),
        }
    }

    /// Signs in by a wallet.
    ///
    /// # Errors
    /// [`Error::Wallet`], [`Error::Expired`], [`Error::Unproved`], [`Error::Chain`], [`Error::Store`], [`Error::Closed`].
    pub async fn sign_in_by_wallet(&self, signed: Signed, device: Option<String>) -> Result<(Grant, Token), Error> {
        let wallet = self.signer(None, signed).await?;
        self.account(|reply| Command::SignInByWallet { wallet, device, reply }).await
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Wrong => Self::WrongNumber,
            Refused::TooFast => Self::TooFast,
        }
    }
}

impl Actor {
    /// Shows the PIN to those who follow it, while nobody owns the box.
    pub(super) fn show_pin(&mut self) {
        let pin = self.codes.pin(self.state.has_owner(), instant(), random());
        self.pin.send_if_modified(|shown| std::mem::replace(shown, pin) != pin);
    }

    /// Who asked may be gone by the time of the answer.
    pub(super) async fn account(&mut self, command: Command) {
        match command {
            Command::Claim { pin, name, device, reply } => {
                let _ = reply.send(self.claim(&pin, name, device).await);
            }
            Command::MakeCode { of, reply } => {
                let until = self.clock.now() + WORKS.as_secs() as i64;
                let known = self.state.identity(of).is_some();
                let made = known.then(|| (self.codes.code(of, instant(), random()), until));
                let _ = reply.send(made.ok_or(Error::Nobody));
            }
            Command::SignInByCode { code, device, from, reply } => {
                let _ = reply.send(self.sign_in_by_code(&code, device, from).await);
            }
            Command::MakeRecovery { of, reply } => {
                let _ = reply.send(self.make_recovery(of).await);
            }
            Command::SignInByRecovery { code, device, from, reply } => {
                let _ = reply.send(self.sign_in_by_recovery(&code, device, from).await);
            }
            Command::Credentials { of, reply } => {
                let _ = reply.send(Ok(self.proofs.list(of)));
            }
            Command::RemoveCredential { of, id, reply } => {
                let _ = reply.send(self.remove_credential(of, &id).await);
            }
            Command::StartPasskey { of, site, reply } => {
                let _ = reply.send(self.start_passkey(of, &site));
            }
            Command::AddPasskey { of, name, answer, reply } => {
                let _ = reply.send(self.add_passkey(of, name, answer).await);
            }
            Command::AskPasskey { site, reply } => {
                let _ = reply.send(self.ask_passkey(&site));
            }
            Command::SignInByPasskey { answer, device, reply } => {
                let _ = reply.send(self.sign_in_by_passkey(answer, device).await);
            }
            Command::Nonce { reply } => {
                let nonce = hexadecimal(&random::<16>());
                self.proofs.nonce(nonce.clone(), instant());
                let _ = reply.send(Ok(nonce));
            }
            Command::ReadWallet { of, signed, reply } => {
                let _ = reply.send(self.read_wallet(of, &signed));
            }
            Command::AddWallet { of, wallet, reply } => {
                let _ = reply.send(self.add_wallet(of, wallet).await);
            }
            Command::SignInByWallet { wallet, device, reply } => {
                let _ = reply.send(self.sign_in_by_wallet(wallet, device).await);
            }
        }
        self.show_pin();
    }

    async fn claim(&mut self, pin: &str, name: Name, device: Option<String>) -> Result<(Grant, Token), Error> {
        if self.state.has_owner() {
            return Err(Error::Owned);
        }
        self.codes.check_pin(pin, instant())?;
        let cookie = Token::random();
        let id = random_id(IdentityId::from_bytes);
        let owner = store::Identity { id, name: name.into(), owner: true, created: self.clock.now() };
        let login = store::Login { identity: Some(id), device, ..self.new_login(&cookie) };
        self.store.insert_identity(owner.clone(), login.clone()).await?;
        self.state.put_identity(owner);
        let grant = self.state.admit(login, None);
        tracing::info!(grant = %grant.id(), "somebody owns the box from now on");
        Ok((grant, cookie))
    }

    /// One more login of somebody who has proved who they are.
    async fn sign_in(&mut self, identity: IdentityId, device: Option<String>) -> Result<(Grant, Token), Error> {
        let cookie = Token::random();
        let login = store::Login { identity: Some(identity), device, ..self.new_login(&cookie) };
        self.store.insert_login(login.clone(), None).await?;
        let grant = self.state.admit(login, None);
        tracing::info!(grant = %grant.id(), "somebody whom the box knows signed in");
        Ok((grant, cookie))
    }

    async fn sign_in_by_code(
        &mut self,
        code: &str,
        device: Option<String>,
        from: Holder,
    ) -> Result<(Grant, Token), Error> {
        let identity = self.codes.take_code(code, from, instant())?;
        self.sign_in(identity, device).await
    }

    async fn make_recovery(&mut self, of: IdentityId) -> Result<Vec<String>, Error> {
        self.state.identity(of).ok_or(Error::Nobody)?;
        let codes: Vec<String> = (0..CODES).map(|_| recovery_code(random())).collect();
        let row = |code: &String| store::Credential {
            id: text_hash(&written(code)).to_vec(),
            identity: of,
            kind: Kind::Recovery.word().into(),
            name: String::new(),
            data: String::new(),
            created: self.clock.now(),
            used: None,
        };
        let rows: Vec<_> = codes.iter().map(row).collect();
        self.store.add_credentials(rows.clone(), true).await?;
        self.proofs.add(rows, true);
        Ok(codes)
    }

    async fn sign_in_by_recovery(
        &mut self,
        code: &str,
        device: Option<String>,
        from: Holder,
    ) -> Result<(Grant, Token), Error> {
        self.codes.tries(from, instant())?;
        let id = text_hash(&written(code));
        let found = self.proofs.find(&id, Kind::Recovery).ok_or(Error::WrongNumber)?.identity;
        self.store.delete_credential(id.to_vec()).await?;
        self.proofs.remove(&id);
        self.sign_in(found, device).await
    }

    async fn remove_credential(&mut self, of: IdentityId, name: &str) -> Result<(), Error> {
        let id = self.proofs.named(of, name).ok_or(Error::Nobody)?.id.clone();
        self.store.delete_credential(id.clone()).await?;
        self.proofs.remove(&id);
        Ok(())
    }

    fn start_passkey(&mut self, of: IdentityId, site: &passkey::Site) -> Result<(String, Value), Error> {
        let name = self.state.identity(of).ok_or(Error::Nobody)?.name.clone();
        self.proofs.check_more(of, Kind::Passkey)?;
        let has = self.proofs.of(of, Kind::Passkey).into_iter().map(|row| row.id.clone()).collect();
        let (asked, registering) = passkey::register(site, of, &name, has)?;
        let question = hexadecimal(&random::<16>());
        self.proofs.registers(question.clone(), of, registering, instant());
        Ok((question, asked))
    }

    async fn add_passkey(&mut self, of: IdentityId, name: Name, answer: Answered) -> Result<(), Error> {
        let registering = self.proofs.registered(&answer.question, of, instant())?;
        let kept = registering.finish(answer.credential)?;
        if self.proofs.find(&kept.id, Kind::Passkey).is_some() {
            return Err(Error::Taken);
        }
        self.add(of, Kind::Passkey, kept.id, name.into(), kept.data).await
    }

    async fn add(&mut self, of: IdentityId, kind: Kind, id: Vec<u8>, name: String, data: String) -> Result<(), Error> {
        let (kind, created) = (kind.word().into(), self.clock.now());
        let row = store::Credential { id, identity: of, kind, name, data, created, used: None };
        self.store.add_credentials(vec![row.clone()], false).await?;
        self.proofs.add(vec![row], false);
        Ok(())
    }

    fn ask_passkey(&mut self, site: &passkey::Site) -> Result<(String, Value), Error> {
        let (asked, asking) = passkey::ask(site)?;
        let question = hexadecimal(&random::<16>());
        self.proofs.asks(question.clone(), asking, instant());
        Ok((question, asked))
    }

    async fn sign_in_by_passkey(&mut self, answer: Answered, device: Option<String>) -> Result<(Grant, Token), Error> {
        let asking = self.proofs.answered(&answer.question, instant())?;
        let answer = passkey::Answer::read(answer.credential)?;
        let (who, id) = asking.claims(&answer)?;
        let known = self.proofs.find(&id, Kind::Passkey).filter(|row| row.identity == who).ok_or(Error::Unproved)?;
        let data = asking.finish(&answer, &known.data)?;
        self.note_use(id, data).await;
        self.sign_in(who, device).await
    }

    /// That it was used is no reason to keep somebody out, if it can't be stored.
    async fn note_use(&mut self, id: Vec<u8>, data: String) {
        let now = self.clock.now();
        if let Err(error) = self.store.touch_credential(id.clone(), data.clone(), now).await {
            tracing::warn!(%error, "the use of a passkey or wallet could not be stored");
        }
        self.proofs.used(&id, data, now);
    }

    /// Reads a message that was asked for here. Of wallets that nobody here has, and that nobody adds, no more is looked at.
    fn read_wallet(&mut self, of: Option<IdentityId>, signed: &Signed) -> Result<Read, Error> {
        let message = Message::parse(&signed.message)?;
        message.check(&signed.origin, self.clock.now())?;
        self.proofs.take_nonce(&message.nonce, instant())?;
        let (address, chain) = (message.address, message.chain);
        let signature = wallet::bytes(&signed.signature).ok_or(Error::Unproved)?;
        let hash = wallet::hash(&signed.message);
        match of {
            Some(of) => self.proofs.check_more(of, Kind::Wallet)?,
            None => drop(self.proofs.find(&address.0, Kind::Wallet).ok_or(Error::Unproved)?),
        }
        let proved = wallet::signer(&hash, &signature) == Some(address);
        Ok(Read { address, chain, hash, signature, proved })
    }

    async fn add_wallet(&mut self, of: IdentityId, wallet: Address) -> Result<(), Error> {
        self.state.identity(of).ok_or(Error::Nobody)?;
        self.proofs.check_more(of, Kind::Wallet)?;
        match self.proofs.find(&wallet.0, Kind::Wallet).map(|row| row.identity) {
            Some(owner) if owner == of => Ok(()),
            Some(_) => Err(Error::Taken),
            None => self.add(of, Kind::Wallet, wallet.0.to_vec(), wallet.to_string(), String::new()).await,
        }
    }

    async fn sign_in_by_wallet(&mut self, wallet: Address, device: Option<String>) -> Result<(Grant, Token), Error> {
        let who = self.proofs.find(&wallet.0, Kind::Wallet).ok_or(Error::Unproved)?.identity;
        self.note_use(wallet.0.to_vec(), String::new()).await;
        self.sign_in(who, device).await
    }
}
