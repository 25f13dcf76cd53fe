//! A video out of a file, of which players ask for parts (RFC 9110 section 14).

use std::io::SeekFrom;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::watch;
use tokio::time::Instant;

use super::error::Problem;
use crate::model::id::{BroadcastId, RecordingId};
use crate::services::broadcast::Broadcast;
use crate::services::recorder::Video;

/// Bytes that are read from the disk at once.
const CHUNK: usize = 64 * 1024;
/// How much of a video somebody who watches is given at once, and how much faster than it is played the rest comes: calls and broadcasts
/// need the line, too.
const AHEAD: Duration = Duration::from_secs(20);
const FASTER: u64 = 2;

/// Videos of recordings that are sent at a time to those who watch.
const SEATS: usize = 20;
/// Whoever takes nothing for so long, as a player that stands still, loses the seat when another one needs it, and comes back for the rest.
const IDLE: Duration = Duration::from_secs(30);

/// Those who watch recordings.
pub(super) struct Seats {
    began: Instant,
    taken: Mutex<Vec<Arc<Seat>>>,
}

/// One of them.
pub(super) struct Seat {
    /// When something was sent to it last, in milliseconds since `began`.
    last: AtomicU64,
    lost: AtomicBool,
}

impl Default for Seats {
    fn default() -> Self {
        Self { began: Instant::now(), taken: Mutex::default() }
    }
}

impl Seats {
    /// A seat for somebody who comes.
    pub(super) fn take(&self) -> Option<Arc<Seat>> {
        let now = self.now();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // Who has gone has let go of theirs.
        taken.retain(|seat| Arc::strong_count(seat) > 1);
        if taken.len() >= SEATS {
            let idle = |seat: &Arc<Seat>| now.saturating_sub(seat.last.load(Ordering::Relaxed));
            let longest = (0..taken.len()).max_by_key(|at| idle(&taken[*at]))?;
            if u128::from(idle(&taken[longest])) < IDLE.as_millis() {
                return None;
            }
            taken.swap_remove(longest).lost.store(true, Ordering::Relaxed);
        }
        let seat = Arc::new(Seat { last: now.into(), lost: false.into() });
        taken.push(seat.clone());
        Some(seat)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Seat {
    fn is_kept(&self) -> bool {
        !self.lost.load(Ordering::Relaxed)
    }
}

/// Somebody who watches a video that everybody may watch.
pub(super) struct Watching {
    /// Free again when they have it, or went away; another's where they took nothing for a while.
    pub(super) seat: Arc<Seat>,
    /// Which it is, in the list of what can be watched: when it is not in there any more, it ends.
    pub(super) id: BroadcastId,
    pub(super) list: watch::Receiver<Arc<Vec<Broadcast>>>,
    /// Where the seat is.
    pub(super) seats: Arc<Seats>,
}

impl Watching {
    fn may(&self) -> bool {
        self.seat.is_kept() && self.list.borrow().iter().any(|one| one.id == self.id && one.recorded.is_some())
    }
}

/// What is asked for of a video, or all of it; as fast as somebody needs who is `watching` it.
///
/// # Errors
/// That there is none, or not this part.
pub(super) async fn answer(
    video: &Video,
    headers: &HeaderMap,
    watching: Option<Watching>,
) -> Result<Response, Problem> {
    // It may have been deleted since, or not have begun.
    let mut file = File::open(&video.path).await.map_err(|_| Problem::not_found())?;
    let length = file.metadata().await.map_err(|_| Problem::not_found())?.len();
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).map(|text| range(text, length));
    let (status, from, to) = match range {
        None | Some(Range::Ignored) => (StatusCode::OK, 0, length),
        Some(Range::Part(from, to)) => (StatusCode::PARTIAL_CONTENT, from, to),
        Some(Range::Outside) => {
            let mut response = Problem::outside().into_response();
            response.headers_mut().insert(header::CONTENT_RANGE, text(&format!("bytes */{length}")));
            return Ok(response);
        }
    };
    file.seek(SeekFrom::Start(from)).await.map_err(|_| Problem::not_found())?;
    let pace = watching.as_ref().and_then(|_| Pace::of(length, video.duration));
    let (begun, count) = (Instant::now(), to - from);
    let stream = futures_util::stream::unfold((file, count, watching), move |(mut file, left, watching)| async move {
        if left == 0 || watching.as_ref().is_some_and(|watching| !watching.may()) {
            return None;
        }
        if let Some(pace) = pace {
            tokio::time::sleep(pace.wait(count - left, begun.elapsed())).await;
        }
        let mut bytes = vec![0; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
        match file.read(&mut bytes).await {
            Ok(0) => None,
            Ok(count) => {
                if let Some(Watching { seat, seats, .. }) = &watching {
                    seat.last.store(seats.now(), Ordering::Relaxed);
                }
                bytes.truncate(count);
                Some((Ok::<_, std::io::Error>(Bytes::from(bytes)), (file, left - count as u64, watching)))
            }
            Err(error) => Some((Err(error), (file, 0, watching))),
        }
    });
    let mut response = (status, Body::from_stream(stream)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, (to - from).into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if status == StatusCode::PARTIAL_CONTENT {
        headers.insert(header::CONTENT_RANGE, text(&format!("bytes {from}-{}/{length}", to - 1)));
    }
    Ok(response)
}

/// How fast a video is given to somebody who watches it.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Bytes that come at once.
    ahead: u64,
    /// Bytes a second after that.
    rate: u64,
}

impl Pace {
    /// For a video of so many bytes and milliseconds; nothing if it has no length.
    fn of(bytes: u64, millis: u64) -> Option<Self> {
        let rate = bytes.saturating_mul(1000).checked_div(millis).filter(|rate| *rate > 0)?;
        Some(Self { ahead: rate.saturating_mul(AHEAD.as_secs()), rate: rate.saturating_mul(FASTER) })
    }

    /// How long to wait before more comes, where so many bytes have come since so long.
    fn wait(&self, sent: u64, since: Duration) -> Duration {
        let paced = sent.saturating_sub(self.ahead);
        Duration::from_secs_f64(paced as f64 / self.rate as f64).saturating_sub(since)
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// What part of so many bytes is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// From here, up to there.
    Part(u64, u64),
    /// None that there is.
    Outside,
    /// Several, or something else: the whole is given.
    Ignored,
}

/// Reads `Range` (RFC 9110 section 14.1.2): one part alone.
fn range(text: &str, length: u64) -> Range {
    let Some(spec) = text.strip_prefix("bytes=").filter(|spec| !spec.contains(',')) else { return Range::Ignored };
    let Some((from, to)) = spec.split_once('-') else { return Range::Ignored };
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<u64>().ok(),
        false => None,
    };
    match (from.trim(), to.trim()) {
        ("", to) => match number(to) {
            Some(0) => Range::Outside,
            Some(_) if length == 0 => Range::Outside,
            Some(last) => Range::Part(length.saturating_sub(last), length),
            None => Range::Ignored,
        },
        (from, to) => match (number(from), to, number(to)) {
            (Some(from), _, _) if from >= length => Range::Outside,
            (Some(from), "", _) => Range::Part(from, length),
            (Some(from), _, Some(to)) if to >= from => Range::Part(from, to.saturating_add(1).min(length)),
            _ => Range::Ignored,
        },
    }
}

/// `Content-Disposition` of a file that is called as the recording is (RFC 6266, RFC 8187).
pub(super) fn attachment(title: &str, id: RecordingId) -> HeaderValue {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let encoded: String = title
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    text(&format!("attachment; filename=\"{id}.mp4\"; filename*=UTF-8''{encoded}.mp4"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_given_and_everything_else_is_the_whole_or_refused() {
        for (text, expected) in [
            ("bytes=0-", Range::Part(0, 100)),
            ("bytes=10-19", Range::Part(10, 20)),
            ("bytes=90-200", Range::Part(90, 100)),
            ("bytes=-10", Range::Part(90, 100)),
            ("bytes=-1000", Range::Part(0, 100)),
            ("bytes=100-", Range::Outside),
            ("bytes=-0", Range::Outside),
            ("bytes=5-4", Range::Ignored),
            ("bytes=0-1,3-4", Range::Ignored),
            ("bytes=a-b", Range::Ignored),
            ("bytes=+1-2", Range::Ignored),
            ("items=0-1", Range::Ignored),
            ("bytes=99999999999999999999-", Range::Ignored),
        ] {
            assert_eq!(range(text, 100), expected, "{text}");
        }
        assert_eq!(range("bytes=-5", 0), Range::Outside);
    }

    #[test]
    fn a_file_is_called_as_the_recording_is_whatever_that_is() {
        let id = RecordingId::from_bytes([1; 10]);
        let name = attachment("Fête \"1\"\r\nX: y", id);
        assert_eq!(
            name.to_str().expect("it is text"),
            format!("attachment; filename=\"{id}.mp4\"; filename*=UTF-8''F%C3%AAte%20%221%22%0D%0AX%3A%20y.mp4")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_for_a_while_makes_room_for_others_and_nobody_else_does() {
        let seats = Seats::default();
        let mut taken: Vec<_> = (0..SEATS).map(|_| seats.take().expect("there is room")).collect();
        assert!(seats.take().is_none());
        tokio::time::advance(IDLE).await;
        // All but the third are sent something.
        for (_, seat) in taken.iter().enumerate().filter(|(at, _)| *at != 3) {
            seat.last.store(seats.now(), Ordering::Relaxed);
        }
        let newcomer = seats.take().expect("one stands still");
        assert!(!taken[3].is_kept() && newcomer.is_kept());
        assert!(seats.take().is_none());
        taken.truncate(SEATS - 1);
        assert!(seats.take().is_some(), "one has gone");
    }

    #[test]
    fn what_everybody_may_watch_comes_a_little_faster_than_it_is_played() {
        // Two minutes of 1 MB/s.
        let pace = Pace::of(120_000_000, 120_000).expect("it has a length");
        assert_eq!(pace.wait(pace.ahead, Duration::ZERO), Duration::ZERO, "the player fills its buffer at once");
        assert_eq!(pace.wait(pace.ahead + 2_000_000, Duration::ZERO), Duration::from_secs(1));
        assert_eq!(pace.wait(pace.ahead + 2_000_000, Duration::from_secs(1)), Duration::ZERO);
        assert!(Pace::of(0, 0).is_none() && Pace::of(10, 0).is_none());
    }
}
