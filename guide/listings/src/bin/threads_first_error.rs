//! Several threads work on one thing. One of them fails, and the others are called back.

use brigade::channel;
use brigade::scope::{Failure, OnError};
use brigade::thread::{self, ScopeOptions};

type Error = Box<dyn std::error::Error + Send + Sync>;

fn litres(line: &str) -> Result<u32, Error> {
    line.parse::<u32>()
        .map_err(|error| format!("`{line}`: {error}").into())
}

fn total(lines: &[&str]) -> Result<u32, Error> {
    let (left, right) = lines.split_at(lines.len() / 2);
    let sum = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| litres(line))
            .sum::<Result<u32, _>>()
    };
    let total = thread::scope(|scope| {
        let left = scope.spawn(|| sum(left));
        let right = scope.spawn(|| sum(right));
        Ok(left.join()? + right.join()?)
    })?;
    Ok(total)
}

fn main() -> Result<(), Error> {
    println!("total: {} litres", total(&["12", "7", "3", "20"])?);

    // Nobody ever sends an order, and the channel stays open: who waits for one waits for ever.
    let (_nobody, orders) = channel::bounded::<u32>(1);
    let error = thread::scope(|scope| {
        scope.spawn(|| Ok(orders.recv()?));
        scope.spawn(|| litres("a few"));
        Ok(())
    });
    if let Err(error) = error {
        println!("failed: {}", error.first());
        for failure in error.suppressed() {
            println!("after that: {failure}");
        }
    }

    // Another policy: everybody goes on, and all errors are kept.
    let lines = ["12", "some", "a few", "20"];
    let collecting = ScopeOptions::new().on_error(OnError::CollectAll);
    let error = collecting.run(|scope| {
        for line in &lines {
            scope.spawn(|| litres(line));
        }
        Ok(())
    });
    if let Err(error) = error {
        let (first, others) = error.into_parts();
        let mut errors: Vec<_> = others.iter().map(Failure::to_string).collect();
        errors.push(first.to_string());
        errors.sort();
        println!("all errors: {errors:#?}");
    }
    Ok(())
}
