//! The media ring: one writer, many readers, overwriting; without a lock.
//!
//! The writer never waits. A reader that is too slow loses what was overwritten, is told how much
//! ([`Next::Lagged`]), and goes on with the newest: whoever decodes waits for the next keyframe then.
//! Readers ask the writer for keyframes, and their number is the demand that starts and stops publishers.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use arc_swap::{ArcSwap, ArcSwapOption};
use atomic_waker::AtomicWaker;

/// Packets a ring holds: about two seconds of 4 Mbit/s video. Who is further behind has lost the thread anyway.
pub const PACKETS: usize = 1024;
/// Units a ring holds: about four seconds of video at 30 a second.
pub const UNITS: usize = 128;

struct Slot<T> {
    index: u64,
    item: T,
}

#[derive(Default)]
struct Feedback {
    readers: AtomicUsize,
    keyframe: AtomicBool,
    waker: AtomicWaker,
}

struct Shared<T> {
    slots: Box<[ArcSwapOption<Slot<T>>]>,
    /// Index of the next item to be written.
    head: AtomicU64,
    closed: AtomicBool,
    readers: ArcSwap<Vec<Arc<AtomicWaker>>>,
    feedback: Arc<Feedback>,
}

impl<T> Shared<T> {
    fn wake(&self) {
        for waker in self.readers.load().iter() {
            waker.wake();
        }
    }
}

/// Makes a ring for `capacity` items.
///
/// # Panics
/// If `capacity` is zero.
pub fn ring<T>(capacity: usize) -> (Writer<T>, Source<T>) {
    assert!(capacity > 0, "a ring holds at least one item");
    let shared = Arc::new(Shared {
        slots: (0..capacity).map(|_| ArcSwapOption::empty()).collect(),
        head: AtomicU64::new(0),
        closed: AtomicBool::new(false),
        readers: ArcSwap::default(),
        feedback: Arc::default(),
    });
    (Writer { shared: shared.clone() }, Source { shared })
}

/// The writing end. Dropping it ends the ring: readers drain what is left and then see [`Next::Closed`].
pub struct Writer<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Writer<T> {
    /// Writes an item over the oldest one and wakes the readers. Never waits.
    pub fn push(&mut self, item: T) {
        let shared = &self.shared;
        let index = shared.head.load(Ordering::Relaxed);
        let place = (index % shared.slots.len() as u64) as usize;
        shared.slots[place].store(Some(Arc::new(Slot { index, item })));
        shared.head.store(index + 1, Ordering::Release);
        shared.wake();
    }

    /// What the readers want of this ring, to be watched by whoever makes the media. Only one watcher is woken.
    pub fn demand(&self) -> Demand {
        Demand { feedback: self.shared.feedback.clone(), seen: None }
    }
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.wake();
    }
}

/// What readers want of a ring.
pub struct Demand {
    feedback: Arc<Feedback>,
    seen: Option<usize>,
}

/// A change of demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Readers there are now. With none, nothing needs to be made.
    pub readers: usize,
    /// Somebody can't go on without a keyframe.
    pub keyframe: bool,
}

impl Demand {
    /// Ready at the first call, then whenever the number of readers has changed or a keyframe is asked for.
    pub fn poll_changed(&mut self, cx: &mut Context<'_>) -> Poll<Wanted> {
        self.feedback.waker.register(cx.waker());
        let readers = self.feedback.readers.load(Ordering::Acquire);
        let keyframe = self.feedback.keyframe.swap(false, Ordering::AcqRel);
        if keyframe || self.seen != Some(readers) {
            self.seen = Some(readers);
            return Poll::Ready(Wanted { readers, keyframe });
        }
        Poll::Pending
    }

    /// Readers there are now, seen by [`Demand::changed`] or not.
    pub fn readers(&self) -> usize {
        self.feedback.readers.load(Ordering::Acquire)
    }

    /// Waits for the next change, see [`Demand::poll_changed`].
    pub async fn changed(&mut self) -> Wanted {
        poll_fn(|cx| self.poll_changed(cx)).await
    }
}

/// Where readers of a ring are made.
pub struct Source<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T> Source<T> {
    /// A reader that sees what is written from now on, for as long as `gate` is open.
    pub fn reader(&self, gate: Gate) -> Reader<T> {
        let waker = Arc::new(AtomicWaker::new());
        self.shared.readers.rcu(|readers| {
            let mut readers = readers.to_vec();
            readers.push(waker.clone());
            readers
        });
        self.shared.feedback.readers.fetch_add(1, Ordering::AcqRel);
        self.shared.feedback.waker.wake();
        let cursor = self.shared.head.load(Ordering::Acquire);
        Reader { shared: self.shared.clone(), waker, gate, cursor }
    }

    /// Wakes every reader, so that those whose gate was closed notice.
    pub fn wake(&self) {
        self.shared.wake();
    }

    /// Whether the writer is gone.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }
}

/// A permission that can be taken back: whoever closes it ends the readers that hold a clone.
#[derive(Clone)]
pub struct Gate(Arc<AtomicBool>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Gate {
    /// Ends every reader behind this gate. Call [`Source::wake`] afterwards.
    pub fn close(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Whether a reader still holds a clone of it.
    pub fn is_held(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Whether readers may go on.
    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What a reader gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<T> {
    /// The next item.
    Item(T),
    /// So many items were overwritten before they could be read.
    Lagged(u64),
    /// Nothing more will come: the writer is gone.
    Closed,
    /// Nothing more may be read: the permission was taken back.
    Revoked,
}

/// A reading end.
pub struct Reader<T> {
    shared: Arc<Shared<T>>,
    waker: Arc<AtomicWaker>,
    gate: Gate,
    cursor: u64,
}

impl<T: Clone> Reader<T> {
    /// What is there right now, or nothing.
    pub fn try_next(&mut self) -> Option<Next<T>> {
        if !self.gate.is_open() {
            return Some(Next::Revoked);
        }
        let closed = self.shared.closed.load(Ordering::Acquire);
        let head = self.shared.head.load(Ordering::Acquire);
        if self.cursor == head {
            return closed.then_some(Next::Closed);
        }
        let place = (self.cursor % self.shared.slots.len() as u64) as usize;
        let slot = self.shared.slots[place].load();
        match slot.as_deref() {
            Some(slot) if slot.index == self.cursor => {
                self.cursor += 1;
                Some(Next::Item(slot.item.clone()))
            }
            _ => {
                let lost = head - self.cursor;
                self.cursor = head;
                Some(Next::Lagged(lost))
            }
        }
    }

    /// Like [`Reader::try_next`], and wakes the task when there is more.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next<T>> {
        if let Some(next) = self.try_next() {
            return Poll::Ready(next);
        }
        self.waker.register(cx.waker());
        match self.try_next() {
            Some(next) => Poll::Ready(next),
            None => Poll::Pending,
        }
    }

    /// Waits for the next item, or the end.
    pub async fn next(&mut self) -> Next<T> {
        poll_fn(|cx| self.poll_next(cx)).await
    }
}

impl<T> Reader<T> {
    /// Asks whoever makes this for a keyframe. Requests are merged; the maker limits their rate.
    pub fn request_keyframe(&self) {
        self.shared.feedback.keyframe.store(true, Ordering::Release);
        self.shared.feedback.waker.wake();
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        self.shared
            .readers
            .rcu(|readers| readers.iter().filter(|w| !Arc::ptr_eq(w, &self.waker)).cloned().collect::<Vec<_>>());
        self.shared.feedback.readers.fetch_sub(1, Ordering::AcqRel);
        self.shared.feedback.waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_reader_sees_every_item_in_order() {
        let (mut writer, source) = ring(8);
        let mut readers = [source.reader(Gate::default()), source.reader(Gate::default())];
        for n in 0..5 {
            writer.push(n);
        }
        drop(writer);
        for reader in &mut readers {
            for n in 0..5 {
                assert_eq!(reader.next().await, Next::Item(n));
            }
            assert_eq!(reader.next().await, Next::Closed);
        }
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_lost_and_goes_on_with_the_newest() {
        let (mut writer, source) = ring(4);
        let mut reader = source.reader(Gate::default());
        for n in 0..10 {
            writer.push(n);
        }
        assert_eq!(reader.next().await, Next::Lagged(10));
        assert_eq!(reader.try_next(), None);
        writer.push(10);
        assert_eq!(reader.next().await, Next::Item(10));
    }

    #[tokio::test]
    async fn a_closed_gate_ends_a_waiting_reader_at_once_and_no_other() {
        let (mut writer, source) = ring(4);
        let gate = Gate::default();
        let mut refused = source.reader(gate.clone());
        let mut other = source.reader(Gate::default());
        let closing = async {
            tokio::task::yield_now().await;
            gate.close();
            source.wake();
        };
        let (next, ()) = tokio::join!(refused.next(), closing);
        assert_eq!(next, Next::Revoked);
        writer.push(1);
        assert_eq!(other.next().await, Next::Item(1));
    }

    #[tokio::test]
    async fn the_writer_learns_of_readers_and_keyframe_requests() {
        let (writer, source) = ring::<u8>(4);
        let mut demand = writer.demand();
        assert_eq!(demand.changed().await, Wanted { readers: 0, keyframe: false });
        let reader = source.reader(Gate::default());
        assert_eq!(demand.changed().await, Wanted { readers: 1, keyframe: false });
        reader.request_keyframe();
        reader.request_keyframe();
        assert_eq!(demand.changed().await, Wanted { readers: 1, keyframe: true });
        drop(reader);
        assert_eq!(demand.changed().await, Wanted { readers: 0, keyframe: false });
    }

    #[test]
    fn a_writer_on_another_thread_never_tears_an_item() {
        let (mut writer, source) = ring::<(u64, u64)>(16);
        let mut reader = source.reader(Gate::default());
        let thread = std::thread::spawn(move || {
            for n in 0..100_000 {
                writer.push((n, n * 7));
            }
        });
        let (mut seen, mut lost, mut last) = (0, 0, None);
        loop {
            match reader.try_next() {
                Some(Next::Item((n, m))) => {
                    assert_eq!(m, n * 7);
                    assert!(last.is_none_or(|l| l < n));
                    last = Some(n);
                    seen += 1;
                }
                Some(Next::Lagged(n)) => lost += n,
                Some(Next::Closed) => break,
                Some(Next::Revoked) => panic!("nobody closed the gate"),
                None => std::thread::yield_now(),
            }
        }
        thread.join().expect("the writer ends");
        assert_eq!(seen + lost, 100_000);
    }
}
