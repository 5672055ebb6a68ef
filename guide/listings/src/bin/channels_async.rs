//! One channel has a thread and a task that send, another a task that sends and a thread that receives.

use brigade::channel::{self, SendError};
use futures::executor::block_on;
use futures::future::join;
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let (fill, filled) = channel::bounded(1);
    let (pass, passed) = channel::bounded(1);

    // Two threads: one at each end of the line.
    let fill_by_hand = fill.clone();
    let hand = thread::spawn(move || {
        for bucket in [1, 2, 3] {
            fill_by_hand.send(("hand", bucket))?;
        }
        Ok::<(), SendError<_>>(())
    });
    let fire = thread::spawn(move || passed.iter().collect::<Vec<(&str, u32)>>());

    // Two tasks: another one that fills, and one that takes from both and passes on.
    let pump = async move {
        for bucket in [1, 2, 3] {
            fill.send_async(("pump", bucket)).await?;
        }
        Ok::<(), SendError<_>>(())
    };
    let line = async move {
        let mut buckets = 0;
        while let Ok(bucket) = filled.recv_async().await {
            pass.send_async(bucket).await?;
            buckets += 1;
        }
        Ok::<u32, SendError<_>>(buckets)
    };

    let (pumped, buckets) = block_on(join(pump, line));
    pumped?;
    println!("passed on: {} buckets", buckets?);
    hand.join().map_err(|_| "the hand panicked")??;

    let poured = fire.join().map_err(|_| "the fire panicked")?;
    for source in ["hand", "pump"] {
        let of_source = poured.iter().filter(|(filler, _)| *filler == source);
        let buckets: Vec<u32> = of_source.map(|(_, bucket)| *bucket).collect();
        println!("poured, from the {source}: {buckets:?}");
    }
    Ok(())
}
