//! A second thread works beside the main thread, and brings back a value.

use brigade::thread::{self, JoinError};

fn main() -> Result<(), JoinError> {
    let helper = thread::spawn(|| (1..=20_u64).product::<u64>());

    // From here on both threads run. The main thread has work of its own.
    let sum: u64 = (1..=20).sum();
    println!("main: the sum of 1 to 20 is {sum}");

    let product = helper.join()?;
    println!("helper: the product of 1 to 20 is {product}");
    Ok(())
}
