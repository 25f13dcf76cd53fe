//! Asking a STUN server from which address it sees us (RFC 8489).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Names a question, so that nobody who did not see it can answer; random.
pub type Transaction = [u8; 12];

/// Bytes of what stands before the attributes.
const HEAD: usize = 20;
/// A question, without attributes.
pub type Question = [u8; HEAD];

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const COOKIE: u32 = 0x2112_A442;
const MAPPED_ADDRESS: u16 = 0x0001;
const USERNAME: u16 = 0x0006;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// RFC 5780 section 7.4.
const OTHER_ADDRESS: u16 = 0x802C;

/// Whether a packet is STUN and nothing else that shares its port (RFC 8489 section 5, RFC 7983).
pub fn is_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEAD && bytes[0] < 4 && bytes[4..8] == COOKIE.to_be_bytes()
}

/// The user fragment by which an ICE check calls whom it is sent to: what stands before the colon of its user name (RFC 8445
/// section 7.2.2).
pub fn called(bytes: &[u8]) -> Option<&str> {
    let value = attributes(bytes.get(HEAD..)?).find_map(|(kind, value)| (kind == USERNAME).then_some(value))?;
    std::str::from_utf8(value).ok()?.split_once(':').map(|(ours, _)| ours)
}

/// Kinds and values, as far as they are whole (RFC 8489 section 14).
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (head, after) = rest.split_at_checked(4)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = after.get(..length)?;
        rest = after.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_be_bytes([head[0], head[1]]), value))
    })
}

/// What a server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// To which question.
    pub transaction: Transaction,
    /// Where it sees us.
    pub mapped: SocketAddr,
    /// Another address and port at which it can be asked (RFC 5780), if it has one.
    pub other: Option<SocketAddr>,
}

/// A binding request.
pub fn question(transaction: Transaction) -> Question {
    let mut bytes = [0; HEAD];
    bytes[..2].copy_from_slice(&BINDING_REQUEST.to_be_bytes());
    bytes[4..8].copy_from_slice(&COOKIE.to_be_bytes());
    bytes[8..].copy_from_slice(&transaction);
    bytes
}

/// Reads a binding success response; `None` if it is anything else.
pub fn answer(bytes: &[u8]) -> Option<Answer> {
    let (head, body) = bytes.split_at_checked(HEAD)?;
    let number = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    if number(0) != BINDING_SUCCESS || head[4..8] != COOKIE.to_be_bytes() || usize::from(number(2)) != body.len() {
        return None;
    }
    let transaction: Transaction = head[8..].try_into().ok()?;
    let (mut plain, mut hidden, mut other) = (None, None, None);
    for (kind, value) in attributes(body) {
        match kind {
            MAPPED_ADDRESS => plain = plain.or(address(value)),
            XOR_MAPPED_ADDRESS => hidden = hidden.or(address(value).map(|seen| uncover(seen, transaction))),
            OTHER_ADDRESS => other = other.or(address(value)),
            _ => {}
        }
    }
    Some(Answer { transaction, mapped: hidden.or(plain)?, other })
}

/// Reads family, port and address (RFC 8489 section 14.1).
fn address(value: &[u8]) -> Option<SocketAddr> {
    let [_, family, high, low, ip @ ..] = value else { return None };
    let ip = match family {
        1 => IpAddr::from(<[u8; 4]>::try_from(ip).ok()?),
        2 => IpAddr::from(<[u8; 16]>::try_from(ip).ok()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes([*high, *low])))
}

/// Takes cookie and transaction off an address (RFC 8489 section 14.2).
fn uncover(seen: SocketAddr, transaction: Transaction) -> SocketAddr {
    let port = seen.port() ^ (COOKIE >> 16) as u16;
    let ip = match seen.ip() {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() ^ COOKIE).into(),
        IpAddr::V6(ip) => {
            let mask = transaction.iter().fold(u128::from(COOKIE), |mask, &byte| mask << 8 | u128::from(byte));
            Ipv6Addr::from_bits(ip.to_bits() ^ mask).into()
        }
    };
    SocketAddr::new(ip, port)
}

/// Answers a question as a server does, for tests.
#[cfg(test)]
pub(crate) fn answer_to(question: &[u8], mapped: SocketAddr) -> Vec<u8> {
    let transaction: Transaction = question[8..20].try_into().expect("it is a question");
    let hidden = uncover(mapped, transaction);
    let ip = match hidden.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let mut bytes = vec![1, 1, 0, 8 + ip.len() as u8, 0x21, 0x12, 0xA4, 0x42];
    bytes.extend(transaction);
    bytes.extend([0, 0x20, 0, 4 + ip.len() as u8, 0, if hidden.is_ipv4() { 1 } else { 2 }]);
    bytes.extend(hidden.port().to_be_bytes());
    bytes.extend(ip);
    bytes
}

/// A check of whoever calls us by this user name, for tests.
#[cfg(test)]
pub(crate) fn check(user: &str, transaction: Transaction) -> Vec<u8> {
    let mut bytes = question(transaction).to_vec();
    bytes.extend(USERNAME.to_be_bytes());
    bytes.extend((user.len() as u16).to_be_bytes());
    bytes.extend(user.bytes());
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let length = (bytes.len() - HEAD) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits");
        digits.chunks(2).map(pair).collect()
    }

    #[test]
    fn the_answers_of_rfc_5769_are_read() {
        // Sections 2.2 and 2.3: SOFTWARE, XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT.
        let v4 = bytes(
            "0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220 00200008 0001a147e112a643
             00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96",
        );
        let v6 = bytes(
            "01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220
             00200014 0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9
             00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c",
        );
        let mapped = |bytes: &[u8]| answer(bytes).map(|answer| answer.mapped.to_string());
        assert_eq!(mapped(&v4).as_deref(), Some("192.0.2.1:32853"));
        assert_eq!(mapped(&v6).as_deref(), Some("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
        for end in 0..v4.len() {
            assert_eq!(answer(&v4[..end]), None, "{end} bytes of it");
        }
    }

    #[test]
    fn the_request_of_rfc_5769_says_whom_it_calls() {
        // Section 2.1: SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME, MESSAGE-INTEGRITY and FINGERPRINT.
        let request = bytes(
            "00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74 00240004 6e0001ff
             80290008 932ff9b151263b36 00060009 6576746a3a68367659202020
             00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf",
        );
        assert!(is_stun(&request));
        assert_eq!(called(&request), Some("evtj"));
        let user = request.len() - 32 - 12..;
        for end in 0..user.start + 9 {
            assert_eq!(called(&request[..end]), None, "{end} bytes of it");
        }
        assert_eq!(called(&check("ada:bob", [1; 12])), Some("ada"));
        assert_eq!(called(&check("ada", [1; 12])), None);
        for other in [&[128, 96][..], &[20; 30], &question([3; 12])[..19]] {
            assert!(!is_stun(other));
        }
    }

    #[test]
    fn an_old_server_and_its_other_address_are_understood() {
        let old =
            bytes("01010018 2112a442 000102030405060708090a0b 00010008 0001 1f40 cb007107 802c0008 0001 0d97 c6336401");
        let expected = Answer {
            transaction: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
            mapped: "203.0.113.7:8000".parse().expect("an address"),
            other: Some("198.51.100.1:3479".parse().expect("an address")),
        };
        assert_eq!(answer(&old), Some(expected));
    }

    #[test]
    fn a_question_is_answered_with_its_own_name() {
        let seen: SocketAddr = "[2001:db8::7]:4000".parse().expect("an address");
        let asked = question([7; 12]);
        assert_eq!(answer(&answer_to(&asked, seen)), Some(Answer { transaction: [7; 12], mapped: seen, other: None }));
        assert_eq!(answer(&asked), None, "a question is no answer");
    }
}
