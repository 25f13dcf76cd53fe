//! From the click to the first picture, in Chromium on the same machine.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::IN_CALL;
use crate::fixture::browser::{Browser, Devices, Page};
use crate::fixture::daemon::Daemon;
use crate::fixture::visitor::Visitor;
use crate::measure::Spread;

/// Milliseconds from the click, or from opening the page, until each of these.
#[derive(Debug, Serialize)]
pub struct Found {
    /// The box's answer to the offer is there.
    pub answer: Spread,
    /// ICE and DTLS are done.
    pub connected: Spread,
    /// The first picture of somebody else is shown.
    pub picture: Spread,
}

/// What is done to see somebody.
#[derive(Debug, Serialize)]
pub struct Pictures {
    /// "Join" is clicked in a room in which the box is.
    pub call: Found,
    /// The watch page is opened while nobody watches, so that the program has to be started.
    pub first_viewer: Found,
    /// The watch page is opened while somebody watches.
    pub viewer: Found,
}

pub fn pictures(rounds: usize) -> anyhow::Result<Pictures> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let state = tempfile::tempdir()?;
        let daemon = Daemon::start_with(&state, &IN_CALL);
        let owner = Visitor::owner(&daemon).await;
        let room = owner.first_room().await;
        let invite = owner.invite(&room).await;
        let browser = Browser::start().await;
        let page = browser.open("Ada", Some(Devices { colour: "red", hz: 440 })).await;
        page.before(include_str!("first.js")).await;
        page.goto(&format!("{}/r/{room}#invite={}", daemon.url, invite.token)).await;
        page.wait_for("document.querySelector('[data-testid=name]') !== null", "door").await;
        page.eval("localStorage.setItem('porchlight.picture', 'small')").await;
        let mut call = Vec::new();
        for _ in 0..rounds {
            page.goto(&format!("{}/r/{room}", daemon.url)).await;
            page.fill("name", "Ada").await;
            // The preview of one's own camera is there before anybody clicks.
            page.wait_for("document.querySelector('video')?.currentTime > 0.5", "preview").await;
            page.click("join").await;
            call.push(noted(&page).await);
            page.click("leave").await;
            page.goto(&daemon.url).await;
        }

        let mut line = owner.join(&room, "Bob").await;
        let live = line.ask("go_live", json!({ "title": "Garden" })).await.unwrap();
        let watch = format!("{}/b/{}", daemon.url, live["broadcast"].as_str().unwrap());
        let (mut first_viewer, mut viewer) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            page.goto(&watch).await;
            first_viewer.push(noted(&page).await);
            page.goto(&daemon.url).await;
            daemon.writes("the picture on air is not forwarded any more", round).await;
        }
        let other = browser.open("Cid", None).await;
        other.goto(&watch).await;
        other.wait_for("document.querySelector('video')?.currentTime > 1", "picture").await;
        for _ in 0..rounds {
            page.goto(&watch).await;
            viewer.push(noted(&page).await);
            page.goto(&daemon.url).await;
        }
        drop(line);
        Ok(Pictures { call: found(&call), first_viewer: found(&first_viewer), viewer: found(&viewer) })
    })
}

async fn noted(page: &Page) -> Value {
    page.wait_for("window.noted.picture", "first picture").await;
    let noted = page.eval("return window.noted").await;
    // So that the next visit finds an idle machine.
    tokio::time::sleep(Duration::from_millis(300)).await;
    noted
}

fn found(noted: &[Value]) -> Found {
    let from = |what: &str| {
        Spread::of(noted.iter().map(|noted| {
            let at = |what: &str| noted[what].as_f64();
            at(what).unwrap_or(f64::NAN) - at("click").unwrap_or(0.0)
        }))
    };
    Found { answer: from("answer"), connected: from("connected"), picture: from("picture") }
}
