//! Refused, E0277: the channel would hand the `Rc` to another thread, and it is not `Send`.

use brigade::channel;
use std::rc::Rc;
use std::thread;

fn main() {
    let (sender, receiver) = channel::bounded(1);
    let maker = thread::spawn(move || sender.send(Rc::new("bucket")).is_ok());
    println!("{:?} {:?}", receiver.recv(), maker.join());
}
