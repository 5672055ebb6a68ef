//! The task's driver: polls an operation and returns `Pending` while it cannot go on.

use super::queue::Node;
use super::registry::Listing;
use super::timer::Timer;
use super::{Ended, Limit, Operation};
use crate::prim::{MODEL, hint};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// Second looks that one poll takes before it lets other tasks run.
const LOOKS: u32 = if MODEL { 1 } else { 8 };

/// An operation being awaited. Dropping it gives up: a wake that it received is passed on.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub(crate) struct Wait<O: Operation> {
    node: Node,
    listing: Listing,
    site: &'static Location<'static>,
    operation: O,
}

impl<O: Operation> Wait<O> {
    pub(crate) fn new(operation: O, site: &'static Location<'static>) -> Self {
        Self {
            node: Node::new(),
            listing: Listing::new(),
            site,
            operation,
        }
    }

    /// The operation, to take back what it holds. Only once the wait has been given up.
    pub(crate) fn operation(self: Pin<&mut Self>) -> &mut O {
        debug_assert!(
            !self.node.is_joined(),
            "the operation belongs to the wait until it ends"
        );
        // SAFETY: the operation is not pinned: no `Pin` to it is ever made.
        unsafe { &mut self.get_unchecked_mut().operation }
    }

    fn project(self: Pin<&mut Self>) -> Parts<'_, O> {
        // SAFETY: node and listing are never moved out of `self`; the operation is not pinned.
        unsafe {
            let this = self.get_unchecked_mut();
            Parts {
                node: Pin::new_unchecked(&this.node),
                listing: Pin::new_unchecked(&this.listing),
                site: this.site,
                operation: &mut this.operation,
            }
        }
    }

    /// Leaves the queue; passes on a wake that came.
    pub(crate) fn give_up(self: Pin<&mut Self>) {
        self.project().give_up();
    }
}

/// What a poll works on.
struct Parts<'a, O: Operation> {
    node: Pin<&'a Node>,
    listing: Pin<&'a Listing>,
    site: &'static Location<'static>,
    operation: &'a mut O,
}

impl<O: Operation> Parts<'_, O> {
    fn give_up(&mut self) {
        self.listing.leave();
        if !self.node.is_joined() {
            return;
        }
        let queue = self.operation.queue();
        // SAFETY: joined and not left.
        if unsafe { queue.leave(self.node) } {
            queue.wake_one();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<O::Output> {
        let mut looks = 0;
        loop {
            if self.node.is_joined() && self.node.is_notified() {
                self.node.reset();
            }
            if let Poll::Ready(output) = self.operation.attempt() {
                // A wake that arrives from here on finds us served: `give_up` passes it on.
                self.give_up();
                return Poll::Ready(output);
            }
            if !self.stay_queued(cx) {
                continue;
            }
            if !self.operation.may_proceed() {
                self.listing
                    .enter(O::WAITS_FOR, self.operation.queue(), self.site, None);
                return Poll::Pending;
            }
            looks += 1;
            if looks == LOOKS {
                // Somebody has claimed a place and not finished with it. Let others run meanwhile.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            hint::spin_loop();
        }
    }

    /// Joins the queue, or keeps the place in it. False if a wake came first.
    fn stay_queued(&mut self, cx: &Context<'_>) -> bool {
        let queue = self.operation.queue();
        if self.node.is_joined() {
            // SAFETY: joined and not left.
            return unsafe { queue.refresh(self.node, cx.waker()) };
        }
        // SAFETY: in no queue, and pinned with the `Wait`, whose drop takes it out; the queue lives
        // as long as the operation, which is dropped after the node has left.
        unsafe { queue.join(self.node, cx.waker().clone()) };
        true
    }
}

impl<O: Operation> Future for Wait<O> {
    type Output = O::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().poll(cx)
    }
}

impl<O: Operation> Drop for Wait<O> {
    fn drop(&mut self) {
        // SAFETY: if the node has joined a queue, `self` has been pinned since, and a drop is in place.
        unsafe { Pin::new_unchecked(self) }.give_up();
    }
}

/// An operation being awaited until a deadline; `None` is for ever.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub(crate) struct WaitUntil<O: Operation> {
    wait: Wait<O>,
    timer: Timer,
    deadline: Option<Instant>,
}

impl<O: Operation> WaitUntil<O> {
    pub(crate) fn new(
        operation: O,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Self {
        Self {
            wait: Wait::new(operation, site),
            timer: Timer::new(),
            deadline,
        }
    }

    /// The wait itself.
    pub(crate) fn wait(self: Pin<&mut Self>) -> Pin<&mut Wait<O>> {
        self.project().0
    }

    fn project(self: Pin<&mut Self>) -> (Pin<&mut Wait<O>>, Pin<&Timer>, Option<Instant>) {
        // SAFETY: wait and timer are never moved out of `self`, which has no drop of its own.
        unsafe {
            let this = self.get_unchecked_mut();
            (
                Pin::new_unchecked(&mut this.wait),
                Pin::new_unchecked(&this.timer),
                this.deadline,
            )
        }
    }
}

impl<O: Operation> Future for WaitUntil<O> {
    type Output = Result<O::Output, Ended>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (mut wait, timer, deadline) = self.project();
        if let Poll::Ready(output) = wait.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let Some(at) = deadline else {
            return Poll::Pending;
        };
        match Limit::until(deadline).reached() {
            Some(ended) => {
                wait.give_up();
                Poll::Ready(Err(ended))
            }
            None => {
                timer.set(at, cx.waker());
                Poll::Pending
            }
        }
    }
}
