//! Ends the program when a measurement never ends. A thread that hangs cannot be killed and what
//! it holds cannot be taken back, so all that is left is to say who hung and to stop.

use std::process;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// The exit status of a run that hung.
const HUNG: i32 = 3;
/// Rare enough to cost the measurements nothing.
const LOOK: Duration = Duration::from_secs(1);

/// What is being measured, and since when.
#[derive(Clone, Debug)]
struct Watched {
    name: String,
    since: Instant,
}

/// Looks after one measurement at a time.
#[derive(Debug)]
pub(crate) struct Watchdog {
    watched: Arc<Mutex<Option<Watched>>>,
}

impl Watchdog {
    /// Starts the thread that looks. It ends after the watchdog is dropped.
    pub(crate) fn start(patience: Duration) -> Self {
        let watched = Arc::new(Mutex::new(None));
        let seen = Arc::downgrade(&watched);
        thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || look(&seen, patience))
            .expect("the system gives the watchdog a thread");
        Self { watched }
    }

    /// Runs `measurement` under its name.
    pub(crate) fn watch<T>(&self, name: &str, measurement: impl FnOnce() -> T) -> T {
        self.set(Some(Watched {
            name: name.to_owned(),
            since: Instant::now(),
        }));
        let result = measurement();
        self.set(None);
        result
    }

    fn set(&self, watched: Option<Watched>) {
        *self.watched.lock().expect("nobody panics here") = watched;
    }
}

fn look(seen: &Weak<Mutex<Option<Watched>>>, patience: Duration) {
    while let Some(watched) = seen.upgrade() {
        let now = watched.lock().expect("nobody panics here").clone();
        drop(watched);
        if let Some(name) = now.and_then(|watched| hung(&watched, Instant::now(), patience)) {
            report(&name, patience);
            process::exit(HUNG);
        }
        thread::sleep(LOOK);
    }
}

fn hung(watched: &Watched, now: Instant, patience: Duration) -> Option<String> {
    (now.duration_since(watched.since) > patience).then(|| watched.name.clone())
}

fn report(name: &str, patience: Duration) {
    eprintln!(
        "brigade-bench: {name} has not finished after {} s, so the run stops here",
        patience.as_secs()
    );
    let waiters = brigade::wait::waiters();
    if waiters.is_empty() {
        eprintln!("brigade-bench: nobody waits inside Brigade");
    }
    for waiter in waiters {
        eprintln!("brigade-bench: {waiter}");
    }
}

#[cfg(test)]
mod tests {
    use super::{Watched, hung};
    use std::time::{Duration, Instant};

    #[test]
    fn only_what_runs_longer_than_the_patience_is_hung() {
        let since = Instant::now();
        let watched = Watched {
            name: "row, peer".to_owned(),
            since,
        };
        let patience = Duration::from_secs(20);
        assert_eq!(hung(&watched, since + patience, patience), None);
        let later = since + patience + Duration::from_millis(1);
        assert_eq!(
            hung(&watched, later, patience).as_deref(),
            Some("row, peer")
        );
    }
}
