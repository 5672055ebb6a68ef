//! Settings that every thread looks at all the time, and that somebody changes once.

use brigade::sync::{Barrier, ReadMostly};
use std::error::Error;
use std::thread;

/// What a reader must never see apart: the limit is ten times the workers.
struct Settings {
    workers: u32,
    limit: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let settings = ReadMostly::new(Settings {
        workers: 2,
        limit: 20,
    });
    let started = Barrier::new(5);

    let torn = thread::scope(|scope| {
        let readers = [0; 4].map(|_| {
            scope.spawn(|| {
                started.wait();
                let looks = (0..1000).map(|_| {
                    let settings = settings.read();
                    settings.limit == 10 * settings.workers
                });
                looks.filter(|whole| !whole).count()
            })
        });
        started.wait();
        {
            let mut settings = settings.write();
            settings.workers = 8;
            settings.limit = 80;
        }
        readers
            .into_iter()
            .map(|reader| reader.join())
            .collect::<Result<Vec<_>, _>>()
    })
    .map_err(|_| "a reader panicked")?;
    println!("half a change was seen, by each reader: {torn:?}");
    let Settings { workers, limit } = settings.into_inner();
    println!("now {workers} workers, and a limit of {limit}");
    Ok(())
}
