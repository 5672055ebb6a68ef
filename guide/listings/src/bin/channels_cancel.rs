//! A future that is dropped while it waits has received nothing, and has sent nothing.

use brigade::channel;
use futures::FutureExt;
use futures::executor::block_on;
use std::error::Error;
use std::pin::pin;

fn main() -> Result<(), Box<dyn Error>> {
    block_on(async {
        let (sender, receiver) = channel::bounded(1);

        // Polled once: the channel is empty, so the receive waits. Then it is dropped.
        let dropped = receiver.recv_async().now_or_never();
        println!("received at once: {}", dropped.is_some());
        sender.send_async("bucket 1").await?;
        println!("received later: {}", receiver.recv_async().await?);

        // The channel is full, so this send waits. It is dropped, and its value with it.
        sender.send_async("bucket 2").await?;
        let dropped = sender.send_async("bucket 3").now_or_never();
        println!("sent at once: {}", dropped.is_some());

        // This one waits too. It is told to give up, and gives the value back.
        let mut send = pin!(sender.send_async("bucket 4"));
        println!("has to wait: {}", send.as_mut().now_or_never().is_none());
        println!("given back: {:?}", send.cancel());

        sender.close();
        let left: Vec<&str> = receiver.try_iter().collect();
        println!("in the channel: {left:?}");
        Ok(())
    })
}
