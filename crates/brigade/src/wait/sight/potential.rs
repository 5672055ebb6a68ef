//! What is reported of a deadlock that could be, and to whom.

use crate::prim::{Lock, StdArc as Arc};
use std::fmt;
use std::panic::Location;

/// Locks that are taken in orders which do not go together: a deadlock that could be, though it has not been.
///
/// One has had a lock and asked for the next, another one has had that and asked for the one after it, and so on to the
/// first. They need not have met; if they do, in a certain moment, they wait for ever. Reported once for the lines that
/// are in it, to the hook of [`on_potential_deadlock`]. Needs the cargo feature `sight` and debug assertions, which a
/// build without optimisation has.
///
/// It may be false where several look like one: tasks on one thread that keep the guard of a plain `lock` across an
/// `await`, which count as the thread, and the branches of a `join!`, which count as one task.
#[derive(Clone, Debug)]
pub struct PotentialDeadlock {
    cycle: Vec<Nested>,
}

/// A lock that was asked for by one who had another; one step of a [`PotentialDeadlock`].
#[derive(Clone, Debug)]
pub struct Nested {
    outer: &'static Location<'static>,
    inner: &'static Location<'static>,
    is_of_task: bool,
    needs_writer: bool,
}

impl Nested {
    #[cfg_attr(not(feature = "sight"), expect(dead_code, reason = "nothing is seen"))]
    pub(super) fn new(
        (outer, inner): (&'static Location<'static>, &'static Location<'static>),
        is_of_task: bool,
        needs_writer: bool,
    ) -> Self {
        Self {
            outer,
            inner,
            is_of_task,
            needs_writer,
        }
    }

    #[cfg_attr(not(feature = "sight"), expect(dead_code, reason = "nothing is seen"))]
    pub(super) fn lines(&self) -> (&'static Location<'static>, &'static Location<'static>) {
        (self.outer, self.inner)
    }

    /// The line of the program that took the one it had.
    #[must_use]
    pub fn outer_site(&self) -> &'static Location<'static> {
        self.outer
    }

    /// The line of the program that asked for the next, with the first in hand.
    #[must_use]
    pub fn inner_site(&self) -> &'static Location<'static> {
        self.inner
    }

    /// Whether it was a task; else it was a thread.
    #[must_use]
    pub fn is_task(&self) -> bool {
        self.is_of_task
    }

    /// Whether it would wait only if somebody else waits to write: it would read what the next one reads.
    #[must_use]
    pub fn needs_writer(&self) -> bool {
        self.needs_writer
    }
}

impl PotentialDeadlock {
    #[cfg_attr(not(feature = "sight"), expect(dead_code, reason = "nothing is seen"))]
    pub(super) fn new(cycle: Vec<Nested>) -> Self {
        debug_assert!(!cycle.is_empty(), "a circle has somebody in it");
        Self { cycle }
    }

    /// The steps: each asks for the lock that the next one has, and the last for that of the first.
    #[must_use]
    pub fn cycle(&self) -> &[Nested] {
        &self.cycle
    }
}

impl fmt::Display for PotentialDeadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.cycle.len();
        match count {
            1 => writeln!(
                f,
                "could deadlock: a lock is read again by one who reads it"
            )?,
            2 => writeln!(f, "could deadlock: 2 locks are taken in both orders")?,
            _ => writeln!(f, "could deadlock: {count} locks are taken in a circle")?,
        }
        for (place, nested) in self.cycle.iter().enumerate() {
            let who = if nested.is_of_task {
                "a task"
            } else {
                "a thread"
            };
            let (had, asked) = (place + 1, (place + 1) % count + 1);
            write!(
                f,
                "  {who} took lock {had} at {}, then asked for lock {asked} at {}",
                nested.outer, nested.inner
            )?;
            writeln!(
                f,
                "{}",
                if nested.needs_writer {
                    ", and a writer may wait between"
                } else {
                    ""
                }
            )?;
        }
        Ok(())
    }
}

/// Told of a deadlock that could be.
type Hook = Arc<dyn Fn(&PotentialDeadlock) + Send + Sync>;

static HOOK: Lock<Option<Hook>> = Lock::new(None);

/// Has `hook` told of every deadlock that could be, instead of the standard error output.
///
/// It runs on a thread of its own, because whoever has closed the circle has locks in hand, and may panic. A program
/// that ends may end before it is told. Without the cargo feature `sight`, or without debug assertions, it is never
/// called.
///
/// # Examples
///
/// ```
/// use brigade::wait::on_potential_deadlock;
///
/// on_potential_deadlock(|potential| {
///     for step in potential.cycle() {
///         eprintln!("{} and then {}", step.outer_site(), step.inner_site());
///     }
/// });
/// ```
pub fn on_potential_deadlock(hook: impl Fn(&PotentialDeadlock) + Send + Sync + 'static) {
    let hook: Hook = Arc::new(hook);
    let old = HOOK.lock().replace(hook);
    // Outside the lock: its drop is code of the application.
    drop(old);
}

#[cfg(feature = "sight")]
pub(super) use telling::report;

/// Who tells the hook.
#[cfg(feature = "sight")]
mod telling {
    use super::{HOOK, PotentialDeadlock};
    use crate::prim::{Lock, discard_panic, thread};
    use std::collections::VecDeque;

    struct Untold {
        reports: VecDeque<PotentialDeadlock>,
        /// Whether a thread is telling them, or about to.
        is_telling: bool,
    }

    static UNTOLD: Lock<Untold> = Lock::new(Untold {
        reports: VecDeque::new(),
        is_telling: false,
    });

    /// Prints them at once, or has the hook told.
    #[cold]
    pub(in crate::wait::sight) fn report(found: Vec<PotentialDeadlock>) {
        if found.is_empty() {
            return;
        }
        if HOOK.lock().is_none() {
            found.iter().for_each(print);
            return;
        }
        let mut untold = UNTOLD.lock();
        untold.reports.extend(found);
        if untold.is_telling {
            return;
        }
        untold.is_telling = true;
        drop(untold);
        if thread::spawn(Some("brigade-sight".into()), None, tell).is_err() {
            // The system refuses a thread: the next report tries again.
            UNTOLD.lock().is_telling = false;
        }
    }

    fn tell() {
        loop {
            let mut untold = UNTOLD.lock();
            let Some(report) = untold.reports.pop_front() else {
                untold.is_telling = false;
                return;
            };
            drop(untold);
            let hook = HOOK.lock().clone();
            match hook {
                // With it goes what may be the last share of the hook.
                Some(hook) => discard_panic(move || hook(&report)),
                None => print(&report),
            }
        }
    }

    /// Who prints is in the middle of something else, so that the output is closed is none of its business.
    fn print(report: &PotentialDeadlock) {
        discard_panic(|| eprint!("brigade: {report}"));
    }
}
