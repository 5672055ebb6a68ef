//! Refused, E0277: an `Rc` counts its owners without care for other threads, so it is not `Send`.

use brigade::thread;
use std::rc::Rc;

fn main() {
    let words = Rc::new(["fill", "lift", "pass", "pour"]);
    let counter = thread::spawn(move || words.len());
    println!("{:?}", counter.join());
}
