//! Passkeys: WebAuthn (W3C Level 3) for the pages of one name. The home of webauthn-rs.
//!
//! A passkey is good for the name of the box under which it was made (the relying party's id) and for no other. Nothing is asked of the
//! device that made it but that somebody was there and proved to it who they are; which kind it is, is not asked.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    CreationChallengeResponse, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};

use crate::model::id::IdentityId;

/// Why there is no passkey, or it proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Browsers make passkeys for names, by HTTPS or on this machine.
    #[error("passkeys are made for a name, by HTTPS: open this page by the name of the box")]
    Site,
    /// What came is not what was asked for.
    #[error("this passkey does not fit what was asked")]
    Refused,
}

/// Where a page is: for its name passkeys are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The name, without a port.
    pub name: String,
    /// Scheme, name and port.
    pub origin: String,
    /// What people call the box.
    pub called: String,
}

impl Site {
    fn webauthn(&self) -> Result<Webauthn, Error> {
        let origin = Url::parse(&self.origin).map_err(|_| Error::Site)?;
        // An address has no domain, and is refused here.
        let builder = WebauthnBuilder::new(&self.name, &origin).map_err(|_| Error::Site)?;
        builder.rp_name(&self.called).build().map_err(|_| Error::Site)
    }
}

/// What is kept of a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its credential id.
    pub id: Vec<u8>,
    /// Its public key and counters, as JSON. No secret.
    pub data: String,
}

#[derive(Serialize, Deserialize)]
struct Data {
    /// For which name it was made.
    site: String,
    passkey: Passkey,
}

/// Somebody is about to make a passkey.
pub struct Registering {
    webauthn: Webauthn,
    site: String,
    state: PasskeyRegistration,
}

/// Ids of ten bytes as WebAuthn's user handle.
fn handle(identity: IdentityId) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..10].copy_from_slice(&identity.bytes());
    Uuid::from_bytes(bytes)
}

fn identity(handle: Uuid) -> Option<IdentityId> {
    let (id, rest) = handle.as_bytes().split_first_chunk::<10>()?;
    rest.iter().all(|byte| *byte == 0).then(|| IdentityId::from_bytes(*id))
}

/// Begins to make a passkey for somebody who has those of these ids: what `navigator.credentials.create` takes.
///
/// # Errors
/// [`Error::Site`].
pub fn register(site: &Site, who: IdentityId, name: &str, has: Vec<Vec<u8>>) -> Result<(Value, Registering), Error> {
    let webauthn = site.webauthn()?;
    let started = webauthn.start_passkey_registration(handle(who), name, name, Some(has));
    let (asked, state): (CreationChallengeResponse, _) = started.map_err(|_| Error::Site)?;
    let mut asked = serde_json::to_value(asked).map_err(|_| Error::Site)?;
    // It is found by the browser without anybody saying a name first.
    if let Some(selection) = asked.pointer_mut("/publicKey/authenticatorSelection") {
        selection["residentKey"] = json!("required");
        selection["requireResidentKey"] = json!(true);
    }
    Ok((asked, Registering { webauthn, site: site.name.clone(), state }))
}

impl Registering {
    /// What came of it.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn finish(&self, answer: Value) -> Result<Kept, Error> {
        let answer: RegisterPublicKeyCredential = serde_json::from_value(answer).map_err(|_| Error::Refused)?;
        let passkey = self.webauthn.finish_passkey_registration(&answer, &self.state).map_err(|_| Error::Refused)?;
        let id = passkey.cred_id().to_vec();
        let data = Data { site: self.site.clone(), passkey };
        Ok(Kept { id, data: serde_json::to_string(&data).map_err(|_| Error::Refused)? })
    }
}

/// Somebody is about to sign in.
pub struct Asking {
    webauthn: Webauthn,
    site: String,
    state: DiscoverableAuthentication,
}

/// Begins to sign somebody in: what `navigator.credentials.get` takes.
///
/// # Errors
/// [`Error::Site`].
pub fn ask(site: &Site) -> Result<(Value, Asking), Error> {
    let webauthn = site.webauthn()?;
    let (asked, state) = webauthn.start_discoverable_authentication().map_err(|_| Error::Site)?;
    let mut asked = serde_json::to_value(asked).map_err(|_| Error::Site)?;
    // Somebody pressed a button: the browser is to ask, and not to wait until they choose a field.
    if let Some(asked) = asked.as_object_mut() {
        asked.remove("mediation");
    }
    Ok((asked, Asking { webauthn, site: site.name.clone(), state }))
}

/// What somebody's browser answered.
pub struct Answer(PublicKeyCredential);

impl Answer {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn read(answer: Value) -> Result<Self, Error> {
        serde_json::from_value(answer).map(Self).map_err(|_| Error::Refused)
    }
}

impl Asking {
    /// Whom an answer speaks of, and by which passkey. Nothing of that is proved yet.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn claims(&self, answer: &Answer) -> Result<(IdentityId, Vec<u8>), Error> {
        let found = self.webauthn.identify_discoverable_authentication(&answer.0).map_err(|_| Error::Refused)?;
        Ok((identity(found.0).ok_or(Error::Refused)?, found.1.to_vec()))
    }

    /// Proves it by what was kept of the passkey; gives what is kept from now on.
    ///
    /// # Errors
    /// [`Error::Refused`]: also by a passkey that was made for another name of the box.
    pub fn finish(self, answer: &Answer, kept: &str) -> Result<String, Error> {
        let mut data: Data = serde_json::from_str(kept).map_err(|_| Error::Refused)?;
        if data.site != self.site {
            return Err(Error::Refused);
        }
        let proved = self.webauthn.finish_discoverable_authentication_v2(&answer.0, self.state, &data.passkey);
        data.passkey.update_credential(&proved.map_err(|_| Error::Refused)?);
        serde_json::to_string(&data).map_err(|_| Error::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(name: &str, origin: &str) -> Site {
        Site { name: name.into(), origin: origin.into(), called: "Porch".into() }
    }

    #[test]
    fn a_handle_is_somebodys_id() {
        let who = IdentityId::from_bytes([7; 10]);
        assert_eq!(identity(handle(who)), Some(who));
        assert_eq!(identity(Uuid::from_bytes([7; 16])), None);
    }

    #[test]
    fn passkeys_are_made_for_names_and_found_without_one() {
        let who = IdentityId::from_bytes([7; 10]);
        for (name, origin) in
            [("192.168.1.4", "https://192.168.1.4"), ("box.local", "https://other.local"), ("", "nonsense")]
        {
            assert_eq!(register(&site(name, origin), who, "Ada", vec![]).err(), Some(Error::Site), "{origin}");
            assert_eq!(ask(&site(name, origin)).err(), Some(Error::Site), "{origin}");
        }
        let here = site("box.local", "https://box.local:8443");
        let (asked, registering) = register(&here, who, "Ada", vec![vec![1; 16]]).expect("it begins");
        assert_eq!(asked["publicKey"]["rp"], json!({ "id": "box.local", "name": "Porch" }));
        assert_eq!(asked["publicKey"]["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(asked["publicKey"]["excludeCredentials"].as_array().map(Vec::len), Some(1));
        assert_eq!(registering.finish(json!({ "id": "x" })).err(), Some(Error::Refused));
        let (asked, _) = ask(&here).expect("it begins");
        assert_eq!(asked["publicKey"]["rpId"], "box.local");
        assert!(asked["publicKey"]["allowCredentials"].as_array().is_none_or(Vec::is_empty));
        assert!(Answer::read(json!([])).is_err());
    }
}
