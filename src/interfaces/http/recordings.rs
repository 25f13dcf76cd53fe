//! The recordings, for the owner of the box: the list, and the videos themselves, of which players ask for parts (RFC 9110 section 14).

use std::io::SeekFrom;

use axum::Json;
use axum::body::{Body as Content, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::App;
use super::body::Body;
use super::error::Problem;
use crate::model::id::RecordingId;
use crate::services::recorder::{Change, Recording, Recordings};

/// Bytes that are read from the disk at once.
const CHUNK: usize = 64 * 1024;

fn id(text: &str) -> Result<RecordingId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

pub(super) async fn list(State(app): State<App>) -> Result<Json<Recordings>, Problem> {
    Ok(Json(app.recorder.list().await?))
}

pub(super) async fn change(
    State(app): State<App>,
    Path(recording): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Recording>, Problem> {
    Ok(Json(app.recorder.change(id(&recording)?, change).await?))
}

pub(super) async fn remove(State(app): State<App>, Path(recording): Path<String>) -> Result<StatusCode, Problem> {
    app.recorder.delete(id(&recording)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn restore(State(app): State<App>, Path(recording): Path<String>) -> Result<Json<Recording>, Problem> {
    Ok(Json(app.recorder.restore(id(&recording)?).await?))
}

pub(super) async fn video(
    State(app): State<App>,
    Path(recording): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let recording = id(&recording)?;
    let video = app.recorder.video(recording).await?;
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
    let stream = futures_util::stream::unfold((file, to - from), |(mut file, left)| async move {
        if left == 0 {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
        match file.read(&mut bytes).await {
            Ok(0) => None,
            Ok(count) => {
                bytes.truncate(count);
                Some((Ok::<_, std::io::Error>(Bytes::from(bytes)), (file, left - count as u64)))
            }
            Err(error) => Some((Err(error), (file, 0))),
        }
    });
    let mut response = (status, Content::from_stream(stream)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, (to - from).into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if status == StatusCode::PARTIAL_CONTENT {
        headers.insert(header::CONTENT_RANGE, text(&format!("bytes {from}-{}/{length}", to - 1)));
    }
    // To be saved, not shown.
    if query.is_some_and(|query| query.split('&').any(|part| part == "download")) {
        headers.insert(header::CONTENT_DISPOSITION, text(&attachment(&video.title, recording)));
    }
    Ok(response)
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
fn attachment(title: &str, id: RecordingId) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let encoded: String = title
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("attachment; filename=\"{id}.mp4\"; filename*=UTF-8''{encoded}.mp4")
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
            name,
            format!("attachment; filename=\"{id}.mp4\"; filename*=UTF-8''F%C3%AAte%20%221%22%0D%0AX%3A%20y.mp4")
        );
    }
}
