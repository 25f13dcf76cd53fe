//! What lies over the composed picture, and what is shown instead of it.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::consent::is_on_air;
use crate::drivers::drawing::{self, Artist};
use crate::model::raw::Picture;
use crate::proto::layout::canvas::{Canvas, Stamp};
use crate::proto::screens::program::{self, Banner, Slate};
use crate::proto::screens::{Language, WIDTH};
use crate::services::room::{Connection, Direction, LowerThird, Room};

/// The edge that televisions may cut off: one part in so many of each side.
const SAFE_PART: u32 = 20;
/// A logo is at most one part in so many of the picture, across and down.
const LOGO_PART: (u32, u32) = (6, 7);

/// What is shown instead of everybody: what the producer chose, or while there is nobody to see a slate by itself. `begun` says whether
/// anybody was on air before.
pub(super) fn slate(room: &Room, begun: bool) -> Option<Slate> {
    let mut on_air = room.participants.iter().filter(|p| is_on_air(p)).peekable();
    room.direction.slate.or_else(|| match on_air.peek() {
        None if begun => Some(Slate::Back),
        None => Some(Slate::Soon),
        Some(_) => on_air.all(|p| p.connection == Connection::Lost).then_some(Slate::Back),
    })
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Wanted {
    title: Option<String>,
    lower_third: Option<LowerThird>,
    slate: Option<(Slate, String)>,
    logo: Option<Arc<[u8]>>,
}

impl Wanted {
    fn of(room: &Room, slate: Option<Slate>, logo: Option<Arc<[u8]>>) -> Self {
        let Direction { title, lower_third, .. } = &room.direction;
        let said = || room.live.as_ref().map_or_else(String::new, |live| live.title.to_string());
        Self {
            title: title.then(said),
            lower_third: lower_third.clone(),
            slate: slate.map(|slate| (slate, said())),
            logo: logo.filter(|_| room.direction.logo),
        }
    }
}

/// What lies over the picture, and what is shown instead of it.
#[derive(Default)]
struct Drawn {
    stamps: Vec<(Stamp, u32, u32)>,
    slate: Option<Picture>,
}

/// Drawn once whenever something of it changes, beside the pictures, which go on meanwhile.
pub(super) struct Graphics {
    /// Made when there is something to draw: it loads the fonts.
    artist: Option<Artist>,
    language: Language,
    size: (u32, u32),
    wanted: Wanted,
    /// What is being drawn, in a thread that may take its time.
    drawing: Option<JoinHandle<(Artist, Drawn)>>,
    /// Something else is wanted by now than what is drawn, or being drawn.
    stale: bool,
    drawn: Drawn,
}

impl Graphics {
    /// Nothing yet, over pictures of this size.
    pub(super) fn new(language: Language, size: (u32, u32)) -> Self {
        let (wanted, drawn) = (Wanted::default(), Drawn::default());
        Self { artist: None, language, size, wanted, drawing: None, stale: false, drawn }
    }

    /// Brings it in line with what is wanted of a room; what takes time is there when [`Self::drawn`] says so.
    pub(super) fn follow(&mut self, room: &Room, slate: Option<Slate>, logo: Option<Arc<[u8]>>) {
        let wanted = Wanted::of(room, slate, logo);
        if wanted != self.wanted {
            (self.wanted, self.stale) = (wanted, true);
            self.draw();
        }
    }

    fn draw(&mut self) {
        if self.drawing.is_some() || !std::mem::take(&mut self.stale) {
            return;
        }
        if self.wanted == Wanted::default() {
            self.drawn = Drawn::default();
            return;
        }
        let (artist, wanted, language, size) = (self.artist.take(), self.wanted.clone(), self.language, self.size);
        self.drawing = Some(tokio::task::spawn_blocking(move || {
            let artist = artist.unwrap_or_default();
            let drawn = draw(&artist, &wanted, language, size);
            (artist, drawn)
        }));
    }

    /// Waits until something has been drawn; for ever if there is nothing to draw. May be dropped and called again.
    pub(super) async fn drawn(&mut self) {
        let Some(drawing) = &mut self.drawing else { return std::future::pending().await };
        let done = drawing.await;
        self.drawing = None;
        // When it panicked that is in the log, and it stays as it was.
        if let Ok((artist, drawn)) = done {
            (self.artist, self.drawn) = (Some(artist), drawn);
        }
        self.draw();
    }

    /// A slate is shown instead of everybody.
    pub(super) fn is_slate(&self) -> bool {
        self.drawn.slate.is_some()
    }

    /// The picture as it goes on air.
    pub(super) fn over(&self, picture: Picture) -> Picture {
        let time = picture.time;
        if let Some(slate) = &self.drawn.slate {
            return Picture { time, ..slate.clone() };
        }
        if self.drawn.stamps.is_empty() {
            return picture;
        }
        let mut canvas = Canvas::of(picture).expect("the composition makes whole pictures");
        for (stamp, x, y) in &self.drawn.stamps {
            canvas.stamp(stamp, *x, *y);
        }
        canvas.finish(time)
    }
}

fn draw(artist: &Artist, wanted: &Wanted, language: Language, (width, height): (u32, u32)) -> Drawn {
    let scaled = |length: u32| (length * width / WIDTH).next_multiple_of(2);
    let stamp = |Banner { svg, width, height }: &Banner| {
        artist
            .stamp(svg, scaled(*width), scaled(*height))
            .inspect_err(|error| tracing::error!(%error, "a line can't be drawn"))
            .ok()
    };
    let left = width / SAFE_PART;
    let mut stamps = Vec::new();
    if let Some(title) = &wanted.title {
        stamps.extend(stamp(&program::title(title)).map(|stamp| (stamp, left, height / SAFE_PART)));
    }
    if let Some(LowerThird { line, below }) = &wanted.lower_third {
        let banner = program::lower_third(line.as_str(), below.as_ref().map(|below| below.as_str()));
        let lowest = height - height / SAFE_PART;
        stamps.extend(stamp(&banner).map(|stamp| {
            let top = lowest.saturating_sub(stamp.picture.height);
            (stamp, left, top)
        }));
    }
    if let Some(logo) = wanted.logo.as_deref() {
        // Another one that can't be drawn was refused when it came.
        let logo = drawing::logo(logo, width / LOGO_PART.0, height / LOGO_PART.1).ok();
        stamps.extend(logo.map(|logo| {
            let right = width.saturating_sub(left + logo.picture.width);
            (logo, right, height / SAFE_PART)
        }));
    }
    let slate = wanted.slate.as_ref().and_then(|(slate, title)| {
        let svg = program::slate(*slate, title, language);
        artist.picture(&svg, width, height).inspect_err(|error| tracing::error!(%error, "a slate can't be drawn")).ok()
    });
    Drawn { stamps, slate }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::MediaTime;
    use crate::proto::auth::Title;
    use crate::proto::layout::canvas::Colour;
    use crate::services::program::logo::tests::PNG;
    use crate::services::room::testing::{participant, room};
    use crate::services::room::{Live, OnAir, ParticipantKind};

    const GREY: Colour = Colour { y: 200, u: 128, v: 128 };

    fn picture(millis: i64) -> Picture {
        Canvas::new(640, 360, GREY).finish(MediaTime::from_millis(millis))
    }

    /// The share of pixels in a part of the picture, given in percent of both sides, that are not as they were.
    fn changed(picture: &Picture, across: (usize, usize), down: (usize, usize)) -> usize {
        let rows = 360 * down.0 / 100..360 * down.1 / 100;
        let other = |row: usize| {
            let columns = 640 * across.0 / 100..640 * across.1 / 100;
            columns.filter(|column| picture.data[row * 640 + column] != 200).count()
        };
        let all = rows.len() * (640 * (across.1 - across.0) / 100);
        rows.map(other).sum::<usize>() * 100 / all.max(1)
    }

    /// Brings it in line, and waits until all of it is drawn.
    async fn show(graphics: &mut Graphics, room: &Room, logo: Option<Arc<[u8]>>) {
        graphics.follow(room, room.direction.slate, logo);
        while graphics.drawing.is_some() {
            graphics.drawn().await;
        }
    }

    #[tokio::test]
    async fn lines_and_logo_lie_where_they_belong_and_a_slate_hides_everything() {
        let title = |text: &str| Title::new(text).expect("a title");
        let mut room = room(Vec::new());
        room.live = Some(Live { since: 0, title: title("Garden party"), recording: None, by_itself: false });
        let mut graphics = Graphics::new(Language::En, (640, 360));
        show(&mut graphics, &room, None).await;
        assert_eq!(graphics.over(picture(1)).data, picture(1).data, "nothing is wanted");

        room.direction.title = true;
        show(&mut graphics, &room, None).await;
        let over = graphics.over(picture(2));
        assert_eq!((over.width, over.height, over.time), (640, 360, MediaTime::from_millis(2)));
        assert!(changed(&over, (6, 20), (6, 10)) > 80, "the title is at the upper left");
        assert_eq!(changed(&over, (0, 100), (20, 100)) + changed(&over, (0, 100), (0, 4)), 0, "and nowhere else");

        room.direction.title = false;
        room.direction.lower_third = Some(LowerThird { line: title("Ada"), below: Some(title("Writes programs")) });
        show(&mut graphics, &room, None).await;
        let over = graphics.over(picture(3));
        assert!(changed(&over, (6, 20), (80, 94)) > 80 && changed(&over, (0, 100), (0, 70)) == 0);
        assert_eq!(changed(&over, (0, 100), (96, 100)), 0, "nothing lies where televisions cut off");

        let logo: Arc<[u8]> = Arc::from(PNG);
        room.direction.lower_third = None;
        show(&mut graphics, &room, Some(logo.clone())).await;
        assert_eq!(graphics.over(picture(4)).data, picture(4).data, "there is one, and it is not wanted");
        room.direction.logo = true;
        show(&mut graphics, &room, Some(logo)).await;
        let over = graphics.over(picture(5));
        assert_eq!(changed(&over, (88, 94), (7, 17)), 100, "as large as it may be, at the upper right");

        for slate in [Slate::Soon, Slate::Back] {
            room.direction.slate = Some(slate);
            show(&mut graphics, &room, None).await;
            let over = graphics.over(picture(6));
            assert_eq!((over.width, over.height, over.time), (640, 360, MediaTime::from_millis(6)));
            assert!(graphics.is_slate() && changed(&over, (0, 100), (0, 100)) >= 99);
        }
        assert!(room.participants.iter().all(|p| p.on_air != OnAir::Yes));
    }

    #[test]
    fn while_there_is_nobody_to_see_a_slate_is_shown_by_itself() {
        let mut room = room(vec![participant(1, ParticipantKind::Person), participant(2, ParticipantKind::Person)]);
        assert_eq!((slate(&room, false), slate(&room, true)), (Some(Slate::Soon), Some(Slate::Back)));
        room.participants[0].on_air = OnAir::Yes;
        assert_eq!(slate(&room, true), None);
        room.participants[0].connection = Connection::Lost;
        assert_eq!(slate(&room, true), Some(Slate::Back), "who is there still is not on air");
        room.participants[1].on_air = OnAir::Yes;
        assert_eq!(slate(&room, true), None);
        room.direction.slate = Some(Slate::Soon);
        assert_eq!(slate(&room, true), Some(Slate::Soon), "the producer's choice comes first");
    }

    #[tokio::test]
    async fn what_is_wanted_while_something_else_is_drawn_is_drawn_next() {
        let title = |text: &str| Title::new(text).expect("a title");
        let mut room = room(Vec::new());
        room.live = Some(Live { since: 0, title: title("Garden party"), recording: None, by_itself: false });
        let mut graphics = Graphics::new(Language::En, (640, 360));
        room.direction.slate = Some(Slate::Soon);
        graphics.follow(&room, room.direction.slate, None);
        assert_eq!(graphics.over(picture(1)).data, picture(1).data, "pictures go on while it is drawn");
        room.direction.slate = None;
        graphics.follow(&room, None, None);
        room.direction.title = true;
        show(&mut graphics, &room, None).await;
        assert!(!graphics.is_slate() && changed(&graphics.over(picture(2)), (6, 20), (6, 10)) > 80);
        room.direction.title = false;
        show(&mut graphics, &room, None).await;
        assert_eq!(graphics.over(picture(3)).data, picture(3).data);
    }
}
