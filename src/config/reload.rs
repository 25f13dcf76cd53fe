//! Which keys take effect while the daemon runs, and what a file that was read again changes.

use super::Config;

/// What a changed key needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// Nothing: it holds for whatever starts after it was read again, and no call is dropped for it.
    Now,
    /// A restart.
    Restart,
}

/// The keys that take effect when the configuration is read again. Every other key needs a restart.
pub const NOW: &[&str] = &[
    "peers.announce",
    "room.max_participants",
    "endpoint.camera",
    "endpoint.camera_mode",
    "endpoint.microphone",
    "endpoint.speaker",
    "endpoint.echo",
    "endpoint.noise_suppression",
    "endpoint.gain",
    "endpoint.speaker_delay",
    "endpoint.screen",
    "endpoint.overscan",
    "endpoint.blank_after",
    "endpoint.width",
    "endpoint.height",
    "endpoint.fps",
    "endpoint.layers",
    "endpoint.bitrate",
    "endpoint.audio_bitrate",
    "program.width",
    "program.height",
    "program.fps",
    "program.bitrate",
    "program.keyframe_interval",
    "program.audio_bitrate",
    "hls.part",
    "hls.segment",
    "hls.segments",
    "hls.window",
    "hls.window_size",
    "hls.linger",
    "log.level",
];

/// One key whose value is another one than the one in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Section and key, as `hls.part`.
    pub key: String,
    /// What it needs.
    pub reload: Reload,
}

/// What a key needs to take effect.
pub fn needs(key: &str) -> Reload {
    if NOW.contains(&key) { Reload::Now } else { Reload::Restart }
}

impl Config {
    /// Takes over what can change without a restart, and says which keys differ. What needs a restart stays as it is, so that
    /// it is said again the next time.
    pub fn reload(&mut self, fresh: &Self) -> Vec<Change> {
        let mut table = table(self);
        let mut changes = Vec::new();
        for (section, keys) in self::table(fresh) {
            let (Some(running), toml::Value::Table(keys)) = (table.get_mut(&section), keys) else {
                continue;
            };
            for (key, value) in keys {
                if running.get(&key) == Some(&value) {
                    continue;
                }
                let name = format!("{section}.{key}");
                let reload = needs(&name);
                if let (Reload::Now, toml::Value::Table(running)) = (reload, &mut *running) {
                    running.insert(key, value);
                }
                changes.push(Change { key: name, reload });
            }
        }
        *self = table.try_into().expect("every value was one of a right configuration");
        changes
    }
}

fn table(config: &Config) -> toml::Table {
    toml::Table::try_from(config).expect("a configuration is a table of tables")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        toml::from_str(text).expect("it is right")
    }

    #[test]
    fn what_can_change_changes_and_the_rest_waits_for_a_restart() {
        let mut running = Config::default();
        let fresh = read("[hls]\npart = \"200ms\"\n[http]\nlisten = \"127.0.0.1:9\"\n[log]\nlevel = \"debug\"");
        let key = |change: &Change| (change.key.clone(), change.reload);
        let expected = [("hls.part", Reload::Now), ("http.listen", Reload::Restart), ("log.level", Reload::Now)]
            .map(|(k, r)| (k.to_owned(), r));
        let mut changes: Vec<_> = running.reload(&fresh).iter().map(key).collect();
        changes.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(changes, expected);
        assert_eq!((running.hls, running.log), (fresh.hls.clone(), fresh.log.clone()));
        assert_eq!(running.http, Config::default().http);
    }

    #[test]
    fn what_needs_a_restart_is_said_every_time_and_what_was_taken_over_once() {
        let mut running = Config::default();
        let fresh = read("[hls]\nsegments = 9\n[node]\nname = \"Porch\"");
        assert_eq!(running.reload(&fresh).len(), 2);
        let again = running.reload(&fresh);
        assert_eq!(again, [Change { key: "node.name".into(), reload: Reload::Restart }]);
        assert_eq!(running.reload(&Config { hls: running.hls.clone(), ..Config::default() }), []);
    }

    #[test]
    fn every_key_that_reloads_is_one() {
        let known = table(&Config::default());
        for key in NOW {
            let (section, name) = key.split_once('.').expect("a section and a key");
            assert!(known.get(section).is_some_and(|section| section.get(name).is_some()), "{key}");
        }
    }
}
