//! One value that several threads get at, in four ways to own the mutex.

use brigade::sync::{Mutex, Shared};
use std::error::Error;
use std::sync::Arc;
use std::thread;

static TOTAL: Mutex<u32> = Mutex::new(0);

/// A clone for each thread: a handle to the same value.
fn cloned() -> Result<u32, Box<dyn Error>> {
    let counter = Shared::new(0);
    let mut handles = vec![];
    for _ in 0..10 {
        let counter = counter.clone();
        handles.push(thread::spawn(move || *counter.lock() += 1));
    }
    for handle in handles {
        handle.join().map_err(|_| "a thread panicked")?;
    }
    // All other handles have gone with their threads.
    Ok(counter.into_inner().ok_or("somebody still has a handle")?)
}

/// The same, out of two parts.
fn counted() -> Result<u32, Box<dyn Error>> {
    let counter = Arc::new(Mutex::new(0));
    let mut handles = vec![];
    for _ in 0..10 {
        let counter = Arc::clone(&counter);
        handles.push(thread::spawn(move || *counter.lock() += 1));
    }
    for handle in handles {
        handle.join().map_err(|_| "a thread panicked")?;
    }
    let total = *counter.lock();
    Ok(total)
}

/// `main` keeps the mutex, and the threads borrow it.
fn borrowed() -> u32 {
    let counter = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| *counter.lock() += 1);
        }
    });
    counter.into_inner()
}

/// Nobody owns it, and everybody may use it.
fn in_a_static() -> u32 {
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| *TOTAL.lock() += 1);
        }
    });
    *TOTAL.lock()
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("Shared: {}", cloned()?);
    println!("Arc<Mutex>: {}", counted()?);
    println!("&Mutex: {}", borrowed());
    println!("static: {}", in_a_static());
    Ok(())
}
