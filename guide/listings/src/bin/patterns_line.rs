//! Producer and consumers in one scope: whoever fails ends the line, and the error says who it was.

use brigade::channel;
use brigade::scope::ScopeError;
use brigade::thread;
use std::fmt::Display;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn litres(line: &str) -> Result<u64, Error> {
    line.parse::<u64>()
        .map_err(|error| format!("`{line}`: {error}").into())
}

/// Adds up lines in two threads, as they come.
fn total<L>(lines: L) -> Result<u64, ScopeError<Error>>
where
    L: Iterator<Item: Display> + Send,
{
    let (sender, receiver) = channel::bounded(4);
    thread::scope(|scope| {
        scope.spawn(move || {
            for line in lines {
                sender.send(line.to_string())?;
            }
            Ok(())
        });
        let consumers = [(); 2].map(|()| {
            let lines = receiver.clone();
            scope.spawn(move || {
                lines
                    .iter()
                    .map(|line| litres(&line))
                    .sum::<Result<u64, _>>()
            })
        });
        drop(receiver);
        let mut sum = 0;
        for consumer in consumers {
            sum += consumer.join()?;
        }
        Ok(sum)
    })
}

fn main() -> Result<(), Error> {
    println!("total: {} litres", total(["12", "7", "3", "20"].iter())?);

    // The producer never ends. It waits for room when the consumers have ended.
    let endless = (1..).map(|n| if n == 1000 { -1 } else { n });
    match total(endless) {
        Ok(sum) => println!("total: {sum} litres"),
        Err(error) => println!("failed: {}", error.first()),
    }
    Ok(())
}
