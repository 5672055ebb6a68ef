//! Every value to every receiver. Who is too slow is told how many it has missed.

use brigade::channel::{self, broadcast::RecvError};
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let (whistle, first) = channel::broadcast(4);
    let listeners = ["well", "line"].map(|place| {
        let receiver = first.clone();
        let listener = thread::spawn(move || receiver.into_iter().collect::<Result<Vec<_>, _>>());
        (place, listener)
    });
    drop(first);

    let heard_by = whistle.send("come")?;
    println!("`come` goes to {heard_by}");
    let mut late = whistle.subscribe();
    let heard_by = whistle.send("go")?;
    println!("`go` goes to {heard_by}");
    drop(whistle);

    for (place, listener) in listeners {
        let heard = listener.join().map_err(|_| "a listener panicked")??;
        println!("at the {place}: {heard:?}");
    }
    println!("who came late: {}", late.recv()?);
    println!("and then: {:?}", late.recv());

    // The channel keeps four values. This receiver lets six go by.
    let (whistle, mut slow) = channel::broadcast(4);
    for number in 1..=6 {
        whistle.send(number)?;
    }
    drop(whistle);
    loop {
        match slow.recv() {
            Ok(number) => println!("slow: {number}"),
            Err(RecvError::Lagged(missed)) => println!("slow: has missed {missed}"),
            Err(RecvError::Closed | RecvError::Cancelled) => break,
        }
    }
    Ok(())
}
