//! What the rows of maps need from a peer, and their workloads: the same function for each of many
//! items.

use super::{THREADS, busy};
use crate::cpu_time;
use crate::run::{Load, Run, Work, repeat};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Items of a map that takes some time, and of one that does not.
const FEW: usize = 10_000;
const MANY: usize = 1_000_000;
/// What an item takes, and what a heavy one does.
pub(crate) const LIGHT: Duration = Duration::from_micros(5);
const HEAVY: Duration = Duration::from_micros(50);
/// Items of one measurement of what they take.
const SOME: usize = 20;
/// Measurements of what items take, of which the fastest counts: all others were disturbed.
const TRIES: usize = 10;
/// Trivial items that are one operation: a single one takes less than the report could show.
const TOGETHER: usize = 1000;
/// As many trivial items as are worth a fork to who has to choose.
const TRIVIAL_GRAIN: usize = 4096;

/// What there is to do for each item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapTraffic {
    /// The same time for each of 10,000.
    Even,
    /// The last tenth takes ten times as long.
    HeavyEnd,
    /// A million additions.
    Trivial,
}

/// A pool that does something for each of many items, used as its users use it. It is called by a
/// thread that is not of the pool. The `grain` is for peers whose users choose one.
pub(crate) trait Maps: Sized + 'static {
    fn start(threads: usize) -> Self;
    /// What `each` makes of every item, in order.
    fn map(&self, items: &[usize], each: impl Fn(usize) -> usize + Sync) -> Vec<usize>;
    /// Does something with every number.
    fn change(&self, numbers: &mut [u64], grain: usize, each: impl Fn(&mut u64) + Sync);
}

/// Makes the work that a peer's pool is to do.
pub(crate) fn work<P: Maps>(traffic: MapTraffic) -> Work {
    match traffic {
        MapTraffic::Even => Box::new(|load| map::<P>(FEW, load)),
        MapTraffic::HeavyEnd => Box::new(|load| map::<P>(FEW - FEW / 10, load)),
        MapTraffic::Trivial => Box::new(trivial::<P>),
    }
}

/// What a map makes of an item.
fn mapped(item: usize) -> usize {
    item.wrapping_mul(3) ^ 1
}

/// Items below `light` take their time, those from there on ten times as long. The figure is how
/// many times as long the map takes as on two processors that do nothing else.
fn map<P: Maps>(light: usize, load: Load) -> Result<Run, String> {
    let items: Vec<usize> = (0..FEW).collect();
    let each = |item| {
        let time = if item < light { LIGHT } else { HEAVY };
        busy(time, mapped(item))
    };
    let [of_light, of_heavy] = seconds();
    let all = of_light * light as f64 + of_heavy * (FEW - light) as f64;
    let perfect = all / THREADS as f64;
    let pool = P::start(THREADS);
    let few = pool.map(&items[..8], each);
    check(&items[..8], &few)?;
    let cpu = cpu_time::process();
    let from = Instant::now();
    let mut mappings = Vec::new();
    while mappings.len() * FEW < load.ops && from.elapsed() < load.limit {
        mappings.push(pool.map(&items, each));
    }
    let elapsed = from.elapsed();
    let cpu = cpu_time::process() - cpu;
    drop(pool);
    mappings
        .iter()
        .try_for_each(|mapping| check(&items, mapping))?;
    let of_perfect = |time: Duration| time.as_secs_f64() / (perfect * mappings.len().max(1) as f64);
    Ok(Run {
        ns_per_op: of_perfect(elapsed),
        cpu_ns_per_op: of_perfect(cpu),
        ..Run::of(load.ops, mappings.len() * FEW, elapsed, cpu)
    })
}

/// What a light and a heavy item take: a little more than they are told, as each looks at the clock.
pub(crate) fn seconds() -> [f64; 2] {
    static SECONDS: OnceLock<[f64; 2]> = OnceLock::new();
    *SECONDS.get_or_init(|| {
        [LIGHT, HEAVY].map(|time| {
            let tries = (0..TRIES).map(|_| {
                let from = Instant::now();
                (0..SOME).for_each(|_| busy(time, ()));
                from.elapsed().as_secs_f64() / SOME as f64
            });
            tries.fold(f64::INFINITY, f64::min)
        })
    })
}

fn trivial<P: Maps>(load: Load) -> Result<Run, String> {
    let mut numbers: Vec<u64> = (0..MANY as u64).collect();
    let pool = P::start(THREADS);
    let mut rounds = 0;
    let mut add_one = |rounds: &mut u64| {
        pool.change(&mut numbers, TRIVIAL_GRAIN, |number| *number += 1);
        *rounds += 1;
    };
    add_one(&mut rounds);
    let run = repeat(load, MANY / TOGETHER, || {
        add_one(&mut rounds);
        Ok(())
    })?;
    let wrong = numbers
        .iter()
        .zip(0..)
        .find(|(number, first)| **number != first + rounds);
    match wrong {
        None => Ok(run),
        Some((number, first)) => Err(format!(
            "{first} has become {number} and not {}",
            first + rounds
        )),
    }
}

fn check(items: &[usize], results: &[usize]) -> Result<(), String> {
    if items.len() != results.len() {
        return Err(format!(
            "{} items gave {} results",
            items.len(),
            results.len()
        ));
    }
    let mut pairs = items.iter().zip(results);
    match pairs.find(|(item, result)| mapped(**item) != **result) {
        None => Ok(()),
        Some((item, result)) => Err(format!("item {item} gave the wrong result {result}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{check, mapped};

    #[test]
    fn results_in_order_pass_the_check() {
        assert_eq!(check(&[5, 6], &[mapped(5), mapped(6)]), Ok(()));
    }

    #[test]
    fn missing_and_swapped_results_fail_the_check() {
        assert!(check(&[5, 6], &[mapped(5)]).is_err());
        assert!(check(&[5, 6], &[mapped(6), mapped(5)]).is_err());
    }
}
