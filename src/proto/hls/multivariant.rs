//! The multivariant playlist (RFC 8216bis section 4.4.6).

use std::fmt::Write;

use super::snapshot::{Rendition, Snapshot};

/// What a variant is said to need when nothing was measured yet, in bits a second.
const BANDWIDTH_UNKNOWN: u64 = 128_000;

/// The multivariant playlist of a run; its media playlists are at `{run}/video/index.m3u8` and `{run}/audio/index.m3u8`.
/// Nothing while no track has anything to play.
pub fn multivariant(snapshot: &Snapshot, run: u64) -> Option<String> {
    let [video, audio] =
        [&snapshot.video, &snapshot.audio].map(|rendition| rendition.as_ref().filter(|it| it.is_playable()));
    let main = video.or(audio)?;
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:6\n");
    let mut attributes = String::new();
    let codecs: Vec<&str> = video.iter().chain(&audio).filter_map(|rendition| rendition.codec()).collect();
    let bandwidth: u64 = video.iter().chain(&audio).map(|rendition| rendition.bandwidth()).sum();
    write!(attributes, "BANDWIDTH={},CODECS=\"{}\"", bandwidth.max(BANDWIDTH_UNKNOWN), codecs.join(",")).ok()?;
    if let Some(picture) = main.picture() {
        write!(attributes, ",RESOLUTION={}x{}", picture.width, picture.height).ok()?;
    }
    if let Some(rate) = video.and_then(Rendition::sample_rate) {
        write!(attributes, ",FRAME-RATE={rate:.3}").ok()?;
    }
    if let (Some(_), Some(audio)) = (video, audio) {
        let channels = audio.channels();
        writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"{channels}\",\
             URI=\"{run}/audio/index.m3u8\""
        )
        .ok()?;
        attributes.push_str(",AUDIO=\"audio\"");
    }
    let name = if video.is_some() { "video" } else { "audio" };
    writeln!(text, "#EXT-X-STREAM-INF:{attributes}\n{run}/{name}/index.m3u8").ok()?;
    Some(text)
}
