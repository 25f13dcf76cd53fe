//! Which cameras and microphones are open, as the kernel says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Nodes through which something in the room can be seen or heard and that are open now, looked for below this root: cameras that
/// this process has open, and microphones that any process has. In order.
///
/// Sources: proc(5) on `/proc/self/fd`; Documentation/sound/designs/procfs.rst on the status of a PCM.
pub fn opened(root: &Path) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    for link in entries(&root.join("proc/self/fd")) {
        found.extend(std::fs::read_link(link).ok().filter(|node| sees_or_hears(node)));
    }
    for card in entries(&root.join("proc/asound")) {
        for pcm in entries(&card).into_iter().filter(|pcm| numbered(&name(pcm), "pcm", "c")) {
            let open = |sub: &PathBuf| {
                let status = std::fs::read_to_string(sub.join("status"));
                status.is_ok_and(|status| status.trim() != "closed")
            };
            if entries(&pcm).iter().any(open)
                && let (Some(card), Some(pcm)) = (name(&card).strip_prefix("card"), name(&pcm).strip_prefix("pcm"))
            {
                found.insert(PathBuf::from(format!("/dev/snd/pcmC{card}D{pcm}")));
            }
        }
    }
    found.into_iter().collect()
}

fn sees_or_hears(node: &Path) -> bool {
    let name = name(node);
    match node.parent().and_then(Path::to_str) {
        Some("/dev") => numbered(&name, "video", ""),
        Some("/dev/snd") => name.starts_with("pcmC") && name.ends_with('c'),
        _ => false,
    }
}

/// Whether a name is these with nothing but a number between them.
fn numbered(name: &str, begin: &str, end: &str) -> bool {
    let number = name.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sees_or_hears_and_is_open_is_found_and_nothing_else() {
        let root = tempfile::tempdir().expect("a folder");
        let fds = root.path().join("proc/self/fd");
        std::fs::create_dir_all(&fds).expect("a folder");
        let targets =
            ["/dev/null", "/dev/video0", "/dev/snd/controlC0", "/dev/snd/pcmC0D0p", "/dev/videotape", "socket:[1]"];
        for (number, target) in targets.iter().enumerate() {
            std::os::unix::fs::symlink(target, fds.join(number.to_string())).expect("a link");
        }
        let pcms = [
            ("card0/pcm0c", "closed\n"),
            ("card1/pcm2c", "state: RUNNING\nowner_pid   : 7\n"),
            ("card1/pcm0p", "state: RUNNING\n"),
        ];
        for (pcm, status) in pcms {
            let sub = root.path().join("proc/asound").join(pcm).join("sub0");
            std::fs::create_dir_all(&sub).expect("a folder");
            std::fs::write(sub.join("status"), status).expect("a file");
        }
        assert_eq!(opened(root.path()), [PathBuf::from("/dev/snd/pcmC1D2c"), PathBuf::from("/dev/video0")]);
        assert_eq!(opened(Path::new("/nowhere")), [] as [PathBuf; 0]);
    }

    #[test]
    fn a_microphone_that_this_process_has_open_is_found_once() {
        let root = tempfile::tempdir().expect("a folder");
        let fds = root.path().join("proc/self/fd");
        std::fs::create_dir_all(&fds).expect("a folder");
        std::os::unix::fs::symlink("/dev/snd/pcmC0D0c", fds.join("5")).expect("a link");
        std::os::unix::fs::symlink("/dev/snd/pcmC0D0c", fds.join("6")).expect("a link");
        assert_eq!(opened(root.path()), [PathBuf::from("/dev/snd/pcmC0D0c")]);
    }
}
