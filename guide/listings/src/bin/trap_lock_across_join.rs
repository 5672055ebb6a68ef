//! A hundred jobs on two workers: each holds the same lock while it waits for a parallel part.

use brigade::pool::Pool;
use brigade::sync::Mutex;

fn main() {
    let pool = Pool::new(2);
    let total = Mutex::new(0);
    pool.scope_plain(|scope| {
        for number in 1..=100_u64 {
            let (pool, total) = (&pool, &total);
            scope.spawn(move || {
                let mut total = total.lock();
                // The other half may be taken by the other worker. Then this one waits for it, lock in hand.
                let (left, right) = pool.join(|_| number, |_| number);
                *total += left + right;
            });
        }
    });
    println!("total: {}", total.into_inner());
}
