//! The manual pages and the completions for shells, which the package has, are those of the command.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory;
use clap_complete::Shell;
use porchlight::config::cli::Cli;

use super::fixture::has;

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("debian").join(name)
}

/// Every file in a folder, by its name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    let file =
        |path: &Path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap());
    entries.map(|entry| file(&entry.unwrap().path())).collect()
}

/// Holds a folder to what is made; `UPDATE_GOLDEN=1` writes it.
fn hold(name: &str, made: &BTreeMap<String, String>) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(folder(name)).unwrap();
        files(&folder(name)).keys().for_each(|old| std::fs::remove_file(folder(name).join(old)).unwrap());
        made.iter().for_each(|(file, text)| std::fs::write(folder(name).join(file), text).unwrap());
    }
    let there = files(&folder(name));
    assert_eq!(
        there.keys().collect::<Vec<_>>(),
        made.keys().collect::<Vec<_>>(),
        "UPDATE_GOLDEN=1 writes debian/{name}"
    );
    for (file, text) in made {
        assert!(there[file] == *text, "debian/{name}/{file} is not what the command says: UPDATE_GOLDEN=1 writes it");
    }
}

/// Without what only the daemon runs.
fn command() -> clap::Command {
    let mut shown = clap::Command::new("porchlight");
    let all = Cli::command();
    for (about, set) in
        [(all.get_about(), clap::Command::about as fn(_, _) -> _), (all.get_after_help(), clap::Command::after_help)]
    {
        if let Some(text) = about {
            shown = set(shown, text.clone());
        }
    }
    let subcommands = all.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()).cloned();
    shown.subcommand_required(true).disable_help_subcommand(true).subcommands(subcommands)
}

#[test]
fn the_manual_pages_are_those_of_the_command() {
    let made = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(command(), made.path()).unwrap();
    let made = files(made.path());
    assert!(made.contains_key("porchlight.1") && made.contains_key("porchlight-doctor-sound.1"), "{:?}", made.keys());
    hold("man", &made);
}

#[test]
fn the_manual_pages_are_read_without_a_warning() {
    if !has(&["man"]) {
        return;
    }
    for (name, _) in files(&folder("man")) {
        let mut man = Command::new("man");
        man.args(["--warnings", "--encoding=UTF-8", "--local-file"]).arg(folder("man").join(&name));
        let output = man.env("LC_ALL", "C.UTF-8").env("MANWIDTH", "100").env("PAGER", "cat").output().unwrap();
        let page = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(page.contains("SYNOPSIS") && page.contains("porchlight"), "{name}: {page}");
        assert_eq!(name == "porchlight.1", page.contains("Exit codes: 0 done, 78"), "{name}: {page}");
    }
}

#[test]
fn the_completions_are_those_of_the_command() {
    let of = |(shell, file): (Shell, &str)| {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command(), "porchlight", &mut text);
        (file.to_owned(), String::from_utf8(text).unwrap())
    };
    let made = [(Shell::Bash, "porchlight"), (Shell::Zsh, "_porchlight"), (Shell::Fish, "porchlight.fish")].map(of);
    hold("completions", &made.into());
}

#[test]
fn a_shell_completes_what_is_typed() {
    // Words that are typed, the last of them unfinished, and what bash offers.
    for (typed, offered) in [
        (&["porchlight", "do"][..], "doctor"),
        (&["porchlight", "code"], ""),
        (&["porchlight", "doctor", "n"], "network"),
        (&["porchlight", "privacy", "st"], "status"),
        (&["porchlight", "run", "--li"], "--listen"),
    ] {
        let script = r#"source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            _porchlight porchlight "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; echo "${COMPREPLY[*]}""#;
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", script, "bash"]).arg(folder("completions").join("porchlight")).args(typed);
        let output = bash.output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), offered, "{typed:?}");
    }
}
