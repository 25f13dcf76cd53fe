//! Signs of life: what has to go round and round counts its turns, and whoever watches over it sees which count stands still.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::count::Counter;

/// One that counts its turns, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Beat {
    /// What it is, in words of a closed list.
    pub name: &'static str,
    /// Which one of this name.
    pub number: u64,
    /// Turns so far.
    pub turns: u64,
}

/// All that count their turns. Cheap to clone; clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct Pulses(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    begun: u64,
    alive: Vec<(&'static str, u64, Weak<Counter>)>,
}

impl Pulses {
    /// One more, until what is given back is dropped: who has ended does not stand still.
    pub fn begin(&self, name: &'static str) -> Pulse {
        let turns = Arc::new(Counter::default());
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.alive.retain(|(_, _, pulse)| pulse.strong_count() > 0);
        list.begun += 1;
        let number = list.begun;
        list.alive.push((name, number, Arc::downgrade(&turns)));
        Pulse(turns)
    }

    /// How far each of them is.
    pub fn read(&self) -> Vec<Beat> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let beat = |(name, number, pulse): &(&'static str, u64, Weak<Counter>)| {
            Some(Beat { name, number: *number, turns: pulse.upgrade()?.get() })
        };
        list.alive.iter().filter_map(beat).collect()
    }
}

/// Of one that counts its turns.
#[derive(Debug)]
pub struct Pulse(Arc<Counter>);

impl Pulse {
    /// One more turn.
    pub fn beat(&self) {
        self.0.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lives_is_counted_and_who_has_ended_is_not_in_the_list() {
        let pulses = Pulses::default();
        let (one, other) = (pulses.begin("one"), pulses.clone().begin("one"));
        one.beat();
        one.beat();
        let beat = |number, turns| Beat { name: "one", number, turns };
        assert_eq!(pulses.read(), [beat(1, 2), beat(2, 0)]);
        drop(one);
        assert_eq!(pulses.read(), [beat(2, 0)]);
        other.beat();
        let third = pulses.begin("one");
        assert_eq!(pulses.read(), [beat(2, 1), beat(3, 0)]);
        drop((other, third));
        assert_eq!(pulses.read(), []);
    }
}
