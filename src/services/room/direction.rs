//! How a room looks to those who watch, and when it is on air and recorded by itself: what its producer chose.

use serde::{Deserialize, Serialize};

use super::snapshot::{OnAir, Room};
use crate::model::id::{ParticipantId, PublicationId, RoomId};
use crate::proto::auth::Title;
use crate::proto::layout::arrange::Layout;
use crate::proto::screens::program::Slate;

/// People on air from whom on whoever speaks is in front, where it is left to the box.
const CROWD: usize = 5;

/// Two lines at the lower left, such as somebody's name and what they do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LowerThird {
    /// The large one.
    pub line: Title,
    /// The small one below it.
    pub below: Option<Title>,
}

/// How a room's program looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direction {
    /// Who is where.
    pub layout: Layout,
    /// Who comes before the others; whoever speaks, if nobody was chosen.
    pub front: Option<ParticipantId>,
    /// Names are written with the pictures.
    pub names: bool,
    /// The title lies over the picture.
    pub title: bool,
    /// The box's logo lies over the picture.
    pub logo: bool,
    /// Lies over the picture.
    pub lower_third: Option<LowerThird>,
    /// Is shown instead of everybody.
    pub slate: Option<Slate>,
    /// The room goes on air by itself when somebody enters it, and off when the last one leaves.
    pub auto_live: bool,
    /// What is on air is wanted as a recording without anybody saying so.
    pub auto_record: bool,
    /// What is recorded without anybody saying so is wanted of each in a file of their own as well.
    pub auto_separately: bool,
    /// What is on air is for those alone who were invited to the room.
    pub restricted: bool,
}

impl Default for Direction {
    fn default() -> Self {
        Self {
            layout: Layout::Auto,
            front: None,
            names: true,
            title: false,
            logo: false,
            lower_third: None,
            slate: None,
            auto_live: false,
            auto_record: false,
            auto_separately: false,
            restricted: false,
        }
    }
}

/// What of it is another from now on. What is not given stays.
#[derive(Debug, Clone, Default)]
pub struct Directed {
    /// See [`Direction::layout`].
    pub layout: Option<Layout>,
    /// See [`Direction::front`].
    pub front: Option<Option<ParticipantId>>,
    /// See [`Direction::names`].
    pub names: Option<bool>,
    /// See [`Direction::title`].
    pub title: Option<bool>,
    /// See [`Direction::logo`].
    pub logo: Option<bool>,
    /// See [`Direction::lower_third`].
    pub lower_third: Option<Option<LowerThird>>,
    /// See [`Direction::slate`].
    pub slate: Option<Option<Slate>>,
    /// See [`Direction::auto_live`].
    pub auto_live: Option<bool>,
    /// See [`Direction::auto_record`].
    pub auto_record: Option<bool>,
    /// See [`Direction::auto_separately`].
    pub auto_separately: Option<bool>,
    /// See [`Direction::restricted`].
    pub restricted: Option<bool>,
}

/// What is remembered for the next time.
#[derive(Serialize, Deserialize)]
struct Kept {
    layout: Layout,
    names: bool,
    title: bool,
    logo: bool,
    #[serde(default)]
    auto_live: bool,
    #[serde(default)]
    auto_record: bool,
    #[serde(default)]
    auto_separately: bool,
    #[serde(default)]
    restricted: bool,
}

impl Direction {
    /// Follows a producer.
    pub(super) fn change(&mut self, change: Directed) {
        let Directed { layout, front, names, title, logo, lower_third, slate, .. } = change;
        self.layout = layout.unwrap_or(self.layout);
        self.front = front.unwrap_or(self.front);
        self.names = names.unwrap_or(self.names);
        self.title = title.unwrap_or(self.title);
        self.logo = logo.unwrap_or(self.logo);
        self.lower_third = lower_third.unwrap_or_else(|| self.lower_third.take());
        self.slate = slate.unwrap_or(self.slate);
        self.auto_live = change.auto_live.unwrap_or(self.auto_live);
        self.auto_record = change.auto_record.unwrap_or(self.auto_record);
        self.auto_separately = change.auto_separately.unwrap_or(self.auto_separately);
        self.restricted = change.restricted.unwrap_or(self.restricted);
    }

    /// Whether something other than one person's own picture has to be drawn even if one person alone is on air.
    pub fn is_drawn(&self) -> bool {
        self.title || self.logo || self.lower_third.is_some() || self.slate.is_some() || !self.layout.shows_pictures()
    }

    /// Who is in front, after whoever was there before: the producer's choice, else whoever speaks, and they until somebody else does.
    /// Nobody while the box has the choice and few are there.
    pub fn front(&self, room: &Room, before: Option<PublicationId>) -> Option<PublicationId> {
        let on_air = || room.participants.iter().filter(|p| p.on_air == OnAir::Yes);
        let chosen = self.front.and_then(|chosen| on_air().find(|p| p.id == chosen));
        if let Some(chosen) = chosen {
            return Some(chosen.publication);
        }
        if self.layout == Layout::Auto && on_air().count() < CROWD {
            return None;
        }
        let speaks = on_air().find(|p| Some(p.id) == room.speaker).map(|p| p.publication);
        let still = || before.filter(|before| on_air().any(|p| p.publication == *before));
        speaks.or_else(still).or_else(|| on_air().next().map(|p| p.publication))
    }

    /// The setting in the store in which that of a room is kept.
    pub(super) fn setting(room: RoomId) -> String {
        format!("room.{room}.direction")
    }

    /// What is kept: how it looks in general, and nothing of the moment.
    pub(super) fn kept(&self) -> String {
        let Self { layout, names, title, logo, auto_live, auto_record, auto_separately, restricted, .. } = *self;
        let kept = Kept { layout, names, title, logo, auto_live, auto_record, auto_separately, restricted };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// As it was kept; as at first, if that can't be read.
    pub(super) fn of(kept: &str) -> Self {
        serde_json::from_str(kept).map_or_else(
            |_| Self::default(),
            |Kept { layout, names, title, logo, auto_live, auto_record, auto_separately, restricted }| {
                let kept = Self { layout, names, title, logo, auto_live, auto_record, ..Self::default() };
                Self { auto_separately, restricted, ..kept }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::room::testing::{self, room};
    use crate::services::room::{Participant, ParticipantKind};

    fn participant(number: u8, on_air: OnAir) -> Participant {
        Participant { on_air, ..testing::participant(number, ParticipantKind::Person) }
    }

    fn title(text: &str) -> Title {
        Title::new(text).expect("a title")
    }

    #[test]
    fn what_is_not_given_stays_and_nothing_of_the_moment_is_kept() {
        let mut direction = Direction::default();
        let lower_third = LowerThird { line: title("Ada"), below: None };
        direction.change(Directed {
            layout: Some(Layout::Speaker),
            lower_third: Some(Some(lower_third.clone())),
            slate: Some(Some(Slate::Back)),
            ..Directed::default()
        });
        direction.change(Directed { names: Some(false), auto_record: Some(true), ..Directed::default() });
        let expected = Direction {
            layout: Layout::Speaker,
            names: false,
            lower_third: Some(lower_third),
            slate: Some(Slate::Back),
            auto_record: true,
            ..Direction::default()
        };
        assert_eq!(direction, expected);
        let again = Direction::of(&direction.kept());
        assert_eq!(
            again,
            Direction { layout: Layout::Speaker, names: false, auto_record: true, ..Direction::default() }
        );
        let older = r#"{"layout":"speaker","names":true,"title":false,"logo":false}"#;
        assert_eq!(Direction::of(older), Direction { layout: Layout::Speaker, ..Direction::default() });
        assert_eq!(Direction::of("{"), Direction::default());
        direction.change(Directed { lower_third: Some(None), slate: Some(None), ..Directed::default() });
        assert!(!direction.is_drawn() && direction.layout == Layout::Speaker);
    }

    #[test]
    fn in_front_is_the_producers_choice_else_whoever_spoke_last() {
        let people = |count: u8, speaker: Option<u8>| {
            let mut room = room((1..=count).map(|n| participant(n, OnAir::Yes)).collect());
            room.participants.push(participant(9, OnAir::No));
            room.speaker = speaker.map(|n| participant(n, OnAir::Yes).id);
            room
        };
        let of = |n: u8| Some(participant(n, OnAir::Yes).publication);
        let id = |n: u8| participant(n, OnAir::Yes).id;
        let table = [
            (Layout::Auto, 4, Some(2), None, None, None),
            (Layout::Auto, 5, Some(2), None, None, of(2)),
            (Layout::Auto, 2, Some(2), Some(1), None, of(1)),
            (Layout::Speaker, 3, None, None, None, of(1)),
            (Layout::Speaker, 3, None, None, of(3), of(3)),
            (Layout::Speaker, 3, Some(2), None, of(3), of(2)),
            // Who is not on air is never in front, whoever chose them.
            (Layout::Speaker, 3, Some(9), Some(9), of(9), of(1)),
            (Layout::Speaker, 0, None, None, None, None),
        ];
        for (layout, count, speaker, chosen, before, expected) in table {
            let direction = Direction { layout, front: chosen.map(id), ..Direction::default() };
            let what = format!("{layout:?} {count} {speaker:?} {chosen:?}");
            assert_eq!(direction.front(&people(count, speaker), before), expected, "{what}");
        }
    }
}
