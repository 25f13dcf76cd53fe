//! What the way to one subscriber holds, shared out.

use std::time::Duration;

use super::{Holds, Rank};
use crate::model::bitrate::Bitrate;
use crate::model::layer::{LAYERS, Layer};
use crate::model::time::MediaTime;

/// What a step up costs is taken for this much more, in percent, so that it is not taken back at the next breath.
const MARGIN: u64 = 110;
/// As much over the estimate is endured for [`GRACE`], in percent; what is over that is taken away at once.
const OVER: u64 = 140;
/// How long a little too much is endured: estimates and rates breathe.
const GRACE: Duration = Duration::from_secs(1);
/// There has to be room for this long before anything goes up.
const HOLD: Duration = Duration::from_secs(2);
/// As long as the way has not shown that it holds no more, this is enough.
const BRISK: Duration = Duration::from_millis(300);
/// A step up that is taken back within this time has failed.
const TRIAL: Duration = Duration::from_secs(8);
/// After every step that failed the next waits twice as long, at most this long.
const LONGEST: Duration = Duration::from_secs(64);
/// A step that lasted this long makes good for those that failed.
const GOOD: Duration = Duration::from_secs(60);
/// An estimate this much above the one with which a step failed is another link, in percent.
const ANOTHER: u64 = 130;
/// A queue that leaves at least this part of what the way holds, in percent, may be that of a burst.
const PASSING: u64 = 60;

/// What a slot was given before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// It was not there, or another source was.
    New,
    /// Nothing: it is paused.
    Nothing,
    /// This layer.
    Layer(Layer),
}

impl From<Option<Layer>> for Has {
    fn from(aim: Option<Layer>) -> Self {
        aim.map_or(Self::Nothing, Self::Layer)
    }
}

/// What one slot could do with.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// How much it matters. Among equals those that come first are served first.
    pub rank: Rank,
    /// The largest layer that is of use.
    pub most: Layer,
    /// What each layer costs, see [`super::Rates::costs`].
    pub costs: [Option<Bitrate>; LAYERS],
    /// What the slot has now.
    pub has: Has,
}

impl Wish {
    fn has(&self) -> Option<Layer> {
        match self.has {
            Has::Layer(layer) => Some(layer.min(self.most)),
            Has::New | Has::Nothing => None,
        }
    }

    /// What this layer costs; one that does not come, what the next smaller one does.
    fn cost(&self, layer: Layer) -> u64 {
        self.costs[..=layer.number()].iter().rev().find_map(|cost| *cost).map_or(0, Bitrate::bps)
    }

    /// The smallest layer that there is; of a source that sends nothing the one that is wished for.
    fn least(&self) -> Layer {
        Layer::ALL.into_iter().find(|layer| self.costs[layer.number()].is_some()).unwrap_or(self.most)
    }

    /// What it costs more to have this layer instead of another, with the margin if the slot does not have it yet.
    fn price(&self, from: Option<Layer>, to: Layer) -> u64 {
        let more = self.cost(to).saturating_sub(from.map_or(0, |from| self.cost(from)));
        if self.has().is_some_and(|has| has >= to) { more } else { percent(more, MARGIN) }
    }
}

/// Shares out the estimate of one subscriber. Ask it a few times a second, and when something has changed.
#[derive(Default)]
pub struct Allocator {
    plan: Vec<Option<Layer>>,
    /// More than the estimate is needed since then.
    over: Option<MediaTime>,
    /// There is room for more since then.
    roomy: Option<MediaTime>,
    /// When something last went up, and the estimate at the time.
    raised: Option<(MediaTime, u64)>,
    /// Steps up in a row that were taken back, and the estimate of the last one.
    failed: (u32, u64),
}

impl Allocator {
    /// Says in `aims` what each of the wishes gets, in their order: a layer, or nothing because the connection does not hold it.
    /// Without an estimate everything fits. Answers what everything would cost, in bits a second.
    pub fn allocate(
        &mut self,
        now: MediaTime,
        holds: Option<Holds>,
        wishes: &[Wish],
        aims: &mut Vec<Option<Layer>>,
    ) -> Bitrate {
        let everything = Bitrate(wishes.iter().map(|wish| wish.price(None, target(wish))).sum());
        let Some(Holds { rate: Bitrate(estimate), now: Bitrate(at_once), limited }) = holds else {
            aims.clear();
            aims.extend(wishes.iter().map(|wish| Some(target(wish))));
            (self.over, self.roomy, self.raised) = (None, None, None);
            return everything;
        };
        let had: u64 = wishes.iter().filter_map(|wish| Some(wish.cost(wish.has()?))).sum();
        // There is a queue on the way, which is given time to go.
        let queue = at_once < estimate;
        // A queue that a burst has made goes by itself where what is shown fits. To pause it would cost a keyframe, which is the next
        // burst.
        let passing = at_once * 100 >= estimate * PASSING && had <= estimate;
        let cut = if queue { had > at_once && !passing } else { limited && self.is_too_much(now, had, estimate) };
        if cut {
            self.failed(now, estimate);
        }
        let budget = match queue {
            true if passing => had.max(at_once),
            true => at_once,
            false if cut => estimate,
            false => estimate.max(had),
        };
        // Nobody is kept waiting for a picture because little is known yet.
        let least: u64 = wishes.iter().map(|wish| wish.price(None, wish.least())).sum();
        let (budget, room) =
            if limited || queue { (budget, estimate) } else { (budget.max(least), estimate.max(least)) };
        // Whatever is new begins with all that fits, unless this connection has shown that it holds less than it seems. Where it may
        // hold more than is known, the smallest is there soonest, and more comes as it is found out.
        let known = self.failed.0 == 0 && (limited || everything.0 <= estimate);
        let kept = share(wishes, budget, aims, |wish| match wish.has {
            Has::New if known => Some(wish.most),
            Has::New => Some(Layer::LOWEST),
            Has::Nothing => None,
            Has::Layer(layer) => Some(layer),
        });
        let mut plan = std::mem::take(&mut self.plan);
        let better = share(wishes, room, &mut plan, |wish| Some(wish.most));
        if cut || queue || plan.iter().zip(&*aims).all(|(better, kept)| better <= kept) {
            self.roomy = None;
        } else if better <= kept {
            // What matters more takes from what matters less: the connection has nothing to prove.
            self.roomy = None;
            aims.clone_from(&plan);
        } else {
            self.raise(now, (estimate, limited), &plan, aims);
        }
        self.plan = plan;
        everything
    }

    /// Whether something has to be taken away now.
    fn is_too_much(&mut self, now: MediaTime, needed: u64, estimate: u64) -> bool {
        if needed <= estimate {
            self.over = None;
            return false;
        }
        let since = *self.over.get_or_insert(now);
        let much = needed > percent(estimate, OVER);
        let cut = much || now.since(since) >= GRACE.as_nanos() as i64;
        if cut {
            self.over = None;
        }
        cut
    }

    fn failed(&mut self, now: MediaTime, estimate: u64) {
        match self.raised.take().map(|(at, before)| (now.since(at), before)) {
            // So much less is another link.
            Some((_, before)) if estimate < before / 2 => self.failed = (0, 0),
            Some((lasted, before)) if lasted < TRIAL.as_nanos() as i64 => {
                self.failed = (self.failed.0.saturating_add(1), before);
            }
            Some((lasted, _)) if lasted >= GOOD.as_nanos() as i64 => self.failed = (0, 0),
            _ => {}
        }
    }

    /// Goes up if there was room for it long enough.
    fn raise(
        &mut self,
        now: MediaTime,
        (estimate, limited): (u64, bool),
        plan: &[Option<Layer>],
        aims: &mut Vec<Option<Layer>>,
    ) {
        if self.raised.is_some_and(|(at, _)| now.since(at) >= GOOD.as_nanos() as i64) {
            self.failed = (0, 0);
        }
        let hold = if limited { self.hold(estimate) } else { BRISK.as_nanos() as i64 };
        if now.since(*self.roomy.get_or_insert(now)) >= hold {
            aims.clear();
            aims.extend_from_slice(plan);
            self.raised = Some((now, estimate));
            self.roomy = None;
        }
    }

    /// How long there has to be room before anything goes up, in nanoseconds.
    fn hold(&self, estimate: u64) -> i64 {
        let (failures, with) = self.failed;
        let failures = if estimate > percent(with, ANOTHER) { 0 } else { failures };
        (HOLD * 2u32.saturating_pow(failures.min(8))).min(LONGEST).as_nanos() as i64
    }
}

/// What a wish gets where everything fits.
fn target(wish: &Wish) -> Layer {
    wish.most.max(wish.least())
}

fn percent(of: u64, percent: u64) -> u64 {
    of.saturating_mul(percent) / 100
}

/// Shares out `budget`, to each wish at most what `ceiling` says; `None` for nothing. Answers what that costs.
///
/// Sound comes first, whatever it costs. What is seen gets its smallest layer before anything gets more, by rank; then more, by
/// rank and layer by layer, so that equals look alike. What is not seen gets what is left.
fn share(
    wishes: &[Wish],
    budget: u64,
    given: &mut Vec<Option<Layer>>,
    ceiling: impl Fn(&Wish) -> Option<Layer>,
) -> u64 {
    given.clear();
    given.resize(wishes.len(), None);
    let mut spent = 0u64;
    for (wish, given) in wishes.iter().zip(&mut *given).filter(|(wish, _)| wish.rank == Rank::Sound) {
        spent = spent.saturating_add(wish.cost(Layer::LOWEST));
        *given = Some(Layer::LOWEST);
    }
    let mut give = |rank: Rank, to: Option<Layer>| {
        // Who has it already keeps it before another of the same rank gets it.
        for holders in [true, false] {
            for (wish, given) in wishes.iter().zip(&mut *given).filter(|(wish, _)| wish.rank == rank) {
                let Some(ceiling) = ceiling(wish) else { continue };
                let layer = match (to, *given) {
                    (None, None) => wish.least(),
                    (Some(to), Some(now)) if now < to && to <= ceiling.min(wish.most) => to,
                    _ => continue,
                };
                let price = wish.price(*given, layer);
                if wish.has().is_some_and(|has| has >= layer) == holders && spent.saturating_add(price) <= budget {
                    spent += price;
                    *given = Some(layer);
                }
            }
        }
    };
    let more = |rank, give: &mut dyn FnMut(Rank, Option<Layer>)| {
        for layer in Layer::ALL {
            give(rank, Some(layer));
        }
    };
    let seen = [Rank::Screen, Rank::Speaker, Rank::Tile];
    seen.into_iter().for_each(|rank| give(rank, None));
    seen.into_iter().for_each(|rank| more(rank, &mut give));
    give(Rank::Rest, None);
    more(Rank::Rest, &mut give);
    wishes.iter().zip(given).filter_map(|(wish, given)| Some(wish.cost((*given)?))).sum()
}

#[cfg(test)]
mod tests;
