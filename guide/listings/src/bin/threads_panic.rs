//! A thread that panics ends alone; whoever joins it learns why.

use std::any::Any;
use std::thread;

fn fill(bucket: u32) -> u32 {
    if bucket == 3 {
        panic!("bucket {bucket} leaks");
    }
    bucket * 10
}

/// What a panic said: a `&str` or a `String`, or else something that is not text.
fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "(not text)"
    }
}

fn main() {
    let threads: Vec<_> = (1..=4)
        .map(|bucket| thread::spawn(move || fill(bucket)))
        .collect();

    for thread in threads {
        match thread.join() {
            Ok(litres) => println!("filled: {litres} litres"),
            Err(payload) => println!("lost: {}", message(&*payload)),
        }
    }
}
