//! Every interleaving of those who reserve slots and give them back.

use super::{Rate, Slot, TooLate, Word};
use crate::prim::{StdArc, three_threads};
use std::time::Duration;

/// A permit costs 16 ticks.
fn rate(burst: u32) -> Rate {
    let rate = Rate::new(1, Duration::from_nanos(1)).unwrap();
    rate.with_burst(burst).unwrap()
}

#[test]
fn three_who_come_at_once_get_no_more_than_the_burst() {
    three_threads(|| {
        let word = StdArc::new(Word::new());
        let others = [0, 1].map(|_| {
            let word = StdArc::clone(&word);
            loom::thread::spawn(move || word.reserve(rate(2), 1, 0, 0).is_ok())
        });
        let mine = word.reserve(rate(2), 1, 0, 0).is_ok();
        let theirs = others.map(|other| other.join().unwrap());
        let got = [mine, theirs[0], theirs[1]]
            .iter()
            .filter(|got| **got)
            .count();
        assert_eq!(got, 2);
    });
}

/// Clocks are read before the word is: an old reading gains nothing.
#[test]
fn old_readings_of_the_clock_do_not_make_more_of_the_burst() {
    loom::model(|| {
        let word = StdArc::new(Word::new());
        let other = {
            let word = StdArc::clone(&word);
            loom::thread::spawn(move || word.reserve(rate(1), 1, 0, 0).is_ok())
        };
        // Fifteen ticks later: less than a permit.
        let mine = word.reserve(rate(1), 1, 15, 15).is_ok();
        assert_eq!(u8::from(mine) + u8::from(other.join().unwrap()), 1);
    });
}

fn overlap(a: &Slot, b: &Slot) -> bool {
    a.begin < b.end && b.begin < a.end
}

#[test]
fn what_is_given_back_is_nobody_elses() {
    three_threads(|| {
        let word = StdArc::new(Word::new());
        let reserve = |word: &Word| word.reserve(rate(1), 1, 0, u64::MAX).unwrap();
        let giver = {
            let word = StdArc::clone(&word);
            loom::thread::spawn(move || {
                let slot = reserve(&word);
                word.give_back(slot)
            })
        };
        let other = {
            let word = StdArc::clone(&word);
            loom::thread::spawn(move || reserve(&word))
        };
        let mine = reserve(&word);
        let (given_back, other) = (giver.join().unwrap(), other.join().unwrap());
        assert!(!overlap(&mine, &other));
        let next = reserve(&word);
        assert!(!overlap(&next, &mine) && !overlap(&next, &other));
        // What was given back has been reserved again; what lapsed has not.
        assert_eq!(next.begin, if given_back { 32 } else { 48 });
    });
}

#[test]
fn two_who_give_back_leave_at_most_one_slot_to_lapse() {
    loom::model(|| {
        let word = StdArc::new(Word::new());
        let come_and_go = |word: &Word| {
            let slot = word.reserve(rate(1), 1, 0, u64::MAX).unwrap();
            word.give_back(slot)
        };
        let other = {
            let word = StdArc::clone(&word);
            loom::thread::spawn(move || come_and_go(&word))
        };
        let mine = come_and_go(&word);
        let theirs = other.join().unwrap();
        assert!(mine || theirs);
        let at = if mine && theirs { 0 } else { 16 };
        assert_eq!(
            word.reserve(rate(1), 1, 0, 0).err(),
            (at > 0).then_some(TooLate::Until(at))
        );
    });
}
