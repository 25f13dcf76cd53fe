//! Records that prove a name: put into the DNS by updates of a name server (RFC 2136, signed as RFC 8945 has it), or by acme-dns.

use std::time::Duration;

use bytes::Bytes;
use hickory_proto::op::{Message, ResponseCode, update_message};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::{Name, RData, Record, RecordSet, TSigVerifier, TSigner};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::config::{Account, Provider};
use super::failure::{Code, Failed};
use crate::drivers::fetch::{self, Asked};
use crate::drivers::tls::actor::now;

/// The label in front of a name: RFC 8555 section 8.4.
const LABEL: &str = "_acme-challenge";
/// How long a record may be remembered elsewhere, in seconds.
const TTL: u32 = 30;
/// How long a server may take.
const ANSWER: Duration = Duration::from_secs(15);
/// How far the clocks may be apart, in seconds: RFC 8945 section 10 recommends it.
const FUDGE: u16 = 300;
/// Longest answer of acme-dns that is read, in bytes.
const LARGEST: usize = 4096;

/// What is done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Add,
    Remove,
}

/// Adds or removes the proof of a host.
pub(super) async fn change(provider: &Provider, deed: Deed, host: &str, proof: &str) -> Result<(), Failed> {
    let work = async {
        match provider {
            Provider::Update { server, zone, key_name, key } => {
                let signer = signer(key_name, key).map_err(|reason| Failed::new(Code::DnsKeyRefused, reason))?;
                let update = update(deed, zone, host, proof, &signer, now());
                let (update, verifier) = update.map_err(|reason| Failed::new(Code::DnsRefused, reason))?;
                let answer =
                    exchange(server, &update).await.map_err(|error| Failed::new(Code::DnsUnreachable, error))?;
                verdict(&answer, verifier)
            }
            // It forgets old proofs by itself.
            Provider::AcmeDns { .. } if deed == Deed::Remove => Ok(()),
            Provider::AcmeDns { server, account } => tell(server, account, proof).await,
        }
    };
    let silent = match provider {
        Provider::Update { .. } => Code::DnsUnreachable,
        Provider::AcmeDns { .. } => Code::AcmeDnsUnreachable,
    };
    tokio::time::timeout(ANSWER, work).await.unwrap_or_else(|_| Err(Failed::new(silent, "nobody answers")))
}

fn signer(name: &str, key: &[u8]) -> Result<TSigner, String> {
    let name = Name::from_ascii(name).map_err(|error| error.to_string())?;
    TSigner::new(key.to_vec(), TsigAlgorithm::HmacSha256, name, FUDGE).map_err(|error| error.to_string())
}

/// The message to the name server, and how to tell its answer from others'. `now` is in seconds since 1970 UTC.
fn update(
    deed: Deed,
    zone: &str,
    host: &str,
    proof: &str,
    signer: &TSigner,
    now: i64,
) -> Result<(Vec<u8>, TSigVerifier), String> {
    let wrong = |error: &dyn std::fmt::Display| error.to_string();
    let absolute = |text: &str| Name::from_ascii(format!("{text}.")).map_err(|error| wrong(&error));
    let (zone, name) = (absolute(zone)?, absolute(&format!("{LABEL}.{host}"))?);
    if !zone.zone_of(&name) {
        return Err("the name is not in the zone".into());
    }
    let record = Record::from_rdata(name, TTL, RData::TXT(TXT::new(vec![proof.to_owned()])));
    let record = RecordSet::from(record);
    let mut message = match deed {
        Deed::Add => update_message::append(record, zone, false, false),
        Deed::Remove => update_message::delete_by_rdata(record, zone, false),
    };
    let verifier = message.finalize(signer, now.unsigned_abs()).map_err(|error| wrong(&error))?;
    Ok((message.to_vec().map_err(|error| wrong(&error))?, verifier.ok_or("nothing was signed")?))
}

/// RFC 1035 section 4.2.2: by TCP a message has its length in front.
async fn exchange((host, port): &(String, u16), message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((host.as_str(), *port)).await?;
    let length = u16::try_from(message.len()).map_err(std::io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; length.into()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// What the name server said. That it was done counts only when it is signed.
fn verdict(answer: &[u8], mut verifier: TSigVerifier) -> Result<(), Failed> {
    let read = Message::from_vec(answer).map_err(|_| Failed::new(Code::DnsUnreachable, "it is no name server"))?;
    // NOTAUTH has two meanings: to whoever has the key, that it is not the server of this zone (RFC 2136 section 2.2), and to whoever
    // has not, that (RFC 8945 section 5.2).
    match (read.metadata.response_code, verifier.verify(answer).is_ok()) {
        (ResponseCode::NoError, true) => Ok(()),
        (ResponseCode::NoError, false) => Err(Failed::new(Code::DnsKeyRefused, "its answer is not signed by this key")),
        (code @ ResponseCode::NotAuth, false) => Err(Failed::new(Code::DnsKeyRefused, code)),
        (code, _) => Err(Failed::new(Code::DnsRefused, code)),
    }
}

/// `POST /update` of acme-dns.
async fn tell(server: &Url, account: &Account, proof: &str) -> Result<(), Failed> {
    let unreachable = |reason: fetch::Failed| Failed::new(Code::AcmeDnsUnreachable, reason);
    let mut url = server.clone();
    url.path_segments_mut().map_err(|()| unreachable(fetch::Failed::Odd))?.pop_if_empty().push("update");
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-api-user", account.username.as_str()), ("x-api-key", account.password.reveal())] {
        let mut value = HeaderValue::from_str(value).map_err(|_| Failed::from(Code::AcmeDnsRefused))?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = serde_json::json!({ "subdomain": account.subdomain, "txt": proof }).to_string();
    let asked = Asked { method: Method::POST, url: &url, headers, body: Bytes::from(body), authority: None };
    let done = async |answer: hyper::Response<hyper::body::Incoming>| {
        let status = answer.status();
        Ok::<_, fetch::Failed>((status, fetch::text(answer, LARGEST).await?))
    };
    let (status, said) = fetch::request(asked, done).await.map_err(unreachable)?;
    match status {
        StatusCode::OK if said.contains(proof) => Ok(()),
        StatusCode::OK => Err(unreachable(fetch::Failed::Odd)),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => {
            Err(Failed::new(Code::AcmeDnsRefused, status))
        }
        status => Err(Failed::new(Code::AcmeDnsUnreachable, status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_824_000;
    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn an_update_adds_or_removes_one_record_in_its_zone_and_is_signed() {
        let signer = signer("porch", KEY).expect("a key");
        let (bytes, _) =
            update(Deed::Add, "example.org", "porch.example.org", "proof", &signer, NOW).expect("it is made");
        let read = Message::from_vec(&bytes).expect("it is a message");
        assert_eq!(read.queries[0].name().to_string(), "example.org.");
        assert_eq!(read.authorities.len(), 1);
        assert_eq!(read.authorities[0].name.to_string(), "_acme-challenge.porch.example.org.");
        assert_eq!(read.authorities[0].ttl, TTL);
        assert!(read.signature().is_some());
        // It is for whoever has the key alone.
        signer.verify_message_byte(&bytes, None, true).expect("it is signed");
        let other = self::signer("porch", &[7; 32]).expect("a key");
        assert!(other.verify_message_byte(&bytes, None, true).is_err());
        update(Deed::Remove, "example.org", "example.org", "proof", &signer, NOW).expect("it is made");
        assert!(update(Deed::Add, "example.org", "porch.example.com", "proof", &signer, NOW).is_err());
    }

    #[test]
    fn an_answer_that_is_not_signed_says_nothing_good() {
        let signer = signer("porch", KEY).expect("a key");
        let made = || update(Deed::Add, "example.org", "example.org", "proof", &signer, NOW).expect("it is made").1;
        let said = |code| Message::error_msg(1, hickory_proto::op::OpCode::Update, code).to_vec().expect("it is made");
        for (code, expected) in [
            (ResponseCode::NoError, Code::DnsKeyRefused),
            (ResponseCode::NotAuth, Code::DnsKeyRefused),
            (ResponseCode::Refused, Code::DnsRefused),
            (ResponseCode::NotZone, Code::DnsRefused),
            (ResponseCode::ServFail, Code::DnsRefused),
        ] {
            assert_eq!(verdict(&said(code), made()).expect_err("it is not signed").code, expected, "{code}");
        }
        for junk in [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", &[0xff; 64]] {
            assert_eq!(verdict(junk, made()).expect_err("it is junk").code, Code::DnsUnreachable);
        }
    }
}
