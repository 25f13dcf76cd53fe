//! One message: who, to whom, and what.

use std::fmt;

/// Bytes of the longest message.
pub const LONGEST: usize = 16;
/// Bytes of the longest name.
const NAME: usize = 14;

/// Who speaks on the bus: 0 is the television, 4, 8 and 11 are players, 15 is everybody, or nobody yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogicalAddress(u8);

impl LogicalAddress {
    /// The television.
    pub const TELEVISION: Self = Self(0);
    /// To everybody.
    pub const EVERYBODY: Self = Self(15);

    /// From its number, 0 to 15.
    pub const fn new(number: u8) -> Option<Self> {
        if number < 16 { Some(Self(number)) } else { None }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Where a device is plugged in: one number of an input for each device on the way, the television's first. `1.0.0.0` is its first
/// input, `0.0.0.0` the television itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PhysicalAddress(u16);

impl PhysicalAddress {
    /// Of the television.
    pub const TELEVISION: Self = Self(0);

    /// From its bits; nothing for `f.f.f.f`, which means that nothing is plugged in.
    pub const fn new(bits: u16) -> Option<Self> {
        if bits == 0xffff { None } else { Some(Self(bits)) }
    }

    /// Its bits.
    pub const fn bits(self) -> u16 {
        self.0
    }
}

impl fmt::Display for PhysicalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.0.to_be_bytes();
        write!(f, "{:x}.{:x}.{:x}.{:x}", a >> 4, a & 15, b >> 4, b & 15)
    }
}

impl fmt::Debug for PhysicalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a device is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It is on.
    On,
    /// It sleeps.
    Standby,
    /// It wakes.
    ToOn,
    /// It goes to sleep.
    ToStandby,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Wake up and show pictures.
    ImageViewOn,
    /// The same, without a menu over it.
    TextViewOn,
    /// What is plugged in there is what is to be seen.
    ActiveSource(PhysicalAddress),
    /// What is plugged in there is not to be seen any more.
    InactiveSource(PhysicalAddress),
    /// Who is to be seen?
    RequestActiveSource,
    /// The television shows what is plugged in there.
    SetStreamPath(PhysicalAddress),
    /// A switch goes from one input to the other.
    RoutingChange(PhysicalAddress, PhysicalAddress),
    /// Go to sleep.
    Standby,
    /// Are you on?
    GivePowerStatus,
    /// The answer to that.
    ReportPowerStatus(Power),
    /// What are you called?
    GiveOsdName,
    /// The answer to that: ASCII, at most 14 letters.
    SetOsdName(String),
    /// A key of the remote control is held down; repeated at least twice a second.
    KeyPressed(u8),
    /// It is let go.
    KeyReleased,
    /// Is a menu open, to which keys belong?
    MenuRequest,
    /// The answer to that: keys are taken, or not.
    MenuStatus {
        /// Keys are taken.
        takes_keys: bool,
    },
    /// The operation of this code is refused, for this reason.
    FeatureAbort {
        /// What was asked.
        code: u8,
        /// 0 is "unknown".
        reason: u8,
    },
    /// Nothing is said: only whether somebody is there.
    Poll,
    /// Anything else, by its code.
    Other(u8),
}

/// A message on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Who says it.
    pub from: LogicalAddress,
    /// To whom.
    pub to: LogicalAddress,
    /// What.
    pub what: What,
}

/// Codes of operations.
mod code {
    pub const FEATURE_ABORT: u8 = 0x00;
    pub const IMAGE_VIEW_ON: u8 = 0x04;
    pub const TEXT_VIEW_ON: u8 = 0x0d;
    pub const STANDBY: u8 = 0x36;
    pub const KEY_PRESSED: u8 = 0x44;
    pub const KEY_RELEASED: u8 = 0x45;
    pub const GIVE_OSD_NAME: u8 = 0x46;
    pub const SET_OSD_NAME: u8 = 0x47;
    pub const ROUTING_CHANGE: u8 = 0x80;
    pub const ACTIVE_SOURCE: u8 = 0x82;
    pub const REQUEST_ACTIVE_SOURCE: u8 = 0x85;
    pub const SET_STREAM_PATH: u8 = 0x86;
    pub const MENU_REQUEST: u8 = 0x8d;
    pub const MENU_STATUS: u8 = 0x8e;
    pub const GIVE_POWER_STATUS: u8 = 0x8f;
    pub const REPORT_POWER_STATUS: u8 = 0x90;
    pub const INACTIVE_SOURCE: u8 = 0x9d;
}

impl Frame {
    /// As it is on the wire: at most 16 bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.from.0 << 4 | self.to.0];
        match &self.what {
            What::Poll => {}
            What::ImageViewOn => bytes.push(code::IMAGE_VIEW_ON),
            What::TextViewOn => bytes.push(code::TEXT_VIEW_ON),
            What::ActiveSource(of) => {
                bytes.push(code::ACTIVE_SOURCE);
                bytes.extend(of.0.to_be_bytes());
            }
            What::InactiveSource(of) => {
                bytes.push(code::INACTIVE_SOURCE);
                bytes.extend(of.0.to_be_bytes());
            }
            What::RequestActiveSource => bytes.push(code::REQUEST_ACTIVE_SOURCE),
            What::SetStreamPath(to) => {
                bytes.push(code::SET_STREAM_PATH);
                bytes.extend(to.0.to_be_bytes());
            }
            What::RoutingChange(from, to) => {
                bytes.push(code::ROUTING_CHANGE);
                bytes.extend(from.0.to_be_bytes());
                bytes.extend(to.0.to_be_bytes());
            }
            What::Standby => bytes.push(code::STANDBY),
            What::GivePowerStatus => bytes.push(code::GIVE_POWER_STATUS),
            What::ReportPowerStatus(power) => bytes.extend([code::REPORT_POWER_STATUS, power.code()]),
            What::GiveOsdName => bytes.push(code::GIVE_OSD_NAME),
            What::SetOsdName(name) => {
                bytes.push(code::SET_OSD_NAME);
                bytes.extend(osd_name(name).bytes());
            }
            What::KeyPressed(key) => bytes.extend([code::KEY_PRESSED, *key]),
            What::KeyReleased => bytes.push(code::KEY_RELEASED),
            // "Query": what is asked is not changed.
            What::MenuRequest => bytes.extend([code::MENU_REQUEST, 2]),
            What::MenuStatus { takes_keys } => bytes.extend([code::MENU_STATUS, u8::from(!takes_keys)]),
            What::FeatureAbort { code, reason } => bytes.extend([code::FEATURE_ABORT, *code, *reason]),
            What::Other(code) => bytes.push(*code),
        }
        bytes
    }

    /// Reads one; nothing if it is empty, too long, or too short for what it says it is.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first()?;
        if bytes.len() > LONGEST {
            return None;
        }
        let address = |at: usize| Some(PhysicalAddress(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?])));
        let what = match rest.first().copied() {
            None => What::Poll,
            Some(code::IMAGE_VIEW_ON) => What::ImageViewOn,
            Some(code::TEXT_VIEW_ON) => What::TextViewOn,
            Some(code::ACTIVE_SOURCE) => What::ActiveSource(address(1)?),
            Some(code::INACTIVE_SOURCE) => What::InactiveSource(address(1)?),
            Some(code::REQUEST_ACTIVE_SOURCE) => What::RequestActiveSource,
            Some(code::SET_STREAM_PATH) => What::SetStreamPath(address(1)?),
            Some(code::ROUTING_CHANGE) => What::RoutingChange(address(1)?, address(3)?),
            Some(code::STANDBY) => What::Standby,
            Some(code::GIVE_POWER_STATUS) => What::GivePowerStatus,
            Some(code::REPORT_POWER_STATUS) => What::ReportPowerStatus(Power::of(*rest.get(1)?)?),
            Some(code::GIVE_OSD_NAME) => What::GiveOsdName,
            Some(code::SET_OSD_NAME) => What::SetOsdName(rest[1..].iter().map(|byte| char::from(*byte)).collect()),
            Some(code::KEY_PRESSED) => What::KeyPressed(*rest.get(1)?),
            Some(code::KEY_RELEASED) => What::KeyReleased,
            Some(code::MENU_REQUEST) => What::MenuRequest,
            Some(code::MENU_STATUS) => What::MenuStatus { takes_keys: *rest.get(1)? == 0 },
            Some(code::FEATURE_ABORT) if rest.len() > 1 => {
                What::FeatureAbort { code: rest[1], reason: rest.get(2).copied().unwrap_or(0) }
            }
            Some(other) => What::Other(other),
        };
        Some(Self { from: LogicalAddress(first >> 4), to: LogicalAddress(first & 15), what })
    }
}

impl Power {
    const fn code(self) -> u8 {
        match self {
            Self::On => 0,
            Self::Standby => 1,
            Self::ToOn => 2,
            Self::ToStandby => 3,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::On),
            1 => Some(Self::Standby),
            2 => Some(Self::ToOn),
            3 => Some(Self::ToStandby),
            _ => None,
        }
    }
}

/// A name as a television shows it: what is not ASCII becomes a question mark, what is beyond 14 letters is left out.
pub fn osd_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(bits: u16) -> PhysicalAddress {
        PhysicalAddress::new(bits).expect("it is one")
    }

    fn frame(from: u8, to: u8, what: What) -> Frame {
        let number = |number| LogicalAddress::new(number).expect("it is one");
        Frame { from: number(from), to: number(to), what }
    }

    #[test]
    fn messages_are_as_the_specification_writes_them_both_ways() {
        for (bytes, message) in [
            (&[0x40, 0x04][..], frame(4, 0, What::ImageViewOn)),
            (&[0x40, 0x0d], frame(4, 0, What::TextViewOn)),
            (&[0x4f, 0x82, 0x10, 0x00], frame(4, 15, What::ActiveSource(address(0x1000)))),
            (&[0x40, 0x9d, 0x21, 0x00], frame(4, 0, What::InactiveSource(address(0x2100)))),
            (&[0x0f, 0x85], frame(0, 15, What::RequestActiveSource)),
            (&[0x0f, 0x86, 0x20, 0x00], frame(0, 15, What::SetStreamPath(address(0x2000)))),
            (&[0x0f, 0x80, 0x10, 0, 0x20, 0], frame(0, 15, What::RoutingChange(address(0x1000), address(0x2000)))),
            (&[0x0f, 0x36], frame(0, 15, What::Standby)),
            (&[0x40, 0x8f], frame(4, 0, What::GivePowerStatus)),
            (&[0x04, 0x90, 1], frame(0, 4, What::ReportPowerStatus(Power::Standby))),
            (&[0x04, 0x46], frame(0, 4, What::GiveOsdName)),
            (&[0x40, 0x47, b'H', b'i'], frame(4, 0, What::SetOsdName("Hi".into()))),
            (&[0x04, 0x44, 0x43], frame(0, 4, What::KeyPressed(0x43))),
            (&[0x04, 0x45], frame(0, 4, What::KeyReleased)),
            (&[0x04, 0x8d, 2], frame(0, 4, What::MenuRequest)),
            (&[0x40, 0x8e, 0], frame(4, 0, What::MenuStatus { takes_keys: true })),
            (&[0x40, 0x00, 0x9a, 0], frame(4, 0, What::FeatureAbort { code: 0x9a, reason: 0 })),
            (&[0x40], frame(4, 0, What::Poll)),
            (&[0x04, 0x9f], frame(0, 4, What::Other(0x9f))),
        ] {
            assert_eq!(Frame::read(bytes).as_ref(), Some(&message), "{bytes:02x?}");
            assert_eq!(message.bytes(), bytes, "{message:?}");
        }
    }

    #[test]
    fn what_is_cut_off_too_long_or_nothing_is_no_message() {
        for bytes in
            [&[][..], &[0x0f, 0x82, 0x10], &[0x0f, 0x80, 0x10, 0, 0x20], &[0x04, 0x44], &[0x04, 0x90, 9], &[0x0f; 17]]
        {
            assert_eq!(Frame::read(bytes), None, "{bytes:02x?}");
        }
    }

    #[test]
    fn names_are_short_and_ascii() {
        assert_eq!(osd_name("Küche über dem Hof"), "K?che ?ber dem");
        let named = frame(4, 0, What::SetOsdName("A name that is far too long".into()));
        assert_eq!(named.bytes().len(), LONGEST);
    }

    #[test]
    fn an_address_reads_as_people_write_it_and_nothing_plugged_in_is_none() {
        assert_eq!(address(0x21a0).to_string(), "2.1.a.0");
        assert_eq!(PhysicalAddress::new(0xffff), None);
        assert_eq!(LogicalAddress::new(16), None);
    }
}
