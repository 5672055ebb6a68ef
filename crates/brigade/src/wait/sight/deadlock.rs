//! What is reported of a deadlock, and to whom.

use super::super::{Holder, Waiter};
use crate::prim::{Lock, StdArc as Arc, discard_panic};
use std::fmt;

/// Threads and tasks that wait for each other in a circle, and so for ever.
///
/// Reported once to the hook of [`on_deadlock`], within a second of its forming. Needs the cargo feature `sight`.
#[derive(Clone, Debug)]
pub struct Deadlock {
    cycle: Vec<Stuck>,
}

/// One of those in a [`Deadlock`].
#[derive(Clone, Debug)]
pub struct Stuck {
    waiter: Waiter,
    holder: Holder,
}

impl Stuck {
    #[cfg_attr(not(feature = "sight"), expect(dead_code, reason = "nothing is seen"))]
    pub(super) fn new(waiter: Waiter, holder: Holder) -> Self {
        Self { waiter, holder }
    }

    /// Who waits, for what, and where.
    #[must_use]
    pub fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    /// Who has what it waits for, and since which line: the next in the circle, or the only one, itself.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }
}

impl Deadlock {
    #[cfg_attr(not(feature = "sight"), expect(dead_code, reason = "nothing is seen"))]
    pub(super) fn new(cycle: Vec<Stuck>) -> Self {
        debug_assert!(!cycle.is_empty(), "a circle has somebody in it");
        Self { cycle }
    }

    /// Those who wait for each other: each for the next, and the last for the first.
    #[must_use]
    pub fn cycle(&self) -> &[Stuck] {
        &self.cycle
    }

    /// Whether it cannot resolve itself.
    ///
    /// That is so if only threads are in it. A task is known by its waker: it may have another branch, of a `join!`
    /// or a `select!`, that will let go of what this one waits for.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        let is_thread = |stuck: &Stuck| stuck.waiter.thread_id().is_some();
        self.cycle.iter().all(is_thread)
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_certain() {
            "deadlock"
        } else {
            "deadlock, as far as can be seen"
        };
        match &self.cycle[..] {
            [_] => writeln!(f, "{kind}: one waits for itself")?,
            cycle => writeln!(f, "{kind}: {} wait for each other", cycle.len())?,
        }
        for stuck in &self.cycle {
            writeln!(f, "  {}", stuck.waiter)?;
        }
        Ok(())
    }
}

/// Told of a deadlock.
type Hook = Arc<dyn Fn(&Deadlock) + Send + Sync>;

static HOOK: Lock<Option<Hook>> = Lock::new(None);

/// Has `hook` told of every deadlock, instead of the standard error output.
///
/// It runs on a thread that watches the locks, and may panic. Without the cargo feature `sight` it is never called.
///
/// # Examples
///
/// ```
/// brigade::wait::on_deadlock(|deadlock| {
///     eprintln!("{deadlock}");
///     if deadlock.is_certain() {
///         std::process::abort();
///     }
/// });
/// ```
pub fn on_deadlock(hook: impl Fn(&Deadlock) + Send + Sync + 'static) {
    let hook: Hook = Arc::new(hook);
    let old = HOOK.lock().replace(hook);
    // Outside the lock: its drop is code of the application.
    drop(old);
}

/// Tells the hook.
#[cfg_attr(not(feature = "sight"), expect(dead_code, reason = "nothing is seen"))]
pub(super) fn report(deadlock: &Deadlock) {
    let hook = HOOK.lock().clone();
    match hook {
        // With it goes what may be the last share of the hook.
        Some(hook) => discard_panic(move || hook(deadlock)),
        // The output may be closed, and the watch goes on.
        None => discard_panic(|| eprint!("brigade: {deadlock}")),
    }
}
