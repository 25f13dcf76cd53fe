//! The scene: who is in the composition, where they sit, and which picture of them is shown at a moment of media time.

use std::collections::VecDeque;
use std::time::Duration;

use super::arrange::{Layout, Part, arrange};
use super::canvas::{Canvas, Colour};
use super::grid::Tile;
use crate::model::raw::Picture;
use crate::model::time::MediaTime;

/// Pictures of one member that wait for their moment. When it is full, the one that comes is left out: the picture
/// moves in larger steps, and memory stays bounded.
pub const WAITING: usize = 12;
/// A picture is shown for so long without a newer one; then the member's card.
pub const STALE: Duration = Duration::from_secs(3);
/// Pictures further ahead of the shown moment than this have a wrong time and are left out.
const AHEAD: Duration = Duration::from_secs(2);

/// Whether a member shows themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Pictures are expected.
    Seen,
    /// Pictures of a screen are expected, which has most of the canvas.
    Shared,
    /// Sound at most: always a card.
    Unseen,
}

struct Seat<K> {
    key: K,
    name: String,
    sight: Sight,
    tile: Option<Tile>,
    card: Option<Picture>,
    waiting: VecDeque<Picture>,
    shown: Option<Picture>,
}

/// One member as the scene sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seated<'a, K> {
    /// Who.
    pub key: K,
    /// Their name.
    pub name: &'a str,
    /// Their place; nothing if there are too many.
    pub tile: Option<Tile>,
}

/// A composed picture.
#[derive(Debug, Clone)]
pub struct Composed {
    /// The picture, stamped with the moment it shows.
    pub picture: Picture,
    /// Every member with video who has a tile is in it with a picture.
    pub complete: bool,
}

/// Who is in the composition, in the order they came.
pub struct Scene<K> {
    width: u32,
    height: u32,
    blank: Canvas,
    seats: Vec<Seat<K>>,
    layout: Layout,
    /// Who comes before the others.
    front: Option<K>,
    overlay: Option<Picture>,
    moment: Option<MediaTime>,
}

impl<K: Copy + Eq> Scene<K> {
    /// An empty scene. Both sides are even.
    pub fn new(width: u32, height: u32, background: Colour) -> Self {
        let blank = Canvas::new(width, height, background);
        let (seats, layout) = (Vec::new(), Layout::default());
        Self { width, height, blank, seats, layout, front: None, overlay: None, moment: None }
    }

    /// Seats a member at the end, or anew in their own place if they are there already.
    pub fn add(&mut self, key: K, name: String, sight: Sight) {
        let (card, waiting, shown) = (None, VecDeque::new(), None);
        let seat = Seat { key, name, sight, tile: None, card, waiting, shown };
        match self.seats.iter_mut().find(|seat| seat.key == key) {
            Some(old) => *old = seat,
            None => self.seats.push(seat),
        }
        self.lay_out();
    }

    /// Expects something else of a member from now on. Pictures of them from before are not shown any more.
    pub fn see(&mut self, key: K, sight: Sight) {
        let Some(seat) = self.seat(key) else { return };
        seat.sight = sight;
        seat.waiting.clear();
        seat.shown = None;
        self.lay_out();
    }

    /// Takes a member out. Nothing of them is in any picture composed afterwards.
    pub fn remove(&mut self, key: K) {
        self.seats.retain(|seat| seat.key != key);
        self.lay_out();
    }

    /// Shows the members in another way.
    pub fn set_layout(&mut self, layout: Layout) {
        if self.layout != layout {
            self.layout = layout;
            self.lay_out();
        }
    }

    /// Has somebody come before the others, or nobody.
    pub fn set_front(&mut self, key: Option<K>) {
        if self.front != key {
            self.front = key;
            self.lay_out();
        }
    }

    /// Gives a member another name; the card with the old one is not shown again.
    pub fn rename(&mut self, key: K, name: String) {
        if let Some(seat) = self.seat(key)
            && seat.name != name
        {
            seat.name = name;
            seat.card = None;
        }
    }

    /// Everybody, in the order of their tiles.
    pub fn seated(&self) -> impl Iterator<Item = Seated<'_, K>> {
        self.seats.iter().map(|seat| Seated { key: seat.key, name: &seat.name, tile: seat.tile })
    }

    /// Takes a picture of a member. It is left out if the member or the size is not (any more) that of the scene, if it
    /// is not newer than the one before, or if its time is far ahead.
    pub fn push(&mut self, key: K, picture: Picture) {
        let ahead = self.moment.is_some_and(|moment| picture.time > moment + AHEAD);
        let Some(seat) = self.seat(key) else { return };
        let fits = seat.tile.is_some_and(|tile| (tile.width, tile.height) == (picture.width, picture.height));
        let newer = seat.waiting.back().or(seat.shown.as_ref()).is_none_or(|last| last.time < picture.time);
        if fits && newer && !ahead && seat.sight != Sight::Unseen && seat.waiting.len() < WAITING {
            seat.waiting.push_back(picture);
        }
    }

    /// Sets the card that stands for a member who can't be seen.
    pub fn set_card(&mut self, key: K, card: Picture) {
        if let Some(seat) = self.seat(key) {
            seat.card = Some(card);
        }
    }

    /// Shows a line over everything, or takes it away.
    pub fn set_overlay(&mut self, line: Option<Picture>) {
        self.overlay = line;
    }

    /// Where a line over everything goes: low, within the five percent that a television may cut off.
    pub fn overlay_tile(&self) -> Tile {
        let even = |value: u32| value - value % 2;
        let (width, height) = ((self.width * 3 / 5) & !7, even(self.height / 10));
        let lowest = self.height - self.height / 20;
        Tile { x: even((self.width - width) / 2), y: even(lowest.saturating_sub(height)), width, height }
    }

    /// Lets time pass up to a moment without drawing.
    pub fn pass(&mut self, moment: MediaTime) {
        self.moment = Some(moment);
        for seat in &mut self.seats {
            while seat.waiting.front().is_some_and(|picture| picture.time <= moment) {
                seat.shown = seat.waiting.pop_front();
            }
            if seat.shown.as_ref().is_some_and(|shown| shown.time + STALE < moment) {
                seat.shown = None;
            }
        }
    }

    /// The picture of a moment: of each member the newest picture that is not later than it.
    pub fn compose(&mut self, moment: MediaTime) -> Composed {
        self.pass(moment);
        let mut canvas = self.blank.clone();
        let mut complete = true;
        // The smaller lies above.
        let mut seated: Vec<(Tile, &Seat<K>)> = self.seats.iter().filter_map(|seat| Some((seat.tile?, seat))).collect();
        seated.sort_by_key(|(tile, _)| std::cmp::Reverse(tile.width));
        for (tile, seat) in seated {
            complete &= seat.shown.is_some() || seat.sight == Sight::Unseen;
            if let Some(picture) = seat.shown.as_ref().or(seat.card.as_ref()) {
                canvas.fill(tile, picture);
            }
        }
        if let Some(line) = &self.overlay {
            canvas.fill(self.overlay_tile(), line);
        }
        Composed { picture: canvas.finish(moment), complete }
    }

    fn seat(&mut self, key: K) -> Option<&mut Seat<K>> {
        self.seats.iter_mut().find(|seat| seat.key == key)
    }

    fn lay_out(&mut self) {
        let part = |seat: &Seat<K>| Part { shared: seat.sight == Sight::Shared, front: self.front == Some(seat.key) };
        let parts: Vec<Part> = self.seats.iter().map(part).collect();
        let tiles = arrange(self.layout, &parts, self.width, self.height);
        for (seat, tile) in self.seats.iter_mut().zip(tiles) {
            seat.tile = tile;
            let fits = |picture: &Picture| {
                tile.is_some_and(|tile| (tile.width, tile.height) == (picture.width, picture.height))
            };
            seat.waiting.retain(fits);
            seat.card = seat.card.take().filter(fits);
            // What is seen stays until there is something of the new size.
            seat.shown = seat.shown.take().and_then(|shown| match tile {
                Some(tile) if !fits(&shown) => Canvas::scaled(&shown, tile.width, tile.height),
                Some(_) => Some(shown),
                None => None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: Colour = Colour { y: 20, u: 128, v: 128 };

    fn scene() -> Scene<u8> {
        Scene::new(320, 180, BACK)
    }

    fn tile(scene: &Scene<u8>, key: u8) -> Tile {
        scene.seated().find(|seat| seat.key == key).and_then(|seat| seat.tile).expect("seated with a tile")
    }

    fn plain(tile: Tile, brightness: u8, millis: i64) -> Picture {
        let colour = Colour { y: brightness, u: 128, v: 128 };
        Canvas::new(tile.width, tile.height, colour).finish(MediaTime::from_millis(millis))
    }

    fn show(scene: &mut Scene<u8>, key: u8, brightness: u8, millis: i64) {
        let picture = plain(tile(scene, key), brightness, millis);
        scene.push(key, picture);
    }

    fn seen(scene: &mut Scene<u8>, key: u8, millis: i64) -> u8 {
        let tile = tile(scene, key);
        let composed = scene.compose(MediaTime::from_millis(millis));
        composed.picture.data[((tile.y + 4) * 320 + tile.x + 4) as usize]
    }

    #[test]
    fn the_newest_picture_that_is_not_too_new_is_shown() {
        let mut scene = scene();
        scene.add(1, "Ada".into(), Sight::Seen);
        for (brightness, millis) in [(100, 1000), (101, 1033), (102, 1066), (103, 1100)] {
            show(&mut scene, 1, brightness, millis);
        }
        assert_eq!(seen(&mut scene, 1, 999), 20);
        assert_eq!(seen(&mut scene, 1, 1066), 102);
        assert_eq!(seen(&mut scene, 1, 1099), 102);
        assert_eq!(seen(&mut scene, 1, 1500), 103);
    }

    #[test]
    fn who_is_not_seen_any_more_is_a_card_at_once_and_seen_again_by_new_pictures_alone() {
        let mut scene = scene();
        scene.add(1, "Ada".into(), Sight::Seen);
        let card = plain(tile(&scene, 1), 50, 0);
        scene.set_card(1, card);
        show(&mut scene, 1, 100, 10);
        show(&mut scene, 1, 101, 50);
        assert_eq!(seen(&mut scene, 1, 20), 100);
        scene.see(1, Sight::Unseen);
        assert_eq!(seen(&mut scene, 1, 60), 50, "neither what was shown nor what waited");
        show(&mut scene, 1, 102, 70);
        assert_eq!(seen(&mut scene, 1, 80), 50, "nothing is expected");
        scene.see(1, Sight::Seen);
        assert_eq!(seen(&mut scene, 1, 90), 50);
        show(&mut scene, 1, 103, 100);
        assert_eq!(seen(&mut scene, 1, 110), 103);
    }

    #[test]
    fn after_three_seconds_without_a_picture_the_card_is_shown_until_one_comes() {
        let mut scene = scene();
        scene.add(1, "Ada".into(), Sight::Seen);
        let card = plain(tile(&scene, 1), 50, 0);
        scene.set_card(1, card);
        assert_eq!(seen(&mut scene, 1, 0), 50);
        show(&mut scene, 1, 100, 10);
        assert_eq!(seen(&mut scene, 1, 3010), 100);
        assert_eq!(seen(&mut scene, 1, 3011), 50);
        show(&mut scene, 1, 101, 4000);
        assert_eq!(seen(&mut scene, 1, 4000), 101);
    }

    #[test]
    fn a_removed_member_is_gone_from_the_next_picture_and_what_comes_late_is_ignored() {
        let mut scene = scene();
        scene.add(1, "Ada".into(), Sight::Seen);
        scene.add(2, "Bob".into(), Sight::Seen);
        show(&mut scene, 1, 100, 0);
        show(&mut scene, 2, 200, 0);
        let late = plain(tile(&scene, 2), 200, 10);
        assert!(scene.compose(MediaTime::ZERO).picture.data.contains(&200));
        scene.remove(2);
        scene.push(2, late);
        assert!(!scene.compose(MediaTime::from_millis(20)).picture.data.contains(&200));
    }

    #[test]
    fn a_new_size_shows_the_last_picture_in_that_size_until_others_come() {
        let mut scene = scene();
        scene.add(1, "Ada".into(), Sight::Seen);
        let whole = tile(&scene, 1);
        show(&mut scene, 1, 100, 0);
        assert_eq!(seen(&mut scene, 1, 0), 100);
        scene.add(2, "Bob".into(), Sight::Unseen);
        scene.push(1, plain(whole, 102, 10));
        assert_eq!(seen(&mut scene, 1, 10), 100, "and nothing of the size before");
        show(&mut scene, 1, 101, 20);
        assert_eq!(seen(&mut scene, 1, 20), 101);
    }

    #[test]
    fn a_change_that_keeps_the_size_keeps_the_picture() {
        let mut scene = scene();
        for key in 1..=3 {
            scene.add(key, "x".into(), Sight::Seen);
            show(&mut scene, key, 100 + key, 0);
        }
        show(&mut scene, 1, 101, 0);
        show(&mut scene, 2, 102, 0);
        scene.add(4, "y".into(), Sight::Unseen);
        for key in 1..=3 {
            assert_eq!(seen(&mut scene, key, 0), 100 + key);
        }
    }

    #[test]
    fn memory_for_one_member_is_bounded_and_far_times_are_refused() {
        let mut scene = scene();
        scene.add(1, "Ada".into(), Sight::Seen);
        scene.compose(MediaTime::ZERO);
        show(&mut scene, 1, 99, 2001);
        assert!(scene.seats[0].waiting.is_empty());
        for n in 0..100 {
            show(&mut scene, 1, 100, n);
            show(&mut scene, 1, 101, n);
        }
        assert_eq!(scene.seats[0].waiting.len(), WAITING);
        assert_eq!(seen(&mut scene, 1, 5), 100);
    }

    #[test]
    fn who_comes_when_all_tiles_are_taken_has_none_until_somebody_leaves() {
        let mut scene = scene();
        for key in 0..=crate::proto::layout::grid::MOST_TILES as u8 {
            scene.add(key, "x".into(), Sight::Unseen);
        }
        assert_eq!(scene.seated().last().and_then(|seat| seat.tile), None);
        assert!(scene.compose(MediaTime::ZERO).complete);
        scene.remove(3);
        assert!(scene.seated().all(|seat| seat.tile.is_some()));
    }

    #[test]
    fn a_scene_is_complete_when_all_who_can_be_seen_are() {
        let mut scene = scene();
        assert!(scene.compose(MediaTime::ZERO).complete);
        scene.add(1, "Ada".into(), Sight::Seen);
        scene.add(2, "Bob".into(), Sight::Unseen);
        assert!(!scene.compose(MediaTime::ZERO).complete);
        show(&mut scene, 1, 100, 0);
        assert!(scene.compose(MediaTime::ZERO).complete);
    }

    #[test]
    fn a_screen_comes_large_and_goes_again() {
        let mut scene = scene();
        scene.add(1, "Ada".into(), Sight::Seen);
        scene.add(2, "Bob".into(), Sight::Seen);
        let before = tile(&scene, 1);
        scene.add(3, "Ada: screen".into(), Sight::Shared);
        assert!(tile(&scene, 3).width > 3 * tile(&scene, 1).width);
        show(&mut scene, 3, 130, 0);
        assert!(scene.compose(MediaTime::ZERO).picture.data.contains(&130));
        scene.remove(3);
        assert_eq!(tile(&scene, 1), before);
        assert!(!scene.compose(MediaTime::ZERO).picture.data.contains(&130));
    }

    #[test]
    fn who_is_in_front_is_large_until_a_screen_is_shared_or_they_leave() {
        let mut scene = scene();
        for key in 1..=3 {
            scene.add(key, "x".into(), Sight::Seen);
        }
        let grid = [1, 2, 3].map(|key| tile(&scene, key));
        scene.set_front(Some(2));
        assert!(tile(&scene, 2).width > 3 * tile(&scene, 1).width && tile(&scene, 1).x > tile(&scene, 2).x);
        scene.add(9, "x: screen".into(), Sight::Shared);
        assert!(tile(&scene, 9).width > 3 * tile(&scene, 2).width);
        scene.remove(9);
        assert!(tile(&scene, 2).width > 3 * tile(&scene, 1).width, "and again afterwards");
        scene.set_front(None);
        assert_eq!([1, 2, 3].map(|key| tile(&scene, key)), grid);
        scene.set_front(Some(2));
        scene.remove(2);
        assert_eq!(tile(&scene, 1).width, tile(&scene, 3).width, "nobody is in front");
    }

    #[test]
    fn a_picture_in_a_picture_lies_above_whoever_came_first() {
        let mut scene = scene();
        for key in 1..=3 {
            scene.add(key, "x".into(), Sight::Seen);
        }
        scene.set_layout(Layout::PictureInPicture);
        scene.set_front(Some(2));
        assert_eq!(scene.seated().map(|seat| seat.tile.is_some()).collect::<Vec<_>>(), [true, true, false]);
        show(&mut scene, 1, 101, 0);
        show(&mut scene, 2, 102, 0);
        assert!(scene.compose(MediaTime::ZERO).complete, "who is not seen is not waited for");
        assert_eq!((seen(&mut scene, 1, 0), seen(&mut scene, 2, 0)), (101, 102));
        scene.set_front(Some(1));
        assert_eq!(
            (seen(&mut scene, 1, 0), seen(&mut scene, 2, 0)),
            (101, 102),
            "both as they were, in each other's size"
        );
        assert_eq!(tile(&scene, 1).width, 320);
    }

    #[test]
    fn the_line_lies_over_everything_inside_the_safe_area_until_it_is_taken_away() {
        for (width, height) in [(320, 180), (1280, 720), (1920, 1080)] {
            let scene = Scene::<u8>::new(width, height, BACK);
            let place = scene.overlay_tile();
            assert!(place.x >= width / 20 && place.y + place.height <= height - height / 20);
            assert!([place.x, place.y, place.height].iter().all(|v| v % 2 == 0));
        }
        let mut scene = scene();
        scene.set_overlay(Some(plain(scene.overlay_tile(), 180, 0)));
        assert!(scene.compose(MediaTime::ZERO).picture.data.contains(&180));
        scene.set_overlay(None);
        assert!(!scene.compose(MediaTime::ZERO).picture.data.contains(&180));
    }

    #[test]
    fn another_name_needs_another_card() {
        let mut scene = scene();
        scene.add(1, "Ada".into(), Sight::Unseen);
        let card = plain(tile(&scene, 1), 50, 0);
        scene.set_card(1, card);
        scene.rename(1, "Ada".into());
        assert_eq!(seen(&mut scene, 1, 0), 50);
        scene.rename(1, "Ada L.".into());
        assert_eq!(seen(&mut scene, 1, 0), 20);
        assert_eq!(scene.seated().next().map(|seat| seat.name), Some("Ada L."));
    }
}
