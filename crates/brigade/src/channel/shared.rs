//! What the handles of one channel share: the queue, who waits at which end, how many handles live.

use super::clock::Clock;
use super::priority::Lanes;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::discard_panic;
use crate::queue::{self, Backoff, Blocks, FoundInBlock, PopError, PushError, Rendezvous, Ring};
use crate::wait::{Patience, WaitQueue};
use crossbeam_utils::CachePadded;
use std::slice::from_ref;

/// More handles than this mean a leak in a loop, which would end in a use after free.
const HANDLES_MAX: usize = isize::MAX as usize;

#[derive(Debug)]
pub(super) struct Shared<T> {
    pub(super) flavor: Flavor<T>,
    /// Senders wait here, unless the channel has lanes, each of which has its own gate.
    not_full: CachePadded<Gate>,
    /// Receivers wait here, unless the channel is a clock, which has its own queue.
    pub(super) not_empty: CachePadded<Gate>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

/// How values are kept.
#[derive(Debug)]
pub(super) enum Flavor<T> {
    Ring(Ring<T>),
    Blocks(Blocks<T>),
    /// Kept only if a receiver has asked for them.
    Rendezvous(Box<Rendezvous<T>>),
    /// Several rings, the first of them first.
    Lanes(Lanes<T>),
    /// Not kept: made when it is due. Has no senders.
    Clock(Clock<T>),
}

/// Whether a receive has asked for its value, where that makes a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Question {
    #[default]
    Unasked,
    Asked,
    /// A sender was waiting and has been woken.
    Expected,
}

/// A value that the caller has claimed, and has to take: nobody else can.
#[must_use = "nobody else can take it"]
pub(super) enum Found<'a, T> {
    InRing {
        found: queue::Found<'a, T>,
        not_full: &'a WaitQueue,
    },
    InBlock(FoundInBlock<'a, T>),
}

impl<T> Found<'_, T> {
    /// Takes the value, and wakes a sender.
    #[inline(always)]
    pub(super) fn take(self) -> T {
        match self {
            Self::InRing { found, not_full } => {
                let value = found.take();
                not_full.wake_one();
                value
            }
            // Nobody waits to send where there is always room.
            Self::InBlock(found) => found.take(),
        }
    }
}

/// Where one side waits.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) waiting: WaitQueue,
    pub(super) patience: Patience,
}

impl Gate {
    pub(super) fn new(patience: Patience) -> CachePadded<Self> {
        CachePadded::new(Self {
            waiting: WaitQueue::new(),
            patience,
        })
    }
}

impl<T> Shared<T> {
    pub(super) fn new(flavor: Flavor<T>) -> Self {
        let (for_room, for_values) = match &flavor {
            Flavor::Ring(ring) => {
                let places = ring.capacity();
                (Patience::for_room(places), Patience::for_values(places))
            }
            // Nobody ever waits for room there.
            Flavor::Blocks(_) => (Patience::new(), Patience::for_values(usize::MAX)),
            Flavor::Rendezvous(_) => (Patience::for_room(1), Patience::for_values(1)),
            Flavor::Lanes(lanes) => {
                let places = lanes.values().capacity();
                (Patience::new(), Patience::for_values(places))
            }
            Flavor::Clock(_) => (Patience::new(), Patience::for_time()),
        };
        let senders = match &flavor {
            Flavor::Ring(_) | Flavor::Blocks(_) | Flavor::Rendezvous(_) => 1,
            Flavor::Lanes(lanes) => lanes.values().count(),
            Flavor::Clock(_) => 0,
        };
        Self {
            flavor,
            not_full: Gate::new(for_room),
            not_empty: Gate::new(for_values),
            senders: AtomicUsize::new(senders),
            receivers: AtomicUsize::new(1),
        }
    }

    /// One try for the usual case, with no word on why it failed. Moves the value out of its place if it returns
    /// true.
    ///
    /// # Safety
    ///
    /// `value` points to a value that is the caller's, who forgets it if this returns true.
    #[inline(always)]
    pub(super) unsafe fn push_at_once(&self, value: *const T) -> bool {
        // SAFETY: by the contract.
        let pushed = unsafe {
            match &self.flavor {
                Flavor::Ring(ring) => ring.push_at_once(value),
                Flavor::Blocks(blocks) => blocks.push_at_once(value),
                _ => false,
            }
        };
        if pushed {
            self.not_empty.waiting.wake_one();
        }
        pushed
    }

    /// One try for the usual case, with no word on why it failed.
    #[inline(always)]
    pub(super) fn find_at_once(&self) -> Option<Found<'_, T>> {
        match &self.flavor {
            Flavor::Ring(ring) => ring.find_at_once().map(|found| Found::InRing {
                found,
                not_full: &self.not_full.waiting,
            }),
            Flavor::Blocks(blocks) => blocks.find_at_once().map(Found::InBlock),
            _ => None,
        }
    }

    /// Puts the value in and wakes a receiver. On failure it stays where it is.
    ///
    /// The lane, here and below, is 0 in a channel without lanes.
    pub(super) fn push(&self, lane: usize, value: &mut Option<T>) -> Result<(), PushError> {
        match &self.flavor {
            Flavor::Ring(ring) => ring.push(value)?,
            Flavor::Blocks(blocks) => blocks.push(value)?,
            Flavor::Rendezvous(rendezvous) => rendezvous.push(value)?,
            Flavor::Lanes(lanes) => lanes.values().push(lane, value)?,
            Flavor::Clock(_) => return Err(PushError::Closed),
        }
        self.not_empty.waiting.wake_one();
        Ok(())
    }

    /// `push`, for those who go on looking: may say that the channel is full a little too late.
    pub(super) fn push_if_free(&self, lane: usize, value: &mut Option<T>) -> Result<(), PushError> {
        match &self.flavor {
            Flavor::Ring(ring) => ring.push_if_free(value)?,
            Flavor::Blocks(blocks) => blocks.push(value)?,
            Flavor::Rendezvous(rendezvous) => rendezvous.push(value)?,
            Flavor::Lanes(lanes) => lanes.values().push_if_free(lane, value)?,
            Flavor::Clock(_) => return Err(PushError::Closed),
        }
        self.not_empty.waiting.wake_one();
        Ok(())
    }

    /// Takes the oldest value out and wakes a sender. Asks for it first, where values must be asked for; if
    /// nothing comes out the question stays asked, until it is answered or withdrawn.
    pub(super) fn pop(&self, question: &mut Question) -> Result<T, PopError> {
        match &self.flavor {
            Flavor::Ring(ring) => {
                let value = ring.pop()?;
                self.not_full.waiting.wake_one();
                Ok(value)
            }
            // Nobody waits to send where there is always room.
            Flavor::Blocks(blocks) => blocks.pop(),
            Flavor::Rendezvous(rendezvous) => {
                self.ask(rendezvous, question);
                self.answered(rendezvous, question, rendezvous.pop())
            }
            Flavor::Lanes(lanes) => lanes.pop(),
            Flavor::Clock(clock) => clock.pop(),
        }
    }

    /// `pop`, for those who go on looking: may say that the channel is empty a little too late, and does
    /// not notice that it is closed.
    pub(super) fn pop_if_there(&self, question: &mut Question) -> Result<T, PopError> {
        match &self.flavor {
            Flavor::Ring(ring) => {
                let value = ring.pop_if_there()?;
                self.not_full.waiting.wake_one();
                Ok(value)
            }
            Flavor::Blocks(blocks) => blocks.pop(),
            Flavor::Rendezvous(rendezvous) => {
                self.ask(rendezvous, question);
                self.answered(rendezvous, question, rendezvous.pop_if_there())
            }
            Flavor::Lanes(lanes) => lanes.pop(),
            Flavor::Clock(clock) => clock.pop(),
        }
    }

    fn ask(&self, rendezvous: &Rendezvous<T>, question: &mut Question) {
        if *question != Question::Unasked {
            return;
        }
        let senders = &self.not_full.waiting;
        let expected = rendezvous.ask() || !senders.is_at_rest();
        senders.wake_one();
        *question = if expected {
            Question::Expected
        } else {
            Question::Asked
        };
    }

    fn answered(
        &self,
        rendezvous: &Rendezvous<T>,
        question: &mut Question,
        popped: Result<T, PopError>,
    ) -> Result<T, PopError> {
        if popped.is_ok() {
            *question = Question::Unasked;
            if rendezvous.is_crowded() {
                self.not_full.waiting.wake_one();
            }
        }
        popped
    }

    /// A receive gives up. What it has asked for is not wanted any more.
    pub(super) fn withdraw(&self, question: Question) {
        if let (Flavor::Rendezvous(rendezvous), Question::Asked | Question::Expected) =
            (&self.flavor, question)
        {
            rendezvous.withdraw(question == Question::Expected);
        }
    }

    /// `push`, with a clear answer: waits out the few instructions of a receiver in the way.
    pub(super) fn push_now(&self, lane: usize, value: &mut Option<T>) -> Result<(), PushError> {
        let mut backoff = Backoff::new();
        loop {
            match self.push(lane, value) {
                Err(PushError::Busy) => backoff.look_again(),
                answer => return answer,
            }
        }
    }

    /// `pop`, with a clear answer: waits out the few instructions of a sender in the way.
    pub(super) fn pop_now(&self, question: &mut Question) -> Result<T, PopError> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop(question) {
                Err(PopError::Busy) => backoff.look_again(),
                answer => return answer,
            }
        }
    }

    /// The ring that the senders of a lane put into, if it is one.
    pub(super) fn ring(&self, lane: usize) -> Option<&Ring<T>> {
        match &self.flavor {
            Flavor::Ring(ring) => Some(ring),
            Flavor::Lanes(lanes) => Some(lanes.values().ring(lane)),
            Flavor::Blocks(_) | Flavor::Rendezvous(_) | Flavor::Clock(_) => None,
        }
    }

    /// Where the senders wait, lane by lane.
    pub(super) fn not_full(&self) -> &[CachePadded<Gate>] {
        match &self.flavor {
            Flavor::Lanes(lanes) => lanes.not_full(),
            _ => from_ref(&self.not_full),
        }
    }

    /// The queue of the receivers.
    pub(super) fn receivers_wait_at(&self) -> &WaitQueue {
        match &self.flavor {
            Flavor::Clock(clock) => clock.waiting(),
            _ => &self.not_empty.waiting,
        }
    }

    /// The senders' second look: how many could go on.
    pub(super) fn look_for_room(&self, lane: usize) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.look_for_room(),
            Flavor::Rendezvous(rendezvous) => rendezvous.look_for_room(),
            Flavor::Lanes(lanes) => lanes.values().look_for_room(lane),
            Flavor::Blocks(_) | Flavor::Clock(_) => usize::MAX,
        }
    }

    /// The receivers' second look.
    pub(super) fn look_for_values(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.look_for_values(),
            Flavor::Blocks(blocks) => blocks.look_for_values(),
            Flavor::Rendezvous(rendezvous) => rendezvous.look_for_values(),
            Flavor::Lanes(lanes) => lanes.values().look_for_values(),
            Flavor::Clock(clock) => clock.look(),
        }
    }

    /// About how many values have been put in, from anywhere on.
    pub(super) fn sent(&self, lane: usize) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.put(),
            Flavor::Rendezvous(rendezvous) => rendezvous.put(),
            Flavor::Lanes(lanes) => lanes.values().put(lane),
            // Nobody ever waits for room there.
            Flavor::Blocks(_) | Flavor::Clock(_) => 0,
        }
    }

    /// About how many values have been taken out, from anywhere on.
    pub(super) fn taken(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.taken(),
            Flavor::Blocks(blocks) => blocks.taken(),
            Flavor::Rendezvous(rendezvous) => rendezvous.taken(),
            Flavor::Lanes(lanes) => lanes.values().taken(),
            // Values come one by one: there is nothing to learn about batches.
            Flavor::Clock(_) => 0,
        }
    }

    /// Closes the channel and wakes everybody. Returns whether it was open.
    pub(super) fn close(&self) -> bool {
        let was_open = match &self.flavor {
            Flavor::Ring(ring) => ring.close(),
            Flavor::Blocks(blocks) => blocks.close(),
            Flavor::Rendezvous(rendezvous) => rendezvous.close(),
            Flavor::Lanes(lanes) => lanes.values().close(),
            Flavor::Clock(clock) => clock.close(),
        };
        if was_open {
            for gate in self.not_full() {
                gate.waiting.wake_all();
            }
            self.receivers_wait_at().wake_all();
        }
        was_open
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.flavor {
            Flavor::Ring(ring) => ring.is_closed(),
            Flavor::Blocks(blocks) => blocks.is_closed(),
            Flavor::Rendezvous(rendezvous) => rendezvous.is_closed(),
            Flavor::Lanes(lanes) => lanes.values().is_closed(),
            Flavor::Clock(clock) => clock.is_closed(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.len(),
            Flavor::Blocks(blocks) => blocks.len(),
            Flavor::Rendezvous(rendezvous) => rendezvous.len(),
            Flavor::Lanes(lanes) => lanes.values().len(),
            Flavor::Clock(clock) => clock.len(),
        }
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        match &self.flavor {
            Flavor::Ring(ring) => Some(ring.capacity()),
            Flavor::Blocks(_) => None,
            Flavor::Rendezvous(_) => Some(0),
            Flavor::Lanes(lanes) => Some(lanes.values().capacity()),
            Flavor::Clock(_) => Some(1),
        }
    }

    /// How many values the senders of a lane see before them.
    pub(super) fn len_of(&self, lane: usize) -> usize {
        match &self.flavor {
            Flavor::Lanes(lanes) => lanes.values().len_of(lane),
            _ => self.len(),
        }
    }

    /// How many values the senders of a lane have room for.
    pub(super) fn capacity_of(&self, lane: usize) -> Option<usize> {
        match &self.flavor {
            Flavor::Lanes(lanes) => Some(lanes.values().capacity_of(lane)),
            _ => self.capacity(),
        }
    }

    pub(super) fn add_sender(&self) {
        add_handle(&self.senders);
    }

    pub(super) fn add_receiver(&self) {
        add_handle(&self.receivers);
    }

    /// How many senders there are.
    pub(super) fn senders(&self) -> usize {
        self.senders.load(Relaxed)
    }

    /// How many receivers there are.
    pub(super) fn receivers(&self) -> usize {
        self.receivers.load(Relaxed)
    }

    /// Adds a sender, unless there is none any more.
    pub(super) fn join_senders(&self) -> bool {
        join_handles(&self.senders)
    }

    /// Adds a receiver, unless there is none any more.
    pub(super) fn join_receivers(&self) -> bool {
        join_handles(&self.receivers)
    }

    /// The last sender closes the channel.
    pub(super) fn remove_sender(&self) {
        if self.senders.fetch_sub(1, AcqRel) == 1 {
            self.close();
        }
    }

    /// The last receiver closes the channel and drops what nobody can receive any more.
    pub(super) fn remove_receiver(&self) {
        if self.receivers.fetch_sub(1, AcqRel) == 1 {
            self.close();
            let mut question = Question::default();
            while let Ok(value) = self.pop_now(&mut question) {
                discard_panic(|| drop(value));
            }
            debug_assert!(
                self.receivers.load(Acquire) == 0,
                "no receiver comes from none"
            );
        }
    }
}

pub(super) fn add_handle(count: &AtomicUsize) {
    check_handles(count.fetch_add(1, Relaxed));
}

/// Adds one to a count that is not zero: who has counted down to zero has closed the channel.
fn join_handles(count: &AtomicUsize) -> bool {
    let mut handles = count.load(Relaxed);
    while handles != 0 {
        match count.compare_exchange_weak(handles, handles + 1, Relaxed, Relaxed) {
            Ok(_) => {
                check_handles(handles);
                return true;
            }
            Err(now) => handles = now,
        }
    }
    false
}

fn check_handles(before: usize) {
    if before > HANDLES_MAX {
        // As with `Arc`: counting on would let the count pass zero while handles live.
        std::process::abort();
    }
}
