//! The limit: a loop that receives datagrams and sends a copy of each to every receiver, and does nothing else.

use std::io::{BufRead, IoSlice, IoSliceMut, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use anyhow::Context;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, sendmsg, setsockopt, sockopt,
};

/// Datagrams read in one call, as the box does.
const BATCH: usize = 32;
const DATAGRAM: usize = 2048;
/// Messages in one call; the kernel takes 1024.
const MESSAGES: usize = 1024;

/// How the copies leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Sending {
    /// All copies by sendmmsg.
    Messages,
    /// For each receiver one message of all datagrams of equal size, cut by the kernel (UDP GSO).
    Segments,
}

/// Reads the receivers' addresses from the first line of standard input, writes its own to standard output, and copies until
/// standard input ends.
pub fn run(sending: Sending) -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let receivers: Vec<SocketAddr> = serde_json::from_str(&line)?;
    let receivers: Vec<SockaddrIn> = receivers
        .into_iter()
        .map(|address| match address {
            SocketAddr::V4(v4) => Ok(v4.into()),
            SocketAddr::V6(_) => anyhow::bail!("the receivers are on IPv4"),
        })
        .collect::<Result<_, _>>()?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    setsockopt(&socket, sockopt::SndBuf, &(2 << 20))?;
    setsockopt(&socket, sockopt::RcvBuf, &(2 << 20))?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&socket.local_addr()?)?)?;
    // Ends with whoever started it.
    std::thread::spawn(|| {
        let _ = std::io::stdin().lock().read_line(&mut String::new());
        std::process::exit(0);
    });
    copy(socket.as_raw_fd(), sending, &receivers)
}

fn copy(socket: RawFd, sending: Sending, receivers: &[SockaddrIn]) -> anyhow::Result<()> {
    let mut buffers = vec![[0u8; DATAGRAM]; BATCH];
    let mut incoming = MultiHeaders::<SockaddrIn>::preallocate(BATCH, None);
    let mut headers = MultiHeaders::preallocate(MESSAGES, None);
    loop {
        let lengths: Vec<usize> = {
            let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
            let read = recvmmsg(socket, &mut incoming, slices.iter_mut(), MsgFlags::MSG_WAITFORONE, None);
            read.context("reading what to copy")?.map(|message| message.bytes).collect()
        };
        let datagrams: Vec<&[u8]> = buffers.iter().zip(&lengths).map(|(buffer, &length)| &buffer[..length]).collect();
        match sending {
            Sending::Messages => messages(socket, &mut headers, &datagrams, receivers),
            Sending::Segments => segments(socket, &datagrams, receivers),
        }
        .context("sending the copies")?;
    }
}

fn messages(
    socket: RawFd,
    headers: &mut MultiHeaders<SockaddrIn>,
    datagrams: &[&[u8]],
    receivers: &[SockaddrIn],
) -> nix::Result<()> {
    let all = receivers.iter().flat_map(|receiver| datagrams.iter().map(move |datagram| (receiver, datagram)));
    let (slices, addresses): (Vec<_>, Vec<_>) =
        all.map(|(receiver, datagram)| ([IoSlice::new(datagram)], Some(*receiver))).unzip();
    for (slices, addresses) in slices.chunks(MESSAGES).zip(addresses.chunks(MESSAGES)) {
        sendmmsg(socket, headers, slices.iter(), addresses, [], MsgFlags::empty())?;
    }
    Ok(())
}

fn segments(socket: RawFd, datagrams: &[&[u8]], receivers: &[SockaddrIn]) -> nix::Result<()> {
    for receiver in receivers {
        for equal in datagrams.chunk_by(|a, b| a.len() == b.len()) {
            let slices: Vec<_> = equal.iter().map(|datagram| IoSlice::new(datagram)).collect();
            let size = equal[0].len() as u16;
            let control: &[ControlMessage<'_>] =
                if equal.len() > 1 { &[ControlMessage::UdpGsoSegments(&size)] } else { &[] };
            match sendmsg(socket, &slices, control, MsgFlags::empty(), Some(receiver)) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
