//! Whether media goes on: the peers' workers, compositions, the box as a participant, and who owns rooms and publications have
//! to make turns. While all of them do, the service manager is told so (`WATCHDOG=1`, sd_notify(3)); when one stands still it is not,
//! and starts the daemon again. A thread that hangs cannot be ended from within.

use std::collections::HashMap;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::peer::server as peers;
use crate::model::pulse::{Beat, Pulses};
use crate::services::{origin, room};

/// How often is looked, where no service manager says how long it waits.
const EVERY: Duration = Duration::from_secs(5);
/// The peers' workers make a turn each 0.2 s when there is nothing to do: to look more often says nothing.
const LEAST: Duration = Duration::from_millis(200);
/// What has made no turn at so many looks in a row stands still. Looks and not time are counted: a machine that was suspended finds
/// everything where it was, and the first look afterwards says nothing.
const LOOKS: u32 = 3;
/// Looks within the time after which the service manager loses patience: half of it for finding out, half for coming back.
const LOOKS_IN_PATIENCE: u32 = 2 * LOOKS;

/// What has to make turns.
pub(super) struct Parts {
    pub(super) peers: peers::Handle,
    pub(super) rooms: room::Handle,
    pub(super) origin: origin::Handle,
    /// Those that count for themselves.
    pub(super) pulses: Pulses,
}

/// What stands still, by name; nothing while media goes on.
pub(super) type Still = watch::Receiver<Option<&'static str>>;

/// Watches over media on `tasks` until `stop`.
pub(super) fn start(parts: Parts, tasks: &TaskTracker, stop: &CancellationToken) -> Still {
    let Parts { peers, rooms, origin, pulses } = parts;
    let patience = sd_notify::watchdog_enabled();
    let every = patience.map_or(EVERY, |patience| (patience / LOOKS_IN_PATIENCE).clamp(LEAST, EVERY));
    let asked = async move || rooms.peers().await.is_ok();
    tasks.spawn(stop.clone().run_until_cancelled_owned(ask(pulses.clone(), "rooms", every, asked)));
    let asked = async move || origin.inventory().await.is_ok();
    tasks.spawn(stop.clone().run_until_cancelled_owned(ask(pulses.clone(), "publications", every, asked)));
    let beats = move || {
        let worker = |(number, (turns, _))| Beat { name: "the peers' worker", number: number as u64, turns };
        peers.work().enumerate().map(worker).chain(pulses.read()).collect()
    };
    let (told, still) = watch::channel(None);
    // Without a service manager there is nobody to tell, and one that is not waiting is not fed.
    let tell = move |state: NotifyState<'_>| {
        if patience.is_some() || !matches!(state, NotifyState::Watchdog) {
            let _ = sd_notify::notify(&[state]);
        }
    };
    tasks.spawn(stop.clone().run_until_cancelled_owned(watch_over(every, beats, told, tell)));
    still
}

/// Asks an actor again and again: each answer is a turn. One that has ended is the business of others.
async fn ask(pulses: Pulses, name: &'static str, every: Duration, question: impl AsyncFn() -> bool) {
    let pulse = pulses.begin(name);
    while question().await {
        pulse.beat();
        sleep(every / 2).await;
    }
}

async fn watch_over(
    every: Duration,
    beats: impl Fn() -> Vec<Beat>,
    told: watch::Sender<Option<&'static str>>,
    mut tell: impl FnMut(NotifyState<'_>),
) {
    let mut seen = Seen::default();
    let mut looks = interval(every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let still = seen.look(&beats());
        if told.send_if_modified(|before| std::mem::replace(before, still) != still) {
            match still {
                Some(part) => {
                    tracing::error!(part, "it stands still; if it does not go on, only a new start helps");
                    tell(NotifyState::Status(&format!("Stands still: {part}")));
                }
                None => {
                    tracing::warn!("everything goes on");
                    tell(NotifyState::Status("Ready"));
                }
            }
        }
        if still.is_none() {
            tell(NotifyState::Watchdog);
        }
    }
}

/// What was seen at the look before: of each its turns, and at how many looks it has made none since.
#[derive(Debug, Default)]
struct Seen(HashMap<(&'static str, u64), (u64, u32)>);

impl Seen {
    /// Looks at all that live, and names one that stands still.
    fn look(&mut self, beats: &[Beat]) -> Option<&'static str> {
        let before = std::mem::take(&mut self.0);
        let mut still = None;
        for Beat { name, number, turns } in beats {
            let idle = match before.get(&(*name, *number)) {
                Some((then, idle)) if then == turns => idle + 1,
                _ => 0,
            };
            if idle >= LOOKS {
                still = still.or(Some(*name));
            }
            self.0.insert((name, *number), (*turns, idle));
        }
        still
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use tokio::time::{Instant, timeout};

    use super::*;

    const fn beat(name: &'static str, number: u64, turns: u64) -> Beat {
        Beat { name, number, turns }
    }

    #[test]
    fn what_makes_no_turn_at_three_looks_stands_still_whatever_its_siblings_do() {
        let mut seen = Seen::default();
        for turn in 0..3 {
            assert_eq!(seen.look(&[beat("a", 0, turn), beat("b", 0, 7), beat("b", 1, turn)]), None, "{turn}");
        }
        assert_eq!(seen.look(&[beat("a", 0, 3), beat("b", 0, 7), beat("b", 1, 3)]), Some("b"));
        assert_eq!(seen.look(&[beat("a", 0, 4), beat("b", 0, 7), beat("b", 1, 4)]), Some("b"), "it still does");
        assert_eq!(seen.look(&[beat("a", 0, 5), beat("b", 0, 8), beat("b", 1, 5)]), None, "one turn is enough");
    }

    #[test]
    fn who_has_ended_does_not_stand_still_and_who_is_new_is_given_time() {
        let mut seen = Seen::default();
        for _ in 0..3 {
            assert_eq!(seen.look(&[beat("a", 1, 0)]), None);
        }
        assert_eq!(seen.look(&[]), None, "it has ended");
        for _ in 0..3 {
            assert_eq!(seen.look(&[beat("a", 1, 0), beat("a", 2, 0)]), None);
        }
        assert_eq!(seen.look(&[beat("a", 1, 0), beat("a", 2, 1)]), Some("a"));
    }

    /// Watches over what is counted for so many seconds of paused time; the seconds in which it was fed, and what was said beside.
    async fn fed(seconds: u64, beats: impl Fn(u64) -> Vec<Beat>) -> (Vec<u64>, Vec<String>) {
        let (told, still) = watch::channel(None);
        let start = Instant::now();
        let (fed, said) = (RefCell::<Vec<u64>>::default(), RefCell::<Vec<String>>::default());
        let tell = |state: NotifyState<'_>| match state {
            NotifyState::Watchdog => fed.borrow_mut().push(start.elapsed().as_secs()),
            state => said.borrow_mut().push(state.to_string()),
        };
        let all = watch_over(Duration::from_secs(1), || beats(start.elapsed().as_secs()), told, tell);
        assert!(timeout(Duration::from_millis(1000 * seconds + 500), all).await.is_err(), "it goes on for ever");
        assert_eq!(still.borrow().is_some(), said.borrow().last().is_some_and(|said| said != "STATUS=Ready"));
        (fed.into_inner(), said.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_hangs_is_fed_for_no_longer_and_one_that_goes_on_is() {
        let (all, said) = fed(10, |second| vec![beat("a", 0, second)]).await;
        assert_eq!((all, said), ((0..=10).collect(), Vec::new()));

        let hangs = |second: u64| vec![beat("a", 0, second), beat("the peers' worker", 0, second.min(4))];
        let (some, said) = fed(20, hangs).await;
        assert_eq!(some, (0..=6).collect::<Vec<_>>(), "its last turn was in second 4");
        assert_eq!(said, ["STATUS=Stands still: the peers' worker"]);

        let returns = |second: u64| vec![beat("a", 0, if (4..12).contains(&second) { 4 } else { second })];
        let (some, said) = fed(15, returns).await;
        assert_eq!(some, (0..=6).chain(12..=15).collect::<Vec<_>>());
        assert_eq!(said, ["STATUS=Stands still: a", "STATUS=Ready"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_actor_that_does_not_answer_makes_no_turns() {
        let (pulses, answers) = (Pulses::default(), Cell::new(0));
        let question = async || {
            answers.set(answers.get() + 1);
            if answers.get() == 4 {
                std::future::pending::<()>().await;
            }
            true
        };
        let asking = ask(pulses.clone(), "rooms", Duration::from_secs(1), question);
        let mut seen = Seen::default();
        let looking = async {
            let mut looks = 0;
            // Between two questions.
            sleep(Duration::from_millis(100)).await;
            while seen.look(&pulses.read()).is_none() {
                sleep(Duration::from_secs(1)).await;
                looks += 1;
            }
            looks
        };
        tokio::select! {
            () = asking => panic!("it waits for an answer"),
            looks = looking => assert_eq!((looks, answers.get()), (4, 4)),
        }
    }
}
