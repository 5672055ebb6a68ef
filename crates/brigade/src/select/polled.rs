//! A future as an arm: of whatever library, beside operations of this one.
//!
//! # Who wakes it, and when it is polled
//!
//! A future has no queue: it has the waker that it was last polled with. So it takes no part in joining and leaving, and
//! the arm has one flag in their place, `is_due`: that it is to be polled before anybody sleeps. Every poll of the task
//! sets it, as nobody but the future knows for whom the task has been woken (`called`), and says with which waker. A poll
//! of the future clears it. If another arm has been woken or has a chance meanwhile, the driver leaves all queues and
//! looks at all arms in their order, fair or biased, and this one's turn is its poll. If not, the task has been called for
//! the sake of its futures, as far as anybody can tell: only these are polled, and the other arms keep their places in line
//! ([`Look::Due`]).
//!
//! So no wake is lost. Who wakes the future after it was polled wakes the task, which is polled once more. Who does it
//! before was seen by that poll, as for any future. And no wake of the other arms is lost by it: who wakes one that has kept
//! its place wakes the task as well, and if the future is done by then, the wake is passed on like that of any arm
//! that was not done.
//!
//! A future is polled once in a poll of the task, not at a glance, and not any more once it is done. It is the application's,
//! and may panic: the driver passes the wakes on then.
//!
//! A thread has no such waker. So only what is awaited has these arms (`select_async!`).

use super::{Arms, Select};
use crate::prim::thread::Thread;
use crate::wait::{Drive, Kind, Look, Patience};
use std::cell::Cell;
use std::future::Future;
use std::ops::Range;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// The arms before, and a future.
struct Polled<'f, A, F: Future, G> {
    before: A,
    /// `None` once it is done.
    future: Option<Pin<&'f mut F>>,
    /// Its output, until that is finished.
    output: Option<F::Output>,
    /// That of the poll of the task. `None` is before the first.
    waker: Cell<Option<Waker>>,
    is_due: Cell<bool>,
    finish: G,
}

impl<A> Select<A> {
    /// Adds an arm that polls a future. For [`select_async!`](crate::select_async!): a thread never does this arm.
    #[doc(hidden)]
    pub fn future<F: Future, R>(
        self,
        future: Pin<&mut F>,
        finish: impl FnMut(F::Output) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
    {
        self.with(|before| Polled {
            before,
            future: Some(future),
            output: None,
            waker: Cell::new(None),
            is_due: Cell::new(false),
            finish,
        })
    }
}

impl<A, F: Future, G> Polled<'_, A, F, G> {
    /// Polls it, if that is due. Whether it is done now.
    fn poll(&mut self) -> bool {
        let (Some(future), Some(waker)) = (&mut self.future, self.waker.get_mut()) else {
            return false;
        };
        // Before the poll, which may panic.
        if !self.is_due.replace(false) {
            return false;
        }
        match future.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Ready(output) => {
                self.future = None;
                self.output = Some(output);
                true
            }
            Poll::Pending => false,
        }
    }
}

// SAFETY: the places are those of the arms before, and every call goes to them.
unsafe impl<R, A, F, G> Drive<R> for Polled<'_, A, F, G>
where
    A: Drive<R>,
    F: Future,
    G: FnMut(F::Output) -> R,
{
    type Places = A::Places;

    fn places(&self, kind: Kind) -> A::Places {
        self.before.places(kind)
    }

    fn count(&self) -> usize {
        self.before.count() + 1
    }

    fn is_spent(&self) -> bool {
        self.future.is_none() && self.before.is_spent()
    }

    fn called(&self, waker: &Waker) {
        self.before.called(waker);
        if self.future.is_none() {
            return;
        }
        self.is_due.set(true);
        let kept = self.waker.take().filter(|old| old.will_wake(waker));
        self.waker.set(Some(kept.unwrap_or_else(|| waker.clone())));
    }

    fn look(&mut self, range: Range<usize>, look: Look) -> bool {
        let own = self.before.count();
        if range.start < own && self.before.look(range.start..range.end.min(own), look) {
            return true;
        }
        look != Look::Glance && range.contains(&own) && self.poll()
    }

    fn patience(&self) -> Option<&Patience> {
        self.before.patience()
    }

    fn moves(&self) -> usize {
        self.before.moves()
    }

    unsafe fn join(&self, places: Pin<&A::Places>, waker: &Waker) {
        // SAFETY: by the contract.
        unsafe { self.before.join(places, waker) };
    }

    fn has_chance(&self) -> bool {
        self.before.has_chance()
    }

    fn is_due(&self) -> bool {
        (self.is_due.get() && self.future.is_some()) || self.before.is_due()
    }

    fn list(
        &self,
        places: Pin<&A::Places>,
        site: &'static Location<'static>,
        thread: Option<&Thread>,
    ) {
        self.before.list(places, site, thread);
    }

    fn is_woken(&self, places: Pin<&A::Places>) -> bool {
        self.before.is_woken(places)
    }

    unsafe fn refresh(&self, places: Pin<&A::Places>, waker: &Waker) -> bool {
        // SAFETY: by the contract.
        unsafe { self.before.refresh(places, waker) }
    }

    unsafe fn leave(&self, places: Pin<&A::Places>) {
        // SAFETY: by the contract.
        unsafe { self.before.leave(places) };
    }

    fn pass_on(&self, places: Pin<&A::Places>) {
        self.before.pass_on(places);
    }

    fn withdraw(&mut self) {
        self.before.withdraw();
    }

    fn is_cancellable(&self) -> bool {
        self.before.is_cancellable()
    }

    fn cancel(&mut self) -> bool {
        self.before.cancel()
    }

    fn finish(&mut self) -> Option<R> {
        match self.output.take() {
            Some(output) => Some((self.finish)(output)),
            None => self.before.finish(),
        }
    }
}
