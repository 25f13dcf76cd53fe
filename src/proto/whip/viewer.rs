//! The offer and the answer of a viewer.

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

/// The answer to a viewer's offer as WHEP wants it: everything belongs to one stream, so that players keep lips and voice
/// together (section 4.5.2), and nothing but multiplexed RTCP is spoken of (RFC 8858).
pub fn viewer_answer(sdp: &str, stream: &str) -> String {
    let mut out = String::with_capacity(sdp.len() + 256);
    for line in sdp.split_inclusive('\n') {
        let text = line.trim_end();
        if text.starts_with("a=msid-semantic:") {
            out.push_str(&format!("a=msid-semantic: WMS {stream}\r\n"));
        } else if let Some((before, track)) = stream_and_track(text) {
            out.push_str(&format!("{before}{stream} {track}\r\n"));
        } else {
            out.push_str(line);
            if text == "a=rtcp-mux" && !sdp.contains("a=rtcp-mux-only") {
                out.push_str("a=rtcp-mux-only\r\n");
            }
        }
    }
    out
}

/// What stands before the stream of a line that names one (RFC 8830, and its older form), and the track behind it.
fn stream_and_track(line: &str) -> Option<(&str, &str)> {
    let at = match line.strip_prefix("a=ssrc:") {
        Some(rest) => line.len() - rest.split_once(" msid:")?.1.len(),
        None => line.starts_with("a=msid:").then_some("a=msid:".len())?,
    };
    let (before, named) = line.split_at(at);
    Some((before, named.split_once(' ')?.1))
}

/// Each section of a session description, its session part first.
pub fn sections(sdp: &str) -> impl Iterator<Item = &str> {
    let starts = sdp.match_indices("\nm=").map(|(at, _)| at + 1);
    let ends = starts.clone().chain([sdp.len()]);
    [0].into_iter().chain(starts).zip(ends).map(|(start, end)| &sdp[start..end])
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
    #[test]
    fn an_answer_is_one_stream_of_multiplexed_media() {
        let answer = "v=0\r\na=msid-semantic: WMS one two\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=msid:one tone\r\n\
                      a=rtcp-mux\r\nm=video 9 UDP/TLS/RTP/SAVPF 108\r\na=msid:two picture\r\na=rtcp-mux\r\n\
                      a=ssrc:7 cname:box\r\na=ssrc:7 msid:two picture\r\n";
        let wanted = "v=0\r\na=msid-semantic: WMS garden\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=msid:garden tone\r\n\
                      a=rtcp-mux\r\na=rtcp-mux-only\r\nm=video 9 UDP/TLS/RTP/SAVPF 108\r\na=msid:garden picture\r\n\
                      a=rtcp-mux\r\na=rtcp-mux-only\r\na=ssrc:7 cname:box\r\na=ssrc:7 msid:garden picture\r\n";
        assert_eq!(viewer_answer(answer, "garden"), wanted);
        assert_eq!(viewer_answer(wanted, "garden"), wanted, "nothing is said twice");
    }
}
