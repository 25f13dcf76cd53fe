//! Calls on bad networks: Chromium in network namespaces, behind a link that loses, delays and breaks. `script/test-net`
//! builds it and runs it as root; docs/performance.md has its table.

#![allow(clippy::unwrap_used, reason = "a test that panics says what is wrong")]

mod caller;
#[path = "../it/fixture/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the other tests use the rest")]
mod fixture;
mod link;
mod report;
mod run;
mod scenario;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "script/test-net", about = "Calls on bad networks, as Chromium sees them", version)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Args)]
struct Options {
    /// Only these scenarios
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Says which scenarios there are, and what must hold in each
    #[arg(long)]
    list: bool,
    /// Seconds that a call is measured
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Where all figures are written to
    #[arg(long, default_value = "target/net.json")]
    json: PathBuf,
    /// Where what the box wrote is copied to; PORCHLIGHT_LOG__LEVEL says how much that is
    #[arg(long)]
    log: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Role {
    #[command(hide = true)]
    Link { left: String, right: String },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.role {
        Some(Role::Link { left, right }) => link::run(&left, &right).map(|()| true),
        None if cli.options.list => {
            report::list();
            Ok(true)
        }
        None => run::all(&cli.options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("script/test-net: {error:#}");
            ExitCode::from(2)
        }
    }
}
