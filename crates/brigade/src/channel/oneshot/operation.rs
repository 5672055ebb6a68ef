//! Waiting for the other side to end, which is all that anybody waits for here: an operation for both drivers.
//!
//! The value is not its result: whoever finds the sender at its end takes the value after the wait. Only a select
//! has it taken within ([`Take`]).

use super::super::RecvError;
use super::shared::{End, RECEIVER, ReceivingEnd, SENDER, SendingEnd};
use crate::wait::{Operation, Patience, WaitQueue, What};
use std::borrow::Borrow;
use std::marker::PhantomData;
use std::task::Poll;

/// That of all pairs: one is used once, and could not learn for itself.
static PATIENCE: Patience = Patience::new();

/// Done when nothing is left to wait for at `end`, which it owns or borrows. Yields whether that is so, or the wait
/// was cancelled.
pub(super) struct Over<T, E, const SIDE: u8> {
    pub(super) end: E,
    value: PhantomData<T>,
}

/// For the value, by one who has borrowed the receiver.
pub(super) type Recv<'a, T> = Over<T, &'a mut ReceivingEnd<T>, RECEIVER>;
/// For the value, by one who owns the receiver.
pub(super) type OwnedRecv<T> = Over<T, ReceivingEnd<T>, RECEIVER>;
/// For the receiver to want nothing more.
pub(super) type Closed<'a, T> = Over<T, &'a SendingEnd<T>, SENDER>;

impl<'a, T> Recv<'a, T> {
    pub(super) fn new(end: &'a mut ReceivingEnd<T>) -> Self {
        let value = PhantomData;
        Self { end, value }
    }
}

impl<T> OwnedRecv<T> {
    pub(super) fn new(end: ReceivingEnd<T>) -> Self {
        let value = PhantomData;
        Self { end, value }
    }
}

impl<'a, T> Closed<'a, T> {
    pub(super) fn new(end: &'a SendingEnd<T>) -> Self {
        let value = PhantomData;
        Self { end, value }
    }
}

// SAFETY: the queue is a field of what the end shares. `E` is the end itself or a borrow of it (nothing else
// is made above), and either keeps that alive and in place as long as the operation lives.
unsafe impl<T, E: Borrow<End<T, SIDE>>, const SIDE: u8> Operation for Over<T, E, SIDE> {
    type Output = bool;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| false);
    const WAITS_FOR: &'static What = if SIDE == SENDER {
        &"oneshot closed"
    } else {
        &"oneshot recv"
    };

    #[inline]
    fn attempt(&mut self) -> Poll<bool> {
        if self.end.borrow().is_over() {
            Poll::Ready(true)
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        // An end is for all who wait for it.
        if self.end.borrow().is_over_for_waiter() {
            usize::MAX
        } else {
            0
        }
    }

    fn queue(&self) -> &WaitQueue {
        self.end.borrow().queue()
    }

    fn patience(&self) -> &Patience {
        &PATIENCE
    }
}

/// Why there is no value after a wait that yielded `over`.
pub(super) fn missing(over: bool) -> RecvError {
    if over {
        RecvError::Closed
    } else {
        RecvError::Cancelled
    }
}

/// Takes the value, once.
pub(crate) struct Take<'a, T> {
    recv: Recv<'a, T>,
    over: bool,
}

impl<'a, T> Take<'a, T> {
    pub(super) fn new(end: &'a mut ReceivingEnd<T>) -> Self {
        Self {
            recv: Recv::new(end),
            over: false,
        }
    }
}

// SAFETY: the queue is that of `recv`, which is not exchanged.
unsafe impl<T> Operation for Take<'_, T> {
    type Output = Result<T, RecvError>;
    const WAITS_FOR: &'static What = Recv::<T>::WAITS_FOR;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| Err(RecvError::Cancelled));

    fn attempt(&mut self) -> Poll<Self::Output> {
        if self.recv.attempt().is_pending() {
            return Poll::Pending;
        }
        self.over = true;
        Poll::Ready(self.recv.end.take(Ok, || Err(RecvError::Closed)))
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn chances(&self) -> usize {
        self.recv.chances()
    }

    fn queue(&self) -> &WaitQueue {
        self.recv.queue()
    }

    fn patience(&self) -> &Patience {
        self.recv.patience()
    }
}
