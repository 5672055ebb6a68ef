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
//! *By the caller.* There is a ring in the channel, or on its way into it or out of it, as long as `rung` is set. Whoever rings
//! sets it, by a read-modify-write and after what it rings for; the caller clears it in the same way when it has taken the ring
//! out, and looks after that. So who finds it set comes before the caller in the order of that word, and what it rings for
//! is seen; who finds it clear finds room in the channel.
//!
//! *By the deputy.* A waker puts its number into its list, and then takes the deputy out, under the lock of the deputy. Whoever goes
//! sees to it, under that lock, that there is one, and then looks into the lists. If the waker had the lock first, its number is
//! seen; if it had it second, it has found the deputy, or one that has been sent before. That one takes the lock when it
//! comes, looks, and leaves another when it goes.
//!
//! The alarm is set while there is a deputy. One that is called sets it anew when it goes.
//!
//! *Set outside the lock.* The board has the time at which the alarm is to ring, and whether somebody is setting it. Whoever
//! wants an earlier time writes it there, and sets the alarm only if nobody does; who has set it looks whether
//! the time is still that. So the last time that is set is the one on the board. Setting may call wakers of others, if the
//! system gives no thread that keeps the time: these run under no lock.

use crate::channel::{self, Receiver, Sender};
use crate::pool::Held;
use crate::prim::Ordering::AcqRel;
use crate::prim::atomic::AtomicBool;
use crate::prim::{MODEL, SeenLock, StdArc, clock};
use crate::wait::Timer;
use std::mem;
use std::pin::Pin;
use std::task::{Wake, Waker};
use std::time::Instant;

pub(super) struct Bell {
    sender: Sender<()>,
    receiver: Receiver<()>,
    rung: AtomicBool,
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
            rung: AtomicBool::new(false),
            deputy: SeenLock::new(Deputy::None),
        }
    }

    /// Wakes the caller, if it sleeps.
    pub(super) fn ring(&self) {
        if !self.rung.swap(true, AcqRel) {
            let _ = self.sender.try_send(());
        }
    }

    /// Wakes the caller if it sleeps, and sends the deputy if there is one.
    pub(super) fn call(&self) {
        self.ring();
        let mut deputy = self.deputy.lock();
        if matches!(&*deputy, Deputy::Ready(_))
            && let Deputy::Ready(held) = mem::replace(&mut *deputy, Deputy::Sent)
        {
            drop(deputy);
            held.release();
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

    /// Where rings come. What has come is to be [answered](Self::answered).
    pub(super) fn listener(&self) -> &Receiver<()> {
        &self.receiver
    }

    /// A ring has been taken out. What was rung for is looked at after this.
    pub(super) fn answered(&self) {
        self.rung.swap(false, AcqRel);
    }

    /// Waits until it is rung, until `until`, or until the wait is cancelled.
    pub(super) fn wait(&self, until: Option<Instant>) {
        let is_rung = match until {
            None => self.receiver.recv().is_ok(),
            Some(deadline) => self.receiver.recv_deadline(deadline).is_ok(),
        };
        // What else has come of it the next look at the board will tell.
        if is_rung {
            self.answered();
        }
    }
}

/// Calls when it is time. It is set by one at a time, to what the board says, and under no lock.
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
        if !MODEL {
            self.timer.as_ref().set(at, &self.waker);
        } else if at <= clock::now() {
            // In models there is no thread that keeps the time.
            self.waker.wake_by_ref();
        }
    }
}

struct Rings(StdArc<Bell>);

impl Wake for Rings {
    fn wake(self: StdArc<Self>) {
        self.0.call();
    }
}
