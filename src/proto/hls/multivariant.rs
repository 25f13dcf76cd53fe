//! The multivariant playlist (RFC 8216bis section 4.4.6).

use std::fmt::Write;

use super::snapshot::{Rendition, Snapshot};
use crate::model::rung::Rung;

/// What a variant is said to need when nothing was measured yet, in bits a second.
const BANDWIDTH_UNKNOWN: u64 = 128_000;

/// How a rung is coded before there is any of it: constrained baseline, level 3.1 (ISO/IEC 14496-10 annex A).
const RUNG_CODEC: &str = "avc1.42C01F";
/// How much more than its mean a rung may have for a while, in percent.
const PEAK: u64 = 150;

/// The multivariant playlist of a run; its media playlists are at `{run}/video/index.m3u8` and `{run}/audio/index.m3u8`, those of
/// its rungs at `{run}/video-360/index.m3u8` and so on: smaller sizes, which are made when somebody asks for them. What is on air itself
/// comes first, sound alone last. Nothing while no track has anything to play.
pub fn multivariant(snapshot: &Snapshot, run: u64, rungs: &[Rung]) -> Option<String> {
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
    let mut rest = String::new();
    if let Some(rate) = video.and_then(Rendition::sample_rate) {
        write!(rest, ",FRAME-RATE={rate:.3}").ok()?;
    }
    if let (Some(_), Some(audio)) = (video, audio) {
        let channels = audio.channels();
        writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"{channels}\",\
             URI=\"{run}/audio/index.m3u8\""
        )
        .ok()?;
        rest.push_str(",AUDIO=\"audio\"");
    }
    let name = if video.is_some() { "video" } else { "audio" };
    writeln!(text, "#EXT-X-STREAM-INF:{attributes}{rest}\n{run}/{name}/index.m3u8").ok()?;
    let Some(picture) = video.and_then(Rendition::picture) else { return Some(text) };
    let sound = audio.and_then(Rendition::codec);
    let sound_bandwidth = audio.map_or(0, Rendition::bandwidth);
    for rung in rungs.iter().filter(|rung| rung.size().1 < u32::from(picture.height)) {
        let (width, height) = rung.size();
        let codecs: Vec<&str> = std::iter::once(RUNG_CODEC).chain(sound).collect();
        let average = u64::from(rung.bitrate()) + sound_bandwidth;
        let peak = u64::from(rung.bitrate()) * PEAK / 100 + sound_bandwidth;
        writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{}\",RESOLUTION={width}x{height}{rest}\n\
             {run}/video-{rung}/index.m3u8",
            codecs.join(",")
        )
        .ok()?;
    }
    if let Some(codec) = sound {
        let bandwidth = sound_bandwidth.max(BANDWIDTH_UNKNOWN);
        writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},CODECS=\"{codec}\",AUDIO=\"audio\"\n{run}/audio/index.m3u8"
        )
        .ok()?;
    }
    Some(text)
}
