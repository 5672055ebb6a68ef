//! Loom's proof for the counter: however adds, the spreading, sums and resets interleave, nothing is lost and
//! nothing counts twice, and the cells are freed once.

use super::{Counter, MAX, OVERFLOWN};
use crate::prim::Ordering::Relaxed;
use crate::prim::{Arc, three_threads};
use loom::thread;

/// Both may meet, and then one of them spreads the counter.
#[test]
fn no_add_is_lost_while_the_counter_spreads() {
    loom::model(|| {
        let counter = Arc::new(Counter::new());
        let other = Arc::clone(&counter);
        let adder = thread::spawn(move || {
            other.add(1);
            other.add(10);
        });
        counter.add(100);
        counter.add(1000);
        adder.join().unwrap();
        assert_eq!(counter.sum(), 1111);
    });
}

/// Only one of those who spread it at once is taken at its word, and the other frees what it has made.
#[test]
fn three_threads_spread_it_once() {
    three_threads(|| {
        let counter = Arc::new(Counter::new());
        let adders: Vec<_> = (0..2)
            .map(|_| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || counter.increment())
            })
            .collect();
        counter.increment();
        for adder in adders {
            adder.join().unwrap();
        }
        assert_eq!(counter.sum(), 3);
    });
}

#[test]
fn an_add_is_in_one_reset_or_still_there() {
    loom::model(|| {
        let counter = Arc::new(Counter::new());
        counter.spread_out();
        counter.alone.count.fetch_add(1, Relaxed);
        let other = Arc::clone(&counter);
        let adder = thread::spawn(move || {
            other.add(10);
            other.reset()
        });
        let taken = counter.reset();
        let taken_there = adder.join().unwrap();
        assert_eq!(taken + taken_there + counter.sum(), 11);
    });
}

#[test]
fn a_sum_holds_what_happened_before_and_never_goes_down() {
    loom::model(|| {
        let counter = Arc::new(Counter::new());
        counter.add(1);
        let other = Arc::clone(&counter);
        let adder = thread::spawn(move || {
            other.add(10);
            other.add(10);
        });
        counter.add(100);
        let first = counter.sum();
        let second = counter.sum();
        assert!(first >= 101, "an add that happened before is missing");
        assert!(second >= first);
        adder.join().unwrap();
        assert_eq!(counter.sum(), 121);
    });
}

/// One of the two goes over, and neither hides it.
#[test]
fn an_overflow_stays() {
    loom::model(|| {
        let counter = Arc::new(Counter::new());
        counter.add(MAX as u64);
        let other = Arc::clone(&counter);
        let adder = thread::spawn(move || other.add(MAX as u64));
        counter.alone.count.fetch_add(2, Relaxed); // as an add that does not look
        counter.alone.overflow();
        adder.join().unwrap();
        counter.add(1);
        assert!(counter.try_sum().is_err());
        assert!(counter.alone.count.load(Relaxed) >= OVERFLOWN);
        assert_eq!(counter.reset(), Counter::MAX);
        assert_eq!(counter.try_sum(), Ok(0));
    });
}
