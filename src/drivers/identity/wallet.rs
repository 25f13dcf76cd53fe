//! Who signed a message with a wallet: signatures by secp256k1 (EIP-191, EIP-2). The home of k256 and sha3.

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha3::{Digest, Keccak256};

use crate::proto::auth::siwe::Address;

/// The hash that a wallet signs for a text (EIP-191 version `0x45`).
pub fn hash(text: &str) -> [u8; 32] {
    let mut hash = Keccak256::new();
    hash.update(format!("\x19Ethereum Signed Message:\n{}", text.len()));
    hash.update(text);
    hash.finalize().into()
}

/// Bytes from `0x` and hexadecimal digits.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() % 2 == 0)?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    digits.chunks(2).map(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8)).collect()
}

/// The account that made this signature: 65 bytes, r, s, and 27 or 28. One with a high s, which anybody could make of another, is
/// none (EIP-2).
pub fn signer(hash: &[u8; 32], signature: &[u8]) -> Option<Address> {
    let (rs, [v]) = signature.split_first_chunk::<64>()? else { return None };
    let recovery = RecoveryId::from_byte(v.checked_sub(27).filter(|v| *v < 2)?)?;
    let signature = Signature::from_slice(rs).ok()?;
    if signature.normalize_s() != signature {
        return None;
    }
    let key = VerifyingKey::recover_from_prehash(hash, &signature, recovery).ok()?;
    let point = key.to_sec1_point(false);
    let digest = Keccak256::digest(point.as_bytes().get(1..)?);
    Some(Address(digest.as_slice().get(12..)?.try_into().ok()?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use k256::ecdsa::SigningKey;

    /// A wallet of a test: its address, and its signature of a text.
    pub(crate) fn sign(key: [u8; 32], text: &str) -> (Address, Vec<u8>) {
        let key = SigningKey::from_slice(&key).expect("a key");
        let (signature, recovery) = key.sign_prehash_recoverable(&hash(text));
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(27 + recovery.to_byte());
        let point = key.verifying_key().to_sec1_point(false);
        let digest = Keccak256::digest(&point.as_bytes()[1..]);
        (Address(digest.as_slice()[12..].try_into().expect("20 bytes")), bytes)
    }

    #[test]
    fn the_hash_and_the_signer_are_those_of_a_known_example() {
        // The example of web3.eth.accounts.sign in the manual of web3.js.
        let hash = hash("Some data");
        let text: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, "1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655");
        let signature = "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c";
        let who = signer(&hash, &bytes(signature).expect("hexadecimal"));
        assert_eq!(who.map(|who| who.to_string()).as_deref(), Some("0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"));
    }

    #[test]
    fn another_text_another_signer_and_no_second_signature_of_one() {
        let (who, signature) = sign([7; 32], "a");
        assert_eq!(signer(&hash("a"), &signature), Some(who));
        assert_ne!(signer(&hash("b"), &signature), Some(who));
        for wrong in [&signature[..64], &[signature.as_slice(), &[0]].concat(), &[]] {
            assert_eq!(signer(&hash("a"), wrong), None);
        }
        // The same signature with s from the other half of the group: whoever saw one could make it.
        let (r, s) = Signature::from_slice(&signature[..64]).expect("a signature").split_scalars();
        let other = Signature::from_scalars(*r, -*s);
        let mut high = other.expect("a signature").to_bytes().to_vec();
        high.push(if signature[64] == 27 { 28 } else { 27 });
        assert_eq!(signer(&hash("a"), &high), None);
    }

    #[test]
    fn bytes_are_read_from_hexadecimal_alone() {
        assert_eq!(bytes("0x0aFF"), Some(vec![10, 255]));
        for wrong in ["0aff", "0x0", "0xzz", "0xä"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
