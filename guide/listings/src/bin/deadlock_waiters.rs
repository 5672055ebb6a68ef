//! Two threads lock two mutexes in opposite order, and the library is asked who waits for what.

use brigade::sync::{Barrier, Event, Mutex};
use brigade::wait::{self, Waiter};
use std::error::Error;
use std::thread;
use std::time::Duration;

#[derive(Default)]
struct Account {
    balance: Mutex<i32>,
}

struct Bank {
    north: Account,
    south: Account,
    /// Each of the two has its first lock.
    both_have_one: Barrier,
    /// `main` has looked.
    seen: Event,
}

impl Bank {
    /// Moves money, or gives up if it cannot have both accounts.
    fn transfer(&self, from: &Account, to: &Account, amount: i32) -> &'static str {
        let mut source = from.balance.lock();
        self.both_have_one.wait();
        // One timeout would do to get out of the deadlock. This one tries on until `main` has seen it.
        let mut target = loop {
            match to.balance.lock_timeout(Duration::from_millis(50)) {
                Ok(target) => break target,
                Err(_) if self.seen.is_set() => return "gave up",
                Err(_) => {}
            }
        };
        *source -= amount;
        *target += amount;
        "done"
    }

    /// The same the other way, without a timeout.
    fn transfer_back(&self) -> &'static str {
        let mut source = self.south.balance.lock();
        self.both_have_one.wait();
        let mut target = self.north.balance.lock();
        *source -= 5;
        *target += 5;
        "done"
    }
}

/// Everybody who waits, once two of them wait for a mutex.
fn two_waiters() -> Vec<Waiter> {
    loop {
        let waiters = wait::waiters();
        if waiters
            .iter()
            .filter(|one| one.waits_for() == "mutex lock")
            .count()
            == 2
        {
            return waiters;
        }
        thread::yield_now();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let bank = Bank {
        north: Account::default(),
        south: Account::default(),
        both_have_one: Barrier::new(2),
        seen: Event::new(),
    };
    let (there, back) = thread::scope(|scope| {
        let there = thread::Builder::new()
            .name("there".into())
            .spawn_scoped(scope, || bank.transfer(&bank.north, &bank.south, 3));
        let back = thread::Builder::new()
            .name("back".into())
            .spawn_scoped(scope, || bank.transfer_back());

        let mut waiters = two_waiters();
        waiters.sort_by(|one, other| one.thread_name().cmp(&other.thread_name()));
        for waiter in &waiters {
            let name = waiter.thread_name().unwrap_or("a task");
            println!("{name} waits for: {}", waiter.waits_for());
        }
        let mut objects: Vec<usize> = waiters.iter().map(Waiter::object).collect();
        objects.dedup();
        println!("at {} different mutexes", objects.len());
        bank.seen.set();
        (
            there.map(|there| there.join()),
            back.map(|back| back.join()),
        )
    });
    println!("there: {}", there?.map_err(|_| "panicked")?);
    println!("back: {}", back?.map_err(|_| "panicked")?);
    let (north, south) = (bank.north.balance.lock(), bank.south.balance.lock());
    println!("north {north}, south {south}");
    Ok(())
}
