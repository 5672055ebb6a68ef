//! The waits of a worker that has nothing to do: while the pool is open, and after its shutdown.
//!
//! Both wait where the agenda says; what they do then is up to the worker. Neither knows what a job is, nor how one is run.

use super::agenda::{Agenda, Found, Next};
use super::fork::{Forks, Taken};
use super::local::Seen;
use crate::wait::{Operation, Patience, WaitQueue, What};
use std::task::Poll;

/// What an idle worker goes on with.
pub(super) enum Work {
    Found(Found),
    Half(Taken),
    /// Whether it is wanted has to be looked at.
    Unwanted,
    Over,
}

/// The operation of waiting for something to do.
pub(super) struct Idle<'a, W> {
    pub(super) agenda: &'a Agenda,
    pub(super) forks: &'a Forks,
    /// Whether the worker is wanted.
    pub(super) is_wanted: W,
    /// Its number.
    pub(super) number: usize,
    pub(super) seen: Seen,
}

impl<W> Idle<'_, W> {
    fn take_half(&self) -> Poll<Work> {
        match self.forks.take_offered() {
            Some(half) => Poll::Ready(Work::Half(half)),
            None => Poll::Pending,
        }
    }
}

// SAFETY: the queue is that of the ordinary lane, a field of the agenda, which is borrowed.
unsafe impl<W: Fn() -> bool> Operation for Idle<'_, W> {
    type Output = Work;
    const WAITS_FOR: &'static What = &"pool job";

    fn attempt(&mut self) -> Poll<Work> {
        if !(self.is_wanted)() {
            return Poll::Ready(Work::Unwanted);
        }
        let next = self.agenda.next(self.number);
        if let Next::Found(found) = next {
            return Poll::Ready(Work::Found(found));
        }
        match self.agenda.steal(self.number) {
            Some(found) => Poll::Ready(Work::Found(found)),
            None if matches!(next, Next::Over) && !self.agenda.others_have(self.number) => {
                Poll::Ready(Work::Over)
            }
            None => self.take_half(),
        }
    }

    fn glance(&mut self) -> Poll<Work> {
        if !(self.is_wanted)() {
            return Poll::Ready(Work::Unwanted);
        }
        match self.agenda.glance(self.number) {
            Next::Found(found) => return Poll::Ready(Work::Found(found)),
            Next::Over => return self.attempt(),
            Next::Nothing => {}
        }
        match self.agenda.leftover(self.number, &mut self.seen) {
            Some(found) => Poll::Ready(Work::Found(found)),
            None => self.take_half(),
        }
    }

    fn chances(&self) -> usize {
        let unwanted = usize::from(!(self.is_wanted)());
        self.agenda.look(self.number) + self.forks.look() + unwanted
    }

    fn moves(&self) -> usize {
        self.agenda.moves()
    }

    fn queue(&self) -> &WaitQueue {
        self.agenda.waiting()
    }

    fn patience(&self) -> &Patience {
        self.agenda.patience()
    }
}

/// The operation of a worker that has nothing to do after the shutdown, while jobs go on: true if it is to end, false if a
/// task is ready.
pub(super) struct Stays<'a, H> {
    pub(super) agenda: &'a Agenda,
    /// Whether those who have not left wait for the others to end.
    pub(super) is_held_up: H,
}

// SAFETY: the queue is that of the ordinary lane, a field of the agenda, which is borrowed.
unsafe impl<H: Fn() -> bool> Operation for Stays<'_, H> {
    type Output = bool;
    const WAITS_FOR: &'static What = &"pool job";

    fn attempt(&mut self) -> Poll<bool> {
        if self.agenda.tasks().may_have() {
            Poll::Ready(false)
        } else if self.agenda.tasks().are_ended() || (self.is_held_up)() {
            Poll::Ready(true)
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        let ends = self.agenda.tasks().are_ended() || (self.is_held_up)();
        self.agenda.tasks().look() + usize::from(ends)
    }

    fn queue(&self) -> &WaitQueue {
        self.agenda.waiting()
    }

    fn patience(&self) -> &Patience {
        self.agenda.patience()
    }
}
