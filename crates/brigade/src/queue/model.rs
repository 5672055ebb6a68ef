//! Loom's proof for the containers alone: whoever is about to sleep sees the move or is seen, no value is lost
//! or doubled, and no place is given twice. How waiters build on it is modelled in `channel`.

mod rendezvous;

use super::{Blocks, PopError, PushError, Ring, Spsc};
use crate::prim::Arc;
use crate::prim::Ordering::{Relaxed, Release};
use crate::prim::atomic::AtomicBool;
use crate::prim::hint;
use loom::thread;
use std::collections::VecDeque;
use std::fmt::Debug;

/// Runs a move again until it has an answer.
fn until_moved<R, E>(mut attempt: impl FnMut() -> Result<R, E>) -> R {
    loop {
        match attempt() {
            Ok(moved) => return moved,
            Err(_) => hint::yield_now(),
        }
    }
}

fn push(ring: &Ring<i32>, value: i32) {
    until_moved(|| ring.push(&mut Some(value)));
}

fn pop(ring: &Ring<i32>) -> i32 {
    until_moved(|| ring.pop())
}

fn keep(ring: &Ring<i32>, value: i32) -> usize {
    ring.push_reserved(&mut Some(value)).unwrap()
}

fn force(ring: &Ring<i32>, value: i32) -> Option<i32> {
    ring.force_push(&mut Some(value)).unwrap()
}

/// What is in, in order, when nobody moves any more.
fn rest(ring: &Ring<i32>) -> Vec<i32> {
    std::iter::from_fn(|| ring.pop().ok()).collect()
}

/// A ring that holds 1, 2, 3 ..
fn ring_of(capacity: usize, values: i32, promises: usize) -> Ring<i32> {
    let ring = Ring::new(capacity);
    for value in 1..=values {
        push(&ring, value);
    }
    for _ in 0..promises {
        ring.try_reserve().unwrap();
    }
    ring
}

/// One joins the waiters and takes the second look, the other moves and then looks for waiters: one of them
/// sees the other.
fn handshake<Q: Send + Sync + 'static>(queue: fn() -> Q, look: fn(&Q) -> usize, mover: fn(&Q)) {
    loom::model(move || {
        let object = Arc::new((queue(), AtomicBool::new(false)));
        let waiter = {
            let object = Arc::clone(&object);
            thread::spawn(move || {
                object.1.store(true, Release);
                look(&object.0)
            })
        };
        mover(&object.0);
        let seen = object.1.load(Relaxed);
        assert!(waiter.join().unwrap() > 0 || seen);
    });
}

/// Runs two bodies at once, then looks at what they have left.
fn race<Q, A, B>(
    queue: fn() -> Q,
    one: fn(&Q) -> A,
    other: fn(&Q) -> B,
    after: impl Fn(&Q, A, B) + Send + Sync + 'static,
) where
    Q: Send + Sync + 'static,
    A: Debug + Send + 'static,
    B: 'static,
{
    loom::model(move || {
        let queue = Arc::new(queue());
        let first = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || one(&queue))
        };
        let second = other(&queue);
        after(&queue, first.join().unwrap(), second);
    });
}

mod ring {
    use super::*;

    #[test]
    fn a_sender_about_to_sleep_and_a_pop_see_each_other() {
        handshake(
            || ring_of(1, 1, 0),
            Ring::look_for_room,
            |ring| {
                pop(ring);
            },
        );
    }

    #[test]
    fn a_sender_about_to_sleep_and_a_pop_of_many_see_each_other() {
        handshake(
            || ring_of(2, 2, 0),
            Ring::look_for_room,
            |ring| {
                ring.pop_many(&mut Vec::new(), 2).unwrap();
            },
        );
    }

    #[test]
    fn a_sender_about_to_sleep_and_a_promise_given_back_see_each_other() {
        handshake(
            || ring_of(1, 0, 1),
            Ring::look_for_room,
            |ring| {
                assert_eq!(ring.unreserve(), 1);
            },
        );
    }

    /// A model's ring gives three promises.
    #[test]
    fn a_sender_about_to_sleep_and_the_use_of_the_last_promise_see_each_other() {
        handshake(
            || ring_of(5, 0, 3),
            Ring::look_for_room,
            |ring| {
                assert_eq!(keep(ring, 1), 2);
            },
        );
    }

    #[test]
    fn a_receiver_about_to_sleep_and_a_push_of_many_see_each_other() {
        handshake(
            || ring_of(2, 0, 0),
            Ring::look_for_values,
            |ring| {
                ring.push_many(&mut VecDeque::from([1, 2])).unwrap();
            },
        );
    }

    #[test]
    fn a_receiver_about_to_sleep_and_a_promise_that_is_kept_see_each_other() {
        handshake(
            || ring_of(1, 0, 1),
            Ring::look_for_values,
            |ring| {
                keep(ring, 1);
            },
        );
    }

    #[test]
    fn a_receiver_about_to_sleep_and_a_push_by_force_see_each_other() {
        handshake(
            || ring_of(1, 0, 0),
            Ring::look_for_values,
            |ring| {
                force(ring, 1);
            },
        );
    }

    #[test]
    fn the_last_place_is_used_or_promised() {
        race(
            || ring_of(2, 1, 0),
            Ring::try_reserve,
            |ring| ring.push(&mut Some(2)),
            |ring, promised, pushed| {
                assert_ne!(promised, pushed);
                assert_eq!(ring.look_for_room(), 0);
            },
        );
    }

    #[test]
    fn a_promise_waits_for_a_receiver_who_has_not_finished() {
        race(
            || ring_of(1, 1, 0),
            |ring| {
                until_moved(|| ring.try_reserve());
                keep(ring, 2);
            },
            pop,
            |ring, (), popped| assert_eq!((popped, rest(ring)), (1, vec![2])),
        );
    }

    #[test]
    fn a_promise_given_back_is_found_by_one() {
        race(
            || ring_of(1, 0, 1),
            |ring| ring.unreserve(),
            |ring| ring.push(&mut Some(1)).is_ok(),
            |ring, _, pushed| assert_eq!(ring.look_for_room(), usize::from(!pushed)),
        );
    }

    #[test]
    fn many_are_handed_over_in_order() {
        race(
            || ring_of(2, 0, 0),
            |ring| {
                let mut values = VecDeque::from([1, 2, 3]);
                while !values.is_empty() {
                    until_moved(|| ring.push_many(&mut values));
                }
            },
            |ring| {
                let mut values = Vec::new();
                while values.len() < 3 {
                    until_moved(|| ring.pop_many(&mut values, 3));
                }
                values
            },
            |_, (), values| assert_eq!(values, [1, 2, 3]),
        );
    }

    #[test]
    fn many_are_taken_beside_a_single_one() {
        race(
            || ring_of(3, 2, 0),
            |ring| {
                let mut values = Vec::new();
                until_moved(|| ring.pop_many(&mut values, 2));
                values
            },
            |ring| {
                push(ring, 3);
                pop(ring)
            },
            |ring, many, single| {
                let mut all = [many, vec![single], rest(ring)].concat();
                all.sort_unstable();
                assert_eq!(all, [1, 2, 3]);
            },
        );
    }

    #[test]
    fn many_are_put_beside_a_promise() {
        race(
            || ring_of(2, 0, 1),
            |ring| ring.push_many(&mut VecDeque::from([1, 2])),
            |ring| keep(ring, 3),
            |ring, many, _| {
                assert_eq!(many, Ok(1));
                assert_eq!(ring.len(), 2);
            },
        );
    }

    #[test]
    fn force_leaves_nobody_room() {
        race(
            || ring_of(1, 1, 0),
            |ring| force(ring, 2),
            |ring| ring.try_reserve(),
            |ring, evicted, promised| {
                assert_eq!((evicted, promised), (Some(1), Err(PushError::Full)));
                assert_eq!(rest(ring), [2]);
            },
        );
    }

    #[test]
    fn two_push_by_force_into_one_slot() {
        race(
            || ring_of(1, 1, 0),
            |ring| force(ring, 2).unwrap(),
            |ring| force(ring, 3).unwrap(),
            |ring, one, other| {
                let left = rest(ring);
                assert!(
                    (one, other, &left[..]) == (1, 2, &[3])
                        || (one, other, &left[..]) == (3, 1, &[2])
                );
            },
        );
    }

    #[test]
    fn force_and_a_receiver_take_each_value_once() {
        race(
            || ring_of(2, 2, 0),
            |ring| (force(ring, 3), force(ring, 4)),
            |ring| (pop(ring), pop(ring)),
            |ring, (first, second), (third, fourth)| {
                assert!(third < fourth);
                let evicted = [first, second].into_iter().flatten();
                let mut all: Vec<_> = evicted.chain([third, fourth]).chain(rest(ring)).collect();
                all.sort_unstable();
                assert_eq!(all, [1, 2, 3, 4]);
            },
        );
    }

    #[test]
    fn force_and_a_promise_that_is_kept_have_room_for_both() {
        race(
            || ring_of(2, 1, 1),
            |ring| force(ring, 2),
            |ring| keep(ring, 3),
            |ring, evicted, _| {
                assert_eq!(evicted, Some(1));
                let left = rest(ring);
                assert!(left == [2, 3] || left == [3, 2]);
            },
        );
    }

    #[test]
    fn force_and_a_promise_given_back_leave_the_right_room() {
        race(
            || ring_of(2, 1, 1),
            |ring| force(ring, 2),
            |ring| ring.unreserve(),
            |ring, evicted, _| {
                let left = if evicted.is_some() {
                    vec![2]
                } else {
                    vec![1, 2]
                };
                assert_eq!(ring.look_for_room(), 2 - left.len());
                assert_eq!(rest(ring), left);
            },
        );
    }

    /// What was forced in before the end is found before `Closed` is.
    #[test]
    fn force_is_before_the_end_or_after() {
        race(
            || ring_of(1, 1, 0),
            |ring| ring.force_push(&mut Some(2)),
            |ring| {
                ring.close();
                let mut values = Vec::new();
                loop {
                    match ring.pop() {
                        Ok(value) => values.push(value),
                        Err(PopError::Closed) => return values,
                        Err(_) => hint::yield_now(),
                    }
                }
            },
            |_, forced, values| match forced {
                Ok(Some(evicted)) => assert_eq!((evicted, values), (1, vec![2])),
                Ok(None) => assert_eq!(values, [1, 2]),
                Err(error) => assert_eq!((error, values), (PushError::Closed, vec![1])),
            },
        );
    }
}

/// A model's block has two slots.
mod blocks {
    use super::*;

    /// A list that holds 1, 2, 3 ..
    fn blocks_of(values: i32) -> Blocks<i32> {
        let blocks = Blocks::new();
        for value in 1..=values {
            blocks.push(&mut Some(value)).unwrap();
        }
        blocks
    }

    fn rest(blocks: &Blocks<i32>) -> Vec<i32> {
        std::iter::from_fn(|| blocks.pop().ok()).collect()
    }

    #[test]
    fn a_receiver_about_to_sleep_and_a_push_of_many_see_each_other() {
        handshake(
            || blocks_of(1),
            Blocks::look_for_values,
            |blocks| {
                blocks.push_many(&mut VecDeque::from([2, 3])).unwrap();
            },
        );
        handshake(
            || blocks_of(0),
            Blocks::look_for_values,
            |blocks| {
                blocks.push_many(&mut VecDeque::from([1, 2])).unwrap();
            },
        );
    }

    #[test]
    fn many_are_handed_over_in_order_across_a_block() {
        race(
            || blocks_of(0),
            |blocks| {
                let mut values = VecDeque::from([1, 2, 3]);
                while !values.is_empty() {
                    blocks.push_many(&mut values).unwrap();
                }
            },
            |blocks| {
                let mut values = Vec::new();
                while values.len() < 3 {
                    until_moved(|| blocks.pop_many(&mut values, 3));
                }
                values
            },
            |_, (), values| assert_eq!(values, [1, 2, 3]),
        );
    }

    fn put(blocks: &Blocks<i32>, values: [i32; 2]) {
        let mut values = VecDeque::from(values);
        while !values.is_empty() {
            blocks.push_many(&mut values).unwrap();
        }
    }

    #[test]
    fn two_put_many_across_a_block() {
        race(
            || blocks_of(1),
            |blocks| put(blocks, [10, 11]),
            |blocks| put(blocks, [20, 21]),
            |blocks, (), ()| {
                let values = rest(blocks);
                let of = |ten: i32| {
                    values
                        .iter()
                        .copied()
                        .filter(move |value| value / 10 == ten)
                };
                assert_eq!(values.len(), 5);
                assert!(of(1).eq([10, 11]) && of(2).eq([20, 21]));
            },
        );
    }

    #[test]
    fn two_take_many_across_a_block() {
        let take = |blocks: &Blocks<i32>| {
            let mut values = Vec::new();
            until_moved(|| blocks.pop_many(&mut values, 2));
            values
        };
        race(
            || blocks_of(4),
            take,
            take,
            |blocks, one, other| {
                let mut all = [one, other, rest(blocks)].concat();
                all.sort_unstable();
                assert_eq!(all, [1, 2, 3, 4]);
            },
        );
    }
}

mod spsc {
    use super::*;

    /// A ring that holds 1, 2, 3 ..
    fn ring_of(capacity: usize, values: i32) -> Spsc<i32> {
        let ring = Spsc::new(capacity);
        for value in 1..=values {
            push(&ring, value).unwrap();
        }
        ring
    }

    fn push(ring: &Spsc<i32>, value: i32) -> Result<(), PushError> {
        // SAFETY: every model has one thread on each side.
        unsafe { ring.push(&mut Some(value)) }
    }

    fn push_many(ring: &Spsc<i32>, values: &mut VecDeque<i32>) -> Result<usize, PushError> {
        // SAFETY: as above.
        unsafe { ring.push_many(values) }
    }

    fn pop(ring: &Spsc<i32>) -> Result<i32, PopError> {
        // SAFETY: as above.
        unsafe { ring.pop() }
    }

    fn pop_many(ring: &Spsc<i32>, limit: usize) -> Result<Vec<i32>, PopError> {
        let mut values = Vec::new();
        // SAFETY: as above.
        unsafe { ring.pop_many(&mut values, limit) }?;
        Ok(values)
    }

    #[test]
    fn a_sender_about_to_sleep_and_a_pop_see_each_other() {
        handshake(
            || ring_of(1, 1),
            Spsc::look_for_room,
            |ring| {
                pop(ring).unwrap();
            },
        );
        handshake(
            || ring_of(2, 2),
            Spsc::look_for_room,
            |ring| {
                pop_many(ring, 2).unwrap();
            },
        );
    }

    #[test]
    fn a_receiver_about_to_sleep_and_a_push_see_each_other() {
        handshake(
            || ring_of(1, 0),
            Spsc::look_for_values,
            |ring| {
                push(ring, 1).unwrap();
            },
        );
        handshake(
            || ring_of(2, 0),
            Spsc::look_for_values,
            |ring| {
                push_many(ring, &mut VecDeque::from([1, 2])).unwrap();
            },
        );
    }

    #[test]
    fn values_are_handed_over_in_order() {
        race(
            || ring_of(2, 0),
            |ring| (1..=4).for_each(|value| until_moved(|| push(ring, value))),
            |ring| [(); 4].map(|()| until_moved(|| pop(ring))),
            |_, (), values| assert_eq!(values, [1, 2, 3, 4]),
        );
    }

    #[test]
    fn many_are_handed_over_in_order() {
        race(
            || ring_of(2, 0),
            |ring| {
                let mut values = VecDeque::from([1, 2, 3, 4]);
                while !values.is_empty() {
                    until_moved(|| push_many(ring, &mut values));
                }
            },
            |ring| {
                let mut values = Vec::new();
                while values.len() < 4 {
                    values.extend(until_moved(|| pop_many(ring, 4)));
                }
                values
            },
            |_, (), values| assert_eq!(values, [1, 2, 3, 4]),
        );
    }

    fn pop_to_the_end(ring: &Spsc<i32>) -> Vec<i32> {
        let mut values = Vec::new();
        loop {
            match pop(ring) {
                Ok(value) => values.push(value),
                Err(PopError::Closed) => return values,
                Err(_) => hint::yield_now(),
            }
        }
    }

    /// The receiver closes: what the sender was told is in, is found before the end.
    #[test]
    fn a_push_is_before_the_end_or_after() {
        race(
            || ring_of(2, 0),
            |ring| push(ring, 1),
            |ring| {
                ring.close();
                pop_to_the_end(ring)
            },
            |_, pushed, values| match pushed {
                Ok(()) => assert_eq!(values, [1]),
                Err(error) => assert_eq!((error, values), (PushError::Closed, vec![])),
            },
        );
    }

    #[test]
    fn many_are_before_the_end_or_after_and_stay() {
        race(
            || ring_of(3, 1),
            |ring| {
                let mut values = VecDeque::from([2, 3, 4]);
                let pushed = push_many(ring, &mut values);
                (pushed, values)
            },
            |ring| {
                ring.close();
                pop_to_the_end(ring)
            },
            |_, (pushed, left), values| match pushed {
                Ok(_) => assert_eq!([values, left.into()].concat(), [1, 2, 3, 4]),
                Err(_) => assert_eq!((left, values), (VecDeque::from([2, 3, 4]), vec![1])),
            },
        );
    }
}
