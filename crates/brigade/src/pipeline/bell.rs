//! Who is called when something is to be looked at: the caller if it sleeps, and a job that is held ready for when it does
//! not.
//!
//! The caller may be kept by a source that makes it wait, or by an item that takes long. Then it sees neither the time nor
//! a future that has been woken, and jobs of the pool have gone if there was nothing to do. So whoever goes, and knows of
//! nobody who will look in time, leaves a *deputy*: a job of the run that the pool is told of when a waker calls, or the
//! alarm rings. No thread waits for that. On a pool without another thread there is no deputy.
//!
//! # No call is missed
//!
//! A waker puts its number into its list, and then takes the deputy out, under the lock of the deputy. Whoever goes
//! sees to it, under that lock, that there is one, and then looks into the lists. If the waker had the lock first, its number is
//! seen; if it had it second, it has found the deputy, or one that has been sent before. That one takes the lock when it
//! comes, looks, and leaves another when it goes.
//!
//! The alarm is set while there is a deputy. One that is called sets it anew when it goes.

use crate::channel::{self, Receiver, Sender};
use crate::pool::Held;
use crate::prim::{MODEL, SeenLock, StdArc};
use crate::wait::Timer;
use std::mem;
use std::pin::Pin;
use std::task::{Wake, Waker};
use std::time::Instant;

pub(super) struct Bell {
    sender: Sender<()>,
    receiver: Receiver<()>,
    deputy: SeenLock<Deputy>,
}

enum Deputy {
    None,
    Ready(Held),
    /// It has been sent, and has not come.
    Sent,
}

impl Bell {
    pub(super) fn new() -> Self {
        let (sender, receiver) = channel::bounded(1);
        Self {
            sender,
            receiver,
            deputy: SeenLock::new(Deputy::None),
        }
    }

    /// Wakes the caller, if it sleeps.
    pub(super) fn ring(&self) {
        // If it has been rung already, that will do.
        let _ = self.sender.try_send(());
    }

    /// Wakes the caller if it sleeps, and sends the deputy if there is one.
    pub(super) fn call(&self) {
        self.ring();
        let mut deputy = self.deputy.lock();
        if let Deputy::Ready(_) = &*deputy {
            let ready = mem::replace(&mut *deputy, Deputy::Sent);
            drop(deputy);
            if let Deputy::Ready(held) = ready {
                held.release();
            }
        }
    }

    /// Sees to it that there is a deputy, or that one is on its way.
    pub(super) fn keep_deputy(&self, make: impl FnOnce() -> Option<Held>) {
        let mut deputy = self.deputy.lock();
        if let Deputy::None = &*deputy
            && let Some(held) = make()
        {
            *deputy = Deputy::Ready(held);
        }
    }

    /// The deputy has come. What it looks at is looked at after this.
    pub(super) fn has_come(&self) {
        *self.deputy.lock() = Deputy::None;
    }

    /// It is over: no deputy is needed any more.
    pub(super) fn dismiss(&self) {
        let deputy = mem::replace(&mut *self.deputy.lock(), Deputy::None);
        drop(deputy);
    }

    pub(super) fn listener(&self) -> &Receiver<()> {
        &self.receiver
    }

    /// Waits until it is rung, until `until`, or until the wait is cancelled.
    pub(super) fn wait(&self, until: Option<Instant>) {
        // What has come of it the next look at the board will tell.
        match until {
            None => drop(self.receiver.recv()),
            Some(deadline) => drop(self.receiver.recv_deadline(deadline)),
        }
    }
}

/// Calls when it is time. It is set under the lock of the board, so that it is set to what the board says.
pub(super) struct Alarm {
    timer: Pin<Box<Timer>>,
    waker: Waker,
}

impl Alarm {
    pub(super) fn new(bell: &StdArc<Bell>) -> Self {
        Self {
            timer: Box::pin(Timer::new()),
            waker: Waker::from(StdArc::new(Rings(StdArc::clone(bell)))),
        }
    }

    pub(super) fn set(&self, at: Instant) {
        // In models there is no thread that keeps the time.
        if !MODEL {
            self.timer.as_ref().set(at, &self.waker);
        }
    }
}

struct Rings(StdArc<Bell>);

impl Wake for Rings {
    fn wake(self: StdArc<Self>) {
        self.0.call();
    }
}
