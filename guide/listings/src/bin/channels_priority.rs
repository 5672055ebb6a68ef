//! A channel with two lanes: a call overtakes letters, however many of them wait.

use brigade::channel::{self, TrySendError};
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    // Room for one call and for three letters. The first lane is the most urgent one.
    let ([calls, letters], desk) = channel::priority([1, 3]);

    for number in 1..=3 {
        letters.send(format!("letter {number}"))?;
    }
    println!("waiting: {} letters, {} calls", letters.len(), calls.len());
    match letters.try_send("letter 4".into()) {
        Err(TrySendError::Full(letter)) => println!("no room for {letter}"),
        other => return Err(format!("that lane is full, but: {other:?}").into()),
    }

    // The lane of the letters is full, and that is nothing to a call.
    calls.send("a call".into())?;
    println!("waiting in all: {}", desk.len());
    println!("first comes {}", desk.recv()?);
    println!("then comes {}", desk.recv()?);

    // Somebody else may write and call as well: the senders are ordinary ones.
    let others = (calls.clone(), letters.clone());
    thread::spawn(move || {
        let (calls, letters) = others;
        letters.send("letter 5".into())?;
        calls.send("another call".into())
    })
    .join()
    .map_err(|_| "the other thread panicked")??;

    // The channel is closed when the senders of all lanes are gone.
    drop(calls);
    println!("closed without callers: {}", desk.is_closed());
    drop(letters);
    println!("closed without anybody: {}", desk.is_closed());
    for message in &desk {
        println!("then comes {message}");
    }
    Ok(())
}
