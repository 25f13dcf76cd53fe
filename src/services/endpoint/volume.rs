//! How loud the box's speaker and microphone are: by the sound card, where it has controls for that, else by the box.
//!
//! What people choose is kept in the store and set again whenever the card is plugged in. What others change on the card, a remote
//! control or `alsamixer`, is noticed within a second, shown, and kept in the place of what was chosen.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Error;
use crate::drivers::device::{self, Mixer, Setting, Way};
use crate::drivers::store;
use crate::proto::sound::{Scale, Volume};

/// Wishes that wait; whoever has more waits.
const WISHES: usize = 4;
/// How often the cards are looked at for what others have changed.
const LOOK: Duration = Duration::from_secs(1);
/// How long a card may take to answer before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(2);
/// When a card that could not be asked is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Who makes it louder and quieter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The sound card.
    Device,
    /// The box, before the sound card gets it.
    Box,
}

/// How loud one of them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Loudness {
    /// From 0, which is silence, to 100, each step the same number of decibels; null where nobody can change it.
    pub percent: Option<u8>,
    /// Whether it is silent; null where nobody can change it.
    pub muted: Option<bool>,
    /// Who makes it louder and quieter.
    pub by: By,
}

/// How loud they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Loudnesses {
    /// Null without a speaker.
    pub speaker: Option<Loudness>,
    /// Null without a microphone, and where its sound card has no controls.
    pub microphone: Option<Loudness>,
}

/// How loud one of them is to be; what is not given stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Wish {
    /// From 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 0, max = 100)))]
    pub percent: Option<u8>,
    /// Whether it is silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
}

/// How loud they are to be; what is not given stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Wishes {
    /// The speaker.
    pub speaker: Option<Wish>,
    /// The microphone.
    pub microphone: Option<Wish>,
}

/// What is known of one of them. Pure.
#[derive(Debug)]
struct Side {
    way: Way,
    /// What people chose, as far as they did.
    wish: Wish,
    /// What the card said last; nothing while there is none.
    card: Option<Setting>,
}

impl Side {
    /// The card is there and says this. What is to be set on it?
    fn opened(&mut self, card: Setting) -> Option<Setting> {
        self.card = Some(card);
        let set = self.wanted(card);
        (set != Setting::default()).then_some(set)
    }

    /// The card was set, and says this now: not quite what was asked for, as its steps are its own.
    fn set(&mut self, card: Setting) {
        self.card = Some(card);
    }

    /// The card is gone.
    fn closed(&mut self) {
        self.card = None;
    }

    /// The card was looked at. Whether somebody else has changed what people chose here.
    fn looked(&mut self, card: Setting) -> bool {
        let Some(before) = self.card.replace(card) else { return false };
        let wish = self.wish;
        if before.percent != card.percent && wish.percent.is_some() {
            self.wish.percent = card.percent;
        }
        if before.muted != card.muted && wish.muted.is_some() {
            self.wish.muted = card.muted;
        }
        self.wish != wish
    }

    /// People want this. What is to be set on the card?
    fn wishes(&mut self, wish: Wish) -> Option<Setting> {
        self.wish = Wish { percent: wish.percent.or(self.wish.percent), muted: wish.muted.or(self.wish.muted) };
        let set = self.wanted(self.card?);
        (set != Setting::default()).then_some(set)
    }

    /// What the card is to be set to, as far as it can be and anybody cares.
    fn wanted(&self, card: Setting) -> Setting {
        Setting { percent: card.percent.and(self.wish.percent), muted: card.muted.and(self.wish.muted) }
    }

    /// What people are shown.
    fn shown(&self) -> Option<Loudness> {
        let card = self.card?;
        let by = if card.percent.is_some() { By::Device } else { By::Box };
        let (percent, muted) = match self.way {
            // The box does what the card can't.
            Way::Played => (
                self.wish.percent.or(card.percent).or(Some(Volume::FULL.percent)),
                self.wish.muted.or(card.muted).or(Some(Volume::FULL.muted)),
            ),
            Way::Recorded => (
                card.percent.map(|percent| self.wish.percent.unwrap_or(percent)),
                card.muted.map(|muted| self.wish.muted.unwrap_or(muted)),
            ),
        };
        (percent.is_some() || muted.is_some()).then_some(Loudness { percent, muted, by })
    }

    /// What the box multiplies samples by: for what the card can't do.
    fn gain(&self) -> f64 {
        let card = self.card.unwrap_or_default();
        let percent = self.wish.percent.filter(|_| card.percent.is_none()).unwrap_or(Volume::FULL.percent);
        let muted = self.wish.muted.filter(|_| card.muted.is_none()).unwrap_or(Volume::FULL.muted);
        Scale::SOFTWARE.gain(Volume { percent, muted })
    }
}

/// ALSA's names of the devices in use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Used {
    pub(super) speaker: Option<String>,
    pub(super) microphone: Option<String>,
}

type Command = (Wishes, oneshot::Sender<Loudnesses>);

/// The way to them; cheap to clone.
#[derive(Clone)]
pub(super) struct Volumes {
    commands: mpsc::Sender<Command>,
    shown: watch::Receiver<Loudnesses>,
}

impl Volumes {
    /// Starts the actor on `tasks`; it ends with `cancel`. What the box itself has to turn down is told by `gain`: what samples for
    /// the speaker are multiplied by.
    pub(super) fn start(
        used: watch::Receiver<Used>,
        store: store::Handle,
        gain: watch::Sender<f64>,
        tasks: &TaskTracker,
        cancel: CancellationToken,
    ) -> Self {
        let (commands, inbox) = mpsc::channel(WISHES);
        let (told, shown) = watch::channel(Loudnesses::default());
        let card = |way, key| Card {
            side: Side { way, wish: Wish::default(), card: None },
            key,
            device: None,
            mixer: None,
            again: None,
        };
        let actor = Actor {
            speaker: card(Way::Played, "sound.speaker"),
            microphone: card(Way::Recorded, "sound.microphone"),
            used,
            store,
            gain,
            told,
        };
        tasks.spawn(cancel.run_until_cancelled_owned(actor.run(inbox)));
        Self { commands, shown }
    }

    /// How loud they are.
    pub(super) fn shown(&self) -> Loudnesses {
        *self.shown.borrow()
    }

    /// The same, as it changes.
    pub(super) fn follow(&self) -> watch::Receiver<Loudnesses> {
        self.shown.clone()
    }

    /// Makes the speaker louder or quieter by so many percent.
    pub(super) async fn turn(&self, by: i8) -> Result<(), Error> {
        let wish = self.shown().speaker.and_then(|now| turned(now, by)).ok_or(Error::NoControl)?;
        self.wish(Wishes { speaker: Some(wish), microphone: None }).await.map(drop)
    }

    /// Makes them louder and quieter, and says how loud they are then.
    pub(super) async fn wish(&self, wishes: Wishes) -> Result<Loudnesses, Error> {
        let percents = [wishes.speaker, wishes.microphone].map(|wish| wish.and_then(|wish| wish.percent));
        if percents.into_iter().flatten().any(|percent| percent > 100) {
            return Err(Error::BadVolume);
        }
        let shown = self.shown();
        let none = |wish: Option<Wish>, there: Option<Loudness>| wish.is_some() && there.is_none();
        if none(wishes.speaker, shown.speaker) || none(wishes.microphone, shown.microphone) {
            return Err(Error::NoControl);
        }
        let (answer, answered) = oneshot::channel();
        self.commands.send((wishes, answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)
    }
}

/// What is wished for by making it louder or quieter by so many percent. One that is silent is heard again when it is made louder.
fn turned(now: Loudness, by: i8) -> Option<Wish> {
    let percent = now.percent?.saturating_add_signed(by).min(100);
    Some(Wish { percent: Some(percent), muted: (by > 0).then_some(false) })
}

/// One of them, and its card.
struct Card {
    side: Side,
    /// Of its setting in the store.
    key: &'static str,
    device: Option<String>,
    /// While it is open; a device that is on no card has none.
    mixer: Option<Mixer>,
    /// When it is opened again; `None` if there is nothing to open.
    again: Option<Instant>,
}

impl Card {
    /// Another device takes the place of this one.
    fn replaced(&mut self, device: Option<&String>) {
        if self.device.as_ref() != device {
            self.device = device.cloned();
            self.mixer = None;
            self.side.closed();
            self.again = self.device.is_some().then(Instant::now);
        }
    }

    /// Asks the mixer, away from the async runtime. One that fails or hangs is opened again later.
    async fn ask<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Mixer) -> Result<T, device::MixerError> + Send + 'static,
    ) -> Option<T> {
        let mixer = self.mixer.take()?;
        let asked = device::patiently(PATIENCE, move || work(&mixer).map(|answer| (mixer, answer))).await;
        match asked {
            Some(Ok((mixer, answer))) => {
                self.mixer = Some(mixer);
                return Some(answer);
            }
            Some(Err(error)) => tracing::debug!(%error, "volume can't be read or set"),
            None => tracing::warn!("a sound card does not answer"),
        }
        self.lost();
        None
    }

    /// The card can't be asked: the box does what it can meanwhile.
    fn lost(&mut self) {
        self.side.closed();
        self.again = Some(Instant::now() + AGAIN);
    }

    /// Opens the card if it is time, else looks at it. Whether others have changed what people chose.
    async fn look(&mut self) -> bool {
        if let Some(again) = self.again {
            if again <= Instant::now() {
                self.open().await;
            }
            return false;
        }
        match self.ask(Mixer::read).await {
            Some(setting) => self.side.looked(setting),
            None => false,
        }
    }

    async fn open(&mut self) {
        let Some(device) = self.device.clone() else { return self.again = None };
        let way = self.side.way;
        let opened = device::patiently(PATIENCE, move || {
            let mixer = Mixer::open(&device, way)?;
            let setting = mixer.as_ref().map(Mixer::read).transpose()?.unwrap_or_default();
            Ok::<_, device::MixerError>((mixer, setting))
        });
        match opened.await {
            Some(Ok((mixer, setting))) => {
                self.mixer = mixer;
                self.again = None;
                let set = self.side.opened(setting);
                self.set(set).await;
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "a sound card's volume can't be read");
                self.lost();
            }
            None => {
                tracing::warn!("a sound card does not answer");
                self.lost();
            }
        }
    }

    async fn set(&mut self, setting: Option<Setting>) {
        let Some(setting) = setting else { return };
        if let Some(now) = self.ask(move |mixer| mixer.set(setting).and_then(|()| mixer.read())).await {
            self.side.set(now);
        }
    }
}

struct Actor {
    speaker: Card,
    microphone: Card,
    used: watch::Receiver<Used>,
    store: store::Handle,
    gain: watch::Sender<f64>,
    told: watch::Sender<Loudnesses>,
}

impl Actor {
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        for card in [&mut self.speaker, &mut self.microphone] {
            let stored = self.store.setting(card.key).await.ok().flatten();
            // What is no setting is as if nothing had been chosen.
            card.side.wish = stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        }
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let used = self.used.borrow_and_update().clone();
            self.speaker.replaced(used.speaker.as_ref());
            self.microphone.replaced(used.microphone.as_ref());
            self.tell();
            tokio::select! {
                _ = look.tick() => for card in [&mut self.speaker, &mut self.microphone] {
                    if card.look().await {
                        keep(&self.store, (card.key, card.side.wish)).await;
                    }
                },
                // Devices that nobody chooses any more stay.
                Ok(()) = self.used.changed() => {}
                command = inbox.recv() => {
                    let Some((wishes, answer)) = command else { return };
                    for (card, wish) in [(&mut self.speaker, wishes.speaker), (&mut self.microphone, wishes.microphone)] {
                        let Some(wish) = wish else { continue };
                        let set = card.side.wishes(wish);
                        card.set(set).await;
                        keep(&self.store, (card.key, card.side.wish)).await;
                    }
                    self.tell();
                    // Who asked may have gone away.
                    let _ = answer.send(*self.told.borrow());
                }
            }
        }
    }

    fn tell(&self) {
        let now = Loudnesses { speaker: self.speaker.side.shown(), microphone: self.microphone.side.shown() };
        let tell = |told: &mut Loudnesses| std::mem::replace(told, now) != now;
        self.told.send_if_modified(tell);
        let gain = self.speaker.side.gain();
        self.gain.send_if_modified(|told| std::mem::replace(told, gain) != gain);
    }
}

/// What was chosen outlives the daemon.
async fn keep(store: &store::Handle, (key, wish): (&'static str, Wish)) {
    let Ok(text) = serde_json::to_string(&wish) else { return };
    if let Err(error) = store.set_setting(key, text).await {
        tracing::warn!(%error, "the volume is not kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Setting = Setting { percent: None, muted: None };

    fn setting(percent: u8, muted: bool) -> Setting {
        Setting { percent: Some(percent), muted: Some(muted) }
    }

    fn side(way: Way, wish: Wish) -> Side {
        Side { way, wish, card: None }
    }

    fn wish(percent: u8) -> Wish {
        Wish { percent: Some(percent), muted: None }
    }

    #[test]
    fn what_was_chosen_is_set_when_the_card_comes_and_nothing_else_is_touched() {
        let mut side = side(Way::Played, Wish::default());
        assert_eq!(side.opened(setting(74, false)), None, "nobody has chosen anything");
        assert_eq!(side.shown(), Some(Loudness { percent: Some(74), muted: Some(false), by: By::Device }));
        assert_eq!(side.wishes(wish(40)), Some(Setting { percent: Some(40), muted: None }));
        // Its steps are coarse.
        side.set(setting(38, false));
        assert_eq!(side.shown().and_then(|shown| shown.percent), Some(40));
        assert!(!side.looked(setting(38, false)), "nobody else has changed it");
        side.closed();
        assert_eq!(side.shown(), None);
        assert_eq!(side.opened(setting(100, true)), Some(Setting { percent: Some(40), muted: None }));
    }

    #[test]
    fn a_key_turns_it_within_its_range_and_louder_is_always_heard() {
        let now = |percent| Loudness { percent, muted: Some(true), by: By::Box };
        for (percent, by, expected) in [(50, 5, 55), (98, 5, 100), (100, 5, 100), (3, -5, 0), (50, -5, 45)] {
            let muted = (by > 0).then_some(false);
            assert_eq!(turned(now(Some(percent)), by), Some(Wish { percent: Some(expected), muted }));
        }
        assert_eq!(turned(now(None), 5), None);
    }

    #[test]
    fn what_others_change_on_the_card_is_shown_and_takes_the_place_of_what_was_chosen() {
        let mut side = side(Way::Played, wish(40));
        side.opened(setting(100, false));
        side.set(setting(38, false));
        assert!(side.looked(setting(60, false)));
        assert_eq!(side.wish, wish(60));
        assert!(!side.looked(setting(60, true)), "muting was nobody's choice here, so that nothing is kept");
        assert_eq!(side.shown(), Some(Loudness { percent: Some(60), muted: Some(true), by: By::Device }));
    }

    #[test]
    fn the_box_does_what_a_card_can_t() {
        for (card, wish, gain, set) in [
            (NONE, Wish::default(), 1.0, None),
            (NONE, wish(60), 0.1, None),
            (NONE, Wish { percent: Some(60), muted: Some(true) }, 0.0, None),
            // With a volume and no switch.
            (
                Setting { percent: Some(10), muted: None },
                Wish { percent: Some(60), muted: Some(true) },
                0.0,
                Some(Setting { percent: Some(60), muted: None }),
            ),
            // With a switch and no volume.
            (
                Setting { percent: None, muted: Some(false) },
                Wish { percent: Some(60), muted: Some(true) },
                0.1,
                Some(Setting { percent: None, muted: Some(true) }),
            ),
            (setting(10, false), Wish { percent: Some(60), muted: Some(true) }, 1.0, Some(setting(60, true))),
        ] {
            let mut side = side(Way::Played, wish);
            assert_eq!(side.opened(card), set, "{card:?} {wish:?}");
            assert!((side.gain() - gain).abs() < 1e-9, "{card:?} {wish:?}: {}", side.gain());
        }
    }

    #[test]
    fn a_microphone_without_controls_shows_none() {
        let mut side = side(Way::Recorded, wish(50));
        side.opened(NONE);
        assert_eq!(side.shown(), None);
        side.opened(Setting { percent: Some(90), muted: None });
        assert_eq!(side.shown(), Some(Loudness { percent: Some(50), muted: None, by: By::Device }));
    }

    #[tokio::test]
    async fn what_was_chosen_is_there_after_a_restart_and_the_box_turns_down_what_no_card_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store::open(folder.path()).expect("a store");
        let start = || {
            let (used, devices) = watch::channel(Used { speaker: Some("null".into()), microphone: None });
            let (gain, gained) = watch::channel(1.0);
            let cancel = CancellationToken::new();
            let volumes = Volumes::start(devices, store.clone(), gain, &TaskTracker::new(), cancel.clone());
            (volumes, used, gained, cancel.drop_guard())
        };
        let (volumes, _used, mut gained, _stop) = start();
        let patience = Duration::from_secs(30);
        let mut shown = volumes.shown.clone();
        let there = tokio::time::timeout(patience, shown.wait_for(|shown| shown.speaker.is_some())).await;
        let full = Loudness { percent: Some(100), muted: Some(false), by: By::Box };
        assert_eq!(there.expect("in time").expect("it runs").speaker, Some(full));

        let quiet = Wishes { speaker: Some(wish(60)), microphone: None };
        let now = volumes.wish(quiet).await.expect("it is right");
        assert_eq!(now.speaker, Some(Loudness { percent: Some(60), ..full }));
        assert!((*gained.borrow_and_update() - 0.1).abs() < 1e-9);
        let loud = Wishes { speaker: Some(wish(101)), microphone: None };
        assert!(matches!(volumes.wish(loud).await, Err(Error::BadVolume)));
        let none = Wishes { speaker: None, microphone: Some(wish(10)) };
        assert!(matches!(volumes.wish(none).await, Err(Error::NoControl)));

        let (again, _used, mut gained, _stop) = start();
        let now = tokio::time::timeout(patience, gained.wait_for(|gain| *gain < 1.0)).await;
        assert!((*now.expect("in time").expect("it runs") - 0.1).abs() < 1e-9);
        let mut shown = again.shown.clone();
        let there = tokio::time::timeout(patience, shown.wait_for(|shown| shown.speaker.is_some())).await;
        assert_eq!(there.expect("in time").expect("it runs").speaker, Some(Loudness { percent: Some(60), ..full }));
    }
}
