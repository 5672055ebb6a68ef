//! Refused, E0373: the thread may outlive `main`, and so the words that it borrows.

use brigade::thread;

fn main() {
    let words = vec!["fill", "lift", "pass", "pour"];
    let counter = thread::spawn(|| words.len());
    println!("{:?}", counter.join());
}
