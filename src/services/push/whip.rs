//! One run of one push by WHIP (RFC 9725): packets of what is on air to a server that the box calls, coded as they are.
//!
//! Nothing of it waits: the engine sends at once, and who receives asks again for what got lost.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::run::{LOOK, Outcome, Run, STALLED, begun};
use super::state::Code;
use crate::drivers::fetch::Failed as Way;
use crate::drivers::identity::random;
use crate::drivers::peer::client::{self, Caller, Names, Sign, State};
use crate::drivers::whip::{Endpoint, Failed, Session};
use crate::model::packet::Packet;
use crate::model::purpose::Purpose;
use crate::model::ring::{Next, Reader};
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::whip;
use crate::services::origin;

/// Keyframes are asked for at most so often, whatever the server wants.
const KEYFRAMES: Duration = Duration::from_millis(500);

impl From<Failed> for Code {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Way(Way::Name) => Self::NoName,
            Failed::Way(Way::Open) => Self::Open,
            Failed::Way(Way::Refused) => Self::Refused,
            Failed::Way(Way::Unreachable) => Self::Unreachable,
            Failed::Way(Way::Silent) => Self::NoAnswer,
            Failed::Way(Way::Certificate) => Self::Certificate,
            Failed::Way(Way::NotTls) => Self::NoTls,
            Failed::Path => Self::Path,
            Failed::Key => Self::Key,
            Failed::Offer => Self::Codec,
            Failed::Server => Self::Server,
            Failed::Way(Way::Odd) => Self::Other,
        }
    }
}

impl From<client::Error> for Code {
    fn from(error: client::Error) -> Self {
        match error {
            client::Error::NoNetwork => Self::Unreachable,
            client::Error::Answer => Self::Codec,
            client::Error::Engine(_) => Self::Other,
        }
    }
}

/// Sends until it fails, or nobody wants it any more; then says goodbye.
pub(super) async fn go(run: &mut Run, to: &Endpoint) -> Option<Code> {
    let stop = run.stop.clone();
    let opened = tokio::select! {
        () = stop.cancelled() => return None,
        opened = begun(|| Media::open(run)) => opened,
    };
    let mut media = match opened {
        Ok(media) => media,
        Err(error) => {
            tracing::debug!(%error, "there is nothing to send");
            return Some(Code::NoMedia);
        }
    };
    let made = tokio::select! {
        made = call(run, to) => made,
        () = stop.cancelled() => return None,
    };
    let (mut caller, session) = match made {
        Ok(made) => made,
        Err(code) => return Some(code),
    };
    let over = tokio::select! {
        over = media.pump(run, &mut caller) => Some(over),
        () = stop.cancelled() => None,
    };
    // Nothing leaves any more; the server is told by both ways.
    caller.close().await;
    session.delete().await;
    over
}

/// Offers, and takes the answer.
async fn call(run: &Run, to: &Endpoint) -> Result<(Caller, Session), Code> {
    let mut addresses = run.addresses.borrow().to_vec();
    // What is on this machine is called from its loopback.
    for at in to.addresses().await?.into_iter().filter(IpAddr::is_loopback) {
        let own: IpAddr = if at.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        addresses.extend((!addresses.contains(&own)).then_some(own));
    }
    let number = || u32::from_be_bytes(random::<4>());
    let names = Names { streams: [number(), number(), number()], first: [number(), number()] };
    let mut caller = Caller::new(&addresses, names).await?;
    let posted = to.post(caller.offer()).await;
    let session = match posted {
        Ok(session) => session,
        Err(failed) => {
            tracing::debug!(%failed, "there is no session");
            caller.close().await;
            return Err(failed.into());
        }
    };
    let taken = match whip::takes_program(&session.answer) {
        Ok(()) => caller.answer(session.answer.clone()).await.map_err(Code::from),
        Err(refused) => {
            tracing::debug!(%refused, "the answer can't be used");
            Err(Code::Codec)
        }
    };
    match taken {
        Ok(()) => Ok((caller, session)),
        Err(code) => {
            caller.close().await;
            session.delete().await;
            Err(code)
        }
    }
}

/// What is on air, packet by packet.
struct Media {
    video: Reader<Packet>,
    audio: Reader<Packet>,
    gate: Gate,
    /// When there was something to send last.
    came: Instant,
    /// When a keyframe was asked for last.
    asked: Option<Instant>,
}

impl Media {
    async fn open(run: &Run) -> Result<Self, origin::Error> {
        let video = run.origin.packets(run.publication, Kind::Video, Purpose::OnAir).await?;
        let audio = run.origin.packets(run.publication, Kind::Audio, Purpose::OnAir).await?;
        Ok(Self { video, audio, gate: Gate::default(), came: Instant::now(), asked: None })
    }

    async fn pump(&mut self, run: &mut Run, caller: &mut Caller) -> Code {
        self.gate.cut(*run.cuts.borrow_and_update());
        let (begun, mut flows, mut signs) = (Instant::now(), false, caller.signs());
        let mut silent: Option<Instant> = None;
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = tokio::select! {
                biased;
                sign = signs.next() => {
                    match sign {
                        Sign::Is(State::Gone) => return if flows { Code::Lost } else { Code::NoAnswer },
                        Sign::Is(state) => {
                            silent = (state == State::Silent).then(Instant::now);
                            if state == State::Connected && !flows {
                                flows = true;
                                run.tell(Outcome::Flows).await;
                                self.ask(true);
                            }
                        }
                        Sign::Keyframe => self.ask(false),
                    }
                    continue;
                }
                Ok(()) = run.cuts.changed() => {
                    self.gate.cut(*run.cuts.borrow_and_update());
                    self.ask(true);
                    continue;
                }
                _ = look.tick() => {
                    let now = Instant::now();
                    match () {
                        () if now.duration_since(self.came) >= STALLED => return Code::NoMedia,
                        () if !flows && now.duration_since(begun) >= STALLED => return Code::NoAnswer,
                        () if silent.is_some_and(|since| now.duration_since(since) >= STALLED) => return Code::Stalled,
                        () => continue,
                    }
                }
                next = self.video.next() => next,
                next = self.audio.next() => next,
            };
            match next {
                Next::Item(packet) => {
                    self.came = Instant::now();
                    // Before there is a connection everything is lost, and with it the keyframe that pictures begin with.
                    match self.gate.passes(&packet, flows) {
                        Passes::Yes => match caller.send(&packet).await {
                            Ok(bytes) => run.counters.bytes(bytes),
                            Err(error) => {
                                tracing::debug!(%error, "the connection has ended");
                                return Code::Lost;
                            }
                        },
                        Passes::NotBeforeKeyframe => {
                            run.counters.dropped(u64::from(packet.marker && self.gate.begun));
                            self.ask(false);
                        }
                        Passes::No => {}
                    }
                }
                // Of which of the two is seen by the next number.
                Next::Lagged(packets) => tracing::debug!(packets, "a push came too late"),
                Next::Closed | Next::Revoked => return Code::NoMedia,
            }
        }
    }

    /// Asks the program for a keyframe; `now` whatever was asked before.
    fn ask(&mut self, now: bool) {
        let at = Instant::now();
        if now || self.asked.is_none_or(|asked| at.duration_since(asked) >= KEYFRAMES) {
            self.asked = Some(at);
            self.video.request_keyframe();
        }
    }
}

/// What goes out: nothing that was captured before the cut, and pictures from a keyframe on without a hole. Pure.
#[derive(Debug, Default)]
struct Gate {
    cut: Option<MediaTime>,
    /// The last number of the pictures that went out; none while a keyframe is awaited.
    last: Option<u64>,
    /// Pictures went out at all.
    begun: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passes {
    Yes,
    No,
    NotBeforeKeyframe,
}

impl Gate {
    fn cut(&mut self, before: MediaTime) {
        (self.cut, self.last) = (Some(before), None);
    }

    fn passes(&mut self, packet: &Packet, connected: bool) -> Passes {
        if !connected || self.cut.is_some_and(|cut| packet.time < cut) {
            return Passes::No;
        }
        if packet.codec != Codec::H264 {
            return Passes::Yes;
        }
        let follows = self.last.is_some_and(|last| packet.seq == last + 1);
        if !follows && !packet.keyframe {
            self.last = None;
            return Passes::NotBeforeKeyframe;
        }
        (self.last, self.begun) = (Some(packet.seq), true);
        Passes::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layer::Layer;

    fn packet(codec: Codec, seq: u64, millis: i64, keyframe: bool) -> Packet {
        Packet {
            codec,
            layer: Layer::LOWEST,
            seq,
            rtp_time: 0,
            time: MediaTime::from_millis(millis),
            marker: true,
            keyframe,
            level: None,
            payload: [1][..].into(),
        }
    }

    #[test]
    fn pictures_begin_with_a_keyframe_after_a_hole_and_after_a_cut_and_sound_goes_on() {
        let mut gate = Gate::default();
        let picture = |seq, millis, keyframe| packet(Codec::H264, seq, millis, keyframe);
        assert_eq!(gate.passes(&picture(1, 0, true), false), Passes::No, "there is no connection yet");
        assert_eq!(gate.passes(&picture(2, 40, false), true), Passes::NotBeforeKeyframe);
        assert_eq!(gate.passes(&picture(3, 80, true), true), Passes::Yes);
        assert_eq!(gate.passes(&picture(4, 80, false), true), Passes::Yes);
        assert_eq!(gate.passes(&picture(6, 120, false), true), Passes::NotBeforeKeyframe, "one is missing");
        assert_eq!(gate.passes(&picture(7, 160, false), true), Passes::NotBeforeKeyframe);
        assert_eq!(gate.passes(&packet(Codec::Opus, 9, 160, true), true), Passes::Yes);
        assert_eq!(gate.passes(&picture(8, 200, true), true), Passes::Yes);
        gate.cut(MediaTime::from_millis(300));
        assert_eq!(gate.passes(&picture(9, 240, true), true), Passes::No);
        assert_eq!(gate.passes(&packet(Codec::Opus, 10, 240, true), true), Passes::No);
        assert_eq!(gate.passes(&picture(10, 320, false), true), Passes::NotBeforeKeyframe);
        assert_eq!(gate.passes(&picture(11, 360, true), true), Passes::Yes);
    }
}
