//! What can be set on a camera: exposure, focus, white balance and whatever else its driver has.
//!
//! Sources: Linux media documentation, "User Control Reference", "Camera Control Reference" and `VIDIOC_QUERYCTRL`. A camera is opened for
//! each question, beside whoever takes its pictures: controls belong to nobody, and its light stays off.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use v4l::control::{self, Description, Flags, MenuItem, Type};

/// Controls of one camera that are looked at.
const MOST: usize = 64;

/// One thing that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The kernel's number of it (`V4L2_CID_…`), the same for every camera.
    pub id: u32,
    /// What the driver calls it.
    pub name: String,
    /// What it can be set to.
    pub kind: Kind,
    /// What it is set to now; a switch is 0 or 1.
    pub value: i64,
    /// What it is set to in a fresh camera.
    pub default: i64,
    /// The camera sets it itself at the moment, or something else is in the way: it can't be set now.
    pub inactive: bool,
}

/// What a control can be set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// From one to the next; at least 1.
        step: i64,
    },
    /// On (1) or off (0).
    Boolean,
    /// One of these: value, and what the driver calls it.
    Menu(Vec<(i64, String)>),
}

/// Why a camera can't be asked or told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there.
    #[error("the camera is not plugged in")]
    Away,
    /// It does not want to, for example while another program uses it.
    #[error("the camera refuses: {0}")]
    Refused(#[source] io::Error),
    /// What the driver says can't be read.
    #[error("what the camera says of its controls can't be read")]
    Unreadable,
}

impl Error {
    fn of(error: io::Error) -> Self {
        match error.raw_os_error() {
            // ENOENT, ENXIO, ENODEV: the node is gone, or was pulled out while it was asked.
            Some(2 | 6 | 19) => Self::Away,
            _ => Self::Refused(error),
        }
    }
}

/// Where controls are read and set. Blocks, so call it off the async runtime.
pub trait Controls: Send + Sync {
    /// All controls that can be read and set, in the driver's order.
    ///
    /// # Errors
    /// Any [`Error`].
    fn list(&self, camera: &Path) -> Result<Vec<Control>, Error>;

    /// Sets one.
    ///
    /// # Errors
    /// Any [`Error`].
    fn set(&self, camera: &Path, id: u32, value: i64) -> Result<(), Error>;
}

/// Through the kernel.
#[derive(Debug, Clone, Copy, Default)]
pub struct V4l2;

impl Controls for V4l2 {
    fn list(&self, camera: &Path) -> Result<Vec<Control>, Error> {
        let device = v4l::Device::with_path(camera).map_err(Error::of)?;
        // The crate panics on kinds of controls that it does not know, and on names that are not UTF-8.
        let described = catch_unwind(AssertUnwindSafe(|| device.query_controls())).map_err(|_| Error::Unreadable)?;
        let described = match described {
            Ok(described) => described,
            // EINVAL, ENOTTY: there are none.
            Err(error) if matches!(error.raw_os_error(), Some(22 | 25)) => return Ok(Vec::new()),
            Err(error) => return Err(Error::of(error)),
        };
        let usable = described.into_iter().filter_map(usable).take(MOST);
        let read = |control: Control| {
            let value = match device.control(control.id).ok()?.value {
                control::Value::Integer(value) => value,
                control::Value::Boolean(value) => value.into(),
                _ => return None,
            };
            Some(Control { value, ..control })
        };
        Ok(usable.filter_map(read).collect())
    }

    fn set(&self, camera: &Path, id: u32, value: i64) -> Result<(), Error> {
        let device = v4l::Device::with_path(camera).map_err(Error::of)?;
        device.set_control(control::Control { id, value: control::Value::Integer(value) }).map_err(Error::of)
    }
}

/// A control that can be set, without its value yet; `None` for the others.
fn usable(described: Description) -> Option<Control> {
    let Description { id, typ, name, minimum, maximum, step, default, flags, items } = described;
    if flags.intersects(Flags::DISABLED | Flags::READ_ONLY | Flags::WRITE_ONLY | Flags::HAS_PAYLOAD) {
        return None;
    }
    let kind = match typ {
        Type::Integer if minimum < maximum => {
            Kind::Integer { min: minimum, max: maximum, step: i64::try_from(step).unwrap_or(1).max(1) }
        }
        Type::Boolean => Kind::Boolean,
        Type::Menu => {
            let named = |(value, item)| match item {
                MenuItem::Name(name) => Some((i64::from(value), name)),
                MenuItem::Value(_) => None,
            };
            Kind::Menu(items?.into_iter().filter_map(named).collect())
        }
        _ => return None,
    };
    if matches!(&kind, Kind::Menu(items) if items.len() < 2) {
        return None;
    }
    let inactive = flags.intersects(Flags::INACTIVE | Flags::GRABBED);
    Some(Control { id, name, kind, value: default, default, inactive })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(id: u32, typ: Type, range: (i64, i64, u64), flags: Flags) -> Description {
        let (minimum, maximum, step) = range;
        let name = "Something".to_owned();
        Description { id, typ, name, minimum, maximum, step, default: minimum, flags, items: None }
    }

    #[test]
    fn what_can_be_set_is_kept_with_its_range_and_the_rest_is_left_out() {
        let brightness = described(0x0098_0900, Type::Integer, (0, 255, 1), Flags::SLIDER);
        let expected = Kind::Integer { min: 0, max: 255, step: 1 };
        assert_eq!(usable(brightness).map(|control| (control.kind, control.inactive)), Some((expected, false)));
        let focus = described(0x009a_090a, Type::Integer, (0, 250, 5), Flags::INACTIVE);
        assert_eq!(usable(focus).map(|control| control.inactive), Some(true));
        for (typ, flags) in [
            (Type::CtrlClass, Flags::READ_ONLY | Flags::WRITE_ONLY),
            (Type::Integer, Flags::READ_ONLY),
            (Type::Integer, Flags::WRITE_ONLY),
            (Type::Integer, Flags::DISABLED),
            (Type::Button, Flags::WRITE_ONLY),
            (Type::U8, Flags::HAS_PAYLOAD),
            (Type::String, Flags::empty()),
            (Type::Integer64, Flags::empty()),
        ] {
            assert_eq!(usable(described(1, typ, (0, 9, 1), flags)), None, "{typ:?} {flags:?}");
        }
        assert_eq!(usable(described(1, Type::Integer, (5, 5, 1), Flags::empty())), None, "there is nothing to choose");
        let step = usable(described(1, Type::Integer, (0, 9, 0), Flags::empty())).map(|control| control.kind);
        assert_eq!(step, Some(Kind::Integer { min: 0, max: 9, step: 1 }), "a step is never nothing");
    }

    #[test]
    fn a_menu_has_the_entries_that_the_driver_knows() {
        let items = |names: &[(u32, &str)]| {
            Some(names.iter().map(|(value, name)| (*value, MenuItem::Name((*name).to_owned()))).collect())
        };
        // Exposure of a C920 has two of the four modes that there are.
        let mut exposure = described(0x009a_0901, Type::Menu, (0, 3, 1), Flags::empty());
        exposure.items = items(&[(1, "Manual Mode"), (3, "Aperture Priority Mode")]);
        let expected = Kind::Menu(vec![(1, "Manual Mode".into()), (3, "Aperture Priority Mode".into())]);
        assert_eq!(usable(exposure).map(|control| control.kind), Some(expected));
        let mut one = described(1, Type::Menu, (0, 0, 1), Flags::empty());
        one.items = items(&[(0, "Only this")]);
        assert_eq!(usable(one), None);
    }

    #[test]
    fn a_camera_that_is_not_there_is_away() {
        let nowhere = Path::new("/dev/video-none");
        assert!(matches!(V4l2.list(nowhere), Err(Error::Away)));
        assert!(matches!(V4l2.set(nowhere, 0x0098_0900, 1), Err(Error::Away)));
        assert!(matches!(V4l2.list(Path::new("/dev/null")), Ok(controls) if controls.is_empty()), "no camera at all");
    }
}
