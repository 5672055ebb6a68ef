//! Deadlocks of every kind that can be seen are reported, once; and correct work is never taken for one.
//!
//! - `seeded`: one deadlock for each test. Its threads and tasks wait for ever, and end with the process.
//! - `order`: locks in orders that could lead to a deadlock, and in orders that could not.
//! - `correct`: work that contends for locks in ways that are right. `BRIGADE_STRESS_SECONDS` makes it longer.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests use the standard library's threads, clocks and atomics to check ours"
)]

mod correct;
#[cfg(debug_assertions)]
mod order;
mod seeded;

use brigade::wait::{Deadlock, PotentialDeadlock, on_deadlock, on_potential_deadlock};
use std::sync::{LazyLock, Mutex, Once};
use tokio::runtime::Runtime;

static REPORTS: Mutex<Vec<Deadlock>> = Mutex::new(Vec::new());

static POTENTIAL: Mutex<Vec<PotentialDeadlock>> = Mutex::new(Vec::new());

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(6)
        .build()
        .expect("a runtime")
});

/// Keeps what is reported from here on.
fn keep_reports() {
    static KEEPING: Once = Once::new();
    KEEPING.call_once(|| {
        on_deadlock(keep);
        on_potential_deadlock(|potential| POTENTIAL.lock().unwrap().push(potential.clone()));
    });
}

fn keep(deadlock: &Deadlock) {
    REPORTS.lock().unwrap().push(deadlock.clone());
}

/// The reports that name the line of `file` that begins a wait between `lines`.
fn reports_of(file: &str, lines: &std::ops::Range<u32>) -> Vec<Deadlock> {
    let is_here = |deadlock: &&Deadlock| {
        deadlock.cycle().iter().any(|stuck| {
            let site = stuck.waiter().site();
            site.file() == file && lines.contains(&site.line())
        })
    };
    REPORTS
        .lock()
        .unwrap()
        .iter()
        .filter(is_here)
        .cloned()
        .collect()
}

/// The deadlocks that could be, as far as the hook has been told, in which a line of `file` between `lines` has a part.
fn potential_of(file: &str, lines: &std::ops::Range<u32>) -> Vec<PotentialDeadlock> {
    let is_here = |potential: &&PotentialDeadlock| {
        potential.cycle().iter().any(|step| {
            let site = step.inner_site();
            site.file() == file && lines.contains(&site.line())
        })
    };
    let told = POTENTIAL.lock().unwrap();
    told.iter().filter(is_here).cloned().collect()
}

/// Waits until the hook has been told of all that has been found until here: by one more, in this line, which is found
/// last.
macro_rules! tell_all {
    () => {
        if cfg!(debug_assertions) {
            let (one, other) = (brigade::sync::Mutex::new(()), brigade::sync::Mutex::new(()));
            drop((one.lock(), other.lock()));
            drop((other.lock(), one.lock()));
            let here = line!()..line!() + 1;
            while crate::potential_of(file!(), &here).is_empty() {
                std::thread::yield_now();
            }
        }
    };
}
use tell_all;
