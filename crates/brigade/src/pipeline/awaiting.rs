//! A stage that makes a future of each item, and awaits many at once without a thread for any of them.
//!
//! # A place
//!
//! Each future lies in a place, which is used again for the next. Whoever polls takes the place out of the list and puts
//! it back, so one at a time has it. A place has a `Call`, its waker, with one of four states:
//!
//! | state | | who moves on |
//! |---|---|---|
//! | `QUIET` | nobody has it, or it is empty | a wake, to `CALLED`, and puts its number into the list of calls |
//! | `CALLED` | its number is in the list | whoever takes the number out, to `POLLED` |
//! | `POLLED` | somebody has it | the poller, to `QUIET`; a wake, to `AGAIN` |
//! | `AGAIN` | woken while it was polled | the poller, to `CALLED`, and puts its number into the list |
//!
//! The poller puts the place back first and leaves `POLLED` after that. So a number that is taken out in `CALLED` finds
//! the place there, and no wake is lost: it either finds `QUIET`, or is found by the poller. A waker that outlives its
//! future wakes the next one in the place, or an empty place, which does no harm; one that outlives the pipeline
//! puts a number into a list that nobody reads.
//!
//! Whoever begins items has an empty place in hand, in `POLLED`, from one item to the next. A future that is over at its
//! first poll leaves the place there, and has cost neither a lock nor a waker.
//!
//! # Who is called
//!
//! A wake that finds the list empty calls the bell, after it has put its number in. One that finds a number there does not:
//! whoever put the first one in calls, or has called, and nobody has looked since, as the list is not empty. Who
//! takes numbers out and leaves some is at work, and looks again.

use super::bell::Bell;
use super::each::Outcome;
use super::edge::{Bucket, Edge, Made};
use super::station::{Done, Due, Station, Turn};
use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::atomic::{AtomicU8, AtomicUsize};
use crate::prim::{SeenLock, StdArc, discard_panic};
use std::convert::Infallible;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

const QUIET: u8 = 0;
const CALLED: u8 = 1;
const POLLED: u8 = 2;
const AGAIN: u8 = 3;

/// So many futures are polled in one piece of work at most.
const POLLS_MAX: usize = 32;

/// What comes of a future: as of a closure, but nothing is left to be tried again.
pub(super) type Answer<U> = Outcome<Infallible, U>;

pub(super) struct Awaiting<T, U, Fut, F, J> {
    from: StdArc<Edge<T>>,
    to: StdArc<Edge<U>>,
    begin: F,
    judge: J,
    skips: bool,
    /// How many items may be under way, and how many are.
    limit: usize,
    under_way: AtomicUsize,
    places: SeenLock<Places<Fut>>,
    calls: StdArc<Calls>,
}

struct Places<Fut> {
    /// Empty where somebody has the place.
    all: Vec<Option<Place<Fut>>>,
    free: Vec<usize>,
}

struct Place<Fut> {
    future: Pin<Box<Option<Fut>>>,
    /// The item that it was made of, without its value.
    item: Bucket<Infallible>,
    call: StdArc<Call>,
    waker: Waker,
}

impl<Fut> Places<Fut> {
    fn put(&mut self, place: Place<Fut>) {
        let number = place.call.number;
        self.all[number] = Some(place);
    }

    /// Takes the place out, to be polled, if it was called and is not empty.
    fn called(&mut self, number: usize) -> Option<Place<Fut>> {
        let place = self.all[number].as_ref()?;
        if place.future.is_none() || !place.call.moves(CALLED, POLLED) {
            return None;
        }
        self.all[number].take()
    }
}

/// Who has been woken.
struct Calls {
    numbers: SeenLock<Vec<usize>>,
    /// How many there are. Changed under the lock, and read without it.
    count: AtomicUsize,
    bell: StdArc<Bell>,
}

impl Calls {
    /// Puts a number in. Returns whether it is the only one.
    fn put(&self, number: usize) -> bool {
        let mut numbers = self.numbers.lock();
        numbers.push(number);
        self.count.fetch_add(1, AcqRel) == 0
    }

    fn take(&self) -> Vec<usize> {
        let mut numbers = self.numbers.lock();
        let at = numbers.len().saturating_sub(POLLS_MAX);
        let taken = if at == 0 {
            mem::take(&mut *numbers)
        } else {
            numbers.drain(..POLLS_MAX).collect()
        };
        self.count.fetch_sub(taken.len(), AcqRel);
        taken
    }
}

struct Call {
    state: AtomicU8,
    number: usize,
    calls: StdArc<Calls>,
}

impl Call {
    fn moves(&self, from: u8, to: u8) -> bool {
        self.state
            .compare_exchange(from, to, AcqRel, Acquire)
            .is_ok()
    }

    /// The poller is through, and has put the place back.
    fn rests(&self) {
        if !self.moves(POLLED, QUIET) {
            self.state.swap(CALLED, AcqRel);
            self.calls.put(self.number);
        }
    }

    /// Returns whether the number is to be put into the list. Changes the state by a read-modify-write in any case: who polls
    /// after this sees what the waker has done before.
    fn is_called(&self) -> bool {
        let next = |state| match state {
            QUIET | CALLED => Some(CALLED),
            _ => Some(AGAIN),
        };
        self.state.fetch_update(AcqRel, Acquire, next) == Ok(QUIET)
    }
}

impl Wake for Call {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        if self.is_called() && self.calls.put(self.number) {
            self.calls.bell.call();
        }
    }
}

impl<T, U, Fut, F, J> Awaiting<T, U, Fut, F, J>
where
    Fut: Future,
    F: Fn(T) -> Fut,
    J: Fn(Fut::Output) -> Answer<U>,
{
    pub(super) fn new(
        (from, to): (StdArc<Edge<T>>, StdArc<Edge<U>>),
        (limit, skips): (usize, bool),
        bell: StdArc<Bell>,
        begin: F,
        judge: J,
    ) -> Self {
        Self {
            from,
            to,
            begin,
            judge,
            skips,
            limit,
            under_way: AtomicUsize::new(0),
            places: SeenLock::new(Places {
                all: Vec::new(),
                free: Vec::new(),
            }),
            calls: StdArc::new(Calls {
                numbers: SeenLock::new(Vec::new()),
                count: AtomicUsize::new(0),
                bell,
            }),
        }
    }

    /// An empty place, in the hands of the caller.
    fn place(&self) -> Place<Fut> {
        let mut places = self.places.lock();
        if let Some(number) = places.free.pop() {
            let place = places.all[number]
                .take()
                .expect("nobody takes an empty place but here");
            drop(places);
            // A wake that was meant for the last one may still be in the list. Who takes it out does not find `CALLED`.
            place.call.state.swap(POLLED, AcqRel);
            return place;
        }
        let number = places.all.len();
        places.all.push(None);
        drop(places);
        let call = StdArc::new(Call {
            state: AtomicU8::new(POLLED),
            number,
            calls: StdArc::clone(&self.calls),
        });
        Place {
            future: Box::pin(None),
            item: Bucket::new(0, 0, None),
            waker: Waker::from(StdArc::clone(&call)),
            call,
        }
    }

    /// Puts an empty place back.
    fn vacate(&self, place: Place<Fut>) {
        // Before somebody else has the place.
        place.call.state.swap(QUIET, AcqRel);
        let mut places = self.places.lock();
        places.free.push(place.call.number);
        places.put(place);
    }

    /// Begins an item, in the place in hand or another. If it is over at once, what is left of it goes into `made`.
    fn begin(
        &self,
        bucket: Bucket<T>,
        hand: &mut Option<Place<Fut>>,
        made: &mut Made<U>,
        turn: &Turn<'_, '_>,
    ) {
        let item = bucket.with(None);
        let Some(value) = bucket.value else {
            return made.empty.push(item);
        };
        match catch_unwind(AssertUnwindSafe(|| (self.begin)(value))) {
            Err(payload) => turn.panicked(payload),
            Ok(future) => {
                let mut place = hand.take().unwrap_or_else(|| self.place());
                place.item = item;
                place.future.set(Some(future));
                *hand = self.poll(place, made, turn);
            }
        }
    }

    /// Polls the future in `place`, and puts the place back. If it is empty then, the caller has it.
    fn poll(
        &self,
        mut place: Place<Fut>,
        made: &mut Made<U>,
        turn: &Turn<'_, '_>,
    ) -> Option<Place<Fut>> {
        let mut cx = Context::from_waker(&place.waker);
        let future = &mut place.future;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let pinned = future
                .as_mut()
                .as_pin_mut()
                .expect("only full places are polled");
            let polled = pinned.poll(&mut cx);
            if polled.is_ready() {
                future.set(None);
            }
            polled.map(&self.judge)
        }));
        match polled {
            Ok(Poll::Pending) => {
                let call = StdArc::clone(&place.call);
                self.places.lock().put(place);
                call.rests();
                None
            }
            Ok(Poll::Ready(answer)) => {
                let item = mem::replace(&mut place.item, Bucket::new(0, 0, None));
                match answer {
                    Outcome::Passed(value) => made.full.push(item.with(Some(value))),
                    Outcome::Gone => made.empty.push(item),
                    Outcome::Failed(error, attempts) => {
                        turn.item_failed(error, item.number, attempts, self.skips);
                        made.empty.push(item);
                    }
                    Outcome::Again(never, ..) => match never {},
                }
                Some(place)
            }
            Err(payload) => {
                turn.panicked(payload);
                discard_panic(|| drop(place));
                None
            }
        }
    }

    /// Hands on what has been made. So many more have not been begun.
    fn ended(&self, made: Made<U>, not_begun: usize, turn: &Turn<'_, '_>) -> Done {
        let ended = made.len() + not_begun;
        self.under_way.fetch_sub(ended, AcqRel);
        turn.hands_on(made, &self.to);
        Done {
            ended,
            ..Done::default()
        }
    }
}

impl<T, U, Fut, F, J> Station for Awaiting<T, U, Fut, F, J>
where
    T: Send,
    U: Send,
    Fut: Future + Send,
    F: Fn(T) -> Fut + Send + Sync,
    J: Fn(Fut::Output) -> Answer<U> + Send + Sync,
{
    fn ready(&self) -> usize {
        self.from.ready()
    }

    fn claim(&self, count: usize) {
        self.under_way.fetch_add(count, AcqRel);
        self.from.claim(count);
    }

    fn unclaimed(&self) -> usize {
        self.to.ready()
    }

    fn places(&self) -> usize {
        self.limit.saturating_sub(self.under_way.load(Acquire))
    }

    fn is_called(&self) -> bool {
        true
    }

    fn due(&self) -> Due {
        if self.calls.count.load(Acquire) > 0 {
            Due::Now
        } else {
            Due::Never
        }
    }

    fn work(&self, count: usize, turn: &Turn<'_, '_>) -> Done {
        let mut made = Made::with_room(count);
        let mut left = self.from.take(count).into_iter();
        let mut hand = None;
        for index in 0..count {
            if !turn.goes_on(index, count) {
                break;
            }
            if let Some(bucket) = left.next() {
                self.begin(bucket, &mut hand, &mut made, turn);
            }
        }
        if let Some(place) = hand {
            self.vacate(place);
        }
        let not_begun = left.len();
        self.from.put_back(left);
        self.ended(made, not_begun, turn)
    }

    fn attend(&self, _closes: bool, turn: &Turn<'_, '_>) -> Done {
        let mut made = Made::with_room(0);
        for number in self.calls.take() {
            let place = self.places.lock().called(number);
            if let Some(place) = place.and_then(|place| self.poll(place, &mut made, turn)) {
                self.vacate(place);
            }
        }
        self.ended(made, 0, turn)
    }
}

impl<T, U, Fut, F, J> Drop for Awaiting<T, U, Fut, F, J> {
    fn drop(&mut self) {
        // Futures that have not ended are the application's, and may panic when they are dropped.
        for place in mem::take(&mut self.places.lock().all) {
            discard_panic(|| drop(place));
        }
    }
}
