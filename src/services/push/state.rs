//! How one push is, and what has to be done about it. Pure: time and dice are handed in.

use std::time::Duration;

use serde::Serialize;

use crate::drivers::pipeline::Trouble;
use crate::model::time::MediaTime;

/// The first pause after a failure, and the longest. A service that does not take the key is asked again after the longest.
pub const FIRST: Duration = Duration::from_secs(1);
/// See [`FIRST`].
pub const LONGEST: Duration = Duration::from_secs(60);
/// Whoever was live for so long begins with the first pause again.
const HEALTHY: Duration = Duration::from_secs(60);

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PushCode"))]
pub enum Code {
    /// Nobody knows a server of this name.
    NoName,
    /// Nothing listens there.
    Refused,
    /// There is no way to the server.
    Unreachable,
    /// Nobody answers.
    NoAnswer,
    /// The server's certificate can't be trusted.
    Certificate,
    /// The server speaks no TLS there.
    NoTls,
    /// The server knows no such path.
    Path,
    /// The server does not take the key.
    Key,
    /// The server does not take pictures or sound as they are.
    Codec,
    /// The server fails, or has no room.
    Server,
    /// The key would leave the house unencrypted.
    Open,
    /// The server ended the connection.
    Lost,
    /// The server took nothing for a while.
    Stalled,
    /// There is nothing to send.
    NoMedia,
    /// The stored key can't be opened.
    NoKey,
    /// Something that GStreamer needs is not installed.
    Missing,
    /// Something else.
    Other,
}

impl Code {
    /// A sentence for people, with what to do next.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoName => {
                "Nobody knows a server of this name. Check the address, and whether the box has a way to the internet."
            }
            Self::Refused => "Nothing listens at this address. Check its port, and whether the server runs.",
            Self::Unreachable => "There is no way to this server. Check the box's network.",
            Self::NoAnswer => {
                "The server does not answer. Check the address; with SRT it may also refuse the stream id or the passphrase."
            }
            Self::Certificate => {
                "The server's certificate can't be trusted. Check the name in the address, and the clock of the box."
            }
            Self::NoTls => "The server speaks no TLS there. Check the port, or take rtmp:// instead.",
            Self::Path => "The server does not know what is behind its name in the address. Check that part.",
            Self::Key => "The server does not take this key, or somebody sends with it already. Enter the key anew.",
            Self::Codec => {
                "The server does not take this stream. It has to accept H.264 and Opus by WHIP; look into its settings."
            }
            Self::Server => "The server failed, or has no room. It is tried again; if that goes on, ask who runs it.",
            Self::Open => {
                "This server is not in the local network, and without encryption nothing is sent to it. Take https:// instead."
            }
            Self::Lost => "The server ended the connection. If that goes on, check the key and what the service says.",
            Self::Stalled => "The server took nothing for some seconds. The line may be too narrow for the picture.",
            Self::NoMedia => "There is nothing to send at the moment. It goes on by itself when there is.",
            Self::NoKey => "The stored key can't be read any more. Enter it anew.",
            Self::Missing => "A part of GStreamer is not installed on the box. Its log names it.",
            Self::Other => "It failed. The log of the box says more.",
        }
    }

    /// Whether it takes somebody to change something: it is tried again slowly.
    const fn needs_somebody(self) -> bool {
        matches!(self, Self::Key | Self::NoKey | Self::Missing | Self::Codec | Self::Open)
    }
}

impl From<Trouble> for Code {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Name => Self::NoName,
            Trouble::Refused => Self::Refused,
            Trouble::Unreachable => Self::Unreachable,
            Trouble::Silent => Self::NoAnswer,
            Trouble::Certificate => Self::Certificate,
            Trouble::NotTls => Self::NoTls,
            Trouble::Path => Self::Path,
            Trouble::Key => Self::Key,
            Trouble::Lost => Self::Lost,
            Trouble::Stalled => Self::Stalled,
            Trouble::Other => Self::Other,
        }
    }
}

/// How a push is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Nobody wants it.
    #[default]
    Off,
    /// Its broadcast is not on air.
    Waiting,
    /// A connection is made.
    Connecting,
    /// The service takes the stream.
    Live {
        /// Since when.
        since: MediaTime,
    },
    /// It failed and is tried again.
    Failed {
        /// Why.
        code: Code,
        /// When.
        again: MediaTime,
    },
}

impl State {
    /// What all of them are called.
    pub const NAMES: [&str; 5] = ["off", "waiting", "connecting", "live", "failed"];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        Self::NAMES[match self {
            Self::Off => 0,
            Self::Waiting => 1,
            Self::Connecting => 2,
            Self::Live { .. } => 3,
            Self::Failed { .. } => 4,
        }]
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// A run begins; one that there is ends.
    Start,
    /// The run ends.
    Stop,
}

/// One push.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine {
    state: State,
    /// The next pause; none before the first failure.
    pause: Option<Duration>,
    /// How often it was begun anew.
    restarts: u64,
    /// What went wrong last, and when.
    last: Option<(Code, MediaTime)>,
}

impl Machine {
    /// How it is.
    pub const fn state(&self) -> State {
        self.state
    }

    /// How often it was begun anew since it was wanted.
    pub const fn restarts(&self) -> u64 {
        self.restarts
    }

    /// What went wrong last, and when.
    pub const fn last(&self) -> Option<(Code, MediaTime)> {
        self.last
    }

    /// Somebody wants it or not, and its broadcast is on air or not.
    pub fn want(&mut self, enabled: bool, on_air: bool) -> Effect {
        let runs = matches!(self.state, State::Connecting | State::Live { .. });
        match (enabled && on_air, self.state) {
            (true, State::Off | State::Waiting) => {
                *self = Self { state: State::Connecting, ..Self::default() };
                Effect::Start
            }
            (true, _) => Effect::None,
            (false, _) => {
                self.state = if enabled { State::Waiting } else { State::Off };
                if runs { Effect::Stop } else { Effect::None }
            }
        }
    }

    /// Where it goes is another place now, or it is another stream: what runs begins anew, and what waits does so at once.
    pub fn renew(&mut self) -> Effect {
        match self.state {
            State::Off | State::Waiting => Effect::None,
            State::Connecting | State::Live { .. } | State::Failed { .. } => {
                self.state = State::Connecting;
                self.pause = None;
                self.restarts += 1;
                Effect::Start
            }
        }
    }

    /// The service takes the stream.
    pub fn flows(&mut self, now: MediaTime) {
        if self.state == State::Connecting {
            self.state = State::Live { since: now };
        }
    }

    /// The run ended by itself. `dice` is a random byte.
    pub fn ended(&mut self, code: Code, now: MediaTime, dice: u8) {
        let healthy = match self.state {
            State::Off | State::Waiting | State::Failed { .. } => return,
            State::Connecting => false,
            State::Live { since } => now >= since + HEALTHY,
        };
        let pause = self.pause.filter(|_| !healthy).unwrap_or(FIRST);
        self.pause = Some((pause * 2).min(LONGEST));
        let pause = if code.needs_somebody() { LONGEST } else { pause };
        // Shortened by up to a quarter, so that what failed together does not come back together.
        let again = now + pause.mul_f64(1.0 - f64::from(dice) / 1020.0);
        self.last = Some((code, now));
        self.state = State::Failed { code, again };
    }

    /// When something has to be done by itself.
    pub const fn due(&self) -> Option<MediaTime> {
        match self.state {
            State::Failed { again, .. } => Some(again),
            _ => None,
        }
    }

    /// Time has passed.
    pub fn pass(&mut self, now: MediaTime) -> Effect {
        match self.due() {
            Some(due) if due <= now => {
                self.state = State::Connecting;
                self.restarts += 1;
                Effect::Start
            }
            _ => Effect::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> MediaTime {
        MediaTime::from_millis(seconds * 1000)
    }

    fn connecting() -> Machine {
        let mut machine = Machine::default();
        assert_eq!(machine.want(true, true), Effect::Start);
        machine
    }

    #[test]
    fn it_runs_while_it_is_wanted_and_its_broadcast_is_on_air() {
        let mut machine = Machine::default();
        for (enabled, on_air, effect, state) in [
            (false, false, Effect::None, State::Off),
            (true, false, Effect::None, State::Waiting),
            (false, true, Effect::None, State::Off),
            (true, true, Effect::Start, State::Connecting),
            (true, true, Effect::None, State::Connecting),
            (true, false, Effect::Stop, State::Waiting),
            (true, true, Effect::Start, State::Connecting),
            (false, true, Effect::Stop, State::Off),
        ] {
            assert_eq!(machine.want(enabled, on_air), effect);
            assert_eq!(machine.state(), state);
        }
    }

    #[test]
    fn pauses_double_to_a_minute_and_begin_anew_after_a_healthy_time() {
        let (mut machine, mut now, mut pauses) = (connecting(), at(0), Vec::new());
        for _ in 0..8 {
            machine.ended(Code::Refused, now, 0);
            let again = machine.due().expect("it is tried again");
            pauses.push(again.since(now) / 1_000_000_000);
            assert_eq!(machine.pass(again.plus_nanos(-1)), Effect::None);
            now = again;
            assert_eq!(machine.pass(now), Effect::Start);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(machine.restarts(), 8);
        machine.flows(now);
        machine.ended(Code::Lost, now + Duration::from_secs(59), 0);
        assert_eq!(machine.due().map(|due| due.since(now)), Some(119_000_000_000), "it was live too shortly");
        machine.pass(now + LONGEST * 2);
        machine.flows(now);
        machine.ended(Code::Lost, now + HEALTHY, 0);
        assert_eq!(machine.due(), Some(now + HEALTHY + FIRST));
    }

    #[test]
    fn dice_shorten_a_pause_by_a_quarter_at_most() {
        let mut machine = connecting();
        machine.ended(Code::Lost, at(0), 255);
        assert_eq!(machine.due(), Some(MediaTime::from_millis(750)));
    }

    #[test]
    fn a_key_that_is_refused_is_tried_again_slowly_and_at_once_when_it_is_another() {
        let mut machine = connecting();
        machine.ended(Code::Key, at(0), 0);
        assert_eq!(machine.state(), State::Failed { code: Code::Key, again: at(60) });
        assert_eq!(machine.renew(), Effect::Start);
        assert_eq!((machine.state(), machine.due()), (State::Connecting, None));
        assert_eq!(machine.last(), Some((Code::Key, at(0))));
        machine.ended(Code::Refused, at(5), 0);
        assert_eq!(machine.due(), Some(at(6)), "the pauses begin anew");
    }

    #[test]
    fn live_is_told_since_when_and_what_ends_late_changes_nothing() {
        let mut machine = connecting();
        machine.flows(at(3));
        machine.flows(at(9));
        assert_eq!(machine.state(), State::Live { since: at(3) });
        assert_eq!(machine.want(false, true), Effect::Stop);
        machine.ended(Code::Lost, at(10), 0);
        machine.flows(at(10));
        assert_eq!(machine.state(), State::Off);
        assert_eq!(machine.renew(), Effect::None);
    }

    #[test]
    fn every_failure_has_a_sentence_with_the_next_step() {
        let all = [
            Code::NoName,
            Code::Refused,
            Code::Unreachable,
            Code::NoAnswer,
            Code::Certificate,
            Code::NoTls,
            Code::Path,
            Code::Key,
            Code::Codec,
            Code::Server,
            Code::Open,
            Code::Lost,
            Code::Stalled,
            Code::NoMedia,
            Code::NoKey,
            Code::Missing,
            Code::Other,
        ];
        for code in all {
            let (what, next) = code.text().split_once(". ").expect("two sentences");
            assert!(!what.is_empty() && next.ends_with('.'), "{code:?}");
        }
    }
}
