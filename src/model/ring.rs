//! The media ring: one writer, many readers, overwriting; without a lock.
//!
//! The writer never waits. A reader that is too slow loses what was overwritten, is told how much
//! ([`Next::Lagged`]), and goes on with the newest: whoever decodes waits for the next keyframe then.
//! Readers ask the writer for keyframes and say which layers they want; that, and their number, is the demand that starts
//! and stops publishers.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};

use arc_swap::{ArcSwap, ArcSwapOption};
use atomic_waker::AtomicWaker;

use super::layer::{Layer, Layers};

/// Packets a ring holds: about two seconds of 4 Mbit/s video. Who is further behind has lost the thread anyway.
pub const PACKETS: usize = 1024;
/// Units a ring holds: about four seconds of video at 30 a second.
pub const UNITS: usize = 128;

struct Slot<T> {
    index: u64,
    item: T,
}

/// One reader, as the writer sees it.
struct Place {
    waker: AtomicWaker,
    /// The layers it wants, as bits.
    layers: AtomicU8,
}

#[derive(Default)]
struct Feedback {
    places: ArcSwap<Vec<Arc<Place>>>,
    /// The layers of which a keyframe is asked for, as bits.
    keyframes: AtomicU8,
    /// The layers that there are, as bits; none means that nobody has said so, and there is the lowest alone.
    layers: AtomicU8,
    /// See [`Writer::set_steady`].
    steady: AtomicBool,
    waker: AtomicWaker,
}

impl Feedback {
    fn readers(&self) -> usize {
        self.places.load().len()
    }

    fn layers(&self) -> Layers {
        let wanted =
            |layers: Layers, place: &Arc<Place>| layers.and(Layers::from_bits(place.layers.load(Ordering::Acquire)));
        self.places.load().iter().fold(Layers::NONE, wanted)
    }
}

struct Shared<T> {
    slots: Box<[ArcSwapOption<Slot<T>>]>,
    /// Index of the next item to be written.
    head: AtomicU64,
    closed: AtomicBool,
    feedback: Arc<Feedback>,
}

impl<T> Shared<T> {
    fn wake(&self) {
        for place in self.feedback.places.load().iter() {
            place.waker.wake();
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

    /// Says in which layers it is written, whether they flow at the moment or not; without it there is the lowest alone.
    pub fn set_layers(&self, layers: Layers) {
        self.shared.feedback.layers.store(layers.bits(), Ordering::Release);
    }

    /// Says that every layer flows as long as somebody wants it: it is made here, and not left out when a way gets narrow.
    pub fn set_steady(&self) {
        self.shared.feedback.steady.store(true, Ordering::Release);
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
    seen: Option<(usize, Layers)>,
}

/// A change of demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Readers there are now. With none, nothing needs to be made.
    pub readers: usize,
    /// The layers that somebody wants. The others need not be made either.
    pub layers: Layers,
    /// Those of them in which somebody can't go on without a keyframe.
    pub keyframes: Layers,
}

impl Demand {
    /// Ready at the first call, then whenever the number of readers or what they want has changed, or a keyframe is
    /// asked for.
    pub fn poll_changed(&mut self, cx: &mut Context<'_>) -> Poll<Wanted> {
        self.feedback.waker.register(cx.waker());
        let (readers, layers) = (self.feedback.readers(), self.feedback.layers());
        let keyframes = Layers::from_bits(self.feedback.keyframes.swap(0, Ordering::AcqRel));
        if !keyframes.is_empty() || self.seen != Some((readers, layers)) {
            self.seen = Some((readers, layers));
            return Poll::Ready(Wanted { readers, layers, keyframes });
        }
        Poll::Pending
    }

    /// Readers there are now, seen by [`Demand::changed`] or not.
    pub fn readers(&self) -> usize {
        self.feedback.readers()
    }

    /// The layers that somebody wants now, seen by [`Demand::changed`] or not.
    pub fn layers(&self) -> Layers {
        self.feedback.layers()
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
    /// A reader that sees what is written from now on, for as long as `gate` is open. It wants every layer.
    pub fn reader(&self, gate: Gate) -> Reader<T> {
        self.reader_of(gate, Layers::ALL)
    }

    fn reader_of(&self, gate: Gate, layers: Layers) -> Reader<T> {
        let place = Arc::new(Place { waker: AtomicWaker::new(), layers: AtomicU8::new(layers.bits()) });
        self.shared.feedback.places.rcu(|places| {
            let mut places = places.to_vec();
            places.push(place.clone());
            places
        });
        self.shared.feedback.waker.wake();
        let cursor = self.shared.head.load(Ordering::Acquire);
        Reader { shared: self.shared.clone(), place, gate, cursor }
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

/// What a reader may read, to be handed to whoever reads it as well; by itself it reads nothing and is no demand.
pub struct Pass<T> {
    source: Source<T>,
    gate: Gate,
}

impl<T> Clone for Pass<T> {
    fn clone(&self) -> Self {
        Self { source: self.source.clone(), gate: self.gate.clone() }
    }
}

impl<T> Pass<T> {
    /// A reader that sees what is written from now on, behind the same gate, and wants these layers.
    pub fn reader(&self, layers: Layers) -> Reader<T> {
        self.source.reader_of(self.gate.clone(), layers)
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
    place: Arc<Place>,
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
        self.place.waker.register(cx.waker());
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
    /// The right to read the same.
    pub fn pass(&self) -> Pass<T> {
        Pass { source: Source { shared: self.shared.clone() }, gate: self.gate.clone() }
    }

    /// Whether nobody else reads the same.
    pub fn is_alone(&self) -> bool {
        self.shared.feedback.readers() <= 1
    }

    /// Leaves out what was written so far.
    pub fn skip(&mut self) {
        self.cursor = self.shared.head.load(Ordering::Acquire);
    }

    /// Asks whoever makes this for a keyframe in every layer that this reader wants. Requests are merged; the maker limits
    /// their rate.
    pub fn request_keyframe(&self) {
        self.request_keyframes(Layers::from_bits(self.place.layers.load(Ordering::Acquire)));
    }

    /// The same, in these layers. One that is larger than any there is means the largest there is.
    pub fn request_keyframes(&self, layers: Layers) {
        self.shared.feedback.keyframes.fetch_or(layers.bits(), Ordering::AcqRel);
        self.shared.feedback.waker.wake();
    }

    /// The layers that there are, whether they flow at the moment or not.
    pub fn layers(&self) -> Layers {
        let said = Layers::from_bits(self.shared.feedback.layers.load(Ordering::Acquire));
        if said.is_empty() { Layers::only(Layer::LOWEST) } else { said }
    }

    /// Whether each layer flows as long as it is wanted, see [`Writer::set_steady`].
    pub fn is_steady(&self) -> bool {
        self.shared.feedback.steady.load(Ordering::Acquire)
    }

    /// Says which layers this reader has a use for: those that nobody wants need not be made.
    pub fn want(&self, layers: Layers) {
        if self.place.layers.swap(layers.bits(), Ordering::AcqRel) != layers.bits() {
            self.shared.feedback.waker.wake();
        }
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        self.shared
            .feedback
            .places
            .rcu(|places| places.iter().filter(|place| !Arc::ptr_eq(place, &self.place)).cloned().collect::<Vec<_>>());
        self.shared.feedback.waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layer::Layer;

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
    async fn whoever_has_a_pass_reads_behind_the_same_gate_and_is_no_demand_before() {
        let (mut writer, source) = ring(4);
        let (gate, mut demand) = (Gate::default(), writer.demand());
        let pass = source.reader(gate.clone()).pass();
        assert_eq!(demand.changed().await.readers, 0);
        writer.push(1);
        let mut reader = pass.reader(Layers::NONE);
        assert_eq!(demand.changed().await, Wanted { readers: 1, layers: Layers::NONE, keyframes: Layers::NONE });
        writer.push(2);
        assert_eq!(reader.next().await, Next::Item(2));
        writer.push(3);
        reader.skip();
        assert_eq!(reader.try_next(), None);
        gate.close();
        assert_eq!(reader.next().await, Next::Revoked);
    }

    #[tokio::test]
    async fn a_reader_knows_whether_it_is_alone() {
        let (_writer, source) = ring::<u8>(4);
        let first = source.reader(Gate::default());
        assert!(first.is_alone());
        let second = source.reader(Gate::default());
        assert!(!first.is_alone() && !second.is_alone());
        drop(first);
        assert!(second.is_alone());
    }

    #[tokio::test]
    async fn the_writer_learns_of_readers_and_keyframe_requests() {
        let (writer, source) = ring::<u8>(4);
        let mut demand = writer.demand();
        let none = Layers::NONE;
        assert_eq!(demand.changed().await, Wanted { readers: 0, layers: none, keyframes: none });
        let reader = source.reader(Gate::default());
        assert_eq!(demand.changed().await, Wanted { readers: 1, layers: Layers::ALL, keyframes: none });
        reader.request_keyframe();
        reader.request_keyframe();
        assert_eq!(demand.changed().await, Wanted { readers: 1, layers: Layers::ALL, keyframes: Layers::ALL });
        drop(reader);
        assert_eq!(demand.changed().await, Wanted { readers: 0, layers: none, keyframes: none });
    }

    #[tokio::test]
    async fn the_writer_learns_of_the_layers_that_somebody_wants() {
        let (writer, source) = ring::<u8>(4);
        let mut demand = writer.demand();
        let readers = [source.reader(Gate::default()), source.reader(Gate::default())];
        readers[0].want(Layers::only(Layer::LOWEST));
        readers[1].want(Layers::only(Layer::HIGHEST));
        let both = Layers::only(Layer::LOWEST).and(Layers::only(Layer::HIGHEST));
        assert_eq!(demand.changed().await, Wanted { readers: 2, layers: both, keyframes: Layers::NONE });
        readers[0].request_keyframe();
        assert_eq!(demand.changed().await.keyframes, Layers::only(Layer::LOWEST));
        readers[1].want(Layers::NONE);
        assert_eq!(demand.changed().await.layers, Layers::only(Layer::LOWEST));
        assert_eq!(readers[1].layers(), Layers::only(Layer::LOWEST), "nobody said that there are more");
        writer.set_layers(Layers::ALL);
        assert_eq!(readers[1].layers(), Layers::ALL);
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
