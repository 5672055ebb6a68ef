//! What the two handles share, and what each of them alone may do with it.

use super::super::shared::Gate;
use crate::prim::{Arc, discard_panic};
use crate::queue::{PopError, PushError, Spsc};
use crate::wait::{Patience, WaitQueue};
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;

#[derive(Debug)]
struct Shared<T> {
    ring: Spsc<T>,
    /// The sender waits here.
    not_full: CachePadded<Gate>,
    /// The receiver waits here.
    not_empty: CachePadded<Gate>,
}

/// The sender's side. There is one of it, and it puts in through `&mut`.
#[derive(Debug)]
pub(super) struct SendEnd<T>(Arc<Shared<T>>);

/// The receiver's side. There is one of it, and it takes out through `&mut`.
#[derive(Debug)]
pub(super) struct RecvEnd<T>(Arc<Shared<T>>);

/// The two sides of a new channel.
#[track_caller]
pub(super) fn ends<T>(capacity: usize) -> (SendEnd<T>, RecvEnd<T>) {
    let gate = |patience| {
        CachePadded::new(Gate {
            waiting: WaitQueue::new(),
            patience,
        })
    };
    let shared = Arc::new(Shared {
        ring: Spsc::new(capacity),
        not_full: gate(Patience::for_room(capacity)),
        not_empty: gate(Patience::for_values(capacity)),
    });
    (SendEnd(Arc::clone(&shared)), RecvEnd(shared))
}

impl<T> Shared<T> {
    fn close(&self) -> bool {
        let was_open = self.ring.close();
        if was_open {
            self.not_full.waiting.wake_all();
            self.not_empty.waiting.wake_all();
        }
        was_open
    }
}

/// What both sides may do at any time.
macro_rules! either_end {
    ($end:ident) => {
        impl<T> $end<T> {
            /// Closes the channel and wakes the other side. Returns whether it was open.
            pub(super) fn close(&self) -> bool {
                self.0.close()
            }

            pub(super) fn is_closed(&self) -> bool {
                self.0.ring.is_closed()
            }

            pub(super) fn len(&self) -> usize {
                self.0.ring.len()
            }

            pub(super) fn capacity(&self) -> usize {
                self.0.ring.capacity()
            }
        }
    };
}

either_end!(SendEnd);
either_end!(RecvEnd);

impl<T> SendEnd<T> {
    /// Puts the value in and wakes the receiver. On failure it stays where it is.
    #[inline]
    pub(super) fn push(&mut self, value: &mut Option<T>) -> Result<(), PushError> {
        // SAFETY: there is one sender's side, and it is borrowed mutably.
        unsafe { self.0.ring.push(value) }?;
        self.0.not_empty.waiting.wake_one();
        Ok(())
    }

    /// Puts in what there is room for, from the front, and wakes the receiver.
    pub(super) fn push_many(&mut self, values: &mut VecDeque<T>) -> Result<usize, PushError> {
        // SAFETY: as above.
        let count = unsafe { self.0.ring.push_many(values) }?;
        self.0.not_empty.waiting.wake_one();
        Ok(count)
    }

    pub(super) fn look_for_room(&self) -> usize {
        self.0.ring.look_for_room()
    }

    pub(super) fn sent(&self) -> usize {
        self.0.ring.put()
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.0.not_full
    }
}

impl<T> RecvEnd<T> {
    /// Takes the oldest value out and wakes the sender.
    #[inline]
    pub(super) fn pop(&mut self) -> Result<T, PopError> {
        // SAFETY: there is one receiver's side, and it is borrowed mutably.
        let value = unsafe { self.0.ring.pop() }?;
        self.0.not_full.waiting.wake_one();
        Ok(value)
    }

    /// Takes out what is there, at most `limit`, and wakes the sender.
    pub(super) fn pop_many(&mut self, into: &mut Vec<T>, limit: usize) -> Result<usize, PopError> {
        // SAFETY: as above.
        let count = unsafe { self.0.ring.pop_many(into, limit) }?;
        self.0.not_full.waiting.wake_one();
        Ok(count)
    }

    pub(super) fn look_for_values(&self) -> usize {
        self.0.ring.look_for_values()
    }

    pub(super) fn taken(&self) -> usize {
        self.0.ring.taken()
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.0.not_empty
    }
}

impl<T> Drop for SendEnd<T> {
    fn drop(&mut self) {
        self.close();
    }
}

/// What nobody can receive any more is dropped with the receiver.
impl<T> Drop for RecvEnd<T> {
    fn drop(&mut self) {
        self.close();
        while let Ok(value) = self.pop() {
            discard_panic(|| drop(value));
        }
    }
}
