//! How much later those who watch see what somebody's camera shows, by a clock in the picture that is read where it is shown.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::fixture::browser::{Browser, Devices, Page};
use crate::fixture::daemon::Daemon;
use crate::fixture::people;
use crate::measure::{Family, Spread};

const ADA: Devices = Devices { colour: "red", hz: 440 };
/// From the first picture on, until a player is as near to what happens as it gets.
const SETTLE: Duration = Duration::from_secs(20);

/// How the picture gets to whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// From browser to browser, without the box.
    Direct,
    /// By WHEP without the sound.
    Picture,
    Whep,
    Hls,
}

pub const WAYS: [Way; 4] = [Way::Direct, Way::Picture, Way::Whep, Way::Hls];

/// One window of one way. Milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    pub way: Way,
    pub p50: f64,
    pub p95: f64,
    pub most: f64,
    /// New pictures a second, and pictures on which no clock could be read.
    pub pictures: f64,
    pub unread: u64,
    /// How long sound and pictures waited in the browser before they were played, by WebRTC.
    pub waited: [f64; 2],
    /// Pixels across and down of what was shown.
    pub size: [u64; 2],
    /// CPUs that others kept busy, and all of us.
    pub others: f64,
    pub ours: f64,
}

/// What was found for one way.
#[derive(Debug, Serialize)]
pub struct Found {
    pub way: Way,
    pub p50: Spread,
    pub p95: Spread,
    /// p50 against that of the direct way in the same round.
    pub ratio: Spread,
    pub waited: [Spread; 2],
    pub pictures: Spread,
    pub windows: Vec<Window>,
}

/// Everything about latency.
#[derive(Debug, Serialize)]
pub struct Latency {
    pub found: Vec<Found>,
    /// What the playlist says of how far from its end a player has to stay, in seconds.
    pub hold_back: f64,
}

pub fn run(rounds: usize, window: Duration) -> anyhow::Result<Latency> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let state = tempfile::tempdir()?;
        let daemon = Daemon::start(&state);
        let browser = Browser::start().await;
        let ada = browser.open("Ada", Some(ADA)).await;
        ada.before(include_str!("camera.js")).await;
        let room = people::to_the_first_room(&ada, &daemon).await;
        ada.goto(&format!("{}/r/{room}", daemon.url)).await;
        ada.fill("name", "Ada").await;
        people::go_in(&ada).await;
        let broadcast = people::on_air(&ada, &room, &[&ada]).await;
        let mut viewers = Vec::new();
        for way in WAYS {
            let page = browser.open(&format!("{way:?}"), None).await;
            page.before(include_str!("viewer.js")).await;
            page.goto(&daemon.url).await;
            let player = if way == Way::Hls { "hls" } else { "whep" };
            page.eval(&format!("localStorage.setItem('porchlight.player', '{player}')")).await;
            viewers.push((way, page));
        }
        let (mut windows, mut hold_back) = (Vec::new(), None);
        for round in 0..rounds {
            // Each comes first in some round.
            for turn in 0..WAYS.len() {
                let (way, page) = &viewers[(round + turn) % WAYS.len()];
                page.goto(&daemon.url).await;
                begin(*way, page, &ada, (&daemon.url, &broadcast)).await;
                windows.push(measured(*way, page, window).await?);
                if *way == Way::Hls {
                    hold_back = said(&daemon, &broadcast).await.or(hold_back);
                }
                page.goto("about:blank").await;
                if *way == Way::Direct {
                    ada.eval("direct.end()").await;
                }
            }
        }
        let hold_back = hold_back.context("no playlist says how far from its end players stay")?;
        ensure!(daemon.stop().success(), "the daemon did not stop well");
        Ok(Latency { found: WAYS.map(|way| found(way, &windows)).into(), hold_back })
    })
}

/// Has a page show the picture, and the clock in it read.
async fn begin(way: Way, page: &Page, ada: &Page, (url, broadcast): (&str, &str)) {
    match way {
        Way::Direct => {
            let offer = ada.eval("return direct()").await;
            let answer = page.eval(&format!("return receive({offer})")).await;
            ada.eval(&format!("return direct.answer({answer})")).await;
        }
        Way::Picture => {
            page.eval(&format!("return picture('/whep/{broadcast}')")).await;
        }
        Way::Whep | Way::Hls => {
            let player = if way == Way::Hls { "hls" } else { "whep" };
            page.goto(&format!("{url}/b/{broadcast}")).await;
            let plays = format!(
                "document.querySelector('[data-testid=watch-state][data-state=playing][data-player={player}]')"
            );
            page.wait_for(&plays, "stream").await;
        }
    }
    page.wait_for("document.querySelector('video')?.currentTime > 0", "picture").await;
    page.eval("clock.begin(document.querySelector('video'))").await;
    page.wait_for("clock.read.length > 0", "clock in the picture").await;
    tokio::time::sleep(SETTLE).await;
}

async fn measured(way: Way, page: &Page, window: Duration) -> anyhow::Result<Window> {
    let family = Family::watch()?;
    page.eval("clock.read = []; clock.unread = 0; return clock.waited().then(waited => { clock.before = waited; })")
        .await;
    let began = std::time::Instant::now();
    tokio::time::sleep(window).await;
    let seen = page
        .eval(
            "const video = document.querySelector('video');
             const { read, unread, before } = clock;
             return clock.waited().then(after => [read, unread, video.videoWidth, video.videoHeight, before, after])",
        )
        .await;
    let took = began.elapsed().as_secs_f64();
    let (others, ours) = family.busy()?;
    let mut read: Vec<f64> = seen[0].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    read.sort_by(f64::total_cmp);
    ensure!(!read.is_empty(), "{way:?} shows no picture with a clock that can be read");
    let at = |part: f64| read[((read.len() as f64 - 1.0) * part).round() as usize];
    let number = |at: usize| seen[at].as_u64().unwrap_or(0);
    Ok(Window {
        way,
        p50: at(0.5),
        p95: at(0.95),
        most: at(1.0),
        pictures: read.len() as f64 / took,
        unread: number(1),
        waited: ["audio", "video"].map(|kind| {
            let of = |at: usize| Some(seen[5][kind][at].as_f64()? - seen[4][kind][at].as_f64()?);
            of(0).zip(of(1)).filter(|(_, count)| *count > 0.0).map_or(0.0, |(seconds, count)| seconds * 1000.0 / count)
        }),
        size: [number(2), number(3)],
        others,
        ours,
    })
}

/// The PART-HOLD-BACK of the picture's playlist.
async fn said(daemon: &Daemon, broadcast: &str) -> Option<f64> {
    let base = format!("{}/hls/{broadcast}", daemon.url);
    let get = async |path: &str| reqwest::get(format!("{base}/{path}")).await.ok()?.text().await.ok();
    let index = get("index.m3u8").await?;
    let list = get(index.lines().find(|line| line.ends_with("video/index.m3u8"))?).await?;
    list.split("PART-HOLD-BACK=").nth(1)?.split([',', '\n']).next()?.parse().ok()
}

fn found(way: Way, windows: &[Window]) -> Found {
    let of = |way| windows.iter().filter(move |window| window.way == way);
    Found {
        way,
        p50: Spread::of(of(way).map(|window| window.p50)),
        p95: Spread::of(of(way).map(|window| window.p95)),
        ratio: Spread::of(of(way).zip(of(Way::Direct)).map(|(one, direct)| one.p50 / direct.p50)),
        waited: [0, 1].map(|kind| Spread::of(of(way).map(|window| window.waited[kind]))),
        pictures: Spread::of(of(way).map(|window| window.pictures)),
        windows: of(way).cloned().collect(),
    }
}
