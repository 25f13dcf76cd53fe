//! The kernel's calls for CEC devices, as `linux/cec.h` has them. The only place in the crate with unsafe code: what is passed to the
//! kernel here is always a whole structure that lives for as long as the call.
#![allow(unsafe_code, reason = "a call to a device is unsafe by itself; see docs/decisions/0006-cec-ioctls.md")]

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// Addresses that one adapter may have.
pub(super) const ADDRESSES: usize = 4;
/// Bytes of a message.
pub(super) const LONGEST: usize = 16;

/// `struct cec_caps`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Caps {
    pub(super) driver: [u8; 32],
    pub(super) name: [u8; 32],
    pub(super) available_log_addrs: u32,
    pub(super) capabilities: u32,
    pub(super) version: u32,
}

/// `struct cec_log_addrs`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct LogAddrs {
    pub(super) log_addr: [u8; ADDRESSES],
    pub(super) log_addr_mask: u16,
    pub(super) cec_version: u8,
    pub(super) num_log_addrs: u8,
    pub(super) vendor_id: u32,
    pub(super) flags: u32,
    pub(super) osd_name: [u8; 15],
    pub(super) primary_device_type: [u8; ADDRESSES],
    pub(super) log_addr_type: [u8; ADDRESSES],
    pub(super) all_device_types: [u8; ADDRESSES],
    pub(super) features: [[u8; 12]; ADDRESSES],
}

/// `struct cec_msg`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Msg {
    pub(super) tx_ts: u64,
    pub(super) rx_ts: u64,
    pub(super) len: u32,
    pub(super) timeout: u32,
    pub(super) sequence: u32,
    pub(super) flags: u32,
    pub(super) msg: [u8; LONGEST],
    pub(super) reply: u8,
    pub(super) rx_status: u8,
    pub(super) tx_status: u8,
    pub(super) tx_arb_lost_cnt: u8,
    pub(super) tx_nack_cnt: u8,
    pub(super) tx_low_drive_cnt: u8,
    pub(super) tx_error_cnt: u8,
}

/// `struct cec_event`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Event {
    pub(super) ts: u64,
    pub(super) event: u32,
    pub(super) flags: u32,
    /// A union in C; of a change of state the first two halves are the physical address and the mask of logical addresses.
    pub(super) raw: [u32; 16],
}

pub(super) const CAP_LOG_ADDRS: u32 = 1 << 1;
pub(super) const CAP_TRANSMIT: u32 = 1 << 2;
pub(super) const VERSION_1_4: u8 = 5;
pub(super) const NO_VENDOR: u32 = 0xffff_ffff;
pub(super) const TYPE_PLAYBACK: u8 = 3;
pub(super) const PRIMARY_PLAYBACK: u8 = 4;
pub(super) const ALL_PLAYBACK: u8 = 0x10;
/// Says and answers what concerns this device.
pub(super) const INITIATOR_AND_FOLLOWER: u32 = 0x11;
pub(super) const EVENT_STATE_CHANGE: u32 = 1;

mod raw {
    use super::{Caps, Event, LogAddrs, Msg};

    nix::ioctl_readwrite!(g_caps, b'a', 0, Caps);
    nix::ioctl_read!(g_phys_addr, b'a', 1, u16);
    nix::ioctl_readwrite!(s_log_addrs, b'a', 4, LogAddrs);
    nix::ioctl_readwrite!(transmit, b'a', 5, Msg);
    nix::ioctl_readwrite!(receive, b'a', 6, Msg);
    nix::ioctl_readwrite!(dqevent, b'a', 7, Event);
    nix::ioctl_write_ptr!(s_mode, b'a', 9, u32);
}

/// What an adapter can do.
pub(super) fn caps(device: BorrowedFd<'_>) -> Result<Caps, Errno> {
    let mut caps = Caps { driver: [0; 32], name: [0; 32], available_log_addrs: 0, capabilities: 0, version: 0 };
    // SAFETY: see the top of the file.
    unsafe { raw::g_caps(device.as_raw_fd(), &raw mut caps) }.map(|_| caps)
}

/// Where it is plugged in; 0xffff for nowhere.
pub(super) fn physical(device: BorrowedFd<'_>) -> Result<u16, Errno> {
    let mut address = 0;
    // SAFETY: see the top of the file.
    unsafe { raw::g_phys_addr(device.as_raw_fd(), &raw mut address) }.map(|_| address)
}

/// Has it get addresses on the bus, or, with none, give them back.
pub(super) fn set_addresses(device: BorrowedFd<'_>, mut addresses: LogAddrs) -> Result<(), Errno> {
    // SAFETY: see the top of the file.
    unsafe { raw::s_log_addrs(device.as_raw_fd(), &raw mut addresses) }.map(drop)
}

/// Says which messages are ours.
pub(super) fn set_mode(device: BorrowedFd<'_>, mode: u32) -> Result<(), Errno> {
    // SAFETY: see the top of the file.
    unsafe { raw::s_mode(device.as_raw_fd(), &raw const mode) }.map(drop)
}

/// Queues a message; a device that was opened so does not wait until it is said.
pub(super) fn transmit(device: BorrowedFd<'_>, mut message: Msg) -> Result<(), Errno> {
    // SAFETY: see the top of the file.
    unsafe { raw::transmit(device.as_raw_fd(), &raw mut message) }.map(drop)
}

/// Takes a message, or what became of one of ours.
pub(super) fn receive(device: BorrowedFd<'_>) -> Result<Msg, Errno> {
    let mut message = Msg::default();
    // SAFETY: see the top of the file.
    unsafe { raw::receive(device.as_raw_fd(), &raw mut message) }.map(|_| message)
}

/// Takes an event.
pub(super) fn event(device: BorrowedFd<'_>) -> Result<Event, Errno> {
    let mut event = Event::default();
    // SAFETY: see the top of the file.
    unsafe { raw::dqevent(device.as_raw_fd(), &raw mut event) }.map(|_| event)
}

#[cfg(test)]
mod tests {
    use std::mem::{offset_of, size_of};

    use super::*;

    #[test]
    fn structures_are_as_large_as_those_of_the_kernel() {
        // By `sizeof` and `offsetof` on linux/cec.h of 6.1, the same on 32 and 64 bits.
        assert_eq!(size_of::<Caps>(), 76);
        assert_eq!(size_of::<LogAddrs>(), 92);
        assert_eq!(size_of::<Msg>(), 56);
        assert_eq!(size_of::<Event>(), 80);
        assert_eq!((offset_of!(LogAddrs, osd_name), offset_of!(LogAddrs, features)), (16, 43));
        assert_eq!((offset_of!(Msg, msg), offset_of!(Msg, tx_status)), (32, 50));
        assert_eq!(offset_of!(Event, raw), 16);
    }
}
