//! The manual is true, and a wrong value is one clear line.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use porchlight::config::{Config, Override, load};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

/// Loads the text as a file and gives the one line that is said of it, after the path.
fn told(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("porchlight.toml");
    std::fs::write(&path, text).unwrap();
    let told = load(Some(&path), &[], None).unwrap_err().to_string();
    assert!(!told.contains('\n'), "more than one line: {told}");
    told.strip_prefix(folder.path().join("").to_str().unwrap()).unwrap().to_owned()
}

fn overridden(variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    load(Some(&file("porchlight.toml")), &Override::of_environment(variables), None).map_err(|error| error.to_string())
}

#[test]
fn the_manual_says_the_defaults_and_misses_no_key() {
    let text = std::fs::read_to_string(file("porchlight.toml")).unwrap();
    let manual: Config = toml::from_str(&text).unwrap();
    assert_eq!(manual, Config::default());

    let keys = |table: &toml::Table| -> Vec<String> {
        let of = |(section, keys): (&String, &toml::Value)| {
            let keys = keys.as_table().unwrap().keys();
            keys.map(|key| format!("{section}.{key}")).collect::<Vec<_>>()
        };
        table.iter().flat_map(of).collect()
    };
    let written = keys(&text.parse().unwrap());
    let known = keys(&toml::Table::try_from(Config::default()).unwrap());
    assert_eq!(written, known);
}

#[test]
fn every_key_of_the_manual_is_explained_right_above_it() {
    let text = std::fs::read_to_string(file("porchlight.toml")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with('[') || line.contains(" = ") && !line.starts_with('#') {
            let above = lines[index - 1];
            let shared = *line == "height = 360" || *line == "height = 720";
            assert!(above.starts_with("# ") || shared, "line {}: {line:?} has no comment", index + 1);
        }
    }
}

#[test]
fn the_manual_marks_the_keys_that_reload_and_no_others() {
    let text = std::fs::read_to_string(file("porchlight.toml")).unwrap();
    let (mut section, mut above, mut marked) = (String::new(), false, Vec::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if line.starts_with('#') {
            above = line.ends_with("Reloads.");
        } else if let Some((key, _)) = line.split_once(" = ") {
            // A comment stands above all keys up to the next one.
            marked.extend(above.then(|| format!("{section}.{key}")));
        }
    }
    assert_eq!(marked, porchlight::config::reload::NOW);
}

#[test]
fn the_demo_is_for_this_machine_only() {
    let demo = load(Some(&file("demo.toml")), &[], Some(Path::new("/home/ada"))).unwrap();
    assert!(demo.http.listen.ip().is_loopback() && demo.peers.listen.ip().is_loopback());
    assert!(!demo.https.enabled || demo.https.listen.ip().is_loopback(), "nor by HTTPS, and so not by a name either");
    assert!(demo.endpoint.auto_join);
    assert_eq!(demo.node.state, Path::new("/home/ada/.local/state/porchlight-demo"));
}

#[test]
fn what_is_printed_reads_as_the_same_configuration() {
    let demo = load(Some(&file("demo.toml")), &[], None).unwrap();
    assert_eq!(toml::from_str::<Config>(&demo.to_toml()).unwrap(), demo);
}

#[test]
fn a_wrong_value_is_one_line_with_file_line_key_and_what_is_allowed() {
    for (text, expected) in [
        ("[endpoint]\nfps = 0", "porchlight.toml:2: endpoint.fps: 0 is not between 1 and 60"),
        ("\n[endpoint]\nwidth = 641", "porchlight.toml:3: endpoint.width: 641 is not even"),
        (
            "[endpoint]\nfps = \"fast\"",
            "porchlight.toml:2: endpoint.fps: invalid type: string \"fast\", expected a whole number between 1 and 60",
        ),
        (
            "[endpoint]\nbitrate = 4",
            "porchlight.toml:2: endpoint.bitrate: invalid type: integer 4, \
             expected a bit rate such as \"2.5Mbps\" or \"128kbps\"",
        ),
        (
            "[program]\nbitrate = \"4MB\"",
            "porchlight.toml:2: program.bitrate: \"4MB\" is not a bit rate such as \"2.5Mbps\" or \"128kbps\"; \
             units: bps, kbps, Mbps",
        ),
        (
            "[program]\nbitrate = \"1kbps\"",
            "porchlight.toml:2: program.bitrate: 1kbps is not between 100kbps and 20Mbps",
        ),
        (
            "[program]\nkeyframe_interval = \"1min\"",
            "porchlight.toml:2: program.keyframe_interval: 1min is not between 500ms and 10s",
        ),
        (
            "[program]\nwdith = 1280",
            "porchlight.toml:2: unknown key \"wdith\" in [program]; \
             known keys: width, height, fps, bitrate, keyframe_interval, audio_bitrate",
        ),
        ("[log]\nlvl = \"info\"", "porchlight.toml:2: unknown key \"lvl\" in [log]; known keys: level"),
        ("[log]\nlog = 1", "porchlight.toml:2: unknown key \"log\" in [log]; known keys: level"),
        (
            "[media]\nh264_encoder = \"nvenc\"",
            "porchlight.toml:2: media.h264_encoder: \"nvenc\" is not one of: auto, x264, openh264, v4l2, mpp, va",
        ),
        (
            "[endpoint]\ncamera_mode = \"720p\"",
            "porchlight.toml:2: endpoint.camera_mode: \"720p\" is not \"auto\" or a mode of the camera such as \
             \"1280x720@30 mjpeg\"",
        ),
        (
            "[endpoint]\nspeaker = \"stand-in\"",
            "porchlight.toml:2: endpoint.speaker: \"stand-in\" is not \"auto\", \"none\" or an ALSA name \
             such as \"plughw:1,0\"",
        ),
        (
            "[http]\nlisten = \"8080\"",
            "porchlight.toml:2: http.listen: \"8080\" is not an address and port such as \"0.0.0.0:8080\" or \
             \"[::]:8080\"",
        ),
        (
            "[http]\npublic_url = \"porch.example.org/x\"",
            "porchlight.toml:2: http.public_url: \"porch.example.org/x\" is not a web address such as \
             \"https://porch.example.org\", without a path",
        ),
        (
            "[log]\nlevel = \"loud\"",
            "porchlight.toml:2: log.level: \"loud\" is not a level (error, warn, info, debug, trace) or a filter \
             such as \"info,porchlight=debug\"",
        ),
        (
            "[metrics]\nlisten = \"9189\"",
            "porchlight.toml:2: metrics.listen: \"9189\" is not an address and port such as \"127.0.0.1:9189\", or \
             empty for none",
        ),
        (
            "[https]\nkey = \"key.pem\"",
            "porchlight.toml:2: https.key: \"key.pem\" is not a file by its whole path, such as \
             \"/etc/porchlight/box.pem\", or nothing",
        ),
        ("[peers]\nannounce = [\"here\"]", "porchlight.toml:2: peers.announce: invalid IP address syntax"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn an_unknown_section_is_told_with_all_that_are_known() {
    let printed = Config::default().to_toml();
    let mut sections: Vec<&str> =
        printed.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')).collect();
    let known = |sections: &[&str]| sections.join(", ");
    let expected = format!("unknown section [progam]; known sections: {}", known(&sections));
    assert_eq!(told("[progam]\nwidth = 1280"), format!("porchlight.toml:1: {expected}"));

    sections.sort_unstable();
    let expected = format!("unknown section [progam]; known sections: {}", known(&sections));
    let variable = "PORCHLIGHT_PROGAM__WIDTH";
    assert_eq!(overridden(&[(variable, "1280")]), Err(format!("{variable}: {expected}")));
}

#[test]
fn text_that_is_no_toml_is_named_by_its_line() {
    let told = told("[node]\nname = \"Porch");
    assert!(told.starts_with("porchlight.toml:2: "), "{told}");
}

#[test]
fn a_path_outside_dev_is_no_camera() {
    for path in ["/etc/passwd", "/dev/../etc/passwd", "video0", "/dev/video0 ! filesink"] {
        let told = told(&format!("[endpoint]\ncamera = {path:?}"));
        assert!(told.starts_with("porchlight.toml:2: endpoint.camera: "), "{path}: {told}");
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let config = overridden(&[
        ("PORCHLIGHT_HTTP__LISTEN", "[::1]:9000"),
        ("PORCHLIGHT_ROOM__DEFAULT_NAME", "42"),
        ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
        ("PORCHLIGHT_ENDPOINT__FPS", "15"),
        ("PORCHLIGHT_PROGRAM__KEYFRAME_INTERVAL", "1s"),
        ("PORCHLIGHT_PEERS__ANNOUNCE", "192.0.2.1, 2001:db8::1"),
        ("PORCHLIGHT_TARGET", "is of the scripts"),
        ("HOME", "/nowhere"),
    ])
    .unwrap();
    assert_eq!(config.http.listen, "[::1]:9000".parse::<std::net::SocketAddr>().unwrap());
    assert_eq!(format!("{}", config.room.default_name), "42");
    assert!(config.endpoint.auto_join);
    assert_eq!(config.endpoint.fps, 15);
    assert_eq!(config.program.keyframe_interval, Duration::from_secs(1));
    assert_eq!(config.peers.announce.len(), 2);
}

#[test]
fn a_wrong_variable_is_named() {
    for (name, value, expected) in [
        ("PORCHLIGHT_ENDPOINT__FPS", "61", "PORCHLIGHT_ENDPOINT__FPS: 61 is not between 1 and 60"),
        (
            "PORCHLIGHT_ENDPOINT__FPS",
            "many",
            "PORCHLIGHT_ENDPOINT__FPS: invalid type: string \"many\", expected a whole number between 1 and 60",
        ),
        (
            "PORCHLIGHT_ROOM__COLOUR",
            "blue",
            "PORCHLIGHT_ROOM__COLOUR: unknown key \"colour\" in [room]; known keys: default_name, max_participants",
        ),
    ] {
        assert_eq!(overridden(&[(name, value)]), Err(expected.to_owned()));
    }
}

fn porchlight(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_porchlight"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PORCHLIGHT_")) {
        command.env_remove(name);
    }
    command.args(arguments).output().unwrap()
}

#[test]
fn a_wrong_file_ends_with_78_and_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    std::fs::write(&path, "[endpoint]\nfps = 0\n").unwrap();
    for command in ["run", "check-config", "print-config"] {
        let output = porchlight(&[command, "--config", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(78), "{command}");
        let expected = format!("porchlight: {}:2: endpoint.fps: 0 is not between 1 and 60\n", path.display());
        assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn flags_win_and_are_printed() {
    let demo = file("demo.toml");
    let demo = demo.to_str().unwrap();
    let output = porchlight(&["print-config", "--config", demo, "--listen", "127.0.0.1:9", "--state", "/tmp/x"]);
    assert_eq!(output.status.code(), Some(0));
    let printed: Config = toml::from_str(str::from_utf8(&output.stdout).unwrap()).unwrap();
    assert_eq!(printed.http.listen, "127.0.0.1:9".parse::<std::net::SocketAddr>().unwrap());
    assert_eq!(printed.node.state, Path::new("/tmp/x"));

    let output = porchlight(&["check-config", "--config", demo, "--listen", "nowhere"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("porchlight: --listen: \"nowhere\" is not"));
}

#[test]
fn a_file_that_is_named_but_missing_is_an_error() {
    let output = porchlight(&["check-config", "--config", "/nonexistent/porchlight.toml"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8(output.stderr).unwrap().contains("/nonexistent/porchlight.toml: cannot be read"));
}

#[test]
fn every_command_has_help() {
    for command in ["run", "check-config", "print-config", "version"] {
        let output = porchlight(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(String::from_utf8(output.stdout).unwrap().contains("Usage: porchlight"), "{command}");
    }
    let output = porchlight(&["version"]);
    assert_eq!(output.stdout, format!("porchlight {}\n", env!("CARGO_PKG_VERSION")).into_bytes());
}
