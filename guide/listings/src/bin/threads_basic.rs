//! A second thread works beside the main thread, and brings back a value.

use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let helper = thread::spawn(|| (1..=20_u64).product::<u64>());

    // From here on both threads run. The main thread has work of its own.
    let sum: u64 = (1..=20).sum();
    println!("main: the sum of 1 to 20 is {sum}");

    let product = helper.join().map_err(|_| "the helper panicked")?;
    println!("helper: the product of 1 to 20 is {product}");
    Ok(())
}
