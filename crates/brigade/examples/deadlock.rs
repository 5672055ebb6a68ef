//! A deadlock on purpose, and what is said of it: `cargo run -p brigade --features sight --example deadlock`.

#![allow(
    clippy::disallowed_methods,
    reason = "an example uses the standard library's threads, as a program does"
)]

use brigade::channel;
use brigade::sync::{Barrier, Mutex};
use brigade::wait::on_deadlock;
use std::thread;

/// What is in the accounts.
static ACCOUNTS: [Mutex<u32>; 2] = [Mutex::new(100), Mutex::new(100)];

fn main() {
    print!("{}", report());
}

/// Has two threads wait for each other, and returns what is reported.
pub(crate) fn report() -> String {
    let (tell, told) = channel::unbounded();
    on_deadlock(move |deadlock| drop(tell.send(deadlock.clone())));
    start("salary", 0, 1);
    start("savings", 1, 0);
    let deadlock = told.recv().expect("the hook has the sender");
    let mut lines = vec![format!("certain: {}\n", deadlock.is_certain())];
    for stuck in deadlock.cycle() {
        let waiter = stuck.waiter();
        lines.push(format!(
            "{} waits for {} at line {}, which has been held since line {}\n",
            waiter.thread_name().unwrap_or("a thread"),
            waiter.waits_for(),
            waiter.site().line(),
            stuck.holder().site().line(),
        ));
    }
    lines.sort_unstable();
    lines.concat()
}

/// A thread that moves money, and meets the other when each of them has one account.
fn start(name: &str, from: usize, to: usize) {
    static BOTH: Barrier = Barrier::new(2);
    let transfer = move || {
        let mut from = ACCOUNTS[from].lock();
        BOTH.wait();
        let mut to = ACCOUNTS[to].lock(); // never
        *from -= 10;
        *to += 10;
    };
    let thread = thread::Builder::new().name(name.to_owned());
    thread
        .spawn(transfer)
        .expect("the system has a thread left");
}
