//! One value: the answer to a question, the end of a wait for it, and the news that nobody wants it.

use brigade::channel::{self, oneshot};
use futures::executor::block_on;
use std::error::Error;
use std::thread;

/// A number, and the way back for its square root.
type Question = (u32, oneshot::Sender<u32>);

fn main() -> Result<(), Box<dyn Error>> {
    let (ask, questions) = channel::bounded::<Question>(4);
    let answering = thread::spawn(move || {
        let mut unwanted = 0;
        for (number, reply) in questions {
            let root = number.isqrt();
            // To what has no root that is a whole number it gives no answer, and drops the sender.
            if root * root == number && reply.send(root).is_err() {
                unwanted += 1;
            }
        }
        unwanted
    });

    let (reply, answer) = channel::oneshot();
    ask.send((144, reply))?;
    println!("the root of 144: {}", answer.recv()?);

    let (reply, answer) = channel::oneshot();
    ask.send((49, reply))?;
    let answer = block_on(async { answer.await })?;
    println!("the root of 49, in a task: {answer}");

    let (reply, answer) = channel::oneshot();
    ask.send((50, reply))?;
    if let Err(error) = answer.recv() {
        println!("the root of 50: {error}");
    }

    let (reply, answer) = channel::oneshot();
    drop(answer);
    ask.send((64, reply))?;
    drop(ask);
    let unwanted = answering
        .join()
        .map_err(|_| "the answering thread panicked")?;
    println!("answers that nobody waited for: {unwanted}");
    Ok(())
}
