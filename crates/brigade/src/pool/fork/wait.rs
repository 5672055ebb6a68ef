//! The wait of a joiner for its half, which somebody else runs: meanwhile it helps with parts of that half.

use super::{Half, Worker};
use crate::wait::{Limit, Operation, Patience, WaitQueue, What, block};
use std::panic::Location;
use std::task::Poll;

/// What a joiner goes on with.
enum Next {
    /// Its half is done.
    Done,
    /// This it has taken.
    Help(*const Half),
}

/// The operation of waiting for a half.
struct Joining<'a> {
    worker: &'a Worker,
    half: *const Half,
}

impl Joining<'_> {
    fn half(&self) -> &Half {
        // SAFETY: it is on the stack of the joiner, which waits.
        unsafe { &*self.half }
    }

    fn wanted(&self) -> impl Fn(*const Half) -> bool + use<> {
        let whole = self.half;
        // SAFETY: called with what is offered, under the lock of the offer: it is in place, and not done.
        move |offered| unsafe { (*offered).is_within(whole) }
    }
}

// SAFETY: the queue is a field of a slot, which lives as long as the crew.
unsafe impl Operation for Joining<'_> {
    type Output = Next;
    const WAITS_FOR: &'static What = &"pool join";

    fn attempt(&mut self) -> Poll<Next> {
        if self.half().is_done(false) {
            return Poll::Ready(Next::Done);
        }
        let part = self
            .worker
            .forks()
            .in_use()
            .filter(|slot| !slot.offer.is_empty())
            .find_map(|slot| slot.offer.take_if(self.wanted()));
        part.map_or(Poll::Pending, |part| Poll::Ready(Next::Help(part)))
    }

    fn chances(&self) -> usize {
        let mut slots = self.worker.forks().in_use_for_sure();
        let chance = self.half().is_done(true) || slots.any(|slot| slot.offer.holds(self.wanted()));
        usize::from(chance)
    }

    fn queue(&self) -> &WaitQueue {
        // SAFETY: a slot lives as long as its crew.
        unsafe { &(*self.worker.slot).waiting }
    }

    fn patience(&self) -> &Patience {
        &self.worker.forks().patience
    }
}

impl Worker {
    /// Waits until a half is done that somebody has taken.
    pub(super) fn wait_for(&self, half: *const Half, site: &'static Location<'static>) {
        let forks = self.forks();
        let mut joining = Joining { worker: self, half };
        loop {
            forks.hungry.joiner_waits();
            let next = block(&mut joining, Limit::NONE, site);
            forks.hungry.joiner_goes_on();
            match next {
                Ok(Next::Done) => return,
                Ok(Next::Help(part)) => self.run_taken(part),
                Err(_) => unreachable!("a wait without a limit ends with the operation"),
            }
        }
    }
}
