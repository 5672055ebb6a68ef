//! The waits of a worker that has nothing to do: while the pool is open, and after its shutdown.
//!
//! Both wait where the agenda says; what they do then is up to the worker. Neither knows what a job is, nor how one is run.

use super::agenda::{Agenda, Found, Next};
use super::fork::{Forks, Taken};
use super::local::{DOZE, QUIET, Seen};
use crate::wait::{Limit, Operation, Patience, WaitQueue, What, block, deadline_after};
use std::cell::Cell;
use std::panic::Location;
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
    agenda: &'a Agenda,
    forks: &'a Forks,
    /// Whether the worker is wanted.
    is_wanted: W,
    /// Its number.
    number: usize,
    seen: Seen,
    /// Looks in a row that have found nothing, while it watches over the others (`local.rs`).
    watch: Option<usize>,
    /// Whether it is counted among those who sleep.
    sleeps: Cell<bool>,
    /// Whether it has been.
    slept: Cell<bool>,
}

impl<'a, W: Fn() -> bool> Idle<'a, W> {
    /// Of worker `number`, as long as it is wanted.
    pub(super) fn new(agenda: &'a Agenda, forks: &'a Forks, number: usize, is_wanted: W) -> Self {
        Self {
            agenda,
            forks,
            is_wanted,
            number,
            seen: Seen::default(),
            watch: None,
            sleeps: Cell::new(false),
            slept: Cell::new(false),
        }
    }

    /// Waits for something to do.
    pub(super) fn wait(&mut self, site: &'static Location<'static>) -> Work {
        loop {
            let deadline = self.watch.and_then(|_| deadline_after(DOZE));
            let work = match block(self, Limit::until(deadline), site) {
                Ok(Some(work)) => Some(work),
                Ok(None) => {
                    self.watch = Some(0);
                    None
                }
                Err(_) => self.look_after(),
            };
            self.wake_up();
            if let Some(work) = work {
                self.end_watch();
                return work;
            }
        }
    }

    fn wake_up(&self) {
        if self.sleeps.replace(false) {
            self.forks.wakes_up();
            self.slept.set(true);
        }
    }

    /// Whether the worker has slept.
    pub(super) fn has_slept(&self) -> bool {
        self.slept.get()
    }

    /// The look of one who watches.
    fn look_after(&mut self) -> Option<Work> {
        if let Some(found) = self.agenda.steal_standing(self.number) {
            return Some(Work::Found(found));
        }
        let quiet = if self.agenda.others_have(self.number) {
            0
        } else {
            self.watch.map_or(0, |quiet| quiet + 1)
        };
        self.watch = Some(quiet);
        if quiet == QUIET {
            self.end_watch();
        }
        None
    }

    fn end_watch(&mut self) {
        if self.watch.take().is_some() {
            self.agenda.end_watch(self.number);
        }
    }

    /// Takes what the others have and are not about to take; for the rest, somebody has to watch. Before the end, it takes
    /// whatever there is.
    fn take_of_others(&self, is_over: bool) -> Poll<Option<Work>> {
        let (agenda, number) = (self.agenda, self.number);
        let found = if is_over {
            agenda.steal(number)
        } else {
            agenda.steal_of_many(number)
        };
        if let Some(found) = found {
            return Poll::Ready(Some(Work::Found(found)));
        }
        if is_over && !agenda.others_have(number) {
            return Poll::Ready(Some(Work::Over));
        }
        if !is_over
            && self.watch.is_none()
            && agenda.others_have(number)
            && agenda.begin_watch(number)
        {
            return Poll::Ready(None);
        }
        self.take_half()
    }

    fn take_half(&self) -> Poll<Option<Work>> {
        match self.forks.take_offered() {
            Some(half) => Poll::Ready(Some(Work::Half(half))),
            None => Poll::Pending,
        }
    }
}

// SAFETY: the queue is that of the ordinary lane, a field of the agenda, which is borrowed.
unsafe impl<W: Fn() -> bool> Operation for Idle<'_, W> {
    /// Nothing if it watches over the others from now on.
    type Output = Option<Work>;
    const WAITS_FOR: &'static What = &"pool job";

    fn attempt(&mut self) -> Poll<Option<Work>> {
        self.wake_up();
        if !(self.is_wanted)() {
            return Poll::Ready(Some(Work::Unwanted));
        }
        let next = self.agenda.next(self.number);
        if let Next::Found(found) = next {
            return Poll::Ready(Some(Work::Found(found)));
        }
        self.take_of_others(matches!(next, Next::Over))
    }

    fn glance(&mut self) -> Poll<Option<Work>> {
        if !(self.is_wanted)() {
            return Poll::Ready(Some(Work::Unwanted));
        }
        match self.agenda.glance(self.number) {
            Next::Found(found) => return Poll::Ready(Some(Work::Found(found))),
            Next::Over => return self.attempt(),
            Next::Nothing => {}
        }
        if self.watch.is_some() {
            // Each look at what the others have takes a cache line from them.
            return self.take_half();
        }
        match self.agenda.leftover(self.number, &mut self.seen) {
            Some(found) => Poll::Ready(Some(Work::Found(found))),
            None => self.take_half(),
        }
    }

    fn chances(&self) -> usize {
        if !self.sleeps.replace(true) {
            self.forks.sleeps();
        }
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
