//! Takes out of a text what may be somebody's: what is known to be, and what looks like it. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// What stands for something that was taken out.
const PRIVATE: &str = "(private)";
const ADDRESS: &str = "(address)";
const SECRET: &str = "(secret)";
/// Shortest text that is looked for: shorter ones are in every word.
const SHORTEST: usize = 3;
/// Texts that are the program's own, and everybody's.
const COMMON: &[&str] = &[
    "porchlight",
    "owner",
    "living room",
    "localhost",
    "root",
    "guest",
    "host",
    "viewer",
    "moderator",
    "auto",
    "debian",
];
/// What is behind one of these is taken out wherever it stands: the value up to the end of its quotes, or of the word.
const KEYED: &[&str] = &[
    "token", "key", "secret", "name", "title", "user", "username", "login", "hostname", "serial", "mac", "password",
    "address", "url",
];
/// The same, up to the end of the line, since they have spaces in them.
const TO_THE_END: &[&str] = &["ssid", "essid", "bssid", "psk", "passphrase"];
/// Endings of names that are files and not hosts.
const FILES: &[&str] = &[
    "so",
    "rs",
    "toml",
    "json",
    "txt",
    "conf",
    "service",
    "socket",
    "target",
    "sock",
    "db",
    "key",
    "pem",
    "png",
    "mp4",
    "log",
    "deb",
    "timer",
    "mount",
    "slice",
    "local_flags",
];

/// What is known to be somebody's, in every form that it may take; and words that look like it and are nobody's.
#[derive(Debug, Default)]
pub struct Known {
    private: BTreeSet<String>,
    common: BTreeSet<String>,
}

impl Known {
    /// Adds a text, and what it is in hexadecimal digits, percent-encoded and in base64.
    pub fn add(&mut self, text: &str) {
        let text = text.trim();
        if text.chars().count() < SHORTEST || COMMON.contains(&text.to_lowercase().as_str()) {
            return;
        }
        self.private.extend(forms(text));
    }

    /// Keeps words that look like names of hosts: keys of the configuration.
    pub fn keep(&mut self, words: impl IntoIterator<Item = String>) {
        self.common.extend(words);
    }

    /// The text without them: the longest first, so that nothing of one is left.
    fn cut(&self, text: &str) -> String {
        let mut found: Vec<&String> = self.private.iter().filter(|known| text.contains(known.as_str())).collect();
        found.sort_by_key(|known| std::cmp::Reverse(known.len()));
        found.into_iter().fold(text.to_owned(), |text, known| text.replace(known.as_str(), PRIVATE))
    }
}

/// A text as it is, and as it is when somebody has encoded it.
pub fn forms(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent = |keep: fn(u8) -> bool, upper: bool| -> String {
        let one = |byte: &u8| match (keep(*byte), upper) {
            (true, _) => char::from(*byte).to_string(),
            (false, true) => format!("%{byte:02X}"),
            (false, false) => format!("%{byte:02x}"),
        };
        bytes.iter().map(one).collect()
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut forms = vec![text.to_owned(), text.to_lowercase(), text.to_uppercase(), hex.to_uppercase(), hex];
    for upper in [true, false] {
        forms.extend([percent(plain, upper), percent(|_| false, upper)]);
    }
    if bytes.len() >= 6 {
        for before in 0..3 {
            let standard = base64(bytes, before);
            forms.extend([standard.replace('+', "-").replace('/', "_"), standard]);
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

/// The letters of base64 (RFC 4648) that these bytes alone decide, where so many others stand before them.
fn base64(bytes: &[u8], before: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let first = (6 - before * 8 % 6) % 6;
    let letter = |at: usize| (at..at + 6).fold(0, |value, bit| value << 1 | usize::from(bits(bit)));
    (first..).step_by(6).take_while(|at| at + 6 <= bytes.len() * 8).map(|at| char::from(LETTERS[letter(at)])).collect()
}

/// A text of which nobody knows what is in it, such as a log: without what is known, and without what looks like an address, a name, a
/// number of a device, or a secret.
pub fn stranger(text: &str, known: &Known) -> String {
    // What looks like something is found while it still does.
    let lines: Vec<String> = text.lines().map(|line| words(&keyed(line), known)).collect();
    known.cut(&format!("{}\n", lines.join("\n")))
}

/// A text of the program's own: without what is known.
pub fn own(text: &str, known: &Known) -> String {
    known.cut(text)
}

/// A line without what stands behind a word that says what it is.
fn keyed(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = rest.split_at(at);
        let word = before.trim_end_matches(['"', ' ']);
        let word = word
            .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        out.push_str(before);
        let separator = &after[..1];
        let value = &after[1..];
        // A path of the program's own has two colons.
        if let Some(after) = value.strip_prefix(':') {
            out.push_str("::");
            rest = after;
            continue;
        }
        out.push_str(separator);
        let ends =
            |word: &str, list: &[&str]| list.iter().any(|one| word == *one || word.ends_with(&format!("_{one}")));
        if ends(&word, TO_THE_END) {
            out.push_str(PRIVATE);
            return out;
        }
        if !ends(&word, KEYED) {
            rest = value;
            continue;
        }
        let trimmed = value.trim_start_matches(' ');
        let gap = &value[..value.len() - trimmed.len()];
        out.push_str(gap);
        let end = match trimmed.strip_prefix('"') {
            Some(inside) => inside.find('"').map_or(trimmed.len(), |end| end + 2),
            None => trimmed.find([' ', ',', ';', '}', ')']).unwrap_or(trimmed.len()),
        };
        if end > 0 {
            out.push_str(PRIVATE);
        }
        rest = &trimmed[end..];
    }
    out.push_str(rest);
    out
}

/// A line without words that look like something.
fn words(line: &str, known: &Known) -> String {
    const BETWEEN: &[char] = &[' ', '\t', '"', '\'', '`', ',', ';', '(', ')', '<', '>', '{', '}', '=', '|'];
    let mut out = String::new();
    let mut rest = line;
    loop {
        let end = rest.find(BETWEEN).unwrap_or(rest.len());
        out.push_str(&word(&rest[..end], known));
        let Some(between) = rest[end..].chars().next() else { return out };
        out.push(between);
        rest = &rest[end + between.len_utf8()..];
    }
}

fn word(word: &str, known: &Known) -> String {
    let bare = word.trim_matches(['.', ':', '!', '?', '[', ']']);
    let taken = |what: &str| word.replace(bare, what);
    if bare.is_empty() || known.common.contains(bare) {
        return word.to_owned();
    }
    if bare.contains("://") || bare.contains('@') || is_address(bare) || is_hardware(bare) || is_host(bare) {
        return taken(ADDRESS);
    }
    let encoded =
        bare.as_bytes().windows(3).filter(|three| three[0] == b'%' && three[1..].iter().all(u8::is_ascii_hexdigit));
    if encoded.count() > 0 || is_secret(bare) {
        return taken(SECRET);
    }
    if bare.starts_with('/') {
        let private = bare.starts_with("/home/") || bare.contains("/by-id/") || bare.contains("/by-uuid/");
        return if private || bare.split('/').any(is_secret) { taken("(a path)") } else { word.to_owned() };
    }
    match bare.split([':', '/', '.', '[', ']', '&', '?', '#', '+']).any(is_secret) {
        true => taken(SECRET),
        false => word.to_owned(),
    }
}

/// An address of IP, with a port, a prefix or a zone, or without.
fn is_address(word: &str) -> bool {
    let is = |text: &str| {
        text.trim_matches(['[', ']']).split(['%', '/']).next().is_some_and(|text| text.parse::<IpAddr>().is_ok())
    };
    // Versions of programs have three numbers, and times have colons.
    is(word) || word.rsplit_once(':').is_some_and(|(host, port)| port.parse::<u16>().is_ok() && is(host))
}

/// Six pairs of hexadecimal digits.
fn is_hardware(word: &str) -> bool {
    [':', '-'].into_iter().any(|between| {
        let parts: Vec<&str> = word.split(between).collect();
        parts.len() == 6
            && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

/// Names with a dot, whose last part is of letters and no ending of a file.
fn is_host(word: &str) -> bool {
    let host = word.split([':', '/']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let plain = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let last = labels.last().copied().unwrap_or_default().to_ascii_lowercase();
    labels.len() >= 2
        && labels.iter().all(plain)
        && last.len() >= 2
        && last.chars().all(char::is_alphabetic)
        && !FILES.contains(&last.as_str())
}

/// Long, and letters with digits, or large with small ones, as nobody writes words.
fn is_secret(word: &str) -> bool {
    let of = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    if !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+=/".contains(&byte)) || word.contains("/") {
        return false;
    }
    let (digits, letters) = (of(u8::is_ascii_digit), of(u8::is_ascii_alphabetic));
    let hexadecimal = word.len() >= 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits >= 2;
    let mixed = word.len() >= 14 && digits >= 3 && letters >= 2;
    let long = word.len() >= 20 && of(u8::is_ascii_uppercase) >= 3 && of(u8::is_ascii_lowercase) >= 3;
    hexadecimal || mixed || long
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        let mut known = Known::default();
        known.add("Ada Lovelace");
        known.add("live-key-9");
        known.keep(["endpoint.camera".to_owned()]);
        stranger(text, &known).trim_end().to_owned()
    }

    #[test]
    fn what_looks_like_somebody_s_is_taken_out() {
        for private in [
            "192.168.7.20",
            "[2001:db8::7]:8189",
            "fe80::1%eth0",
            "10.0.0.0/8",
            "b8:27:eb:12:34:56",
            "B8-27-EB-12-34-56",
            "porch.example.org",
            "broker.lan:1883",
            "https://porch.example.org/r/abc",
            "ada@example.org",
            "R2FyZGVuIHBhcnR5IGZvciBhbGwgb2YgdXM",
            "9f86d081884c7d659a2feaa0c55ad015",
            "4dZ81kk20fjQ9s3b",
            "Ada%20Lovelace",
            "Ada Lovelace",
            "416461204c6f76656c616365",
            "bGl2ZS1rZXktO",
            "live-key-9",
            "/dev/v4l/by-id/usb-046d_C920_7F3A21BD-video-index0",
            "/home/ada/box/porchlight.db",
        ] {
            let line = format!("the peer said \"{private}\" at last, and again {private}.");
            let told = cleaned(&line);
            assert!(!told.contains(private), "{told}");
            assert!(told.starts_with("the peer said ") && told.contains("at last, and again"), "{told}");
        }
        for (line, told) in [
            ("wlan0: connected ssid=Ada's home WiFi signal=70", "wlan0: connected ssid=(private)"),
            ("joined room name=\"Garden party\" role=guest", "joined room name=(private) role=guest"),
            ("owner_token: abc, level=3", "owner_token: (private), level=3"),
        ] {
            assert_eq!(cleaned(line), told);
        }
    }

    #[test]
    fn what_says_how_the_box_is_stays() {
        for line in [
            "2026-11-28T20:15:03+0000 porchlight[812]: INFO porchlight::daemon: H.264 encoder chosen encoder=x264enc fps=140.5",
            "WARN porchlight::drivers::device::capture: the camera gives no picture node=/dev/video0 error=Device or resource busy (os error 16)",
            "the pipeline failed role=camera: could not open device '/dev/video0' for reading",
            "!! camera_away: it is not there; set endpoint.camera to \"auto\".",
            "GStreamer 1.22.0, kernel 6.1.0-56-arm64, libgstvideo4linux2.so, porchlight.service: Main process exited",
        ] {
            assert_eq!(cleaned(line), line);
        }
    }

    #[test]
    fn base64_is_found_wherever_a_text_begins_in_it() {
        for (before, whole) in [("", "QWRhIExvdmVsYWNl"), ("x", "eEFkYSBMb3ZlbGFjZQ"), ("xy", "eHlBZGEgTG92ZWxhY2U")] {
            let inside = base64(b"Ada Lovelace", before.len());
            assert!(whole.contains(&inside) && inside.len() >= 14, "{inside} in {whole}");
        }
        assert!(forms("Ada Lovelace").contains(&"Ada%20Lovelace".to_owned()));
    }

    #[test]
    fn what_everybody_has_is_nobody_s() {
        let mut known = Known::default();
        for common in ["Porchlight", "Owner", "ab"] {
            known.add(common);
        }
        assert_eq!(stranger("Porchlight is about to start", &known), "Porchlight is about to start\n");
    }
}
