//! Receiving as an operation that may wait, written once for threads and tasks.

use super::ring::Missing;
use super::{Receiver, RecvError};
use crate::select::{Begin, Receive};
use crate::wait::{Operation, Patience, WaitQueue, What};
use std::task::Poll;

/// How a receive holds on to its receiver: it borrows it, or owns it.
///
/// # Safety
///
/// Both functions always return the same receiver.
pub(super) unsafe trait Holder {
    type Value: Clone;

    fn receiver(&self) -> &Receiver<Self::Value>;

    fn receiver_mut(&mut self) -> &mut Receiver<Self::Value>;
}

// SAFETY: a reference is not redirected.
unsafe impl<T: Clone> Holder for &mut Receiver<T> {
    type Value = T;

    #[inline]
    fn receiver(&self) -> &Receiver<T> {
        self
    }

    #[inline]
    fn receiver_mut(&mut self) -> &mut Receiver<T> {
        self
    }
}

// SAFETY: it is the receiver.
unsafe impl<T: Clone> Holder for Receiver<T> {
    type Value = T;

    #[inline]
    fn receiver(&self) -> &Receiver<T> {
        self
    }

    #[inline]
    fn receiver_mut(&mut self) -> &mut Receiver<T> {
        self
    }
}

/// Receives the next value. Can be repeated.
pub(super) struct Recv<H> {
    holder: H,
    /// Whether the last attempt was done. Then nothing is left for others: they have been woken too.
    done: bool,
}

impl<H: Holder> Recv<H> {
    pub(super) fn new(holder: H) -> Self {
        Self {
            holder,
            done: false,
        }
    }

    #[inline]
    fn result(&mut self, received: Result<H::Value, Missing>) -> Poll<Result<H::Value, RecvError>> {
        let result = match received {
            Ok(value) => Ok(value),
            Err(Missing::Lagged { lost, .. }) => Err(RecvError::Lagged(lost as u64)),
            Err(Missing::Closed) => Err(RecvError::Closed),
            Err(Missing::Empty | Missing::Busy) => {
                self.done = false;
                return Poll::Pending;
            }
        };
        self.done = true;
        Poll::Ready(result)
    }
}

// SAFETY: the queue is a field of what the receiver shares, and keeps alive and in place by an `Arc`; nobody
// exchanges a receiver that is held.
unsafe impl<H: Holder> Operation for Recv<H> {
    type Output = Result<H::Value, RecvError>;
    const WAITS_FOR: &'static What = &"broadcast recv";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| Err(RecvError::Cancelled));

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        let received = self.holder.receiver_mut().take();
        self.result(received)
    }

    #[inline]
    fn glance(&mut self) -> Poll<Self::Output> {
        let received = self.holder.receiver_mut().take_if_there();
        self.result(received)
    }

    fn last_attempt(&mut self) -> Poll<Self::Output> {
        let received = self.holder.receiver_mut().take_now();
        self.result(received)
    }

    fn chances(&self) -> usize {
        // What is there for this receiver says nothing of what is there for others.
        usize::from(!self.done && self.holder.receiver().has_next())
    }

    fn moves(&self) -> usize {
        self.holder.receiver().received()
    }

    fn queue(&self) -> &WaitQueue {
        self.holder.receiver().queue()
    }

    fn patience(&self) -> &Patience {
        self.holder.receiver().patience()
    }
}

impl<T: Clone> Receive for &mut Receiver<T> {
    type Received = Result<T, RecvError>;
}

impl<T: Clone> Begin<Result<T, RecvError>> for &mut Receiver<T> {
    fn begin(self) -> impl Operation<Output = Result<T, RecvError>> {
        Recv::new(self)
    }
}
