//! The wait of a task: the mutex given up, a notification, the mutex again, and that as often as a condition wants.

use super::{Condvar, WAITS_FOR, Wakeup, lock_again};
use crate::sync::mutex::Lock;
use crate::sync::{Mutex, MutexGuard};
use crate::wait::{Left, Polling, Site, Wait, WaitUntilWoken};
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// Waits as long as `condition` holds.
///
/// It has the mutex until it first waits. It keeps no guard, which would bind it to its thread.
pub(super) struct Waiting<'a, T: ?Sized, C> {
    condvar: &'a Condvar,
    mutex: &'a Mutex<T>,
    step: Step,
    waiting: WaitUntilWoken<'a>,
    lock: Option<Wait<Lock<'a, T>>>,
    site: &'static Location<'static>,
    condition: C,
}

/// How a wait is over.
pub(super) struct Over<'a, T: ?Sized> {
    pub(super) guard: MutexGuard<'a, T>,
    /// How the last wait ended, if there was one.
    pub(super) wakeup: Wakeup,
    /// Whether the condition holds still.
    pub(super) holds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It has the mutex, after a wait that ended like this.
    Holds(Wakeup),
    /// It has joined the queue of the condition variable.
    Waits,
    /// It wants the mutex again.
    Locks(Left),
    Done,
}

impl<'a, T: ?Sized, C> Waiting<'a, T, C> {
    pub(super) fn new(
        condvar: &'a Condvar,
        guard: MutexGuard<'a, T>,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
        condition: C,
    ) -> Self {
        let mutex = MutexGuard::into_future(guard);
        let to = mutex.raw.queue();
        Self {
            condvar,
            mutex,
            step: Step::Holds(Wakeup::Notified),
            waiting: WaitUntilWoken::new(&condvar.waiting, to, (WAITS_FOR, site), deadline),
            lock: None,
            site,
            condition,
        }
    }

    /// `waiting`, which is pinned with the whole.
    fn waiting(&self) -> Pin<&WaitUntilWoken<'a>> {
        // SAFETY: only called once `self` is pinned, or where nothing has joined; never moved out of `self`.
        unsafe { Pin::new_unchecked(&self.waiting) }
    }
}

impl<'a, T: ?Sized, C: FnMut(&mut T) -> bool> Future for Waiting<'a, T, C> {
    type Output = Over<'a, T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Over<'a, T>> {
        let _task = Polling::of(cx);
        // SAFETY: `waiting` and `lock` are pinned below and not moved out of `self`; the rest is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            match this.step {
                Step::Holds(wakeup) => {
                    // Not a guard that would unlock if the condition panics: the drop of the whole does.
                    let site = Site::from(this.site).passing();
                    let mut guard = ManuallyDrop::new(MutexGuard::new(this.mutex, site));
                    let holds = (this.condition)(&mut guard);
                    if !holds || wakeup == Wakeup::TimedOut {
                        this.step = Step::Done;
                        let guard = ManuallyDrop::into_inner(guard);
                        return Poll::Ready(Over {
                            guard,
                            wakeup,
                            holds,
                        });
                    }
                    let joined = this.waiting().poll(cx);
                    this.step = Step::Waits;
                    this.mutex.unlock();
                    if let Poll::Ready(left) = joined {
                        this.step = Step::Locks(left);
                    }
                }
                Step::Waits => {
                    let left = ready!(this.waiting().poll(cx));
                    this.step = Step::Locks(left);
                }
                Step::Locks(left) => {
                    let (mutex, site) = (this.mutex, this.site);
                    let lock = this
                        .lock
                        .get_or_insert_with(|| Wait::new(lock_again(mutex, left, site), site));
                    // SAFETY: as above.
                    let guard = ready!(unsafe { Pin::new_unchecked(lock) }.poll(cx));
                    let _kept_as_step = ManuallyDrop::new(guard);
                    this.lock = None;
                    this.step = Step::Holds(left.into());
                }
                Step::Done => panic!("a wait was polled after it was done"),
            }
            if this.step == Step::Waits {
                return Poll::Pending;
            }
        }
    }
}

impl<T: ?Sized, C> Drop for Waiting<'_, T, C> {
    fn drop(&mut self) {
        let left = match self.step {
            Step::Holds(_) => {
                // It may have joined, if a clone of the waker has panicked.
                let left = self.waiting().give_up();
                self.mutex.unlock();
                left
            }
            Step::Waits => self.waiting().give_up(),
            Step::Locks(left) => {
                // In place, as it may be pinned; a wake that it has got itself it passes on.
                self.lock = None;
                Some(left)
            }
            Step::Done => return,
        };
        if left == Some(Left::Woken) {
            self.mutex.raw.pass_on();
        }
        if matches!(left, Some(Left::Woken | Left::Moved)) {
            self.condvar.notify_one();
        }
    }
}
