//! A mutex in tasks: locked for a moment, and kept across an `await`.

use brigade::channel::{self, Sender, oneshot};
use brigade::sync::{Mutex, MutexGuard};
use futures::executor::block_on;
use futures::future::join;
use std::error::Error;
use std::sync::Arc;
use std::thread;

async fn pay_in(account: &Mutex<u32>, times: u32) {
    for _ in 0..times {
        // The guard ends with the statement. Nothing is awaited while it is there.
        *account.lock_async().await += 1;
    }
}

/// Pays 100, and the fee, which somebody else has to be asked for. Nobody sees the account in between.
async fn pay(
    account: Arc<Mutex<u32>>,
    ask: Sender<oneshot::Sender<u32>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut balance = MutexGuard::into_owned(account.lock_async().await, &account);
    *balance -= 100;
    let (reply, fee) = channel::oneshot();
    ask.send_async(reply).await?;
    *balance -= fee.await?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let account = Arc::new(Mutex::new(0));

    // A thread and two tasks, one mutex.
    thread::scope(|scope| {
        scope.spawn(|| (0..100).for_each(|_| *account.lock() += 1));
        block_on(join(pay_in(&account, 100), pay_in(&account, 100)));
    });
    println!("paid in: {}", account.lock());

    // The task goes to another thread, so all that it keeps across an `await` must be able to.
    let (ask, questions) = channel::bounded(1);
    let payment = pay(Arc::clone(&account), ask);
    let paying = thread::spawn(move || block_on(payment));

    let reply = questions.recv()?;
    println!("asked for the fee; locked: {}", account.is_locked());
    if reply.send(2).is_err() {
        println!("nobody wants to know the fee");
    }
    paying.join().map_err(|_| "the payment panicked")??;
    println!("after the payment: {}", account.lock());
    Ok(())
}
