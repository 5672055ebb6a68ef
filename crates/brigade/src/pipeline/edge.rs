//! What lies between two stages: the items that one has made and the other has not begun.
//!
//! An edge hands its buckets on as they come or, if the stage behind it needs that, in the order of their numbers. It has
//! no bound of its own: what is in it has tickets (see the [module](super)). It wakes nobody.
//!
//! How many buckets can be taken is counted beside the line. A bucket is counted after it has been put in, and whoever
//! wants some claims them in that count first. So what is claimed is there.

use crate::policy::Course;
use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{SeenLock, discard_panic};
use std::collections::VecDeque;
use std::convert::Infallible;

/// An item on its way.
pub(super) struct Bucket<T> {
    /// Its place in the order. Numbers begin anew where items are made into batches.
    pub(super) number: u64,
    /// How many items of the source are in it.
    pub(super) tickets: usize,
    /// The attempts that have failed at the stage that it is before.
    pub(super) attempts: Option<Box<Course>>,
    /// `None` if there is nothing left of it: what has been left out keeps its place, and its tickets, until the end.
    pub(super) value: Option<T>,
}

impl<T> Bucket<T> {
    pub(super) fn new(number: u64, tickets: usize, value: Option<T>) -> Self {
        Self {
            number,
            tickets,
            attempts: None,
            value,
        }
    }

    /// The same place, with something else in it.
    pub(super) fn with<U>(&self, value: Option<U>) -> Bucket<U> {
        Bucket::new(self.number, self.tickets, value)
    }
}

/// What has come of some items: those that go on to the next stage, and the empty places of those that have been left out.
pub(super) struct Made<U> {
    pub(super) full: Vec<Bucket<U>>,
    pub(super) empty: Vec<Bucket<Infallible>>,
}

impl<U> Made<U> {
    pub(super) fn with_room(items: usize) -> Self {
        Self {
            full: Vec::with_capacity(items),
            empty: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.full.len() + self.empty.len()
    }
}

pub(super) struct Edge<T> {
    line: SeenLock<Line<T>>,
    /// How many buckets can be claimed.
    ready: AtomicUsize,
}

struct Line<T> {
    /// Empty places are those of numbers that have not come yet.
    places: VecDeque<Option<Bucket<T>>>,
    in_order: bool,
    /// The number of the first place, if they are in order.
    first: u64,
    /// How many places from the first on are not empty, if they are in order.
    unbroken: usize,
}

impl<T> Line<T> {
    /// Puts a bucket in. Returns how many more can be taken.
    fn put(&mut self, bucket: Bucket<T>) -> usize {
        if !self.in_order {
            self.places.push_back(Some(bucket));
            return 1;
        }
        let at = usize::try_from(bucket.number - self.first).expect("so many tickets do not exist");
        if at >= self.places.len() {
            self.places.resize_with(at + 1, || None);
        }
        self.places[at] = Some(bucket);
        let before = self.unbroken;
        while matches!(self.places.get(self.unbroken), Some(Some(_))) {
            self.unbroken += 1;
        }
        self.unbroken - before
    }

    fn take(&mut self) -> Bucket<T> {
        if self.in_order {
            self.first += 1;
            self.unbroken -= 1;
        }
        let first = self.places.pop_front().flatten();
        first.expect("it has been counted after it was put in")
    }

    fn put_back(&mut self, bucket: Bucket<T>) {
        if self.in_order {
            self.first -= 1;
            self.unbroken += 1;
        }
        self.places.push_front(Some(bucket));
    }
}

impl<T> Edge<T> {
    pub(super) fn new() -> Self {
        Self {
            line: SeenLock::new(Line {
                places: VecDeque::new(),
                in_order: false,
                first: 0,
                unbroken: 0,
            }),
            ready: AtomicUsize::new(0),
        }
    }

    /// From now on buckets are handed on in the order of their numbers. One at a time takes them then.
    pub(super) fn keep_order(&self) {
        self.line.lock().in_order = true;
    }

    /// How many can be claimed.
    #[inline]
    pub(super) fn ready(&self) -> usize {
        self.ready.load(Acquire)
    }

    /// Claims buckets, at most as many as are [`ready`](Self::ready). Only one at a time claims.
    pub(super) fn claim(&self, count: usize) {
        self.ready.fetch_sub(count, AcqRel);
    }

    /// Takes buckets that have been claimed.
    pub(super) fn take(&self, count: usize) -> Vec<Bucket<T>> {
        let mut taken = Vec::with_capacity(count);
        let mut line = self.line.lock();
        for _ in 0..count {
            taken.push(line.take());
        }
        taken
    }

    pub(super) fn put(&self, bucket: Bucket<T>) {
        let more = self.line.lock().put(bucket);
        self.ready.fetch_add(more, AcqRel);
    }

    pub(super) fn put_all(&self, buckets: impl ExactSizeIterator<Item = Bucket<T>>) {
        if buckets.len() == 0 {
            return;
        }
        let mut more = 0;
        let mut line = self.line.lock();
        for bucket in buckets {
            more += line.put(bucket);
        }
        drop(line);
        self.ready.fetch_add(more, AcqRel);
    }

    /// Puts the places of those in that have been left out.
    pub(super) fn put_empty(&self, places: Vec<Bucket<Infallible>>) {
        self.put_all(places.into_iter().map(|place| place.with(None)));
    }

    /// Puts buckets back that have been taken and not been begun, in front of all others.
    pub(super) fn put_back(
        &self,
        buckets: impl DoubleEndedIterator<Item = Bucket<T>> + ExactSizeIterator,
    ) {
        let count = buckets.len();
        if count == 0 {
            return;
        }
        let mut line = self.line.lock();
        for bucket in buckets.rev() {
            line.put_back(bucket);
        }
        drop(line);
        self.ready.fetch_add(count, AcqRel);
    }
}

impl<T> Drop for Edge<T> {
    fn drop(&mut self) {
        // What is still there is the application's, and may panic when it is dropped.
        for bucket in std::mem::take(&mut self.line.lock().places) {
            discard_panic(|| drop(bucket));
        }
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;

    fn put(edge: &Edge<u64>, number: u64) -> usize {
        edge.put(Bucket::new(number, 1, Some(number)));
        edge.ready()
    }

    fn take(edge: &Edge<u64>, count: usize) -> Vec<u64> {
        edge.claim(count);
        edge.take(count).iter().map(|taken| taken.number).collect()
    }

    #[test]
    fn without_order_they_go_as_they_come() {
        let edge = Edge::new();
        assert_eq!([3, 1, 2].map(|number| put(&edge, number)), [1, 2, 3]);
        assert_eq!(take(&edge, 2), [3, 1]);
        assert_eq!(edge.ready(), 1);
    }

    #[test]
    fn in_order_only_what_has_no_gap_before_it_is_ready() {
        let edge = Edge::new();
        edge.keep_order();
        assert_eq!([1, 3, 0, 2].map(|number| put(&edge, number)), [0, 0, 2, 4]);
        assert_eq!(take(&edge, 3), [0, 1, 2]);
        assert_eq!(put(&edge, 5), 1);
        assert_eq!(put(&edge, 4), 3);
        assert_eq!(take(&edge, 3), [3, 4, 5]);
        assert_eq!(edge.ready(), 0);
    }

    #[test]
    fn what_is_put_back_is_first_again() {
        for in_order in [false, true] {
            let edge = Edge::new();
            if in_order {
                edge.keep_order();
            }
            for number in 0..4 {
                put(&edge, number);
            }
            edge.claim(3);
            let mut taken = edge.take(3).into_iter();
            assert_eq!(taken.next().map(|first| first.number), Some(0));
            edge.put_back(taken);
            assert_eq!(edge.ready(), 3);
            put(&edge, 4);
            assert_eq!(take(&edge, 4), [1, 2, 3, 4]);
        }
    }
}
