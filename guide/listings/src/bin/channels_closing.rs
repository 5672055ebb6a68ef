//! Three ways for a channel to close: no sender is left, no receiver is left, or somebody closes it.

use brigade::channel;
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    last_sender_gone()?;
    last_receiver_gone()?;
    closed_by_hand()
}

/// What was sent before is still received.
fn last_sender_gone() -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = channel::bounded(4);
    sender.send("bucket 1")?;
    drop(sender);

    println!("no sender: {} is received", receiver.recv()?);
    if let Err(error) = receiver.recv() {
        println!("no sender: {error}");
    }
    Ok(())
}

/// What was sent before is dropped. What is sent now comes back.
fn last_receiver_gone() -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = channel::bounded(4);
    sender.send("bucket 1")?;
    drop(receiver);

    println!("no receiver: {} in the channel", sender.len());
    if let Err(error) = sender.send("bucket 2") {
        println!("no receiver: {error}");
        println!("no receiver: {} comes back", error.into_inner());
    }
    Ok(())
}

/// Everybody who waits is woken.
fn closed_by_hand() -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = channel::bounded(1);
    sender.send("bucket 1")?;
    // There is no room for this one.
    let filler = thread::spawn(move || sender.send("bucket 2"));

    // And nothing is ever sent to these two.
    let (gate, waiting) = channel::bounded::<()>(1);
    let others = [1, 2].map(|number| {
        let waiting = waiting.clone();
        (number, thread::spawn(move || waiting.recv()))
    });

    println!("by hand: closed it: {}", receiver.close());
    println!("by hand: closed it again: {}", receiver.close());
    if let Err(error) = filler.join().map_err(|_| "the filler panicked")? {
        println!("by hand: {} comes back", error.into_inner());
    }
    println!("by hand: {} is received", receiver.recv()?);

    gate.close();
    for (number, other) in others {
        let received = other
            .join()
            .map_err(|_| format!("thread {number} panicked"))?;
        println!("by hand: thread {number} got {received:?}");
    }
    Ok(())
}
