//! What is taken out of a browser's offer before the engine reads it.

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

/// Removes [`ARRIVALS`] from the sections in which the browser only receives. What we send has the bit rate that it came with;
/// nobody reads these reports, and they cost about a sixth of all forwarding (docs/performance.md).
pub(super) fn without_arrivals(sdp: &str) -> String {
    let mut out = String::with_capacity(sdp.len());
    let starts = sdp.match_indices("\nm=").map(|(at, _)| at + 1);
    let ends = starts.clone().chain([sdp.len()]);
    for (start, end) in [0].into_iter().chain(starts).zip(ends) {
        let section = &sdp[start..end];
        let receives = section.lines().any(|line| line.trim_end() == "a=recvonly");
        let unread = |line: &&str| receives && line.starts_with("a=extmap:") && line.contains(ARRIVALS);
        out.extend(section.split_inclusive('\n').filter(|line| !unread(line)));
    }
    out
}

/// Takes VP8 out of every section that can do H.264 and in which the peer sends: what it sends can then be put on air as
/// it is.
pub(super) fn one_codec(sdp: &str) -> String {
    let mut out = String::with_capacity(sdp.len());
    let mut section = String::new();
    for line in sdp.split_inclusive('\n') {
        if line.starts_with("m=") {
            out.push_str(&without_vp8(&section));
            section.clear();
        }
        section.push_str(line);
    }
    out.push_str(&without_vp8(&section));
    out
}

fn without_vp8(section: &str) -> String {
    let attribute = |name: &str| section.lines().any(|line| line.trim_end() == name);
    let codec = |line: &str| {
        let (number, name) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
        Some((number.to_owned(), name.split('/').next()?.to_ascii_uppercase()))
    };
    let codecs: Vec<(String, String)> = section.lines().filter_map(codec).collect();
    let sends = !attribute("a=recvonly") && !attribute("a=inactive");
    if !section.starts_with("m=video ") || !sends || !codecs.iter().any(|(_, name)| name == "H264") {
        return section.to_owned();
    }
    let vp8: Vec<&str> = codecs.iter().filter(|(_, name)| name == "VP8").map(|(number, _)| number.as_str()).collect();
    let mut out = String::with_capacity(section.len());
    for line in section.split_inclusive('\n') {
        let text = line.trim_end();
        if let Some(media) = text.strip_prefix("m=") {
            // m=video port protocol number number… (RFC 8866 section 5.14)
            let kept = media.split(' ').enumerate().filter(|(at, field)| *at < 3 || !vp8.contains(field));
            out.push_str("m=");
            out.push_str(&kept.map(|(_, field)| field).collect::<Vec<_>>().join(" "));
            out.push_str("\r\n");
            continue;
        }
        let of = ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"].iter().find_map(|name| text.strip_prefix(name));
        if !of.and_then(|rest| rest.split(' ').next()).is_some_and(|number| vp8.contains(&number)) {
            out.push_str(line);
        }
    }
    out
}

/// The names of the media sections (RFC 9143).
pub(super) fn mids(sdp: &str) -> impl Iterator<Item = &str> {
    sdp.lines().filter_map(|line| line.trim_end().strip_prefix("a=mid:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_and_can_do_h264_sends_that() {
        let section = |direction: &str, numbers: &str, codecs: &[&str]| {
            let maps: String = codecs
                .iter()
                .map(|map| format!("a=rtpmap:{map}/90000\r\na=rtcp-fb:{} nack pli\r\n", &map[..2]))
                .collect();
            format!("m=video 9 UDP/TLS/RTP/SAVPF {numbers}\r\na=mid:1\r\n{direction}{maps}")
        };
        let both = ["96 VP8", "98 H264"];
        let audio = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus/48000/2\r\n";
        let sends = format!("{audio}{}", section("a=sendonly\r\n", "96 98", &both));
        assert_eq!(one_codec(&sends), format!("{audio}{}", section("a=sendonly\r\n", "98", &both[1..])));
        assert_eq!(one_codec(&section("", "96 98", &both)), section("", "98", &both[1..]), "sendrecv is the default");
        for kept in [section("a=recvonly\r\n", "96 98", &both), section("a=sendonly\r\n", "96", &both[..1])] {
            assert_eq!(one_codec(&kept), kept);
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
