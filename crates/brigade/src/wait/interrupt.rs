//! The door through which a wait is ended from outside: fired once, it ends every wait under it.
//!
//! It is a flag and one more queue that the waiter joins with the same waker. It knows nothing of
//! tokens, scopes or reasons; those are built on it.

use super::{
    Ended, Operation, Wait, WaitQueue,
    queue::{Kind, Node},
};
use crate::prim::Ordering::{Acquire, Release};
use crate::prim::atomic::AtomicBool;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Ends the waits that were begun under it.
#[derive(Debug)]
pub(crate) struct Interrupt {
    fired: AtomicBool,
    pub(super) waiting: WaitQueue,
}

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the door through which a cancellation token will end waits"
    )
)]
impl Interrupt {
    pub(crate) fn new() -> Self {
        Self {
            fired: AtomicBool::new(false),
            waiting: WaitQueue::new(),
        }
    }

    /// Ends every wait under this interrupt, now and from now on.
    ///
    /// `wake_all` is the read-modify-write of the handshake: a waiter whose `join` comes before it
    /// is woken by it, one whose `join` comes after it acquires the flag.
    pub(crate) fn fire(&self) {
        self.fired.store(true, Release);
        self.waiting.wake_all();
    }

    /// `wait`, ended by this interrupt.
    pub(crate) fn end<O: Operation>(&self, wait: Wait<O>) -> Interruptible<'_, O> {
        Interruptible {
            node: Node::new(Kind::Task),
            interrupt: self,
            wait,
        }
    }
}

impl Interrupt {
    pub(crate) fn has_fired(&self) -> bool {
        self.fired.load(Acquire)
    }
}

/// A task's wait under an interrupt.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub(crate) struct Interruptible<'a, O: Operation> {
    wait: Wait<O>,
    node: Node,
    interrupt: &'a Interrupt,
}

impl<O: Operation> Interruptible<'_, O> {
    /// The pinned parts.
    fn project(self: Pin<&mut Self>) -> (Pin<&mut Wait<O>>, Pin<&Node>) {
        // SAFETY: neither part is moved out of `self` anywhere, and `Drop` does not move them.
        unsafe {
            let this = self.get_unchecked_mut();
            (
                Pin::new_unchecked(&mut this.wait),
                Pin::new_unchecked(&this.node),
            )
        }
    }
}

impl<O: Operation> Future for Interruptible<'_, O> {
    type Output = Result<O::Output, Ended>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let interrupt = self.interrupt;
        let (mut wait, node) = self.as_mut().project();
        loop {
            if let Poll::Ready(output) = wait.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            if interrupt.has_fired() {
                wait.give_up();
                return Poll::Ready(Err(Ended::Interrupted));
            }
            if !node.is_joined() {
                // SAFETY: in no queue; pinned with `self`, whose drop takes it out; the interrupt is
                // borrowed for longer than `self` lives.
                unsafe { interrupt.waiting.join(node, cx.waker().clone()) };
            // SAFETY: joined and not left.
            } else if unsafe { interrupt.waiting.refresh(node, cx.waker()) } {
                return Poll::Pending;
            } else {
                node.reset();
            }
        }
    }
}

impl<O: Operation> Drop for Interruptible<'_, O> {
    fn drop(&mut self) {
        if self.node.is_joined() {
            // SAFETY: pinned since it joined (`poll`), joined and not left. Firing is for all, so
            // a wake that came is nobody else's.
            unsafe {
                self.interrupt.waiting.leave(Pin::new_unchecked(&self.node));
            }
        }
    }
}
