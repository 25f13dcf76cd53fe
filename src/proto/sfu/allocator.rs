//! What the way to one subscriber holds, shared out.

use std::time::Duration;

use super::Rank;
use crate::model::bitrate::Bitrate;
use crate::model::layer::{LAYERS, Layer};
use crate::model::time::MediaTime;

/// What a step up costs is taken for this much more, in percent, so that it is not taken back at the next breath.
const MARGIN: u64 = 120;
/// As much over the estimate is endured for [`GRACE`], in percent; what is over that is taken away at once.
const OVER: u64 = 140;
/// How long a little too much is endured: estimates and rates breathe.
const GRACE: Duration = Duration::from_secs(1);
/// After so much was taken away at once, there is a queue on the way: as long only as much of the estimate is used, in percent.
const DRAIN: Duration = Duration::from_millis(1500);
const DRAINING: u64 = 50;
/// There has to be room for this long before anything goes up.
const HOLD: Duration = Duration::from_secs(2);
/// A step up that is taken back within this time has failed.
const TRIAL: Duration = Duration::from_secs(8);
/// After every step that failed the next waits twice as long, at most this long.
const LONGEST: Duration = Duration::from_secs(64);
/// A step that lasted this long makes good for those that failed.
const GOOD: Duration = Duration::from_secs(60);
/// An estimate this much above the one with which a step failed is another link, in percent.
const ANOTHER: u64 = 130;
/// How often the engine is made to try whether the way holds more than it thinks, while more is wished for; each try in vain
/// doubles it, up to so many times.
const TRY: Duration = Duration::from_secs(2);
const TRIES: u32 = 3;
/// An estimate that is so much higher than at the try before has gained by it, in percent.
const GAIN: u64 = 110;
/// During a try the estimate is used up with padding for this long: the engine raises it by what arrives.
const PUSH: Duration = Duration::from_secs(1);
/// So much of the estimate is desired at most, in percent.
const REACH: u64 = 150;
/// An estimate that has sunk below this part of what it was, in percent, is what the way holds; before, it is what is known of it.
const SUNK: u64 = 85;
/// How long the rate of a step up is tried with padding before it is made.
const PROOF: Duration = Duration::from_secs(2);

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

/// What the engine should find out about the way, in bits a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allocation {
    /// What should be sent at least, padding included, so that the next step up is known to hold before it is made; nothing while
    /// none is near.
    pub minimum: Bitrate,
    /// What would be sent if everything fitted.
    pub desired: Bitrate,
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
    desired: u64,
    /// The highest estimate, and whether one has sunk from there: before that, more may fit than is known.
    peak: u64,
    limited: bool,
    /// When something was last taken away because it was too much.
    cut: Option<MediaTime>,
    /// Until when the queue on the way is given time.
    drained: Option<MediaTime>,
    /// When the engine was last made to try the way, and the estimate then.
    tried: Option<(MediaTime, u64)>,
    /// Tries in a row that were in vain.
    in_vain: u32,
}

impl Allocator {
    /// Says in `aims` what each of the wishes gets, in their order: a layer, or nothing because the connection does not hold it.
    /// Without an estimate everything fits.
    pub fn allocate(
        &mut self,
        now: MediaTime,
        estimate: Option<Bitrate>,
        wishes: &[Wish],
        aims: &mut Vec<Option<Layer>>,
    ) -> Allocation {
        let everything: u64 = wishes.iter().map(|wish| wish.price(None, target(wish))).sum();
        // Probes go up to some times what is desired; far beyond what the way holds they are a queue themselves.
        let within = match estimate {
            Some(Bitrate(estimate)) if self.limited => everything.min(percent(estimate, REACH)),
            _ => everything,
        };
        let desired = self.desired(within);
        let (push, again) = self.tries(now, estimate, everything);
        let desired = if again { Bitrate(desired.0 / 2) } else { desired };
        let Some(Bitrate(estimate)) = estimate else {
            aims.clear();
            aims.extend(wishes.iter().map(|wish| Some(target(wish))));
            (self.over, self.roomy, self.raised) = (None, None, None);
            return Allocation { minimum: Bitrate::default(), desired };
        };
        self.learn(now, estimate, everything);
        let had: u64 = wishes.iter().filter_map(|wish| Some(wish.cost(wish.has()?))).sum();
        let draining = self.drained.is_some_and(|until| now < until);
        let cut = self.limited && self.is_too_much(now, had, estimate);
        if cut {
            self.failed(now, estimate);
            self.cut = Some(now);
        }
        let budget = match draining || self.drained.is_some_and(|until| now < until) {
            true => percent(estimate, DRAINING),
            false if cut => estimate,
            false => estimate.max(had),
        };
        // Nobody is kept waiting for a picture because little is known yet.
        let least: u64 = wishes.iter().map(|wish| wish.price(None, wish.least())).sum();
        let (budget, room) = if self.limited { (budget, estimate) } else { (budget.max(least), estimate.max(least)) };
        let cut = cut || draining;
        // Whatever is new begins with all that fits, unless this connection has shown that it holds less than it seems.
        let trusted = self.failed.0 == 0;
        let kept = share(wishes, budget, aims, |wish| match wish.has {
            Has::New if trusted => Some(wish.most),
            Has::New => Some(Layer::LOWEST),
            Has::Nothing => None,
            Has::Layer(layer) => Some(layer),
        });
        let mut plan = std::mem::take(&mut self.plan);
        let better = share(wishes, room, &mut plan, |wish| Some(wish.most));
        let minimum = if cut || plan.iter().zip(&*aims).all(|(better, kept)| better <= kept) {
            self.no_room(now, estimate);
            0
        } else if better <= kept {
            // What matters more takes from what matters less: the connection has nothing to prove.
            self.roomy = None;
            aims.clone_from(&plan);
            0
        } else {
            self.raise(now, estimate, &plan, aims, better)
        };
        self.plan = plan;
        let push = if push && !cut { estimate.min(everything) } else { 0 };
        Allocation { minimum: Bitrate(minimum.max(push)), desired }
    }

    /// Whether the estimate is what the way holds, or only what is known of it so far.
    fn learn(&mut self, now: MediaTime, estimate: u64, everything: u64) {
        self.peak = self.peak.max(estimate);
        if estimate < percent(self.peak, SUNK) {
            self.limited = true;
        }
        let good = self.cut.is_none_or(|cut| now.since(cut) >= GOOD.as_nanos() as i64);
        if self.limited && good && estimate >= everything {
            (self.limited, self.peak) = (false, estimate);
        }
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
        if much {
            self.drained = Some(now + DRAIN);
        }
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

    /// Goes up if there was room for it long enough. Answers what should be sent meanwhile.
    fn raise(
        &mut self,
        now: MediaTime,
        estimate: u64,
        plan: &[Option<Layer>],
        aims: &mut Vec<Option<Layer>>,
        need: u64,
    ) -> u64 {
        if self.raised.is_some_and(|(at, _)| now.since(at) >= GOOD.as_nanos() as i64) {
            self.failed = (0, 0);
        }
        let hold = self.hold(estimate);
        let waited = now.since(*self.roomy.get_or_insert(now));
        if waited >= hold {
            aims.clear();
            aims.extend_from_slice(plan);
            self.raised = Some((now, estimate));
            self.roomy = None;
        }
        if waited >= hold - PROOF.as_nanos() as i64 { need } else { 0 }
    }

    /// How long there has to be room before anything goes up, in nanoseconds.
    fn hold(&self, estimate: u64) -> i64 {
        let (failures, with) = self.failed;
        let failures = if estimate > percent(with, ANOTHER) { 0 } else { failures };
        (HOLD * 2u32.saturating_pow(failures.min(8))).min(LONGEST).as_nanos() as i64
    }

    /// There is no room for more. If there was until it was tried, the step has failed before it was made.
    fn no_room(&mut self, now: MediaTime, estimate: u64) {
        if let Some(since) = self.roomy.take()
            && now.since(since) > self.hold(estimate) - PROOF.as_nanos() as i64 / 2
        {
            self.failed = (self.failed.0.saturating_add(1), estimate);
        }
    }

    /// Whether the estimate should be used up now, because more is wished for than it holds, and whether what is desired should be
    /// said to be less for once: when it is more again, the engine tries the way. Left alone it waits a quarter of a minute while
    /// what is sent is near the estimate, and for ever while the estimate stays the same after it has sunk.
    fn tries(&mut self, now: MediaTime, estimate: Option<Bitrate>, everything: u64) -> (bool, bool) {
        let Some(Bitrate(estimate)) = estimate.filter(|estimate| estimate.0 < everything) else {
            self.tried = None;
            return (false, false);
        };
        let (at, before) = *self.tried.get_or_insert((now, estimate));
        let wait = (TRY * 2u32.pow(self.in_vain)).as_nanos() as i64;
        let calm = self.cut.is_none_or(|cut| now.since(cut) >= TRY.as_nanos() as i64);
        if !calm || now.since(at) < wait {
            return (calm && now.since(at) < PUSH.as_nanos() as i64, false);
        }
        self.in_vain = if estimate > percent(before, GAIN) { 0 } else { (self.in_vain + 1).min(TRIES) };
        self.tried = Some((now, estimate));
        (true, true)
    }

    /// In coarse steps: each one up makes the engine try the way.
    fn desired(&mut self, everything: u64) -> Bitrate {
        if everything > self.desired || everything < self.desired / 2 {
            let step = (everything.checked_next_power_of_two().unwrap_or(u64::MAX) / 8).max(1);
            self.desired = everything.div_ceil(step).saturating_mul(step);
        }
        Bitrate(self.desired)
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
