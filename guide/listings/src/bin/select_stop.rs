//! A worker that can be told to stop, although its queue is neither empty nor closed.

use brigade::channel::{self, Receiver, SendError, Sender};
use brigade::select;
use std::error::Error;
use std::thread;
use std::time::Duration;

enum Job {
    Double(u32),
    /// Wait until the gate opens.
    Wait(Receiver<()>),
}

/// Works until it is told to stop. Returns how many jobs it has done.
fn work(
    jobs: &Receiver<Job>,
    stop: &Receiver<()>,
    results: &Sender<u32>,
) -> Result<u32, SendError<u32>> {
    let mut done = 0;
    loop {
        select! {
            biased;
            recv(stop) -> _ => return Ok(done),
            recv(jobs) -> job => match job {
                Ok(Job::Double(number)) => results.send(2 * number)?,
                Ok(Job::Wait(gate)) => while gate.recv().is_ok() {},
                Err(_) => return Ok(done),
            },
        }
        done += 1;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (send, jobs) = channel::bounded(8);
    let (result, results) = channel::bounded(8);
    // Nothing is ever sent here. Dropping the sender is the signal, to as many as have the receiver.
    let (running, stop) = channel::bounded::<()>(1);
    let worker = {
        let jobs = jobs.clone();
        thread::spawn(move || work(&jobs, &stop, &result))
    };

    select! {
        recv(results) -> result => println!("a result that should not be: {result:?}"),
        default => println!("no result yet"),
    }
    send.send(Job::Double(21))?;
    println!("result: {}", results.recv()?);

    // The worker is held up, and behind that job wait others.
    let (gate, waiting) = channel::bounded(0);
    send.send(Job::Wait(waiting))?;
    gate.send(())?; // There is no room in it, so that the worker is there now.
    send.send(Job::Double(1))?;
    send.send(Job::Double(2))?;
    select! {
        recv(results) -> result => println!("a result that should not be: {result:?}"),
        default(Duration::from_millis(10)) => println!("no result for a while"),
    }

    drop(running);
    gate.close();
    let done = worker.join().map_err(|_| "the worker panicked")??;
    println!("stopped after {done} jobs");
    println!("left in the queue: {} jobs", jobs.len());
    Ok(())
}
