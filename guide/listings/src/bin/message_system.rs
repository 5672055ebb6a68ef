//! Three workers take messages from one queue. A slow message holds up its own worker, and nobody else.

use brigade::channel::{self, Receiver, SendError, Sender};
use std::collections::BTreeMap;
use std::error::Error;
use std::thread;

/// What a worker can be told to do.
enum Command {
    /// Wait until the gate opens.
    Wait(Receiver<()>),
    Reverse(&'static str),
    Count(&'static str),
}

struct Message {
    number: u32,
    command: Command,
}

struct Answer {
    number: u32,
    text: String,
}

fn work(messages: &Receiver<Message>, answers: &Sender<Answer>) -> Result<u32, SendError<Answer>> {
    let mut done = 0;
    for Message { number, command } in messages {
        let text = match command {
            Command::Wait(gate) => format!("the gate is open: {}", gate.recv().is_err()),
            Command::Reverse(text) => text.chars().rev().collect(),
            Command::Count(text) => format!("{text} has {} letters", text.chars().count()),
        };
        answers.send(Answer { number, text })?;
        done += 1;
    }
    Ok(done)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (send, messages) = channel::bounded(4);
    let (answer, answers) = channel::bounded(4);
    let workers = [1, 2, 3].map(|_| {
        let (messages, answer) = (messages.clone(), answer.clone());
        thread::spawn(move || work(&messages, &answer))
    });
    // What is left in `main` are the sender of messages and the receiver of answers.
    drop((messages, answer));

    let (gate, waiting) = channel::bounded(1);
    let sender = thread::spawn(move || {
        let first = [Command::Wait(waiting)];
        let words = ["fill", "lift", "pass", "pour"];
        let others = words
            .into_iter()
            .flat_map(|word| [Command::Reverse(word), Command::Count(word)]);
        for (number, command) in (1..).zip(first.into_iter().chain(others)) {
            send.send(Message { number, command })?;
        }
        Ok::<(), SendError<Message>>(())
    });

    // Eight answers come although one worker stands at the gate. They come in any order.
    let others: BTreeMap<u32, String> = answers
        .iter()
        .take(8)
        .map(|answer| (answer.number, answer.text))
        .collect();
    for (number, text) in others {
        println!("message {number}: {text}");
    }
    gate.close();
    for Answer { number, text } in &answers {
        println!("message {number}: {text}");
    }

    sender.join().map_err(|_| "the sender panicked")??;
    let mut done = 0;
    for worker in workers {
        done += worker.join().map_err(|_| "a worker panicked")??;
    }
    println!("the workers have done {done} messages");
    Ok(())
}
