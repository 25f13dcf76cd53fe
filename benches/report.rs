//! What was found, as Markdown on the terminal and as JSON in a file.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::daemon::{Memory, Pictures};
use crate::forward::{Found, Way};
use crate::measure::Spread;

/// What issue 3 aims at.
const AIM_RATIO: f64 = 3.0;
const AIM_IDLE: f64 = 60.0;
const AIM_PICTURE: f64 = 500.0;

#[derive(Serialize)]
pub struct Report {
    commit: String,
    machine: String,
    packets: Vec<Found>,
    memory: Option<Memory>,
    start: Option<[Spread; 2]>,
    pictures: Option<Pictures>,
    /// What misses its aim, and what should not be believed.
    remarks: Vec<String>,
}

impl Report {
    /// Says where and on what this runs.
    pub fn new() -> anyhow::Result<Self> {
        let (commit, machine) = here()?;
        Ok(Self {
            commit,
            machine,
            packets: Vec::new(),
            memory: None,
            start: None,
            pictures: None,
            remarks: Vec::new(),
        })
    }

    fn remark(&mut self, aim: f64, found: f64, what: &str) {
        if found > aim {
            self.remarks.push(format!("{what} is {found:.1}, the aim is {aim:.1}"));
        }
    }

    pub fn packets(&mut self, found: Found) {
        if self.packets.is_empty() {
            println!("\nCPU seconds for a million packets, median of the rounds (least to most):\n");
            println!(
                "| subscribers | Porchlight | bare sendmmsg | bare GSO | Porchlight : sendmmsg | : GSO | in the kernel |"
            );
            println!("|---|---|---|---|---|---|---|");
        }
        let (kernel, segments) = (found.kernel * 100.0, found.ratio_segments.median);
        let [engine, bare, gso] = found.cpu;
        let (n, ratio) = (found.subscribers, found.ratio);
        println!("| {n} | {engine} | {bare} | {gso} | {ratio:.2} | {segments:.2} | {kernel:.0} % |");
        self.remark(AIM_RATIO, ratio.median, &format!("the ratio at {n} subscribers"));
        if let Some(doubt) = found.doubt() {
            self.remarks.push(format!("the figures of {n} subscribers are in doubt: {doubt}"));
        }
        self.packets.push(found);
    }

    fn delays(&self) {
        println!("\nMilliseconds from the sender's kernel to the receiver's, median of the rounds:\n");
        println!("| subscribers | Porchlight p50 | p99 | bare p50 | p99 | added p50 | p99 |");
        println!("|---|---|---|---|---|---|---|");
        for found in &self.packets {
            let [engine, bare] = [Way::Box, Way::Bare].map(|way| found.delay(way));
            let (p50, p99) = (found.added_p50, found.added_p99);
            let [a, b, c, d] = [engine.0, engine.1, bare.0, bare.1].map(|spread| spread.median);
            println!("| {} | {a:.2} | {b:.2} | {c:.2} | {d:.2} | {p50:.2} | {p99:.2} |", found.subscribers);
        }
    }

    pub fn memory(&mut self, found: Memory) {
        if !self.packets.is_empty() {
            self.delays();
        }
        println!("\nResident memory in MB:\n\n| | MB |\n|---|---|");
        println!("| idle | {:.1}, of it {:.1} of no file |", found.idle, found.idle_anonymous);
        println!("| each participant | {:.2} |", found.participant);
        println!("| the box alone on air, one viewer of each kind | {:.1} |", found.on_air);
        println!("| each further viewer by WHEP | {:.2} |", found.whep_viewer);
        println!("| each further viewer by LL-HLS | {:.2} |", found.hls_viewer);
        self.remark(AIM_IDLE, found.idle, "idle memory in MB");
        self.memory = Some(found);
    }

    pub fn start(&mut self, found: [Spread; 2]) {
        let [cold, warm] = found;
        println!(
            "\nMilliseconds from the start of the process to the first answer of /healthz:\n\n| | ms |\n|---|---|"
        );
        println!("| GStreamer's registry has to be made | {cold:.0} |\n| it is there | {warm:.0} |");
        self.start = Some(found);
    }

    pub fn pictures(&mut self, found: Pictures) {
        println!("\nMilliseconds to the first picture in Chromium, from the click or from opening the page:\n");
        println!("| | answer | connected | picture |\n|---|---|---|---|");
        for (what, found) in [
            ("click on Join, until the box is seen", &found.call),
            ("opening the watch page, the program has to start", &found.first_viewer),
            ("opening the watch page, somebody watches", &found.viewer),
        ] {
            println!("| {what} | {:.0} | {:.0} | {:.0} |", found.answer, found.connected, found.picture);
        }
        self.remark(AIM_PICTURE, found.call.picture.median, "the first picture after the click on Join, in ms");
        self.remark(AIM_PICTURE, found.viewer.picture.median, "the first picture of the watch page, in ms");
        self.pictures = Some(found);
    }

    /// Writes the file, and what has to be said of the figures.
    pub fn end(self, json: &Path) -> anyhow::Result<()> {
        if self.memory.is_none() && !self.packets.is_empty() {
            self.delays();
        }
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

/// Says where and on what this runs: the commit and the machine.
pub fn here() -> anyhow::Result<(String, String)> {
    let commit = said("git", &["describe", "--always", "--dirty", "--abbrev=12"]);
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("");
    let cores = std::thread::available_parallelism()?;
    let model = model.trim_start_matches([' ', '\t', ':']);
    let machine = format!("{cores} cores {model} ({}), Linux {}", std::env::consts::ARCH, said("uname", &["-r"]));
    let date = said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]);
    println!("{date}, commit {commit}, {machine}");
    Ok((commit, machine))
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
