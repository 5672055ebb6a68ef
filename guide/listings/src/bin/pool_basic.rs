//! Eight jobs on a pool of four threads, joined in the order of submission.

use brigade::pool::Pool;
use std::error::Error;
use std::ops::Range;

fn primes_in(range: Range<u32>) -> usize {
    let is_prime = |n: u32| {
        n > 1
            && (2..)
                .take_while(|d| d * d <= n)
                .all(|d| !n.is_multiple_of(d))
    };
    range.filter(|n| is_prime(*n)).count()
}

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().threads(4).name("counter").build()?;

    let mut jobs = Vec::new();
    for thousand in 0..8 {
        let numbers = thousand * 1000..(thousand + 1) * 1000;
        jobs.push(pool.submit(move || primes_in(numbers))?);
    }
    println!("{} jobs on {} threads", jobs.len(), pool.threads());

    for (thousand, job) in jobs.into_iter().enumerate() {
        println!("primes in thousand {thousand}: {}", job.join()?);
    }
    Ok(())
}
