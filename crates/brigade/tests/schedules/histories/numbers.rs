//! A counter and a gauge.

use crate::actors::{any, join, thread};
use crate::explore::explore;
use crate::linear::Sequential;
use crate::record::{History, now};
use brigade::sync::{Counter, Gauge, GaugeError};
use shuttle::thread::JoinHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A level and its maximum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Level {
    now: u64,
    max: u64,
}

#[derive(Clone, Copy, Debug)]
enum OfGauge {
    Add(u64),
    Sub(u64),
    Get,
    Max,
    ResetMax,
}

impl Sequential for Level {
    type Call = OfGauge;
    type Return = Result<u64, GaugeError>;

    fn after(&self, call: &OfGauge, returned: &Self::Return) -> Option<Self> {
        let at = |now: u64, max: u64| Self { now, max };
        let (expected, after) = match *call {
            OfGauge::Add(n) => {
                let now = self.now + n;
                (Ok(now), at(now, self.max.max(now)))
            }
            OfGauge::Sub(n) => match self.now.checked_sub(n) {
                Some(now) => (Ok(now), at(now, self.max)),
                None => (Err(GaugeError::BelowZero), self.clone()),
            },
            OfGauge::Get => (Ok(self.now), self.clone()),
            OfGauge::Max => (Ok(self.max), self.clone()),
            OfGauge::ResetMax => (Ok(0), at(self.now, self.now)),
        };
        (*returned == expected).then_some(after)
    }
}

#[test]
fn a_gauge_and_its_maximum_change_at_one_moment() {
    explore(|| {
        let gauge = Arc::new(Gauge::new());
        let history = History::<Level>::new();
        let actors: Vec<_> = (0..4)
            .map(|_| {
                let (gauge, history) = (gauge.clone(), history.clone());
                thread(move || {
                    for _ in 0..5 {
                        let call = match any(6) {
                            0 | 1 => OfGauge::Add(1 + any(3) as u64),
                            2 | 3 => OfGauge::Sub(1 + any(3) as u64),
                            4 => [OfGauge::Get, OfGauge::ResetMax][any(2)],
                            _ => OfGauge::Max,
                        };
                        let body = || match call {
                            OfGauge::Add(n) => gauge.add(n),
                            OfGauge::Sub(n) => gauge.sub(n),
                            OfGauge::Get => Ok(gauge.get()),
                            OfGauge::Max => Ok(gauge.max()),
                            OfGauge::ResetMax => {
                                gauge.reset_max();
                                Ok(0)
                            }
                        };
                        history.calls(call, || (body(), ()));
                    }
                })
            })
            .collect();
        join(actors);
        history.explained(Level { now: 0, max: 0 });
    });
}

/// A count; the call is what is added, or nothing for a sum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Count(u64);

impl Sequential for Count {
    type Call = Option<u64>;
    type Return = u64;

    fn after(&self, call: &Option<u64>, returned: &u64) -> Option<Self> {
        match call {
            Some(n) => Some(Self(self.0 + n)),
            None => (*returned == self.0).then(|| self.clone()),
        }
    }
}

/// When something was called, when it returned, and the number in it.
type Done = (u64, u64, u64);

/// Two who add and two who sum; what each did. The history has it too.
fn adds_and_sums(history: &History<Count>) -> [Vec<Done>; 2] {
    let counter = Arc::new(Counter::new());
    let adds: Vec<JoinHandle<Vec<Done>>> = (0..3)
        .map(|from| {
            let (counter, history) = (counter.clone(), history.clone());
            thread(move || {
                let numbers = (0..4).map(|n| 1 << (4 * from + n));
                let add = |n| {
                    let called = now();
                    counter.add(n);
                    history.note(called, Some(n), 0);
                    (called, now(), n)
                };
                numbers.map(add).collect()
            })
        })
        .collect();
    let sums: Vec<JoinHandle<Vec<Done>>> = (0..2)
        .map(|_| {
            let (counter, history) = (counter.clone(), history.clone());
            let sum = move |_| {
                let called = now();
                let sum = counter.sum();
                history.note(called, None, sum);
                (called, now(), sum)
            };
            thread(move || (0..4).map(sum).collect())
        })
        .collect();
    let done = [join(adds).concat(), join(sums).concat()];
    assert_eq!(counter.sum(), (1 << 12) - 1, "an add is missing at the end");
    done
}

/// Each number is a bit of its own, so a sum says which of them are in it.
#[test]
fn a_sum_holds_all_that_was_added_before_and_nothing_that_was_added_after() {
    explore(|| {
        let [adds, sums] = adds_and_sums(&History::new());
        for (called, returned, sum) in &sums {
            for (add_called, added, n) in &adds {
                let there = sum & n != 0;
                assert!(there || added > called, "{n} had been added: {sum:b}");
                assert!(
                    !there || add_called < returned,
                    "{n} was not yet added: {sum:b}"
                );
            }
        }
    });
}

#[test]
fn a_later_sum_holds_whatever_an_earlier_one_held() {
    explore(|| {
        let [_, sums] = adds_and_sums(&History::new());
        for (_, returned, earlier) in &sums {
            for (called, _, later) in &sums {
                assert!(
                    called < returned || earlier & !later == 0,
                    "{earlier:b} became {later:b}"
                );
            }
        }
    });
}

/// The documentation says that a sum is not the picture of one moment, so a schedule must be found that shows it: if
/// none is, that sentence is wrong, or the schedules do not reach far.
#[test]
fn a_sum_is_not_the_picture_of_one_moment() {
    let seen = Arc::new(AtomicBool::new(false));
    let note = seen.clone();
    explore(move || {
        let history = History::new();
        adds_and_sums(&history);
        if !history.is_explained(Count(0)) {
            note.store(true, Relaxed);
        }
    });
    assert!(
        seen.load(Relaxed) || std::env::var_os("BRIGADE_SCHEDULES_REPLAY").is_some(),
        "every sum could be explained"
    );
}

#[test]
fn every_add_is_in_one_reset_or_still_there() {
    explore(|| {
        let counter = Arc::new(Counter::new());
        let adds = (0..3).map(|from| {
            let counter = counter.clone();
            thread(move || {
                for n in 0..4 {
                    counter.add(1 << (4 * from + n));
                }
                0
            })
        });
        let mut actors: Vec<_> = adds.collect();
        for _ in 0..2 {
            let counter = counter.clone();
            // Were one in two resets, the sum of all would be too large, and no other bit can make up for it.
            actors.push(thread(move || (0..3).map(|_| counter.reset()).sum()));
        }
        let taken: u64 = join(actors).into_iter().sum();
        assert_eq!(taken + counter.sum(), (1 << 12) - 1);
    });
}
