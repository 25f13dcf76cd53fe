//! What an offer must be to be answered over plain HTTP: WHEP (draft-ietf-wish-whep-04), which follows WHIP (RFC 9725).
//!
//! Only the lines that decide who sends what are read; everything else of a session description is the engine's affair.

/// Why an offer can't be answered; a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no media section.
    #[error("the offer has no media")]
    NoMedia,
    /// A viewer receives one picture and one sound, and nothing else.
    #[error("the offer must have one video, one audio, or one of each, and nothing else")]
    Sections,
    /// A viewer's pictures are not to be H.264.
    #[error("the video of the offer must allow H264, as a stream here is made of nothing else")]
    Codec,
    /// A viewer's section does not receive.
    #[error("every section of the offer must be recvonly or sendrecv")]
    Direction,
}

/// The offer of a viewer as it is answered: at most one section of sound and one of pictures, all of them receiving. Who
/// offers to send as well (RFC 4566 section 6, `sendrecv`) is answered as if they did not.
///
/// # Errors
/// [`Refused`].
pub fn viewer_offer(sdp: &str) -> Result<String, Refused> {
    let (mut audio, mut video, mut h264) = (0, 0, false);
    let mut out = String::with_capacity(sdp.len());
    for line in sdp.split_inclusive('\n') {
        let text = line.trim_end();
        if let Some(media) = text.strip_prefix("m=") {
            match media.split(' ').next() {
                Some("audio") => audio += 1,
                Some("video") => video += 1,
                _ => return Err(Refused::Sections),
            }
        }
        let map = text.strip_prefix("a=rtpmap:").and_then(|map| map.split_once(' '));
        h264 |= map.is_some_and(|(_, codec)| codec.to_ascii_uppercase().starts_with("H264/"));
        match text {
            "a=sendonly" | "a=inactive" => return Err(Refused::Direction),
            "a=sendrecv" => out.push_str("a=recvonly\r\n"),
            _ => out.push_str(line),
        }
    }
    match (audio, video) {
        (0, 0) => Err(Refused::NoMedia),
        (0..=1, 1) if !h264 => Err(Refused::Codec),
        (0..=1, 0..=1) => Ok(out),
        _ => Err(Refused::Sections),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\n";
    const VIDEO: &str = "m=video 9 UDP/TLS/RTP/SAVPF 108\r\na=mid:1\r\na=rtpmap:108 h264/90000\r\na=recvonly\r\n";

    #[test]
    fn one_sound_one_picture_or_both_are_answered_as_they_are() {
        for sections in [AUDIO.to_owned(), VIDEO.to_owned(), format!("{AUDIO}{VIDEO}")] {
            let offer = format!("v=0\r\n{sections}");
            assert_eq!(viewer_offer(&offer), Ok(offer));
        }
    }

    #[test]
    fn who_offers_to_send_as_well_only_receives() {
        let both = format!("v=0\r\n{VIDEO}").replace("recvonly", "sendrecv");
        assert_eq!(viewer_offer(&both), Ok(format!("v=0\r\n{VIDEO}")));
    }

    #[test]
    fn what_is_no_viewer_s_offer_is_refused() {
        assert_eq!(viewer_offer(""), Err(Refused::NoMedia));
        assert_eq!(viewer_offer("<html>"), Err(Refused::NoMedia));
        assert_eq!(viewer_offer(&VIDEO.replace("h264", "VP8")), Err(Refused::Codec));
        assert_eq!(viewer_offer(&format!("{VIDEO}{VIDEO}")), Err(Refused::Sections));
        let channel = format!("{AUDIO}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
        assert_eq!(viewer_offer(&channel), Err(Refused::Sections));
        for direction in ["sendonly", "inactive"] {
            assert_eq!(viewer_offer(&AUDIO.replace("recvonly", direction)), Err(Refused::Direction), "{direction}");
        }
    }
}
