//! Sending and receiving as operations that may wait, written once for threads and tasks.

use super::shared::{Question, Shared};
use super::{RecvError, SendError};
use crate::prim::Arc;
use crate::queue::{PopError, PushError};
use crate::wait::{Operation, Patience, WaitQueue, What};
use std::ptr;
use std::task::Poll;

/// Puts one value in. Can be repeated with another value.
#[derive(Debug)]
pub(super) struct Send<H: Holder> {
    pub(super) shared: H,
    pub(super) lane: usize,
    /// The value, until it has been sent.
    pub(super) value: Option<H::Value>,
}

// SAFETY: the queue belongs to the channel, which its holder keeps in place, and the lane stays the same.
unsafe impl<H: Holder> Operation for Send<H> {
    type Output = Result<(), SendError<H::Value>>;
    const WAITS_FOR: &'static What = &"channel send";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> =
        Some(|send| Err(SendError::Cancelled(send.take_back())));

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        if self.is_sent_at_once() {
            return Poll::Ready(Ok(()));
        }
        self.attempt_again()
    }

    #[inline(always)]
    fn glance(&mut self) -> Poll<Self::Output> {
        if self.is_sent_at_once() {
            return Poll::Ready(Ok(()));
        }
        self.glance_again()
    }

    fn last_attempt(&mut self) -> Poll<Self::Output> {
        assert!(self.value.is_some(), "a send was polled after it was done");
        let pushed = self.shared.channel().push_now(self.lane, &mut self.value);
        self.result(pushed)
    }

    #[inline]
    fn is_over(&self) -> bool {
        self.value.is_none()
    }

    fn chances(&self) -> usize {
        self.shared.channel().look_for_room(self.lane)
    }

    fn moves(&self) -> usize {
        self.shared.channel().sent(self.lane)
    }

    fn queue(&self) -> &WaitQueue {
        &self.shared.channel().not_full()[self.lane].waiting
    }

    fn patience(&self) -> &Patience {
        &self.shared.channel().not_full()[self.lane].patience
    }
}

impl<H: Holder> Send<H> {
    #[inline(always)]
    fn is_sent_at_once(&mut self) -> bool {
        let Some(value) = &self.value else {
            panic!("a send was polled after it was done");
        };
        // SAFETY: the value is the operation's.
        let sent = unsafe { self.shared.channel().push_at_once(value) };
        if sent {
            // SAFETY: the place is the operation's, and what was there has been moved out.
            unsafe { ptr::write(&raw mut self.value, None) };
        }
        sent
    }

    /// `attempt`, with all that is unusual.
    #[inline(never)]
    fn attempt_again(&mut self) -> Poll<Result<(), SendError<H::Value>>> {
        let pushed = self.shared.channel().push(self.lane, &mut self.value);
        self.result(pushed)
    }

    /// `glance`, with all that is unusual.
    #[inline(never)]
    fn glance_again(&mut self) -> Poll<Result<(), SendError<H::Value>>> {
        let channel = self.shared.channel();
        let pushed = channel.push_if_free(self.lane, &mut self.value);
        self.result(pushed)
    }

    fn result(&mut self, pushed: Result<(), PushError>) -> Poll<Result<(), SendError<H::Value>>> {
        match pushed {
            Ok(()) => Poll::Ready(Ok(())),
            Err(PushError::Full | PushError::Busy) => Poll::Pending,
            Err(PushError::Closed) => Poll::Ready(Err(SendError::Closed(self.take_back()))),
        }
    }

    fn take_back(&mut self) -> H::Value {
        self.value.take().expect("what was not sent is still here")
    }
}

/// How an operation holds on to its channel: it borrows it, or owns a share.
///
/// # Safety
///
/// `channel` always returns the same place, as long as the holder lives.
pub(super) unsafe trait Holder {
    type Value;

    fn channel(&self) -> &Shared<Self::Value>;
}

// SAFETY: a shared reference is not redirected.
unsafe impl<T> Holder for &Shared<T> {
    type Value = T;

    #[inline]
    fn channel(&self) -> &Shared<T> {
        self
    }
}

// SAFETY: an `Arc` keeps what it points to alive and in place.
unsafe impl<T> Holder for Arc<Shared<T>> {
    type Value = T;

    #[inline]
    fn channel(&self) -> &Shared<T> {
        self
    }
}

/// Takes one value out. Can be repeated.
#[derive(Debug)]
pub(super) struct Recv<H: Holder> {
    holder: H,
    question: Question,
}

impl<H: Holder> Recv<H> {
    #[inline]
    pub(super) fn new(holder: H) -> Self {
        Self {
            holder,
            question: Question::default(),
        }
    }

    /// `attempt`, with all that is unusual.
    #[inline(never)]
    fn attempt_again(&mut self) -> Poll<Result<H::Value, RecvError>> {
        received(self.holder.channel().pop(&mut self.question))
    }

    /// `glance`, with all that is unusual.
    #[inline(never)]
    fn glance_again(&mut self) -> Poll<Result<H::Value, RecvError>> {
        received(self.holder.channel().pop_if_there(&mut self.question))
    }
}

impl<H: Holder> Drop for Recv<H> {
    #[inline]
    fn drop(&mut self) {
        self.withdraw();
    }
}

// SAFETY: the queue is a field of the channel, which its holder keeps in place.
unsafe impl<H: Holder> Operation for Recv<H> {
    type Output = Result<H::Value, RecvError>;
    const WAITS_FOR: &'static What = &"channel recv";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|recv| {
        // It may be repeated, and asks nothing until then.
        recv.withdraw();
        Err(RecvError::Cancelled)
    });

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        match self.holder.channel().find_at_once() {
            Some(found) => Poll::Ready(Ok(found.take())),
            None => self.attempt_again(),
        }
    }

    #[inline(always)]
    fn glance(&mut self) -> Poll<Self::Output> {
        // Where a question makes a difference nothing is found at once.
        match self.holder.channel().find_at_once() {
            Some(found) => Poll::Ready(Ok(found.take())),
            None => self.glance_again(),
        }
    }

    fn last_attempt(&mut self) -> Poll<Self::Output> {
        received(self.holder.channel().pop_now(&mut self.question))
    }

    #[inline]
    fn withdraw(&mut self) {
        if self.question != Question::Unasked {
            let question = std::mem::take(&mut self.question);
            self.holder.channel().withdraw(question);
        }
    }

    fn chances(&self) -> usize {
        self.holder.channel().look_for_values()
    }

    fn moves(&self) -> usize {
        self.holder.channel().taken()
    }

    fn queue(&self) -> &WaitQueue {
        self.holder.channel().receivers_wait_at()
    }

    fn patience(&self) -> &Patience {
        &self.holder.channel().not_empty.patience
    }
}

#[inline]
pub(super) fn received<T>(popped: Result<T, PopError>) -> Poll<Result<T, RecvError>> {
    match popped {
        Ok(value) => Poll::Ready(Ok(value)),
        Err(PopError::Empty | PopError::Busy) => Poll::Pending,
        Err(PopError::Closed) => Poll::Ready(Err(RecvError::Closed)),
    }
}
