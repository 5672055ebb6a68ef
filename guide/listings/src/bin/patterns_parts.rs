//! One piece of work in parts: every item, two halves, and jobs that borrow.

use brigade::pool::{Pool, Worker};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Sorts by two halves, each of them in the same way.
fn sort(worker: &Worker, numbers: &mut [u32]) {
    if numbers.len() <= 32 {
        return numbers.sort_unstable();
    }
    let middle = numbers.len() / 2;
    // What is smaller than the number in the middle is left of it now.
    numbers.select_nth_unstable(middle);
    let (left, right) = numbers.split_at_mut(middle);
    worker.join(|worker| sort(worker, left), |worker| sort(worker, right));
}

fn main() -> Result<(), Error> {
    let pool = Pool::new(2);

    // Every item, and the results in the order of the items.
    let mut buckets = [3, 1, 4, 1, 5];
    pool.for_each(&mut buckets[..], |litres| *litres *= 10);
    let labels = pool.map_collect(&buckets[..], |litres| format!("{litres} l"));
    println!("{labels:?}");

    // One value of all of them.
    let all = pool.reduce(1..1_000_001, || 0, |sum, n| sum + n, |a, b| a + b);
    println!("sum: {all}");

    // Two halves, and halves of these.
    let mut numbers: Vec<u32> = (0..10_000).map(|n| n * 7919 % 10_007).collect();
    let (_, largest) = pool.join(
        |worker| sort(worker, &mut numbers),
        |_| buckets.iter().max(),
    );
    println!("sorted: {}", numbers.is_sorted());
    println!("largest bucket: {largest:?}");

    // Different things, which borrow and may fail.
    let lines = ["12", "7", "3", "20"];
    let litres = |lines: &[&str]| lines.iter().map(|line| line.parse::<u32>()).sum();
    let mut front = Ok(0);
    let rest = pool.scope(|scope| {
        let (near, far) = lines.split_at(1);
        scope.spawn(|| {
            front = litres(near);
            Ok(())
        });
        let far = scope.spawn(move || Ok(litres(far)?));
        Ok::<u32, Error>(far.join()?)
    })?;
    println!("front: {} l, the rest: {rest} l", front?);
    Ok(())
}
