//! How many watch, without knowing who.

/// Counts requests for the media playlist that every viewer keeps reloading. A viewer with blocking reload asks once a part,
/// another one once a target duration; so the requests of one target duration, each weighed by that, are the viewers. By DASH it is
/// the manifest that is reloaded, once in its update period.
/// Nothing about a requester is kept. Who pauses is not counted; an estimate is as old as one target duration at most.
#[derive(Debug, Default)]
pub(super) struct Viewers {
    blocking: u32,
    plain: u32,
    manifests: u32,
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

    /// A reload of the manifest came.
    pub fn manifest(&mut self) {
        self.manifests = self.manifests.saturating_add(1);
    }

    /// Ends one target duration in which `parts` parts were made and `updates` update periods went by, and says how many watched.
    pub fn estimate(&mut self, parts: f64, updates: f64) -> u32 {
        let Self { blocking, plain, manifests } = std::mem::take(self);
        let steady = |requests: u32, each: f64| {
            ((f64::from(requests) / each.max(1.0)).round() as u32).max(u32::from(requests > 0))
        };
        steady(blocking, parts).saturating_add(plain).saturating_add(steady(manifests, updates))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_steady_viewers_one_plain_and_two_by_dash_are_six() {
        let mut viewers = Viewers::default();
        (0..26).for_each(|_| viewers.blocking());
        viewers.plain();
        (0..6).for_each(|_| viewers.manifest());
        assert_eq!(viewers.estimate(9.0, 3.0), 6, "and two by DASH");
        assert_eq!(viewers.estimate(9.0, 3.0), 0, "every estimate counts anew");
    }

    #[test]
    fn who_just_came_counts() {
        let mut viewers = Viewers::default();
        viewers.blocking();
        viewers.manifest();
        assert_eq!(viewers.estimate(9.0, 3.0), 2);
    }
}
