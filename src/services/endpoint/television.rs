//! The one owner of the box's screen: what it shows beside a call, and a call's picture with the signs over it.
//!
//! The screen is open as long as there is one. What does not move is drawn once and shown until it changes; nothing is composed for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::showing::{self, Layout, Now, Shows};
use super::volume::Loudnesses;
use crate::drivers::drawing::{self, Artist};
use crate::drivers::pipeline::{self, Counters, DisplaySpec, Event, PictureFeed, Running};
use crate::model::raw::Picture;
use crate::model::time::{MediaTime, Timeline};
use crate::proto::auth::Name;
use crate::proto::layout::canvas::{Canvas, Stamp};
use crate::proto::screens::{self, Idle, Join, Language, Notice, Sign};
use crate::services::announce::Announced;
use crate::services::network;
use crate::services::privacy::Privacy;
use crate::services::room::Rooms;
use crate::services::telephone::Telephone;

/// Pictures of the call that wait. When it is full, the newest is left out.
const PICTURES: usize = 2;
/// How often a screen that failed is opened again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often it is looked whether the clock shows another minute, and a countdown another second.
const LOOK: Duration = Duration::from_millis(500);
/// What does not move is shown again this often: a screen that was off meanwhile shows it.
const REPEAT: Duration = Duration::from_secs(1);

/// How long it is said how loud the speaker is, after somebody has turned it.
const TURNED: Duration = Duration::from_secs(3);
/// The box's own picture is not shown any more after so many nanoseconds without another.
const OWN_STALE: i64 = 3_000_000_000;

/// A way into the call, as links are made.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The whole address with its secret.
    pub url: String,
    /// The part of it that people know the box by.
    pub address: String,
    /// What has to be typed there to own a box that nobody owns.
    pub pin: Option<String>,
}

/// Its secret is not for a log.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

/// What the screen tells.
#[derive(Clone)]
pub struct Told {
    /// The calls.
    pub rooms: watch::Receiver<Rooms>,
    /// Who rings.
    pub telephone: watch::Receiver<Arc<Telephone>>,
    /// Whether camera and microphone are closed.
    pub privacy: watch::Receiver<Privacy>,
    /// What somebody outside of the room wants.
    pub announced: watch::Receiver<Announced>,
    /// How somebody joins.
    pub link: watch::Receiver<Option<Link>>,
    /// The network that the box opens while it has no other.
    pub network: watch::Receiver<network::Now>,
    /// How loud the speaker is.
    pub(super) loud: watch::Receiver<Loudnesses>,
    /// What the box's own camera sees, while it is open.
    pub(super) own: watch::Receiver<Option<Picture>>,
    /// Whether that is shown.
    pub(super) layout: watch::Receiver<Layout>,
    /// What the box is called.
    pub called: watch::Receiver<Name>,
    /// In which language it speaks.
    pub language: Language,
    /// After how long without a call the screen is black; zero for never.
    pub blank_after: Duration,
    /// Media time.
    pub timeline: Timeline,
}

/// Where pictures are shown.
pub(super) trait Display: Send + 'static {
    /// Shows a picture. Answers whether it still can.
    fn show(&mut self, picture: &Picture) -> bool;
    /// Waits until it fails.
    fn failed(&mut self) -> impl Future<Output = ()> + Send;
}

/// The way to it; cheap to clone.
#[derive(Clone)]
pub(super) struct Television {
    pictures: mpsc::Sender<Picture>,
}

impl Television {
    /// Starts it on `tasks` for the screen that `spec` names; it ends with `cancel`.
    pub(super) fn start(
        spec: DisplaySpec,
        told: Told,
        counters: Counters,
        tasks: &TaskTracker,
        cancel: CancellationToken,
    ) -> Self {
        let size = (spec.width, spec.height);
        let open = move || match pipeline::display(&counters, spec.clone()) {
            Ok((running, feed)) => Some(Screen { running, feed }),
            Err(error) => {
                tracing::error!(%error, "the screen can't be opened");
                None
            }
        };
        Self::start_on(open, size, told, tasks, cancel)
    }

    fn start_on<D: Display>(
        open: impl FnMut() -> Option<D> + Send + 'static,
        size: (u32, u32),
        told: Told,
        tasks: &TaskTracker,
        cancel: CancellationToken,
    ) -> Self {
        let (pictures, inbox) = mpsc::channel(PICTURES);
        tasks.spawn(cancel.run_until_cancelled_owned(async move {
            // Where there are many fonts this takes a while.
            let Ok(artist) = tokio::task::spawn_blocking(Artist::new).await else { return };
            let loud = percent(*told.loud.borrow());
            let (display, join, hotspot, drawn, inset, turned) = (None, None, None, None, None, None);
            let stamps = Vec::new();
            Actor { artist, size, told, open, display, join, hotspot, drawn, stamps, inset, loud, turned }
                .run(inbox)
                .await;
        }));
        Self { pictures }
    }

    /// Shows a picture of the call that the box is in, unless something else is shown.
    pub(super) fn show(&self, picture: Picture) {
        // One that comes too soon is left out.
        let _ = self.pictures.try_send(picture);
    }
}

struct Screen {
    running: Running,
    feed: PictureFeed,
}

impl Display for Screen {
    fn show(&mut self, picture: &Picture) -> bool {
        self.feed.push(picture).is_ok()
    }

    async fn failed(&mut self) {
        loop {
            match self.running.event().await {
                Event::Started => {}
                Event::Failed { element, reason, .. } => {
                    tracing::warn!(element, reason, "the screen failed; it is opened again");
                    return;
                }
                Event::Stopped => return,
            }
        }
    }
}

struct Actor<D, F> {
    artist: Artist,
    size: (u32, u32),
    told: Told,
    open: F,
    display: Option<D>,
    /// How somebody joins, and the link that it was made of.
    join: Option<(Link, Join)>,
    /// The same for the network that the box opens.
    hotspot: Option<(network::Hotspot, Box<screens::Hotspot>)>,
    /// What was drawn last, and as what.
    drawn: Option<(screens::Screen, Picture)>,
    /// The signs that lie over the call, with their places.
    stamps: Vec<(Sign, Stamp, (u32, u32))>,
    /// The box's own picture, as small as it is shown.
    inset: Option<Picture>,
    /// How loud the speaker was when it was looked at last.
    loud: Option<u8>,
    /// When that changed last.
    turned: Option<Instant>,
}

impl<D: Display, F: FnMut() -> Option<D>> Actor<D, F> {
    async fn run(mut self, mut inbox: mpsc::Receiver<Picture>) {
        let Told { rooms, telephone, privacy, link, network, .. } = self.told.clone();
        let (mut rooms, mut telephone, mut privacy) = (rooms, telephone, privacy);
        let (mut link, mut network) = (link, network);
        let (mut called, mut turning) = (self.told.called.clone(), self.told.loud.clone());
        let mut announced = self.told.announced.clone();
        let mut look = tokio::time::interval(LOOK);
        let mut idle_since = Instant::now();
        let mut again = Instant::now();
        let mut repeated = Instant::now();
        loop {
            rooms.mark_unchanged();
            telephone.mark_unchanged();
            privacy.mark_unchanged();
            link.mark_unchanged();
            network.mark_unchanged();
            called.mark_unchanged();
            announced.mark_unchanged();
            self.follow_volume(percent(*turning.borrow_and_update()));
            if self.display.is_none() && Instant::now() >= again {
                self.display = (self.open)();
                self.drawn = None;
                again = Instant::now() + AGAIN;
            }
            self.follow_link();
            self.follow_network();
            let now = self.now(idle_since);
            let wanted = now.ringing.is_some() || now.call.is_some() || now.code.is_some() || now.notice.is_some();
            // Without a network the screen is the only place that says so.
            if wanted || now.idle.hotspot.is_some() {
                idle_since = Instant::now();
            }
            let shows = showing::shows(now);
            match &shows {
                Shows::Screen(screen) => {
                    let due = repeated.elapsed() >= REPEAT;
                    if self.draw(screen).await || due {
                        self.push();
                        repeated = Instant::now();
                    }
                }
                Shows::Call(signs) => {
                    self.drawn = None;
                    self.lay(signs).await;
                }
            }
            // Pictures come thirty times a second; what is shown is decided anew when something else happens.
            let calls = matches!(shows, Shows::Call(_));
            tokio::select! {
                () = self.pictures(&mut inbox, calls) => {}
                changed = rooms.changed() => if changed.is_err() {
                    return;
                },
                Ok(()) = telephone.changed() => {}
                Ok(()) = privacy.changed() => {}
                Ok(()) = link.changed() => {}
                Ok(()) = network.changed() => {}
                Ok(()) = called.changed() => {}
                Ok(()) = announced.changed() => {}
                Ok(()) = turning.changed() => {}
                _ = look.tick() => {}
            }
        }
    }

    /// Shows the pictures of the call, or leaves them out, until the screen fails. Nothing is lost when this is dropped.
    async fn pictures(&mut self, inbox: &mut mpsc::Receiver<Picture>, calls: bool) {
        loop {
            tokio::select! {
                Some(picture) = inbox.recv() => if calls {
                    self.call(picture);
                },
                () = failed(&mut self.display) => {
                    self.display = None;
                    return;
                }
            }
        }
    }

    /// Makes the code of how to join, when the link is another.
    fn follow_link(&mut self) {
        let link = self.told.link.borrow().clone();
        if self.join.as_ref().map(|(made, _)| made) == link.as_ref() {
            return;
        }
        self.join = link.and_then(|link| {
            let join =
                Join { code: drawing::code(&link.url).ok()?, address: link.address.clone(), pin: link.pin.clone() };
            Some((link, join))
        });
    }

    /// Makes the code of how to join the box's own network, when that is another.
    fn follow_network(&mut self) {
        let now = self.told.network.borrow().hotspot.clone();
        if self.hotspot.as_ref().map(|(made, _)| made) == now.as_ref() {
            return;
        }
        self.hotspot = now.and_then(|hotspot| {
            let (name, password) = (hotspot.name.clone(), hotspot.password.reveal().to_owned());
            let code = drawing::code(&screens::wifi(&name, &password)).ok()?;
            let address = network::ADDRESS.to_string();
            Some((hotspot, Box::new(screens::Hotspot { code, name, password, address })))
        });
    }

    /// Remembers when the speaker became louder or quieter.
    fn follow_volume(&mut self, now: Option<u8>) {
        // Another speaker is nobody's doing.
        if self.loud.is_some() && now.is_some() && self.loud != now {
            self.turned = Some(Instant::now());
        }
        self.loud = now;
    }

    fn now(&self, idle_since: Instant) -> Now {
        let (telephone, privacy) = (self.told.telephone.borrow().clone(), *self.told.privacy.borrow());
        let call = self.told.rooms.borrow().iter().find_map(|room| showing::signs(room)).map(|(_, signs)| signs);
        let turned = self.turned.is_some_and(|turned| turned.elapsed() < TURNED);
        let volume = self.loud.filter(|_| turned).map(Sign::Volume);
        let call = call.map(|signs: Vec<Sign>| signs.into_iter().chain(volume).collect());
        let local = jiff::Zoned::now();
        let join = self.join.as_ref().map(|(_, join)| join.clone());
        let hotspot = self.hotspot.as_ref().map(|(_, hotspot)| hotspot.clone());
        let at = self.told.timeline.media(std::time::Instant::now());
        let left = |until: MediaTime| {
            u32::try_from(until.since(at).max(0).unsigned_abs().div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
        };
        let announced = self.told.announced.borrow().clone();
        let notice = match announced.opening {
            Some((what, until)) => {
                let left = until.saturating_duration_since(Instant::now());
                Some(Notice::Opening(what, left.as_secs_f64().ceil() as u32))
            }
            None => announced.message(Instant::now()).map(|text| Notice::Message(text.to_owned())),
        };
        Now {
            notice,
            code: privacy.code.map(|code| code.to_string()),
            ringing: telephone
                .ringing
                .as_ref()
                .map(|ringing| (ringing.caller.name.to_string(), ringing.answers.map(left))),
            call,
            idle: Idle {
                clock: local.strftime("%H:%M").to_string(),
                date: screens::date(
                    self.told.language,
                    local.weekday().to_monday_zero_offset() as usize,
                    local.day() as u32,
                    local.month() as usize,
                ),
                name: self.told.called.borrow().to_string(),
                join,
                hotspot,
                quiet: telephone.quiet,
                private: privacy.is_on(),
                missed: showing::missed(&telephone.calls),
                minute: local.hour().unsigned_abs() as u32 * 60 + local.minute().unsigned_abs() as u32,
            },
            idle_for: idle_since.elapsed(),
            blank_after: self.told.blank_after,
        }
    }

    /// Draws a screen if it is not drawn yet. Answers whether it was.
    async fn draw(&mut self, screen: &screens::Screen) -> bool {
        if self.drawn.as_ref().is_some_and(|(drawn, _)| drawn == screen) {
            return false;
        }
        let (artist, svg, (width, height)) =
            (self.artist.clone(), screens::screen(screen, self.told.language), self.size);
        let picture = tokio::task::spawn_blocking(move || artist.picture(&svg, width, height)).await;
        match picture {
            Ok(Ok(picture)) => {
                self.drawn = Some((screen.clone(), picture));
                true
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the screen can't be drawn");
                false
            }
            // It panicked: that is in the log.
            Err(_) => false,
        }
    }

    fn push(&mut self) {
        let Some((_, picture)) = &self.drawn else { return };
        let picture = Picture { time: self.told.timeline.media(std::time::Instant::now()), ..picture.clone() };
        self.show(&picture);
    }

    fn show(&mut self, picture: &Picture) {
        if self.display.as_mut().is_some_and(|display| !display.show(picture)) {
            self.display = None;
        }
    }

    /// Readies the signs, one below the other at the upper right, inside of what televisions cut off.
    async fn lay(&mut self, signs: &[Sign]) {
        if self.stamps.iter().map(|(sign, ..)| sign).eq(signs) {
            return;
        }
        self.stamps.clear();
        let (width, height) = self.size;
        let scale = |length: u32| (length * width / screens::WIDTH) & !1;
        let mut top = height / 20;
        for sign in signs {
            let (wide, high) = sign.size();
            let (wide, high) = (scale(wide), scale(high));
            let (artist, svg) = (self.artist.clone(), screens::sign(sign, self.told.language));
            let stamp = tokio::task::spawn_blocking(move || artist.stamp(&svg, wide, high)).await;
            match stamp {
                Ok(Ok(stamp)) => {
                    let left = width.saturating_sub(width / 20 + wide);
                    self.stamps.push((sign.clone(), stamp, (left, top)));
                    top += high + scale(16);
                }
                Ok(Err(error)) => tracing::error!(%error, "a sign can't be drawn"),
                // It panicked: that is in the log.
                Err(_) => {}
            }
        }
    }

    /// Makes the box's own picture small, if it is shown and is another one than before.
    fn follow_own(&mut self, now: MediaTime) {
        let own = self.told.own.borrow().clone().filter(|_| self.told.layout.borrow().own);
        let own = own.filter(|own| now.since(own.time) < OWN_STALE);
        let Some(own) = own else { return self.inset = None };
        if self.inset.as_ref().is_some_and(|inset| inset.time == own.time) {
            return;
        }
        // A fifth of the width, as are those beside a shared screen.
        let wide = (self.size.0 / 5) & !7;
        let high = (wide * own.height / own.width.max(1)) & !1;
        self.inset = Canvas::mirrored(&own, wide, high).filter(|inset| inset.height < self.size.1 / 2);
    }

    /// Shows a picture of the call, with the box's own in a corner and the signs over it.
    fn call(&mut self, picture: Picture) {
        self.follow_own(picture.time);
        if self.stamps.is_empty() && self.inset.is_none() {
            return self.show(&picture);
        }
        let time = picture.time;
        let Some(mut canvas) = Canvas::of(picture) else { return };
        if let Some(inset) = &self.inset {
            let ((width, height), even) = (self.size, |side: u32| side - side % 2);
            let (left, top) = (width - width / 20 - inset.width, height - height / 20 - inset.height);
            canvas.blit(inset, even(left), even(top));
        }
        for (_, stamp, (x, y)) in &self.stamps {
            canvas.stamp(stamp, *x, *y);
        }
        self.show(&canvas.finish(time));
    }
}

/// How loud the speaker is, 0 while it is silent; nothing without one that can be turned.
fn percent(loud: Loudnesses) -> Option<u8> {
    let speaker = loud.speaker?;
    if speaker.muted == Some(true) { Some(0) } else { speaker.percent }
}

/// Waits until a screen fails; for ever if there is none.
async fn failed(display: &mut Option<impl Display>) {
    match display {
        Some(display) => display.failed().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::device::monotonic_nanos;
    use crate::model::id::{GrantId, ParticipantId, RoomId};
    use crate::model::opening::Opening;
    use crate::proto::auth::{Name, Title};
    use crate::proto::layout::canvas::Colour;
    use crate::services::announce;
    use crate::services::endpoint::volume::{By, Loudness};
    use crate::services::room::testing::{participant, room};
    use crate::services::room::{Live, Participant, ParticipantKind, Room};
    use crate::services::telephone::{Caller, Ringing};

    const SIZE: (u32, u32) = (640, 360);

    /// A screen that tells what it shows.
    struct Fake {
        shown: mpsc::UnboundedSender<Picture>,
        pulled: watch::Receiver<bool>,
    }

    impl Display for Fake {
        fn show(&mut self, picture: &Picture) -> bool {
            !*self.pulled.borrow() && self.shown.send(picture.clone()).is_ok()
        }

        async fn failed(&mut self) {
            let _ = self.pulled.wait_for(|pulled| *pulled).await;
        }
    }

    struct Scene {
        rooms: watch::Sender<Rooms>,
        telephone: watch::Sender<Arc<Telephone>>,
        privacy: watch::Sender<Privacy>,
        announce: announce::Handle,
        pulled: watch::Sender<bool>,
        loud: watch::Sender<Loudnesses>,
        own: watch::Sender<Option<Picture>>,
        layout: watch::Sender<Layout>,
        timeline: Timeline,
        shown: mpsc::UnboundedReceiver<Picture>,
        television: Television,
        _cancel: CancellationToken,
    }

    impl Scene {
        fn start() -> Self {
            let (rooms, rooms_read) = watch::channel(Rooms::default());
            let (telephone, telephone_read) = watch::channel(Arc::default());
            let (privacy, privacy_read) = watch::channel(Privacy::default());
            let (pulled, pulled_read) = watch::channel(false);
            let timeline = Timeline::new(std::time::Instant::now(), monotonic_nanos(), 0);
            let (loud, loud_read) = watch::channel(loud(50));
            let (own, own_read) = watch::channel(None);
            let (layout, layout_read) = watch::channel(Layout::default());
            let (to, shown) = mpsc::unbounded_channel();
            let announce = announce::Handle::default();
            let told = Told {
                rooms: rooms_read,
                telephone: telephone_read,
                privacy: privacy_read,
                announced: announce.follow(),
                link: watch::channel(None).1,
                network: network::channel().1,
                loud: loud_read,
                own: own_read,
                layout: layout_read,
                called: watch::channel(Name::new("Porch").expect("a name")).1,
                language: Language::En,
                blank_after: Duration::ZERO,
                timeline,
            };
            let cancel = CancellationToken::new();
            let open = move || {
                let there = !*pulled_read.borrow();
                there.then(|| Fake { shown: to.clone(), pulled: pulled_read.clone() })
            };
            let television = Television::start_on(open, SIZE, told, &TaskTracker::new(), cancel.clone());
            let _cancel = cancel;
            Self {
                rooms,
                telephone,
                privacy,
                announce,
                pulled,
                loud,
                own,
                layout,
                timeline,
                shown,
                television,
                _cancel,
            }
        }

        /// Waits until this is to be seen.
        async fn until(&mut self, what: &str, seen: impl Fn(&Picture) -> bool) -> Picture {
            let waits = async {
                loop {
                    let picture = self.shown.recv().await.expect("it goes on");
                    if seen(&picture) {
                        return picture;
                    }
                }
            };
            tokio::time::timeout(Duration::from_secs(30), waits).await.unwrap_or_else(|_| panic!("{what} is not shown"))
        }

        fn call(&self, live: bool, private: bool) {
            let me =
                Participant { private, microphone: !private, camera: !private, ..participant(1, ParticipantKind::Box) };
            let title = Title::new("Room").expect("a title");
            let live = live.then_some(Live { since: 0, title, recording: None, by_itself: false });
            let room = Room { live, ..room(vec![me]) };
            self.rooms.send_replace([Arc::new(room)].into_iter().collect());
        }
    }

    fn loud(percent: u8) -> Loudnesses {
        let speaker = Loudness { percent: Some(percent), muted: Some(false), by: By::Box };
        Loudnesses { speaker: Some(speaker), microphone: None }
    }

    /// Pictures of the call until the test ends.
    fn calls(television: &Television, timeline: Timeline) -> tokio_util::task::AbortOnDropHandle<()> {
        let television = television.clone();
        tokio_util::task::AbortOnDropHandle::new(TaskTracker::new().spawn(async move {
            loop {
                let time = timeline.media(std::time::Instant::now());
                television.show(Picture { time, ..plain(60) });
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }))
    }

    /// The brightness where the box's own picture lies.
    fn inset(picture: &Picture) -> u8 {
        let (width, height) = (picture.width as usize, picture.height as usize);
        picture.data[(height - height / 20 - 10) * width + width - width / 20 - 10]
    }

    #[tokio::test]
    async fn the_box_sees_itself_in_a_corner_of_the_call_as_long_as_its_camera_gives_pictures() {
        let mut scene = Scene::start();
        scene.call(false, false);
        let timeline = scene.timeline;
        let _feeding = calls(&scene.television, timeline);
        scene.until("the call", |picture| inset(picture) == 60).await;
        let now = || timeline.media(std::time::Instant::now());
        scene.own.send_replace(Some(Picture { time: now(), ..plain(150) }));
        let both = scene.until("the box's own picture", |picture| inset(picture) == 150).await;
        assert_eq!(both.data[0], 60, "the rest is the call");
        scene.until("the call alone, for nothing comes any more", |picture| inset(picture) == 60).await;
        scene.own.send_replace(Some(Picture { time: now(), ..plain(150) }));
        scene.until("the box's own picture", |picture| inset(picture) == 150).await;
        scene.own.send_replace(None);
        scene.until("the call alone, for the camera was closed", |picture| inset(picture) == 60).await;
        scene.own.send_replace(Some(Picture { time: now(), ..plain(150) }));
        scene.until("the box's own picture", |picture| inset(picture) == 150).await;
        scene.layout.send_replace(Layout { speaker: false, own: false });
        scene.until("the call alone, for that was wished", |picture| inset(picture) == 60).await;
    }

    #[tokio::test]
    async fn how_loud_the_speaker_is_is_shown_for_a_while_when_somebody_turns_it() {
        let mut scene = Scene::start();
        scene.call(false, false);
        let _feeding = calls(&scene.television, scene.timeline);
        scene.until("the call", |picture| corner(picture).0 == 60).await;
        scene.loud.send_replace(Loudnesses::default());
        scene.loud.send_replace(loud(50));
        tokio::time::sleep(Duration::from_millis(300)).await;
        while scene.shown.try_recv().is_ok() {}
        let (sign, began) = (|picture: &Picture| corner(picture).0 < 40, Instant::now());
        scene.loud.send_replace(loud(55));
        scene.until("how loud it is", sign).await;
        scene.until("the call alone", |picture| !sign(picture)).await;
        assert!(began.elapsed() >= TURNED - Duration::from_millis(50), "{:?}", began.elapsed());
    }

    fn plain(y: u8) -> Picture {
        Canvas::new(SIZE.0, SIZE.1, Colour { y, u: 128, v: 128 }).finish(MediaTime::ZERO)
    }

    /// Where the topmost sign lies.
    fn corner(picture: &Picture) -> (u8, u8) {
        let (width, height) = (picture.width as usize, picture.height as usize);
        let (x, y) = (width - width / 20 - 20, height / 20 + 4);
        let chroma = width * height + y / 2 * (width / 2) + x / 2;
        (picture.data[y * width + x], picture.data[chroma])
    }

    #[tokio::test]
    async fn what_is_going_to_be_opened_is_shown_on_the_idle_screen_and_over_the_call_until_it_is_stopped() {
        let mut scene = Scene::start();
        let idle = scene.until("the idle screen", |_| true).await;
        let announce = scene.announce.clone();
        let seen = async {
            let opens = scene.until("what opens", |picture| picture.data != idle.data).await;
            scene.call(false, false);
            let _feeding = calls(&scene.television, scene.timeline);
            let over = scene.until("the sign over the call", |picture| corner(picture).0 < 40).await;
            assert_ne!(over.data, opens.data);
            assert!(announce.stop());
            scene.until("the call alone", |picture| corner(picture).0 == 60).await;
        };
        let (done, ()) = tokio::join!(announce.announce(Opening::Live), seen);
        assert_eq!(done, Err(announce::Error::Stopped));
    }

    #[tokio::test]
    async fn it_goes_from_idle_to_ringing_to_the_call_and_back() {
        let mut scene = Scene::start();
        let idle = scene.until("the idle screen", |_| true).await;
        scene.television.show(plain(120));
        let caller = Caller {
            participant: ParticipantId::from_bytes([2; 10]),
            room: RoomId::from_bytes([1; 10]),
            contact: GrantId::from_bytes([2; 10]),
            name: Name::new("Ada").expect("a name"),
        };
        let ringing = Some(Ringing { caller, since: MediaTime::ZERO, answers: None });
        scene.telephone.send_replace(Arc::new(Telephone { ringing, ..Telephone::default() }));
        scene.until("who rings", |picture| picture.data != idle.data).await;
        scene.telephone.send_replace(Arc::default());
        scene.call(false, false);
        for _ in 0..20 {
            scene.television.show(plain(120));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        scene.until("the call", |picture| picture.data == plain(120).data).await;
        scene.rooms.send_replace(Rooms::default());
        scene.until("the idle screen", |picture| picture.data == idle.data || picture.data[0] == idle.data[0]).await;
    }

    #[tokio::test]
    async fn the_sign_lies_over_every_picture_while_the_room_is_on_air_and_the_code_over_all() {
        let mut scene = Scene::start();
        scene.call(true, false);
        let television = scene.television.clone();
        let feeders = TaskTracker::new();
        let feeder = feeders.spawn(async move {
            loop {
                television.show(plain(60));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let on_air = scene.until("the sign", |picture| corner(picture).0 > 150).await;
        let amber = Colour::from_rgb(0xff, 0xb2, 0x24);
        assert!(corner(&on_air).1.abs_diff(amber.u) < 6, "{:?}", corner(&on_air));
        scene.call(true, true);
        // Below it another sign says that nobody is seen.
        let below = |picture: &Picture| {
            let (width, height) = (picture.width as usize, picture.height as usize);
            picture.data[(height / 20 + 48) * width + width - width / 20 - 12] < 40
        };
        scene.until("both signs", |picture| corner(picture).0 > 150 && below(picture)).await;
        let code = crate::services::privacy::Code::from_random([7; 10]);
        scene.privacy.send_replace(Privacy { since: Some(0), code: Some(code) });
        scene.until("the code", |picture| picture.data[0] == Colour::DUSK.y).await;
        feeder.abort();
    }

    #[tokio::test]
    async fn a_screen_that_is_pulled_and_put_back_shows_again() {
        let mut scene = Scene::start();
        scene.until("the idle screen", |_| true).await;
        scene.pulled.send_replace(true);
        tokio::time::sleep(Duration::from_millis(50)).await;
        while scene.shown.try_recv().is_ok() {}
        scene.pulled.send_replace(false);
        scene.until("the idle screen", |_| true).await;
    }
}
