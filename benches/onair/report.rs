//! What was found about being on air, as Markdown on the terminal and as JSON in a file.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::latency::{self, Latency, Way};
use super::program;
use super::viewers::{Viewers, What};
use crate::forward::QUIET;
use crate::report::here;

/// Milliseconds until it is seen, at most: 95 of 100 pictures.
const AIM_WHEP: f64 = 250.0;
const AIM_HLS: f64 = 2000.0;
/// CPU time of a program against that of ffmpeg, at most.
const AIM_PROGRAM: f64 = 1.3;
/// What nginx's CPU time for a request is of the box's, and the box's requests a second of nginx's, at least.
const AIM_VIEWERS: f64 = 0.7;

#[derive(Serialize)]
pub struct Report {
    commit: String,
    machine: String,
    latency: Option<Latency>,
    program: Vec<program::Found>,
    viewers: Option<Viewers>,
    /// The aims and whether they hold, and what should not be believed.
    remarks: Vec<String>,
}

impl Report {
    /// Says where and on what this runs.
    pub fn new() -> anyhow::Result<Self> {
        let (commit, machine) = here()?;
        Ok(Self { commit, machine, latency: None, program: Vec::new(), viewers: None, remarks: Vec::new() })
    }

    /// Says whether a figure is what it should be.
    fn aim(&mut self, what: &str, found: &str, aim: &str, holds: bool) {
        let verdict = if holds { "holds" } else { "is MISSED" };
        self.remarks.push(format!("{what} is {found}; the aim, {aim}, {verdict}"));
    }

    fn doubt(&mut self, what: &str, others: f64) {
        if others > QUIET {
            self.remarks
                .push(format!("the figures of {what} are in doubt: others kept {others:.2} CPUs busy meanwhile"));
        }
    }

    pub fn latency(&mut self, found: Latency) {
        println!(
            "\nMilliseconds from drawing a picture in one Chromium to showing it in another, median of the rounds:\n"
        );
        println!("| | p50 | p95 | : direct | picture waits | sound waits | pictures/s | size | CPUs busy |");
        println!("|---|---|---|---|---|---|---|---|---|");
        for latency::Found { way, p50, p95, ratio, waited: [sound, picture], pictures, windows } in &found.found {
            let name = match way {
                Way::Direct => "WebRTC without the box",
                Way::Picture => "WHEP, the picture alone",
                Way::Whep => "WHEP",
                Way::Hls => "LL-HLS",
            };
            let [width, height] = windows.last().map_or([0; 2], |window| window.size);
            let ours = windows.iter().map(|window| window.ours).fold(0.0, f64::max);
            println!(
                "| {name} | {p50:.0} | {p95:.0} | {ratio:.2} | {:.0} | {:.0} | {:.0} | {width}x{height} | {ours:.1} |",
                picture.median, sound.median, pictures.median
            );
        }
        println!("\nThe playlist has players stay {:.2} s from its end at least.", found.hold_back);
        for (way, name, aim) in [(Way::Whep, "WHEP", AIM_WHEP), (Way::Hls, "LL-HLS", AIM_HLS)] {
            let of = found.found.iter().find(|found| found.way == way);
            if let Some(of) = of {
                let (p50, p95) = (of.p50.median, of.p95.median);
                let said = format!("{p50:.0} ms at p50 and {p95:.0} ms at p95");
                self.aim(&format!("latency by {name}"), &said, &format!("less than {aim:.0} ms"), p95 < aim);
            }
        }
        let windows = || found.found.iter().flat_map(|found| &found.windows);
        self.doubt("latency", windows().map(|window| window.others).fold(0.0, f64::max));
        let unread: u64 = windows().map(|window| window.unread).sum();
        if unread > 0 {
            self.remarks.push(format!("no clock could be read on {unread} pictures, which are left out"));
        }
        self.latency = Some(found);
    }

    pub fn program(&mut self, found: program::Found) {
        if self.program.is_empty() {
            println!(
                "\nCPU seconds for a second of media: two people composed, and smaller pictures of 360 and 144 lines:\n"
            );
            println!(
                "| lines of each camera | Porchlight | ffmpeg | Porchlight : ffmpeg | pictures/s | ffmpeg | most of it |"
            );
            println!("|---|---|---|---|---|---|---|");
        }
        let mut threads: Vec<_> = found.threads.iter().collect();
        threads.sort_by(|one, other| other.1.total_cmp(one.1));
        let most: Vec<_> = threads.iter().take(5).map(|(name, cpu)| format!("{name} {cpu:.2}")).collect();
        let ([ours, plain], [made, pictures]) = (found.cpu, found.pictures);
        println!(
            "| {} | {ours:.2} | {plain:.2} | {:.2} | {:.1} | {:.1} | {} |",
            found.lines,
            found.ratio,
            made.median,
            pictures.median,
            most.join(", ")
        );
        let ratio = found.ratio.median;
        let what = format!("the CPU time of a program with cameras of {} lines", found.lines);
        self.aim(&what, &format!("{ratio:.2} times ffmpeg's"), &format!("at most {AIM_PROGRAM}"), ratio <= AIM_PROGRAM);
        let others = found.windows.iter().map(|window| window.others).fold(0.0, f64::max);
        self.doubt(&format!("a program with cameras of {} lines", found.lines), others);
        self.program.push(found);
    }

    pub fn viewers(&mut self, found: Viewers) {
        println!(
            "\n{} connections that ask as fast as they are answered, and {} players with two connections each:\n",
            found.connections, found.watching
        );
        println!(
            "| asked for | server | requests/s | MB/s | CPU s for 1,000 requests | its CPUs | players' | CPU, nginx : Porchlight | requests/s, Porchlight : nginx |"
        );
        println!("|---|---|---|---|---|---|---|---|---|");
        for of in &found.found {
            let what = match of.what {
                What::Mix => "playlists and parts in turn",
                What::Playlists => "playlists",
                What::Parts => "parts",
                What::Segments => "segments",
                What::Live => "as players do",
            };
            for (at, server) in ["Porchlight", "nginx"].into_iter().enumerate() {
                let ratios = match at {
                    0 if of.what == What::Live => format!("{:.2} | ", of.cheaper),
                    0 => format!("{:.2} | {:.2}", of.cheaper, of.faster),
                    _ => " | ".to_owned(),
                };
                println!(
                    "| {what} | {server} | {:.0} | {:.0} | {:.4} | {:.2} | {:.2} | {ratios} |",
                    of.requests[at].median, of.megabytes[at].median, of.cpu[at], of.busy[at], of.players[at]
                );
            }
            let (cheaper, faster) = (of.cheaper.median, of.faster.median);
            let said = format!("{cheaper:.2} of Porchlight's");
            let aim = format!("at least {AIM_VIEWERS}");
            self.aim(&format!("nginx's CPU time for a request ({what})"), &said, &aim, cheaper >= AIM_VIEWERS);
            if of.what != What::Live {
                let said = format!("{faster:.2} of nginx's");
                self.aim(&format!("the number of requests answered ({what})"), &said, &aim, faster >= AIM_VIEWERS);
            }
        }
        println!("\nOf Porchlight's CPU time {:.3} CPUs are taken off, which it takes for what is on air.", found.base);
        if !found.pinned {
            self.remarks.push("servers and players shared all CPUs: requests a second say little".to_owned());
        }
        self.doubt("viewers", found.windows.iter().map(|window| window.others).fold(0.0, f64::max));
        self.viewers = Some(found);
    }

    /// Writes the file, and what has to be said of the figures.
    pub fn end(self, json: &Path) -> anyhow::Result<()> {
        println!();
        for remark in &self.remarks {
            println!("NOTE: {remark}.");
        }
        if let Some(folder) = json.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(json, serde_json::to_string_pretty(&self)?)?;
        println!("All figures: {}", json.display());
        Ok(())
    }
}
