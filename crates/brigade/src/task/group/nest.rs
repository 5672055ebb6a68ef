//! Children that are polled in the task that waits for them, with one list of those who have been called (`wait`).
//!
//! They may borrow what lives for longer than the nest: the compiler sees to that, as the lifetime is in its type. So is
//! whether they are `Send`: if not, neither is the nest, nor a handle of it, and only the thread of the task touches them.
//! What wakes them has the list of those who have been called, and nothing else. They
//! are dropped with the future that polls them, if not before. A child that has a handle of the nest keeps the nest
//! alive, and the nest has the child; so that future takes all children out when it is dropped, and what is put in after
//! that is dropped at once. If it is forgotten, they are forgotten with it, and nobody polls them any more.
//!
//! A child is out of its place while it is polled, so it can put others in. No code of the application runs under the
//! lock. Each poll of the task polls those who have been called by then, each once, so that children who call each other
//! do not keep the task from others.
//!
//! This file does not know what a child does, nor who counts them.

use crate::prim::{Lock, StdArc};
use crate::wait::{Call, Calls};
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// The number of the future that waits for the children.
const OWNER: usize = 0;

/// Where the children are, each a `C`.
pub(super) struct Nest<C> {
    calls: StdArc<Calls>,
    places: Lock<Places<C>>,
}

struct Places<C> {
    /// The number of a child is that of its place, and one.
    places: Vec<Place<C>>,
    /// The numbers of those that are free.
    free: Vec<usize>,
    is_closed: bool,
}

struct Place<C> {
    /// Not there if the place is free, or while the child is polled.
    child: Option<C>,
    call: StdArc<Call>,
    /// Made of `call`.
    waker: Waker,
}

impl<C: Future<Output = ()> + Unpin> Nest<C> {
    pub(super) fn new() -> StdArc<Self> {
        StdArc::new(Self {
            calls: Calls::new(),
            places: Lock::new(Places {
                places: Vec::new(),
                free: Vec::new(),
                is_closed: false,
            }),
        })
    }

    /// Puts a child in, to be polled soon.
    pub(super) fn put(&self, child: C) {
        let mut places = self.places.lock();
        if places.is_closed {
            drop(places);
            drop(child);
            return;
        }
        let number = match places.free.pop() {
            Some(number) => number,
            None => {
                let number = places.places.len() + 1;
                let call = self.calls.call(number);
                places.places.push(Place {
                    child: None,
                    waker: Waker::from(StdArc::clone(&call)),
                    call,
                });
                number
            }
        };
        let place = &mut places.places[number - 1];
        place.child = Some(child);
        let call = StdArc::clone(&place.call);
        drop(places);
        call.make();
    }

    /// Takes a child out to poll it.
    fn take(&self, number: usize) -> Option<(C, Waker)> {
        let mut places = self.places.lock();
        let place = &mut places.places[number - 1];
        place.call.begin();
        let child = place.child.take()?;
        Some((child, place.waker.clone()))
    }

    /// Puts it back, if it is not done.
    fn put_back(&self, number: usize, child: Option<C>) {
        let mut places = self.places.lock();
        if child.is_none() {
            places.free.push(number);
        }
        places.places[number - 1].child = child;
    }

    fn poll_child(&self, number: usize) {
        let Some((mut child, waker)) = self.take(number) else {
            // Called late: it is done.
            return;
        };
        let polled = Pin::new(&mut child).poll(&mut Context::from_waker(&waker));
        let child = if polled.is_ready() {
            drop(child);
            None
        } else {
            Some(child)
        };
        self.put_back(number, child);
    }
}

/// A future and the children that it waits for, in one.
pub(super) struct Nested<C, F> {
    /// First, so that it is dropped before the children.
    owner: F,
    call: StdArc<Call>,
    waker: Waker,
    called: Vec<usize>,
    nest: Emptied<C>,
}

impl<C, F> Nested<C, F> {
    pub(super) fn new(nest: StdArc<Nest<C>>, owner: F) -> Self {
        let call = nest.calls.call(OWNER);
        call.make();
        Self {
            owner,
            waker: Waker::from(StdArc::clone(&call)),
            call,
            called: Vec::new(),
            nest: Emptied(nest),
        }
    }
}

impl<C: Future<Output = ()> + Unpin, F: Future> Future for Nested<C, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the owner is never moved out of `self`, which has no drop of its own; the others are not pinned.
        let (mut owner, call, waker, called, nest) = unsafe {
            let this = self.get_unchecked_mut();
            let owner = Pin::new_unchecked(&mut this.owner);
            (
                owner,
                &this.call,
                &this.waker,
                &mut this.called,
                &this.nest.0,
            )
        };
        nest.calls.take(called, cx.waker());
        for number in called.drain(..) {
            if number != OWNER {
                nest.poll_child(number);
                continue;
            }
            call.begin();
            let polled = owner.as_mut().poll(&mut Context::from_waker(waker));
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }
}

/// Takes the children out when it is dropped.
struct Emptied<C>(StdArc<Nest<C>>);

impl<C> Drop for Emptied<C> {
    fn drop(&mut self) {
        let places = {
            let mut places = self.0.places.lock();
            // For one on another thread that has been let in, and has not put its child in yet.
            places.is_closed = true;
            places.free.clear();
            mem::take(&mut places.places)
        };
        drop(places);
        self.0.calls.forget_waker();
    }
}
