//! Async functions, one after the other, and one as a task of its own.

use brigade::task::{self, JoinError, Task};
use std::time::Duration;

async fn fill(litres: u32) -> u32 {
    println!("filling {litres} litres");
    // The thread does other things meanwhile.
    if task::sleep(Duration::from_millis(1)).await.is_err() {
        println!("called back");
    }
    litres
}

#[tokio::main]
async fn main() -> Result<(), JoinError> {
    let later = fill(10);
    println!("nothing has been filled yet");
    let total = later.await + fill(7).await;
    println!("filled: {total} litres");

    let helper = task::spawn(async {
        let litres = fill(5).await;
        format!("the helper has filled {litres} litres")
    });
    println!("{}", helper.await?);

    let clumsy: Task<u32> = task::spawn(async { panic!("spilt it") });
    if let Err(JoinError::Panicked(panic)) = clumsy.await {
        println!("the clumsy one: {}", panic.message());
    }
    Ok(())
}
