//! A broadcast for those alone who were invited: by addresses that carry a secret, until somebody may watch no longer.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::browser::Browser;
use super::fixture::daemon::Daemon;
use super::fixture::people;
use super::fixture::visitor::{Visitor, problem};
use super::fixture::{has, until};

const SMALL: [(&str, &str); 6] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "30"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "320"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "180"),
];

async fn restrict(owner: &Visitor, room: &str, restricted: bool) {
    let change = json!({ "restricted": restricted });
    let answer =
        owner.request(Method::PATCH, &format!("/api/v1/rooms/{room}/studio")).json(&change).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["restricted"], restricted);
}

/// What stands for the broadcast in its media addresses, as this visitor is told.
async fn media(visitor: &Visitor, broadcast: &str) -> Result<String, String> {
    let answer = visitor.get(&format!("/api/v1/broadcasts/{broadcast}")).await;
    if answer.status() != 200 {
        return Err(problem(answer).await);
    }
    Ok(answer.json::<Value>().await.unwrap()["media"].as_str().unwrap().to_owned())
}

/// The statuses of a playlist, a manifest, and an offer that is none: whether there is anything at this address.
async fn statuses(visitor: &Visitor, media: &str) -> (u16, u16, u16) {
    let playlist = visitor.get(&format!("/hls/{media}/index.m3u8")).await.status().as_u16();
    let manifest = visitor.get(&format!("/dash/{media}/manifest.mpd")).await.status().as_u16();
    let offer = visitor.request(Method::POST, &format!("/whep/{media}")).header("content-type", "application/sdp");
    (playlist, manifest, offer.body("v=0").send().await.unwrap().status().as_u16())
}

async fn listed(visitor: &Visitor) -> usize {
    visitor.get("/api/v1/broadcasts").await.json::<Vec<Value>>().await.unwrap().len()
}

#[tokio::test]
async fn only_those_who_were_invited_find_it_and_its_addresses_end_when_an_invite_does() {
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (owner, broadcast) = people::box_on_air(&daemon).await;
    let room = owner.first_room().await;
    let (stranger, invite) = (Visitor::new(&daemon), owner.invite(&room).await);
    let guest = owner.guest(&invite, "Bob").await;
    let other = owner.make_room().await.0;
    let neighbour = owner.guest(&owner.invite(&other).await, "Eve").await;
    assert_eq!(media(&stranger, &broadcast).await, Ok(broadcast.clone()));
    until("pictures", async || statuses(&stranger, &broadcast).await == (200, 200, 400)).await;

    restrict(&owner, &room, true).await;
    until("restriction", async || media(&guest, &broadcast).await.is_ok_and(|media| media != broadcast)).await;
    for outside in [&stranger, &neighbour] {
        assert_eq!((media(outside, &broadcast).await, listed(outside).await), (Err("restricted".into()), 0));
        let events = outside.get(&format!("/api/v1/broadcasts/{broadcast}/events")).await;
        assert_eq!((events.status().as_u16(), problem(events).await.as_str()), (403, "restricted"));
    }
    let first = media(&guest, &broadcast).await.unwrap();
    assert_eq!((listed(&guest).await, media(&owner, &broadcast).await), (1, Ok(first.clone())));
    assert_eq!(statuses(&guest, &broadcast).await, (404, 404, 404), "its plain address is none, whoever asks");
    let guessed = format!("{broadcast}.{}", "0".repeat(32));
    assert_eq!(statuses(&guest, &guessed).await, (404, 404, 404));
    // The address is enough for a cache, and for a player that has no cookie.
    assert_eq!(statuses(&stranger, &first).await, (200, 200, 400));
    let small = async |media: &str| stranger.get(&format!("/api/v1/broadcasts/{media}/thumbnail.jpg")).await.status();
    assert_eq!(small(&broadcast).await, 404);
    until("small picture", async || small(&first).await == 200).await;
    let playlist = stranger.get(&format!("/hls/{first}/index.m3u8")).await.text().await.unwrap();
    let run = playlist.lines().last().unwrap();
    let segments = stranger.get(&format!("/hls/{first}/{run}")).await;
    assert_eq!(segments.status(), 200);

    // A page of another site that has the cookie of a guest sent along learns nothing by it.
    let path = format!("/api/v1/broadcasts/{broadcast}");
    let foreign =
        reqwest::Client::new().get(format!("{}{path}", daemon.url)).header("origin", "https://elsewhere.example");
    let foreign = foreign.header("cookie", format!("porchlight={}", guest.secret())).send().await.unwrap();
    assert_eq!(problem(foreign).await, "restricted");

    // Bob may no longer: what he knows leads nowhere, and those who still may are told another address.
    let mut news = guest.get(&format!("{path}/events")).await;
    assert_eq!(news.status(), 200);
    assert!(news.chunk().await.unwrap().is_some());
    assert_eq!(owner.delete(&format!("/api/v1/rooms/{room}/invites/{}", invite.id)).await.status(), 204);
    let ends = async { while news.chunk().await.is_ok_and(|more| more.is_some()) {} };
    tokio::time::timeout(super::fixture::DEADLINE, ends).await.expect("there is no more news for him");
    until("another address", async || media(&owner, &broadcast).await != Ok(first.clone())).await;
    assert_eq!(media(&guest, &broadcast).await, Err("restricted".into()));
    assert_eq!(statuses(&stranger, &first).await, (404, 404, 404));
    let second = media(&owner, &broadcast).await.unwrap();
    assert_eq!(statuses(&stranger, &second).await, (200, 200, 400));

    // It outlives a restart, and is in no log.
    assert!(daemon.stop().success());
    let log = std::fs::read_to_string(state.path().join("log")).unwrap();
    for secret in [&first, &second] {
        assert!(!log.contains(secret.split_once('.').unwrap().1), "an address is in the log");
    }
    let daemon = Daemon::start_with(&state, &SMALL);
    let owner = owner.with_daemon(&daemon);
    let third = media(&owner, &broadcast).await.unwrap();
    assert!(third.starts_with(&format!("{broadcast}.")) && third != second);
    restrict(&owner, &room, false).await;
    until("everybody", async || media(&Visitor::new(&daemon), &broadcast).await == Ok(broadcast.clone())).await;
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_browser_goes_on_by_the_next_address_and_says_so_when_it_may_no_longer() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (owner, broadcast) = people::box_on_air(&daemon).await;
    let room = owner.first_room().await;
    restrict(&owner, &room, true).await;
    let [own, others] = [owner.invite(&room).await, owner.invite(&room).await];
    let _other = owner.guest(&others, "Eve").await;
    let browser = Browser::start().await;
    let bob = browser.open("Bob", None).await;
    let watch = format!("{}/b/{broadcast}", daemon.url);
    let refused = "!document.querySelector('[data-state=playing]') \
                   && document.querySelector('.curtain')?.textContent.includes('for invited people')";
    bob.goto(&watch).await;
    bob.wait_for(refused, "the reason").await;

    // He opens his invite, and comes back.
    let entry = json!({ "invite": own.token, "name": "Bob" });
    let enter = format!(
        "return fetch('/api/v1/session', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, \
         body: JSON.stringify({entry}) }}).then(answer => answer.status)"
    );
    assert_eq!(bob.eval(&enter).await, 200);
    bob.goto(&watch).await;
    let playing = "document.querySelector('[data-testid=watch-state]')?.dataset.state === 'playing'";
    bob.wait_for(playing, "a picture").await;

    // Somebody else may no longer: his player goes to the new address by itself.
    let first = media(&owner, &broadcast).await;
    bob.eval(
        "document.querySelector('video').before = true; window.stood = document.querySelector('video').currentTime",
    )
    .await;
    assert_eq!(owner.delete(&format!("/api/v1/rooms/{room}/invites/{}", others.id)).await.status(), 204);
    until("another address", async || media(&owner, &broadcast).await != first).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    bob.wait_for(playing, "a picture again").await;
    bob.wait_for(
        "(window.now ??= document.querySelector('video').currentTime) < document.querySelector('video').currentTime - 1",
        "moving pictures",
    )
    .await;

    // He may no longer himself.
    assert_eq!(owner.delete(&format!("/api/v1/rooms/{room}/invites/{}", own.id)).await.status(), 204);
    bob.wait_for(refused, "the reason again").await;
    assert!(daemon.stop().success());
}
