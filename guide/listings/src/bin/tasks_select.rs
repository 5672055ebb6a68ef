//! A select in a task: a channel and a future, of which one goes on from turn to turn.

use brigade::{channel, select_async, task};
use std::pin::pin;

async fn fills(tank: channel::Sender<u32>) -> u32 {
    let mut litres = 0;
    for bucket in [10, 12, 9] {
        if tank.send_async(bucket).await.is_err() {
            break;
        }
        litres += bucket;
    }
    litres
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), task::JoinError> {
    let (tank, buckets) = channel::bounded(1);
    let mut filling = pin!(fills(tank));
    let mut pumped = 0;
    let filled = loop {
        select_async! {
            recv(buckets) -> bucket => pumped += bucket.unwrap_or(0),
            future(&mut filling) -> litres => break litres,
        }
    };
    // What is still on its way.
    pumped += buckets.drain().sum::<u32>();
    println!("{filled} litres filled, {pumped} pumped");

    let weather = task::spawn(async { "dry" });
    let report = select_async! {
        biased;
        recv(buckets) -> _ => "the tank is closed",
        future(weather) -> weather => weather?,
    };
    println!("{report}");
    Ok(())
}
