//! What a browser says it is, made short: by that people tell their devices apart in a list.

use axum::http::{HeaderMap, header};

/// What a device is said to run, the first that is named counts.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
];
/// Browsers, likewise: most say that they are several.
const BROWSERS: [(&str, &str); 6] = [
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Such as `Firefox, Linux`; nothing where neither is known. The words are those of the lists above, and no other text.
pub(super) fn device(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let of = |list: &[(&str, &'static str)]| list.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    match (of(&BROWSERS), of(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser}, {system}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_device_is_told_by_known_words() {
        let of = |agent| device(&HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_static(agent))]));
        let phone = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36";
        assert_eq!(of(phone).as_deref(), Some("Chrome, Android"));
        let tablet = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/604.1";
        assert_eq!(of(tablet).as_deref(), Some("Safari, iPad"));
        assert_eq!(
            of("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0").as_deref(),
            Some("Firefox, Linux")
        );
        assert_eq!(of("<script>alert(1)</script>"), None);
        assert_eq!(device(&HeaderMap::new()), None);
    }
}
