//! What is read in a browser's offer besides the engine, and what is taken out of offers and answers.

use std::borrow::Cow;

use crate::model::layer::LAYERS;
use crate::model::track::Codec;
use crate::proto::whip::sections;

/// Largest session description accepted, in bytes.
pub(super) const LARGEST: usize = 60 * 1024;
/// Media sections at most.
pub(super) const SECTIONS: usize = 128;

/// Removes candidates that are never checked: those by mDNS name, which are not resolved, and connections, which the box does
/// not open. The addresses behind both are learnt from the browser's own checks.
pub(super) fn without_names(sdp: &str) -> String {
    let mut out = String::with_capacity(sdp.len());
    for line in sdp.split_inclusive('\n') {
        // a=candidate:foundation component transport priority address port … (RFC 8839 section 5.1)
        let mut words = line.strip_prefix("a=candidate:").into_iter().flat_map(str::split_whitespace).skip(2);
        let tcp = words.next().is_some_and(|transport| transport.eq_ignore_ascii_case("tcp"));
        if !tcp && !words.nth(1).is_some_and(|address| address.ends_with(".local")) {
            out.push_str(line);
        }
    }
    out
}

/// The header extension by which a receiver reports the arrival of every packet, for the sender to estimate bandwidth.
const ARRIVALS: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// Removes [`ARRIVALS`] from the sections in which the browser only receives. It is for peers that are sent what there is in
/// one size: nobody reads these reports then, and they cost about a sixth of all forwarding (docs/performance.md).
pub(super) fn without_arrivals(sdp: &str) -> String {
    let mut out = String::with_capacity(sdp.len());
    for section in sections(sdp) {
        let receives = has(section, "a=recvonly");
        let unread = |line: &&str| receives && line.starts_with("a=extmap:") && line.contains(ARRIVALS);
        out.extend(section.split_inclusive('\n').filter(|line| !unread(line)));
    }
    out
}

fn has(section: &str, attribute: &str) -> bool {
    section.lines().any(|line| line.trim_end() == attribute)
}

/// The answer with this video codec alone in every section in which the peer sends pictures and can code them so: it then has
/// no other choice.
pub(super) fn speaking(answer: &str, codec: Codec) -> String {
    let name = match codec {
        Codec::H264 => "H264",
        Codec::Vp8 => "VP8",
        Codec::Opus | Codec::Aac => return answer.to_owned(),
    };
    sections(answer).map(|section| only(section, name)).collect()
}

fn only<'a>(section: &'a str, name: &str) -> Cow<'a, str> {
    if !section.starts_with("m=video ") || !(has(section, "a=recvonly") || has(section, "a=sendrecv")) {
        return section.into();
    }
    let mut kept: Vec<&str> = Vec::new();
    for line in section.lines() {
        let Some((number, format)) = line.strip_prefix("a=rtpmap:").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        if format.split('/').next().is_some_and(|of| of.eq_ignore_ascii_case(name)) {
            kept.push(number);
        }
    }
    if kept.is_empty() {
        return section.into();
    }
    // What repairs it (RFC 4588 section 8).
    let repairs = section.lines().filter_map(|line| {
        let (number, rest) = line.trim_end().strip_prefix("a=fmtp:")?.split_once(' ')?;
        let of = rest.split(';').find_map(|part| part.trim().strip_prefix("apt="))?;
        kept.contains(&of).then_some(number)
    });
    let repairs: Vec<&str> = repairs.collect();
    kept.extend(repairs);
    let mut out = String::with_capacity(section.len());
    for line in section.split_inclusive('\n') {
        let text = line.trim_end();
        if let Some(media) = text.strip_prefix("m=") {
            // m=video port protocol number number… (RFC 8866 section 5.14)
            let fields = media.split(' ').enumerate().filter(|(at, field)| *at < 3 || kept.contains(field));
            out.push_str("m=");
            out.push_str(&fields.map(|(_, field)| field).collect::<Vec<_>>().join(" "));
            out.push_str("\r\n");
            continue;
        }
        let of = ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"].iter().find_map(|name| text.strip_prefix(name));
        if of.and_then(|rest| rest.split(' ').next()).is_none_or(|number| kept.contains(&number)) {
            out.push_str(line);
        }
    }
    out.into()
}

/// The answer with the wish that silence is not sent (RFC 7587 section 3.1.3), in every section in which the peer sends sound.
pub(super) fn sparing(answer: &str) -> String {
    let mut out = String::with_capacity(answer.len() + 64);
    for section in sections(answer) {
        let sends = section.starts_with("m=audio ") && (has(section, "a=recvonly") || has(section, "a=sendrecv"));
        let maps = section.lines().filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '));
        let opus: Vec<&str> =
            maps.filter(|(_, of)| of.to_ascii_lowercase().starts_with("opus/")).map(|(number, _)| number).collect();
        for line in section.split_inclusive('\n') {
            let text = line.trim_end();
            let of = text.strip_prefix("a=fmtp:").and_then(|rest| rest.split_once(' '));
            match of.filter(|(number, how)| sends && opus.contains(number) && !how.contains("usedtx=")) {
                Some(_) => out.extend([text, ";usedtx=1", &line[text.len()..]]),
                None => out.push_str(line),
            }
        }
    }
    out
}

/// The layers that are offered in one section, smallest first as far as their names say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Offered {
    /// Their names (RFC 8852), at most [`LAYERS`].
    pub(super) rids: Vec<String>,
    /// Whether the order is known by the names. Else it is that of the offer, until pictures have shown their sizes.
    pub(super) sorted: bool,
}

/// What `a=simulcast:send` says of each section (RFC 8853), by the section's name. Of alternatives the first counts.
pub(super) fn offered(offer: &str) -> Vec<(String, Offered)> {
    let of = |section: &str| {
        let value = |name| section.lines().find_map(|line| line.trim_end().strip_prefix(name));
        let mid = value("a=mid:")?;
        let mut words = value("a=simulcast:")?.split_whitespace();
        let list = words.by_ref().skip_while(|word| *word != "send").nth(1)?;
        let first = |layer: &str| layer.split(',').next().map(|rid| rid.trim_start_matches('~').to_owned());
        let rids: Vec<String> = list.split(';').filter_map(first).filter(|rid| !rid.is_empty()).collect();
        Some((mid.to_owned(), in_order(rids)))
    };
    sections(offer).filter_map(of).collect()
}

fn in_order(mut rids: Vec<String>) -> Offered {
    rids.truncate(LAYERS);
    // What browsers are told to call them here, and what many others do: quarter, half, full.
    for names in [["l", "m", "h"], ["q", "h", "f"]] {
        let place = |rid: &String| names.iter().position(|name| name == rid);
        if rids.iter().all(|rid| place(rid).is_some()) {
            rids.sort_by_key(place);
            return Offered { rids, sorted: true };
        }
    }
    Offered { rids, sorted: false }
}

/// The names of the media sections (RFC 9143).
pub(super) fn mids(sdp: &str) -> impl Iterator<Item = &str> {
    sdp.lines().filter_map(|line| line.trim_end().strip_prefix("a=mid:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_is_left_one_video_codec_with_what_repairs_it() {
        let h264 = "a=rtpmap:108 H264/90000\r\na=rtcp-fb:108 nack\r\na=rtpmap:109 rtx/90000\r\na=fmtp:109 apt=108\r\n";
        let vp8 = "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";
        let section = |direction: &str, numbers: &str, codecs: &str| {
            format!("m=video 9 UDP/TLS/RTP/SAVPF {numbers}\r\na=mid:1\r\na={direction}\r\n{codecs}")
        };
        let audio = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\na=rtpmap:96 opus/48000/2\r\n";
        let both = format!("{h264}{vp8}");
        for direction in ["recvonly", "sendrecv"] {
            let answer = format!("{audio}{}", section(direction, "108 109 96 97", &both));
            assert_eq!(speaking(&answer, Codec::H264), format!("{audio}{}", section(direction, "108 109", h264)));
            assert_eq!(speaking(&answer, Codec::Vp8), format!("{audio}{}", section(direction, "96 97", vp8)));
        }
        for kept in [section("sendonly", "108 109 96 97", &both), section("recvonly", "96 97", vp8)] {
            assert_eq!(speaking(&kept, Codec::H264), kept);
        }
    }

    #[test]
    fn whoever_sends_sound_is_told_to_leave_silence_out() {
        let section = |direction: &str, how: &str| {
            format!(
                "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:0\r\na={direction}\r\na=rtpmap:111 opus/48000/2\r\n\
                 a=fmtp:111 minptime=10;useinbandfec=1{how}\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
            )
        };
        let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\na=fmtp:96 max-fr=30\r\n";
        let sdp = |how: &str| {
            let [one, both] = ["recvonly", "sendrecv"].map(|direction| section(direction, how));
            format!("v=0\r\n{one}{video}{both}{}", section("sendonly", ""))
        };
        assert_eq!(sparing(&sdp("")), sdp(";usedtx=1"));
        assert_eq!(sparing(&sdp(";usedtx=1")), sdp(";usedtx=1"), "once is enough");
        for odd in ["", "\nm=audio ", "\nm=audio 9\na=recvonly\na=fmtp:", "m=audio \na=rtpmap:1 OPUS/1\na=fmtp:1"] {
            assert_eq!(sparing(odd), odd);
        }
    }

    #[test]
    fn layers_are_sorted_by_the_names_that_are_known() {
        let offer = |list: &str| {
            format!("v=0\r\nm=video 9 X 96\r\na=mid:v\r\na=simulcast:{list}\r\nm=audio 9 X 1\r\na=mid:a\r\n")
        };
        for (list, rids, sorted) in [
            ("send l;m;h", &["l", "m", "h"][..], true),
            ("send h;m;l", &["l", "m", "h"], true),
            ("recv x send f;h;q", &["q", "h", "f"], true),
            ("send h;l", &["l", "h"], true),
            ("send 0;1,5;~2;3", &["0", "1", "2"], false),
            ("send ;", &[], true),
        ] {
            let rids = rids.iter().map(|rid| (*rid).to_owned()).collect();
            assert_eq!(offered(&offer(list)), [("v".to_owned(), Offered { rids, sorted })], "{list}");
        }
        for none in ["recv l;m", "send", "", "x"] {
            assert_eq!(offered(&offer(none)), [], "{none}");
        }
    }

    #[test]
    fn only_candidates_by_name_and_connections_are_removed() {
        let named = "a=candidate:1 1 udp 2113937151 3f1c.local 50000 typ host generation 0\r\n";
        let plain = "a=candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host generation 0\r\n";
        let tcp = "a=candidate:1 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0\r\n";
        let sdp = format!("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{named}{tcp}{plain}a=mid:0\r\n");
        assert_eq!(without_names(&sdp), sdp.replace(named, "").replace(tcp, ""));
        assert_eq!(without_names("a=candidate:"), "a=candidate:");
        assert_eq!(mids(&sdp).collect::<Vec<_>>(), ["0"]);
    }

    #[test]
    fn arrivals_are_reported_of_what_browsers_send_alone() {
        let arrivals = format!("a=extmap:3 {ARRIVALS}\r\n");
        let section = |direction: &str, arrivals: &str| {
            format!(
                "m=video 9 UDP/TLS/RTP/SAVPF 108\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n{arrivals}a={direction}\r\n"
            )
        };
        let sdp = |receiving: &str| {
            let [sends, both] = ["sendonly", "sendrecv"].map(|direction| section(direction, &arrivals));
            format!("v=0\r\n{sends}{}{both}{}", section("recvonly", receiving), section("recvonly", receiving))
        };
        assert_eq!(without_arrivals(&sdp(&arrivals)), sdp(""));
        for odd in ["", "\nm=", "m=\na=recvonly", "a=extmap:"] {
            assert_eq!(without_arrivals(odd), odd);
        }
    }
}
