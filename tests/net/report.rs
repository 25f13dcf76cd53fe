//! The table, in Markdown, and what misses its limits.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::caller::Seen;
use super::scenario::{ALL, Limits, Scenario};

/// How a scenario went: what Ada saw of Bob, and Bob of Ada; or what did not happen.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    seen: Option<[Seen; 2]>,
    /// Part of the time in which something on this machine waited for a processor.
    waited: f64,
    /// What misses its limit.
    misses: Vec<String>,
}

#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

const DIRECTIONS: [&str; 2] = ["Ada sees Bob", "Bob sees Ada"];

impl Report {
    pub fn new() -> Self {
        println!(
            "| network | | first picture | pictures/s | rows | freezes | longest | sound made up | moves again | path | |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
        Self::default()
    }

    pub fn add(&mut self, scenario: &Scenario, found: anyhow::Result<[Seen; 2]>, waited: f64) {
        let row = match found {
            Ok(seen) => {
                let mut misses = Vec::new();
                for (who, seen) in DIRECTIONS.iter().zip(&seen) {
                    let missed = missed(seen, &scenario.limits);
                    line(scenario.what, who, seen, waited, missed.is_empty());
                    misses.extend(missed.into_iter().map(|missed| format!("{who}: {missed}")));
                }
                Row { name: scenario.name, seen: Some(seen), waited, misses }
            }
            Err(error) => {
                println!("| {} | both | | | | | | | | | | FAILED |", scenario.what);
                Row { name: scenario.name, seen: None, waited, misses: vec![format!("{error:#}")] }
            }
        };
        self.rows.push(row);
    }

    /// Says what misses its limits, and writes all figures; whether nothing does.
    pub fn end(&self, json: &Path) -> anyhow::Result<bool> {
        println!();
        for row in &self.rows {
            for miss in &row.misses {
                println!("FAILED {}: {miss}", row.name);
            }
        }
        if let Some(folder) = json.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(json, serde_json::to_string_pretty(&self.rows)?)?;
        let good = self.rows.iter().filter(|row| row.misses.is_empty()).count();
        println!("{good} of {} scenarios are within their limits. All figures: {}", self.rows.len(), json.display());
        Ok(good == self.rows.len())
    }
}

fn line(what: &str, who: &str, seen: &Seen, waited: f64, good: bool) {
    let Seen { first_picture, rate, height, freezes, frozen, longest, concealed, recovered, path, .. } = seen;
    let recovered = recovered.map_or(String::new(), |seconds| format!("{seconds:.1} s"));
    // Bob's path is always the same.
    let path = path.as_deref().filter(|_| who == DIRECTIONS[0]).unwrap_or("");
    let verdict = if good { "" } else { "FAILED" };
    let (concealed, waited) = (concealed * 100.0, waited * 100.0);
    println!(
        "| {what} | {who} | {first_picture:.1} s | {rate:.0} | {height:.0} | {freezes:.0}, {frozen:.1} s | {longest:.1} s \
         | {concealed:.1} % | {recovered} | {path} | {waited:.0} % | {verdict} |"
    );
}

fn missed(seen: &Seen, limits: &Limits) -> Vec<String> {
    let mut missed = Vec::new();
    let mut check = |good: bool, what: &str, found: f64, limit: f64| {
        if !good {
            missed.push(format!("{what}: {found:.2}, the limit is {limit:.2}"));
        }
    };
    let at_most = |found: f64, limit: f64| found <= limit;
    check(
        at_most(seen.first_picture, limits.first_picture),
        "seconds to the first picture",
        seen.first_picture,
        limits.first_picture,
    );
    check(seen.rate >= limits.rate, "pictures a second", seen.rate, limits.rate);
    check(at_most(seen.longest, limits.longest), "seconds that the picture stood still", seen.longest, limits.longest);
    check(
        at_most(seen.concealed, limits.concealed),
        "part of the sound that is made up",
        seen.concealed,
        limits.concealed,
    );
    if let Some(recovered) = seen.recovered {
        check(at_most(recovered, limits.recovered), "seconds until it moved again", recovered, limits.recovered);
    }
    missed
}

/// Every scenario and its limits.
pub fn list() {
    println!("| name | network | first picture | pictures/s | longest | sound made up | moves again |");
    println!("|---|---|---|---|---|---|---|");
    for Scenario { name, what, limits, .. } in &ALL {
        let Limits { first_picture, rate, longest, concealed, recovered } = limits;
        let concealed = concealed * 100.0;
        let recovered = if *recovered > 0.0 { format!("{recovered} s") } else { String::new() };
        println!("| {name} | {what} | {first_picture} s | {rate} | {longest} s | {concealed:.0} % | {recovered} |");
    }
}
