//! What the handles of one channel share: the queue, who waits at which end, how many handles live.

use super::clock::Clock;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::discard_panic;
use crate::queue::{Backoff, Blocks, PopError, PushError, Rendezvous, Ring};
use crate::wait::{Patience, WaitQueue};
use crossbeam_utils::CachePadded;

/// More handles than this mean a leak in a loop, which would end in a use after free.
const HANDLES_MAX: usize = isize::MAX as usize;

#[derive(Debug)]
pub(super) struct Shared<T> {
    pub(super) flavor: Flavor<T>,
    /// Senders wait here.
    pub(super) not_full: CachePadded<Gate>,
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
            Flavor::Clock(_) => (Patience::new(), Patience::new()),
        };
        let senders = usize::from(!matches!(flavor, Flavor::Clock(_)));
        Self {
            flavor,
            not_full: Gate::new(for_room),
            not_empty: Gate::new(for_values),
            senders: AtomicUsize::new(senders),
            receivers: AtomicUsize::new(1),
        }
    }

    /// Puts the value in and wakes a receiver. On failure it stays where it is.
    #[inline]
    pub(super) fn push(&self, value: &mut Option<T>) -> Result<(), PushError> {
        match &self.flavor {
            Flavor::Ring(ring) => ring.push(value)?,
            Flavor::Blocks(blocks) => blocks.push(value)?,
            Flavor::Rendezvous(rendezvous) => rendezvous.push(value)?,
            Flavor::Clock(_) => return Err(PushError::Closed),
        }
        self.not_empty.waiting.wake_one();
        Ok(())
    }

    /// `push`, for those who go on looking: may say that the channel is full a little too late.
    #[inline]
    pub(super) fn push_if_free(&self, value: &mut Option<T>) -> Result<(), PushError> {
        match &self.flavor {
            Flavor::Ring(ring) => ring.push_if_free(value)?,
            Flavor::Blocks(blocks) => blocks.push(value)?,
            Flavor::Rendezvous(rendezvous) => rendezvous.push(value)?,
            Flavor::Clock(_) => return Err(PushError::Closed),
        }
        self.not_empty.waiting.wake_one();
        Ok(())
    }

    /// Takes the oldest value out and wakes a sender. Asks for it first, where values must be asked for; if
    /// nothing comes out the question stays asked, until it is answered or withdrawn.
    #[inline]
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
            Flavor::Clock(clock) => clock.pop(),
        }
    }

    /// `pop`, for those who go on looking: may say that the channel is empty a little too late, and does
    /// not notice that it is closed.
    #[inline]
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
    #[inline]
    pub(super) fn push_now(&self, value: &mut Option<T>) -> Result<(), PushError> {
        let mut backoff = Backoff::new();
        loop {
            match self.push(value) {
                Err(PushError::Busy) => backoff.look_again(),
                answer => return answer,
            }
        }
    }

    /// `pop`, with a clear answer: waits out the few instructions of a sender in the way.
    #[inline]
    pub(super) fn pop_now(&self, question: &mut Question) -> Result<T, PopError> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop(question) {
                Err(PopError::Busy) => backoff.look_again(),
                answer => return answer,
            }
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
    pub(super) fn look_for_room(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.look_for_room(),
            Flavor::Rendezvous(rendezvous) => rendezvous.look_for_room(),
            Flavor::Blocks(_) | Flavor::Clock(_) => usize::MAX,
        }
    }

    /// The receivers' second look.
    pub(super) fn look_for_values(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.look_for_values(),
            Flavor::Blocks(blocks) => blocks.look_for_values(),
            Flavor::Rendezvous(rendezvous) => rendezvous.look_for_values(),
            Flavor::Clock(clock) => clock.look(),
        }
    }

    /// About how many values have been put in, from anywhere on.
    pub(super) fn sent(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.put(),
            Flavor::Rendezvous(rendezvous) => rendezvous.put(),
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
            Flavor::Clock(clock) => clock.close(),
        };
        if was_open {
            self.not_full.waiting.wake_all();
            self.receivers_wait_at().wake_all();
        }
        was_open
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.flavor {
            Flavor::Ring(ring) => ring.is_closed(),
            Flavor::Blocks(blocks) => blocks.is_closed(),
            Flavor::Rendezvous(rendezvous) => rendezvous.is_closed(),
            Flavor::Clock(clock) => clock.is_closed(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.len(),
            Flavor::Blocks(blocks) => blocks.len(),
            Flavor::Rendezvous(rendezvous) => rendezvous.len(),
            Flavor::Clock(clock) => clock.len(),
        }
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        match &self.flavor {
            Flavor::Ring(ring) => Some(ring.capacity()),
            Flavor::Blocks(_) => None,
            Flavor::Rendezvous(_) => Some(0),
            Flavor::Clock(_) => Some(1),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        // Without room, a value that waits for a receiver is more than there may be.
        self.capacity()
            .is_some_and(|capacity| capacity <= self.len())
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
