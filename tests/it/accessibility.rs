//! Every page of the box, in the states in which people meet it, held to WCAG 2.2 AA by axe-core; and the way in by keyboard alone.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::accounts::pin;
use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::manager::Manager;
use super::fixture::rauc::{PROGRAMS, World};
use super::fixture::visitor::{Invite, Visitor};
use super::fixture::{has, people};

const ADA: Devices = Devices { colour: "red", hz: 440 };

/// A box that is in the call from the start, with pictures that two cores can work with.
const SMALL: [(&str, &str); 9] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "5"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "320"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "180"),
    ("PORCHLIGHT_PROGRAM__FPS", "5"),
    ("PORCHLIGHT_LADDER__RUNGS", "144"),
    ("PORCHLIGHT_RECORDINGS__MIN_FREE_GIGABYTES", "0"),
];

/// How each state is looked at; it goes on as the last one.
const LOOKS: [(&str, u32, u32, &str); 3] =
    [("phone", 390, 844, "light"), ("desk, dark", 1280, 800, "dark"), ("desk", 1280, 800, "light")];
/// Runs the rules of WCAG 2.0 to 2.2, levels A and AA, on the whole page: how many were held, and what was broken, where.
const RUN: &str = "
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    return axe.run(document, { runOnly: tags, resultTypes: ['violations'] }).then(found => [found.passes.length,
      found.violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
        `${id}: ${target.join(' ')}: ${failureSummary.replace(/\\s+/g, ' ')}`))]);";

/// The page of the box that is shown, by its name in web/src/ui/router.ts.
const SHOWN: &str = "document.documentElement.dataset.page ?? (location.pathname.startsWith('/embed/') ? 'embed' : '')";

/// Nothing is half faded in.
const STILL: &str =
    "document.getAnimations().every(a => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)";

/// The checker, from the folder where the pages' packages are.
fn axe() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/web/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{path}: {why}; script/lib.sh installs it"))
}

/// All pages there are: those of the router, and the one in frames of other sites.
fn pages() -> BTreeSet<String> {
    let router = include_str!("../../web/src/ui/router.ts");
    let of = |line: &str| Some(line.trim().strip_prefix("| { page: \"")?.split_once('"')?.0.to_owned());
    let mut pages: BTreeSet<_> = router.lines().filter_map(of).collect();
    assert!(pages.len() > 10 && pages.contains("home"), "web/src/ui/router.ts is read wrongly: {pages:?}");
    pages.insert("embed".into());
    pages
}

/// What was looked at, and what was found.
#[derive(Default)]
struct Checks {
    pages: BTreeSet<String>,
    found: Vec<String>,
}

impl Checks {
    /// Opens a page of the box, waits until this is there, and has all of it checked.
    async fn open(&mut self, page: &Page, url: &str, until: &str, state: &str) {
        page.goto(url).await;
        self.look(page, until, state).await;
    }

    /// Waits until this is there, and has all of the page checked.
    async fn look(&mut self, page: &Page, until: &str, state: &str) {
        page.wait_for(&there(until), state).await;
        let shown = page.eval(&format!("return {SHOWN}")).await;
        self.pages.insert(shown.as_str().unwrap_or_default().to_owned());
        for (how, width, height, scheme) in LOOKS {
            size(page, width, height).await;
            let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            page.devtools("Emulation.setEmulatedMedia", features).await;
            page.wait_for(STILL, "end of what moves").await;
            let (passed, found) = run(page).await;
            assert!(passed > 0, "nothing of {state} ({how}) was checked");
            self.found.extend(found.into_iter().map(|what| format!("{state} ({how}): {what}")));
        }
    }
}

/// Makes the window so large, in CSS pixels; a narrow one is a phone's.
async fn size(page: &Page, width: u32, height: u32) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
    page.devtools("Emulation.setDeviceMetricsOverride", size).await;
}

/// Something with this `data-testid`, or what a selector finds.
fn there(what: &str) -> String {
    match what.contains(['[', '.', ' ']) {
        true => format!("document.querySelector('{what}')"),
        false => format!("document.querySelector('[data-testid={what}]')"),
    }
}

/// How many rules were held, and those that were broken: which, where, and what to do.
async fn run(page: &Page) -> (u64, Vec<String>) {
    let said = page.eval(RUN).await;
    let found = said[1].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect();
    (said[0].as_u64().unwrap(), found)
}

/// Asks the box for something as somebody's page does, and gives the answer.
async fn ask(page: &Page, method: &str, path: &str, body: Value) -> Value {
    let body = if body.is_null() { String::new() } else { format!(", body: JSON.stringify({body})") };
    let headers = "{ 'content-type': 'application/json' }";
    page.eval(&format!(
        "return fetch('/api/v1{path}', {{ method: '{method}', headers: {headers}{body} }})
           .then(answer => answer.text()).then(text => text && JSON.parse(text))"
    ))
    .await
}

/// From the next address on, the page is read by somebody who speaks this language.
async fn speaks(page: &Page, language: &str) {
    let agent = page.eval("return navigator.userAgent").await;
    page.devtools("Emulation.setUserAgentOverride", json!({ "userAgent": agent, "acceptLanguage": language })).await;
}

/// Closes the dialog that is open.
async fn close(page: &Page) {
    page.eval("document.querySelector('dialog[open]').close()").await;
    page.wait_for("!document.querySelector('dialog')", "no dialog").await;
}

/// What somebody sees whom the box does not know.
async fn strangers(checks: &mut Checks, page: &Page, box_: &str, room: &str, broadcast: &str) {
    checks.open(page, box_, "h2[id=live]", "home of a stranger").await;
    checks.open(page, &format!("{box_}/sign-in"), "by-code", "ways to sign in").await;
    page.fill("code", "00000000").await;
    page.click("by-code").await;
    checks.look(page, "sign-in-problem", "a wrong code").await;
    for (path, state) in [
        ("/me", "the account of nobody"),
        ("/people", "people for a stranger"),
        ("/audit", "the log for a stranger"),
        ("/settings", "settings for a stranger"),
        ("/update", "updates for a stranger"),
        ("/network", "networks for a stranger"),
        ("/camera", "the camera for a stranger"),
        (&format!("/r/{room}"), "a room without an invite"),
    ] {
        checks.open(page, &format!("{box_}{path}"), ".message", state).await;
    }
    checks.open(page, &format!("{box_}/nowhere"), ".message", "no page").await;
    checks.open(page, &format!("{box_}/trust"), "main h1", "how to trust the box").await;
    checks.open(page, &format!("{box_}/b/{broadcast}"), "chat-name", "a broadcast off air").await;
}

/// What the box reports to its owner.
async fn reports(checks: &mut Checks, page: &Page, box_: &str) {
    let points = "[data-testid=plot-cpu]:not([data-points=\"0\"])";
    for (path, until, state) in [
        ("/audit", "audited", "the log"),
        ("/stats", points, "statistics"),
        ("/reachability", "[data-code]", "how the box is reached"),
        ("/devices", "[data-code]", "what is plugged in"),
        ("/setup", "setup-next", "setting the box up"),
        ("/trust", "certificates", "the certificates"),
        ("/update", "update-file", "an update"),
    ] {
        checks.open(page, &format!("{box_}{path}"), until, state).await;
    }
    ask(page, "POST", "/update", json!({ "address": "http://127.0.0.1:9/nothing" })).await;
    checks.open(page, &format!("{box_}/update"), "update-failure", "an update that failed").await;
    checks.open(page, &format!("{box_}/network"), "network-choose", "networks in reach").await;
    page.click("network-choose").await;
    checks.look(page, "network-password", "the password of a network").await;
    page.fill("network-password", "not its password").await;
    page.click("network-join").await;
    checks.look(page, "network-failed", "a network that could not be joined").await;
}

/// What the owner does outside of a call.
async fn owners(checks: &mut Checks, page: &Page, box_: &str, room: &str) {
    checks.open(page, box_, "privacy", "home of the owner").await;
    for (path, until, state) in [
        ("/camera", "aim-zoom", "the camera"),
        ("/recordings", "main .quiet", "recordings"),
        (&format!("/pushes/{room}"), "push-add", "other services"),
        (&format!("/people/{room}"), "member", "people of a room"),
    ] {
        checks.open(page, &format!("{box_}{path}"), until, state).await;
    }
    page.click("member-out").await;
    checks.look(page, "member-out-yes", "somebody to be put out").await;
    close(page).await;
    page.goto(&format!("{box_}/settings")).await;
    page.fill("set-room.max_participants", "1").await;
    checks.look(page, "difference", "settings that were changed").await;
    page.click("save").await;
    checks.look(page, "setting-problem", "a setting that is wrong").await;
    page.goto(&format!("{box_}/settings")).await;
    page.click("reset").await;
    checks.look(page, "reset-name", "everything to be forgotten").await;
    page.goto(&format!("{box_}/me")).await;
    page.click("make-code").await;
    page.click("make-recovery").await;
    checks.look(page, "recovery-codes", "the own account").await;
    page.goto(&format!("{box_}/people")).await;
    page.fill("new-person", "Grandmother").await;
    page.click("add-person").await;
    checks.look(page, "person-forget", "whom the box knows").await;
}

/// A call from the door on, with all that opens over it; it ends on air, recorded, with a guest who waited.
async fn a_call(checks: &mut Checks, ada: &Page, bob: &Page, door: &str, invite: &str) {
    people::at_the_door(ada, door.split("/r/").next().unwrap(), door).await;
    checks.look(ada, "join", "the door of a room").await;
    ada.click("join").await;
    ada.wait_for(people::CONNECTED, "connected call").await;
    checks.look(ada, "tile", "a call").await;
    for (button, until, state) in [
        ("people-open", "person", "people in a call"),
        ("settings-open", "dialog select", "devices in a call"),
        ("box-open", "box-camera", "the box in a call"),
        ("view-open", "layout-grid", "views of a call"),
        ("go-live", "live-title", "going live"),
    ] {
        ada.click(button).await;
        checks.look(ada, until, state).await;
        close(ada).await;
    }
    ada.click("invite-open").await;
    ada.click("invite-create").await;
    checks.look(ada, "invite-url", "an invite").await;
    close(ada).await;
    ada.click("view-open").await;
    ada.click("overlay-open").await;
    checks.look(ada, "overlay-row", "statistics of a call").await;
    ada.click("overlay-close").await;

    // Somebody waits to be let in.
    people::at_the_door(bob, door.split("/r/").next().unwrap(), invite).await;
    checks.look(bob, "join", "the door of a room with a lobby").await;
    bob.click("join").await;
    checks.look(bob, "lobby", "the lobby").await;
    checks.look(ada, "waiting", "a call while somebody waits").await;
    ada.click("waiting-let-in").await;
    bob.wait_for(people::CONNECTED, "connected call").await;
    bob.click("hand").await;
    ada.click("people-open").await;
    // Those with a raised hand come first; before it is there, that is the box, which nobody removes.
    let first = "document.querySelector('[data-testid=person]')?.dataset.name";
    ada.wait_for(&format!("{first} === '{}'", bob.name()), "raised hand").await;
    ada.click("acts-open").await;
    checks.look(ada, "act-remove", "what can be done with somebody").await;
    close(ada).await;

    // They write.
    for page in [ada, bob] {
        page.click("chat-toggle").await;
    }
    bob.fill("chat-input", "Good evening, see https://example.org").await;
    bob.click("chat-send").await;
    ada.click("chat-more").await;
    ada.click("react-heart").await;
    bob.wait_for(&there(".chat-reactions"), "the heart").await;
    ada.click("chat-more").await;
    checks.look(ada, "chat-menu", "what can be done with a message").await;
    ada.click("chat-delete").await;
    checks.look(ada, "chat-undo", "a message that was deleted").await;
    ada.click("chat-settings").await;
    checks.look(ada, "chat-words", "rules of a chat").await;
    close(ada).await;

    // On air. On a phone the chat lies over everything else, and makes way for the question.
    size(ada, 390, 844).await;
    ada.click("go-live").await;
    ada.fill("live-title", "Concert on the porch").await;
    ada.click("go-live-record").await;
    ada.click("go-live-confirm").await;
    ada.wait_for(&there("consent-yes"), "the question").await;
    ada.wait_for(&format!("!{}", there("chat")), "no chat over the question").await;
    checks.look(ada, "consent-yes", "the question before going on air").await;
    for page in [ada, bob] {
        page.click("consent-yes").await;
    }
    checks.look(ada, "[data-testid=recording-sign].on", "a call on air").await;
}

/// What is on air, for whoever watches: without a name, and with one.
async fn watching(checks: &mut Checks, page: &Page, box_: &str, broadcast: &str) {
    checks.open(page, box_, ".card a[href^=\"/r/\"]", "home of a guest").await;
    page.goto(&format!("{box_}/b/{broadcast}")).await;
    checks.look(page, "come-in", "what is on air, for a guest").await;
    ask(page, "DELETE", "/session", Value::Null).await;
    checks.open(page, box_, ".card .on-air-sign", "home while something is on air").await;
    page.goto(&format!("{box_}/b/{broadcast}")).await;
    let playing = "[data-testid=watch-state][data-state=playing]";
    page.wait_for(&there(playing), "what is on air").await;
    checks.look(page, "chat-name", "what is on air, and a chat for those with a name").await;
    page.fill("chat-name", "Vera").await;
    page.click("chat-name-take").await;
    page.fill("chat-input", "Hello from the sofa").await;
    page.click("chat-send").await;
    page.click("chat-more").await;
    checks.look(page, "chat-menu", "a chat of those who watch").await;
    page.click("chat-hide").await;
    page.click("quality").await;
    checks.look(page, "quality-sound", "sizes of what is on air").await;
    close(page).await;
    let frame = format!("{box_}/embed/b/{broadcast}");
    checks.open(page, &frame, "porchlight-player[state=live]", "the page in a frame").await;
    checks.open(page, &format!("{frame}?chat"), ".chat li", "the page in a frame with a chat").await;
}

/// What the owner has while the room is on air, and the recording when it is not any more.
async fn recorded(checks: &mut Checks, ada: &Page, vera: &Page, box_: &str, room: &str) {
    checks.open(ada, &format!("{box_}/studio/{room}"), "studio-slate-back", "the studio on air").await;
    checks.open(ada, &format!("{box_}/recordings"), "[data-state=recording]", "a recording that runs").await;
    let long = "fetch('/api/v1/recordings').then(r => r.json()).then(r => r.recordings[0]?.duration > 2000)";
    ada.wait_for(long, "recording of some seconds").await;
    ask(ada, "DELETE", &format!("/rooms/{room}/live"), Value::Null).await;
    checks.open(ada, &format!("{box_}/studio/{room}"), "studio-preview-off", "the studio off air").await;
    ada.goto(&format!("{box_}/recordings")).await;
    ada.click("play").await;
    ada.wait_for("document.querySelector('[data-testid=recording-video]')?.videoWidth > 0", "video").await;
    ada.click("trim").await;
    checks.look(ada, "trim-form", "a recording that is cut").await;
    ada.click("publish").await;
    checks.look(ada, "publish-confirm", "a recording to be published").await;
    ada.click("publish-confirm").await;
    checks.look(ada, "published-link", "a recording that is published").await;
    let link = ada.eval("return document.querySelector('[data-testid=published-link]').href").await;
    checks.open(vera, link.as_str().unwrap(), "recorded-video", "a recording for everybody").await;
    checks.open(vera, box_, "recorded", "home with a recording").await;
}

#[tokio::test]
async fn every_page_is_as_wcag_2_2_aa_wants_it_in_every_state_both_schemes_and_on_a_phone() {
    if !has(&["chromium", "chromedriver"]) || !has(&PROGRAMS) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    // An image: only there is something to update.
    let world = World::start().await;
    let _networks = Manager::start(&world);
    let daemon = world.daemon(&state, &SMALL);
    let browser = Browser::start().await;
    let (ada, vera) = (browser.open("Ada", Some(ADA)).await, browser.open("Vera", None).await);
    for (page, language) in [(&ada, "en-GB"), (&vera, "de-DE")] {
        page.before(&axe()).await;
        speaks(page, language).await;
    }
    let url = daemon.url.as_str();
    let mut checks = Checks::default();
    checks.open(&vera, url, "unowned", "home of a box that nobody owns").await;
    checks.open(&vera, &format!("{url}/sign-in"), "claim", "the first owner").await;

    // Whoever finds nothing does so where there is something, too.
    vera.eval("document.body.append(document.createElement('img'))").await;
    assert!(run(&vera).await.1.iter().any(|line| line.starts_with("image-alt: ")), "axe finds nothing");

    let room = people::to_the_first_room(&ada, &daemon).await;
    let found = ask(&ada, "GET", &format!("/rooms/{room}"), Value::Null).await;
    let broadcast = found["broadcast"].as_str().unwrap().to_owned();
    strangers(&mut checks, &vera, url, &room, &broadcast).await;
    let wanted = json!({ "hours": 1, "lobby": true });
    let invite = ask(&ada, "POST", &format!("/rooms/{room}/invites"), wanted).await;
    a_call(&mut checks, &ada, &vera, &format!("{url}/r/{room}"), invite["url"].as_str().unwrap()).await;
    let (_, token) = invite["url"].as_str().unwrap().split_once("#invite=").unwrap();
    let invite = Invite { id: invite["id"].as_str().unwrap().into(), token: token.into() };
    let _waits = Visitor::new(&daemon).guest(&invite, "Gus").await;
    watching(&mut checks, &vera, url, &broadcast).await;
    recorded(&mut checks, &ada, &vera, url, &room).await;
    ada.goto(&format!("{url}/b/{broadcast}")).await;
    ada.click("embed-open").await;
    checks.look(&ada, "embed-frame", "lines for other pages").await;
    reports(&mut checks, &ada, url).await;
    owners(&mut checks, &ada, url, &room).await;
    // Labels have to hold what is written on the buttons, in either language.
    speaks(&ada, "de-DE").await;
    owners(&mut checks, &ada, url, &room).await;

    let Checks { pages: seen, found } = checks;
    assert_eq!(seen, pages(), "each page is checked here, and no other");
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
    assert!(daemon.stop().success());
}

/// Moves on by the Tab key until the focus is on this.
async fn tab_to(page: &Page, testid: &str) {
    reach(page, "Tab", testid).await;
}

/// Presses a key again and again until the focus is on this.
async fn reach(page: &Page, key: &str, testid: &str) {
    for _ in 0..40 {
        if page.eval("return document.activeElement?.dataset.testid ?? null").await == testid {
            let seen = "const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
                        return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2";
            assert_eq!(page.eval(seen).await, true, "where the focus is can be seen: {testid}");
            return;
        }
        page.press(key).await;
    }
    panic!("{key} does not come to {testid}");
}

async fn types(page: &Page, text: &str) {
    for key in text.chars() {
        page.press(&key.to_string()).await;
    }
}

#[tokio::test]
async fn somebody_owns_a_box_and_signs_in_another_device_by_keyboard_alone() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let shown = pin(&state).expect("a PIN");
    let browser = Browser::start().await;
    let page = browser.open("Maria", None).await;
    page.goto(&daemon.url).await;
    page.wait_for(&there("unowned"), "word that nobody owns the box").await;
    tab_to(&page, "unowned").await;
    page.press("Enter").await;

    // A wrong number is said aloud, and what was typed stays.
    page.wait_for(&there("pin"), "field for the PIN").await;
    tab_to(&page, "pin").await;
    types(&page, if shown == "123456" { "654321" } else { "123456" }).await;
    tab_to(&page, "owner-name").await;
    types(&page, "Maria").await;
    page.press("Enter").await;
    page.wait_for(&there("[data-testid=sign-in-problem][role=alert]"), "a sentence").await;
    reach(&page, "Shift+Tab", "pin").await;
    types(&page, &shown).await;
    page.press("Enter").await;
    // Five screens, each left as it is; who comes to the next one hears its heading.
    page.wait_for(&there("[data-step=name]"), "the first screen").await;
    for next in ["network", "devices", "privacy", "keys"] {
        tab_to(&page, "setup-next").await;
        page.press("Enter").await;
        page.wait_for(&there(&format!("[data-step={next}] h1:focus")), next).await;
    }
    tab_to(&page, "setup-finish").await;
    page.press("Enter").await;
    page.wait_for(&there("account"), "home of the owner").await;
    tab_to(&page, "account").await;
    page.press("Enter").await;
    page.wait_for(&there("make-code"), "the own account").await;
    tab_to(&page, "make-code").await;
    page.press(" ").await;
    page.wait_for(&there("device-code"), "code for another device").await;
    let code = page.eval("return document.querySelector('[data-testid=device-code]').textContent").await;
    let code: String = code.as_str().unwrap().chars().filter(char::is_ascii_digit).collect();

    // That code signs another device in.
    let phone = browser.open("phone", None).await;
    phone.goto(&daemon.url).await;
    phone.wait_for(&there("account"), "way to sign in").await;
    tab_to(&phone, "account").await;
    phone.press("Enter").await;
    phone.wait_for(&there("code"), "field for the code").await;
    tab_to(&phone, "code").await;
    types(&phone, &code).await;
    phone.press("Enter").await;
    phone.wait_for(&there("room-people"), "home of the owner").await;
    let session = ask(&phone, "GET", "/session", Value::Null).await;
    assert_eq!((&session["owner"], &session["name"]), (&json!(true), &json!("Maria")));
}
