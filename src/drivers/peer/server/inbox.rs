//! What one worker is handed by the one that reads the sockets, and what it tells that one.

use std::net::SocketAddr;

use tokio::sync::mpsc;

use super::router::Place;
use crate::model::id::PeerId;
use crate::proto::ice::Transport;

/// Parcels that wait for a worker. While so many do it is too busy, and what comes then is lost, as on a network.
const PARCELS: usize = 64;
/// Notes that wait for the one that reads the sockets; a worker waits while it is full.
const NOTES: usize = 256;

/// One packet from outside.
#[derive(Clone, Copy)]
pub(super) struct Letter<'a> {
    pub(super) transport: Transport,
    pub(super) source: SocketAddr,
    /// The address of ours that it came to.
    pub(super) destination: SocketAddr,
    pub(super) bytes: &'a [u8],
    /// Whom it is for, if that is known; any peer of the worker may try otherwise.
    pub(super) peer: Option<PeerId>,
    /// The address is known to be that peer's.
    pub(super) known: bool,
}

struct Head {
    transport: Transport,
    source: SocketAddr,
    destination: SocketAddr,
    length: usize,
    peer: Option<PeerId>,
    known: bool,
}

/// Letters for one worker, handed over together. It comes back empty, to be used again.
#[derive(Default)]
pub(super) struct Parcel {
    heads: Vec<Head>,
    bytes: Vec<u8>,
}

impl Parcel {
    pub(super) fn put(&mut self, letter: Letter<'_>) {
        let Letter { transport, source, destination, bytes, peer, known } = letter;
        self.heads.push(Head { transport, source, destination, length: bytes.len(), peer, known });
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn len(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn clear(&mut self) {
        self.heads.clear();
        self.bytes.clear();
    }

    fn letters(&self) -> impl Iterator<Item = Letter<'_>> {
        let mut rest = self.bytes.as_slice();
        self.heads.iter().map(move |head| {
            let (bytes, after) = rest.split_at(head.length);
            rest = after;
            let Head { transport, source, destination, peer, known, .. } = *head;
            Letter { transport, source, destination, bytes, peer, known }
        })
    }
}

/// What a worker tells the one that reads the sockets.
pub(super) enum Note {
    /// The box is called so by the browser of this peer from now on.
    Called(Place, String),
    /// This peer has taken something from there.
    Reached(Place, Transport, SocketAddr),
    /// Nobody takes what comes by this connection.
    Refused(SocketAddr),
    /// This peer is gone.
    Closed(PeerId),
}

/// The ends of what leads to a worker and back, for the one that reads the sockets.
pub(super) struct Others {
    /// The first of them is worker 1.
    pub(super) to: Vec<mpsc::Sender<Parcel>>,
    pub(super) spare: mpsc::Receiver<Parcel>,
    pub(super) notes: mpsc::Receiver<Note>,
}

/// The letters of one worker, and its notes.
pub(super) struct Inbox {
    worker: usize,
    parcels: mpsc::Receiver<Parcel>,
    waiting: Option<Parcel>,
    spare: mpsc::Sender<Parcel>,
    notes: mpsc::Sender<Note>,
    unsent: Vec<Note>,
}

/// Makes the ways between the first worker and so many others.
pub(super) fn inboxes(others: usize) -> (Others, Vec<Inbox>) {
    let (spare, emptied) = mpsc::channel((others * PARCELS).max(1));
    let (notes, noted) = mpsc::channel(NOTES);
    let (to, inboxes) = (1..=others)
        .map(|worker| {
            let (to, parcels) = mpsc::channel(PARCELS);
            let (spare, notes) = (spare.clone(), notes.clone());
            (to, Inbox { worker, parcels, waiting: None, spare, notes, unsent: Vec::new() })
        })
        .unzip();
    (Others { to, spare: emptied, notes: noted }, inboxes)
}

impl Inbox {
    /// Waits until there is something to read. May be dropped at any time.
    pub(super) async fn readable(&mut self) {
        if self.waiting.is_none() {
            match self.parcels.recv().await {
                Some(parcel) => self.waiting = Some(parcel),
                // Nobody reads the sockets any more: all that is left is to be told to end.
                None => std::future::pending().await,
            }
        }
    }

    /// Gives what has come. `each` says which peer took it.
    pub(super) fn read(&mut self, mut each: impl FnMut(Letter<'_>) -> Option<PeerId>) {
        for _ in 0..PARCELS {
            let Some(mut parcel) = self.waiting.take().or_else(|| self.parcels.try_recv().ok()) else { return };
            for letter in parcel.letters() {
                match each(letter) {
                    Some(peer) if !letter.known || letter.peer != Some(peer) => {
                        self.unsent.push(Note::Reached((self.worker, peer), letter.transport, letter.source));
                    }
                    None if letter.transport == Transport::Tcp && !letter.known => {
                        self.unsent.push(Note::Refused(letter.source));
                    }
                    _ => {}
                }
            }
            parcel.clear();
            // One too many is not kept.
            let _ = self.spare.try_send(parcel);
        }
    }

    pub(super) fn called(&mut self, peer: PeerId, name: String) {
        self.unsent.push(Note::Called((self.worker, peer), name));
    }

    pub(super) fn closed(&mut self, peer: PeerId) {
        self.unsent.push(Note::Closed(peer));
    }

    /// Tells what there is to tell.
    pub(super) async fn flush(&mut self) {
        for note in self.unsent.drain(..) {
            // Without anybody who reads the sockets nobody needs to know.
            let _ = self.notes.send(note).await;
        }
    }
}
