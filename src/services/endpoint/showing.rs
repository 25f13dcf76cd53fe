//! What the box's screen shows.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::drivers::store;
use crate::model::id::{ParticipantId, PublicationId};
use crate::proto::screens::{Idle, Notice, Screen, Sign};
use crate::services::room::{OnAir, Participant, ParticipantKind, Room};
use crate::services::telephone::{Call, Outcome};

/// The setting in the store.
const LAYOUT: &str = "screen.layout";

/// How the box's screen shows a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ScreenLayout"))]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Who speaks has most of it, as long as nobody shares a screen; else everybody has the same.
    pub speaker: bool,
    /// The box's own picture is in a corner.
    pub own: bool,
}

/// The box's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BoxScreen {
    /// There is one.
    pub there: bool,
    /// The television is known to sleep: nothing is made for it.
    pub asleep: bool,
    /// How it shows calls.
    pub layout: Layout,
}

impl Default for Layout {
    fn default() -> Self {
        Self { speaker: false, own: true }
    }
}

impl Layout {
    /// The one after it, and in the end the first.
    pub(super) fn next(self) -> Self {
        match self {
            Self { speaker: false, own: true } => Self { speaker: true, own: true },
            Self { speaker: true, own: true } => Self { speaker: true, own: false },
            Self { speaker: true, own: false } => Self { speaker: false, own: false },
            Self { speaker: false, own: false } => Self { speaker: false, own: true },
        }
    }
}

/// Takes up what was chosen before the daemon was started, and keeps what is chosen from then on.
pub(super) async fn keep(layout: watch::Sender<Layout>, store: store::Handle) {
    let mut follow = layout.subscribe();
    let stored = store.setting(LAYOUT).await.ok().flatten();
    // What is no layout is as if nothing had been chosen; what was chosen meanwhile is newer.
    if let Some(stored) = stored.and_then(|text| serde_json::from_str(&text).ok())
        && !follow.has_changed().unwrap_or(true)
    {
        layout.send_replace(stored);
        follow.mark_unchanged();
    }
    while follow.changed().await.is_ok() {
        let now = *follow.borrow_and_update();
        let Ok(text) = serde_json::to_string(&now) else { continue };
        if let Err(error) = store.set_setting(LAYOUT, text).await {
            tracing::warn!(%error, "how the screen shows calls is not kept");
        }
    }
}

/// Who has most of the screen now, after who had it before: whoever speaks, and they until somebody else does.
pub(super) fn front(room: &Room, layout: Layout, before: Option<PublicationId>) -> Option<PublicationId> {
    let persons = || room.participants.iter().filter(|p| p.kind == ParticipantKind::Person);
    if !layout.speaker {
        return None;
    }
    let speaks = persons().find(|p| Some(p.id) == room.speaker).map(|p| p.publication);
    let still = || before.filter(|before| persons().any(|p| p.publication == *before));
    // Before anybody has spoken it is whoever came first.
    speaks.or_else(still).or_else(|| persons().next().map(|p| p.publication))
}

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shows {
    /// A drawing.
    Screen(Screen),
    /// The call's picture with these signs over it.
    Call(Vec<Sign>),
}

/// What matters for that.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Now {
    /// The code that ends privacy mode.
    pub(super) code: Option<String>,
    /// Who rings, and in how many seconds it is answered by itself.
    pub(super) ringing: Option<(String, Option<u32>)>,
    /// What somebody outside of the room wants.
    pub(super) notice: Option<Notice>,
    /// The signs of the call that the box is in.
    pub(super) call: Option<Vec<Sign>>,
    /// What is said otherwise.
    pub(super) idle: Idle,
    /// For how long that has been so.
    pub(super) idle_for: Duration,
    /// After how long of it the screen is black; zero for never.
    pub(super) blank_after: Duration,
}

/// The code comes first, for whoever reads it is at the box; then what is going to be opened, which lies over a call; then whoever rings, the
/// call, and a message.
pub(super) fn shows(now: Now) -> Shows {
    let Now { code, ringing, notice, call, idle, idle_for, blank_after } = now;
    if let Some(code) = code {
        return Shows::Screen(Screen::Code(code));
    }
    let opens = matches!(notice, Some(Notice::Opening(..)));
    if let Some((name, answers)) = ringing.filter(|_| !opens) {
        return Shows::Screen(Screen::Ringing { name, answers, private: idle.private });
    }
    if let Some(signs) = call {
        return Shows::Call(notice.map(Sign::Notice).into_iter().chain(signs).collect());
    }
    if let Some(notice) = notice {
        return Shows::Screen(Screen::Notice(notice));
    }
    let blank = blank_after > Duration::ZERO && idle_for >= blank_after;
    Shows::Screen(if blank { Screen::Blank } else { Screen::Idle(idle) })
}

/// The box in a room, and the signs that lie over the picture there.
pub(super) fn signs(room: &Room) -> Option<(ParticipantId, Vec<Sign>)> {
    let me: &Participant = room.participants.iter().find(|p| p.kind == ParticipantKind::Box)?;
    let recorded = room.live.as_ref().and_then(|live| live.recording).is_some_and(|recording| recording.agreed);
    let has = |sign: &Sign| match sign {
        Sign::OnAir => room.live.is_some(),
        Sign::Recorded => recorded && me.separately != OnAir::Yes,
        Sign::Separately => recorded && me.separately == OnAir::Yes,
        Sign::Private => me.private,
        Sign::Muted => me.audio && !me.microphone && !me.private,
        Sign::CameraOff => me.video && !me.camera && !me.private,
        // Say those who know of it.
        Sign::Volume(_) | Sign::Notice(_) => false,
    };
    Some((me.id, Sign::ALL.into_iter().filter(has).collect()))
}

/// How many calls nobody took since somebody last answered or declined one.
pub(super) fn missed(calls: &[Call]) -> usize {
    let taken = |call: &&Call| !matches!(call.outcome, Outcome::Answered | Outcome::Declined);
    let missed = |call: &&Call| matches!(call.outcome, Outcome::Missed | Outcome::NotDisturbed | Outcome::Busy);
    calls.iter().rev().take_while(taken).filter(missed).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{GrantId, RoomId};
    use crate::model::opening::Opening;
    use crate::proto::auth::Name;
    use crate::services::room::testing::{participant, room};

    #[test]
    fn in_front_is_whoever_spoke_last_and_never_the_box_itself() {
        let call = |persons: &[u8], speaker: Option<u8>| {
            let persons = persons.iter().map(|number| participant(*number, ParticipantKind::Person));
            let all = [participant(9, ParticipantKind::Box)].into_iter().chain(persons).collect();
            Room { speaker: speaker.map(|number| ParticipantId::from_bytes([number; 10])), ..room(all) }
        };
        let of = |number: u8| Some(PublicationId::from_bytes([number; 10]));
        let layout = Layout { speaker: true, own: true };
        for (persons, speaker, before, expected) in [
            (&[][..], None, None, None),
            (&[1, 2], None, None, of(1)),
            (&[1, 2], Some(2), of(1), of(2)),
            (&[1, 2], None, of(2), of(2)),
            (&[1, 2], Some(9), of(2), of(2)),
            (&[1], Some(9), of(2), of(1)),
        ] {
            assert_eq!(front(&call(persons, speaker), layout, before), expected, "{persons:?} {speaker:?} {before:?}");
        }
        assert_eq!(front(&call(&[1, 2], Some(2)), Layout::default(), of(1)), None, "everybody is shown alike");
    }

    #[test]
    fn what_somebody_in_front_of_the_screen_needs_comes_first() {
        let idle = Idle { clock: "18:42".into(), private: true, ..Idle::default() };
        let mut now = Now { idle: idle.clone(), blank_after: Duration::from_secs(600), ..Now::default() };
        assert_eq!(shows(now.clone()), Shows::Screen(Screen::Idle(idle)));
        now.idle_for = Duration::from_secs(600);
        assert_eq!(shows(now.clone()), Shows::Screen(Screen::Blank));
        let always = Now { blank_after: Duration::ZERO, ..now.clone() };
        assert!(matches!(shows(always), Shows::Screen(Screen::Idle(_))));
        now.call = Some(vec![Sign::OnAir]);
        assert_eq!(shows(now.clone()), Shows::Call(vec![Sign::OnAir]));
        let says = Notice::Message("Dinner".into());
        now.notice = Some(says.clone());
        assert_eq!(shows(now.clone()), Shows::Call(vec![Sign::Notice(says), Sign::OnAir]));
        now.ringing = Some(("Ada".into(), Some(9)));
        let ringing = Screen::Ringing { name: "Ada".into(), answers: Some(9), private: true };
        assert_eq!(shows(now.clone()), Shows::Screen(ringing));
        let opens = Notice::Opening(Opening::Answer, 5);
        now.notice = Some(opens.clone());
        assert_eq!(shows(now.clone()), Shows::Call(vec![Sign::Notice(opens.clone()), Sign::OnAir]));
        now.call = None;
        assert_eq!(shows(now.clone()), Shows::Screen(Screen::Notice(opens)));
        now.code = Some("0042".into());
        assert_eq!(shows(now), Shows::Screen(Screen::Code("0042".into())));
    }

    #[test]
    fn every_layout_comes_and_then_the_first_again() {
        let mut layouts = vec![Layout::default()];
        for _ in 0..3 {
            layouts.push(layouts[layouts.len() - 1].next());
        }
        assert!((0..4).all(|n| layouts[..n].iter().all(|before| *before != layouts[n])), "{layouts:?}");
        assert_eq!(layouts[3].next(), Layout::default());
    }

    #[test]
    fn calls_count_as_missed_until_one_is_taken() {
        let call = |outcome| Call {
            name: Name::new("Ada").expect("a name"),
            contact: GrantId::from_bytes([1; 10]),
            room: RoomId::from_bytes([1; 10]),
            at: 0,
            outcome,
        };
        use Outcome::{Answered, Busy, Cancelled, Declined, Missed, NotDisturbed};
        for (outcomes, expected) in [
            (vec![], 0),
            (vec![Missed, NotDisturbed, Busy, Cancelled], 3),
            (vec![Missed, Answered], 0),
            (vec![Missed, Declined, Missed], 1),
        ] {
            let calls: Vec<Call> = outcomes.into_iter().map(call).collect();
            assert_eq!(missed(&calls), expected, "{calls:?}");
        }
    }
}
