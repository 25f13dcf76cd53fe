//! The pictures of the documents, made by the pages themselves: script/screenshots.

use std::path::PathBuf;

use serde_json::json;

use super::fixture::browser::{Browser, Page};
use super::fixture::daemon::Daemon;
use super::fixture::{has, media};

/// The box in the call, its stand-in small enough to be drawn quickly.
const KEYS: [(&str, &str); 6] = [
    ("PORCHLIGHT_NODE__NAME", "Porch box"),
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__FPS", "10"),
    ("PORCHLIGHT_LADDER__RUNGS", "360, 240, 144"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "960"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "540"),
];

/// Writes docs/images/<name>.png.
async fn take(page: &Page, name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/images").join(format!("{name}.png"));
    // Nothing may be half faded in.
    let still = "document.getAnimations().every(a => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)";
    page.wait_for(still, "end of what moves").await;
    page.screenshot(&path).await;
    media::shrink(&path);
}

async fn open(browser: &Browser, name: &str, ground: &str, hz: u32) -> Page {
    browser.open_with(name, Some((&media::portrait(ground), &media::microphone(hz)))).await
}

/// Goes to the door of a room, and waits for the picture of oneself there.
async fn to_the_door(page: &Page, url: &str) {
    page.goto(url).await;
    page.fill("name", page.name()).await;
    page.wait_for("[...document.querySelectorAll('video')].some(v => v.videoWidth > 0)", "picture of oneself").await;
}

async fn join(page: &Page) {
    page.click("join").await;
    let connected = "document.querySelector('[data-testid=call][data-phase=joined][data-media=connected]')";
    page.wait_for(connected, "connected call").await;
}

/// Waits until so many tiles show moving pictures.
async fn sees(page: &Page, tiles: usize) {
    let videos = "[...document.querySelectorAll('[data-testid=tile] video')]";
    let moving = format!("{videos}.filter(v => v.videoWidth > 0 && v.currentTime > 0.5).length >= {tiles}");
    page.wait_for(&moving, &format!("{tiles} pictures")).await;
}

/// Waits until the box's stand-in has flashed, as it does once a second: then it is calm for a moment.
async fn calm(page: &Page) {
    let flash = "(() => {
        const canvas = new OffscreenCanvas(64, 36).getContext('2d');
        canvas.drawImage(document.querySelector('[data-testid=tile][data-name=\"Porch box\"] video'), 0, 0, 64, 36);
        return canvas.getImageData(32, 12, 1, 1).data[0] > 200;
    })()";
    page.wait_for(flash, "flash").await;
    page.wait_for(&format!("!{flash}"), "end of the flash").await;
}

/// Makes the window so large, in CSS pixels; a narrow one is a phone's.
async fn screen(page: &Page, width: u32, height: u32) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
    page.devtools("Emulation.setDeviceMetricsOverride", size).await;
}

async fn scheme(page: &Page, scheme: &str) {
    let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    page.devtools("Emulation.setEmulatedMedia", features).await;
}

#[tokio::test]
#[ignore = "writes docs/images: script/screenshots runs it"]
async fn the_pictures_of_the_documents_are_made() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &KEYS);
    let browser = Browser::start().await;
    let ada = open(&browser, "Ada", "0xC9A26B", 440).await;
    let bob = open(&browser, "Bob", "0x7FA88B", 700).await;

    ada.goto(&daemon.owner_link).await;
    ada.wait_for("document.querySelector('[data-testid=room-name]')", "home of the owner").await;
    screen(&ada, 1280, 920).await;
    take(&ada, "home").await;
    screen(&ada, 1280, 700).await;

    let rooms = ada.eval("return fetch('/api/v1/rooms').then(r => r.json())").await;
    let (room, broadcast) = (rooms[0]["id"].as_str().unwrap(), rooms[0]["broadcast"].as_str().unwrap());
    to_the_door(&ada, &format!("{}/r/{room}", daemon.url)).await;
    // The browser calls made-up devices by the path of their file.
    let names = "for (const o of document.querySelectorAll('option')) if (/Fake|tmp/.test(o.textContent)) \
                 o.textContent = /Audio/.test(o.textContent) ? 'Headset' : 'Webcam'";
    ada.eval(names).await;
    take(&ada, "prejoin").await;
    join(&ada).await;
    sees(&ada, 2).await;

    ada.click("invite-open").await;
    ada.click("invite-create").await;
    let link = "document.querySelector('[data-testid=invite-url]')?.dataset.url";
    ada.wait_for(link, "invite").await;
    take(&ada, "invite").await;
    let invite = ada.eval(&format!("return {link}")).await;
    ada.eval("document.querySelector('dialog').close()").await;

    to_the_door(&bob, invite.as_str().unwrap()).await;
    join(&bob).await;
    sees(&ada, 3).await;
    sees(&bob, 3).await;
    calm(&ada).await;
    take(&ada, "call").await;
    scheme(&ada, "dark").await;
    take(&ada, "dark").await;
    scheme(&ada, "light").await;
    screen(&bob, 390, 780).await;
    calm(&bob).await;
    take(&bob, "phone").await;
    screen(&bob, 1280, 700).await;

    ada.click("go-live").await;
    ada.fill("live-title", "Concert on the porch").await;
    ada.click("go-live-confirm").await;
    bob.wait_for("document.querySelector('[data-testid=consent-yes]')", "question").await;
    calm(&bob).await;
    take(&bob, "on-air").await;
    ada.click("consent-yes").await;
    bob.click("consent-yes").await;

    let viewer = browser.open("Eve", None).await;
    viewer.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
    viewer.wait_for("document.querySelector('[data-testid=watch-state][data-state=playing]')", "broadcast").await;
    viewer.wait_for("document.querySelector('[data-testid=player]').currentTime > 4", "what is on air").await;
    take(&viewer, "watch").await;
    let dead = "return [...document.images].filter(i => i.complete && i.naturalWidth === 0).length";
    assert_eq!(viewer.eval(dead).await, 0, "a picture of the page is missing");
}

/// Sizes and schemes in which each page is looked at; a phone's is long, so that all of it is seen.
const LOOKS: [(&str, u32, u32, &str); 4] = [
    ("desk", 1280, 800, "light"),
    ("desk-dark", 1280, 800, "dark"),
    ("phone", 390, 1500, "light"),
    ("phone-dark", 390, 1500, "dark"),
];

/// From the next address on, the page is read by somebody who speaks this language.
async fn speaks(page: &Page, language: &str) {
    let agent = page.eval("return navigator.userAgent").await;
    page.devtools("Emulation.setUserAgentOverride", json!({ "userAgent": agent, "acceptLanguage": language })).await;
}

/// Writes a picture for each of [`LOOKS`] into the folder that `LOOKS` names. Nothing may be wider than the window.
async fn looks(page: &Page, name: &str) {
    let folder = PathBuf::from(std::env::var_os("LOOKS").expect("LOOKS names a folder"));
    for (how, width, height, colours) in LOOKS {
        screen(page, width, if name.contains("call") { height.min(844) } else { height }).await;
        scheme(page, colours).await;
        let still = "document.getAnimations().every(a => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)";
        page.wait_for(still, "end of what moves").await;
        page.screenshot(&folder.join(format!("{name}-{how}.png"))).await;
        let wide = page.eval("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(wide.as_i64().unwrap() <= 0, "{name} is {wide} pixels too wide on {how}");
    }
    screen(page, 1280, 800).await;
    scheme(page, "light").await;
}

#[tokio::test]
#[ignore = "writes pictures to look at into the folder LOOKS"]
async fn every_page_can_be_looked_at_in_both_languages_on_desk_and_phone() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &KEYS);
    let browser = Browser::start().await;
    let ada = open(&browser, "Ada", "0xC9A26B", 440).await;
    let bob = open(&browser, "Bob", "0x7FA88B", 700).await;
    ada.goto(&daemon.owner_link).await;
    ada.wait_for("document.querySelector('[data-testid=room-name]')", "home of the owner").await;
    let rooms = ada.eval("return fetch('/api/v1/rooms').then(r => r.json())").await;
    let (room, broadcast) = (rooms[0]["id"].as_str().unwrap(), rooms[0]["broadcast"].as_str().unwrap());
    bob.goto(&daemon.url).await;
    for language in ["en-GB", "de-DE"] {
        speaks(&ada, language).await;
        speaks(&bob, language).await;
        for (name, path) in [
            ("home", "/"),
            ("stats", "/stats"),
            ("reachability", "/reachability"),
            ("camera", "/camera"),
            ("plugged", "/devices"),
            ("trust", "/trust"),
            ("me", "/me"),
            ("people", "/people"),
            ("people-of", &format!("/people/{room}")),
            ("audit", "/audit"),
            ("lost", "/x"),
        ] {
            ada.goto(&format!("{}{path}", daemon.url)).await;
            ada.wait_for("document.querySelector('h1')", "page").await;
            if name == "stats" {
                ada.wait_for("Number(document.querySelector('[data-testid=plot-cpu]')?.dataset.points) >= 3", "plot")
                    .await;
            }
            if name == "reachability" || name == "plugged" {
                ada.wait_for("document.querySelectorAll('[data-code]').length > 2", "findings").await;
            }
            looks(&ada, &format!("{name}-{language}")).await;
        }
        bob.goto(&daemon.url).await;
        bob.wait_for("document.querySelector('[data-testid=outside]')", "home of a stranger").await;
        looks(&bob, &format!("home-stranger-{language}")).await;
        bob.goto(&format!("{}/sign-in", daemon.url)).await;
        bob.wait_for("document.querySelector('[data-testid=code]')", "ways to sign in").await;
        looks(&bob, &format!("sign-in-{language}")).await;
        bob.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
        bob.wait_for("document.querySelector('[data-testid=watch-state]')", "watch page").await;
        looks(&bob, &format!("off-air-{language}")).await;
        bob.goto(&format!("{}/r/{room}", daemon.url)).await;
        bob.wait_for("document.querySelector('.message')", "refusal").await;
        looks(&bob, &format!("uninvited-{language}")).await;

        to_the_door(&ada, &format!("{}/r/{room}", daemon.url)).await;
        looks(&ada, &format!("door-{language}")).await;
        join(&ada).await;
        sees(&ada, 2).await;
        looks(&ada, &format!("call-{language}")).await;
        for (name, button) in [
            ("invite", "invite-open"),
            ("devices", "settings-open"),
            ("box", "box-open"),
            ("view", "view-open"),
            ("live", "go-live"),
        ] {
            ada.click(button).await;
            ada.wait_for("document.querySelector('dialog[open]')", name).await;
            looks(&ada, &format!("call-{name}-{language}")).await;
            ada.eval("document.querySelector('dialog[open]').close()").await;
        }
        ada.click("view-open").await;
        ada.click("overlay-open").await;
        ada.wait_for("document.querySelector('[data-testid=overlay]')", "statistics").await;
        looks(&ada, &format!("call-statistics-{language}")).await;
        ada.click("overlay-close").await;
        ada.click("go-live").await;
        ada.click("go-live-record").await;
        ada.click("go-live-separately").await;
        looks(&ada, &format!("call-live-recorded-{language}")).await;
        ada.click("go-live-confirm").await;
        ada.wait_for("document.querySelector('[data-testid=consent-yes]')", "question").await;
        looks(&ada, &format!("call-consent-{language}")).await;
        ada.click("consent-separately").await;
        ada.wait_for("document.querySelector('[data-testid=recording-sign].on')", "recording").await;
        looks(&ada, &format!("call-recorded-{language}")).await;
        bob.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
        bob.wait_for("document.querySelector('[data-testid=watch-state][data-state=playing]')", "broadcast").await;
        looks(&bob, &format!("watch-{language}")).await;
        bob.click("quality").await;
        bob.wait_for("document.querySelector('[data-testid=quality-144]')", "sizes").await;
        looks(&bob, &format!("watch-quality-{language}")).await;
        ada.click("end-live").await;
        ada.click("leave").await;
        ada.wait_for("document.querySelector('.message')", "goodbye").await;
        looks(&ada, &format!("left-{language}")).await;
        ada.goto(&format!("{}/recordings", daemon.url)).await;
        ada.wait_for("document.querySelector('[data-testid=play]')", "recording").await;
        ada.click("play").await;
        ada.wait_for("document.querySelector('[data-testid=recording-video]')?.videoWidth > 0", "video").await;
        looks(&ada, &format!("recordings-{language}")).await;
        ada.eval("for (const list of document.querySelectorAll('[data-testid=separate-list]')) list.open = true").await;
        looks(&ada, &format!("recordings-separate-{language}")).await;
        ada.goto(&format!("{}/pushes/{room}", daemon.url)).await;
        ada.wait_for("document.querySelector('main h1')", "services").await;
        looks(&ada, &format!("pushes-{language}")).await;
        ada.goto(&format!("{}/studio/{room}", daemon.url)).await;
        ada.wait_for("document.querySelector('[data-testid=studio-preview-off]')", "studio").await;
        looks(&ada, &format!("studio-off-{language}")).await;
        ada.click("studio-record").await;
        ada.click("studio-separately").await;
        looks(&ada, &format!("studio-recorded-{language}")).await;
        ada.click("studio-record").await;
        ada.click("studio-live").await;
        ada.wait_for("document.querySelector('[data-testid=studio-preview]')?.videoWidth > 0", "preview").await;
        ada.fill("studio-line", "Ada Lovelace").await;
        ada.fill("studio-below", "Writes programs").await;
        ada.click("studio-lower-show").await;
        ada.click("studio-show-title").await;
        ada.wait_for("document.querySelector('[data-testid=studio-lower-hide]')", "lines").await;
        looks(&ada, &format!("studio-{language}")).await;
        ada.click("studio-slate-back").await;
        ada.wait_for("document.querySelector('[data-testid=studio-status][data-slate=back]')", "slate").await;
        looks(&ada, &format!("studio-slate-{language}")).await;
        ada.click("studio-end").await;
        ada.click("studio-end-yes").await;
        ada.wait_for("document.querySelector('[data-testid=studio-preview-off]')", "off air").await;
    }
    let ask = |what: &str, body: &str| {
        format!(
            "return fetch('/api/v1/{what}', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, body: '{body}' }})"
        )
    };
    let made = format!("{}.then(r => r.json())", ask(&format!("rooms/{room}/invites"), "{\"hours\":1}"));
    let invite = ada.eval(&made).await["url"].as_str().unwrap().to_owned();
    ada.goto(&daemon.url).await;
    ada.eval(&format!("{}.then(r => r.status)", ask("telephone/hang-up", ""))).await;
    to_the_door(&bob, &invite).await;
    join(&bob).await;
    for language in ["en-GB", "de-DE"] {
        speaks(&ada, language).await;
        speaks(&bob, language).await;
        ada.goto(&format!("{}/?{language}", daemon.url)).await;
        ada.wait_for("document.querySelector('[data-testid=telephone]')", "telephone").await;
        // The page that is loaded again takes its seat back.
        bob.goto(&format!("{}/r/{room}", daemon.url)).await;
        bob.wait_for("document.querySelector('[data-testid=ring]')", "way to ring").await;
        looks(&bob, &format!("call-ring-{language}")).await;
        // Nobody rings again sooner than three seconds after their last call.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        bob.click("ring-button").await;
        ada.wait_for("document.querySelector('[data-testid=incoming]')", "who rings").await;
        looks(&ada, &format!("home-incoming-{language}")).await;
        looks(&bob, &format!("call-ringing-{language}")).await;
        ada.click("decline").await;
        bob.wait_for("document.querySelector('[data-ring=declined]')", "refusal").await;
        looks(&bob, &format!("call-declined-{language}")).await;
    }
    ada.click("private").await;
    for language in ["en-GB", "de-DE"] {
        speaks(&ada, language).await;
        ada.goto(&daemon.url).await;
        ada.wait_for("document.querySelector('[data-testid=privacy]')?.dataset.on === 'true'", "privacy mode").await;
        looks(&ada, &format!("home-private-{language}")).await;
        ada.click("private-end").await;
        ada.wait_for("document.querySelector('dialog[open]')", "dialog").await;
        looks(&ada, &format!("home-private-end-{language}")).await;
    }
}
