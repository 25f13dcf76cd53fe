//! What the doctor says of the television.

use crate::drivers::cec;
use crate::model::finding::Level;
use crate::services::endpoint::report::Finding;

/// Whether a television can be spoken to.
pub fn television(wanted: bool, found: &[cec::Found]) -> Finding {
    let find = |code: &'static str, level, text: String| Finding { code: code.into(), level, text };
    let note = Level::Note;
    match found.first() {
        _ if !wanted => {
            find("cec_off", note, "The configuration says that the television is let alone (remote.cec).".into())
        }
        None => find(
            "cec_missing",
            note,
            "No HDMI-CEC adapter was found: calls don't wake the television, and its remote control does nothing here."
                .into(),
        ),
        Some(cec::Found { path, plugged: None, .. }) => find(
            "cec_unplugged",
            note,
            format!("{} leads to no television: connect one, or switch HDMI-CEC on in its menu.", path.display()),
        ),
        Some(cec::Found { path, plugged: Some(address), .. }) => {
            find("cec_ok", Level::Good, format!("Calls wake the television at {} (input {address}).", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_television_is_there_or_it_is_said_why_not() {
        let adapter = |bits| cec::Found {
            path: "/dev/cec0".into(),
            name: "vc4".into(),
            plugged: crate::proto::cec::PhysicalAddress::new(bits),
        };
        for (wanted, found, code) in [
            (false, vec![adapter(0x1000)], "cec_off"),
            (true, vec![], "cec_missing"),
            (true, vec![adapter(0xffff)], "cec_unplugged"),
            (true, vec![adapter(0x1000), adapter(0xffff)], "cec_ok"),
        ] {
            assert_eq!(television(wanted, &found).code, code);
        }
        assert!(television(true, &[adapter(0x2000)]).text.contains("/dev/cec0 (input 2.0.0.0)"));
    }
}
