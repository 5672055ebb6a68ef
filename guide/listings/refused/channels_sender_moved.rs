//! Refused, E0382: the first thread has taken the sender, and the second needs one of its own.

use brigade::channel;
use std::thread;

fn main() {
    let (sender, receiver) = channel::bounded(4);
    let north = thread::spawn(move || sender.send("north"));
    let south = thread::spawn(move || sender.send("south"));
    println!("{:?} {:?}", north.join(), south.join());
    println!("{:?}", receiver.iter().collect::<Vec<_>>());
}
