//! A job on a pool is awaited by a task, and the task's thread stays free meanwhile.

use brigade::channel;
use brigade::pool::Pool;
use futures::executor::block_on;
use futures::future::join;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(1);
    let (sender, receiver) = channel::bounded(1);
    // On its worker, the job waits as a thread does.
    let job = pool.submit(move || receiver.recv().map(|number: u32| number * 2))?;

    let asking = async {
        println!("asking: wait for the job");
        let answer = job.await;
        println!("asking: the job is done");
        answer
    };
    let feeding = async {
        println!("feeding: send 21 to the job");
        sender.send_async(21).await
    };

    // Two futures on this one thread: `feeding` runs while `asking` waits.
    let (answer, sent) = block_on(join(asking, feeding));
    sent?;
    println!("awaited: {}", answer??);

    // The same kind of handle, joined by the thread.
    println!("joined: {}", pool.submit(|| 6 * 7)?.join()?);
    Ok(())
}
