//! Refused, E0599: a mutex of the standard library is a value, not a handle, and has no clone.

use std::sync::Mutex;
use std::thread;

fn main() {
    let counter = Mutex::new(0);
    let mut handles = vec![];
    for _ in 0..10 {
        let counter = counter.clone();
        handles.push(thread::spawn(move || *counter.lock().unwrap() += 1));
    }
    for handle in handles {
        handle.join().unwrap();
    }
    println!("{}", counter.lock().unwrap());
}
