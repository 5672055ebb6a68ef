//! Refused, E0382: the words belong to whoever receives them, so `main` has none to print.

use brigade::channel;

fn main() {
    let (sender, receiver) = channel::bounded(1);
    let words = vec!["fill", "lift", "pass", "pour"];
    println!("{:?}", sender.send(words));
    println!("{words:?}: {:?}", receiver.recv());
}
