//! How many watch, without knowing who.

/// Counts requests for the media playlist that every viewer keeps reloading. A viewer with blocking reload asks once a part,
/// another one once a target duration; so the requests of one target duration, each weighed by that, are the viewers.
/// Nothing about a requester is kept. Who pauses is not counted; an estimate is as old as one target duration at most.
#[derive(Debug, Default)]
pub(super) struct Viewers {
    blocking: u32,
    plain: u32,
}

impl Viewers {
    /// A blocking reload came.
    pub fn blocking(&mut self) {
        self.blocking = self.blocking.saturating_add(1);
    }

    /// A plain reload came.
    pub fn plain(&mut self) {
        self.plain = self.plain.saturating_add(1);
    }

    /// Ends one target duration in which `parts` parts were made, and says how many watched.
    pub fn estimate(&mut self, parts: f64) -> u32 {
        let Self { blocking, plain } = std::mem::take(self);
        let steady = (f64::from(blocking) / parts.max(1.0)).round() as u32;
        steady.saturating_add(plain).max(u32::from(blocking > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_steady_viewers_and_one_plain_are_four() {
        let mut viewers = Viewers::default();
        (0..26).for_each(|_| viewers.blocking());
        viewers.plain();
        assert_eq!(viewers.estimate(9.0), 4);
        assert_eq!(viewers.estimate(9.0), 0, "every estimate counts anew");
    }

    #[test]
    fn who_just_came_counts() {
        let mut viewers = Viewers::default();
        viewers.blocking();
        assert_eq!(viewers.estimate(9.0), 1);
    }
}
