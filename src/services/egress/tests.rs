//! Egress from the outside: a feed of real H.264 and AAC on one end, a client that plays by the protocol on the other.

mod cost;
mod growing;
mod recorded;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;

use self::recorded::{START, recorded};
use super::*;
use crate::model::bitrate::Bitrate;
use crate::model::ring::{Gate, Source, Writer, ring};
use crate::model::unit::Config as Codec;
use crate::services::supervisor::Part;

/// 2026-11-21T00:00:00Z.
const EPOCH: i128 = 1_795_219_200_000_000_000;
/// More than any test writes, so that no reader falls behind.
const RING: usize = 4096;
const PICTURE: (u64, u64) = (320, 180);

struct Fake {
    video: Source<Unit>,
    audio: Source<Unit>,
    gate: Gate,
    cuts: watch::Sender<MediaTime>,
    opened: AtomicUsize,
    /// Opening it panics.
    broken: AtomicBool,
}

impl Feed for Fake {
    fn open(&self) -> BoxFuture<'_, Result<Streams, String>> {
        Box::pin(async {
            self.opened.fetch_add(1, Ordering::Relaxed);
            assert!(!self.broken.load(Ordering::Relaxed), "fault injected");
            let (video, audio) = (self.video.reader(self.gate.clone()), self.audio.reader(self.gate.clone()));
            Ok(Streams { video: Some(video), audio: Some(audio), cuts: self.cuts.subscribe() })
        })
    }
}

struct Studio {
    handle: Handle,
    id: BroadcastId,
    feed: Arc<Fake>,
    video: Writer<Unit>,
    audio: Writer<Unit>,
    shutdown: CancellationToken,
    supervisor: Supervisor,
    config: watch::Sender<Config>,
}

impl Studio {
    async fn open() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let timeline = Timeline::new(Instant::now(), 0, EPOCH);
        let shutdown = CancellationToken::new();
        let supervisor = Supervisor::default();
        let (config, read) = watch::channel(config);
        let line = (&uplink::Config::default(), Bitrate::kbps(2_500));
        let handle = Handle::start(read, timeline, supervisor.clone(), line, &TaskTracker::new(), shutdown.clone());
        let ((video, video_source), (audio, audio_source)) = (ring(RING), ring(RING));
        let feed = Arc::new(Fake {
            video: video_source,
            audio: audio_source,
            gate: Gate::default(),
            cuts: watch::Sender::new(MediaTime::ZERO),
            opened: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        });
        let id = BroadcastId::from_bytes([7; 10]);
        handle.add(id, feed.clone()).await;
        Self { handle, id, feed, video, audio, shutdown, supervisor, config }
    }

    fn opened(&self) -> usize {
        self.feed.opened.load(Ordering::Relaxed)
    }

    async fn get(&self, path: &str) -> Result<Object, Error> {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        self.handle.get(self.id, path, query).await
    }

    /// Asks for the index and waits until packaging reads the feed.
    async fn begin(&self) -> JoinSet<Result<Object, Error>> {
        let (handle, id) = (self.handle.clone(), self.id);
        let mut index = JoinSet::new();
        index.spawn(async move { handle.get(id, "index.m3u8", None).await });
        while self.opened() == 0 {
            tokio::task::yield_now().await;
        }
        index
    }

    fn write(&mut self, unit: Unit) {
        if matches!(*unit.config, Codec::H264 { .. }) { self.video.push(unit) } else { self.audio.push(unit) }
    }

    /// Writes what was recorded between two times in milliseconds after the start.
    fn play(&mut self, from: i64, to: i64) {
        let (from, to) = (START.plus_nanos(from * 1_000_000), START.plus_nanos(to * 1_000_000));
        recorded().iter().filter(|unit| (from..to).contains(&unit.pts)).for_each(|unit| self.write(unit.clone()));
    }

    /// Begins, plays so many milliseconds, and gives the number of the run.
    async fn on_air(&mut self, until: i64) -> String {
        let mut index = self.begin().await;
        self.play(0, until);
        let index = text(index.join_next().await.unwrap().unwrap().unwrap());
        index.lines().last().unwrap().split_once('/').unwrap().0.to_owned()
    }
}

fn text(object: Object) -> String {
    assert_eq!(object.content_type, PLAYLIST);
    String::from_utf8(object.body.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_opened_before_somebody_asks_and_one_run_serves_everybody() {
    let mut studio = Studio::open().await;
    assert_eq!(studio.get("1/video/index.m3u8").await.map(drop), Err(Error::NotFound));
    assert_eq!(studio.opened(), 0);
    let run = studio.on_air(3000).await;
    for _ in 0..3 {
        studio.get("index.m3u8").await.unwrap();
        studio.get(&format!("{run}/video/index.m3u8")).await.unwrap();
    }
    assert_eq!(studio.opened(), 1);
    let unknown = studio.handle.get(BroadcastId::from_bytes([8; 10]), "index.m3u8", None).await;
    assert_eq!(unknown.map(drop), Err(Error::NotOnAir));
}

#[tokio::test(start_paused = true)]
async fn a_packager_that_panics_is_started_again_when_it_is_asked_for_and_disturbs_no_other() {
    let mut studio = Studio::open().await;
    let other = BroadcastId::from_bytes([9; 10]);
    let broken = Arc::new(Fake {
        video: studio.feed.video.clone(),
        audio: studio.feed.audio.clone(),
        gate: Gate::default(),
        cuts: watch::Sender::new(MediaTime::ZERO),
        opened: AtomicUsize::new(0),
        broken: AtomicBool::new(true),
    });
    studio.handle.add(other, broken.clone()).await;
    let run = studio.on_air(3000).await;
    assert_eq!(studio.handle.get(other, "index.m3u8", None).await.map(drop), Err(Error::NotOnAir), "it failed");
    assert_eq!(studio.supervisor.restarts(Part::Packager), 3, "it was given one run after the other");
    studio.get(&format!("{run}/video/index.m3u8")).await.expect("the other goes on");
    assert_eq!(studio.handle.counters().packaging.get(), 1);

    broken.broken.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut index = JoinSet::new();
    let handle = studio.handle.clone();
    index.spawn(async move { handle.get(other, "index.m3u8", None).await });
    while broken.opened.load(Ordering::Relaxed) < 4 {
        tokio::task::yield_now().await;
    }
    studio.play(3000, 6500);
    index.join_next().await.unwrap().unwrap().expect("the next who asks is served");
    assert_eq!(studio.supervisor.restarts(Part::Packager), 3, "and nothing failed again");
    let made = studio.handle.counters();
    assert!(made.segments.get() >= 2 && made.parts.get() > made.segments.get(), "{made:?}");
}

#[tokio::test(start_paused = true)]
async fn who_begins_while_what_is_on_air_changes_is_given_the_next_run() {
    let mut studio = Studio::open().await;
    studio.feed.broken.store(true, Ordering::Relaxed);
    let (handle, id) = (studio.handle.clone(), studio.id);
    let mut both = JoinSet::new();
    let first = handle.clone();
    both.spawn(async move { first.get(id, "index.m3u8", None).await });
    both.spawn(async move { handle.manifest(id, None).await });
    while studio.supervisor.restarts(Part::Packager) == 0 {
        tokio::task::yield_now().await;
    }
    studio.feed.broken.store(false, Ordering::Relaxed);
    while studio.opened() < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    studio.play(0, 3000);
    while let Some(given) = both.join_next().await {
        given.unwrap().expect("the next run");
    }
}

#[tokio::test(start_paused = true)]
async fn packaging_ends_when_nobody_has_asked_for_a_while_and_begins_anew_under_another_number() {
    let mut studio = Studio::open().await;
    let first = studio.on_air(3000).await;
    let mut demand = studio.video.demand();
    assert_eq!(demand.changed().await.readers, 1);
    assert_eq!(demand.changed().await.readers, 0);
    assert_eq!(studio.get(&format!("{first}/video/index.m3u8")).await.map(drop), Err(Error::NotFound));
    let mut index = JoinSet::new();
    let (handle, id) = (studio.handle.clone(), studio.id);
    index.spawn(async move { handle.get(id, "index.m3u8", None).await });
    while demand.changed().await.readers == 0 {}
    studio.play(4000, 6500);
    let second = text(index.join_next().await.unwrap().unwrap().unwrap());
    assert!(!second.contains(&first), "{second}");
    assert_eq!(studio.get(&format!("{first}/video/0.m4s")).await.map(drop), Err(Error::NotFound));
}

#[tokio::test(start_paused = true)]
async fn a_run_does_not_end_under_who_waits_for_its_first_part() {
    let mut studio = Studio::with(Config { linger: Duration::from_secs(1), ..Config::default() }).await;
    let mut index = studio.begin().await;
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::task::yield_now().await;
    studio.play(0, 2500);
    assert!(index.join_next().await.unwrap().unwrap().is_ok());
    assert_eq!(studio.opened(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_set_anew_holds_for_packaging_that_starts_later() {
    let mut studio = Studio::with(Config { linger: Duration::from_secs(1), ..Config::default() }).await;
    let first = studio.on_air(3000).await;
    let mut demand = studio.video.demand();
    assert_eq!(demand.changed().await.readers, 1);
    studio.config.send_replace(Config { part: Duration::from_millis(200), ..Config::default() });
    let playlist = text(studio.get(&format!("{first}/video/index.m3u8")).await.unwrap());
    assert!(playlist.contains("PART-TARGET=0.35"), "{playlist}");
    assert_eq!(demand.changed().await.readers, 0);
    let mut index = JoinSet::new();
    let (handle, id) = (studio.handle.clone(), studio.id);
    index.spawn(async move { handle.get(id, "index.m3u8", None).await });
    while demand.changed().await.readers == 0 {}
    studio.play(4000, 6500);
    let index = text(index.join_next().await.unwrap().unwrap().unwrap());
    let run = index.lines().last().unwrap().split_once('/').unwrap().0;
    let playlist = text(studio.get(&format!("{run}/video/index.m3u8")).await.unwrap());
    assert!(playlist.contains("PART-TARGET=0.2"), "{playlist}");
}

#[tokio::test(start_paused = true)]
async fn a_removed_broadcast_ends_for_who_waits_and_is_not_on_air_for_who_comes_later() {
    let mut studio = Studio::open().await;
    let run = studio.on_air(3000).await;
    let (handle, id) = (studio.handle.clone(), studio.id);
    let path = format!("{run}/video/index.m3u8");
    let waiting = async { handle.get(id, &path, Some("_HLS_msn=2")).await };
    let removing = async {
        tokio::task::yield_now().await;
        studio.handle.remove(studio.id).await;
    };
    let (answer, ()) = tokio::join!(waiting, removing);
    assert!(text(answer.unwrap()).ends_with("#EXT-X-ENDLIST\n"));
    assert_eq!(studio.get("index.m3u8").await.map(drop), Err(Error::NotOnAir));
    assert_eq!(studio.get(&path).await.map(drop), Err(Error::NotOnAir));
    assert_eq!(studio.video.demand().changed().await.readers, 0);
}

#[tokio::test(start_paused = true)]
async fn a_cut_takes_everything_older_off_the_air() {
    let mut studio = Studio::open().await;
    let run = studio.on_air(3000).await;
    let first = format!("{run}/video/0.m4s");
    assert!(studio.get(&first).await.is_ok());
    studio.feed.cuts.send_replace(START.plus_nanos(3_000_000_000));
    while studio.get(&first).await.is_ok() {
        tokio::task::yield_now().await;
    }
    for object in ["video/0.0.m4s", "video/1.0.m4s", "audio/0.m4s", "audio/1.0.m4s"] {
        assert_eq!(studio.get(&format!("{run}/{object}")).await.map(drop), Err(Error::NotFound), "{object}");
    }
    studio.play(2000, 7000);
    let playlist = text(studio.get(&format!("{run}/video/index.m3u8")).await.unwrap());
    assert!(playlist.contains("#EXT-X-DISCONTINUITY\n") && playlist.contains("T00:00:05.000Z"), "{playlist}");
}

#[tokio::test(start_paused = true)]
async fn a_permission_taken_back_ends_the_run_with_nothing_left() {
    let mut studio = Studio::open().await;
    let run = studio.on_air(5000).await;
    studio.feed.gate.close();
    studio.feed.video.wake();
    while studio.get(&format!("{run}/video/0.m4s")).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let playlist = text(studio.get(&format!("{run}/video/index.m3u8")).await.unwrap());
    assert!(!playlist.contains(".m4s") && playlist.ends_with("#EXT-X-ENDLIST\n"), "{playlist}");
}

#[tokio::test(start_paused = true)]
async fn who_only_looks_how_far_back_there_is_keeps_packaging_and_is_no_viewer() {
    let mut studio = Studio::open().await;
    let mut viewers = studio.handle.viewers(studio.id).await.unwrap();
    let run = studio.on_air(3000).await;
    for _ in 0..8 {
        let delta = studio.get(&format!("{run}/video/index.m3u8?_HLS_skip=YES")).await.expect("packaging goes on");
        assert!(text(delta).contains("#EXTINF"));
        tokio::time::sleep(Duration::from_secs(8)).await;
    }
    assert_eq!(*viewers.borrow_and_update(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_keyframe_of_what_is_packaged_is_given_and_begins_and_keeps_nothing() {
    let mut studio = Studio::open().await;
    let (handle, id) = (studio.handle.clone(), studio.id);
    let keyframe = async |behind| handle.keyframe(id, 180, behind).await.map(|unit| unit.map(|unit| unit.pts));
    assert_eq!(keyframe(None).await, Ok(None));
    assert_eq!(studio.opened(), 0, "nothing begins");
    let unknown = handle.keyframe(BroadcastId::from_bytes([8; 10]), 180, None).await;
    assert_eq!(unknown.map(drop), Err(Error::NotOnAir));
    studio.on_air(5_000).await;
    let newest = keyframe(None).await.unwrap().expect("it is packaged");
    let before = keyframe(Some(Duration::from_secs(2))).await.unwrap().expect("it is listed");
    assert!(before < newest && recorded().iter().any(|unit| unit.keyframe && unit.pts == before));
    for _ in 0..60 {
        keyframe(None).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(keyframe(None).await, Ok(None), "packaging ended all the same");
    assert_eq!(studio.opened(), 1);
}

#[tokio::test(start_paused = true)]
async fn waiting_is_bounded_in_time_and_in_number() {
    let mut studio = Studio::open().await;
    let run = studio.on_air(3000).await;
    let began = tokio::time::Instant::now();
    assert_eq!(studio.get(&format!("{run}/video/index.m3u8?_HLS_msn=2")).await.map(drop), Err(Error::Timeout));
    assert_eq!(began.elapsed().as_secs(), 9, "three target durations");
    let refused = studio.get(&format!("{run}/video/index.m3u8?_HLS_msn=9")).await;
    assert!(matches!(refused, Err(Error::BadRequest(_))), "{refused:?}");
    studio.handle.waiting = Arc::new(Semaphore::new(0));
    assert_eq!(studio.get(&format!("{run}/video/index.m3u8?_HLS_msn=2")).await.map(drop), Err(Error::Busy));
    assert!(studio.get(&format!("{run}/video/index.m3u8")).await.is_ok(), "who need not wait is served");
}

#[tokio::test(start_paused = true)]
async fn caches_are_told_what_may_be_kept() {
    let mut studio = Studio::open().await;
    let run = studio.on_air(3000).await;
    for (path, kept, kind) in [
        ("index.m3u8".to_owned(), "public, max-age=1", PLAYLIST),
        (format!("{run}/video/index.m3u8"), "public, max-age=1", PLAYLIST),
        (format!("{run}/video/index.m3u8?_HLS_skip=YES"), "public, max-age=1", PLAYLIST),
        (format!("{run}/video/index.m3u8?_HLS_msn=0"), "public, max-age=6", PLAYLIST),
        (format!("{run}/video/index.m3u8?_HLS_msn=0&_HLS_skip=YES"), "public, max-age=6", PLAYLIST),
        (format!("{run}/video/init-0.mp4"), "public, max-age=39, immutable", "video/mp4"),
        (format!("{run}/audio/0.m4s"), "public, max-age=39, immutable", "audio/mp4"),
        (format!("{run}/audio/0.0.m4s"), "public, max-age=39, immutable", "audio/mp4"),
    ] {
        let object = studio.get(&path).await.unwrap();
        assert_eq!((&*object.cache_control, object.content_type), (kept, kind), "{path}");
    }
}

/// A client that reads a rendition as the protocol wants, part after part, and returns its initialisation segment with every
/// part behind it.
async fn watch_to_the_end(handle: Handle, id: BroadcastId, rendition: String) -> Vec<u8> {
    let playlist = format!("{rendition}/index.m3u8");
    let mut whole = handle.get(id, &format!("{rendition}/init-0.mp4"), None).await.unwrap().body.to_vec();
    let (mut msn, mut part) = (0, 0);
    loop {
        let query = format!("_HLS_msn={msn}&_HLS_part={part}");
        let text = text(handle.get(id, &playlist, Some(&query)).await.unwrap());
        assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:0\n"), "{text}");
        for line in text.lines() {
            let Some(uri) =
                line.split_once(",URI=\"").and_then(|(tag, rest)| tag.starts_with("#EXT-X-PART:").then_some(rest))
            else {
                continue;
            };
            let (name, _) = uri.split_once('"').unwrap();
            let at: (u64, u64) = {
                let (msn, part) = name.strip_suffix(".m4s").unwrap().split_once('.').unwrap();
                (msn.parse().unwrap(), part.parse().unwrap())
            };
            if at == (msn, part) || at == (msn + 1, 0) {
                whole.extend(handle.get(id, &format!("{rendition}/{name}"), None).await.unwrap().body);
                (msn, part) = (at.0, at.1 + 1);
            }
        }
        if text.ends_with("#EXT-X-ENDLIST\n") {
            return whole;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_client_collects_is_the_stream_that_went_in() {
    let mut studio = Studio::open().await;
    let mut viewers = studio.handle.viewers(studio.id).await.unwrap();
    let mut index = studio.begin().await;
    studio.play(0, 2400);
    let index = text(index.join_next().await.unwrap().unwrap().unwrap());
    assert!(index.contains("CODECS=\"avc1.42C0") && index.contains("RESOLUTION=320x180"), "{index}");
    let run = index.lines().last().unwrap().split_once('/').unwrap().0.to_owned();
    let mut clients = JoinSet::new();
    let (handle, id) = (studio.handle.clone(), studio.id);
    for rendition in ["video", "audio"] {
        let client = watch_to_the_end(handle.clone(), id, format!("{run}/{rendition}"));
        clients.spawn(async move { (rendition, client.await) });
    }
    let shutdown = studio.shutdown.clone();
    // Media comes as it was captured; time is virtual.
    let began = tokio::time::Instant::now() - Duration::from_millis(2400);
    for unit in recorded().iter().filter(|unit| unit.pts >= START.plus_nanos(2_400_000_000)) {
        let at = Duration::from_nanos(unit.pts.since(START).unsigned_abs());
        tokio::time::sleep_until(began + at).await;
        studio.write(unit.clone());
    }
    assert_eq!(*viewers.borrow_and_update(), 1);
    drop((studio.video, studio.audio));
    let folder = tempfile::tempdir().unwrap();
    let mut first = Vec::new();
    while let Some(collected) = clients.join_next().await {
        let (rendition, bytes) = collected.unwrap();
        let file = folder.path().join(format!("{rendition}.mp4"));
        std::fs::write(&file, bytes).unwrap();
        first.push(examine(&file, rendition));
    }
    assert!((first[0] - first[1]).abs() <= 0.011, "sound and picture start together: {first:?}");
    std::fs::write(folder.path().join("index.m3u8"), index).unwrap();
    demux(&handle, id, &run, folder.path()).await;
    shutdown.cancel();
}

/// Lets another player's demuxer follow the playlists of an ended run.
async fn demux(handle: &Handle, id: BroadcastId, run: &str, folder: &Path) {
    let mut paths = Vec::new();
    for rendition in ["video", "audio"] {
        std::fs::create_dir_all(folder.join(run).join(rendition)).unwrap();
        paths.push(format!("{run}/{rendition}/index.m3u8"));
        paths.push(format!("{run}/{rendition}/init-0.mp4"));
        let playlist = text(handle.get(id, &format!("{run}/{rendition}/index.m3u8"), None).await.unwrap());
        let segments = playlist.lines().filter(|line| line.ends_with(".m4s"));
        paths.extend(segments.map(|name| format!("{run}/{rendition}/{name}")));
    }
    for path in paths {
        std::fs::write(folder.join(&path), handle.get(id, &path, None).await.unwrap().body).unwrap();
    }
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-allowed_extensions", "ALL", "-count_packets", "-show_streams", "-of", "json"]);
    let output = command.arg(folder.join("index.m3u8")).output().expect("ffprobe is installed");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let streams = found["streams"].as_array().unwrap();
    let packets = |codec: &str| {
        let stream = streams.iter().find(|stream| stream["codec_name"] == codec).expect("both tracks are found");
        stream["nb_read_packets"].as_str().unwrap().parse::<usize>().unwrap()
    };
    assert_eq!(packets("h264"), 7 * 30);
    assert!(packets("aac") > 325);
}

/// Lets ffprobe decode a file and gives the time of its first packet in seconds.
fn examine(file: &Path, rendition: &str) -> f64 {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-count_frames", "-show_streams", "-show_packets", "-of", "json"]).arg(file);
    let output = command.output().expect("ffprobe is installed");
    assert!(output.stderr.is_empty(), "{rendition}: {}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let stream = &found["streams"][0];
    let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let times: Vec<f64> =
        found["packets"].as_array().unwrap().iter().map(|packet| number(&packet["pts_time"])).collect();
    let step = if rendition == "video" {
        assert_eq!(stream["codec_name"], "h264");
        assert_eq!((stream["width"].as_u64().unwrap(), stream["height"].as_u64().unwrap()), PICTURE);
        assert_eq!(number(&stream["nb_read_frames"]) as usize, 7 * 30);
        1.0 / 30.0
    } else {
        assert_eq!((&stream["codec_name"], &stream["profile"]), (&"aac".into(), &"LC".into()));
        assert_eq!((&stream["sample_rate"], &stream["channels"]), (&"48000".into(), &2.into()));
        assert!(times.len() > 325, "{} frames of sound", times.len());
        1024.0 / 48_000.0
    };
    for pair in times.windows(2) {
        assert!((pair[1] - pair[0] - step).abs() < 0.001, "{rendition} steps from {} to {}", pair[0], pair[1]);
    }
    times[0]
}
