//! A stage that calls a closure for each item, on whatever thread has the time.

use super::edge::{Bucket, Edge, Made};
use super::report::Cause;
use super::station::{Done, Due, Station, Turn, after};
use crate::policy::Course;
use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{SeenLock, StdArc, clock, discard_panic};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// What has come of an item.
pub(super) enum Outcome<T, U> {
    Passed(U),
    /// It is not wanted.
    Gone,
    /// With what, and after how many attempts.
    Failed(Cause, u32),
    /// It is to be tried again then; `None` is never.
    Again(T, Option<Instant>, Box<Course>),
}

impl<T, U> Outcome<T, U> {
    pub(super) fn of<E: Into<Cause>>(result: Result<U, E>) -> Self {
        match result {
            Ok(value) => Self::Passed(value),
            Err(error) => Self::Failed(error.into(), 1),
        }
    }
}

pub(super) struct Each<T, U, F> {
    pub(super) from: StdArc<Edge<T>>,
    pub(super) to: StdArc<Edge<U>>,
    /// Called with the item, and the attempts that have failed.
    pub(super) each: F,
    pub(super) skips: bool,
    pub(super) delayed: Delayed<T>,
}

/// Items that are tried again later, by their times.
pub(super) struct Delayed<T> {
    items: SeenLock<BTreeMap<(Instant, u64), Bucket<T>>>,
    /// How many there are. Changed under the lock, and read without it.
    count: AtomicUsize,
}

impl<T> Delayed<T> {
    pub(super) fn new() -> Self {
        Self {
            items: SeenLock::new(BTreeMap::new()),
            count: AtomicUsize::new(0),
        }
    }

    fn put(&self, bucket: Bucket<T>, until: Option<Instant>) {
        let at = until.unwrap_or_else(|| after(clock::now(), Duration::MAX));
        let mut items = self.items.lock();
        items.insert((at, bucket.number), bucket);
        self.count.fetch_add(1, AcqRel);
    }

    fn due(&self) -> Due {
        if self.count.load(Acquire) == 0 {
            return Due::Never;
        }
        let items = self.items.lock();
        items
            .keys()
            .next()
            .map_or(Due::Never, |(at, _)| Due::At(*at))
    }

    /// Takes those out whose time has come.
    fn take(&self) -> Vec<Bucket<T>> {
        let now = clock::now();
        let mut items = self.items.lock();
        let later = items.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut *items, later);
        self.count.fetch_sub(due.len(), AcqRel);
        drop(items);
        due.into_values().collect()
    }
}

impl<T, U, F> Each<T, U, F>
where
    F: Fn(T, Option<Box<Course>>) -> Outcome<T, U>,
{
    /// Does one item. What is left of it goes into `made`.
    #[inline]
    fn item(&self, bucket: Bucket<T>, made: &mut Made<U>, turn: &Turn<'_, '_>) {
        let place = bucket.with(None);
        let Some(value) = bucket.value else {
            return made.empty.push(place);
        };
        match (self.each)(value, bucket.attempts) {
            Outcome::Passed(value) => made.full.push(place.with(Some(value))),
            Outcome::Gone => made.empty.push(place),
            Outcome::Failed(error, attempts) => {
                turn.item_failed(error, place.number, attempts, self.skips);
                made.empty.push(place);
            }
            Outcome::Again(value, until, attempts) => {
                turn.retries();
                let mut again = place.with(Some(value));
                again.attempts = Some(attempts);
                self.delayed.put(again, until);
            }
        }
    }
}

impl<T, U, F> Station for Each<T, U, F>
where
    T: Send,
    U: Send,
    F: Fn(T, Option<Box<Course>>) -> Outcome<T, U> + Send + Sync,
{
    fn ready(&self) -> usize {
        self.from.ready()
    }

    fn claim(&self, count: usize) {
        self.from.claim(count);
    }

    fn unclaimed(&self) -> usize {
        self.to.ready()
    }

    fn due(&self) -> Due {
        self.delayed.due()
    }

    fn work(&self, count: usize, turn: &Turn<'_, '_>) -> Done {
        let mut made = Made::with_room(count);
        let mut left = self.from.take(count).into_iter();
        let caught = catch_unwind(AssertUnwindSafe(|| {
            for index in 0..count {
                if !turn.goes_on(index, count) {
                    break;
                }
                if let Some(bucket) = left.next() {
                    self.item(bucket, &mut made, turn);
                }
            }
        }));
        if let Err(payload) = caught {
            turn.panicked(payload);
        }
        self.from.put_back(left);
        turn.hands_on(made, &self.to);
        Done {
            ended: count,
            ..Done::default()
        }
    }

    fn attend(&self, _closes: bool, _turn: &Turn<'_, '_>) -> Done {
        self.from.put_back(self.delayed.take().into_iter());
        Done::default()
    }
}

impl<T, U, F> Drop for Each<T, U, F> {
    fn drop(&mut self) {
        // What is still there is the application's, and may panic when it is dropped.
        for (_, bucket) in std::mem::take(&mut *self.delayed.items.lock()) {
            discard_panic(|| drop(bucket));
        }
    }
}
