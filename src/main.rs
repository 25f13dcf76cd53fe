//! Reads the command line and runs what it asks for.

use std::process::ExitCode;

use clap::Parser;
use porchlight::config::cli::{Cli, Command};
use porchlight::{config, daemon};

fn main() -> ExitCode {
    run(Cli::parse().command).unwrap_or_else(|error| {
        eprintln!("porchlight: {error:#}");
        // 78 is EX_CONFIG of sysexits.h: systemd does not restart a daemon that ends with it.
        ExitCode::from(if error.is::<config::Error>() { 78 } else { 1 })
    })
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(sources) => return daemon::serve(sources),
        Command::CheckConfig(sources) => {
            sources.load()?.check()?;
            println!("{} is right", sources.file());
        }
        Command::PrintConfig(sources) => print!("{}", sources.load()?.to_toml()),
        Command::Doctor(doctor) => daemon::doctor(&doctor)?,
        Command::CodePictures { element } => println!("{}", daemon::code_pictures(&element)?),
        Command::Pin(sources) => println!("{}", daemon::pin(&sources)?),
        Command::Hotspot(sources) => println!("{}", daemon::hotspot(&sources)?),
        Command::Privacy { what, sources } => println!("{}", daemon::privacy_mode(what, &sources)?),
        Command::Backup(asked) => print!("{}", daemon::backup(&asked)?),
        Command::Restore(asked) => print!("{}", daemon::restore(&asked)?),
        Command::Support(asked) => daemon::support(&asked)?,
        Command::Update(asked) => daemon::update(&asked)?,
        Command::Version => println!("porchlight {}", env!("CARGO_PKG_VERSION")),
    }
    Ok(ExitCode::SUCCESS)
}
