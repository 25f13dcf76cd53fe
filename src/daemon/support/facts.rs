//! What kernel, board, disks and plug-ins are, without numbers that tell one machine from another of its kind.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::config::boards;
use crate::drivers::disk;
use crate::drivers::{device, pipeline};

/// Files of the kernel that are copied whole.
const COPIED: [&str; 5] = [
    "proc/meminfo",
    "proc/loadavg",
    "proc/asound/cards",
    "sys/devices/system/cpu/online",
    "sys/devices/system/clocksource/clocksource0/current_clocksource",
];
/// What is said of each processor.
const PROCESSOR: [&str; 4] = ["model name", "Features", "flags", "CPU part"];

/// The machine: kernel, board, memory, disks.
pub fn machine(root: &Path, state: &Path) -> String {
    let mut out = String::new();
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default().trim().to_owned();
    let _ = writeln!(out, "kernel: {} {}", read("proc/sys/kernel/ostype"), read("proc/sys/kernel/osrelease"));
    let release = read("etc/os-release");
    let system =
        release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("unknown").trim_matches('"');
    let _ = writeln!(out, "system: {system}\narchitecture: {}", std::env::consts::ARCH);
    let machine = device::machine();
    let _ =
        writeln!(out, "model: {}\ncompatible: {}", or_none(&machine.model), or_none(&machine.compatible.join(", ")));
    match boards::of(&machine) {
        Some(board) => {
            let _ = writeln!(
                out,
                "board: {} ({}), encoder {}, verified: {}",
                board.name, board.soc, board.encoder, board.verified
            );
        }
        None => out.push_str("board: in no row of the table\n"),
    }
    let processors = read("proc/cpuinfo");
    for what in PROCESSOR {
        let of = |line: &&str| line.split(':').next().is_some_and(|name| name.trim() == what);
        if let Some(line) = processors.lines().find(of) {
            let _ = writeln!(out, "{line}");
        }
    }
    for path in COPIED {
        let _ = writeln!(out, "\n/{path}:\n{}", or_none(&read(path)));
    }
    let _ = writeln!(out, "\ndisks:");
    for (name, at) in entries(&root.join("sys/block")) {
        if ["loop", "ram", "zram"].iter().any(|kind| name.starts_with(kind)) {
            continue;
        }
        let read = |path: &str| fs::read_to_string(at.join(path)).unwrap_or_default().trim().to_owned();
        let sectors: u64 = read("size").parse().unwrap_or(0);
        let _ = writeln!(
            out,
            "  {name}: {} bytes, model {}, kind {}, turns {}, removable {}",
            sectors * 512,
            or_none(&read("device/model")),
            or_none(&read("device/type")),
            or_none(&read("queue/rotational")),
            or_none(&read("removable"))
        );
    }
    if let Ok(space) = disk::space(state) {
        let card = disk::is_on_sd_card(root, state);
        let _ =
            writeln!(out, "  the state folder: {} of {} bytes free, on an SD card: {card}", space.free, space.total);
    }
    let _ = writeln!(out, "\nscreens:");
    for (name, at) in entries(&root.join("sys/class/drm")) {
        if let Ok(status) = fs::read_to_string(at.join("status")) {
            let _ = writeln!(out, "  {name}: {}", status.trim());
        }
    }
    out
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

/// What is in a folder, in order.
fn entries(folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<_> =
        entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect();
    entries.sort();
    entries
}

/// The plug-ins of GStreamer with their versions, and which of our encoders are there.
pub fn gstreamer() -> String {
    let mut out = String::new();
    match pipeline::plugins() {
        Ok((version, plugins)) => {
            let _ = writeln!(out, "{version}\n");
            for (name, version) in plugins {
                let _ = writeln!(out, "{name} {version}");
            }
        }
        Err(error) => {
            let _ = writeln!(out, "{error}");
        }
    }
    let _ = writeln!(out, "\nH.264 encoders:");
    for encoder in pipeline::H264Encoder::RANKED {
        let there = encoder.installed().is_ok();
        let _ = writeln!(out, "  {}: {}", encoder.element(), if there { "installed" } else { "not installed" });
    }
    out
}

/// Cameras with their modes, sound cards, screens, and what was left out.
pub fn devices() -> String {
    serde_json::to_string_pretty(&device::inventory()).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_serial_number_of_the_machine_is_among_the_facts() {
        let root = tempfile::tempdir().expect("a folder");
        for (file, text) in [
            ("proc/sys/kernel/ostype", "Linux"),
            ("proc/sys/kernel/osrelease", "6.1.0-56-arm64"),
            ("proc/sys/kernel/hostname", "adas-box"),
            ("proc/cpuinfo", "processor\t: 0\nmodel name\t: ARMv8\nSerial\t\t: 10000000abcdef01\n"),
            ("proc/cmdline", "smsc95xx.macaddr=B8:27:EB:12:34:56 root=PARTUUID=1234abcd-02"),
            ("proc/meminfo", "MemTotal: 3884652 kB"),
            ("sys/block/mmcblk0/size", "62333952"),
            ("sys/block/mmcblk0/device/type", "SD"),
            ("sys/block/mmcblk0/device/serial", "0x12345678"),
            ("sys/block/mmcblk0/device/cid", "03534453433332478012345678014ab3"),
            ("sys/block/loop0/size", "8"),
            ("sys/class/drm/card0-HDMI-A-1/status", "connected"),
        ] {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("it is made");
            fs::write(file, text).expect("it writes");
        }
        let told = machine(root.path(), root.path());
        for there in [
            "Linux 6.1.0-56-arm64",
            "ARMv8",
            "3884652 kB",
            "mmcblk0: 31914983424 bytes",
            "kind SD",
            "card0-HDMI-A-1: connected",
        ] {
            assert!(told.contains(there), "{there} is not in\n{told}");
        }
        for not in ["abcdef01", "B8:27", "PARTUUID", "12345678", "adas-box", "loop0"] {
            assert!(!told.contains(not), "{not} is in\n{told}");
        }
    }
}
