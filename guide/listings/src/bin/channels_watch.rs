//! The latest value: who looks sees it, and who waits for a change gets the newest one.

use brigade::channel;
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let (level, mut gauge) = channel::watch(0);
    println!("at first: {}", gauge.get());

    let mut alarm_gauge = gauge.clone();
    let alarm = thread::spawn(move || {
        // Sleeps through all changes that do not concern it.
        let high = alarm_gauge.wait_for(|level| *level >= 90)?;
        Ok::<u32, channel::watch::ChangedError>(*high)
    });

    for now in [10, 20, 30] {
        level.send(now)?;
    }
    // Three changes, but there is only one latest value.
    println!("changed to: {}", gauge.changed()?);
    println!("changed again: {}", gauge.has_changed());

    let before = gauge.get();
    level.send(95)?;
    println!("a snapshot stays as it is: {before}");
    println!("alarm at {}", alarm.join().map_err(|_| "no alarm")??);

    drop(level);
    println!("the last one is not missed: {}", gauge.changed()?);
    if let Err(error) = gauge.changed() {
        println!("then: {error}");
    }
    println!("it can still be looked at: {}", gauge.get());
    Ok(())
}
