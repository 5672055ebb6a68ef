//! The ring for two alone: in every lap, and when counts come round.

use super::*;
use crate::prim::hint;
use std::thread;

impl<T> Spsc<T> {
    /// A ring whose counts overflow after so many values.
    fn before_overflow(capacity: usize, values: usize) -> Self {
        let mut ring = Self::new(capacity);
        let position = 0_usize.wrapping_sub(values * STEP);
        for end in [&mut ring.head, &mut ring.tail] {
            end.position = AtomicUsize::new(position);
            // SAFETY: the ring is ours.
            unsafe { end.with_own(|own| own.known = position) };
        }
        ring
    }

    fn put_in(&self, value: T) -> Result<(), PushError> {
        // SAFETY: every test has one thread on each side.
        unsafe { self.push(&mut Some(value)) }
    }

    fn put_in_many(&self, values: &mut VecDeque<T>) -> Result<usize, PushError> {
        // SAFETY: as above.
        unsafe { self.push_many(values) }
    }

    fn take(&self) -> Result<T, PopError> {
        // SAFETY: as above.
        unsafe { self.pop() }
    }

    fn take_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, PopError> {
        // SAFETY: as above.
        unsafe { self.pop_many(into, limit) }
    }
}

/// Rings of every small capacity, new ones and such whose counts overflow.
fn rings<T>() -> impl Iterator<Item = Spsc<T>> {
    (1..=9).flat_map(|capacity| [Spsc::new(capacity), Spsc::before_overflow(capacity, 10)])
}

#[test]
fn a_ring_holds_its_capacity_in_every_lap() {
    for ring in rings() {
        let put = ring.put();
        for next in 0..20 {
            for len in 0..ring.capacity() {
                assert_eq!((ring.len(), ring.look_for_values()), (len, len));
                assert_eq!(ring.look_for_room(), ring.capacity() - len);
                assert_eq!(ring.put_in(next + len), Ok(()));
            }
            assert_eq!(ring.put_in(0), Err(PushError::Full));
            assert_eq!(ring.look_for_room(), 0);
            for len in 0..ring.capacity() {
                assert_eq!(ring.take(), Ok(next + len));
            }
            // So that the next turn begins at another slot.
            assert_eq!(ring.put_in(0), Ok(()));
            assert_eq!(ring.take(), Ok(0));
            assert_eq!(ring.take(), Err(PopError::Empty));
            assert_eq!(ring.look_for_values(), 0);
        }
        let counted = ring.put().wrapping_sub(put) & (usize::MAX / STEP);
        assert_eq!(counted, 20 * (ring.capacity() + 1));
        assert_eq!(ring.put(), ring.taken());
    }
}

#[test]
fn many_go_in_and_out_as_far_as_there_is_room() {
    for ring in rings() {
        let capacity = ring.capacity();
        let mut into = Vec::new();
        for turn in 0..20 {
            let mut values: VecDeque<_> = (0..capacity + 3).collect();
            assert_eq!(ring.put_in_many(&mut values), Ok(capacity));
            assert_eq!(values, [capacity, capacity + 1, capacity + 2]);
            assert_eq!(ring.put_in_many(&mut values), Err(PushError::Full));
            let first = turn % capacity + 1;
            assert_eq!(ring.take_many(&mut into, first), Ok(first));
            assert_eq!(ring.len(), capacity - first);
            if first < capacity {
                let rest = ring.take_many(&mut into, usize::MAX);
                assert_eq!(rest, Ok(capacity - first));
            }
            assert_eq!(into, (0..capacity).collect::<Vec<_>>());
            into.clear();
            assert_eq!(ring.take_many(&mut into, 1), Err(PopError::Empty));
        }
        assert_eq!(ring.put_in_many(&mut VecDeque::new()), Ok(0));
        assert_eq!(ring.take_many(&mut into, 0), Ok(0));
    }
}

#[test]
fn what_was_put_in_before_the_end_comes_out() {
    for ring in rings() {
        assert_eq!(ring.put_in(1), Ok(()));
        assert!(ring.close() && !ring.close());
        assert!(ring.is_closed());
        let mut values = VecDeque::from([2]);
        assert_eq!(ring.put_in(2), Err(PushError::Closed));
        assert_eq!(ring.put_in_many(&mut values), Err(PushError::Closed));
        assert_eq!(values, [2]);
        assert_eq!((ring.look_for_room(), ring.look_for_values()), (1, 1));
        assert_eq!((ring.len(), ring.take()), (1, Ok(1)));
        assert_eq!(ring.take(), Err(PopError::Closed));
        assert_eq!(ring.take_many(&mut Vec::new(), 1), Err(PopError::Closed));
    }
}

#[test]
fn values_cross_threads_in_order_alone_and_with_many() {
    const VALUES: usize = 20_000;
    for capacity in [1, 3, 64] {
        let ring = Spsc::new(capacity);
        let received = thread::scope(|scope| {
            let ring = &ring;
            let sender = scope.spawn(move || {
                let mut values: VecDeque<_> = (0..VALUES).collect();
                while let Some(&next) = values.front() {
                    let moved = if next % 3 == 0 {
                        ring.put_in_many(&mut values).is_ok()
                    } else {
                        let pushed = ring.put_in(next).is_ok();
                        pushed && values.pop_front().is_some()
                    };
                    if !moved {
                        hint::yield_now();
                    }
                }
                ring.close();
            });
            let mut received = Vec::new();
            loop {
                let taken = if received.len() % 5 == 0 {
                    ring.take_many(&mut received, 7).map(|_| ())
                } else {
                    ring.take().map(|value| received.push(value))
                };
                match taken {
                    Ok(()) => {}
                    Err(PopError::Closed) => break,
                    Err(_) => hint::yield_now(),
                }
            }
            sender.join().expect("the sender does not panic");
            received
        });
        assert_eq!(received, (0..VALUES).collect::<Vec<_>>());
    }
}
