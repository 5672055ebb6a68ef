//! A stage that makes many items into one.

use super::edge::{Bucket, Edge, Made};
use super::station::{Done, Due, Station, Turn};
use crate::prim::{SeenLock, StdArc, discard_panic};
use std::convert::Infallible;
use std::mem;
use std::time::{Duration, Instant};

pub(super) struct Batch<T> {
    pub(super) from: StdArc<Edge<T>>,
    pub(super) to: StdArc<Edge<Vec<T>>>,
    /// At least 1.
    pub(super) count: usize,
    pub(super) within: Duration,
    pub(super) open: SeenLock<Open<T>>,
}

/// The batch that is being collected. One at a time works on it.
pub(super) struct Open<T> {
    values: Vec<T>,
    /// Of what is in it, and of what has been left out since.
    tickets: usize,
    /// When its first value has come.
    since: Option<Instant>,
    number: u64,
}

impl<T> Open<T> {
    pub(super) fn new() -> Self {
        Self {
            values: Vec::new(),
            tickets: 0,
            since: None,
            number: 0,
        }
    }

    /// Puts a bucket in, and closes the batch if it has so many values. Its time begins with the first.
    fn put(&mut self, bucket: Bucket<T>, count: usize, now: Instant, made: &mut Made<Vec<T>>) {
        self.tickets += bucket.tickets;
        let Some(value) = bucket.value else {
            return;
        };
        self.since.get_or_insert(now);
        if self.values.capacity() == 0 {
            self.values.reserve(count.min(1024));
        }
        self.values.push(value);
        if self.values.len() >= count {
            self.close(made);
        }
    }

    fn close(&mut self, made: &mut Made<Vec<T>>) {
        if self.tickets == 0 {
            return;
        }
        let values = mem::take(&mut self.values);
        let place = Bucket::new(self.number, mem::take(&mut self.tickets), None);
        if values.is_empty() {
            made.empty.push(place);
        } else {
            made.full.push(place.with(Some(values)));
        }
        self.number += 1;
        self.since = None;
    }
}

impl<T: Send> Station for Batch<T> {
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
        let at = self
            .open
            .lock()
            .since
            .and_then(|since| since.checked_add(self.within));
        at.map_or(Due::Never, Due::At)
    }

    fn work(&self, count: usize, turn: &Turn<'_, '_>) -> Done {
        let mut made = Made::with_room(0);
        let mut open = self.open.lock();
        for bucket in self.from.take(count) {
            open.put(bucket, self.count, turn.began(), &mut made);
        }
        if open.values.is_empty() {
            // Nobody waits for the places of what has been left out.
            open.close(&mut made);
        }
        let held = Some(open.tickets);
        drop(open);
        turn.hands_on(made, &self.to);
        Done {
            ended: count,
            held,
            ..Done::default()
        }
    }

    fn attend(&self, closes: bool, turn: &Turn<'_, '_>) -> Done {
        let mut open = self.open.lock();
        let is_due = open
            .since
            .is_some_and(|since| turn.began().saturating_duration_since(since) >= self.within);
        let mut made = Made::with_room(0);
        if closes || is_due {
            open.close(&mut made);
        }
        let held = Some(open.tickets);
        drop(open);
        turn.hands_on(made, &self.to);
        Done {
            held,
            ..Done::default()
        }
    }

    fn collect(&self, places: Vec<Bucket<Infallible>>) -> Result<(), Vec<Bucket<Infallible>>> {
        self.from.put_empty(places);
        Ok(())
    }

    fn begin(&self, in_order: bool) {
        if in_order {
            self.from.keep_order();
        }
    }
}

impl<T> Drop for Batch<T> {
    fn drop(&mut self) {
        // What is still there is the application's, and may panic when it is dropped.
        for value in mem::take(&mut self.open.lock().values) {
            discard_panic(|| drop(value));
        }
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;
    use crate::prim::clock;

    #[test]
    fn the_time_of_a_batch_begins_with_its_first_value() {
        let (mut open, mut made) = (Open::new(), Made::with_room(0));
        let now = clock::now();
        open.put(Bucket::new(0, 1, None), 3, now, &mut made);
        assert_eq!(open.since, None);
        let later = now + Duration::from_secs(1);
        for number in 1..3 {
            open.put(Bucket::new(number, 1, Some(number)), 3, later, &mut made);
        }
        assert_eq!((open.since, made.len()), (Some(later), 0));
        open.put(Bucket::new(3, 1, Some(3)), 3, later, &mut made);
        assert_eq!((open.since, open.tickets), (None, 0));
        let batch = made.full.pop().unwrap();
        assert_eq!((batch.tickets, batch.value), (4, Some(vec![1, 2, 3])));
    }
}
