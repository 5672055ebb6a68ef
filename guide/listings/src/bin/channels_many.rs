//! Many values in one call, and a channel of which only the newest value matters.

use brigade::channel::{self, SendError};
use std::collections::VecDeque;
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = channel::bounded(64);
    let filler = thread::spawn(move || {
        // There is room for some of them only. It waits for more as often as it has to.
        let mut drops: VecDeque<u32> = (1..=1000).collect();
        sender.send_many(&mut drops)
    });
    let (mut received, mut batch, mut largest) = (Vec::new(), Vec::new(), 0);
    // Waits for the first value, and takes with it what else is there.
    while let Ok(count) = receiver.recv_many(&mut batch, 10) {
        largest = largest.max(count);
        received.append(&mut batch);
    }
    filler.join().map_err(|_| "the filler panicked")??;
    println!("received: {}", received.len());
    println!("in their order: {}", received.is_sorted());
    println!("never more than ten at once: {}", largest <= 10);

    // What does not get through is still there.
    let (sender, receiver) = channel::bounded::<u32>(4);
    let mut drops = VecDeque::from([1, 2, 3]);
    receiver.close();
    if let Err(SendError::Closed(())) = sender.send_many(&mut drops) {
        println!("not sent: {drops:?}");
    }

    let (gauge, newest) = channel::bounded(1);
    for litres in [30, 20, 10] {
        if let Some(old) = gauge.force_send(litres)? {
            println!("{litres} litres takes the place of {old}");
        }
    }
    println!("received: {} litres", newest.recv()?);
    Ok(())
}
