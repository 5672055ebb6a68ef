//! Groups of tasks: two at a time, one that fails, and children that borrow.

use brigade::channel;
use brigade::task::{self, GroupOptions, Local};

type Error = Box<dyn std::error::Error + Send + Sync>;

async fn litres(line: &str) -> Result<u32, Error> {
    Ok(line.parse()?)
}

// On one thread, so that the one that waits always has begun before the other fails.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // Two at a time, the results in the order of the lines.
    let two_at_a_time = GroupOptions::new().limit(2);
    let total = two_at_a_time.run(async |group| {
        let mut results = group.results_in_order();
        for line in ["12", "7", "3", "20"] {
            results.spawn(litres(line)).await;
        }
        let mut total = 0;
        while let Some(litres) = results.next().await {
            total += litres?;
        }
        Ok::<_, Error>(total)
    });
    println!("total: {} litres", total.await?);

    // Nobody ever sends an order, and the channel stays open: who waits for one waits for ever.
    let (_nobody, orders) = channel::bounded::<u32>(1);
    let failed = task::group(async |group| {
        group
            .spawn(async move {
                let ended = orders.recv_async().await;
                println!("the one that waited: {ended:?}");
                Ok(ended?)
            })
            .await;
        group.spawn(litres("a few")).await;
        // Called off as well.
        std::future::pending::<Result<(), Error>>().await
    });
    if let Err(error) = failed.await {
        println!("failed: {}", error.first());
    }

    // In this task, and so they may borrow.
    let buckets = vec!["12".to_owned(), "7".to_owned()];
    let total = task::local(async |local: Local<'_, Error>| {
        let mut results = local.results();
        for bucket in &buckets {
            results.spawn(litres(bucket)).await;
        }
        let mut total = 0;
        while let Some(litres) = results.next().await {
            total += litres?;
        }
        Ok(total)
    });
    println!(
        "total of {} buckets: {} litres",
        buckets.len(),
        total.await?
    );
    Ok(())
}
