//! Several ways to one result: the first counts. And a deadline for the whole.

use brigade::channel;
use brigade::thread::{self, ScopeOptions};
use std::time::Duration;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    // Three wells. From two of them nothing ever comes.
    let (_dry, first) = channel::bounded::<&str>(1);
    let (_frozen, second) = channel::bounded(1);
    let (full, third) = channel::bounded(1);
    full.send("water from the third well")?;
    let wells = [&first, &second, &third];

    let won = thread::race(wells.map(|well| move || well.recv()))?;
    println!("won: {won}");

    // By now the third is empty, too. The race would last for ever.
    let hasty = ScopeOptions::new().timeout(Duration::from_millis(20));
    if let Err(error) = hasty.race(wells.map(|well| move || well.recv())) {
        println!("{error}");
    }

    // A deadline ends sleep as well: this is over long before an hour is.
    let hasty = ScopeOptions::new().timeout(Duration::from_millis(20));
    let slept = hasty.run(|scope| {
        scope.spawn(|| thread::sleep(Duration::from_secs(3600)));
        Ok(())
    });
    if let Err(error) = slept {
        println!("slept: {}", error.first());
    }
    Ok(())
}
