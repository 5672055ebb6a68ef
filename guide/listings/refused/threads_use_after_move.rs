//! Refused, E0382: the words belong to the thread, so `main` has none to print.

use brigade::thread;

fn main() {
    let words = vec!["fill", "lift", "pass", "pour"];
    let counter = thread::spawn(move || words.len());
    println!("{words:?}: {:?}", counter.join());
}
