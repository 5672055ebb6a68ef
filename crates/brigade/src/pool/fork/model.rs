//! Every interleaving of a worker that joins and another that takes part, or comes too late.

use super::Worker;
use crate::channel::{self, Sender};
use crate::pool::worker::{Crew, Task};
use crate::prim::{Arc, StdArc, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A value whose accesses loom checks.
struct Checked(UnsafeCell<u32>);

// SAFETY: that no two threads use it at once is what the models are to refute.
unsafe impl Sync for Checked {}

impl Checked {
    fn new() -> StdArc<Self> {
        StdArc::new(Self(UnsafeCell::new(0)))
    }

    fn add(&self, what: u32) {
        // SAFETY: loom says if another thread uses it now.
        self.0.with_mut(|value| unsafe { *value += what });
    }

    fn get(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|value| unsafe { *value })
    }
}

/// A crew of two, of whom the caller is one; the other does what there is to do until the queue is closed.
fn with_two(act: impl Fn(&Worker) + Sync + Send + 'static) {
    loom::model(move || {
        let (queue, tasks): (Sender<Task>, _) = channel::bounded(1);
        let crew = Arc::new(Crew::new(2, queue.downgrade(), tasks));
        let other = Arc::clone(&crew);
        let other = loom::thread::spawn(move || other.work(1));
        let worker = Worker::of_crew(&crew, 0);
        act(&worker);
        drop(queue);
        other.join().unwrap();
    });
}

#[test]
fn both_halves_are_run_once_and_their_results_come_back() {
    with_two(|worker| {
        let (left, right) = (Checked::new(), Checked::new());
        let results = worker.join(
            |_| {
                left.add(1);
                1
            },
            |_| {
                right.add(2);
                2
            },
        );
        assert_eq!(results, (1, 2));
        assert_eq!((left.get(), right.get()), (1, 2));
    });
}

#[test]
fn a_joiner_helps_with_parts_of_its_half() {
    with_two(|worker| {
        let parts = [Checked::new(), Checked::new()];
        let (first, (second, third)) = worker.join(
            |_| 1,
            |other| {
                other.join(
                    |_| {
                        parts[0].add(2);
                        2
                    },
                    |_| {
                        parts[1].add(3);
                        3
                    },
                )
            },
        );
        assert_eq!((first, second, third), (1, 2, 3));
        assert_eq!((parts[0].get(), parts[1].get()), (2, 3));
    });
}

#[test]
fn what_is_offered_twice_in_a_row_is_run_once_each() {
    with_two(|worker| {
        let sum = [Checked::new(), Checked::new()];
        for part in &sum {
            worker.join(|_| (), |_| part.add(1));
        }
        assert_eq!((sum[0].get(), sum[1].get()), (1, 1));
    });
}

#[test]
fn a_panic_waits_for_the_other_half() {
    with_two(|worker| {
        let right = Checked::new();
        let joined = catch_unwind(AssertUnwindSafe(|| {
            worker.join(|_| std::panic::panic_any(1_u8), |_| right.add(1));
        }));
        assert_eq!(joined.unwrap_err().downcast_ref(), Some(&1_u8));
        assert!(right.get() <= 1);
        // The worker is as it was.
        assert_eq!(worker.join(|_| 1, |_| 2), (1, 2));
    });
}
