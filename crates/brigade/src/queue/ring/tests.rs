//! The ring alone: every way in and out, in every lap, also where laps come round.

use super::*;
use crate::prim::hint;
use std::sync::atomic::AtomicUsize as Count;
use std::thread;

impl<T> Ring<T> {
    /// A ring in its last lap: the next position that begins a lap is 0.
    fn in_last_lap(capacity: usize) -> Self {
        let mut ring = Self::new(capacity);
        let lap = !(ring.lap - 1);
        *ring.head = AtomicUsize::new(lap);
        *ring.tail = AtomicUsize::new(lap);
        for (index, slot) in ring.slots.iter_mut().enumerate() {
            slot.stamp = AtomicUsize::new(lap + index * STEP);
        }
        ring
    }

    fn put_in(&self, value: T) -> Result<(), PushError> {
        self.push(&mut Some(value))
    }

    fn keep(&self, value: T) -> Result<usize, PushError> {
        self.push_reserved(&mut Some(value))
    }

    fn force(&self, value: T) -> Result<Option<T>, PushError> {
        self.force_push(&mut Some(value))
    }

    fn rest(&self) -> Vec<T> {
        std::iter::from_fn(|| self.pop().ok()).collect()
    }
}

/// Rings of every small capacity, new ones and such whose laps come round.
fn rings<T>() -> impl Iterator<Item = Ring<T>> {
    (1..=9).flat_map(|capacity| [Ring::new(capacity), Ring::in_last_lap(capacity)])
}

impl<T> Ring<T> {
    /// How many places have ever been used or are promised, without the bits at the top that a position has no
    /// room for.
    fn used_or_promised(&self) -> usize {
        self.end(self.tail.load(Acquire)) / STEP
    }
}

#[test]
fn a_ring_holds_its_capacity_in_every_lap() {
    for ring in rings() {
        for next in 0..5 {
            for len in 0..ring.capacity() {
                assert_eq!((ring.len(), ring.look_for_values()), (len, len));
                assert_eq!(ring.look_for_room(), ring.capacity() - len);
                assert_eq!(ring.put_in(next + len), Ok(()));
            }
            assert_eq!(ring.put_in(0), Err(PushError::Full));
            assert_eq!(ring.push_if_free(&mut Some(0)), Err(PushError::Full));
            assert_eq!(ring.look_for_room(), 0);
            let all: Vec<_> = (next..next + ring.capacity()).collect();
            assert_eq!(ring.rest(), all);
            // So that the next turn begins at another index.
            assert_eq!(ring.put_in(0), Ok(()));
            assert_eq!(ring.pop_if_there(), Ok(0));
            assert_eq!(ring.pop_if_there(), Err(PopError::Empty));
        }
    }
}

#[test]
fn positions_of_a_power_of_two_count() {
    for ring in rings().filter(|ring| ring.capacity() > 1 && ring.capacity().is_power_of_two()) {
        let (put, taken) = (ring.put(), ring.taken());
        for turn in 1..50 {
            ring.put_in(()).unwrap();
            ring.pop().unwrap();
            let bits = usize::MAX / STEP;
            assert_eq!(ring.put().wrapping_sub(put) & bits, turn);
            assert_eq!(ring.taken().wrapping_sub(taken) & bits, turn);
        }
    }
}

#[test]
fn a_promise_leaves_less_room_for_others() {
    for ring in rings() {
        let capacity = ring.capacity();
        for turn in 0..20 {
            for left in (0..capacity).rev() {
                assert_eq!(ring.try_reserve(), Ok(()));
                assert_eq!(ring.look_for_room(), left);
            }
            assert_eq!(ring.try_reserve(), Err(PushError::Full));
            assert_eq!(ring.put_in(0), Err(PushError::Full));
            assert_eq!(ring.push_if_free(&mut Some(0)), Err(PushError::Full));
            assert_eq!((ring.len(), ring.pop()), (0, Err(PopError::Empty)));
            assert_eq!(ring.unreserve(), 1);
            assert_eq!(ring.put_in(turn), Ok(()));
            assert_eq!(ring.put_in(0), Err(PushError::Full));
            for _ in 1..capacity {
                assert_eq!(ring.keep(turn), Ok(0));
            }
            assert_eq!(ring.rest(), vec![turn; capacity]);
        }
    }
}

#[test]
fn a_promise_has_no_place_in_the_order() {
    let ring = Ring::new(3);
    ring.try_reserve().unwrap();
    ring.put_in("first").unwrap();
    ring.keep("second").unwrap();
    assert_eq!(ring.rest(), ["first", "second"]);
}

#[test]
fn the_end_breaks_a_promise_and_keeps_the_value() {
    let ring = Ring::new(2);
    ring.try_reserve().unwrap();
    ring.put_in(1).unwrap();
    assert!(ring.close());
    let mut value = Some(2);
    assert_eq!(ring.push_reserved(&mut value), Err(PushError::Closed));
    assert_eq!(value, Some(2));
    assert_eq!(ring.unreserve(), 1);
    assert_eq!(ring.try_reserve(), Err(PushError::Closed));
    assert_eq!(ring.put_in(3), Err(PushError::Closed));
    assert_eq!(ring.rest(), [1]);
    assert_eq!(ring.pop(), Err(PopError::Closed));
}

#[test]
fn when_all_promises_are_given_nobody_finds_room() {
    let ring = Ring::new(RESERVED_MAX + 10);
    let reserve_the_last = || {
        assert_eq!(ring.try_reserve(), Ok(()));
        assert_eq!(ring.look_for_room(), 0);
        assert_eq!(ring.try_reserve(), Err(PushError::Full));
        assert_eq!(ring.put_in(()), Err(PushError::Full));
    };
    for _ in 1..RESERVED_MAX {
        assert_eq!(ring.try_reserve(), Ok(()));
    }
    assert_eq!(ring.look_for_room(), 11);
    reserve_the_last();
    assert_eq!(ring.unreserve(), 11);
    reserve_the_last();
    assert_eq!(ring.keep(()), Ok(10));
    assert_eq!(ring.put_in(()), Ok(()));
    assert_eq!(ring.unreserve(), 1);
    assert_eq!((ring.len(), ring.look_for_room()), (2, 10));
}

#[test]
fn a_limit_counts_what_was_ever_put_and_what_is_promised() {
    for capacity in [2, 8] {
        for ring in [Ring::new(capacity), Ring::in_last_lap(capacity)] {
            let first = ring.used_or_promised();
            let below = |limit: usize| ring.push_below(&mut Some(limit), || first + limit);
            for limit in 1..30 {
                assert_eq!(below(limit - 1), Err(PushError::Full));
                assert_eq!(below(limit), Ok(()));
                assert_eq!(ring.pop(), Ok(limit));
            }
            assert_eq!(ring.try_reserve_below(|| first + 29), Err(PushError::Full));
            assert_eq!(ring.try_reserve_below(|| first + 30), Ok(()));
            assert_eq!(below(30), Err(PushError::Full));
            assert_eq!(ring.unreserve(), 1);
            for _ in 0..capacity {
                assert_eq!(below(1000), Ok(()));
            }
            assert_eq!(below(1000), Err(PushError::Full));
            ring.close();
            assert_eq!(below(1000), Err(PushError::Closed));
        }
    }
}

#[test]
fn many_go_in_and_out_as_far_as_there_is_room() {
    for ring in rings() {
        let capacity = ring.capacity();
        let mut into = Vec::new();
        for turn in 0..20 {
            let mut values: VecDeque<_> = (0..capacity + 3).collect();
            assert_eq!(ring.push_many(&mut values), Ok(capacity));
            assert_eq!(values, [capacity, capacity + 1, capacity + 2]);
            assert_eq!(ring.push_many(&mut values), Err(PushError::Full));
            let first = turn % capacity + 1;
            assert_eq!(ring.pop_many(&mut into, first), Ok(first));
            assert_eq!(ring.len(), capacity - first);
            if first < capacity {
                let rest = ring.pop_many(&mut into, usize::MAX);
                assert_eq!(rest, Ok(capacity - first));
            }
            assert_eq!(into, (0..capacity).collect::<Vec<_>>());
            into.clear();
            assert_eq!(ring.pop_many(&mut into, 1), Err(PopError::Empty));
        }
        assert_eq!(ring.push_many(&mut VecDeque::new()), Ok(0));
        assert_eq!(ring.pop_many(&mut into, 0), Ok(0));
        ring.close();
        let mut values = VecDeque::from([1]);
        assert_eq!(ring.push_many(&mut values), Err(PushError::Closed));
        assert_eq!(ring.pop_many(&mut into, 1), Err(PopError::Closed));
        assert_eq!(values, [1]);
    }
}

#[test]
fn many_leave_the_promised_places_free() {
    let ring = Ring::new(5);
    ring.try_reserve().unwrap();
    ring.try_reserve().unwrap();
    let mut values: VecDeque<_> = (0..9).collect();
    assert_eq!(ring.push_many(&mut values), Ok(3));
    assert_eq!(ring.push_many(&mut values), Err(PushError::Full));
    assert_eq!((ring.keep(7), ring.keep(8)), (Ok(0), Ok(0)));
    assert_eq!(ring.rest(), [0, 1, 2, 7, 8]);
}

#[test]
fn force_replaces_the_oldest() {
    for ring in rings() {
        let capacity = ring.capacity();
        for value in 0..capacity {
            assert_eq!(ring.force(value), Ok(None));
        }
        for value in capacity..50 {
            assert_eq!(ring.force(value), Ok(Some(value - capacity)));
            assert_eq!(ring.len(), capacity);
            assert_eq!(ring.put_in(0), Err(PushError::Full));
        }
        ring.close();
        assert_eq!(ring.force(50), Err(PushError::Closed));
        assert_eq!(ring.rest(), (50 - capacity..50).collect::<Vec<_>>());
    }
}

#[test]
fn force_takes_no_promised_place() {
    for ring in rings().filter(|ring| ring.capacity() > 1) {
        let capacity = ring.capacity();
        for value in 0..capacity - 1 {
            ring.put_in(value).unwrap();
        }
        ring.try_reserve().unwrap();
        assert_eq!(ring.force(capacity - 1), Ok(Some(0)));
        assert_eq!(ring.keep(capacity), Ok(0));
        assert_eq!(ring.rest(), (1..=capacity).collect::<Vec<_>>());
        for _ in 0..capacity {
            ring.try_reserve().unwrap();
        }
        let mut value = Some(0);
        assert_eq!(ring.force_push(&mut value), Err(PushError::Full));
        assert_eq!(value, Some(0));
    }
}

/// Runs a move again until it has an answer.
fn until_moved<R, E>(mut attempt: impl FnMut() -> Result<R, E>) -> R {
    loop {
        match attempt() {
            Ok(moved) => return moved,
            Err(_) => hint::yield_now(),
        }
    }
}

/// Every way in and every way out at once: each value comes out once, and the room is back at the end.
#[test]
fn every_value_comes_out_once_whichever_way_it_went_in() {
    const EACH: usize = 3000;
    const WAYS: usize = 4;
    for capacity in [1, 2, 3, 8] {
        let ring = Ring::new(capacity);
        let seen: Vec<Count> = (0..WAYS * EACH).map(|_| Count::new(0)).collect();
        let see = |value: usize| seen[value].fetch_add(1, Relaxed);
        let sent = thread::scope(|scope| {
            let ring = &ring;
            let senders = [
                scope.spawn(move || {
                    for value in 0..EACH {
                        until_moved(|| ring.put_in(value));
                    }
                }),
                scope.spawn(move || {
                    for value in EACH..2 * EACH {
                        until_moved(|| ring.try_reserve());
                        if value % 3 == 0 {
                            ring.unreserve();
                            until_moved(|| ring.try_reserve());
                        }
                        ring.keep(value).unwrap();
                    }
                }),
                scope.spawn(move || {
                    let mut values: VecDeque<_> = (2 * EACH..3 * EACH).collect();
                    while !values.is_empty() {
                        until_moved(|| ring.push_many(&mut values));
                    }
                }),
                scope.spawn(move || {
                    for value in 3 * EACH..4 * EACH {
                        let evicted = until_moved(|| ring.force(value));
                        evicted.map(see);
                    }
                }),
            ];
            let pop = || loop {
                match ring.pop() {
                    Ok(value) => see(value),
                    Err(PopError::Closed) => return,
                    Err(_) => {
                        hint::yield_now();
                        continue;
                    }
                };
            };
            scope.spawn(pop);
            scope.spawn(move || {
                let mut into = Vec::new();
                loop {
                    match ring.pop_many(&mut into, 3) {
                        Err(PopError::Closed) => return,
                        Err(_) => hint::yield_now(),
                        Ok(_) => into.drain(..).for_each(|value| {
                            see(value);
                        }),
                    }
                }
            });
            let sent = senders.map(|sender| sender.join().is_ok());
            ring.close();
            sent
        });
        assert_eq!(sent, [true; WAYS]);
        assert!(seen.iter().all(|count| count.load(Relaxed) == 1));
    }
}
