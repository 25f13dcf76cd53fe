//! The boards that are known: `config/boards.toml`, which is part of the program.

use serde::Deserialize;

use crate::model::board::{Board, Largest, Machine, Quirk};

const TABLE: &str = include_str!("../../config/boards.toml");

/// The table as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    quirk: Vec<QuirkRow>,
    board: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuirkRow {
    code: String,
    text: String,
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default)]
    model: Vec<String>,
    #[serde(default)]
    compatible: Vec<String>,
    #[serde(default)]
    product: Vec<String>,
    architecture: Option<String>,
    soc: String,
    camera: String,
    encoder: String,
    largest: Option<[u32; 3]>,
    display: String,
    audio: String,
    quirks: Vec<String>,
    verified: String,
}

fn table() -> Table {
    toml::from_str(TABLE).expect("a test reads the table, which is part of the program")
}

fn board(row: Row, quirks: &[QuirkRow]) -> Board {
    let quirk = |code: &String| {
        let QuirkRow { code, text, source } = quirks.iter().find(|quirk| quirk.code == *code)?;
        Some(Quirk { code: code.clone(), text: text.clone(), source: source.clone() })
    };
    Board {
        quirks: row.quirks.iter().filter_map(quirk).collect(),
        name: row.name,
        soc: row.soc,
        camera: row.camera,
        encoder: row.encoder,
        largest: row.largest.map(|[width, height, fps]| Largest { width, height, fps }),
        display: row.display,
        audio: row.audio,
        verified: row.verified,
    }
}

/// All of them, in the order of the table.
pub fn all() -> Vec<Board> {
    let Table { quirk, board: rows } = table();
    rows.into_iter().map(|row| board(row, &quirk)).collect()
}

/// The one that this machine is.
pub fn of(machine: &Machine) -> Option<Board> {
    let Table { quirk, board: rows } = table();
    let at = place(&rows, machine)?;
    rows.into_iter().nth(at).map(|row| board(row, &quirk))
}

/// By the model before all else, which is the nearest; by the architecture where there is nothing else to go by.
fn place(rows: &[Row], machine: &Machine) -> Option<usize> {
    let begins = |names: &[String], text: &str| names.iter().any(|name| text.starts_with(name.as_str()));
    let by = |fits: &dyn Fn(&Row) -> bool| rows.iter().position(fits);
    by(&|row| begins(&row.model, &machine.model))
        .or_else(|| machine.compatible.iter().find_map(|one| by(&|row| row.compatible.contains(one))))
        .or_else(|| by(&|row| begins(&row.product, &machine.product)))
        .or_else(|| {
            let bare = machine.model.is_empty() && machine.compatible.is_empty();
            by(&|row| bare && row.architecture.as_deref() == Some(machine.architecture))
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::drivers::pipeline::H264Encoder;

    #[test]
    fn every_row_is_whole_and_every_quirk_is_there_and_used() {
        let Table { quirk, board: rows } = table();
        let codes: BTreeSet<&str> = quirk.iter().map(|quirk| quirk.code.as_str()).collect();
        assert_eq!(codes.len(), quirk.len(), "a code is there twice");
        for QuirkRow { code, text, source } in &quirk {
            let plain = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            assert!(plain && text.ends_with('.') && !source.is_empty(), "{code}");
        }
        let used: BTreeSet<&str> = rows.iter().flat_map(|row| &row.quirks).map(String::as_str).collect();
        assert_eq!(used, codes, "left those of boards, right those that are explained");
        for row in &rows {
            let found =
                row.model.len() + row.compatible.len() + row.product.len() + usize::from(row.architecture.is_some());
            assert!(found > 0, "{} can't be found", row.name);
            assert!(
                H264Encoder::of_element(&row.encoder).is_some(),
                "{}: {} is none of our encoders",
                row.name,
                row.encoder
            );
            for text in [&row.name, &row.soc, &row.camera, &row.display, &row.audio, &row.verified] {
                assert!(!text.is_empty() && !text.contains('|'), "{}: {text:?}", row.name);
            }
            assert!(row.largest.is_none_or(|[width, height, fps]| width >= 640 && height >= 360 && fps >= 15));
        }
        let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names.len(), rows.len(), "a name is there twice");
        assert_eq!(all().len(), rows.len());
    }

    #[test]
    fn no_two_rows_fit_the_same_string() {
        let rows = table().board;
        for (at, row) in rows.iter().enumerate() {
            let others = || rows.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, row)| row);
            for model in &row.model {
                let fits = others()
                    .any(|other| other.model.iter().any(|one| one.starts_with(model) || model.starts_with(one)));
                assert!(!fits, "{model} fits another row as well");
                assert_eq!(
                    place(&rows, &Machine { model: format!("{model} Rev 1.0"), ..Machine::default() }),
                    Some(at)
                );
            }
            for one in &row.compatible {
                assert!(others().all(|other| !other.compatible.contains(one)), "{one} is there twice");
            }
            for product in &row.product {
                let fits = others().any(|other| other.product.iter().any(|one| one.starts_with(product)));
                assert!(!fits, "{product} fits another row as well");
            }
        }
    }

    #[test]
    fn a_machine_is_found_by_what_it_says() {
        let named = |machine: Machine| of(&machine).map(|board| board.name);
        let model = |text: &str| Machine { model: text.into(), ..Machine::default() };
        assert_eq!(named(model("Raspberry Pi 400 Rev 1.0")).as_deref(), Some("Raspberry Pi 4, 400, Compute Module 4"));
        assert_eq!(
            named(model("Raspberry Pi Compute Module 5 Lite")).as_deref(),
            Some("Raspberry Pi 5, 500, Compute Module 5")
        );
        let rock = Machine {
            model: "Radxa ROCK 5B".into(),
            compatible: vec!["radxa,rock-5b".into(), "rockchip,rk3588".into()],
            ..Machine::default()
        };
        assert_eq!(named(rock).as_deref(), Some("RK3588 boards (ROCK 5, Orange Pi 5)"));
        let pc = Machine { product: "NUC".into(), architecture: "x86_64", ..Machine::default() };
        assert_eq!(named(pc.clone()).as_deref(), Some("PC (amd64), such as Intel N100"));
        let emulated = Machine { product: "Standard PC (Q35 + ICH9, 2009)".into(), ..pc };
        assert_eq!(named(emulated).as_deref(), Some("QEMU, amd64"));
        assert_eq!(named(model("Some Other Board")), None);
    }
}
