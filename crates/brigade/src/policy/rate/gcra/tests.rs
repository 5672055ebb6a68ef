//! The numbers of a rate limit, by times that are made up.

use super::*;
use crate::policy::backoff::draw;
use std::collections::BTreeMap;

const SECOND: Duration = Duration::from_secs(1);

fn per_second(count: u32, burst: u32) -> Rate {
    let rate = Rate::new(count, SECOND).unwrap();
    rate.with_burst(burst).unwrap()
}

fn millis(count: u64) -> u64 {
    ticks(Duration::from_millis(count))
}

/// How many can be taken one by one at `now`.
fn taken_at(word: &Word, rate: Rate, now: u64) -> usize {
    (0..1000)
        .take_while(|_| word.reserve(rate, 1, now, now).is_ok())
        .count()
}

#[test]
fn the_burst_is_there_at_once_and_then_comes_what_the_rate_gives() {
    let (word, rate) = (Word::new(), per_second(10, 3));
    assert_eq!(taken_at(&word, rate, 0), 3);
    assert_eq!(taken_at(&word, rate, millis(100) - 1), 0);
    assert_eq!(taken_at(&word, rate, millis(100)), 1);
    assert_eq!(taken_at(&word, rate, millis(299)), 1);
    // However long nobody comes, no more than the burst is saved up.
    assert_eq!(taken_at(&word, rate, millis(100_000)), 3);
}

#[test]
fn those_who_wait_are_one_interval_apart() {
    let (word, rate) = (Word::new(), per_second(10, 2));
    let at = [(); 5].map(|()| word.reserve(rate, 1, 0, u64::MAX).unwrap().at);
    assert_eq!(at, [0, 0, millis(100), millis(200), millis(300)]);
}

#[test]
fn many_at_once_cost_as_much_as_one_by_one() {
    let (word, rate) = (Word::new(), per_second(10, 4));
    assert_eq!(word.reserve(rate, 3, 0, 0).unwrap().at, 0);
    let late = TooLate::Until(millis(200));
    assert_eq!(word.reserve(rate, 3, 0, millis(199)).unwrap_err(), late);
    // The refusal has cost nothing.
    assert_eq!(word.reserve(rate, 1, 0, 0).unwrap().at, 0);
    assert_eq!(word.reserve(rate, 4, 0, u64::MAX).unwrap().at, millis(400));
}

/// Uses of slots by those who try and those who wait, some of whom give up, with readings of the clock that are out of
/// order. Every span from one use to another is looked at.
#[test]
fn no_span_has_more_than_the_burst_and_what_the_rate_gives() {
    let mut draws = 0;
    let mut random = move |below: u64| {
        draws += 1;
        draw(7, draws) % below
    };
    for (count, burst) in [(10, 1), (3, 5), (7, 2), (1000, 20)] {
        let (word, rate) = (Word::new(), per_second(count, burst));
        let mut uses = BTreeMap::<u64, u64>::new();
        let (mut clock, mut refused) = (0, 0);
        for _ in 0..400 {
            // About as much as the rate gives is asked for.
            clock += random((u64::from(burst) + 1) * rate.interval);
            let now = clock.saturating_sub(random(2 * rate.interval));
            let wanted = 1 + random(u64::from(burst)) as u32;
            let latest = now + random(4 * rate.interval);
            let Ok(slot) = word.reserve(rate, wanted, now, latest) else {
                refused += 1;
                continue;
            };
            if random(4) == 0 {
                word.give_back(slot);
            } else {
                *uses.entry(slot.at.max(now)).or_default() += u64::from(wanted);
            }
        }
        assert!(
            uses.len() > 100 && refused > 10,
            "{} and {refused}",
            uses.len()
        );
        for from in uses.keys() {
            let mut sum = 0;
            for (to, permits) in uses.range(from..) {
                sum += permits;
                let allowed = u64::from(burst) + (to - from) / rate.interval;
                assert!(sum <= allowed, "{sum} in {} ticks", to - from);
            }
        }
    }
}

#[test]
fn under_pressure_everything_that_is_allowed_is_used() {
    let (word, rate) = (Word::new(), per_second(7, 3));
    // The word has the interval rounded up, by less than a tick.
    let times = (0..=100).map(|step| step * millis(10));
    let taken: usize = times.map(|now| taken_at(&word, rate, now)).sum();
    assert_eq!(taken, 3 + 6);
    assert_eq!(taken_at(&word, rate, 7 * rate.interval), 1);
    assert!(7 * rate.interval - ticks(SECOND) < 7);
}

#[test]
fn the_last_slot_can_be_given_back_and_no_other() {
    let (word, rate) = (Word::new(), per_second(10, 1));
    let reserve = || word.reserve(rate, 1, 0, u64::MAX).unwrap();
    let (first, second, third) = (reserve(), reserve(), reserve());
    assert_eq!(third.at, millis(200));
    assert!(!word.give_back(second));
    assert!(word.give_back(third));
    // The second lapses, and so the third is the next again.
    assert_eq!(reserve().at, millis(200));
    assert!(!word.give_back(first));
}

#[test]
fn a_slot_given_back_late_makes_no_debt_and_no_credit() {
    let (word, rate) = (Word::new(), per_second(10, 1));
    assert_eq!(taken_at(&word, rate, 0), 1);
    let slot = word.reserve(rate, 1, 0, u64::MAX).unwrap();
    assert!(word.give_back(slot));
    assert_eq!(taken_at(&word, rate, millis(1000)), 1);
}

#[test]
fn rates_that_cannot_be_are_refused() {
    assert_eq!(Rate::new(0, SECOND), Err(BadRate::ZeroCount));
    assert_eq!(Rate::new(1, Duration::ZERO), Err(BadRate::ZeroPeriod));
    assert_eq!(Rate::new(1, Duration::MAX), Err(BadRate::TooLong));
    let yearly = Rate::new(1, 365 * 86_400 * SECOND).unwrap();
    assert_eq!(yearly.with_burst(0), Err(BadRate::ZeroBurst));
    assert_eq!(yearly.with_burst(10), Err(BadRate::TooLong));
    assert!(yearly.with_burst(9).is_ok());
}

#[test]
fn the_extremes_have_an_answer() {
    let fast = Rate::new(u32::MAX, Duration::from_nanos(1)).unwrap();
    let fast = fast.with_burst(u32::MAX).unwrap();
    assert!(Word::new().reserve(fast, u32::MAX, 0, 0).is_ok());
    let slow = Rate::new(1, 9 * 365 * 86_400 * SECOND).unwrap();
    let word = Word::new();
    // As many years as the word has.
    let waits = (0..10).filter_map(|_| word.reserve(slow, 1, 0, u64::MAX).ok());
    assert_eq!(waits.count(), 4);
    assert_eq!(word.reserve(slow, 1, 0, u64::MAX), Err(TooLate::Never));
    assert_eq!(
        word.reserve(slow, 1, u64::MAX, u64::MAX),
        Err(TooLate::Never)
    );
    assert_eq!(ticks(Duration::MAX), u64::MAX);
    assert_eq!(time(17), Duration::from_nanos(2));
    assert!(time(u64::MAX) > 36 * 365 * 86_400 * SECOND);
}
