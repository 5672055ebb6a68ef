//! Every interleaving of a worker that joins and others that take part, or come too late.

use super::half::StackHalf;
use super::offer::Offer;
use super::{Forks, Worker};
use crate::pool::builder::Description;
use crate::pool::worker::Crew;
use crate::prim::{Arc, StdArc, UnsafeCell, three_threads};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

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
    loom::model(move || in_crew(2, &act));
}

/// The same with a crew of three.
fn with_three(act: impl Fn(&Worker) + Sync + Send + 'static) {
    three_threads(move || in_crew(3, &act));
}

fn in_crew(threads: usize, act: &(impl Fn(&Worker) + Sync + Send + 'static)) {
    let crew = Arc::new(Crew::new(Description::of(threads)));
    let others: Vec<_> = (1..threads)
        .map(|number| {
            let crew = Arc::clone(&crew);
            loom::thread::spawn(move || Crew::work(&crew, number))
        })
        .collect();
    let worker = Worker::of_crew(&crew, 0);
    act(&worker);
    crew.agenda().close();
    for other in others {
        other.join().unwrap();
    }
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

#[test]
fn a_panic_elsewhere_comes_back_after_the_parts_of_its_half() {
    with_two(|worker| {
        let part = StdArc::new(Checked(UnsafeCell::new(0)));
        let joined = catch_unwind(AssertUnwindSafe(|| {
            worker.join(
                |_| (),
                |other| other.join(|_| std::panic::panic_any(1_u8), |_| part.add(1)),
            )
        }));
        assert_eq!(joined.unwrap_err().downcast_ref(), Some(&1_u8));
        assert!(part.get() <= 1);
        assert_eq!(worker.join(|_| 1, |_| 2), (1, 2));
    });
}

#[test]
fn a_part_that_panics_where_its_joiner_helps_panics_in_the_half() {
    with_two(|worker| {
        let first = Checked::new();
        let joined = catch_unwind(AssertUnwindSafe(|| {
            worker.join(
                |_| (),
                |other| other.join(|_| first.add(1), |_| std::panic::panic_any(2_u8)),
            )
        }));
        assert_eq!(joined.unwrap_err().downcast_ref(), Some(&2_u8));
        assert_eq!(first.get(), 1);
    });
}

#[test]
fn of_three_workers_each_half_and_each_part_is_run_by_one() {
    with_three(|worker| {
        let parts = [Checked::new(), Checked::new(), Checked::new()];
        worker.join(
            |_| parts[0].add(1),
            |other| other.join(|_| parts[1].add(1), |_| parts[2].add(1)),
        );
        assert!(parts.iter().all(|part| part.get() == 1));
    });
}

#[test]
fn a_guest_and_two_workers_share_and_the_slot_is_used_again() {
    three_threads(|| {
        let crew = Arc::new(Crew::new(Description::of(2)));
        let others = [0, 1].map(|number| {
            let crew = Arc::clone(&crew);
            loom::thread::spawn(move || Crew::work(&crew, number))
        });
        let halves = [Checked::new(), Checked::new()];
        for half in &halves {
            Worker::with(&crew, |guest| guest.join(|_| (), |_| half.add(1)));
        }
        assert!(halves.iter().all(|half| half.get() == 1));
        crew.agenda().close();
        for other in others {
            other.join().unwrap();
        }
    });
}

#[test]
fn an_idle_worker_is_seen_while_a_joiner_comes_and_goes() {
    loom::model(|| {
        let forks = StdArc::new(Forks::new(3));
        forks.idles();
        let joiner = StdArc::clone(&forks);
        let joiner = loom::thread::spawn(move || {
            joiner.hungry.joiner_waits();
            joiner.hungry.joiner_goes_on();
        });
        let idle = || forks.hungry.numbers().idle;
        assert_eq!(idle(), 1);
        joiner.join().unwrap();
        assert_eq!(idle(), 1);
        forks.works();
        assert!(idle() == 0 && !forks.is_hungry());
    });
}

/// Something to offer, which nobody runs.
struct Something<H>(H);

// SAFETY: only its address is used.
unsafe impl<H> Sync for Something<H> {}
// SAFETY: as above.
unsafe impl<H> Send for Something<H> {}

#[test]
fn an_offer_is_seen_by_one_about_to_sleep_or_wakes_it() {
    loom::model(|| {
        let forks = StdArc::new(Forks::new(2));
        let slot = forks.slot_of(0);
        forks.idles();
        let idle = StdArc::clone(&forks);
        let idle = loom::thread::spawn(move || {
            idle.sleeps();
            idle.look() > 0
        });
        let something = Something(StackHalf::new(|_: &Worker| (), Location::caller()));
        slot.offer.put(something.0.half());
        let wakes = forks.hungry.numbers().is_one_to_wake();
        let sees = idle.join().unwrap();
        assert!(wakes || sees);
        assert!(slot.offer.take_back(something.0.half()));
    });
}

#[test]
fn who_slept_in_place_of_a_guest_is_woken_when_that_leaves_or_by_who_offers() {
    loom::model(|| {
        let forks = StdArc::new(Forks::new(2));
        let slot = forks.slot_of(0);
        let place = forks.take_slot().unwrap();
        forks.hungry.guest_comes();
        // One sleeps, and another, idle as well, looks all the time.
        for _ in 0..2 {
            forks.idles();
        }
        forks.sleeps();
        let guest = StdArc::clone(&forks);
        let guest = loom::thread::spawn(move || guest.leave_slot(place));
        let something = Something(StackHalf::new(|_: &Worker| (), Location::caller()));
        slot.offer.put(something.0.half());
        let wakes = forks.hungry.numbers().is_one_to_wake();
        assert!(guest.join().unwrap() || wakes);
        assert!(slot.offer.take_back(something.0.half()));
    });
}

/// A job that is offered, and a value that stands for what is on the stack of its owner.
struct Offered<H> {
    offer: Offer,
    job: H,
    stack: Checked,
}

// SAFETY: the job is not run: only its address is used.
unsafe impl<H> Sync for Offered<H> {}
// SAFETY: as above.
unsafe impl<H> Send for Offered<H> {}

#[test]
fn who_looks_at_a_job_that_is_taken_back_or_taken_looks_in_time() {
    three_threads(|| {
        let shared = StdArc::new(Offered {
            offer: Offer::new(),
            job: StackHalf::new(|_: &Worker| (), Location::caller()),
            stack: Checked(UnsafeCell::new(1)),
        });
        shared.offer.put(shared.job.half());
        let looking = StdArc::clone(&shared);
        let looking = loom::thread::spawn(move || {
            // Who looks reads what the owner has on its stack, under the lock.
            let see = || assert_eq!(looking.stack.get(), 1);
            looking.offer.holds(|_| {
                see();
                true
            });
            let unwanted = looking.offer.take_if(|_| {
                see();
                false
            });
            assert!(unwanted.is_none());
        });
        let taking = StdArc::clone(&shared);
        let taking = loom::thread::spawn(move || {
            let taken = taking.offer.take().is_some();
            if taken {
                taking.stack.add(1);
            }
            taken
        });
        let back = shared.offer.take_back(shared.job.half());
        if back {
            shared.stack.add(1);
        }
        let taken = taking.join().unwrap();
        looking.join().unwrap();
        assert_ne!(back, taken, "one of the two has it");
        assert_eq!(shared.stack.get(), 2);
    });
}
