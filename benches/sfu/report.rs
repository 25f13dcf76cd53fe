//! What was found beside janus, as Markdown on the terminal and as JSON in a file.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::Group;
use crate::forward::{QUIET, Way};
use crate::report::here;

/// What issue 4 aims at: milliseconds of 99 in 100 packets at half load.
const AIM_DELAY: f64 = 5.0;

#[derive(Serialize)]
pub struct Report {
    commit: String,
    machine: String,
    groups: Vec<Group>,
}

impl Report {
    /// Says where and on what this runs.
    pub fn new() -> anyhow::Result<Self> {
        let (commit, machine) = here()?;
        println!(
            "\nCPU seconds for a million packets and milliseconds of delay: median of the rounds (least to most)\n"
        );
        println!("| subscribers | server | CPU s | : bare | MB each | p50 | p99 | most cameras | p50 at half | p99 |");
        println!("|---|---|---|---|---|---|---|---|---|---|");
        Ok(Self { commit, machine, groups: Vec::new() })
    }

    pub fn add(&mut self, group: Group) {
        for found in &group.found {
            let memory = found.memory.map_or(String::new(), |memory| format!("{memory:.2}"));
            println!(
                "| {} | {} | {} | {:.2} | {memory} | {:.2} | {:.2} | {} | {:.2} | {:.2} |",
                group.subscribers,
                name(found.way),
                found.cpu,
                found.ratio,
                found.p50.median,
                found.p99.median,
                found.most,
                found.half.p50,
                found.half.p99,
            );
        }
        self.groups.push(group);
    }

    /// Writes the file, and says what misses its aim and what is in doubt.
    pub fn end(self, json: &Path) -> anyhow::Result<()> {
        println!();
        for group in &self.groups {
            let of = |way| group.found.iter().find(|found| found.way == way);
            if let (Some(ours), Some(theirs)) = (of(Way::Box), of(Way::Janus)) {
                if ours.cpu.median > theirs.cpu.median {
                    println!(
                        "NOTE: at {} subscribers a packet costs {:.2} times what it costs janus; the aim is less.",
                        group.subscribers,
                        ours.cpu.median / theirs.cpu.median
                    );
                }
                if ours.half.p99 > AIM_DELAY {
                    println!(
                        "NOTE: at {} subscribers and half load p99 is {:.2} ms; the aim is {AIM_DELAY}.",
                        group.subscribers, ours.half.p99
                    );
                }
            }
            let windows = || group.found.iter().flat_map(|found| &found.windows);
            let others = windows().map(|window| window.others).fold(0.0, f64::max);
            let lost = windows().map(|window| window.lost).fold(0.0, f64::max);
            if others > QUIET || lost > 0.0 {
                println!(
                    "NOTE: the figures of {} subscribers are in doubt: others kept {others:.2} CPUs busy, {:.2} % was lost.",
                    group.subscribers,
                    lost * 100.0
                );
            }
        }
        if let Some(folder) = json.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(json, serde_json::to_string_pretty(&self)?)?;
        println!("All figures: {}", json.display());
        Ok(())
    }
}

fn name(way: Way) -> &'static str {
    match way {
        Way::Box => "Porchlight",
        Way::Janus => "janus",
        Way::Bare => "bare sendmmsg",
        Way::BareSegments => "bare GSO",
    }
}
