//! One thread owns the stock. Others change it and ask about it by messages, which carry the way back.

use brigade::channel::{self, Receiver, Sender, oneshot};
use std::collections::BTreeMap;
use std::error::Error;
use std::thread;

type AnyError = Box<dyn Error + Send + Sync>;

enum Message {
    Add {
        item: &'static str,
        count: u32,
    },
    /// Takes as many as there are, and `count` at most. The answer says how many.
    Take {
        item: &'static str,
        count: u32,
        reply: oneshot::Sender<u32>,
    },
}

/// Keeps the stock until nobody can send any more. Returns what is left.
fn keep(messages: &Receiver<Message>) -> BTreeMap<&'static str, u32> {
    let mut stock = BTreeMap::new();
    for message in messages {
        match message {
            Message::Add { item, count } => *stock.entry(item).or_default() += count,
            Message::Take { item, count, reply } => {
                let there = stock.entry(item).or_default();
                let taken = count.min(*there);
                if reply.send(taken).is_ok() {
                    *there -= taken;
                }
            }
        }
    }
    stock
}

/// Asks the keeper, and waits for the answer.
fn take(keeper: &Sender<Message>, item: &'static str, count: u32) -> Result<u32, AnyError> {
    let (reply, answer) = channel::oneshot();
    keeper.send(Message::Take { item, count, reply })?;
    Ok(answer.recv()?)
}

fn main() -> Result<(), AnyError> {
    let (keeper, messages) = channel::bounded(4);
    let keeping = thread::spawn(move || keep(&messages));

    let makers = ["bucket", "rope", "bucket"].map(|item| {
        let keeper = keeper.clone();
        thread::spawn(move || {
            (0..100).try_for_each(|_| keeper.send(Message::Add { item, count: 1 }))
        })
    });
    for maker in makers {
        maker.join().map_err(|_| "a maker panicked")??;
    }

    println!("taken: {} buckets", take(&keeper, "bucket", 150)?);
    println!("taken: {} buckets", take(&keeper, "bucket", 150)?);
    println!("taken: {} ladders", take(&keeper, "ladder", 1)?);

    drop(keeper);
    let stock = keeping.join().map_err(|_| "the keeper panicked")?;
    println!("left: {stock:?}");
    Ok(())
}
