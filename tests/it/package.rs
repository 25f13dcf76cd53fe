//! What the Debian package is made of; `script/test-package` builds one and tries it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What Cargo.toml says of the package.
fn deb() -> toml::Table {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    manifest["package"]["metadata"]["deb"].as_table().unwrap().clone()
}

/// Where each file comes from, where it goes to, and its mode.
fn assets() -> Vec<[String; 3]> {
    let of = |asset: &toml::Value| {
        let parts = asset.as_array().unwrap().iter().map(|part| part.as_str().unwrap().to_owned());
        parts.collect::<Vec<_>>().try_into().expect("source, target and mode")
    };
    deb()["assets"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn every_file_of_the_package_is_there_and_every_unit_is_in_it() {
    let assets = assets();
    for [source, _, mode] in &assets {
        let path = root().join(source);
        match source.split_once("/*") {
            _ if source.starts_with("target/") => {
                assert_eq!((&**source, &**mode), ("target/release/porchlight", "755"))
            }
            Some((folder, ending)) => {
                let files = std::fs::read_dir(root().join(folder)).unwrap();
                let found =
                    files.filter(|file| file.as_ref().unwrap().path().to_str().unwrap().ends_with(ending)).count();
                assert!(found > 0, "{source}");
            }
            None => assert!(path.is_file(), "{source}"),
        }
    }
    let sources: BTreeSet<&str> = assets.iter().map(|[source, ..]| &**source).collect();
    for file in std::fs::read_dir(root().join("systemd")).unwrap() {
        let name = format!("systemd/{}", file.unwrap().file_name().to_str().unwrap());
        assert!(sources.contains(&*name), "{name} is in no package");
    }
    for file in deb()["conf-files"].as_array().unwrap() {
        let file = file.as_str().unwrap().trim_start_matches('/');
        let is = |[source, target, _]: &[String; 3]| format!("{target}{}", source.rsplit('/').next().unwrap()) == file;
        assert!(assets.iter().any(is), "{file} is no file of the package");
    }
}

#[test]
fn the_package_depends_on_the_plugins_that_run_packages_names() {
    let deb = deb();
    let depends: Vec<&str> = deb["depends"].as_str().unwrap().split(',').map(str::trim).collect();
    let library = read("script/lib.sh");
    let (_, rest) = library.split_once("RUN_PACKAGES=(\n").unwrap();
    let named =
        rest.split("\n  )").next().unwrap().lines().flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    let named: BTreeSet<&str> = named.collect();
    assert!(named.len() > 5, "{named:?}");
    // Beside those: libraries that are linked, and what the package's scripts call.
    let others = ["$auto", "systemd (>= 252)", "udev", "init-system-helpers (>= 1.54)", "ca-certificates"];
    let expected: BTreeSet<&str> = named.into_iter().chain(others).collect();
    assert_eq!(depends.iter().copied().collect::<BTreeSet<_>>(), expected);
    assert_eq!(depends.len(), expected.len(), "something is named twice");
}

#[test]
fn the_package_has_the_version_of_the_program() {
    let changelog = read("debian/changelog");
    let expected = concat!("porchlight (", env!("CARGO_PKG_VERSION"), "-1) ");
    assert!(changelog.starts_with(expected), "{}", changelog.lines().next().unwrap());
}

#[test]
fn its_scripts_are_read_by_every_shell_and_only_a_purge_takes_what_the_box_keeps() {
    for name in ["postinst", "prerm", "postrm"] {
        let text = read(&format!("debian/{name}"));
        assert!(text.starts_with("#!/bin/sh\n") && text.contains("\nset -e\n"), "{name}");
        let output = Command::new("sh").arg("-n").arg(root().join("debian").join(name)).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{name}: {output:?}");
        let outside = text.split("if [ \"$1\" = purge ]; then").next().unwrap();
        assert!(!outside.contains("rm "), "{name} removes something whatever it is called for");
    }
    assert!(read("debian/postrm").contains("rm -rf --one-file-system /var/lib/porchlight\n"));
}
