//! `[wallets]`: wallets that are contracts on a chain, which say themselves whether a signature is theirs (ERC-1271). A server that knows
//! the chain is asked by JSON-RPC (EIP-1474).

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;
use url::Url;

use super::hexadecimal;
use crate::drivers::fetch::{self, Asked};
use crate::model::pace::Pace;
use crate::model::quantity;
use crate::proto::auth::siwe::Address;

/// The first bytes of a call of `isValidSignature(bytes32,bytes)`, and of the word that it answers where the signature is good.
const MAGIC: &str = "1626ba7e";
/// Longest signature that a contract is asked about, in bytes.
const LONGEST: usize = 8192;
/// Longest address of a server, in bytes.
const LONGEST_ADDRESS: usize = 2048;
/// Largest answer, in bytes.
const LARGEST: usize = 64 * 1024;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// Questions at one time. More are refused.
const AT_ONCE: usize = 4;
/// So many questions in a row, and then one each [`STEP`]: whoever knows a wallet that somebody here has could have the box ask for ever.
const BURST: u32 = 20;
/// See [`BURST`].
const STEP: Duration = Duration::from_secs(3);

/// Whether, and where, contracts are asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The file with the address of a server that knows the chain. It may hold a key, so that it is a secret.
    #[serde(serialize_with = "quantity::write_file", deserialize_with = "path")]
    pub rpc: Option<PathBuf>,
}

fn path<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    quantity::file(from, "a file by its whole path, such as \"/etc/porchlight/wallets-rpc\", or nothing")
}

/// Why the file does not do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("{0} of wallets.rpc can't be read: {1}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// It holds no address.
    #[error("{0} of wallets.rpc must hold one line, such as \"https://rpc.example.org/key\"")]
    NoAddress(PathBuf),
}

/// Why it is not known whether a signature is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// No server is named in the configuration.
    #[error("no server is configured that could be asked")]
    Off,
    /// The contract is on another chain.
    #[error("the server knows another chain")]
    OtherChain,
    /// Too many are asked about at once.
    #[error("too many contracts are asked at once")]
    Busy,
    /// The server can't be asked.
    #[error("the server can't be asked: {0}")]
    Way(#[from] fetch::Failed),
}

/// A server that knows a chain.
pub struct Chain {
    url: Option<Url>,
    places: Semaphore,
    pace: Mutex<Pace>,
}

/// Where it is, is not for a log.
impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("on", &self.url.is_some()).finish_non_exhaustive()
    }
}

impl Chain {
    /// The server that the configuration names. Reads its file.
    ///
    /// # Errors
    /// [`Error`].
    pub fn load(config: &Config) -> Result<Self, Error> {
        let url = config.rpc.as_ref().map(read).transpose()?;
        Ok(Self { url, places: Semaphore::new(AT_ONCE), pace: Mutex::new(Pace::new(BURST, STEP)) })
    }

    /// Whether the contract at `who` takes this for its signature of `hash`.
    ///
    /// # Errors
    /// All of [`Unknown`].
    pub async fn took(&self, who: Address, chain: u64, hash: &[u8; 32], signature: &[u8]) -> Result<bool, Unknown> {
        let url = self.url.as_ref().ok_or(Unknown::Off)?;
        if signature.len() > LONGEST {
            return Ok(false);
        }
        let _place = self.places.try_acquire().map_err(|_| Unknown::Busy)?;
        let mut pace = self.pace.lock().await;
        pace.take(Instant::now().into_std()).map_err(|_| Unknown::Busy)?;
        drop(pace);
        let call = json!([{ "to": who.to_string(), "data": call(hash, signature) }, "latest"]);
        let asking = async {
            let known = result(&asked(url, "eth_chainId", &json!([])).await?)?;
            if known.and_then(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()) != Some(chain) {
                return Err(Unknown::OtherChain);
            }
            Ok(result(&asked(url, "eth_call", &call).await?)?.is_some_and(|word| is_magic(&word)))
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or(Err(fetch::Failed::Silent.into()))
    }
}

fn read(path: &PathBuf) -> Result<Url, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::Unreadable(path.clone(), error))?;
    let text = text.trim();
    let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST_ADDRESS);
    url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        .ok_or_else(|| Error::NoAddress(path.clone()))
}

/// The bytes of a call: function, hash, where the signature begins, how long it is, and itself, filled up to whole words (Solidity ABI).
fn call(hash: &[u8; 32], signature: &[u8]) -> String {
    let word = |number: usize| format!("{number:064x}");
    let fill = "00".repeat(signature.len().next_multiple_of(32) - signature.len());
    format!("0x{MAGIC}{}{}{}{}{fill}", hexadecimal(hash), word(64), word(signature.len()), hexadecimal(signature))
}

/// Whether a contract answered that the signature is its own: the first four bytes, in a word of its own.
fn is_magic(word: &str) -> bool {
    word.strip_prefix("0x").is_some_and(|word| word.len() == 64 && word.starts_with(MAGIC))
}

async fn asked(url: &Url, method: &str, params: &Value) -> Result<Value, fetch::Failed> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let asked = Asked { method: Method::POST, url, headers, body: Bytes::from(body), authority: None };
    let text = fetch::request(asked, async |answer| fetch::text(answer, LARGEST).await).await?;
    serde_json::from_str(&text).map_err(|_| fetch::Failed::Odd)
}

/// What a server answered; nothing where the contract gave up over it. Servers say that in several ways, of which all name it.
fn result(answer: &Value) -> Result<Option<String>, fetch::Failed> {
    match (&answer["result"], &answer["error"]["message"]) {
        (Value::String(result), _) => Ok(Some(result.clone())),
        (_, Value::String(why)) if why.contains("revert") || why.contains("invalid opcode") => Ok(None),
        _ => Err(fetch::Failed::Odd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_laid_out_as_contracts_read_it() {
        let text = call(&[0xab; 32], &[0xcd; 65]);
        assert_eq!(text.len(), 2 + 8 + 64 * 3 + 64 * 3);
        assert!(text.starts_with(&format!("0x1626ba7e{}", "ab".repeat(32))));
        let rest = text.get(74..).expect("the arguments");
        let length = "0".repeat(62) + "41";
        assert_eq!(rest, format!("{}40{length}{}{}", "0".repeat(62), "cd".repeat(65), "00".repeat(31)));
        assert!(call(&[0; 32], &[1; 64]).ends_with("01"), "whole words are not filled up");
    }

    #[test]
    fn an_answer_is_good_bad_or_none() {
        let good = format!("0x1626ba7e{}", "0".repeat(56));
        assert!(is_magic(&good));
        for bad in ["0x", "0x1626ba7e", "1626ba7e", &format!("0xffffffff{}", "0".repeat(56)), &format!("{good}00")] {
            assert!(!is_magic(bad), "{bad}");
        }
        assert_eq!(result(&json!({ "result": "0x" })), Ok(Some("0x".into())));
        assert_eq!(result(&json!({ "error": { "code": 3, "message": "execution reverted" } })), Ok(None));
        for odd in
            [json!({}), json!([]), json!({ "result": 1 }), json!({ "error": { "message": "too many requests" } })]
        {
            assert_eq!(result(&odd), Err(fetch::Failed::Odd), "{odd}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let folder = tempfile::tempdir().expect("there is a disk");
        let file = folder.path().join("rpc");
        let load = || Chain::load(&Config { rpc: Some(file.clone()) });
        assert!(matches!(load(), Err(Error::Unreadable(..))));
        for text in ["", "rpc.example.org", "ftp://rpc.example.org", "https://", "a b"] {
            std::fs::write(&file, text).expect("it can be written");
            assert!(matches!(load(), Err(Error::NoAddress(_))), "{text}");
        }
        std::fs::write(&file, "https://rpc.example.org/secret\n").expect("it can be written");
        assert!(!format!("{:?}", load().expect("an address")).contains("secret"));
    }

    #[tokio::test]
    async fn nothing_is_asked_where_nothing_is_configured() {
        let chain = Chain::load(&Config::default()).expect("nothing to read");
        let took = chain.took(Address([1; 20]), 1, &[0; 32], &[0; 65]).await;
        assert_eq!(took, Err(Unknown::Off));
    }
}
