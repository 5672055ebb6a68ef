//! A task that fills buckets and one that pours them out, with a channel between them.

use brigade::channel::{self, Receiver, SendError, Sender};
use brigade::task;

async fn fill(buckets: Sender<u32>) -> Result<(), SendError<u32>> {
    for litres in 1..=5 {
        // Waits while two are on their way.
        buckets.send_async(litres).await?;
    }
    Ok(())
}

async fn pour(buckets: Receiver<u32>) -> u32 {
    let mut total = 0;
    while let Ok(litres) = buckets.recv_async().await {
        println!("poured: {litres} litres");
        total += litres;
    }
    total
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (sender, receiver) = channel::bounded(2);
    let filler = task::spawn(fill(sender));
    let total = pour(receiver).await;
    filler.await??;
    println!("total: {total} litres");
    Ok(())
}
