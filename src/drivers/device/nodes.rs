//! Device nodes that are there and may not be opened.

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

/// Folder, begin of the name, and the group that Debian gives such nodes to.
const KINDS: [(&str, &str, &str); 4] = [
    ("dev", "video", "video"),
    ("dev/snd", "controlC", "audio"),
    ("dev/dri", "card", "video"),
    ("dev", "cec", "video"),
];

/// A node that this process may not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Its path.
    pub node: PathBuf,
    /// The group whose members may.
    pub group: &'static str,
}

/// Looks below this root at the nodes of cameras, sound cards, screens and televisions.
pub fn closed(root: &Path) -> Vec<Closed> {
    let mut found = Vec::new();
    for (folder, begin, group) in KINDS {
        for node in named(&root.join(folder), begin) {
            if access(&node, AccessFlags::R_OK | AccessFlags::W_OK).is_err() {
                found.push(Closed { node, group });
            }
        }
    }
    found
}

/// What is in a folder by a name that begins so and goes on with a number, in order.
fn named(folder: &Path, begin: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(begin));
        name.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
    };
    let mut nodes: Vec<_> = entries.filter(is).collect();
    nodes.sort();
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_told_by_their_names_and_one_that_leads_nowhere_is_closed() {
        let root = tempfile::tempdir().expect("a folder");
        let dev = root.path().join("dev");
        std::fs::create_dir_all(dev.join("snd")).expect("a folder");
        for open in ["video0", "videotape", "video", "snd/controlC1"] {
            std::fs::write(dev.join(open), "").expect("a file");
        }
        assert_eq!(named(&dev, "video"), [dev.join("video0")]);
        assert_eq!(closed(root.path()), []);
        // Root may open everything, so that a test can only take what nobody can.
        std::os::unix::fs::symlink("nowhere", dev.join("video1")).expect("a link");
        assert_eq!(closed(root.path()), [Closed { node: dev.join("video1"), group: "video" }]);
    }
}
