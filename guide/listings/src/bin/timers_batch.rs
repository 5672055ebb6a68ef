//! Lines are written three at a time; a line that has waited for a while is written without the others.

use brigade::channel::{self, Receiver, SendError, Sender};
use brigade::select;
use std::error::Error;
use std::mem;
use std::thread;
use std::time::Duration;

const AT_MOST: usize = 3;
const A_WHILE: Duration = Duration::from_millis(10);

type Lines = Vec<&'static str>;

/// Puts lines together. What it sends is written.
fn collect(lines: &Receiver<&'static str>, write: &Sender<Lines>) -> Result<(), SendError<Lines>> {
    let mut batch = Lines::new();
    // Nothing waits to be written, so nothing is due.
    let mut due = channel::never();
    loop {
        let is_full = select! {
            biased;
            recv(lines) -> line => match line {
                Ok(line) => {
                    if batch.is_empty() {
                        due = channel::after(A_WHILE);
                    }
                    batch.push(line);
                    batch.len() == AT_MOST
                }
                Err(_) => break,
            },
            recv(due) -> _ => true,
        };
        if is_full {
            write.send(mem::take(&mut batch))?;
            due = channel::never();
        }
    }
    // What is left at the end.
    if batch.is_empty() {
        Ok(())
    } else {
        write.send(batch)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, lines) = channel::bounded(4);
    let (write, written) = channel::bounded(1);
    for line in ["fill", "lift", "pass"] {
        sender.send(line)?;
    }
    let collector = thread::spawn(move || collect(&lines, &write));

    println!("three at once: {:?}", written.recv()?);
    sender.send("pour")?;
    // No other line comes, so it is the clock that has this one written.
    println!("after a while: {:?}", written.recv()?);
    sender.send("out")?;
    drop(sender);
    println!("at the end: {:?}", written.recv()?);
    collector.join().map_err(|_| "the collector panicked")??;
    println!("and then: {:?}", written.recv());
    Ok(())
}
