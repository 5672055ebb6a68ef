//! Sending and receiving as operations that may wait, written once for threads and tasks.

use super::super::{RecvError, SendError};
use super::shared::{RecvEnd, SendEnd};
use crate::queue::{PopError, PushError};
use crate::wait::{Operation, Patience, WaitQueue, What};
use std::borrow::BorrowMut;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::task::Poll;

const SEND: &What = &"channel send";
const RECV: &What = &"channel recv";

/// Puts one value in.
#[derive(Debug)]
pub(super) struct Send<'a, T> {
    pub(super) end: &'a mut SendEnd<T>,
    /// The value, until it has been sent.
    pub(super) value: Option<T>,
}

impl<T> Send<'_, T> {
    fn take_back(&mut self) -> T {
        self.value.take().expect("what was not sent is still here")
    }
}

// SAFETY: the queue is in what both ends share, and the end is borrowed as long as the operation lives.
unsafe impl<T> Operation for Send<'_, T> {
    type Output = Result<(), SendError<T>>;
    const WAITS_FOR: &'static What = SEND;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> =
        Some(|send| Err(SendError::Cancelled(send.take_back())));

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        assert!(self.value.is_some(), "a send was polled after it was done");
        match self.end.push(&mut self.value) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(PushError::Full | PushError::Busy) => Poll::Pending,
            Err(PushError::Closed) => Poll::Ready(Err(SendError::Closed(self.take_back()))),
        }
    }

    fn chances(&self) -> usize {
        self.end.look_for_room()
    }

    fn moves(&self) -> usize {
        self.end.sent()
    }

    fn queue(&self) -> &WaitQueue {
        &self.end.gate().waiting
    }

    fn patience(&self) -> &Patience {
        &self.end.gate().patience
    }
}

/// Puts many values in, all of them.
#[derive(Debug)]
pub(super) struct SendMany<'a, T> {
    pub(super) end: &'a mut SendEnd<T>,
    /// Those not sent yet.
    pub(super) values: &'a mut VecDeque<T>,
}

// SAFETY: as for `Send`.
unsafe impl<T> Operation for SendMany<'_, T> {
    type Output = Result<(), SendError<()>>;
    const WAITS_FOR: &'static What = SEND;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> =
        Some(|_| Err(SendError::Cancelled(())));

    fn attempt(&mut self) -> Poll<Self::Output> {
        while !self.values.is_empty() {
            match self.end.push_many(self.values) {
                Ok(_) => {}
                Err(PushError::Full | PushError::Busy) => return Poll::Pending,
                Err(PushError::Closed) => return Poll::Ready(Err(SendError::Closed(()))),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn chances(&self) -> usize {
        self.end.look_for_room()
    }

    fn moves(&self) -> usize {
        self.end.sent()
    }

    fn queue(&self) -> &WaitQueue {
        &self.end.gate().waiting
    }

    fn patience(&self) -> &Patience {
        &self.end.gate().patience
    }
}

/// Takes one value out, by an end that it borrows or owns. Can be repeated.
#[derive(Debug)]
pub(super) struct Recv<T, E> {
    end: E,
    _value: PhantomData<fn() -> T>,
}

/// A receive that borrows its end.
pub(super) type BorrowedRecv<'a, T> = Recv<T, &'a mut RecvEnd<T>>;

impl<T, E: BorrowMut<RecvEnd<T>>> Recv<T, E> {
    pub(super) fn new(end: E) -> Self {
        Self {
            end,
            _value: PhantomData,
        }
    }
}

// SAFETY: the queue is in what both ends share, and the end, borrowed or owned, keeps that alive and in place
// as long as the operation lives.
unsafe impl<T, E: BorrowMut<RecvEnd<T>>> Operation for Recv<T, E> {
    type Output = Result<T, RecvError>;
    const WAITS_FOR: &'static What = RECV;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| Err(RecvError::Cancelled));

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        received(self.end.borrow_mut().pop())
    }

    fn chances(&self) -> usize {
        self.end.borrow().look_for_values()
    }

    fn moves(&self) -> usize {
        self.end.borrow().taken()
    }

    fn queue(&self) -> &WaitQueue {
        &self.end.borrow().gate().waiting
    }

    fn patience(&self) -> &Patience {
        &self.end.borrow().gate().patience
    }
}

/// Takes out what is there, once something is.
#[derive(Debug)]
pub(super) struct RecvMany<'a, T> {
    pub(super) end: &'a mut RecvEnd<T>,
    pub(super) into: &'a mut Vec<T>,
    pub(super) limit: usize,
}

// SAFETY: the queue is in what both ends share, and the end is borrowed as long as the operation lives.
unsafe impl<T> Operation for RecvMany<'_, T> {
    type Output = Result<usize, RecvError>;
    const WAITS_FOR: &'static What = RECV;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| Err(RecvError::Cancelled));

    fn attempt(&mut self) -> Poll<Self::Output> {
        received(self.end.pop_many(self.into, self.limit))
    }

    fn chances(&self) -> usize {
        self.end.look_for_values()
    }

    fn moves(&self) -> usize {
        self.end.taken()
    }

    fn queue(&self) -> &WaitQueue {
        &self.end.gate().waiting
    }

    fn patience(&self) -> &Patience {
        &self.end.gate().patience
    }
}

#[inline]
fn received<R>(popped: Result<R, PopError>) -> Poll<Result<R, RecvError>> {
    match popped {
        Ok(received) => Poll::Ready(Ok(received)),
        Err(PopError::Empty | PopError::Busy) => Poll::Pending,
        Err(PopError::Closed) => Poll::Ready(Err(RecvError::Closed)),
    }
}
