//! What the documents say is there, is there: pages, links, commands, settings, routes and messages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Parser;
use porchlight::config::{Config, cli::Cli};
use porchlight::interfaces::http::chat;
use porchlight::interfaces::http::routes::{Rule, TABLE};
use porchlight::interfaces::http::signalling::OPS;
use porchlight::model::role::{Role, Verb};
use porchlight::proto::auth::of_role;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages: those at the top, and those in docs/.
fn pages() -> Vec<PathBuf> {
    let (mut pages, mut folders) = (vec![root().join("web/README.md")], vec![root().join("docs")]);
    pages.extend(files(root()).into_iter().filter(|path| is(path, "md")));
    while let Some(folder) = folders.pop() {
        for path in files(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if is(&path, "md") {
                pages.push(path);
            }
        }
    }
    assert!(pages.len() > 15, "only {pages:?} were found");
    pages
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn is(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The text without its blocks of code, and these with their language.
fn split(text: &str) -> (String, Vec<(String, String)>) {
    let (mut prose, mut blocks) = (String::new(), Vec::<(String, String)>::new());
    let mut inside = false;
    for line in text.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(language) if !inside => {
                inside = true;
                blocks.push((language.to_owned(), String::new()));
            }
            Some(_) => inside = false,
            None => {
                let to = if inside { &mut blocks.last_mut().unwrap().1 } else { &mut prose };
                to.push_str(line);
                to.push('\n');
            }
        }
    }
    assert!(!inside, "a block of code has no end");
    (prose, blocks)
}

/// Where the links of a page lead.
fn links(prose: &str) -> Vec<&str> {
    prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

/// What a heading is called in a link to it: lower case, hyphens for spaces, nothing else but letters and digits.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
}

/// Why a link of a page leads nowhere.
fn broken(page: &Path, prose: &str, link: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, part) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
    if !target.exists() {
        return Some(format!("{}: {link}: there is no such file", name(page)));
    }
    let text = if file.is_empty() { prose.to_owned() } else { std::fs::read_to_string(&target).unwrap_or_default() };
    let there = part.is_empty()
        || text.lines().any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#')) == part);
    (!there).then(|| format!("{}: {link}: there is no such heading", name(page)))
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        let (prose, _) = split(&read(&page));
        wrong.extend(links(&prose).into_iter().filter_map(|link| broken(&page, &prose, link)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let page = root().join("docs/README.md");
    let prose = "[a](nowhere.md) [b](#no-heading) [c](use/call.md#joining) [d](https://example.org/x)\n## One heading, two\n[e](#one-heading-two)";
    let found: Vec<_> = links(prose).into_iter().filter(|link| broken(&page, prose, link).is_some()).collect();
    assert_eq!(found, ["nowhere.md", "#no-heading"]);
}

#[test]
fn the_index_names_every_page() {
    let docs = root().join("docs");
    let (index, _) = split(&read(&docs.join("README.md")));
    let named: BTreeSet<PathBuf> =
        links(&index).into_iter().filter_map(|link| docs.join(link).canonicalize().ok()).collect();
    for page in pages().into_iter().filter(|page| page.starts_with(&docs) && !page.ends_with("docs/README.md")) {
        assert!(
            named.contains(&page.canonicalize().unwrap()),
            "docs/README.md does not name {}: add a line",
            name(&page)
        );
    }
}

#[test]
fn every_picture_is_shown_somewhere_and_small() {
    let shown: BTreeSet<PathBuf> = pages()
        .iter()
        .flat_map(|page| {
            let (prose, _) = split(&read(page));
            let of = |link: &&str| page.parent().unwrap().join(link).canonicalize().ok();
            links(&prose).iter().filter_map(of).collect::<Vec<_>>()
        })
        .collect();
    for picture in files(&root().join("docs/images")) {
        let size = std::fs::metadata(&picture).unwrap().len();
        assert!(shown.contains(&picture.canonicalize().unwrap()), "no page shows {}", name(&picture));
        assert!(size < 150_000, "{} has {size} bytes", name(&picture));
    }
}

#[test]
fn commands_and_their_flags_exist() {
    let mut seen = 0;
    for page in pages() {
        let (_, blocks) = split(&read(&page));
        for line in blocks.iter().filter(|(language, _)| language == "sh").flat_map(|(_, text)| text.lines()) {
            let line = line.split(" #").next().unwrap().trim();
            let words: Vec<&str> = line.split_whitespace().skip_while(|word| *word == "sudo").collect();
            match words.first() {
                Some(&"porchlight") => {
                    let parsed = Cli::try_parse_from(&words);
                    assert!(parsed.is_ok(), "{}: {line}: {}", name(&page), parsed.unwrap_err());
                    seen += 1;
                }
                Some(script) if script.starts_with("script/") => {
                    assert!(root().join(script).is_file(), "{}: there is no {script}", name(&page));
                    seen += 1;
                }
                _ => {}
            }
        }
    }
    assert!(seen > 4, "only {seen} commands were found");
}

#[test]
fn settings_in_the_documents_are_right() {
    let mut seen = 0;
    for page in pages() {
        for (_, text) in split(&read(&page)).1.iter().filter(|(language, _)| language == "toml") {
            let config: Result<Config, _> = toml::from_str(text);
            assert!(config.is_ok(), "{}: {}\n{text}", name(&page), config.unwrap_err());
            seen += 1;
        }
    }
    assert!(seen > 1, "only {seen} were found");
}

/// The rows of a table: the cells of those whose first begins with a backtick.
fn rows(text: &str) -> Vec<Vec<String>> {
    // A bar inside a cell is written with a backslash.
    let cells =
        |line: &str| line.replace("\\|", "¦").trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    text.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn http_md_has_every_route_with_its_rule_and_no_other() {
    let mut written = BTreeMap::new();
    for row in rows(&read(&root().join("docs/reference/http.md"))) {
        let mut method = "";
        for words in quoted(&row[0]) {
            let path = match words.split_once(' ') {
                Some((first, path)) => {
                    method = first;
                    path
                }
                None => words,
            };
            written.insert(format!("{method} {path}"), row[1].clone());
        }
    }
    for route in TABLE {
        let route_name = format!("{} {}", route.method, route.path);
        let Some(who) = written.remove(&route_name) else {
            panic!("docs/reference/http.md has no row for {route_name}")
        };
        let right = match route.rule {
            Rule::Everybody => who == "everybody",
            Rule::EveryPage => who.contains("every site's page"),
            Rule::Known => who == "whom the box knows",
            Rule::Node(_) => who == "owner",
            Rule::NodeOrHere(_) => who == "owner, and by the box's own network",
            Rule::Room(verb) => who == least(verb),
            Rule::RoomByToken(verb) => who.starts_with(&least(verb)) && who.contains("guest's token"),
            Rule::Lobby => who.starts_with(&least(Verb::Join)) && who.contains("guest's token"),
        };
        assert!(right, "docs/reference/http.md says {who:?} of {route_name}, whose rule is {:?}", route.rule);
    }
    assert!(written.is_empty(), "docs/reference/http.md has routes that are not there: {written:?}");
}

/// Whom it takes at least to do this in a room, as http.md says it.
fn least(verb: Verb) -> String {
    let least = Role::ALL.into_iter().rev().find(|role| of_role(*role).contains(verb));
    match least {
        Some(Role::Viewer) => "member of it".into(),
        Some(role) => format!("{} of it", role.word()),
        None => "owner".into(),
    }
}

/// One section of a page.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    rest.split("\n## ").next().unwrap()
}

/// The text after each occurrence of `before` in the code, up to the quote.
fn named(code: &str, before: &str) -> BTreeSet<String> {
    let code = code
        .split_once("#[cfg(test)]\nmod tests")
        .or(code.split_once("#[cfg(test)] mod tests"))
        .map_or(code, |(code, _)| code);
    code.split(before).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn signalling_md_has_every_message_and_no_other() {
    let page = read(&root().join("docs/reference/signalling.md"));
    let code = read(&root().join("src/interfaces/http/signalling.rs"));

    let ops: BTreeMap<String, String> = rows(section(&page, "Requests"))
        .into_iter()
        .map(|row| (quoted(&row[0])[0].to_owned(), row.last().unwrap().clone()))
        .collect();
    let known: BTreeMap<String, String> = OPS
        .iter()
        .map(|(op, verb)| ((*op).to_owned(), serde_json::to_value(verb).unwrap().as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(ops, known, "requests: left the page, right the code");

    let events: BTreeMap<String, String> =
        rows(section(&page, "Events")).into_iter().map(|row| (quoted(&row[0])[0].to_owned(), row[2].clone())).collect();
    let written: BTreeSet<String> = events.keys().cloned().collect();
    assert_eq!(written, named(&code, ".event(\""), "events: left the page, right the code");

    // Reasons and codes are the first words in backticks of what is said of these events.
    let mut reasons = named(&code, "End::Bye(\"");
    let (_, why) = code.split_once("fn why_ended").expect("why_ended() says why a grant ended");
    reasons
        .extend(quoted(&why.split('}').take(2).collect::<String>().replace('"', "`")).into_iter().map(str::to_owned));
    let told: BTreeSet<String> = quoted(&events["bye"]).into_iter().map(str::to_owned).collect();
    assert_eq!(told, reasons, "reasons of bye: left the page, right the code");
    let told: BTreeSet<String> = quoted(&events["notice"]).into_iter().map(str::to_owned).collect();
    let (_, notices) = code.split_once("const fn code(").expect("code() names the notices");
    let notices = named(notices.split("\n}").next().unwrap(), "=> \"");
    assert_eq!(told, notices, "codes of notice: left the page, right the code");
}

#[test]
fn chat_md_has_every_message_and_no_other() {
    let page = read(&root().join("docs/reference/chat.md"));
    let code = read(&root().join("src/interfaces/http/chat.rs"));
    let ops: BTreeMap<String, String> = rows(section(&page, "Requests"))
        .into_iter()
        .map(|row| (quoted(&row[0])[0].to_owned(), row.last().unwrap().clone()))
        .collect();
    let known: BTreeMap<String, String> = chat::OPS
        .iter()
        .map(|(op, verb)| ((*op).to_owned(), serde_json::to_value(verb).unwrap().as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(ops, known, "requests: left the page, right the code");

    let bye = rows(section(&page, "Events")).into_iter().find(|row| row[0] == "`bye`").expect("a row for bye");
    let mut reasons = named(&code, "End::Bye(\"");
    let (_, why) = code.split_once("fn why_closed").expect("why_closed() says why a chat ended");
    reasons
        .extend(quoted(&why.split('}').take(2).collect::<String>().replace('"', "`")).into_iter().map(str::to_owned));
    let told: BTreeSet<String> = quoted(&bye[2]).into_iter().map(str::to_owned).collect();
    assert_eq!(told, reasons, "reasons of bye: left the page, right the code");

    // Every command that can be typed, as the page writes it.
    let commands = read(&root().join("src/proto/chat/command.rs"));
    let (_, parsed) = commands.split_once("pub fn parse(").expect("parse() reads commands");
    let (parsed, _) = parsed.split_once("_ => return Err(InvalidCommand::Unknown)").expect("it ends with the unknown");
    let typed: BTreeSet<String> = parsed
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => "))
        .map(|(verb, _)| verb.to_owned())
        .collect();
    let values = ["everybody", "invited", "moderators", "on", "off"].map(str::to_owned);
    let typed: BTreeSet<String> = typed.into_iter().filter(|verb| !values.contains(verb)).collect();
    let told: BTreeSet<String> = quoted(section(&page, "Commands"))
        .into_iter()
        .filter_map(|text| Some(text.strip_prefix('/')?.split(' ').next().unwrap().to_owned()))
        .filter(|verb| !verb.is_empty() && !verb.starts_with('/'))
        .collect();
    assert_eq!(told, typed, "commands: left the page, right the code");
}

#[test]
fn devices_md_has_every_code_of_the_doctor_and_no_other() {
    let page = read(&root().join("docs/operate/devices.md"));
    let table = page.split("\n## ").next().unwrap();
    let told: BTreeSet<String> = rows(table).iter().flat_map(|row| quoted(&row[0])).map(str::to_owned).collect();
    let mut codes = BTreeSet::new();
    for source in
        ["src/services/endpoint/report.rs", "src/services/endpoint/condition.rs", "src/services/remote/report.rs"]
    {
        let code = read(&root().join(source));
        // A call may be broken after its bracket.
        let code = code.split_whitespace().collect::<Vec<_>>().join(" ").replace("find( ", "find(");
        codes.extend(named(&code, "find(\""));
        codes.extend(named(&code, "Finding { code: \""));
    }
    assert_eq!(told, codes, "left the page, right the code");
}

#[test]
fn every_invariant_names_its_test() {
    let page = read(&root().join("ARCHITECTURE.md"));
    let mut code = String::new();
    let mut folders = vec![root().join("src"), root().join("tests/it")];
    while let Some(folder) = folders.pop() {
        for path in files(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if is(&path, "rs") {
                code.push_str(&read(&path));
            }
        }
    }
    let table = section(&page, "Invariants");
    let tests: Vec<&str> =
        table.lines().filter_map(|line| line.rsplit_once(" | ")).flat_map(|(_, last)| quoted(last)).collect();
    assert!(tests.len() > 10, "only {tests:?}");
    for test in tests {
        assert!(code.contains(&format!("fn {test}()")), "ARCHITECTURE.md names {test}, which is no test");
    }
}
