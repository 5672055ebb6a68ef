//! How many schedules a body is run under, from which seed, and the same one again.
//!
//! Half of them choose anybody at every step; the other half choose by priorities that change at a few random
//! steps (PCT, Burckhardt et al. 2010), which lets one thread stand still for long. Does not know what the bodies do.

use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::io::{self, Write};
use std::{env, fs, process, thread};

/// Schedules of each kind, if `BRIGADE_SCHEDULES` does not say.
const SCHEDULES: usize = 2000;
/// The seed, if `BRIGADE_SCHEDULES_SEED` does not say: so the short run is the same every time.
const SEED: u64 = 20;
/// How often priorities change, and one.
const DEPTHS: [usize; 2] = [3, 8];
/// More steps than any of the bodies needs: some go round for ever.
const STEPS: usize = 200_000;
const STACK_BYTES: usize = 1 << 17;
/// The exit status of a test harness with failures.
const FAILED: i32 = 101;

/// Runs `body` under many schedules, or under the one that `BRIGADE_SCHEDULES_REPLAY` has in a file.
#[track_caller]
pub(crate) fn explore(body: impl Fn() + Send + Sync + Clone + 'static) {
    if let Some(file) = env::var_os("BRIGADE_SCHEDULES_REPLAY") {
        let schedule = ReplayScheduler::new_from_file(&file);
        let schedule = schedule.unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        run(schedule, body);
        return;
    }
    let schedules = number("BRIGADE_SCHEDULES").map_or(SCHEDULES, |number| number as usize);
    let seed = number("BRIGADE_SCHEDULES_SEED").unwrap_or(SEED);
    let _note = Note { seed, schedules };
    run(
        RandomScheduler::new_from_seed(seed, schedules),
        body.clone(),
    );
    for depth in DEPTHS {
        let share = schedules.div_ceil(DEPTHS.len());
        run(
            PctScheduler::new_from_seed(seed, depth, share),
            body.clone(),
        );
    }
}

fn run(scheduler: impl Scheduler + 'static, body: impl Fn() + Send + Sync + 'static) {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    // What order each atomic asks for is for loom to check.
    config.silence_warnings = true;
    // Where it cannot be written, it is printed.
    config.failure_persistence = match fs::create_dir_all(folder) {
        Ok(()) => FailurePersistence::File(Some(folder.into())),
        Err(_) => FailurePersistence::Print,
    };
    Runner::new(scheduler, config).run(body);
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|fault| panic!("{variable}={text}: {fault}")))
}

/// Says how to see a failure again, and ends the process.
///
/// Who waits in a failed execution is still in the library's list of waiters, but its stack is gone. So nobody may wait
/// in this process any more.
struct Note {
    seed: u64,
    schedules: usize,
}

impl Drop for Note {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let Self { seed, schedules } = self;
        let current = thread::current();
        let name = current.name().unwrap_or("NAME");
        let again = format!(
            "{name} failed\n\
             this schedule again: cargo xtask schedules --only {name} --replay FILE, with the file named above\n\
             the same campaign:   cargo xtask schedules --only {name} --iterations {schedules} --seed {seed}\n"
        );
        // Not through a macro: the test harness would keep what it prints, and there is no later.
        if io::stderr().write_all(again.as_bytes()).is_err() {
            // Nobody reads it; the exit status says the rest.
        }
        process::exit(FAILED);
    }
}
