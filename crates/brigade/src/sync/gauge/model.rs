//! Loom's proof for the gauge: the maximum is what was really reached, in the period that lasts.

use super::{Gauge, GaugeError};
use crate::prim::Ordering::AcqRel;
use crate::prim::{Arc, three_threads};
use loom::thread;

/// Changes nothing. Loom tries a change before another thread's load only if the one who changes does not load
/// first (`wait/README.md`), so it begins with this.
fn begin(gauge: &Gauge) {
    gauge.level.fetch_add(0, AcqRel);
}

/// The results of the adds say which levels were reached.
#[test]
fn the_maximum_is_the_highest_level_that_was_reached() {
    three_threads(|| {
        let gauge = Arc::new(Gauge::new());
        let others: Vec<_> = (0..2)
            .map(|_| {
                let gauge = Arc::clone(&gauge);
                thread::spawn(move || {
                    begin(&gauge);
                    let reached = gauge.add(1).unwrap();
                    gauge.sub(1).unwrap();
                    reached
                })
            })
            .collect();
        let reached = others.into_iter().map(|other| other.join().unwrap()).max();
        assert_eq!(Some(gauge.max()), reached);
        assert_eq!(gauge.get(), 0);
    });
}

#[test]
fn the_maximum_is_there_at_every_moment() {
    loom::model(|| {
        let gauge = Arc::new(Gauge::new());
        gauge.add(2).unwrap();
        let other = Arc::clone(&gauge);
        let lowers = thread::spawn(move || {
            begin(&other);
            other.sub(1).unwrap();
            other.sub(1).unwrap();
        });
        assert_eq!(gauge.max(), 2);
        lowers.join().unwrap();
        assert_eq!(gauge.max(), 2);
    });
}

#[test]
fn the_maximum_holds_every_level_that_was_seen() {
    loom::model(|| {
        let gauge = Arc::new(Gauge::new());
        let other = Arc::clone(&gauge);
        let changer = thread::spawn(move || {
            begin(&other);
            other.add(2).unwrap();
            other.sub(1).unwrap();
        });
        let seen = gauge.get();
        let max = gauge.max();
        assert!(max >= seen && max <= 2);
        changer.join().unwrap();
        assert_eq!(gauge.max(), 2);
    });
}

/// Who has seen the level before the reset may record it after the first record of the new period.
#[test]
fn a_late_record_hides_none_of_the_new_period() {
    loom::model(|| {
        let gauge = Arc::new(Gauge::new());
        gauge.add(5).unwrap();
        let other = Arc::clone(&gauge);
        let lowers = thread::spawn(move || {
            begin(&other);
            other.sub(2).unwrap()
        });
        gauge.reset_max();
        let reached = gauge.add(1).unwrap();
        gauge.sub(1).unwrap();
        lowers.join().unwrap();
        let max = gauge.max();
        assert!(max >= reached && max <= 6);
        assert_eq!(gauge.get(), 3);
    });
}

/// Who is about to lower the level leaves nothing behind that was before the reset.
#[test]
fn a_reset_forgets_what_was_before_and_nothing_after() {
    loom::model(|| {
        let gauge = Arc::new(Gauge::new());
        gauge.add(5).unwrap();
        let other = Arc::clone(&gauge);
        let changer = thread::spawn(move || {
            begin(&other);
            let level = other.sub(3).unwrap();
            other.add(1).unwrap();
            level
        });
        gauge.reset_max();
        let max = gauge.max();
        assert!(max == 5 || max == 3 || max == 2, "{max} was not reached");
        changer.join().unwrap();
        // 5 if the reset was before the `sub`, else 3.
        assert!(gauge.max() == 5 || gauge.max() == 3);
        assert!(gauge.max() >= max);
    });
}

/// The second `sub` comes after the reset, as what it returns shows: then the first maximum is gone.
#[test]
fn a_late_record_does_not_come_back() {
    three_threads(|| {
        let gauge = Arc::new(Gauge::new());
        gauge.add(5).unwrap();
        let lowers = |n| {
            let gauge = Arc::clone(&gauge);
            thread::spawn(move || {
                begin(&gauge);
                gauge.sub(n)
            })
        };
        let first = lowers(4);
        let second = lowers(4);
        let seen = gauge.get();
        gauge.reset_max();
        let max = gauge.max();
        assert!(
            seen == 5 || max == 1,
            "the level was 1 before the reset, and then {max}"
        );
        let both = [first.join().unwrap(), second.join().unwrap()];
        assert!(both.contains(&Ok(1)) && both.contains(&Err(GaugeError::BelowZero)));
        assert!(seen == 5 || gauge.max() == 1);
    });
}
