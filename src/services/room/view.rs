//! What a participant's page shows, and what follows from it: which pictures are sent there, and how much each of them matters.

use super::snapshot::Label;
use crate::model::id::ParticipantId;
use crate::model::layer::Layer;
use crate::proto::sfu::{Rank, filling, filling_screen};

/// Tiles that a page may say it shows; a page with more is wrong.
pub const MOST_SHOWN: usize = 49;
/// Pictures that one page is sent at most: as many as a grid has tiles.
pub(super) const MOST_PICTURES: usize = 25;
/// Pictures of a page that has not said yet what it shows, and their height in pixels.
const UNSAID: (usize, u32) = (9, 180);
/// The highest tile there is, in pixels: a picture of 8K.
pub const HIGHEST: u32 = 4320;

/// One tile of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Whose picture is in it.
    pub who: ParticipantId,
    /// Which: the camera's or the screen's.
    pub label: Label,
    /// Height in pixels of the device.
    pub height: u32,
}

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The most important tile first; at most [`MOST_SHOWN`] count.
    pub tiles: Vec<Tile>,
    /// Whom the person who looks has put in front.
    pub front: Option<ParticipantId>,
}

impl View {
    /// Of a page that has said nothing yet.
    pub(super) fn unsaid(others: impl Iterator<Item = ParticipantId>) -> Self {
        let tile = |who| Tile { who, label: Label::Camera, height: UNSAID.1 };
        Self { tiles: others.take(UNSAID.0).map(tile).collect(), front: None }
    }

    /// How much a tile matters, while this is who speaks.
    pub(super) fn rank(&self, tile: Tile, speaker: Option<ParticipantId>) -> Rank {
        match tile.label {
            Label::Screen => Rank::Screen,
            _ if self.front.or(speaker) == Some(tile.who) => Rank::Speaker,
            _ => Rank::Tile,
        }
    }
}

impl Tile {
    /// The largest layer that is of use in it.
    pub(super) fn most(self) -> Layer {
        match self.label {
            Label::Screen => filling_screen(self.height),
            _ => filling(self.height, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: ParticipantId = ParticipantId::from_bytes([1; 10]);
    const BOB: ParticipantId = ParticipantId::from_bytes([2; 10]);

    #[test]
    fn a_tile_gets_the_layer_that_fills_it() {
        let most = |label, height| Tile { who: ADA, label, height }.most().number();
        for (height, camera, screen) in [(0, 0, 0), (180, 0, 0), (360, 1, 0), (480, 2, 0), (481, 2, 2)] {
            assert_eq!((most(Label::Camera, height), most(Label::Screen, height)), (camera, screen), "{height}");
        }
    }

    #[test]
    fn whoever_was_put_in_front_matters_more_than_who_speaks() {
        let tile = |who, label| Tile { who, label, height: 180 };
        let rank = |front, speaker| View { tiles: Vec::new(), front }.rank(tile(ADA, Label::Camera), speaker);
        assert_eq!(rank(None, None), Rank::Tile);
        assert_eq!(rank(None, Some(ADA)), Rank::Speaker);
        assert_eq!(rank(Some(BOB), Some(ADA)), Rank::Tile);
        assert_eq!(rank(Some(ADA), Some(BOB)), Rank::Speaker);
        assert_eq!(View::default().rank(tile(ADA, Label::Screen), Some(ADA)), Rank::Screen);
    }

    #[test]
    fn a_page_that_says_nothing_is_sent_nine_small_pictures() {
        let others = (0..30).map(|n| ParticipantId::from_bytes([n; 10]));
        let view = View::unsaid(others);
        assert_eq!(view.tiles.len(), 9);
        assert!(view.tiles.iter().all(|tile| tile.most() == Layer::LOWEST));
    }
}
