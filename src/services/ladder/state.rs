//! What the board has room for: pure.

use serde::Serialize;

use crate::model::rung::Rung;
use crate::services::heat::Level;

/// Pixels of the pictures in which an encoder's speed is told.
const MEASURED: f64 = 1280.0 * 720.0;
/// What decoding and scaling cost beside encoding, as a part of a measured picture.
const AROUND: f64 = 0.05;
/// Pictures a second that an encoder is taken to give if it was not tried.
const UNKNOWN: f64 = 60.0;

/// How much more there could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Head {
    /// How many smaller pictures more the box could make, of 360 lines each.
    pub more: u32,
    /// The board is too hot for others than those that run.
    pub hot: bool,
}

/// What runs, and what may.
pub(super) struct Budget {
    /// Pictures of 1280 by 720 a second for all together.
    share: f64,
    /// What the program takes of that.
    program: f64,
    fps: f64,
    level: Level,
    running: Vec<Rung>,
}

impl Budget {
    /// With an encoder of this speed, of which so many percent may be used; the program is so large and has so many pictures a second.
    pub(super) fn new(speed: Option<f64>, percent: u32, program: (u32, u32, u32)) -> Self {
        let share = speed.unwrap_or(UNKNOWN) * f64::from(percent) / 100.0;
        let mut budget = Self { share, program: 0.0, fps: 0.0, level: Level::Normal, running: Vec::new() };
        budget.program(program);
        budget
    }

    /// The program is as large as this from now on, and has so many pictures a second.
    pub(super) fn program(&mut self, (width, height, fps): (u32, u32, u32)) {
        self.fps = f64::from(fps);
        self.program = self.fps * f64::from(width) * f64::from(height) / MEASURED;
    }

    fn cost(&self, rung: Rung) -> f64 {
        let (width, height) = rung.size();
        self.fps * (f64::from(width) * f64::from(height) / MEASURED + AROUND)
    }

    fn spare(&self) -> f64 {
        self.share - self.program - self.running.iter().map(|rung| self.cost(*rung)).sum::<f64>()
    }

    /// Takes the room for a rung, if there is any.
    pub(super) fn begin(&mut self, rung: Rung) -> bool {
        let may = self.level == Level::Normal && self.spare() >= self.cost(rung);
        if may {
            self.running.push(rung);
        }
        may
    }

    /// Gives it back.
    pub(super) fn end(&mut self, rung: Rung) {
        if let Some(at) = self.running.iter().position(|one| *one == rung) {
            self.running.swap_remove(at);
        }
    }

    /// The board is so hot by now; answers whether what runs has to end.
    pub(super) fn heat(&mut self, level: Level) -> bool {
        self.level = level;
        level == Level::Smaller
    }

    pub(super) fn head(&self) -> Head {
        let hot = self.level != Level::Normal;
        let more = if hot { 0.0 } else { (self.spare() / self.cost(Rung::P360)).floor().clamp(0.0, 99.0) };
        Head { more: more as u32, hot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: (u32, u32, u32) = (1280, 720, 30);

    #[test]
    fn as_many_rungs_run_as_the_encoder_has_room_for_and_one_that_ends_makes_room() {
        // 60 % of 90 are 54; the program takes 30; 360 lines take 9.
        let mut budget = Budget::new(Some(90.0), 60, PROGRAM);
        assert_eq!(budget.head(), Head { more: 2, hot: false });
        assert!(budget.begin(Rung::P360) && budget.begin(Rung::P360) && !budget.begin(Rung::P360));
        assert!(budget.begin(Rung::P144), "a smaller one still fits");
        assert_eq!(budget.head().more, 0);
        budget.end(Rung::P360);
        assert!(!budget.begin(Rung::P480) && budget.begin(Rung::P360));
        budget.end(Rung::P720);
        assert!(!budget.begin(Rung::P360), "what did not run gives nothing back");
    }

    #[test]
    fn a_slow_encoder_has_room_for_the_program_alone() {
        let mut budget = Budget::new(Some(40.0), 60, PROGRAM);
        assert!(Rung::ALL.into_iter().all(|rung| !budget.begin(rung)));
        assert_eq!(budget.head(), Head::default());
        assert!(Budget::new(None, 60, (640, 360, 30)).begin(Rung::P240), "one that was not tried may be good enough");
    }

    #[test]
    fn a_hot_board_begins_none_and_a_hotter_one_ends_all() {
        let mut budget = Budget::new(Some(200.0), 60, PROGRAM);
        assert!(budget.begin(Rung::P360));
        assert!(!budget.heat(Level::FewerPictures) && !budget.begin(Rung::P144));
        assert_eq!(budget.head(), Head { more: 0, hot: true });
        assert!(budget.heat(Level::Smaller));
        assert!(!budget.heat(Level::Normal) && budget.begin(Rung::P144));
    }
}
