//! What Ctrl-C and its relatives do to a run.
//!
//! The first SIGINT stops dispatch and lets the running jobs end. A second one, or SIGTERM or
//! SIGHUP at any time, has the running jobs ended. This module only throws the switches of
//! [`Control`]; it sends no signal itself and knows no job.

use super::control::Control;
use crate::progress::Progress;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::io;
use std::sync::Arc;

/// The signals on their way to a run.
pub(crate) struct Interrupts(Signals);

impl Interrupts {
    /// Takes the signals over from the system's default action.
    ///
    /// A signal that the parent chose to have ignored (`nohup`, a script's `&`) stays ignored.
    pub(crate) fn catch() -> io::Result<Interrupts> {
        let ignored = ignored_signals();
        let caught = [SIGINT, SIGTERM, SIGHUP];
        let wanted = caught
            .into_iter()
            .filter(|signal| ignored & (1 << (signal - 1)) == 0);
        Signals::new(wanted).map(Interrupts)
    }

    /// Ends [`Interrupts::obey`].
    pub(crate) fn handle(&self) -> Handle {
        self.0.handle()
    }

    /// Throws the switches as signals arrive.
    pub(crate) fn obey(mut self, control: &Arc<Control>, progress: &Progress) {
        for signal in self.0.forever() {
            let again = control.interrupt();
            if again || signal != SIGINT {
                control.end_jobs.set();
            } else {
                progress.say("waiting for the running jobs; press Ctrl-C again to end them");
            }
        }
    }
}

/// The mask of signals ignored since this process began; empty where the system does not tell.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
