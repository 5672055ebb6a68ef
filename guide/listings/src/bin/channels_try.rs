//! Without waiting: what may pass, as full and empty, is told apart from what stays, as closed.

use brigade::channel::{self, Sender, TrySendError};

/// Offers a bucket. Returns it if it is worth while to offer it again.
fn offer(sender: &Sender<u32>, bucket: u32) -> Option<u32> {
    match sender.try_send(bucket) {
        Ok(()) => {
            println!("bucket {bucket}: sent");
            None
        }
        Err(TrySendError::Full(bucket)) => {
            println!("bucket {bucket}: no room now");
            Some(bucket)
        }
        Err(TrySendError::Closed(bucket)) => {
            println!("bucket {bucket}: never");
            None
        }
    }
}

fn main() {
    let (sender, receiver) = channel::bounded(1);

    println!("received: {:?}", receiver.try_recv());
    offer(&sender, 1);
    if let Some(bucket) = offer(&sender, 2) {
        println!("received: {:?}", receiver.try_recv());
        offer(&sender, bucket);
    }
    receiver.close();
    offer(&sender, 3);
    println!("received: {:?}", receiver.try_recv());
    println!("received: {:?}", receiver.try_recv());
}
