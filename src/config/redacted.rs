//! The configuration for strangers: what says how the box is set up, without what says where it is and whose.

use std::net::SocketAddr;

use super::Config;

/// Texts that say nothing of anybody; numbers with a unit are shown as well.
const WORDS: &[&str] = &[
    "auto",
    "none",
    "stand-in",
    "csi",
    "on",
    "off",
    "box",
    "device",
    "half-duplex",
    "en",
    "de",
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "x264",
    "openh264",
    "v4l2",
    "mpp",
    "va",
    "0",
    "1",
    "2",
    "3",
];
/// Keys whose texts say nothing of anybody.
const SHOWN: &[(&str, &str)] = &[("endpoint", "camera_mode")];
/// What stands for one that is not shown.
const HIDDEN: &str = "(a text of your own)";

/// The configuration without names, addresses, paths and whatever else may be somebody's; and the texts that were left out.
///
/// A text is shown if it is the default, a known word or a number with a unit, so that a key that is new is hidden until somebody thinks of it.
pub fn redacted(config: &Config) -> (String, Vec<String>) {
    let table = |config: &Config| toml::Table::try_from(config).expect("a configuration is a table of tables");
    let (mut all, usual) = (table(config), table(&Config::default()));
    let mut hidden = Vec::new();
    for (section, values) in &mut all {
        let Some(values) = values.as_table_mut() else { continue };
        for (key, value) in values {
            let default = usual.get(section).and_then(|section| section.get(key));
            if default == Some(value) || SHOWN.contains(&(section.as_str(), key.as_str())) {
                continue;
            }
            *value = shown(value, &mut hidden);
        }
    }
    (toml::to_string(&all).expect("it was TOML before"), hidden)
}

/// The name of every key, such as `http.listen`.
pub fn keys() -> Vec<String> {
    let all = toml::Table::try_from(Config::default()).expect("a configuration is a table of tables");
    let of = |(section, values): (&String, &toml::Value)| {
        values
            .as_table()
            .into_iter()
            .flat_map(|values| values.keys())
            .map(|key| format!("{section}.{key}"))
            .collect::<Vec<_>>()
    };
    all.iter().flat_map(of).collect()
}

fn shown(value: &toml::Value, hidden: &mut Vec<String>) -> toml::Value {
    match value {
        toml::Value::String(text) => toml::Value::String(said(text, hidden)),
        toml::Value::Array(items) => toml::Value::Array(items.iter().map(|item| shown(item, hidden)).collect()),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.clone(),
        other => {
            hidden.push(other.to_string());
            toml::Value::String(HIDDEN.into())
        }
    }
}

fn said(text: &str, hidden: &mut Vec<String>) -> String {
    if text.is_empty() || WORDS.contains(&text) || is_quantity(text) {
        return text.to_owned();
    }
    hidden.push(text.to_owned());
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => format!("(this machine):{}", address.port()),
        Ok(address) if address.ip().is_unspecified() => format!("(everywhere):{}", address.port()),
        Ok(address) => format!("(an address):{}", address.port()),
        Err(_) => HIDDEN.to_owned(),
    }
}

/// Such as `350ms` or `2.5Mbps`.
fn is_quantity(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    unit.len() < text.len()
        && text.len() - unit.len() <= 6
        && unit.len() <= 4
        && unit.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_somebody_s_is_hidden_and_what_says_how_it_is_set_up_is_shown() {
        let text = r#"
            [node]
            name = "Ada's porch"
            state = "/home/ada/box"
            [http]
            listen = "192.168.7.20:8090"
            public_url = "https://porch.example.org"
            [peers]
            announce = ["203.0.113.7"]
            stun = ["stun.example.org:3478"]
            [mqtt]
            broker = "mqtts://broker.example.org"
            user = "ada"
            password = "/etc/porchlight/mqtt"
            [endpoint]
            camera = "rtsp://cam.lan/stream"
            camera_mode = "1280x720@30 mjpeg"
            echo = "half-duplex"
            width = 800
            [hls]
            part = "200ms"
            [media]
            h264_encoder = "x264"
        "#;
        let config: Config = toml::from_str(text).expect("it is right");
        let (told, hidden) = redacted(&config);
        for secret in ["Ada", "ada", "192.168", "porch", "203.0", "stun", "broker.", "/etc/", "cam.lan"] {
            let lines: Vec<&str> = told.lines().filter(|line| !line.contains("porchlight")).collect();
            let found = lines.iter().find(|line| line.split(" = ").nth(1).is_some_and(|value| value.contains(secret)));
            assert_eq!(found, None, "{secret}");
        }
        for line in [
            "listen = \"(an address):8090\"",
            "camera_mode = \"1280x720@30 mjpeg\"",
            "echo = \"half-duplex\"",
            "width = 800",
            "part = \"200ms\"",
            "h264_encoder = \"x264\"",
            "name = \"(a text of your own)\"",
            "stun = [\"(a text of your own)\"]",
        ] {
            assert!(told.lines().any(|one| one == line), "{line} is not in\n{told}");
        }
        assert!(hidden.contains(&"mqtts://broker.example.org".to_owned()) && hidden.contains(&"ada".to_owned()));
        assert!(
            !is_quantity("192.168.7.20") && !is_quantity("ms") && is_quantity("2.5Mbps") && !is_quantity("12345678")
        );
    }
}
