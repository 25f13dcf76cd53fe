//! What of an answer to our own offer has to be true before pictures are sent (RFC 9725 section 4.2).

use super::viewer::sections;

/// Why an answer is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    /// It has no picture, or none as H.264 that it receives.
    #[error("the server does not take pictures as H.264")]
    Pictures,
    /// It has no sound, or none as Opus that it receives.
    #[error("the server does not take sound as Opus")]
    Sound,
}

/// Whether an answer takes one picture as H.264 and one sound as Opus: what is on air is made of nothing else.
///
/// # Errors
/// [`Declined`].
pub fn takes_program(answer: &str) -> Result<(), Declined> {
    let takes = |kind: &str, codec: &str| sections(answer).any(|section| takes(section, kind, codec));
    if !takes("video", "H264/") {
        return Err(Declined::Pictures);
    }
    if takes("audio", "OPUS/") { Ok(()) } else { Err(Declined::Sound) }
}

fn takes(section: &str, kind: &str, codec: &str) -> bool {
    // m=video port protocol number… (RFC 8866 section 5.14); port zero refuses it (RFC 3264 section 6).
    let mut words = section.lines().next().and_then(|line| line.strip_prefix("m=")).unwrap_or_default().split(' ');
    let here = words.next() == Some(kind) && words.next().is_some_and(|port| port != "0");
    let mut lines = section.lines().map(str::trim_end);
    here && lines.clone().all(|line| line != "a=inactive" && line != "a=sendonly")
        && lines.any(|line| {
            let map = line.strip_prefix("a=rtpmap:").and_then(|map| map.split_once(' '));
            map.is_some_and(|(_, of)| of.to_ascii_uppercase().starts_with(codec))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=recvonly\r\n";
    const VIDEO: &str = "m=video 9 UDP/TLS/RTP/SAVPF 108\r\na=rtpmap:108 H264/90000\r\na=recvonly\r\n";

    #[test]
    fn both_are_taken_or_nothing_is_sent() {
        let answer = format!("v=0\r\n{AUDIO}{VIDEO}");
        assert_eq!(takes_program(&answer), Ok(()));
        for (from, to, declined) in [
            ("video 9", "video 0", Declined::Pictures),
            ("H264", "VP8", Declined::Pictures),
            ("108 H264/90000\r\na=recvonly", "108 H264/90000\r\na=inactive", Declined::Pictures),
            ("audio 9", "audio 0", Declined::Sound),
            ("opus", "PCMU", Declined::Sound),
        ] {
            assert_eq!(takes_program(&answer.replace(from, to)), Err(declined), "{to}");
        }
        for odd in ["", "v=0\r\n", "m=video", "\nm=\n", VIDEO] {
            assert!(takes_program(odd).is_err(), "{odd}");
        }
    }
}
