//! Two futures in one task: both of them, both unless one fails, the first, and a limit.

use brigade::channel::{self, RecvError};
use brigade::task::{self, TimedOut};
use std::time::Duration;

#[tokio::main]
async fn main() {
    let litres = [12, 7, 3, 20];
    let (to_right, from_left) = channel::bounded(1);

    // The left side hands its sum to the right one, which waits for it.
    let left = async { to_right.send_async(litres[..2].iter().sum::<u32>()).await };
    let right = async {
        let sum = litres[2..].iter().sum::<u32>();
        from_left.recv_async().await.map(|left| left + sum)
    };
    let (sent, total) = task::join(left, right).await;
    println!("handed over: {}, total: {:?}", sent.is_ok(), total);

    // One fails, and the other would wait for ever.
    let quiet = async {
        from_left
            .recv_async()
            .await
            .map_err(|error| error.to_string())
    };
    let wrong = async { "some".parse::<u32>().map_err(|error| error.to_string()) };
    println!("both: {:?}", task::try_join(quiet, wrong).await);

    // Whichever is first.
    let (stop, stopped) = channel::bounded::<()>(1);
    drop(stop);
    let bucket = async { format!("a bucket: {:?}", from_left.recv_async().await) };
    let end = async { format!("the end: {:?}", stopped.recv_async().await) };
    println!("first {}", task::first(bucket, end).await);

    // The first success.
    let wells = [from_left.recv_async(), from_left.recv_async()];
    assert!(to_right.try_send(5).is_ok());
    println!("race: {:?}", task::race(wells).await.ok());

    // Not for ever.
    let late: Result<Result<u32, RecvError>, TimedOut> =
        task::timeout(Duration::from_millis(1), from_left.recv_async()).await;
    println!("{:?}", late);
}
