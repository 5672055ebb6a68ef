//! Waits that end: after a while, at a deadline, in a thread and in a task.

use brigade::channel::{self, RecvTimeoutError, SendTimeoutError, oneshot};
use futures::executor::block_on;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

const A_WHILE: Duration = Duration::from_millis(10);

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = channel::bounded(1);

    println!("empty: {:?}", receiver.recv_timeout(A_WHILE));
    println!(
        "empty, in a task: {:?}",
        block_on(receiver.recv_timeout_async(A_WHILE))
    );
    println!("room: {:?}", sender.send_timeout("bucket 1", A_WHILE));
    match sender.send_timeout("bucket 2", A_WHILE) {
        Err(SendTimeoutError::Timeout(bucket)) => println!("full: {bucket} comes back"),
        other => println!("neither full nor closed: {other:?}"),
    }
    // A time of nothing takes what is there, and does not wait.
    println!("there: {:?}", receiver.recv_timeout(Duration::ZERO));
    drop(sender);
    println!("closed: {:?}", receiver.recv_timeout(A_WHILE));

    until_a_deadline()?;
    too_late()
}

/// However many values come, the whole of it ends at one point in time.
fn until_a_deadline() -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = channel::bounded(4);
    for bucket in 1..=3 {
        sender.send(bucket)?;
    }
    let deadline = Instant::now() + A_WHILE;
    let end = loop {
        match receiver.recv_deadline(deadline) {
            Ok(bucket) => println!("before the deadline: bucket {bucket}"),
            Err(end) => break end,
        }
    };
    println!("then: {end}");
    Ok(())
}

/// Who has stopped waiting for an answer drops the receiver, and so the other side learns of it.
fn too_late() -> Result<(), Box<dyn Error>> {
    let (ask, questions) = channel::bounded::<oneshot::Sender<u32>>(1);
    let (gate, waiting) = channel::bounded::<()>(1);
    let answering = thread::spawn(move || {
        let reply = questions.recv().map_err(|_| "nobody asks")?;
        let _ = waiting.recv();
        reply
            .send(42)
            .map_err(|_| "nobody waits for the answer any more")
    });

    let (reply, mut answer) = channel::oneshot();
    ask.send(reply)?;
    if answer.recv_timeout(A_WHILE) == Err(RecvTimeoutError::Timeout) {
        println!("asked: no answer for a while");
    }
    drop(answer);
    gate.close();
    let answered = answering
        .join()
        .map_err(|_| "the answering thread panicked")?;
    if let Err(reason) = answered {
        println!("answering: {reason}");
    }
    Ok(())
}
