//! What a viewer says of its addresses after the offer: fragments of session descriptions (RFC 8840 section 9), by which
//! candidates are added and ICE is started anew.

use super::viewer::sections;

/// Bytes of a candidate's line at most.
const LINE: usize = 512;
/// Candidates of a fragment at most; browsers have about a dozen.
const CANDIDATES: usize = 64;
/// Bytes of a name fragment and of a password at least and at most (RFC 8839 section 5.4).
const UFRAG: std::ops::RangeInclusive<usize> = 4..=256;
const PASSWORD: std::ops::RangeInclusive<usize> = 22..=256;

/// A fragment can't be used; a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the fragment needs one ice-ufrag, one ice-pwd, and at most {CANDIDATES} candidates")]
pub struct Malformed;

/// How a viewer is reached from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    ufrag: String,
    password: String,
    /// Whole lines, without their ends.
    candidates: Vec<String>,
}

impl Fragment {
    /// Reads a fragment. As everything is bundled, all its sections speak of the same connection.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(text: &str) -> Result<Self, Malformed> {
        let (mut ufrag, mut password, mut candidates) = (None, None, Vec::new());
        for line in text.lines().map(str::trim_end) {
            if let Some(value) = line.strip_prefix("a=ice-ufrag:") {
                set(&mut ufrag, value, UFRAG)?;
            } else if let Some(value) = line.strip_prefix("a=ice-pwd:") {
                set(&mut password, value, PASSWORD)?;
            } else if line.starts_with("a=candidate:") {
                if candidates.len() == CANDIDATES || line.len() > LINE {
                    return Err(Malformed);
                }
                candidates.push(line.to_owned());
            }
        }
        Ok(Self { ufrag: ufrag.ok_or(Malformed)?, password: password.ok_or(Malformed)?, candidates })
    }

    /// Whether it starts ICE anew: it has other credentials than the offer.
    pub fn restarts(&self, offer: &str) -> bool {
        let ours = [("a=ice-ufrag:", &self.ufrag), ("a=ice-pwd:", &self.password)];
        let other = |line: &str| ours.iter().any(|(name, own)| line.strip_prefix(*name).is_some_and(|is| is != *own));
        offer.lines().map(str::trim_end).any(other)
    }

    /// The offer as it would be with these addresses: nothing else in it may change (RFC 9725 section 4.3.3).
    pub fn offer(&self, offer: &str) -> String {
        let mut out = String::with_capacity(offer.len());
        let mut place = Place::Before;
        for line in offer.split_inclusive('\n') {
            let text = line.trim_end();
            if text.starts_with("a=candidate:") || text == "a=end-of-candidates" {
                continue;
            }
            match place {
                Place::Before if text.starts_with("m=") => place = Place::First,
                Place::First if text.starts_with("a=") || text.starts_with("m=") => {
                    self.candidates.iter().for_each(|candidate| push(&mut out, candidate));
                    place = Place::Behind;
                }
                _ => {}
            }
            if text.starts_with("a=ice-ufrag:") {
                push(&mut out, &format!("a=ice-ufrag:{}", self.ufrag));
            } else if text.starts_with("a=ice-pwd:") {
                push(&mut out, &format!("a=ice-pwd:{}", self.password));
            } else {
                out.push_str(line);
            }
        }
        out
    }
}

/// Where a line of an offer stands: candidates go in front of the first attribute of the first section.
enum Place {
    Before,
    First,
    Behind,
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push_str("\r\n");
}

fn set(of: &mut Option<String>, value: &str, length: std::ops::RangeInclusive<usize>) -> Result<(), Malformed> {
    let whole = length.contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b));
    if !whole || of.as_ref().is_some_and(|of| of != value) {
        return Err(Malformed);
    }
    of.get_or_insert_with(|| value.to_owned());
    Ok(())
}

/// What an answer says of the box's addresses, as a fragment: all there are, so that it ends with that.
pub fn answered(answer: &str) -> String {
    const SESSION: [&str; 3] = ["a=group:", "a=ice-lite", "a=ice-options:"];
    const SECTION: [&str; 6] = ["m=", "a=mid:", "a=ice-ufrag:", "a=ice-pwd:", "a=ice-options:", "a=candidate:"];
    let mut out = String::new();
    let mut sections = sections(answer);
    for (section, wanted) in [(sections.next(), &SESSION[..]), (sections.next(), &SECTION[..])] {
        for line in section.unwrap_or_default().lines().map(str::trim_end) {
            if wanted.iter().any(|name| line.starts_with(name)) {
                push(&mut out, line);
            }
        }
    }
    push(&mut out, "a=end-of-candidates");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n";
    const NEW: &str = "a=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n";
    const HERE: &str = "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n";
    const THERE: &str = "a=candidate:2 1 udp 2122194687 198.51.100.2 61765 typ host\r\n";

    fn offer(credentials: &str, candidates: &str) -> String {
        format!(
            "v=0\r\ns=-\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n{candidates}a=mid:0\r\n\
             {credentials}m=video 9 UDP/TLS/RTP/SAVPF 108\r\na=mid:1\r\n{credentials}"
        )
    }

    fn fragment(credentials: &str, candidates: &str) -> Fragment {
        let text =
            format!("a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n{credentials}{candidates}");
        Fragment::read(&text).expect("it is whole")
    }

    #[test]
    fn candidates_are_added_under_the_same_credentials() {
        let more = fragment(OLD, THERE);
        let first = offer(OLD, HERE);
        assert!(!more.restarts(&first));
        assert_eq!(more.offer(&first), offer(OLD, THERE), "the box has the others already");
    }

    #[test]
    fn other_credentials_start_anew_with_the_candidates_that_come_along() {
        let anew = fragment(NEW, &format!("{HERE}{THERE}a=end-of-candidates\r\n"));
        let first = offer(OLD, HERE);
        assert!(anew.restarts(&first));
        assert_eq!(anew.offer(&first), offer(NEW, &format!("{HERE}{THERE}")));
        assert!(!anew.restarts(&anew.offer(&first)));
        let name_alone = fragment(&OLD.replace("EsAw", "EsAx"), "");
        assert!(name_alone.restarts(&first));
    }

    #[test]
    fn what_is_no_fragment_is_refused() {
        let lines = |lines: &[&str]| Fragment::read(&lines.concat());
        assert_eq!(lines(&[]), Err(Malformed));
        assert_eq!(lines(&["v=0\r\n"]), Err(Malformed));
        assert_eq!(lines(&["a=ice-ufrag:EsAw\r\n"]), Err(Malformed), "without a password");
        assert_eq!(lines(&[OLD, NEW]), Err(Malformed), "of two connections");
        assert_eq!(lines(&[&OLD.replace("EsAw", "EsA")]), Err(Malformed), "too short");
        assert_eq!(lines(&[&OLD.replace("EsAw", "Es w")]), Err(Malformed));
        assert_eq!(lines(&[OLD, &HERE.repeat(CANDIDATES + 1)]), Err(Malformed));
        assert_eq!(lines(&[OLD, &format!("a=candidate:{}\r\n", "1".repeat(LINE))]), Err(Malformed));
        assert!(lines(&[OLD, OLD, &HERE.repeat(CANDIDATES)]).is_ok());
    }

    #[test]
    fn the_answer_s_addresses_are_a_fragment() {
        let answer = offer(NEW, &format!("{HERE}{THERE}")).replace("a=group", "a=ice-options:trickle\r\na=group");
        let text = answered(&answer);
        let credentials = format!("a=mid:0\r\n{NEW}");
        let section = format!("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{HERE}{THERE}{credentials}");
        assert_eq!(text, format!("a=ice-options:trickle\r\na=group:BUNDLE 0 1\r\n{section}a=end-of-candidates\r\n"));
        assert_eq!(Fragment::read(&text), Ok(fragment(NEW, &format!("{HERE}{THERE}"))));
    }
}
