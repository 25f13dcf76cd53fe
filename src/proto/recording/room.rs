//! Which recordings have to go, and how long there is room for more.

use std::time::Duration;

/// How long a recording that somebody deleted can be had back.
const UNDO: i64 = 10 * 60;

/// How recordings are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// Seconds after which one goes; zero for never.
    pub max_age: i64,
    /// Bytes of all together; zero for as many as there are.
    pub max_bytes: u64,
    /// Bytes that stay free on the disk.
    pub min_free: u64,
}

/// One that is on the disk and finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<K> {
    /// Which.
    pub key: K,
    /// When it ended, in seconds since 1970 UTC.
    pub ended: i64,
    /// How large it is.
    pub bytes: u64,
    /// It stays whatever happens.
    pub protected: bool,
    /// When somebody deleted it.
    pub deleted: Option<i64>,
}

/// What there is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf<K> {
    /// What is finished.
    pub kept: Vec<Kept<K>>,
    /// Bytes of what is being made.
    pub growing: u64,
    /// Bytes that are free.
    pub free: u64,
}

/// How much room there is for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes that may still be written, with those of what would go for it.
    pub bytes: u64,
    /// How long that lasts; nothing while nothing is recorded.
    pub lasts: Option<Duration>,
}

impl<K: Copy + PartialEq> Shelf<K> {
    /// What has to go now (seconds since 1970 UTC): what was deleted a while ago, what is too old, and of what nobody protects the oldest,
    /// until the rest fits.
    pub fn goes(&self, keeping: Keeping, now: i64) -> Vec<K> {
        let expired = |kept: &Kept<K>| {
            let deleted = kept.deleted.is_some_and(|at| now - at >= UNDO);
            deleted || (!kept.protected && keeping.max_age > 0 && now - kept.ended >= keeping.max_age)
        };
        let (gone, mut rest): (Vec<&Kept<K>>, Vec<&Kept<K>>) = self.kept.iter().partition(|kept| expired(kept));
        let mut free = self.free.saturating_add(gone.iter().map(|kept| kept.bytes).sum());
        let mut all: u64 = self.growing + rest.iter().map(|kept| kept.bytes).sum::<u64>();
        let mut gone: Vec<K> = gone.into_iter().map(|kept| kept.key).collect();
        // What somebody deleted goes before what nobody did.
        rest.sort_by_key(|kept| (kept.deleted.is_none(), kept.ended));
        for kept in rest.into_iter().filter(|kept| !kept.protected || kept.deleted.is_some()) {
            let fits = free >= keeping.min_free && (keeping.max_bytes == 0 || all <= keeping.max_bytes);
            if fits {
                break;
            }
            free = free.saturating_add(kept.bytes);
            all = all.saturating_sub(kept.bytes);
            gone.push(kept.key);
        }
        gone
    }

    /// Whether so many bytes more have room without anything going for it.
    pub fn fits(&self, keeping: Keeping, bytes: u64) -> bool {
        let all: u64 = self.growing + self.kept.iter().map(|kept| kept.bytes).sum::<u64>();
        let within = keeping.max_bytes == 0 || all.saturating_add(bytes) <= keeping.max_bytes;
        within && self.free >= keeping.min_free.saturating_add(bytes)
    }

    /// How much room there is while so many bytes a second are written.
    pub fn room(&self, keeping: Keeping, rate: u64) -> Room {
        let may_go: u64 = self.kept.iter().filter(|kept| !kept.protected).map(|kept| kept.bytes).sum();
        let of_disk = self.free.saturating_add(may_go).saturating_sub(keeping.min_free);
        let protected: u64 = self.kept.iter().filter(|kept| kept.protected).map(|kept| kept.bytes).sum();
        let bytes = match keeping.max_bytes {
            0 => of_disk,
            most => of_disk.min(most.saturating_sub(self.growing + protected)),
        };
        Room { bytes, lasts: (rate > 0).then(|| Duration::from_secs(bytes / rate.max(1))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEPING: Keeping = Keeping { max_age: 1000, max_bytes: 0, min_free: 100 };

    fn kept(key: u8, ended: i64, bytes: u64) -> Kept<u8> {
        Kept { key, ended, bytes, protected: false, deleted: None }
    }

    fn shelf(free: u64, kept: &[Kept<u8>]) -> Shelf<u8> {
        Shelf { kept: kept.to_vec(), growing: 0, free }
    }

    #[test]
    fn what_is_old_goes_unless_it_is_protected_or_nothing_is_too_old() {
        let old = [kept(1, 0, 10), Kept { protected: true, ..kept(2, 0, 10) }, kept(3, 900, 10)];
        assert_eq!(shelf(500, &old).goes(KEEPING, 1000), [1]);
        assert_eq!(shelf(500, &old).goes(Keeping { max_age: 0, ..KEEPING }, 1 << 40), [0; 0]);
    }

    #[test]
    fn what_was_deleted_can_be_had_back_for_a_while_even_if_it_was_protected() {
        let deleted = [Kept { deleted: Some(500), protected: true, ..kept(1, 499, 10) }];
        assert_eq!(shelf(500, &deleted).goes(KEEPING, 500 + UNDO - 1), [0; 0]);
        assert_eq!(shelf(500, &deleted).goes(KEEPING, 500 + UNDO), [1]);
        assert_eq!(shelf(99, &deleted).goes(KEEPING, 501), [1], "room is needed");
    }

    #[test]
    fn the_oldest_go_first_and_no_more_than_have_to() {
        let three = [kept(1, 30, 50), kept(2, 10, 50), kept(3, 20, 50)];
        assert_eq!(shelf(100, &three).goes(KEEPING, 40), [0; 0]);
        assert_eq!(shelf(99, &three).goes(KEEPING, 40), [2]);
        assert_eq!(shelf(49, &three).goes(KEEPING, 40), [2, 3]);
        let most = Keeping { max_bytes: 120, ..KEEPING };
        assert_eq!(shelf(1000, &three).goes(most, 40), [2]);
        let growing = Shelf { growing: 30, ..shelf(1000, &three) };
        assert_eq!(growing.goes(most, 40), [2, 3]);
        let protected = [Kept { protected: true, ..kept(1, 0, 50) }];
        assert_eq!(shelf(0, &protected).goes(KEEPING, 40), [0; 0], "it stays whatever happens");
    }

    #[test]
    fn there_is_room_for_what_is_free_and_what_may_go() {
        let two = [kept(1, 30, 500), Kept { protected: true, ..kept(2, 10, 700) }];
        let room = shelf(1100, &two).room(KEEPING, 10);
        assert_eq!(room, Room { bytes: 1500, lasts: Some(Duration::from_secs(150)) });
        assert_eq!(shelf(50, &[]).room(KEEPING, 0), Room { bytes: 0, lasts: None });
        let most = Keeping { max_bytes: 1000, ..KEEPING };
        assert_eq!(shelf(1100, &two).room(most, 1).bytes, 300);
    }

    #[test]
    fn what_fits_is_what_nothing_has_to_go_for() {
        let one = shelf(1100, &[kept(1, 30, 500)]);
        assert!(one.fits(KEEPING, 1000) && !one.fits(KEEPING, 1001));
        let most = Keeping { max_bytes: 600, ..KEEPING };
        assert!(one.fits(most, 100) && !one.fits(most, 101));
    }
}
