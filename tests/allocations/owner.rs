//! Whose an allocation is: that of whoever comes first on the stack below the standard library.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// Blocks that were allocated, by whose they are.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Blocks {
    pub ours: u64,
    /// The engine's and what it is made of.
    pub engine: u64,
    /// Where ours are, most first.
    pub sites: Vec<String>,
}

/// What dhat writes, as far as it is read here.
#[derive(Deserialize)]
struct Heap {
    pps: Vec<Point>,
    ftbl: Vec<String>,
}

#[derive(Deserialize)]
struct Point {
    /// Blocks in total.
    tbk: u64,
    /// Its stack, the innermost first.
    fs: Vec<usize>,
}

/// Parts of a path that dhat leaves of it.
const PARTS: usize = 3;

enum Owner {
    Ours,
    Engine,
    Others,
}

impl Blocks {
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let Heap { pps, ftbl } = serde_json::from_slice(&std::fs::read(file)?)?;
        let files = ours(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))?;
        let mut blocks = Self::default();
        let mut sites = Vec::new();
        for point in pps {
            let frames: Vec<&str> = point.fs.iter().filter_map(|at| ftbl.get(*at)).map(String::as_str).collect();
            let (owner, site) = owner(&frames, &files);
            match owner {
                Owner::Ours => {
                    blocks.ours += point.tbk;
                    sites.push((point.tbk, site.context("what is ours has a place")?.to_owned()));
                }
                Owner::Engine => blocks.engine += point.tbk,
                Owner::Others => {}
            }
        }
        sites.sort_unstable_by(|a, b| b.cmp(a));
        blocks.sites = sites.into_iter().take(10).map(|(blocks, site)| format!("{blocks} {site}")).collect();
        Ok(blocks)
    }
}

/// Our sources, as dhat names files: by the last parts of their paths.
fn ours(folder: &Path) -> anyhow::Result<HashSet<String>> {
    let mut files = HashSet::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(ours(&path)?);
        } else {
            let parts: Vec<_> = path.iter().rev().take(PARTS).map(|part| part.to_string_lossy()).collect();
            files.insert(parts.into_iter().rev().collect::<Vec<_>>().join("/"));
        }
    }
    Ok(files)
}

/// Our code has lines, those of others have names.
fn owner<'a>(frames: &[&'a str], files: &HashSet<String>) -> (Owner, Option<&'a str>) {
    for frame in frames {
        // "0x55…: push (src/model/ring.rs:41:7)" or "0x55…: <str0m::… as …>::… (???:0:0)".
        let name = frame.split_once(": ").map_or(*frame, |(_, name)| name);
        let file = name.rsplit_once('(').and_then(|(_, place)| place.split(':').next());
        if file.is_some_and(|file| files.contains(file)) {
            return (Owner::Ours, Some(frame));
        }
        let name = name.trim_start_matches(['<', '&']);
        if ["str0m", "dimpl", "is::", "aws_lc"].iter().any(|of| name.starts_with(of)) {
            return (Owner::Engine, None);
        }
    }
    (Owner::Others, None)
}
