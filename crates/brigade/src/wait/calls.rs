//! Who of several futures in one task has been called: a waker for each, and one list.
//!
//! # The protocol
//!
//! Each future has a number and a [`Call`], from which its waker is made. A call that is not `listed` sets that, puts its
//! number into the list under the lock, and takes the waker of the task out, if it is there; the lock is released before
//! that waker is called.
//!
//! The task, when it is polled, puts its waker in and takes the whole list out, in one go under the lock. Then, for each
//! number, it clears `listed` ([`Call::begin`]) before it polls that future.
//!
//! So no call is lost. A call that finds itself listed comes before the `begin` of its number, which comes before the
//! poll, and both are read-modify-writes on one location: the poll sees what the caller has done. A call that lists
//! itself does so under the lock: before the task has taken the list, and then it is in it; or after that, and then the
//! waker of that poll is in its place, unless an earlier call has taken it to wake the task.
//!
//! A call may come late, for a number that has been given to another future by then. That one is polled in vain.
//!
//! This file does not know what is called, nor what is polled.

use crate::prim::Ordering::AcqRel;
use crate::prim::atomic::AtomicBool;
use crate::prim::{SeenLock, StdArc, discard_panic};
use std::mem;
use std::task::{Wake, Waker};

/// Those who have been called, in the order in which they were.
pub(crate) struct Calls {
    list: SeenLock<List>,
}

struct List {
    numbers: Vec<usize>,
    /// The task's, until somebody has woken it.
    waker: Option<Waker>,
}

/// What calls one future.
pub(crate) struct Call {
    calls: StdArc<Calls>,
    number: usize,
    listed: AtomicBool,
}

impl Calls {
    pub(crate) fn new() -> StdArc<Self> {
        StdArc::new(Self {
            list: SeenLock::new(List {
                numbers: Vec::new(),
                waker: None,
            }),
        })
    }

    /// The call of a future by its number.
    pub(crate) fn call(self: &StdArc<Self>, number: usize) -> StdArc<Call> {
        StdArc::new(Call {
            calls: StdArc::clone(self),
            number,
            listed: AtomicBool::new(false),
        })
    }

    /// Takes the numbers of those who have been called, and has `waker` woken for whoever is called from here on.
    pub(crate) fn take(&self, taken: &mut Vec<usize>, waker: &Waker) {
        debug_assert!(taken.is_empty(), "they have been dealt with");
        let mut fresh = None;
        loop {
            let mut list = self.list.lock();
            let stays = list.waker.as_ref().is_some_and(|old| old.will_wake(waker));
            if !stays && fresh.is_none() {
                // Cloning a waker is the application's code: outside the lock.
                drop(list);
                fresh = Some(waker.clone());
                continue;
            }
            let stale = if stays {
                fresh
            } else {
                mem::replace(&mut list.waker, fresh)
            };
            mem::swap(&mut list.numbers, taken);
            drop(list);
            discard_panic(|| drop(stale));
            return;
        }
    }

    /// Nobody is to be woken any more.
    pub(crate) fn forget_waker(&self) {
        let stale = self.list.lock().waker.take();
        discard_panic(|| drop(stale));
    }
}

impl Call {
    /// Its future is about to be polled: from here on it can be called again.
    pub(crate) fn begin(&self) {
        self.listed.swap(false, AcqRel);
    }

    /// Lists it, and wakes the task.
    pub(crate) fn make(&self) {
        if self.listed.swap(true, AcqRel) {
            return;
        }
        let waker = {
            let mut list = self.calls.list.lock();
            list.numbers.push(self.number);
            list.waker.take()
        };
        if let Some(waker) = waker {
            // It is the application's.
            discard_panic(|| waker.wake());
        }
    }
}

impl Wake for Call {
    fn wake(self: StdArc<Self>) {
        self.make();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.make();
    }
}

#[cfg(all(test, brigade_loom))]
mod model {
    //! Loom's proof that no call is lost, whether the callers call one future or two.

    use super::*;
    use crate::prim::Arc;
    use crate::prim::Ordering::Relaxed;
    use crate::prim::atomic::AtomicUsize;
    use crate::prim::three_threads;
    use loom::future::block_on;
    use loom::thread;
    use std::future::poll_fn;
    use std::task::Poll;

    /// Each caller adds one, and calls; the task goes on when a future that was called has seen both.
    fn called(numbers: &'static [usize]) {
        let calls = Calls::new();
        let done = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let call = [0, 1].map(|number| calls.call(number));
        for &number in numbers {
            let (done, call) = (Arc::clone(&done[number]), StdArc::clone(&call[number]));
            thread::spawn(move || {
                done.fetch_add(1, Relaxed);
                call.make();
            });
        }
        let (mut seen, mut taken) = ([0; 2], Vec::new());
        block_on(poll_fn(|cx| {
            calls.take(&mut taken, cx.waker());
            for number in taken.drain(..) {
                call[number].begin();
                seen[number] = done[number].load(Relaxed);
            }
            if seen.iter().sum::<usize>() == numbers.len() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        calls.forget_waker();
    }

    #[test]
    fn one_call_wakes_the_task() {
        loom::model(|| called(&[0]));
    }

    #[test]
    fn two_calls_of_one_future_are_seen() {
        three_threads(|| called(&[0, 0]));
    }

    #[test]
    fn calls_of_two_futures_are_seen() {
        three_threads(|| called(&[0, 1]));
    }
}
