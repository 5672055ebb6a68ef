//! Three threads send into one channel, and one receiver sorts out what comes.

use brigade::channel;
use std::collections::BTreeMap;
use std::error::Error;
use std::thread;

/// What the gauge of a well has read.
struct Reading {
    well: &'static str,
    hour: u32,
    litres: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let wells = [("north", 500, 20), ("east", 300, 35), ("south", 800, 5)];
    let (sender, receiver) = channel::bounded(4);

    let mut gauges = Vec::new();
    for (well, full, drawn) in wells {
        let sender = sender.clone();
        gauges.push(thread::spawn(move || {
            for hour in 0..4 {
                let litres = full - hour * drawn;
                sender.send(Reading { well, hour, litres })?;
            }
            Ok::<(), channel::SendError<Reading>>(())
        }));
    }
    // Each gauge has a clone. With the first sender still here, the channel would never close.
    drop(sender);

    let mut readings: BTreeMap<&str, Vec<(u32, u32)>> = BTreeMap::new();
    for Reading { well, hour, litres } in &receiver {
        readings.entry(well).or_default().push((hour, litres));
    }
    for gauge in gauges {
        gauge.join().map_err(|_| "a gauge panicked")??;
    }

    for (well, readings) in readings {
        let in_order = readings.is_sorted_by_key(|(hour, _)| *hour);
        let litres: Vec<u32> = readings.iter().map(|(_, litres)| *litres).collect();
        println!("{well}: {litres:?}, in the order of the hours: {in_order}");
    }
    Ok(())
}
