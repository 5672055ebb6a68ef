//! Work on every item of a slice or a range, in parts as small as it takes to keep everybody busy.
//!
//! A worker goes through its span chunk by chunk, and looks before each chunk whether somebody has nothing to do. Only
//! then does it split what is left in halves, by a [join](Worker::join). So a span on a busy pool is a loop, and there
//! are about as many joins as there are idle workers, however long it is (lazy binary splitting, Tzannes and others,
//! 2010). Chunks take about [`CHUNK`]: the first is one item, the next as many as would have taken so long.
//!
//! It knows only what a worker shows to everybody, and whether anybody would take something.

use super::{Pool, Worker};
use crate::prim::clock;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::Location;
use std::ptr;
use std::time::Duration;

/// How long a chunk takes.
const CHUNK: Duration = Duration::from_micros(8);
/// A chunk has at most so many times the items of the one before.
const GROWTH: usize = 8;

/// Items that can be gone through in parts: `&[T]`, `&mut [T]` and `Range<usize>`.
#[expect(
    private_bounds,
    reason = "sealed: how a span is split is the library's business"
)]
pub trait Span: Send + Sized + Parts<Of = Self::Item> {
    /// One of them.
    type Item;
}

impl<'a, T: Sync> Span for &'a [T] {
    type Item = &'a T;
}

impl<'a, T: Send> Span for &'a mut [T] {
    type Item = &'a mut T;
}

impl Span for Range<usize> {
    type Item = usize;
}

/// How a span is split.
pub(crate) trait Parts: Sized {
    /// What it is made of.
    type Of;

    /// How many are left.
    fn count(&self) -> usize;

    /// The first so many, and the others.
    fn split(self, at: usize) -> (Self, Self);

    /// Goes through them.
    fn each(self, act: impl FnMut(Self::Of));
}

impl<'a, T> Parts for &'a [T] {
    type Of = &'a T;

    fn count(&self) -> usize {
        self.len()
    }

    fn split(self, at: usize) -> (Self, Self) {
        self.split_at(at)
    }

    #[inline]
    fn each(self, act: impl FnMut(Self::Of)) {
        self.iter().for_each(act);
    }
}

impl<'a, T> Parts for &'a mut [T] {
    type Of = &'a mut T;

    fn count(&self) -> usize {
        self.len()
    }

    fn split(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }

    #[inline]
    fn each(self, act: impl FnMut(Self::Of)) {
        self.iter_mut().for_each(act);
    }
}

impl Parts for Range<usize> {
    type Of = usize;

    fn count(&self) -> usize {
        self.len()
    }

    fn split(self, at: usize) -> (Self, Self) {
        let middle = self.start + at;
        (self.start..middle, middle..self.end)
    }

    #[inline]
    fn each(self, act: impl FnMut(Self::Of)) {
        self.for_each(act);
    }
}

/// What is done with a span: one result for a part, and how two of them become one.
struct Plan<N, F, M> {
    nothing: N,
    fold: F,
    merge: M,
    site: &'static Location<'static>,
}

/// Goes through `rest`, at first in chunks of `chunk` items, and shares what is left whenever somebody would take it.
fn go_through<S, R, N, F, M>(
    worker: &Worker,
    mut rest: S,
    mut chunk: usize,
    plan: &Plan<N, F, M>,
) -> R
where
    S: Parts + Send,
    R: Send,
    N: Fn(&S) -> R + Sync,
    F: Fn(R, S) -> R + Sync,
    M: Fn(R, R) -> R + Sync,
{
    let mut result = (plan.nothing)(&rest);
    let mut before = clock::now();
    while rest.count() > 0 {
        if rest.count() > 1 && worker.has_takers() {
            let half = rest.count() / 2;
            let (left, right) = rest.split(half);
            let (left, right) = worker.join_at(
                |worker| go_through(worker, left, chunk, plan),
                |worker| go_through(worker, right, chunk, plan),
                plan.site,
            );
            return (plan.merge)((plan.merge)(result, left), right);
        }
        let count = chunk.min(rest.count());
        let (now, later) = rest.split(count);
        result = (plan.fold)(result, now);
        rest = later;
        let after = clock::now();
        chunk = next_chunk(count, after.saturating_duration_since(before));
        before = after;
    }
    result
}

/// How many items take as long as a chunk is to take, if so many took so long.
fn next_chunk(count: usize, took: Duration) -> usize {
    let most = count.saturating_mul(GROWTH);
    let fits = CHUNK.as_nanos().saturating_mul(count as u128) / took.as_nanos().max(1);
    usize::try_from(fits).unwrap_or(most).clamp(1, most)
}

impl Pool {
    /// Calls `act` with every item of `items`, on the calling thread and on as many workers as are idle.
    ///
    /// In no particular order. It returns when all are done, so `act` may borrow from the caller. A call on another
    /// thread than one of this pool counts as one of its threads while it lasts.
    ///
    /// # Panics
    ///
    /// If `act` does: some of the other items may then not have been reached. Nothing of it runs any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// let pool = Pool::new(2);
    /// let mut numbers: Vec<u32> = (0..1000).collect();
    /// pool.for_each(&mut numbers[..], |number| *number *= 2);
    /// assert_eq!(numbers[999], 1998);
    /// ```
    #[track_caller]
    pub fn for_each<S: Span>(&self, items: S, act: impl Fn(S::Item) + Sync) {
        let plan = Plan {
            nothing: |_: &S| (),
            fold: |(), part: S| part.each(&act),
            merge: |(), ()| (),
            site: Location::caller(),
        };
        Worker::with(self.crew(), |worker| go_through(worker, items, 1, &plan));
    }

    /// Makes one value of all items of `items`, on the calling thread and on as many workers as are idle.
    ///
    /// Each part of the items begins with what `nothing` yields, `fold` adds an item to it, and `merge` makes one of two
    /// neighbouring parts, the left one first. Where the parts begin differs from call to call: the result is the same each
    /// time only if `nothing` changes nothing in a merge and merges can be done in any grouping.
    ///
    /// # Panics
    ///
    /// If one of the closures does.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// let pool = Pool::new(2);
    /// let longest = pool.reduce(
    ///     &["a", "bucket", "brigade"][..],
    ///     || "",
    ///     |longest, word| if word.len() > longest.len() { word } else { longest },
    ///     |left, right| if right.len() > left.len() { right } else { left },
    /// );
    /// assert_eq!(longest, "brigade");
    /// assert_eq!(pool.reduce(1..101, || 0, |sum, n| sum + n, |a, b| a + b), 5050);
    /// ```
    #[track_caller]
    pub fn reduce<S: Span, R: Send>(
        &self,
        items: S,
        nothing: impl Fn() -> R + Sync,
        fold: impl Fn(R, S::Item) -> R + Sync,
        merge: impl Fn(R, R) -> R + Sync,
    ) -> R {
        let plan = Plan {
            nothing: |_: &S| nothing(),
            fold: |result, part: S| {
                let mut result = Some(result);
                part.each(|item| {
                    let before = result.take().expect("a fold that panics ends the walk");
                    result = Some(fold(before, item));
                });
                result.expect("each fold has put its result back")
            },
            merge,
            site: Location::caller(),
        };
        Worker::with(self.crew(), |worker| go_through(worker, items, 1, &plan))
    }

    /// What `each` makes of every item of `items`, in their order; on the calling thread and on as many workers as are
    /// idle.
    ///
    /// # Panics
    ///
    /// If `each` does; the results that there are by then are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// let pool = Pool::new(2);
    /// let squares = pool.map_collect(&[1, 2, 3][..], |n| n * n);
    /// assert_eq!(squares, [1, 4, 9]);
    /// ```
    #[track_caller]
    pub fn map_collect<S: Span, R: Send>(
        &self,
        items: S,
        each: impl Fn(S::Item) -> R + Sync,
    ) -> Vec<R> {
        let count = items.count();
        let mut results = Vec::with_capacity(count);
        let room = Room {
            items,
            first: results.as_mut_ptr(),
            _room: PhantomData,
        };
        let plan = Plan {
            nothing: |room: &Room<'_, S, R>| Filled::at(room.first),
            fold: |mut filled: Filled<R>, part: Room<'_, S, R>| {
                part.each(|(item, place)| {
                    let result = each(item);
                    // SAFETY: `place` is within the capacity of the vector, and of no other part.
                    unsafe { place.0.write(result) };
                    filled.count += 1;
                });
                filled
            },
            merge: Filled::merge,
            site: Location::caller(),
        };
        let filled = Worker::with(self.crew(), |worker| go_through(worker, room, 1, &plan));
        assert_eq!(filled.count, count, "every item has a result");
        std::mem::forget(filled);
        // SAFETY: so many have been written, from the first on.
        unsafe { results.set_len(count) };
        results
    }
}

/// Items, and room for what becomes of them.
struct Room<'a, S, R> {
    items: S,
    first: *mut R,
    _room: PhantomData<&'a mut [R]>,
}

// SAFETY: the room is its own part of a vector that nobody else touches, and what is written to it may be sent.
unsafe impl<S: Send, R: Send> Send for Room<'_, S, R> {}

/// Where one result goes.
struct Place<R>(*mut R);

impl<S: Parts, R> Parts for Room<'_, S, R> {
    type Of = (S::Of, Place<R>);

    fn count(&self) -> usize {
        self.items.count()
    }

    fn split(self, at: usize) -> (Self, Self) {
        let (left, right) = self.items.split(at);
        // SAFETY: there is room for as many as there are items, and `at` is at most that.
        let middle = unsafe { self.first.add(at) };
        let part = |items, first| Self {
            items,
            first,
            _room: PhantomData,
        };
        (part(left, self.first), part(right, middle))
    }

    #[inline]
    fn each(self, mut act: impl FnMut(Self::Of)) {
        let mut place = self.first;
        self.items.each(|item| {
            act((item, Place(place)));
            // SAFETY: as above: at most one past the last.
            place = unsafe { place.add(1) };
        });
    }
}

/// Results that have been written side by side. Dropped unless they are all there.
struct Filled<R> {
    first: *mut R,
    count: usize,
}

// SAFETY: it owns what it points to, which may be sent.
unsafe impl<R: Send> Send for Filled<R> {}

impl<R> Filled<R> {
    fn at(first: *mut R) -> Self {
        Self { first, count: 0 }
    }

    fn merge(mut left: Self, right: Self) -> Self {
        debug_assert!(
            // SAFETY: within the vector, or one past its end.
            ptr::eq(unsafe { left.first.add(left.count) }, right.first),
            "parts are merged with their neighbours"
        );
        left.count += right.count;
        std::mem::forget(right);
        left
    }
}

impl<R> Drop for Filled<R> {
    fn drop(&mut self) {
        // SAFETY: so many have been written, and nobody else owns them.
        unsafe { ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.first, self.count)) };
    }
}

#[cfg(all(test, not(brigade_loom), not(brigade_shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn chunks_grow_until_they_take_their_time() {
        assert_eq!(next_chunk(1, Duration::from_nanos(1)), GROWTH);
        assert_eq!(next_chunk(1, CHUNK), 1);
        assert_eq!(next_chunk(100, CHUNK * 2), 50);
        assert_eq!(next_chunk(4, CHUNK / 2), 8);
        assert_eq!(next_chunk(1, CHUNK * 1000), 1);
        assert_eq!(next_chunk(usize::MAX, Duration::ZERO), usize::MAX);
    }
}
