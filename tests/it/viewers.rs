//! Many viewers: as many as the line carries, and a cache in front of the box that asks once for each object.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::task::JoinSet;

use super::fixture::browser::{Browser, Devices};
use super::fixture::daemon::Daemon;
use super::fixture::people::{self, box_on_air};
use super::fixture::visitor::problem;
use super::fixture::{has, until};
use super::ll_hls::playlist::Playlist;

const SMALL: [(&str, &str); 6] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "320"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "180"),
    ("PORCHLIGHT_HLS__SEGMENT", "1s"),
];
/// Those who watch through the cache.
const VIEWERS: usize = 150;
/// Parts that each of them waits for, in both renditions.
const PARTS: usize = 6;

#[tokio::test]
async fn beyond_what_the_line_carries_a_viewer_is_told_so_and_those_who_watch_go_on() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let mut keys = SMALL.to_vec();
    // Each counts as 2.5 Mbps of picture and 128 kbps of sound.
    keys.push(("PORCHLIGHT_VIEWERS__UPLINK", "6Mbps"));
    let daemon = Daemon::start_with(&state, &keys);
    let (_owner, broadcast) = box_on_air(&daemon).await;
    let base = format!("{}/hls/{broadcast}", daemon.url);
    let http = reqwest::Client::new();
    let get = async |path: &str| http.get(format!("{base}/{path}")).send().await.unwrap();
    let first = get("index.m3u8").await;
    assert_eq!(first.status(), 200);
    let index = first.text().await.unwrap();
    assert_eq!(get("index.m3u8").await.status(), 200, "there is room for two");
    let third = get("index.m3u8").await;
    assert_eq!(third.headers()["retry-after"], "15");
    assert_eq!((third.status().as_u16(), problem(third).await.as_str()), (503, "uplink"));
    let whep = http.post(format!("{}/whep/{broadcast}", daemon.url)).header("content-type", "application/sdp");
    let refused = whep.body("v=0").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), problem(refused).await.as_str()), (503, "uplink"));
    assert_eq!(get("index.m3u8?look").await.status(), 200, "who only looks what there is takes nothing away");
    let nothing = http.get(format!("{}/hls/0000000000000000/index.m3u8", daemon.url)).send().await.unwrap();
    assert_eq!(problem(nothing).await, "not-on-air", "what is off air says so itself");
    // Those who watch go on: the playlist that grows, and what it names. Somebody who comes meanwhile is told.
    let path = index.lines().find(|line| line.ends_with("video/index.m3u8")).unwrap();
    let watching = async || {
        // Each round asks twice, the plain way and the blocking one, and is counted as the several viewers that would be.
        for asked in 0_u64.. {
            let list = get(path).await;
            assert_eq!(list.status(), 200, "the {asked}th time");
            let list = Playlist::read(&list.text().await.unwrap()).unwrap();
            let (number, part) = list.newest().unwrap();
            let next = get(&format!("{path}?_HLS_msn={number}&_HLS_part={}", part + 1)).await;
            assert_eq!(next.status(), 200, "the {asked}th time");
        }
    };
    let told = async {
        let browser = Browser::start().await;
        let viewer = browser.open("viewer", None).await;
        viewer.goto(&format!("{}/b/{broadcast}", daemon.url)).await;
        viewer
            .wait_for("document.querySelector('.curtain')?.innerText.includes('No more can watch')", "being told")
            .await;
    };
    tokio::select! {
        () = watching() => unreachable!("they watch for ever"),
        () = told => {}
    }
}

/// nginx, with the part of our manual that is about many viewers.
struct Cache {
    nginx: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Cache {
    fn drop(&mut self) {
        // Killed, it would leave the processes that it started.
        let _ = kill(Pid::from_raw(self.nginx.id().cast_signed()), Signal::SIGTERM);
        let _ = self.nginx.wait();
    }
}

impl Cache {
    async fn start(daemon: &Daemon) -> Self {
        let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operate/reverse-proxy.md");
        let manual = std::fs::read_to_string(manual).unwrap();
        let (_, recipe) = manual.split_once("## Many viewers").expect("the manual has it");
        let (_, recipe) = recipe.split_once("```nginx\n").expect("with a recipe");
        let recipe = recipe.split("```").next().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let recipe = recipe
            .replace("/var/cache/nginx/porchlight", &format!("{at}/cache"))
            .replace("http://127.0.0.1:8080", &daemon.url)
            .replace("server {\n", &format!("server {{\n    listen 127.0.0.1:{port};\n"));
        assert_eq!(recipe.matches(&daemon.url).count(), 1, "{recipe}");
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = temporary.iter().map(|kind| format!("{kind}_temp_path {at}/{kind};\n")).collect();
        let text = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;\n\
             events {{ worker_connections 1024; }}\nhttp {{ access_log off;\n{temporary}{recipe} }}\n"
        );
        std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
        let nginx = Command::new("/usr/sbin/nginx")
            .args(["-e".as_ref(), folder.path().join("error.log").as_os_str()])
            .args(["-p".as_ref(), folder.path().as_os_str()])
            .args(["-c".as_ref(), folder.path().join("nginx.conf").as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cache = Self { nginx, port, folder };
        until("the cache", async || TcpStream::connect(("127.0.0.1", cache.port)).is_ok()).await;
        cache
    }
}

/// How often the box was asked for something of a stream.
async fn asked(daemon: &Daemon) -> u64 {
    let text = reqwest::get(daemon.metrics().await).await.unwrap().text().await.unwrap();
    let of = |line: &&str| line.starts_with("porchlight_http_requests_total{") && line.contains("/hls/");
    let number = |line: &str| line.rsplit_once(' ').and_then(|(_, number)| number.parse::<f64>().ok()).unwrap();
    text.lines().filter(of).map(number).sum::<f64>() as u64
}

#[tokio::test]
async fn a_cache_asks_the_box_once_for_each_object_however_many_watch() {
    assert!(Path::new("/usr/sbin/nginx").exists(), "nginx is not installed; run script/test");
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let (_owner, broadcast) = box_on_air(&daemon).await;
    let cache = Cache::start(&daemon).await;
    let base = format!("http://127.0.0.1:{}/hls/{broadcast}", cache.port);
    let get = |path: String| {
        let address = format!("{base}/{path}");
        async move {
            let answer = reqwest::Client::new().get(&address).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{address}");
            answer.bytes().await.unwrap()
        }
    };
    let index = String::from_utf8(get("index.m3u8".into()).await.to_vec()).unwrap();
    let path = index.lines().find(|line| line.ends_with("video/index.m3u8")).unwrap().to_owned();
    let run = path.strip_suffix("video/index.m3u8").unwrap().to_owned();
    let list = Playlist::read(std::str::from_utf8(&get(path.clone()).await).unwrap()).unwrap();
    let before = asked(&daemon).await;

    // Everybody waits for the same parts, and fetches them: what players do near the live edge.
    let (mut number, mut part) = list.newest().unwrap();
    let mut addresses = BTreeSet::new();
    let mut asks = 0;
    for _ in 0..PARTS {
        part += 1;
        let mut all = JoinSet::new();
        for rendition in ["video", "audio"] {
            let reload = format!("{run}{rendition}/index.m3u8?_HLS_msn={number}&_HLS_part={part}");
            addresses.insert(reload.clone());
            for _ in 0..VIEWERS {
                asks += 1;
                all.spawn(get(reload.clone()));
            }
        }
        let answers = all.join_all().await;
        let newest =
            |body: &bytes::Bytes| Playlist::read(std::str::from_utf8(body).unwrap()).unwrap().newest().unwrap();
        // Of both renditions the one that is less far.
        let now = answers.iter().map(newest).min().unwrap();
        let mut all = JoinSet::new();
        for rendition in ["video", "audio"] {
            let media = format!("{run}{rendition}/{}.{}.m4s", now.0, now.1);
            addresses.insert(media.clone());
            for _ in 0..VIEWERS {
                asks += 1;
                all.spawn(get(media.clone()));
            }
        }
        let bodies: BTreeSet<usize> = all.join_all().await.iter().map(bytes::Bytes::len).collect();
        assert!(bodies.len() <= 2 && !bodies.contains(&0), "everybody has the same");
        (number, part) = now;
    }
    let made = asked(&daemon).await - before;
    assert_eq!((made, asks), (addresses.len() as u64, 4 * PARTS * VIEWERS), "one each");
    let log = std::fs::read_to_string(cache.folder.path().join("error.log")).unwrap_or_default();
    assert!(!log.contains("[error]"), "{log}");
}

#[tokio::test]
async fn who_watches_and_has_a_place_in_the_room_comes_into_it_with_a_raised_hand() {
    if !has(&["chromium", "chromedriver"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start_with(&state, &SMALL);
    let browser = Browser::start().await;
    let (olga, room) = people::owner(&browser, &daemon, "Olga", Devices { colour: "blue", hz: 700 }).await;
    let wanted = json!({ "hours": 1, "role": "viewer" });
    let invite = olga
        .eval(&format!(
            "return fetch('/api/v1/rooms/{room}/invites', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, \
             body: '{wanted}' }}).then(r => r.json()).then(invite => invite.url)"
        ))
        .await;
    let broadcast = people::on_air(&olga, &room, &[&olga]).await;
    let address = format!("{}/b/{broadcast}", daemon.url);

    // Who has no invite is offered none of that, with a name as little as without.
    let vera = browser.open("Vera", None).await;
    vera.goto(&address).await;
    vera.fill("chat-name", "Vera").await;
    let none = "return document.querySelector('[data-testid=come-in]') === null";
    assert_eq!(vera.eval(none).await, true);
    vera.click("chat-name-take").await;
    vera.wait_for("document.querySelector('[data-testid=chat-input]')", "a field to write in").await;
    assert_eq!(vera.eval(none).await, true);

    people::at_the_door(&vera, &daemon.url, invite.as_str().unwrap()).await;
    vera.goto(&address).await;
    vera.click("come-in").await;
    vera.wait_for(&format!("location.pathname === '/r/{room}'"), "the door of the room").await;
    vera.fill("name", "Vera").await;
    let asked = vera.eval("return navigator.mediaDevices === undefined || !document.querySelector('.preview')").await;
    assert_eq!(asked, true, "who looks on is asked for no camera");
    vera.click("join").await;
    vera.wait_for("document.querySelector('[data-testid=hand][aria-pressed=true]')", "her raised hand").await;
    let said = "document.querySelector('[data-testid=order-news]').textContent.includes('Vera raises a hand')";
    olga.wait_for(said, "word of the hand").await;
    vera.wait_for("document.querySelector('[data-testid=looks-on]')", "word that she looks on").await;

    // Once: who lowers it and loads the page again does not raise it anew.
    vera.click("hand").await;
    vera.wait_for("document.querySelector('[data-testid=hand][aria-pressed=false]')", "no hand").await;
    assert_eq!(vera.eval("return location.hash").await, "");
    vera.goto(&format!("{}/r/{room}", daemon.url)).await;
    people::in_the_call(&vera).await;
    assert_eq!(vera.eval("return document.querySelector('[data-testid=hand]').ariaPressed").await, "false");
}
