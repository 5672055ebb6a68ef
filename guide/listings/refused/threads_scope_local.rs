//! Refused, E0373: the words end with the closure, before the scope does, and the thread with the scope.

use brigade::thread;

fn main() {
    thread::scope_plain(|scope| {
        let words = vec!["fill", "lift", "pass", "pour"];
        scope.spawn(|| println!("{}", words.len()));
    });
}
