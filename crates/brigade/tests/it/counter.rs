//! Counters and gauges: nothing is lost, nothing wraps, and the maximum is one that was reached.

use brigade::sync::{Counter, CounterOverflowError, Gauge, GaugeError};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

const THREADS: u64 = 8;

#[test]
fn every_add_of_many_threads_is_counted() {
    const ADDS: u64 = 20_000;
    let counter = Counter::default();
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (counter, start) = (&counter, &start);
            scope.spawn(move || {
                start.wait();
                for _ in 0..ADDS {
                    counter.add(thread);
                    counter.increment();
                }
            });
        }
    });
    let sum = ADDS * (THREADS + (0..THREADS).sum::<u64>());
    assert_eq!(counter.sum(), sum);
    assert_eq!(counter.try_sum(), Ok(sum));
    assert_eq!(format!("{counter:?}"), format!("Counter {{ sum: {sum} }}"));
}

#[test]
fn what_resets_take_and_what_is_left_is_everything() {
    const ADDS: u64 = 20_000;
    let counter = Counter::new();
    let done = AtomicBool::new(false);
    let taken = thread::scope(|scope| {
        let adders: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| (0..ADDS).for_each(|_| counter.add(3))))
            .collect();
        let taker = scope.spawn(|| {
            let mut taken = 0;
            while !done.load(Relaxed) {
                taken += counter.reset();
            }
            taken
        });
        for adder in adders {
            adder.join().unwrap();
        }
        done.store(true, Relaxed);
        taker.join().unwrap()
    });
    assert_eq!(taken + counter.reset(), THREADS * ADDS * 3);
    assert_eq!(counter.sum(), 0);
}

#[test]
fn a_sum_never_goes_down_while_threads_add() {
    let counter = Counter::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let adders =
            [(); 3].map(|()| scope.spawn(|| (0..50_000).for_each(|_| counter.increment())));
        scope.spawn(|| {
            let mut last = 0;
            while !done.load(Relaxed) {
                let sum = counter.sum();
                assert!(sum >= last);
                last = sum;
            }
        });
        for adder in adders {
            adder.join().unwrap();
        }
        done.store(true, Relaxed);
    });
    assert_eq!(counter.sum(), 150_000);
}

#[test]
fn an_overflow_is_an_error_until_the_reset() {
    let counter = Counter::new();
    counter.add(Counter::MAX - 1);
    counter.increment();
    assert_eq!(counter.try_sum(), Ok(Counter::MAX));
    for n in [1, 1, Counter::MAX, u64::MAX] {
        counter.add(n);
        assert_eq!(counter.try_sum(), Err(CounterOverflowError));
        assert_eq!(counter.sum(), Counter::MAX);
    }
    assert_eq!(
        CounterOverflowError.to_string(),
        format!("the counter has counted more than {}", Counter::MAX)
    );
    assert_eq!(counter.reset(), Counter::MAX);
    assert_eq!(counter.try_sum(), Ok(0));
    counter.add(u64::MAX);
    assert_eq!(counter.try_sum(), Err(CounterOverflowError));
}

/// Many go over at the same time, with amounts that would wrap soon.
#[test]
fn threads_do_not_wrap_a_counter_together() {
    let counter = Counter::new();
    counter.add(Counter::MAX);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let counter = &counter;
            scope.spawn(move || {
                for _ in 0..10_000 {
                    counter.add(if thread % 2 == 0 { 1 } else { u64::MAX });
                }
            });
        }
    });
    assert_eq!(counter.try_sum(), Err(CounterOverflowError));
}

#[test]
fn a_gauge_refuses_what_is_beyond_its_ends() {
    let gauge = Gauge::default();
    assert_eq!(gauge.sub(0), Ok(0));
    assert_eq!(gauge.sub(1), Err(GaugeError::BelowZero));
    assert_eq!(gauge.add(Gauge::MAX), Ok(Gauge::MAX));
    assert_eq!(gauge.add(0), Ok(Gauge::MAX));
    assert_eq!(gauge.add(1), Err(GaugeError::AboveMax));
    assert_eq!(gauge.add(u64::MAX), Err(GaugeError::AboveMax));
    assert_eq!(gauge.sub(u64::MAX), Err(GaugeError::BelowZero));
    assert_eq!(gauge.sub(Gauge::MAX), Ok(0));
    assert_eq!((gauge.get(), gauge.max()), (0, Gauge::MAX));
    assert_eq!(
        format!("{gauge:?}"),
        format!("Gauge {{ level: 0, max: {} }}", Gauge::MAX)
    );
    assert_eq!(
        [GaugeError::BelowZero, GaugeError::AboveMax].map(|error| error.to_string()),
        [
            "the gauge would have gone below zero".to_owned(),
            format!("the gauge would have gone above {}", Gauge::MAX),
        ]
    );
}

#[test]
fn a_maximum_lasts_until_it_is_reset() {
    let gauge = Gauge::new();
    gauge.add(9).unwrap();
    assert_eq!(gauge.max(), 9);
    gauge.sub(5).unwrap();
    assert_eq!(gauge.max(), 9);
    gauge.reset_max();
    assert_eq!(gauge.max(), 4);
    gauge.add(1).unwrap();
    gauge.sub(2).unwrap();
    assert_eq!((gauge.get(), gauge.max()), (3, 5));
}

/// The number of a period has few bits, and starts again.
#[test]
fn a_gauge_outlives_its_periods() {
    let gauge = Gauge::new();
    gauge.add(2).unwrap();
    for period in 0..200_000 {
        gauge.reset_max();
        assert_eq!(gauge.max(), 2, "in period {period}");
    }
    gauge.add(5).unwrap();
    gauge.sub(6).unwrap();
    assert_eq!((gauge.get(), gauge.max()), (1, 7));
}

/// Each thread knows the levels that its adds have reached: the greatest of them all is the maximum.
#[test]
fn the_maximum_of_many_threads_is_exact() {
    let gauge = Gauge::new();
    for _ in 0..50 {
        gauge.reset_max();
        let start = Barrier::new(THREADS as usize);
        let reached = thread::scope(|scope| {
            let changers: Vec<_> = (1..=THREADS)
                .map(|n| {
                    let (gauge, start) = (&gauge, &start);
                    scope.spawn(move || {
                        start.wait();
                        let reached = (0..100).map(|_| {
                            let reached = gauge.add(n).unwrap();
                            gauge.sub(n).unwrap();
                            reached
                        });
                        reached.max().unwrap()
                    })
                })
                .collect();
            let reached = changers.into_iter().map(|changer| changer.join().unwrap());
            reached.max().unwrap()
        });
        assert_eq!((gauge.get(), gauge.max()), (0, reached));
    }
}
