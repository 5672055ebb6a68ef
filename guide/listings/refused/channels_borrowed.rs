//! Refused, E0597: the thread may outlive `main`, and so the word that was sent to it on loan.

use brigade::channel;
use std::thread;

fn main() {
    let (sender, receiver) = channel::bounded(1);
    let reader = thread::spawn(move || receiver.recv().map(|word: &String| word.len()));
    let word = String::from("bucket");
    println!("{:?}", sender.send(&word));
    println!("{:?}", reader.join());
}
