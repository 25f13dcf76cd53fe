//! What a request path means.

use super::Error;
use crate::model::rung::Rung;
use crate::model::track::Kind;
use crate::proto::hls::{Directives, decimal};

/// An object that may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// The multivariant playlist.
    Index,
    /// Something of one rendition of one packaging run.
    Of { run: u64, of: Of, item: Item },
}

/// A rendition of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The picture as it is on air.
    Video,
    /// The sound.
    Audio,
    /// A smaller picture.
    Rung(Rung),
}

impl Of {
    /// Picture or sound.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Video | Self::Rung(_) => Kind::Video,
            Self::Audio => Kind::Audio,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// The media playlist, at once or once it is far enough; whole or as a delta update.
    Playlist(Directives),
    /// An initialisation segment.
    Init(u64),
    /// A segment, which may still be made.
    Segment(u64),
    /// A part of a segment.
    Part(u64, u64),
}

/// Reads what comes after `/hls/{broadcast}/`.
pub(crate) fn parse(path: &str, query: Option<&str>) -> Result<Want, Error> {
    if path == "index.m3u8" {
        return Ok(Want::Index);
    }
    let mut pieces = path.split('/');
    let (Some(run), Some(rendition), Some(name), None) = (pieces.next(), pieces.next(), pieces.next(), pieces.next())
    else {
        return Err(Error::NotFound);
    };
    let run = number(run)?;
    let of = match rendition {
        "video" => Of::Video,
        "audio" => Of::Audio,
        other => {
            let lines = other.strip_prefix("video-").ok_or(Error::NotFound)?;
            let rung = Rung::ALL.into_iter().find(|rung| rung.to_string() == lines);
            Of::Rung(rung.ok_or(Error::NotFound)?)
        }
    };
    let item = if name == "index.m3u8" {
        Item::Playlist(Directives::parse(query).map_err(|refused| Error::BadRequest(refused.0))?)
    } else if let Some(n) = name.strip_prefix("init-").and_then(|rest| rest.strip_suffix(".mp4")) {
        Item::Init(number(n)?)
    } else {
        let name = name.strip_suffix(".m4s").ok_or(Error::NotFound)?;
        match name.split_once('.') {
            Some((msn, part)) => Item::Part(number(msn)?, number(part)?),
            None => Item::Segment(number(name)?),
        }
    };
    Ok(Want::Of { run, of, item })
}

fn number(text: &str) -> Result<u64, Error> {
    decimal(text).ok_or(Error::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::hls::{Form, Reload};

    #[test]
    fn every_object_has_one_path() {
        let want = |of, item| Ok(Want::Of { run: 5, of, item });
        assert_eq!(parse("index.m3u8", None), Ok(Want::Index));
        let playlist = |reload, form| Item::Playlist(Directives { reload, form });
        assert_eq!(parse("5/video/index.m3u8", None), want(Of::Video, playlist(None, Form::Whole)));
        let reload = Some(Reload { msn: 3, part: Some(1) });
        let query = Some("_HLS_msn=3&_HLS_part=1&_HLS_skip=YES");
        assert_eq!(parse("5/audio/index.m3u8", query), want(Of::Audio, playlist(reload, Form::Delta)));
        assert_eq!(parse("5/audio/init-0.mp4", None), want(Of::Audio, Item::Init(0)));
        assert_eq!(parse("5/video/12.m4s", None), want(Of::Video, Item::Segment(12)));
        assert_eq!(parse("5/video/12.3.m4s", None), want(Of::Video, Item::Part(12, 3)));
        assert_eq!(parse("5/video-360/12.m4s", None), want(Of::Rung(Rung::P360), Item::Segment(12)));
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in ["", "/", "x", "5", "5/video", "5/video/", "5/video/x.m4s", "5/video/1.2.3.m4s", "-1/video/1.m4s"] {
            assert_eq!(parse(path, None), Err(Error::NotFound), "{path}");
        }
        for path in [
            "5/video-361/1.m4s",
            "5/video-/1.m4s",
            "5/video-0360/1.m4s",
            "5/film/1.m4s",
            "5/video/1.mp4",
            "5/video/init-.mp4",
            "5/video/1.m4s/x",
            "5/../1.m4s",
        ] {
            assert_eq!(parse(path, None), Err(Error::NotFound), "{path}");
        }
        assert!(matches!(parse("5/video/index.m3u8", Some("_HLS_part=1")), Err(Error::BadRequest(_))));
    }
}
