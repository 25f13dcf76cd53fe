//! When the television is woken and sent to sleep, and what its keys ask for. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::proto::cec::{Command, Frame, LogicalAddress, PhysicalAddress, Power, What, command};

/// How long a television may take to say whether it is on. One that says nothing is told to show us all the same.
const ANSWER: Duration = Duration::from_secs(1);
/// Some televisions hear nothing while they wake: what is to be seen is said once more after this.
const AGAIN: Duration = Duration::from_secs(5);
/// A television whose cable led nowhere while it slept has to be there within this after it was woken.
const WAKES: Duration = Duration::from_secs(20);
/// How long after a call the television that was woken for it is sent to sleep: the next call often follows.
const SLEEP: Duration = Duration::from_secs(10);
/// A key that is held is repeated within this (CEC 13.13.3: 450 ms, and some room).
const HELD: Duration = Duration::from_millis(550);
/// How often a television that sleeps during a call is asked whether it still does: not all say that they were switched on.
const STILL: Duration = Duration::from_secs(5);
/// "Unrecognized opcode".
const UNKNOWN: u8 = 0;

/// What there is to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// No call.
    Idle,
    /// Somebody calls.
    Ringing,
    /// The box is in a call.
    Call,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// This is what there is to see now.
    Phase(Phase),
    /// Where we are plugged in, and who we are; nothing while the cable leads nowhere.
    Address(Option<(PhysicalAddress, LogicalAddress)>),
    /// Somebody said something.
    Heard(Frame),
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Say this.
    Send(Frame),
    /// Somebody pressed a key.
    Do(Command),
}

/// What is known of the television.
#[derive(Debug, Default)]
pub(super) struct Television {
    me: Option<(PhysicalAddress, LogicalAddress)>,
    /// What there was to see last; nothing before the first time, which wakes nobody: the daemon was started, perhaps at night.
    phase: Option<Phase>,
    /// What it shows, as far as it was said.
    shows: Option<PhysicalAddress>,
    /// It was asked whether it is on; until when it may answer.
    asked: Option<Instant>,
    /// It did not answer in time; until when its answer still tells whether it had slept.
    late: Option<Instant>,
    /// It was woken while the cable led nowhere; until when that may change.
    knocked: Option<Instant>,
    /// When it is said once more what is to be seen.
    again: Option<Instant>,
    /// It said that it sleeps, or was sent to sleep, and nothing has been heard since that would be said of one that is on.
    asleep: bool,
    /// When it is asked whether it still does.
    still: Option<Instant>,
    /// It slept, was woken by us, and nobody has used it since.
    woken: bool,
    /// When it is sent to sleep.
    sleep: Option<Instant>,
    /// The key that is held, and until when it counts as held.
    held: Option<(u8, Instant)>,
}

impl Television {
    /// Takes what happened; answers what is to be done, in order.
    pub(super) fn on(&mut self, input: Input, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Phase(phase) => self.phase(phase, now, &mut effects),
            Input::Address(me) => self.address(me, now, &mut effects),
            Input::Heard(frame) => self.heard(&frame, now, &mut effects),
            Input::Tick => {}
        }
        self.tick(now, &mut effects);
        self.still = match self.asleep && self.me.is_some() && self.phase > Some(Phase::Idle) {
            true => self.still.or(Some(now + STILL)),
            false => None,
        };
        effects
    }

    /// Whether it is known to sleep.
    pub(super) fn sleeps(&self) -> bool {
        self.asleep
    }

    /// When time alone changes something.
    pub(super) fn due(&self) -> Option<Instant> {
        [self.asked, self.knocked, self.again, self.sleep, self.still].into_iter().flatten().min()
    }

    fn say(&self, to: LogicalAddress, what: What) -> Effect {
        // Without an address of our own the kernel lets the television alone be spoken to, as nobody.
        let from = self.me.map_or(LogicalAddress::EVERYBODY, |(_, logical)| logical);
        Effect::Send(Frame { from, to, what })
    }

    fn to_television(&self, what: What) -> Effect {
        self.say(LogicalAddress::TELEVISION, what)
    }

    fn shows_us(&self) -> bool {
        self.me.is_some_and(|(plugged, _)| self.shows == Some(plugged))
    }

    /// Only a call that begins to ring, or is answered, wakes: never what the television says, also not in answer to that.
    fn phase(&mut self, phase: Phase, now: Instant, effects: &mut Vec<Effect>) {
        let before = self.phase.replace(phase);
        match before {
            Some(before) if phase > before => self.wanted(now, effects),
            Some(Phase::Ringing | Phase::Call) if phase == Phase::Idle => {
                (self.asked, self.late, self.knocked, self.again) = (None, None, None, None);
                self.sleep = self.woken.then(|| now + SLEEP);
            }
            _ => {}
        }
    }

    fn wanted(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.sleep = None;
        if self.shows_us() || self.asked.is_some() {
            return;
        }
        if self.me.is_none() {
            effects.push(self.to_television(What::ImageViewOn));
            self.knocked = Some(now + WAKES);
            return;
        }
        effects.push(self.to_television(What::GivePowerStatus));
        self.asked = Some(now + ANSWER);
    }

    /// Has the television show us. `slept`: it is known to have slept.
    fn show(&mut self, slept: bool, now: Instant, effects: &mut Vec<Effect>) {
        let Some((plugged, _)) = self.me else { return };
        (self.asked, self.knocked) = (None, None);
        self.woken |= slept;
        self.again = slept.then(|| now + AGAIN);
        self.shows = Some(plugged);
        self.asleep = false;
        effects.push(self.to_television(What::ImageViewOn));
        effects.push(self.say(LogicalAddress::EVERYBODY, What::ActiveSource(plugged)));
    }

    fn address(&mut self, me: Option<(PhysicalAddress, LogicalAddress)>, now: Instant, effects: &mut Vec<Effect>) {
        self.me = me;
        self.held = None;
        if me.is_none() {
            self.shows = None;
            self.asked = None;
            // It may be another one when the cable leads somewhere again.
            self.asleep = false;
        } else if self.knocked.is_some() {
            self.show(true, now, effects);
        }
    }

    /// Somebody uses it, or has switched it off: it is theirs.
    fn used(&mut self) {
        (self.woken, self.late, self.sleep, self.again) = (false, None, None, None);
    }

    /// This is what it shows now.
    fn shown(&mut self, at: PhysicalAddress) {
        self.shows = Some(at);
        self.asleep = false;
        if !self.shows_us() {
            self.used();
        }
    }

    fn heard(&mut self, frame: &Frame, now: Instant, effects: &mut Vec<Effect>) {
        let television = frame.from == LogicalAddress::TELEVISION;
        if let (true, What::ReportPowerStatus(power)) = (television, &frame.what) {
            self.asleep = matches!(power, Power::Standby | Power::ToStandby);
        }
        match frame.what {
            What::ReportPowerStatus(power) if television && self.asked.is_some() => {
                self.show(matches!(power, Power::Standby | Power::ToStandby), now, effects);
            }
            What::ReportPowerStatus(power) if television && self.late.is_some_and(|late| now < late) => {
                self.late = None;
                self.woken |= power != Power::On;
                // It has been woken meanwhile.
                self.asleep = false;
            }
            What::Standby if television => {
                self.asleep = true;
                self.shows = None;
                self.asked = None;
                self.used();
            }
            What::ActiveSource(at) | What::RoutingChange(_, at) => self.shown(at),
            What::SetStreamPath(at) => {
                self.shown(at);
                if self.shows_us() {
                    effects.push(self.say(LogicalAddress::EVERYBODY, What::ActiveSource(at)));
                }
            }
            What::RequestActiveSource => {
                if let (true, Some((plugged, _))) = (self.shows_us(), self.me) {
                    effects.push(self.say(LogicalAddress::EVERYBODY, What::ActiveSource(plugged)));
                }
            }
            What::GivePowerStatus => effects.push(self.say(frame.from, What::ReportPowerStatus(Power::On))),
            // Televisions pass keys on only to whoever says that a menu is open.
            What::MenuRequest => effects.push(self.say(frame.from, What::MenuStatus { takes_keys: true })),
            What::KeyPressed(key) => self.pressed(key, now, effects),
            What::KeyReleased => self.held = None,
            What::Other(code) if frame.to != LogicalAddress::EVERYBODY => {
                effects.push(self.say(frame.from, What::FeatureAbort { code, reason: UNKNOWN }));
            }
            _ => {}
        }
    }

    fn pressed(&mut self, key: u8, now: Instant, effects: &mut Vec<Effect>) {
        self.asleep = false;
        let repeated = self.held.is_some_and(|(held, until)| held == key && now < until);
        self.held = Some((key, now + HELD));
        match command(key) {
            Some(command) if repeated && !command.repeats() => {}
            Some(command) => effects.push(Effect::Do(command)),
            // Whoever moves about in menus wants something else of it than the call.
            None => self.used(),
        }
    }

    fn tick(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let over = |moment: Option<Instant>| moment.is_some_and(|moment| moment <= now);
        if over(self.asked) {
            // Whether it slept is not known: then it is not sent to sleep either.
            self.show(false, now, effects);
            self.late = Some(now + AGAIN);
        }
        if over(self.still) {
            self.still = None;
            effects.push(self.to_television(What::GivePowerStatus));
        }
        if over(self.knocked) {
            self.knocked = None;
        }
        if over(self.again) {
            self.again = None;
            if let (true, Some((plugged, _))) = (self.shows_us(), self.me) {
                effects.push(self.say(LogicalAddress::EVERYBODY, What::ActiveSource(plugged)));
            }
        }
        if over(self.sleep) {
            self.sleep = None;
            if std::mem::take(&mut self.woken) {
                self.shows = None;
                self.asleep = true;
                effects.push(self.to_television(What::Standby));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: u16 = 0x1000;
    const OTHER: u16 = 0x2000;

    fn at(bits: u16) -> PhysicalAddress {
        PhysicalAddress::new(bits).expect("it is one")
    }

    fn me() -> Input {
        Input::Address(Some((at(OURS), LogicalAddress::new(4).expect("it is one"))))
    }

    fn from_television(what: What) -> Input {
        Input::Heard(Frame { from: LogicalAddress::TELEVISION, to: LogicalAddress::new(4).expect("it is one"), what })
    }

    fn key(key: u8) -> Input {
        from_television(What::KeyPressed(key))
    }

    /// A television, and what it was told: without who said it.
    struct Room {
        television: Television,
        now: Instant,
    }

    impl Room {
        /// The box is plugged in, and there is no call.
        fn quiet() -> Self {
            let mut room = Self { television: Television::default(), now: Instant::now() };
            assert_eq!(room.on(me()), []);
            assert_eq!(room.on(Input::Phase(Phase::Idle)), []);
            room
        }

        fn on(&mut self, input: Input) -> Vec<What> {
            self.all(input)
                .into_iter()
                .filter_map(|effect| match effect {
                    Effect::Send(frame) => Some(frame.what),
                    Effect::Do(_) => None,
                })
                .collect()
        }

        fn all(&mut self, input: Input) -> Vec<Effect> {
            self.television.on(input, self.now)
        }

        /// Goes on by the moments at which something is due, up to so many seconds.
        fn wait(&mut self, seconds: u64) -> Vec<What> {
            let end = self.now + Duration::from_secs(seconds);
            let mut said = Vec::new();
            while let Some(due) = self.television.due().filter(|due| *due <= end) {
                self.now = due;
                said.extend(self.on(Input::Tick));
            }
            self.now = end;
            said
        }

        /// A call rings, and the television says this when it is asked.
        fn rings(&mut self, power: Power) -> Vec<What> {
            assert_eq!(self.on(Input::Phase(Phase::Ringing)), [What::GivePowerStatus]);
            self.on(from_television(What::ReportPowerStatus(power)))
        }
    }

    fn shows() -> [What; 2] {
        [What::ImageViewOn, What::ActiveSource(at(OURS))]
    }

    #[test]
    fn a_television_that_sleeps_is_woken_by_a_call_and_sleeps_again_after_it() {
        let mut room = Room::quiet();
        assert_eq!(room.rings(Power::Standby), shows());
        assert_eq!(room.wait(30), [What::ActiveSource(at(OURS))], "once more, for it hears little while it wakes");
        assert_eq!(room.on(Input::Phase(Phase::Call)), [], "it shows us already");
        assert_eq!(room.on(Input::Phase(Phase::Idle)), []);
        assert_eq!(room.wait(9), []);
        assert_eq!(room.wait(1), [What::Standby]);
        assert_eq!(room.wait(600), []);
    }

    #[test]
    fn one_that_was_on_shows_the_call_and_stays_on() {
        let mut room = Room::quiet();
        assert_eq!(room.rings(Power::On), shows());
        room.on(Input::Phase(Phase::Idle));
        assert_eq!(room.wait(600), []);
    }

    #[test]
    fn one_that_says_nothing_is_woken_and_never_sent_to_sleep() {
        let mut room = Room::quiet();
        assert_eq!(room.on(Input::Phase(Phase::Call)), [What::GivePowerStatus]);
        assert_eq!(room.wait(60), shows());
        room.on(Input::Phase(Phase::Idle));
        assert_eq!(room.wait(600), []);
    }

    #[test]
    fn one_that_says_late_that_it_slept_sleeps_again_after_the_call() {
        for (power, late, sleeps) in
            [(Power::Standby, 1, true), (Power::ToOn, 3, true), (Power::On, 1, false), (Power::Standby, 6, false)]
        {
            let mut room = Room::quiet();
            assert_eq!(room.on(Input::Phase(Phase::Call)), [What::GivePowerStatus]);
            assert_eq!(room.wait(1), shows(), "it is not waited for for longer");
            room.wait(late);
            assert_eq!(room.on(from_television(What::ReportPowerStatus(power))), [], "it shows us already");
            room.on(Input::Phase(Phase::Idle));
            assert_eq!(room.wait(600).contains(&What::Standby), sleeps, "{power:?} {late} s later");
        }
    }

    #[test]
    fn one_that_sleeps_is_known_to_until_something_shows_that_it_does_not() {
        let mut room = Room::quiet();
        assert!(!room.television.sleeps(), "nothing is known");
        room.rings(Power::Standby);
        assert!(!room.television.sleeps(), "it was woken");
        room.on(Input::Phase(Phase::Call));
        room.on(from_television(What::Standby));
        assert!(room.television.sleeps(), "somebody switched it off during the call");
        assert_eq!(room.wait(5), [What::GivePowerStatus], "not all say that they were switched on");
        room.on(from_television(What::ReportPowerStatus(Power::Standby)));
        assert!(room.television.sleeps());
        assert_eq!(room.wait(10), [What::GivePowerStatus, What::GivePowerStatus]);
        room.on(from_television(What::ReportPowerStatus(Power::ToOn)));
        assert!(!room.television.sleeps());
        assert_eq!(room.wait(60), []);
        for shows in [
            from_television(What::SetStreamPath(at(OURS))),
            from_television(What::ActiveSource(at(OTHER))),
            key(0x43),
            Input::Address(None),
        ] {
            room.on(me());
            room.on(from_television(What::Standby));
            assert!(room.television.sleeps());
            room.on(shows.clone());
            assert!(!room.television.sleeps(), "{shows:?}");
        }
        let mut room = Room::quiet();
        room.rings(Power::Standby);
        room.on(Input::Phase(Phase::Idle));
        room.wait(10);
        assert!(room.television.sleeps(), "it was sent to sleep");
        assert_eq!(room.wait(600), [], "without a call it matters to nobody");
        room.rings(Power::Standby);
        assert!(!room.television.sleeps());
    }

    #[test]
    fn nothing_the_television_does_by_itself_has_it_woken() {
        let mut room = Room::quiet();
        for input in [
            from_television(What::ReportPowerStatus(Power::ToOn)),
            from_television(What::Standby),
            from_television(What::RequestActiveSource),
            Input::Address(None),
            me(),
            from_television(What::ActiveSource(at(0))),
        ] {
            assert_eq!(room.on(input.clone()), [], "{input:?}");
        }
        assert_eq!(room.on(from_television(What::SetStreamPath(at(OURS)))), [What::ActiveSource(at(OURS))], "it asked");
        assert_eq!(room.on(Input::Phase(Phase::Call)), [], "who chose us before they joined sees us");
        assert_eq!(room.wait(600), []);
    }

    #[test]
    fn what_was_already_so_when_the_daemon_started_wakes_nobody() {
        let mut room = Room { television: Television::default(), now: Instant::now() };
        room.on(me());
        assert_eq!(room.on(Input::Phase(Phase::Call)), []);
        assert_eq!(room.wait(600), []);
    }

    #[test]
    fn whoever_uses_the_television_since_keeps_it_on() {
        for used in [
            from_television(What::ActiveSource(at(OTHER))),
            from_television(What::RoutingChange(at(OURS), at(OTHER))),
            from_television(What::SetStreamPath(at(OTHER))),
            from_television(What::Standby),
            key(0x01),
        ] {
            let mut room = Room::quiet();
            room.rings(Power::Standby);
            assert_eq!(room.on(used.clone()), [], "{used:?}");
            room.on(Input::Phase(Phase::Idle));
            assert_eq!(room.wait(600), [], "{used:?}");
            // Also after the call, while it waits to be sent to sleep.
            let mut room = Room::quiet();
            room.rings(Power::Standby);
            room.on(Input::Phase(Phase::Idle));
            assert_eq!(room.on(used.clone()), [], "{used:?}");
            assert_eq!(room.wait(600), [], "{used:?}");
        }
    }

    #[test]
    fn the_next_call_within_a_moment_finds_the_television_as_it_was() {
        let mut room = Room::quiet();
        room.rings(Power::Standby);
        room.wait(20);
        room.on(Input::Phase(Phase::Idle));
        room.wait(5);
        assert_eq!(room.on(Input::Phase(Phase::Ringing)), []);
        assert_eq!(room.wait(60), [], "nobody sends it to sleep during the call");
        room.on(Input::Phase(Phase::Idle));
        assert_eq!(room.wait(60), [What::Standby], "it was still woken by us");
    }

    #[test]
    fn who_looks_at_something_else_while_it_rings_is_brought_back_by_the_answer() {
        let mut room = Room::quiet();
        room.rings(Power::On);
        room.on(from_television(What::ActiveSource(at(OTHER))));
        assert_eq!(room.on(Input::Phase(Phase::Call)), [What::GivePowerStatus]);
        assert_eq!(room.on(from_television(What::ReportPowerStatus(Power::On))), shows());
    }

    #[test]
    fn one_whose_cable_leads_nowhere_while_it_sleeps_is_woken_and_shown_to_when_it_is_there() {
        let mut room = Room::quiet();
        room.on(Input::Address(None));
        let knock = room.all(Input::Phase(Phase::Ringing));
        let Some(Effect::Send(frame)) = knock.first() else { panic!("{knock:?}") };
        assert_eq!((frame.from, &frame.what), (LogicalAddress::EVERYBODY, &What::ImageViewOn));
        room.wait(8);
        assert_eq!(room.on(me()), shows());
        room.on(Input::Phase(Phase::Idle));
        assert_eq!(room.wait(60), [What::Standby]);
        // One that comes much later was switched on by somebody.
        let mut room = Room::quiet();
        room.on(Input::Address(None));
        room.on(Input::Phase(Phase::Ringing));
        room.wait(21);
        assert_eq!(room.on(me()), []);
    }

    #[test]
    fn a_key_counts_once_however_long_it_is_held() {
        let mut room = Room::quiet();
        let mut pressed = |input, millis| {
            room.now += Duration::from_millis(millis);
            room.all(input)
        };
        assert_eq!(pressed(key(0x43), 0), [Effect::Do(Command::Mute)]);
        assert_eq!(pressed(key(0x43), 400), []);
        assert_eq!(pressed(key(0x43), 400), []);
        assert_eq!(pressed(from_television(What::KeyReleased), 100), []);
        assert_eq!(pressed(key(0x43), 50), [Effect::Do(Command::Mute)]);
        assert_eq!(pressed(key(0x72), 50), [Effect::Do(Command::HangUp)], "another key is another press");
        assert_eq!(pressed(key(0x72), 2_000), [Effect::Do(Command::HangUp)], "its release was lost");
    }

    #[test]
    fn questions_are_answered_and_what_is_unknown_is_refused_unless_everybody_was_told() {
        let mut room = Room::quiet();
        for (asked, answer) in [
            (What::GivePowerStatus, vec![What::ReportPowerStatus(Power::On)]),
            (What::MenuRequest, vec![What::MenuStatus { takes_keys: true }]),
            (What::Other(0x9a), vec![What::FeatureAbort { code: 0x9a, reason: 0 }]),
            (What::FeatureAbort { code: 0x8f, reason: 0 }, vec![]),
        ] {
            assert_eq!(room.on(from_television(asked.clone())), answer, "{asked:?}");
        }
        let everybody =
            Frame { from: LogicalAddress::TELEVISION, to: LogicalAddress::EVERYBODY, what: What::Other(0x32) };
        assert_eq!(room.on(Input::Heard(everybody)), []);
    }
}
