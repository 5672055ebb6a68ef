//! The exercise of the chapter on shared state: five philosophers at one table, as threads and as tasks.

use brigade::channel::{self, SendError, Sender};
use brigade::sync::{Mutex, MutexGuard};
use futures::executor::block_on;
use futures::future::{join, join_all};
use std::error::Error;
use std::thread;

const SEATS: usize = 5;
const MEALS: usize = 3;

/// How often it has been eaten with.
type Fork = u32;

#[derive(Default)]
struct Table {
    forks: [Mutex<Fork>; SEATS],
}

impl Table {
    /// The forks of a seat, in the order in which to take them: the one with the lower number first.
    fn forks(&self, seat: usize) -> [&Mutex<Fork>; 2] {
        let (left, right) = (seat, (seat + 1) % SEATS);
        [left.min(right), left.max(right)].map(|fork| &self.forks[fork])
    }

    /// A philosopher that is a thread. Every meal is reported with both forks in hand.
    fn dine(&self, seat: usize, report: &Sender<usize>) -> Result<(), SendError<usize>> {
        let [first, second] = self.forks(seat);
        for _ in 0..MEALS {
            let forks = [first.lock(), second.lock()];
            report.send(seat)?;
            wear(forks);
        }
        Ok(())
    }

    /// The same, as a task.
    async fn dine_async(&self, seat: usize, report: Sender<usize>) -> Result<(), SendError<usize>> {
        let [first, second] = self.forks(seat);
        for _ in 0..MEALS {
            let forks = [first.lock_async().await, second.lock_async().await];
            report.send_async(seat).await?;
            wear(forks);
        }
        Ok(())
    }
}

/// Counts the meal, and puts the forks down.
fn wear(forks: [MutexGuard<'_, Fork>; 2]) {
    for mut fork in forks {
        *fork += 1;
    }
}

/// Returns how many meals were reported for each seat.
fn with_threads(table: &Table) -> Result<[usize; SEATS], Box<dyn Error>> {
    let (report, reports) = channel::bounded(1);
    let mut meals = [0; SEATS];
    thread::scope(|scope| {
        let philosophers: Vec<_> = (0..SEATS)
            .map(|seat| {
                let report = report.clone();
                scope.spawn(move || table.dine(seat, &report))
            })
            .collect();
        drop(report);
        reports.iter().for_each(|seat| meals[seat] += 1);
        for philosopher in philosophers {
            philosopher.join().map_err(|_| "a philosopher panicked")??;
        }
        Ok(meals)
    })
}

async fn with_tasks(table: &Table) -> Result<[usize; SEATS], Box<dyn Error>> {
    let (report, reports) = channel::bounded(1);
    let philosophers = join_all((0..SEATS).map(|seat| table.dine_async(seat, report.clone())));
    drop(report);
    let counting = async {
        let mut meals = [0; SEATS];
        while let Ok(seat) = reports.recv_async().await {
            meals[seat] += 1;
        }
        meals
    };
    let (dined, meals) = join(philosophers, counting).await;
    dined.into_iter().collect::<Result<(), _>>()?;
    Ok(meals)
}

fn main() -> Result<(), Box<dyn Error>> {
    let table = Table::default();
    println!("threads, meals of each: {:?}", with_threads(&table)?);
    println!("tasks, meals of each: {:?}", block_on(with_tasks(&table))?);
    println!(
        "uses of each fork: {:?}",
        table.forks.map(Mutex::into_inner)
    );
    Ok(())
}
