//! The box in a virtual machine: real V4L2, ALSA, DRM and CEC of a Debian kernel, whose devices are virtual. `script/test-vm` makes the
//! guest, builds this and runs it.

#![allow(clippy::unwrap_used, reason = "a test that panics says what is wrong")]

mod checks;
#[path = "../it/fixture/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the other tests use the rest")]
mod fixture;
mod machine;
mod world;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Instant;

use anyhow::{anyhow, ensure};
use clap::Parser;

use checks::CHECKS;
use machine::Accel;
use world::World;

#[derive(Parser)]
#[command(name = "script/test-vm", about = "The box in a virtual machine", version)]
struct Options {
    /// The folder with the guest's kernel and disk
    #[arg(long)]
    guest: PathBuf,
    /// Only these checks
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Says what is checked
    #[arg(long)]
    list: bool,
    /// How the guest's code is run; without it KVM is tried first
    #[arg(long)]
    accel: Option<Accel>,
    /// Where screens, the guest's console and what the box wrote are copied to
    #[arg(long)]
    keep: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.list {
        CHECKS.iter().for_each(|check| println!("{:<10} {}", check.name, check.what));
        return ExitCode::SUCCESS;
    }
    match all(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("script/test-vm: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs the checks; whether all hold.
fn all(options: &Options) -> anyhow::Result<bool> {
    let unknown = options.only.iter().find(|name| CHECKS.iter().all(|check| check.name != **name));
    ensure!(unknown.is_none(), "there is no check {unknown:?}; --list says which there are");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let started = Instant::now();
        let mut world = World::make(options).await?;
        println!("The guest and the box in it are up after {} s.\n", started.elapsed().as_secs());
        println!("| what | found | |\n|---|---|---|");
        let mut good = true;
        for check in
            CHECKS.iter().filter(|check| options.only.is_empty() || options.only.iter().any(|n| n == check.name))
        {
            let found = caught((check.run)(&mut world)).await;
            let (found, mark) = match found {
                Ok(found) => (found, "holds"),
                Err(error) => (format!("{error:#}").replace('\n', " "), "FAILS"),
            };
            good &= mark == "holds";
            println!("| {} | {found} | {mark} |", check.what);
        }
        if let Some(folder) = &options.keep {
            world.keep(folder)?;
        }
        world.end()?;
        Ok(good)
    })
}

/// What the fixtures' assertions say is an error like any other here: the checks after it are of use all the same.
async fn caught<T>(check: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let mut check = pin!(check);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| check.as_mut().poll(cx))) {
        Ok(polled) => polled,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Poll::Ready(Err(anyhow!("{}", said.unwrap_or_else(|| "it failed".into()))))
        }
    })
    .await
}
