//! What is taken out of a browser's offer before the engine reads it.

/// Largest session description accepted, in bytes.
pub(super) const LARGEST: usize = 60 * 1024;
/// Media sections at most.
pub(super) const SECTIONS: usize = 128;

/// Removes candidates by mDNS name: they are never resolved, the addresses behind them are learnt from the checks.
pub(super) fn without_names(sdp: &str) -> String {
    let mut out = String::with_capacity(sdp.len());
    for line in sdp.split_inclusive('\n') {
        let named =
            line.starts_with("a=candidate:") && line.split_whitespace().nth(4).is_some_and(|a| a.ends_with(".local"));
        if !named {
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
    fn only_candidates_by_name_are_removed() {
        let named = "a=candidate:1 1 udp 2113937151 3f1c.local 50000 typ host generation 0\r\n";
        let plain = "a=candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host generation 0\r\n";
        let sdp = format!("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{named}{plain}a=mid:0\r\n");
        assert_eq!(without_names(&sdp), sdp.replace(named, ""));
        assert_eq!(without_names("a=candidate:"), "a=candidate:");
        assert_eq!(mids(&sdp).collect::<Vec<_>>(), ["0"]);
    }
}
