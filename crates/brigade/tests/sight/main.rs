//! Deadlocks of every kind that can be seen are reported, once; and correct work is never taken for one.
//!
//! - `seeded`: one deadlock for each test. Its threads and tasks wait for ever, and end with the process.
//! - `correct`: work that contends for locks in ways that are right. `BRIGADE_STRESS_SECONDS` makes it longer.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests use the standard library's threads, clocks and atomics to check ours"
)]

mod correct;
mod seeded;

use brigade::wait::{Deadlock, on_deadlock};
use std::sync::{LazyLock, Mutex, Once};
use tokio::runtime::Runtime;

static REPORTS: Mutex<Vec<Deadlock>> = Mutex::new(Vec::new());

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
        on_deadlock(|deadlock| REPORTS.lock().unwrap().push(deadlock.clone()));
    });
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
