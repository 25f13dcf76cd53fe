//! What the owner has adjusted on one camera, and how it is brought to the device. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Error;
use crate::drivers::device::controls::{Control, Kind};
use crate::proto::auth::Name;
use crate::proto::layout::aim::Aim;

/// Presets that one camera has at most.
pub const PRESETS: usize = 8;

/// A part of the picture with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "CameraPreset"))]
pub struct Preset {
    /// What people call it.
    pub name: Name,
    /// Which part.
    pub aim: Aim,
}

/// What controls belong to, for whoever shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ControlGroup"))]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// How bright, how long, and the flicker of lamps.
    Exposure,
    /// How sharp.
    Focus,
    /// What is white.
    WhiteBalance,
    /// Colours and the like.
    Picture,
    /// Pan, tilt and zoom of the camera itself.
    Motion,
    /// What only this camera has.
    Other,
}

/// What kind of control it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ControlKind"))]
#[serde(rename_all = "kebab-case")]
pub enum KnobKind {
    /// A number in `range`.
    Integer,
    /// Off (0) or on (1).
    Boolean,
    /// One of `options`.
    Menu,
}

/// What a number may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ControlRange"))]
pub struct Range {
    /// The least.
    pub min: i64,
    /// The most.
    pub max: i64,
    /// From one to the next.
    pub step: i64,
}

/// One entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ControlOption"))]
pub struct Item {
    /// What it is set by.
    pub value: i64,
    /// What the camera's driver calls it.
    pub name: String,
}

/// One control of the camera, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "CameraControl"))]
pub struct Knob {
    /// The kernel's number of it (V4L2_CID_…).
    pub id: u32,
    /// Our word for it, where it is one that many cameras have.
    pub word: Option<&'static str>,
    /// What the camera's driver calls it.
    pub name: String,
    /// What it belongs to.
    pub group: Group,
    /// What kind of control it is.
    pub kind: KnobKind,
    /// What a number may be; null for the other kinds.
    pub range: Option<Range>,
    /// The entries of a menu; empty for the other kinds.
    pub options: Vec<Item>,
    /// What it is set to now.
    pub value: i64,
    /// What it is set to in a fresh camera.
    pub default: i64,
    /// The camera sets it itself at the moment: it can't be set before that is turned off.
    pub inactive: bool,
    /// The owner has chosen a value, which is set again whenever the camera is opened.
    pub chosen: bool,
}

/// Controls that many cameras have: V4L2_CID_BASE is 0x00980900, V4L2_CID_CAMERA_CLASS_BASE is 0x009a0900 (v4l2-controls.h).
const KNOWN: [(u32, &str, Group); 25] = [
    (0x009a_0901, "exposure-auto", Group::Exposure),
    (0x009a_0902, "exposure", Group::Exposure),
    (0x009a_0903, "exposure-priority", Group::Exposure),
    (0x0098_0912, "gain-auto", Group::Exposure),
    (0x0098_0913, "gain", Group::Exposure),
    (0x0098_091c, "backlight", Group::Exposure),
    (0x0098_0918, "power-line", Group::Exposure),
    (0x009a_090c, "focus-auto", Group::Focus),
    (0x009a_090a, "focus", Group::Focus),
    (0x0098_090c, "white-balance-auto", Group::WhiteBalance),
    (0x0098_091a, "white-balance", Group::WhiteBalance),
    (0x0098_090e, "red-balance", Group::WhiteBalance),
    (0x0098_090f, "blue-balance", Group::WhiteBalance),
    (0x0098_0900, "brightness", Group::Picture),
    (0x0098_0901, "contrast", Group::Picture),
    (0x0098_0902, "saturation", Group::Picture),
    (0x0098_0903, "hue", Group::Picture),
    (0x0098_0919, "hue-auto", Group::Picture),
    (0x0098_091b, "sharpness", Group::Picture),
    (0x0098_0910, "gamma", Group::Picture),
    (0x0098_0914, "mirror", Group::Picture),
    (0x0098_0915, "upside-down", Group::Picture),
    (0x009a_0908, "pan", Group::Motion),
    (0x009a_0909, "tilt", Group::Motion),
    (0x009a_090d, "zoom", Group::Motion),
];

/// Controls that start a movement and say nothing of where the camera is: pan, tilt, focus, zoom and iris, relative or by speed.
const MOVES: [u32; 8] =
    [0x009a_0904, 0x009a_0905, 0x009a_090b, 0x009a_090e, 0x009a_090f, 0x009a_0912, 0x009a_0920, 0x009a_0921];

/// Whether it is one that is shown and set.
pub(super) fn is_offered(control: &Control) -> bool {
    !MOVES.contains(&control.id)
}

/// Why a value does not do for a control, if it doesn't.
pub(super) fn objection(control: &Control, value: i64) -> Option<String> {
    match &control.kind {
        Kind::Integer { min, max, step } => {
            let right = (*min..=*max).contains(&value) && value.wrapping_sub(*min) % step == 0;
            let steps = if *step == 1 { String::new() } else { format!(" in steps of {step}") };
            (!right).then(|| format!("{value} is not between {min} and {max}{steps}"))
        }
        Kind::Boolean => (!(0..=1).contains(&value)).then(|| format!("{value} is not 0 or 1")),
        Kind::Menu(items) => (!items.iter().any(|(item, _)| *item == value)).then(|| {
            let known: Vec<_> = items.iter().map(|(item, name)| format!("{item} ({name})")).collect();
            format!("{value} is not one of {}", known.join(", "))
        }),
    }
}

/// What is set first: switches decide which numbers the camera leaves to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Switches,
    Numbers,
}

impl Pass {
    fn has(self, control: &Control) -> bool {
        matches!(control.kind, Kind::Integer { .. }) == (self == Self::Numbers)
    }
}

/// What is kept of one camera.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// What the owner chose, by the control's number.
    pub(super) controls: BTreeMap<u32, i64>,
    pub(super) aim: Aim,
    pub(super) presets: Vec<Preset>,
}

impl Kept {
    /// What has to be set in this pass, of controls as they are now.
    pub(super) fn wishes(&self, controls: &[Control], pass: Pass) -> Vec<(u32, i64)> {
        let wish = |control: &&Control| {
            let value = *self.controls.get(&control.id)?;
            (!control.inactive && control.value != value && objection(control, value).is_none())
                .then_some((control.id, value))
        };
        controls.iter().filter(|control| pass.has(control)).filter_map(|control| wish(&control)).collect()
    }

    /// Names a part of the picture; one of the same name is another one then.
    ///
    /// # Errors
    /// [`Error::TooManyPresets`].
    pub(super) fn keep(&mut self, name: Name, aim: Aim) -> Result<(), Error> {
        match self.presets.iter().position(|preset| preset.name == name) {
            Some(at) => self.presets[at].aim = aim,
            None if self.presets.len() >= PRESETS => return Err(Error::TooManyPresets),
            None => self.presets.push(Preset { name, aim }),
        }
        Ok(())
    }

    /// # Errors
    /// [`Error::NoPreset`].
    pub(super) fn forget(&mut self, name: &Name) -> Result<(), Error> {
        let before = self.presets.len();
        self.presets.retain(|preset| preset.name != *name);
        if self.presets.len() < before { Ok(()) } else { Err(Error::NoPreset) }
    }

    /// As they are shown: by what they belong to, those that many cameras have in our order.
    pub(super) fn knobs(&self, controls: Vec<Control>) -> Vec<Knob> {
        let place = |id: u32| KNOWN.iter().position(|(known, ..)| *known == id);
        let mut knobs: Vec<Knob> = controls.into_iter().filter(is_offered).map(|control| self.knob(control)).collect();
        knobs.sort_by_key(|knob| (knob.group, place(knob.id).unwrap_or(KNOWN.len())));
        knobs
    }

    fn knob(&self, control: Control) -> Knob {
        let known = KNOWN.iter().find(|(id, ..)| *id == control.id);
        let (kind, range, options) = match control.kind {
            Kind::Integer { min, max, step } => (KnobKind::Integer, Some(Range { min, max, step }), Vec::new()),
            Kind::Boolean => (KnobKind::Boolean, None, Vec::new()),
            Kind::Menu(items) => {
                let options = items.into_iter().map(|(value, name)| Item { value, name }).collect();
                (KnobKind::Menu, None, options)
            }
        };
        Knob {
            id: control.id,
            word: known.map(|(_, word, _)| *word),
            name: control.name,
            group: known.map_or(Group::Other, |(.., group)| *group),
            kind,
            range,
            options,
            value: control.value,
            default: control.default,
            inactive: control.inactive,
            chosen: self.controls.contains_key(&control.id),
        }
    }
}

/// What has to be set in this pass so that everything is as in a fresh camera.
pub(super) fn resets(controls: &[Control], pass: Pass) -> Vec<(u32, i64)> {
    let of = |control: &Control| (control.id, control.default);
    let wanted = |control: &&Control| {
        pass.has(control) && is_offered(control) && !control.inactive && control.value != control.default
    };
    controls.iter().filter(wanted).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(id: u32, value: i64, inactive: bool) -> Control {
        let kind = Kind::Integer { min: 0, max: 250, step: 5 };
        Control { id, name: "A number".into(), kind, value, default: 100, inactive }
    }

    fn menu(id: u32, value: i64) -> Control {
        let kind = Kind::Menu(vec![(1, "Manual Mode".into()), (3, "Aperture Priority Mode".into())]);
        Control { id, name: "A menu".into(), kind, value, default: 3, inactive: false }
    }

    const AUTO: u32 = 0x009a_0901;
    const EXPOSURE: u32 = 0x009a_0902;

    #[test]
    fn switches_are_set_before_the_numbers_that_they_free() {
        let kept = Kept { controls: [(AUTO, 1), (EXPOSURE, 50), (77, 5)].into(), ..Kept::default() };
        let fresh = [integer(EXPOSURE, 100, true), menu(AUTO, 3)];
        assert_eq!(kept.wishes(&fresh, Pass::Switches), [(AUTO, 1)]);
        assert_eq!(kept.wishes(&fresh, Pass::Numbers), [], "the camera would refuse it");
        let freed = [integer(EXPOSURE, 100, false), menu(AUTO, 1)];
        assert_eq!(kept.wishes(&freed, Pass::Numbers), [(EXPOSURE, 50)]);
        assert_eq!(kept.wishes(&freed, Pass::Switches), [], "it is so already");
    }

    #[test]
    fn what_was_kept_of_another_firmware_is_not_set_when_it_does_not_do() {
        let kept = Kept { controls: [(AUTO, 2), (EXPOSURE, 9_000)].into(), ..Kept::default() };
        let now = [integer(EXPOSURE, 100, false), menu(AUTO, 3)];
        assert_eq!([kept.wishes(&now, Pass::Switches), kept.wishes(&now, Pass::Numbers)], [vec![], vec![]]);
    }

    #[test]
    fn a_fresh_camera_is_restored_switches_first() {
        let now = [integer(EXPOSURE, 50, false), menu(AUTO, 1), integer(MOVES[0], 7, false)];
        assert_eq!(resets(&now, Pass::Switches), [(AUTO, 3)]);
        assert_eq!(resets(&now, Pass::Numbers), [(EXPOSURE, 100)], "what moves is left alone");
        let automatic = [integer(EXPOSURE, 50, true), menu(AUTO, 3)];
        assert_eq!(resets(&automatic, Pass::Numbers), []);
    }

    #[test]
    fn a_value_that_does_not_do_is_answered_with_those_that_do() {
        let switch = Control { kind: Kind::Boolean, ..menu(1, 0) };
        for (control, value, expected) in [
            (integer(1, 0, false), 250, None),
            (integer(1, 0, false), 251, Some("251 is not between 0 and 250 in steps of 5")),
            (integer(1, 0, false), 12, Some("12 is not between 0 and 250 in steps of 5")),
            (integer(1, 0, false), i64::MIN, Some("-9223372036854775808 is not between 0 and 250 in steps of 5")),
            (switch.clone(), 1, None),
            (switch, 2, Some("2 is not 0 or 1")),
            (menu(1, 1), 3, None),
            (menu(1, 1), 0, Some("0 is not one of 1 (Manual Mode), 3 (Aperture Priority Mode)")),
        ] {
            assert_eq!(objection(&control, value).as_deref(), expected);
        }
    }

    #[test]
    fn controls_are_shown_by_what_they_belong_to_and_what_moves_is_not() {
        let brightness = 0x0098_0900;
        let listed = vec![
            integer(0x0098_1234, 0, false),
            integer(brightness, 5, false),
            integer(MOVES[6], 0, false),
            integer(EXPOSURE, 50, true),
            menu(AUTO, 3),
        ];
        let kept = Kept { controls: [(brightness, 5)].into(), ..Kept::default() };
        let knobs = kept.knobs(listed);
        let shown: Vec<_> = knobs.iter().map(|knob| (knob.word, knob.group, knob.inactive, knob.chosen)).collect();
        let expected = [
            (Some("exposure-auto"), Group::Exposure, false, false),
            (Some("exposure"), Group::Exposure, true, false),
            (Some("brightness"), Group::Picture, false, true),
            (None, Group::Other, false, false),
        ];
        assert_eq!(shown, expected);
        assert_eq!(knobs[0].options.len(), 2);
        assert_eq!(knobs[1].range, Some(Range { min: 0, max: 250, step: 5 }));
    }

    #[test]
    fn there_are_eight_presets_and_one_of_the_same_name_takes_its_place() {
        let name = |text: &str| Name::new(text).expect("a name");
        let mut kept = Kept::default();
        for n in 0..PRESETS {
            kept.keep(name(&format!("Seat {n}")), Aim::WHOLE).expect("there is room");
        }
        assert!(matches!(kept.keep(name("Sofa"), Aim::WHOLE), Err(Error::TooManyPresets)));
        let close = Aim::new(300, 10, -10).expect("in range");
        kept.keep(name("Seat 3"), close).expect("it is there");
        assert_eq!((kept.presets.len(), kept.presets[3].aim), (PRESETS, close));
        kept.forget(&name("Seat 0")).expect("it is there");
        assert!(matches!(kept.forget(&name("Seat 0")), Err(Error::NoPreset)));
        kept.keep(name("Sofa"), close).expect("there is room again");
        let text = serde_json::to_string(&kept).expect("it is written");
        assert_eq!(serde_json::from_str::<Kept>(&text).expect("it is read"), kept);
        assert_eq!(serde_json::from_str::<Kept>("{}").expect("nothing is something"), Kept::default());
    }
}
