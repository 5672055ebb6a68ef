//! A scope fails while its jobs are blocked in `recv`, on a channel that nobody closes.

use brigade::channel;
use brigade::pool::Pool;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(2);
    let (_nobody, orders) = channel::bounded::<u32>(1);
    let (begin, begun) = channel::bounded(2);

    let ended = pool.scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let _ = begin.send(());
                orders.recv().map_err(|error| error.to_string())
            });
        }
        for _ in 0..2 {
            begun.recv().map_err(|error| error.to_string())?;
        }
        Err::<(), _>("the well is dry".to_owned())
    });
    if let Err(error) = ended {
        println!("failed: {}", error.first());
        for failure in error.suppressed() {
            println!("after that: {failure}");
        }
    }
    Ok(())
}
