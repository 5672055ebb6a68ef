//! The list of arms of a select, as a type: the arms before, and one more.
//!
//! An arm is one operation, or several of one kind over a slice, and what is to be made of its output. It knows
//! operations only; what they do is the business of those who offer them (`channel`, `pool`).

use crate::prim::thread::Thread;
use crate::wait::{Drive, Kind, Look, Operation, Patience, Place, try_once};
use std::ops::Range;
use std::panic::Location;
use std::pin::Pin;
use std::task::Waker;

/// The end of the list.
#[derive(Clone, Copy, Debug)]
pub struct NoArms;

/// The arms before, and one more: some operations of one kind.
pub(crate) struct Arm<A, G: Group, F> {
    before: A,
    group: G,
    /// The output of the operation that is done, until it is finished.
    output: Option<(usize, <G::Operation as Operation>::Output)>,
    finish: F,
}

/// Operations of one kind, and room for them to wait.
pub(crate) trait Group {
    type Operation: Operation;
    type Places: Room + Send;

    fn operations(&self) -> &[Self::Operation];
    fn operations_mut(&mut self) -> &mut [Self::Operation];
    fn places(&self, kind: Kind) -> Self::Places;
}

/// Room for several operations to wait, in place once it is pinned.
pub(crate) trait Room: Send {
    fn place(self: Pin<&Self>, index: usize) -> Pin<&Place>;
}

impl<O: Operation> Group for [O; 1] {
    type Operation = O;
    type Places = [Place; 1];

    fn operations(&self) -> &[O] {
        self
    }

    fn operations_mut(&mut self) -> &mut [O] {
        self
    }

    fn places(&self, kind: Kind) -> [Place; 1] {
        [Place::new(kind, &self[0])]
    }
}

impl Room for [Place; 1] {
    fn place(self: Pin<&Self>, index: usize) -> Pin<&Place> {
        // SAFETY: an element is pinned with its array.
        unsafe { self.map_unchecked(|places| &places[index]) }
    }
}

impl<O: Operation> Group for Vec<O> {
    type Operation = O;
    type Places = Box<[Place]>;

    fn operations(&self) -> &[O] {
        self
    }

    fn operations_mut(&mut self) -> &mut [O] {
        self
    }

    fn places(&self, kind: Kind) -> Box<[Place]> {
        self.iter()
            .map(|operation| Place::new(kind, operation))
            .collect()
    }
}

impl Room for Box<[Place]> {
    fn place(self: Pin<&Self>, index: usize) -> Pin<&Place> {
        // SAFETY: what a box points to stays in place, and is never moved out of it.
        unsafe { Pin::new_unchecked(&self.get_ref()[index]) }
    }
}

impl<A, G: Group, F> Arm<A, G, F> {
    pub(crate) fn new(before: A, group: G, finish: F) -> Self {
        Self {
            before,
            group,
            output: None,
            finish,
        }
    }

    /// The operations that take part, with their places.
    fn waits<'a, P: Room>(
        &'a self,
        places: Pin<&'a P>,
    ) -> impl Iterator<Item = (Pin<&'a Place>, &'a G::Operation)> {
        let waits = self.group.operations().iter().enumerate();
        let waits = waits.map(move |(index, operation)| (places.place(index), operation));
        waits.filter(|(_, operation)| !operation.is_over())
    }
}

/// `finish`, for an arm of one operation.
///
/// A closure carries the type parameters of the function that it is written in. Written where an arm is added, it
/// would carry the arms before, a second time beside `Arm::before`, and the type would double with every arm.
pub(crate) fn of_one<O, R>(mut finish: impl FnMut(O) -> R) -> impl FnMut(usize, O) -> R {
    move |_, output| finish(output)
}

/// Where the arms before wait, and this one.
#[derive(Debug)]
pub(crate) struct Places<A, P> {
    before: A,
    own: P,
}

impl<A, P> Places<A, P> {
    fn before(self: Pin<&Self>) -> Pin<&A> {
        // SAFETY: pinned with the whole, and never moved out of it.
        unsafe { self.map_unchecked(|places| &places.before) }
    }

    fn own(self: Pin<&Self>) -> Pin<&P> {
        // SAFETY: as above.
        unsafe { self.map_unchecked(|places| &places.own) }
    }
}

// SAFETY: nothing is pinned here.
unsafe impl<R> Drive<R> for NoArms {
    type Places = ();

    fn places(&self, _: Kind) {}

    fn count(&self) -> usize {
        0
    }

    fn is_spent(&self) -> bool {
        true
    }

    fn called(&self, _: &Waker) {}

    fn look(&mut self, _: Range<usize>, _: Look) -> bool {
        false
    }

    fn patience(&self) -> Option<&Patience> {
        None
    }

    fn moves(&self) -> usize {
        0
    }

    unsafe fn join(&self, _: Pin<&()>, _: &Waker) {}

    fn has_chance(&self) -> bool {
        false
    }

    fn is_due(&self) -> bool {
        false
    }

    fn list(&self, _: Pin<&()>, _: &'static Location<'static>, _: Option<&Thread>) {}

    fn is_woken(&self, _: Pin<&()>) -> bool {
        false
    }

    unsafe fn refresh(&self, _: Pin<&()>, _: &Waker) -> bool {
        true
    }

    unsafe fn leave(&self, _: Pin<&()>) {}

    fn pass_on(&self, _: Pin<&()>) {}

    fn withdraw(&mut self) {}

    fn is_cancellable(&self) -> bool {
        false
    }

    fn cancel(&mut self) -> bool {
        false
    }

    fn finish(&mut self) -> Option<R> {
        None
    }
}

// SAFETY: the places of both parts are pinned with the whole, and every call goes to both.
unsafe impl<R, A, G, F> Drive<R> for Arm<A, G, F>
where
    A: Drive<R>,
    G: Group,
    F: FnMut(usize, <G::Operation as Operation>::Output) -> R,
{
    type Places = Places<A::Places, G::Places>;

    fn places(&self, kind: Kind) -> Self::Places {
        Places {
            before: self.before.places(kind),
            own: self.group.places(kind),
        }
    }

    #[inline]
    fn count(&self) -> usize {
        self.before.count() + self.group.operations().len()
    }

    #[inline]
    fn is_spent(&self) -> bool {
        self.group.operations().iter().all(Operation::is_over) && self.before.is_spent()
    }

    #[inline]
    fn called(&self, waker: &Waker) {
        self.before.called(waker);
    }

    #[inline]
    fn look(&mut self, range: Range<usize>, look: Look) -> bool {
        let offset = self.before.count();
        if range.start < offset && self.before.look(range.start..range.end.min(offset), look) {
            return true;
        }
        let end = range.end.saturating_sub(offset);
        for index in range.start.saturating_sub(offset)..end {
            let operation = &mut self.group.operations_mut()[index];
            if operation.is_over() {
                continue;
            }
            if let Some(output) = try_once(operation, look) {
                self.output = Some((index, output));
                return true;
            }
        }
        false
    }

    fn patience(&self) -> Option<&Patience> {
        let own = self.group.operations().first().map(Operation::patience);
        self.before.patience().or(own)
    }

    fn moves(&self) -> usize {
        if self.before.patience().is_some() {
            return self.before.moves();
        }
        self.group.operations().first().map_or(0, Operation::moves)
    }

    unsafe fn join(&self, places: Pin<&Self::Places>, waker: &Waker) {
        // SAFETY: by the contract.
        unsafe { self.before.join(places.before(), waker) };
        for (place, operation) in self.waits(places.own()) {
            // SAFETY: by the contract.
            unsafe { place.join(operation, waker) };
        }
    }

    fn has_chance(&self) -> bool {
        let possible = |operation: &G::Operation| !operation.is_over() && operation.chances() > 0;
        self.before.has_chance() || self.group.operations().iter().any(possible)
    }

    #[inline]
    fn is_due(&self) -> bool {
        self.before.is_due()
    }

    fn list(
        &self,
        places: Pin<&Self::Places>,
        site: &'static Location<'static>,
        thread: Option<&Thread>,
    ) {
        self.before.list(places.before(), site, thread);
        for (place, operation) in self.waits(places.own()) {
            place.list(operation, site, thread);
        }
    }

    fn is_woken(&self, places: Pin<&Self::Places>) -> bool {
        let is_woken = |(place, _): (Pin<&Place>, _)| place.is_woken();
        self.before.is_woken(places.before()) || self.waits(places.own()).any(is_woken)
    }

    unsafe fn refresh(&self, places: Pin<&Self::Places>, waker: &Waker) -> bool {
        // SAFETY: by the contract.
        let before = unsafe { self.before.refresh(places.before(), waker) };
        before
            && self.waits(places.own()).all(|(place, operation)| {
                // SAFETY: by the contract.
                unsafe { place.refresh(operation, waker) }
            })
    }

    unsafe fn leave(&self, places: Pin<&Self::Places>) {
        // SAFETY: by the contract.
        unsafe { self.before.leave(places.before()) };
        for (place, operation) in self.waits(places.own()) {
            // SAFETY: by the contract.
            unsafe { place.leave(operation) };
        }
    }

    fn pass_on(&self, places: Pin<&Self::Places>) {
        self.before.pass_on(places.before());
        let done = self.output.as_ref().map(|(index, _)| *index);
        let own = self.group.operations().iter().enumerate();
        for (index, operation) in own {
            let place = places.own().place(index);
            place.pass_on(operation, done == Some(index));
        }
    }

    #[inline]
    fn withdraw(&mut self) {
        self.before.withdraw();
        let own = self.group.operations_mut();
        own.iter_mut().for_each(Operation::withdraw);
    }

    fn is_cancellable(&self) -> bool {
        let own = G::Operation::CANCELLED.is_some();
        let waits = |operation: &G::Operation| !operation.is_over();
        self.before.is_cancellable() || (own && self.group.operations().iter().any(waits))
    }

    fn cancel(&mut self) -> bool {
        if self.before.cancel() {
            return true;
        }
        let Some(cancelled) = G::Operation::CANCELLED else {
            return false;
        };
        let mut own = self.group.operations_mut().iter_mut().enumerate();
        let Some((index, operation)) = own.find(|(_, operation)| !operation.is_over()) else {
            return false;
        };
        self.output = Some((index, cancelled(operation)));
        true
    }

    #[inline]
    fn finish(&mut self) -> Option<R> {
        match self.output.take() {
            Some((index, output)) => Some((self.finish)(index, output)),
            None => self.before.finish(),
        }
    }
}
