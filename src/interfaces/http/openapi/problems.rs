//! The stable names of all problems, and their status codes, as the sources of this folder have them.

use std::collections::BTreeMap;
use std::path::Path;

use axum::http::StatusCode;

/// How a problem is made, and its status when it is not the first argument.
const MADE: [(&str, Option<StatusCode>); 4] = [
    ("Problem::new(", None),
    ("Self::new(", None),
    ("::bad(", Some(StatusCode::BAD_REQUEST)),
    ("::internal(", Some(StatusCode::INTERNAL_SERVER_ERROR)),
];

/// Those of a text, each with its status.
fn of(text: &str) -> Vec<(String, StatusCode)> {
    let mut found = Vec::new();
    for (call, status) in MADE {
        for (place, _) in text.match_indices(call) {
            let mut rest = text[place + call.len()..].trim_start();
            let status = status.or_else(|| {
                let (name, after) = rest.strip_prefix("StatusCode::")?.split_once(',')?;
                rest = after.trim_start();
                code(name)
            });
            // A kind that is handed on stands where it comes from.
            let kind = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
            found.extend(status.zip(kind).map(|(status, (kind, _))| (kind.to_owned(), status)));
        }
    }
    found
}

/// From a constant of `StatusCode`: its name is its reason in capitals.
fn code(name: &str) -> Option<StatusCode> {
    let reason =
        |code: &StatusCode| code.canonical_reason().map(|reason| reason.to_uppercase().replace([' ', '-'], "_"));
    let found = (400..600)
        .filter_map(|code| StatusCode::from_u16(code).ok())
        .find(|code| reason(code).as_deref() == Some(name));
    Some(found.unwrap_or_else(|| panic!("problems.rs does not know StatusCode::{name}")))
}

/// All that this folder makes.
pub(super) fn all() -> BTreeMap<String, StatusCode> {
    let mut all = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/interfaces/http")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("openapi") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                for (kind, status) in of(&std::fs::read_to_string(&path).expect("the source is read")) {
                    let before = all.insert(kind.clone(), status);
                    assert!(before.is_none_or(|before| before == status), "{kind} has two statuses");
                }
            }
        }
    }
    all
}

#[test]
fn problems_are_found_however_they_are_written() {
    let text = r#"Problem::bad("bad-name", format!("{error}")); Self::new(
        StatusCode::CONFLICT,
        "too-many", "…"); Self::internal("store", &error); Problem::new(StatusCode::NOT_FOUND, "gone", x);
        Self::bad(kind, y); Self::new(StatusCode::NOT_FOUND, kind, title)"#;
    let found = of(text);
    let expected = [("gone", 404), ("too-many", 409), ("bad-name", 400), ("store", 500)];
    assert_eq!(found, expected.map(|(kind, code)| (kind.to_owned(), StatusCode::from_u16(code).expect("a code"))));
}

/// docs/reference/problems.md tells people what to do about each.
#[test]
fn every_problem_is_explained_and_no_other() {
    let page = include_str!("../../../../docs/reference/problems.md");
    let row = |line: &str| {
        Some(line.strip_prefix("| `")?.split_once("` | ")).flatten().map(|(kind, rest)| {
            let status = rest.split(' ').next().and_then(|code| code.parse().ok());
            (kind.to_owned(), status.unwrap_or_else(|| panic!("problems.md: no status beside {kind}")))
        })
    };
    let written: BTreeMap<String, StatusCode> = page.lines().filter_map(row).collect();
    let made = all();
    for (kind, status) in &made {
        let said = written.get(kind);
        assert_eq!(said, Some(status), "docs/reference/problems.md needs a row | `{kind}` | {} | … |", status.as_u16());
    }
    let gone: Vec<_> = written.keys().filter(|kind| !made.contains_key(*kind)).collect();
    assert!(gone.is_empty(), "docs/reference/problems.md explains what nothing answers any more: {gone:?}");
}
