//! The table of boards is what the documents say.

use std::collections::BTreeSet;
use std::path::Path;

use porchlight::config::boards;

const BEGIN: &str =
    "<!-- boards: made from config/boards.toml; UPDATE_GOLDEN=1 cargo test --test it boards writes it -->\n";
const END: &str = "<!-- end of boards -->";

/// The table as README.md has it.
fn table() -> String {
    let mut text = String::from(
        "| board | chip | camera | H.264 | screen | sound | what was run |\n|---|---|---|---|---|---|---|\n",
    );
    for board in boards::all() {
        let limit = board.largest.map(|most| format!(", up to {}×{} at {}", most.width, most.height, most.fps));
        text.push_str(&format!(
            "| {} | {} | {} | `{}`{} | {} | {} | {} |\n",
            board.name,
            board.soc,
            board.camera,
            board.encoder,
            limit.unwrap_or_default(),
            board.display,
            board.audio,
            board.verified
        ));
    }
    text
}

#[test]
fn the_readme_has_the_table_of_boards() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("README.md says where the table of boards begins");
    let (there, after) = rest.split_once(END).expect("README.md says where the table of boards ends");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert!(there == table(), "README.md has another table than config/boards.toml: UPDATE_GOLDEN=1 writes it");
}

#[test]
fn boards_md_explains_every_quirk_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operate/boards.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, table) = page.split_once("\n## What to watch for\n").unwrap();
    let code = |line: &str| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned());
    let told: BTreeSet<String> = table.lines().filter_map(code).collect();
    let codes: BTreeSet<String> =
        boards::all().iter().flat_map(|board| &board.quirks).map(|quirk| quirk.code.clone()).collect();
    assert_eq!(told, codes, "left the page, right config/boards.toml");
}
