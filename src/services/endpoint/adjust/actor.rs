//! The loop that owns what is adjusted.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::state::{self, Kept, Knob, Pass, Preset};
use super::{Error, Order, Parts, Report, Subject, Trouble, Using};
use crate::drivers::device::controls::{self, Control, Controls};
use crate::proto::layout::aim::Aim;
use crate::services::at;

/// How long after a change it is kept: whoever drags a slider changes a hundred times.
const SETTLED: Duration = Duration::from_secs(1);

pub(super) struct Actor {
    /// The camera in use, and the next one when it is another.
    subject: Subject,
    next: watch::Receiver<Subject>,
    parts: Parts,
    aim: watch::Sender<Aim>,
    using: watch::Receiver<Using>,
    kept: Kept,
    /// When what has changed is kept.
    due: Option<Instant>,
}

impl Actor {
    pub(super) fn new(
        mut next: watch::Receiver<Subject>,
        parts: Parts,
        aim: watch::Sender<Aim>,
        using: watch::Receiver<Using>,
    ) -> Self {
        let subject = next.borrow_and_update().clone();
        Self { subject, next, parts, aim, using, kept: Kept::default(), due: None }
    }

    /// Runs until `cancel`, or until nobody can give orders any more.
    pub(super) async fn run(&mut self, inbox: &mut mpsc::Receiver<Order>, cancel: &CancellationToken) {
        if self.due.is_none() {
            self.load().await;
        }
        loop {
            tokio::select! {
                order = inbox.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => break,
                },
                Ok(()) = self.next.changed() => self.follow().await,
                () = at(self.due) => self.save().await,
                () = cancel.cancelled() => break,
            }
        }
        if self.due.is_some() {
            self.save().await;
        }
    }

    /// Another camera is in use: what is kept of it is its own.
    async fn follow(&mut self) {
        let next = self.next.borrow_and_update().clone();
        if next.key == self.subject.key {
            self.subject = next;
            return;
        }
        if self.due.is_some() {
            self.save().await;
        }
        (self.subject, self.kept) = (next, Kept::default());
        self.load().await;
    }

    async fn load(&mut self) {
        match self.parts.store.setting(self.subject.key.clone()).await {
            Ok(Some(text)) => match serde_json::from_str(&text) {
                Ok(kept) => self.kept = kept,
                Err(error) => tracing::warn!(%error, "what was kept of the camera can't be read; it begins afresh"),
            },
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "what was kept of the camera can't be read"),
        }
        self.aim.send_replace(self.kept.aim);
    }

    fn changed(&mut self) {
        self.due = Some(Instant::now() + SETTLED);
    }

    async fn save(&mut self) {
        self.due = None;
        let text = serde_json::to_string(&self.kept).expect("numbers and names are always written");
        if let Err(error) = self.parts.store.set_setting(self.subject.key.clone(), text).await {
            tracing::error!(%error, "what was adjusted on the camera can't be kept");
        }
    }

    async fn obey(&mut self, order: Order) {
        // Whoever asked may have gone away.
        match order {
            Order::Report(answer) => drop(answer.send(self.report().await)),
            Order::Set(id, value, answer) => drop(answer.send(self.set(id, value).await)),
            Order::Reset(answer) => drop(answer.send(self.reset().await)),
            Order::Aim(aim) => {
                self.kept.aim = aim;
                self.aim.send_replace(aim);
                self.changed();
            }
            Order::Keep(name, answer) => {
                let kept = self.kept.keep(name, self.kept.aim);
                drop(answer.send(self.presets(kept)));
            }
            Order::Forget(name, answer) => {
                let forgotten = self.kept.forget(&name);
                drop(answer.send(self.presets(forgotten)));
            }
            Order::Apply(answer) => {
                self.apply().await;
                let _ = answer.send(());
            }
        }
    }

    fn presets(&mut self, done: Result<(), Error>) -> Result<Vec<Preset>, Error> {
        done?;
        self.changed();
        Ok(self.kept.presets.clone())
    }

    /// Does something with the device off the async runtime.
    async fn on_device<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Controls, &std::path::Path) -> Result<T, controls::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let node = self.subject.node.clone().ok_or(Error::NoControls)?;
        if *self.parts.private.borrow() {
            return Err(Error::Private);
        }
        let controls: Arc<dyn Controls> = self.parts.controls.clone();
        let done = tokio::task::spawn_blocking(move || work(&*controls, &node)).await;
        done.map_err(|_| Error::Device(controls::Error::Unreadable))?.map_err(Error::Device)
    }

    async fn controls(&self) -> Result<Vec<Control>, Error> {
        self.on_device(|controls, node| controls.list(node)).await
    }

    async fn knobs(&self) -> Result<Vec<Knob>, Error> {
        self.controls().await.map(|controls| self.kept.knobs(controls))
    }

    async fn report(&self) -> Report {
        let (controls, trouble) = match self.knobs().await {
            Ok(knobs) => (knobs, None),
            Err(Error::Device(controls::Error::Away)) => (Vec::new(), Some(Trouble::Away)),
            Err(Error::Device(controls::Error::Refused(_))) => (Vec::new(), Some(Trouble::Refused)),
            Err(Error::Device(controls::Error::Unreadable)) => (Vec::new(), Some(Trouble::Unreadable)),
            Err(Error::Private) => (Vec::new(), Some(Trouble::Private)),
            Err(_) => (Vec::new(), None),
        };
        let Subject { name, kind, modes, .. } = self.subject.clone();
        let Using { open, standing_in, mode, note } = *self.using.borrow();
        Report {
            name,
            kind,
            open,
            stand_in: standing_in,
            mode,
            note,
            modes,
            controls,
            trouble,
            aim: self.kept.aim,
            presets: self.kept.presets.clone(),
        }
    }

    async fn set(&mut self, id: u32, value: i64) -> Result<Vec<Knob>, Error> {
        let controls = self.controls().await?;
        let control = controls.iter().find(|control| control.id == id && state::is_offered(control));
        let control = control.ok_or(Error::NoControl)?;
        if let Some(why) = state::objection(control, value) {
            return Err(Error::BadValue(why));
        }
        if control.inactive {
            return Err(Error::Inactive);
        }
        self.on_device(move |controls, node| controls.set(node, id, value)).await?;
        self.kept.controls.insert(id, value);
        self.changed();
        self.knobs().await
    }

    async fn reset(&mut self) -> Result<Vec<Knob>, Error> {
        self.on_device(|controls, node| {
            for pass in [Pass::Switches, Pass::Numbers] {
                for (id, value) in state::resets(&controls.list(node)?, pass) {
                    controls.set(node, id, value)?;
                }
            }
            Ok(())
        })
        .await?;
        self.kept.controls.clear();
        self.changed();
        self.knobs().await
    }

    /// Brings what is kept to the device. What it refuses is left as it is: a picture is better than none.
    async fn apply(&self) {
        if self.kept.controls.is_empty() || self.subject.node.is_none() {
            return;
        }
        let kept = self.kept.clone();
        let applied = self.on_device(move |controls, node| {
            for pass in [Pass::Switches, Pass::Numbers] {
                for (id, value) in kept.wishes(&controls.list(node)?, pass) {
                    if let Err(error) = controls.set(node, id, value) {
                        tracing::warn!(control = format!("{id:#x}"), %error, "a control of the camera can't be set");
                    }
                }
            }
            Ok(())
        });
        match applied.await {
            // Whoever opens it says so.
            Ok(()) | Err(Error::Private | Error::Device(controls::Error::Away)) => {}
            Err(error) => tracing::warn!(%error, "the camera can't be adjusted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::drivers::device::controls::Kind;
    use crate::drivers::store;
    use crate::proto::auth::Name;
    use crate::services::endpoint::adjust::{self, Handle};
    use crate::services::endpoint::choice::EyeKind;
    use crate::services::supervisor::Supervisor;

    const AUTO: u32 = 0x009a_0901;
    const EXPOSURE: u32 = 0x009a_0902;

    /// A camera whose exposure can be set while its automatic is off.
    #[derive(Default)]
    struct Fake(Mutex<Option<(i64, i64)>>);

    impl Fake {
        fn plug(&self, fresh: Option<(i64, i64)>) {
            *self.0.lock().expect("nobody panicked") = fresh;
        }

        fn now(&self) -> Option<(i64, i64)> {
            *self.0.lock().expect("nobody panicked")
        }
    }

    impl Controls for Fake {
        fn list(&self, _: &Path) -> Result<Vec<Control>, controls::Error> {
            let (auto, exposure) = self.now().ok_or(controls::Error::Away)?;
            let number = Kind::Integer { min: 3, max: 2047, step: 1 };
            let menu = Kind::Menu(vec![(1, "Manual Mode".into()), (3, "Aperture Priority Mode".into())]);
            let name = String::new();
            Ok(vec![
                Control {
                    id: EXPOSURE,
                    name: name.clone(),
                    kind: number,
                    value: exposure,
                    default: 250,
                    inactive: auto == 3,
                },
                Control { id: AUTO, name, kind: menu, value: auto, default: 3, inactive: false },
            ])
        }

        fn set(&self, _: &Path, id: u32, value: i64) -> Result<(), controls::Error> {
            let mut now = self.0.lock().expect("nobody panicked");
            let (auto, exposure) = now.as_mut().ok_or(controls::Error::Away)?;
            match id {
                AUTO => *auto = value,
                EXPOSURE if *auto == 1 => *exposure = value,
                _ => return Err(controls::Error::Refused(std::io::Error::from_raw_os_error(13))),
            }
            Ok(())
        }
    }

    struct Box_ {
        fake: Arc<Fake>,
        handle: Handle,
        subject: watch::Sender<Subject>,
        closing: watch::Sender<bool>,
        tasks: TaskTracker,
        cancel: CancellationToken,
    }

    impl Box_ {
        fn start(store: &store::Handle, fake: &Arc<Fake>, node: Option<&str>) -> Self {
            let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
            let subject = Subject {
                name: Some("Eye".into()),
                kind: EyeKind::V4l2,
                node: node.map(Into::into),
                modes: Vec::new(),
                key: "camera:eye".into(),
            };
            let (closing, private) = watch::channel(false);
            let supervisor = Supervisor::default();
            let parts = Parts { store: store.clone(), controls: fake.clone(), private, supervisor };
            let (subject, read) = watch::channel(subject);
            let handle = adjust::start(read, parts, &tasks, cancel.clone());
            Self { fake: fake.clone(), handle, subject, closing, tasks, cancel }
        }

        async fn stop(self) {
            self.cancel.cancel();
            self.tasks.close();
            self.tasks.wait().await;
        }
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    #[tokio::test]
    async fn what_was_adjusted_comes_back_after_unplugging_and_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store::open(folder.path()).expect("a store");
        let fake = Arc::new(Fake::default());
        fake.plug(Some((3, 250)));
        let first = Box_::start(&store, &fake, Some("/dev/eye"));
        assert!(matches!(first.handle.set(EXPOSURE, 100).await, Err(Error::Inactive)));
        let knobs = first.handle.set(AUTO, 1).await.expect("it is set");
        assert!(knobs.iter().all(|knob| !knob.inactive), "the other one is free now: {knobs:?}");
        first.handle.set(EXPOSURE, 100).await.expect("it is set");
        assert!(matches!(first.handle.set(EXPOSURE, 1).await, Err(Error::BadValue(why)) if why.contains("3 and 2047")));
        assert!(matches!(first.handle.set(7, 1).await, Err(Error::NoControl)));
        let close = Aim::new(200, 50, 0).expect("in range");
        first.handle.aim(close).await.expect("it is aimed");
        let presets = first.handle.keep(name("Sofa")).await.expect("it is kept");
        assert_eq!((presets[0].name.as_str(), presets[0].aim), ("Sofa", close));

        first.fake.plug(None);
        assert!(matches!(first.handle.set(AUTO, 3).await, Err(Error::Device(controls::Error::Away))));
        assert_eq!(first.handle.report().await.expect("it answers").trouble, Some(Trouble::Away));
        first.handle.prepare().await;
        first.fake.plug(Some((3, 250)));
        first.handle.prepare().await;
        assert_eq!(fake.now(), Some((1, 100)), "a camera that was away has forgotten, and is told again");
        first.stop().await;

        fake.plug(Some((3, 250)));
        let second = Box_::start(&store, &fake, Some("/dev/eye"));
        second.handle.prepare().await;
        assert_eq!((fake.now(), *second.handle.aims().borrow()), (Some((1, 100)), close));
        let report = second.handle.report().await.expect("it answers");
        assert_eq!((report.presets.len(), report.aim, report.controls.len()), (1, close, 2));
        assert!(report.controls.iter().all(|knob| knob.chosen));

        second.handle.reset().await.expect("it is reset");
        assert_eq!(fake.now(), Some((3, 100)), "its own automatic has it again");
        second.handle.prepare().await;
        assert_eq!(fake.now(), Some((3, 100)), "and nothing of it is kept");
        second.handle.forget(name("Sofa")).await.expect("it is forgotten");
        assert!(matches!(second.handle.forget(name("Sofa")).await, Err(Error::NoPreset)));
        second.stop().await;
    }

    #[tokio::test]
    async fn another_camera_has_what_was_kept_of_it_and_in_privacy_mode_none_is_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store::open(folder.path()).expect("a store");
        let fake = Arc::new(Fake::default());
        fake.plug(Some((3, 250)));
        let eye = Box_::start(&store, &fake, Some("/dev/eye"));
        let close = Aim::new(200, 50, 0).expect("in range");
        eye.handle.aim(close).await.expect("it is aimed");
        eye.handle.set(AUTO, 1).await.expect("it is set");
        let first = eye.subject.borrow().clone();
        let other = Subject { name: Some("Other".into()), key: "camera:other".into(), ..first.clone() };
        let mut aims = eye.handle.aims();
        eye.subject.send_replace(other);
        aims.wait_for(|aim| *aim == Aim::WHOLE).await.expect("it is told");
        let report = eye.handle.report().await.expect("it answers");
        assert_eq!(report.name.as_deref(), Some("Other"));
        assert!(report.controls.iter().all(|knob| !knob.chosen), "{:?}", report.controls);
        eye.subject.send_replace(first);
        aims.wait_for(|aim| *aim == close).await.expect("it is told");
        assert!(eye.handle.report().await.expect("it answers").controls.iter().any(|knob| knob.chosen));

        eye.closing.send_replace(true);
        assert!(matches!(eye.handle.set(AUTO, 3).await, Err(Error::Private)));
        assert!(matches!(eye.handle.reset().await, Err(Error::Private)));
        eye.handle.prepare().await;
        let report = eye.handle.report().await.expect("it answers");
        assert_eq!((report.trouble, report.controls), (Some(Trouble::Private), vec![]));
        assert_eq!(fake.now(), Some((1, 250)));
        eye.stop().await;
    }

    #[tokio::test]
    async fn a_camera_without_controls_can_be_aimed_all_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store::open(folder.path()).expect("a store");
        store.set_setting("camera:eye", "no JSON").await.expect("it is written");
        let stand_in = Box_::start(&store, &Arc::new(Fake::default()), None);
        assert!(matches!(stand_in.handle.set(AUTO, 1).await, Err(Error::NoControls)));
        assert!(matches!(stand_in.handle.reset().await, Err(Error::NoControls)));
        stand_in.handle.prepare().await;
        let mut aims = stand_in.handle.aims();
        let close = Aim::new(400, 0, 0).expect("in range");
        stand_in.handle.aim(close).await.expect("it is aimed");
        aims.wait_for(|aim| *aim == close).await.expect("it is told");
        let using = Using { open: true, standing_in: true, ..Using::default() };
        let opened = stand_in.handle.opened(using);
        assert!(stand_in.handle.report().await.expect("it answers").open);
        drop(opened);
        let report = stand_in.handle.report().await.expect("it answers");
        assert!(!report.open && !report.stand_in, "nobody looks any more");
        assert_eq!((report.controls, report.trouble, report.aim), (vec![], None, close));
        stand_in.stop().await;
    }
}
