//! Three layers of a picture: who sees it small gets the small one, who sees it large the large one, and who does not see it
//! nothing.

use super::fixture::browser::{Browser, Devices, Page};
use super::fixture::daemon::Daemon;
use super::fixture::people::BOX;
use super::fixture::{DEADLINE, has, media, people};

const ADA: Devices = Devices { colour: "red", hz: 440 };
const BOB: Devices = Devices { colour: "blue", hz: 700 };

/// Keeps the peer connections of a page that is not in a call yet in `window.peers`, and makes figures of them.
pub const WATCHED: &str = r#"
localStorage.removeItem("porchlight.picture");
window.peers = [];
const Peer = RTCPeerConnection;
window.RTCPeerConnection = class extends Peer {
  constructor(...how) { super(...how); window.peers.push(this); }
};
window.figures = async (type, kind) => {
  const all = [...(await peers.at(-1).getStats()).values()];
  return all.filter(one => one.type === type && one.kind === kind);
};
"#;

/// The layers that a page sends now, from the smallest on, as one word: `lmh` for all three.
const LAYERS: &str = "peers.at(-1).getSenders()
    .filter(({ track }) => track?.kind === 'video')
    .flatMap(sender => sender.getParameters().encodings)
    .filter(({ active }) => active).map(({ rid }) => rid).join('')";

/// The window of a page, in CSS pixels.
async fn window(page: &Page, width: u32, height: u32) {
    let size = serde_json::json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    page.devtools("Emulation.setDeviceMetricsOverride", size).await;
}

/// Waits until the picture that a page shows of somebody is so high.
async fn height(page: &Page, of: &str, lines: u32) {
    let shown = format!("document.querySelector('[data-testid=tile][data-name={of}] video')?.videoHeight === {lines}");
    page.wait_for(&shown, &format!("picture of {of} with {lines} lines")).await;
}

/// Waits until the box encodes so many sizes of its camera.
async fn encodes(daemon: &Daemon, sizes: usize) {
    let url = daemon.metrics().await;
    let line = format!("porchlight_pipelines{{role=\"camera-layer\"}} {sizes}");
    let end = tokio::time::Instant::now() + DEADLINE;
    loop {
        let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
        if text.lines().any(|one| one == line) {
            return;
        }
        let now = text.lines().find(|one| one.contains("role=\"camera-layer\""));
        assert!(tokio::time::Instant::now() < end, "not {line}, but {now:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_tile_gets_the_layer_of_its_size_and_layers_that_nobody_shows_are_not_sent() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let (camera, microphone) = (media::large_camera(ADA.colour), media::microphone(ADA.hz));
    let ada = browser.open_with("Ada", Some((&camera, &microphone))).await;
    let room = people::to_the_first_room(&ada, &daemon).await;
    ada.eval(WATCHED).await;
    ada.goto(&format!("{}/r/{room}", daemon.url)).await;
    ada.eval(WATCHED).await;
    ada.fill("name", "Ada").await;
    people::go_in(&ada).await;
    let invite = people::invite(&ada).await;

    let bob = browser.open("Bob", Some(BOB)).await;
    window(&bob, 400, 420).await;
    people::guest_in(&bob, &daemon, &invite, WATCHED).await;
    height(&bob, "Ada", 180).await;
    ada.wait_for(&format!("{LAYERS} === 'l'"), "the small layer alone").await;

    // Pictures go on while the layer changes: the longest pause between two of them is kept.
    bob.eval(
        "const video = document.querySelector('[data-testid=tile][data-name=Ada] video');
         window.pause = 0;
         let last = performance.now();
         const next = () => video.requestVideoFrameCallback(now => {
           window.pause = Math.max(window.pause, now - last);
           last = now;
           next();
         });
         next()",
    )
    .await;
    window(&bob, 1280, 900).await;
    bob.eval("document.querySelector('[data-testid=tile][data-name=Ada] [data-testid=pin]').click()").await;
    height(&bob, "Ada", 720).await;
    ada.wait_for(&format!("{LAYERS} === 'lmh'"), "all layers").await;
    let sent = "figures('outbound-rtp', 'video').then(all => all.filter(one => one.framesSent > 0).length === 3)";
    ada.wait_for(sent, "pictures in three layers").await;
    assert!(people::sees(&bob, "Ada", 3).await.share(ADA.colour) > 0.5);
    // A new element shows the same track in another place: what counts is what was decoded.
    let frozen = bob.eval("return figures('inbound-rtp', 'video').then(all => Math.max(...all.map(one => one.totalFreezesDuration ?? 0)))").await;
    assert!(frozen.as_f64().unwrap() < 1.5, "the picture stood still for {frozen} s");

    window(&bob, 400, 420).await;
    height(&bob, "Ada", 180).await;
    ada.wait_for(&format!("{LAYERS} === 'l'"), "the small layer alone again").await;
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_hidden_page_gets_sound_alone_and_pictures_again_when_it_is_seen() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&state);
    let browser = Browser::start().await;
    let (ada, _) = people::owner_at_the_door(&browser, &daemon, "Ada", ADA).await;
    ada.eval(WATCHED).await;
    people::go_in(&ada).await;
    let invite = people::invite(&ada).await;
    let bob = people::guest_after(&browser, &daemon, "Bob", BOB, &invite, WATCHED).await;
    people::sees(&bob, "Ada", 2).await;

    let see = |hidden: bool| {
        format!(
            "Object.defineProperty(document, 'hidden', {{ configurable: true, value: {hidden} }});
             document.dispatchEvent(new Event('visibilitychange'))"
        )
    };
    // A second without a single picture. What still comes for the picture is padding, by which the way is tried.
    let still = "(async () => {
        const sum = async (kind, what) => (await figures('inbound-rtp', kind)).reduce((sum, one) => sum + (one[what] ?? 0), 0);
        const pictures = () => sum('video', 'framesReceived');
        const [picture, sound] = [await pictures(), await sum('audio', 'packetsReceived')];
        await new Promise(resolve => setTimeout(resolve, 1000));
        return await pictures() === picture && await sum('audio', 'packetsReceived') > sound;
    })()";
    bob.eval(&see(true)).await;
    bob.wait_for(still, "end of pictures, with sound going on").await;
    ada.wait_for(&format!("{LAYERS} === ''"), "rest, as nobody looks").await;
    bob.eval(&see(false)).await;
    people::sees(&bob, "Ada", 2).await;
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn the_box_sends_its_camera_in_the_sizes_that_somebody_shows_and_makes_no_others() {
    if !has(&["chromium", "chromedriver", "ffmpeg"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let keys = [
        ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
        ("PORCHLIGHT_ENDPOINT__WIDTH", "640"),
        ("PORCHLIGHT_ENDPOINT__HEIGHT", "360"),
        ("PORCHLIGHT_ENDPOINT__FPS", "15"),
        ("PORCHLIGHT_ENDPOINT__LAYERS", "2"),
    ];
    let daemon = Daemon::start_with(&state, &keys);
    let browser = Browser::start().await;
    let (ada, _) = people::owner_at_the_door(&browser, &daemon, "Ada", ADA).await;
    window(&ada, 400, 420).await;
    people::go_in(&ada).await;
    height(&ada, BOX, 180).await;
    encodes(&daemon, 1).await;

    let invite = people::invite(&ada).await;
    let bob = people::guest(&browser, &daemon, "Bob", BOB, &invite).await;
    bob.eval(&format!("document.querySelector('[data-testid=tile][data-name={BOX}] [data-testid=pin]').click()")).await;
    height(&bob, BOX, 360).await;
    height(&ada, BOX, 180).await;
    encodes(&daemon, 2).await;
    people::sees(&bob, BOX, 3).await;
    people::sees(&ada, BOX, 3).await;
    daemon.writes("capture is open kind=Video", 1).await;

    // Who shows it large goes: the small one goes on, and the camera was never closed.
    window(&bob, 400, 420).await;
    height(&bob, BOX, 180).await;
    encodes(&daemon, 1).await;
    people::sees(&ada, BOX, 3).await;
    assert!(!daemon.log().contains("capture is closed kind=Video"), "no size disturbs another");
    assert!(daemon.stop().success());
}
