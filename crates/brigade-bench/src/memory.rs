//! What a task takes in memory that is parked: what its rows need from a peer, and their workload. The peers are in
//! [`crate::peer`].
//!
//! Each measurement is a process of its own, which has done nothing else: it starts the pool or the runtime, spawns
//! tasks that are polled once and then never again, and says by how much its resident memory has grown. It is this same
//! program, told by a variable of the environment what to do.

use crate::cpu_time;
use crate::peer::PARKERS;
use crate::run::{Absent, Load, Run, Work};
use std::env;
use std::fs;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::process::{Command, Stdio, exit};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::thread;
use std::time::Instant;

/// How many tasks there are in one measurement.
pub(crate) const TASKS: usize = 100_000;
/// Threads of every pool and runtime.
pub(crate) const THREADS: usize = 2;
/// Tasks that are parked before the memory is looked at for the first time.
const EARLIER: usize = 100;
/// Where a process finds what it is to measure.
const WANTED: &str = "BRIGADE_BENCH_PARKED";
/// What stands before the figures of such a process.
const GROWN: &str = "grown by ";
/// Bytes in a kibibyte, in which the system counts.
const KIBIBYTE: f64 = 1024.0;

/// How large the futures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Large,
}

impl Size {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Small => 16,
            Self::Large => 256,
        }
    }
}

/// Something that tasks are spawned on, used as its users use it.
pub(crate) trait Parks {
    const NAME: &'static str;

    /// Starts it with [`THREADS`], and has `body` spawn tasks whose handles are dropped. `body` ends the process.
    fn park<const BYTES: usize>(body: impl FnOnce(&dyn Fn(Parked<BYTES>)) + Send + 'static);
}

/// A peer, by its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parker {
    pub(crate) name: &'static str,
    small: fn(usize),
    large: fn(usize),
}

impl Parker {
    pub(crate) const fn of<P: Parks>() -> Self {
        Self {
            name: P::NAME,
            small: |tasks| P::park::<16>(move |spawn| tell(tasks, spawn)),
            large: |tasks| P::park::<256>(move |spawn| tell(tasks, spawn)),
        }
    }
}

/// A future of so many bytes that is never done.
pub(crate) struct Parked<const BYTES: usize, T = ()> {
    bytes: [u8; BYTES],
    _never: PhantomData<fn() -> T>,
}

/// How many have been polled.
static POLLED: AtomicUsize = AtomicUsize::new(0);

impl<const BYTES: usize, T> Parked<BYTES, T> {
    fn new() -> Self {
        Self {
            bytes: [0; BYTES],
            _never: PhantomData,
        }
    }

    /// The same one, for a peer whose tasks return something else.
    pub(crate) fn returning<U>(self) -> Parked<BYTES, U> {
        Parked {
            bytes: self.bytes,
            _never: PhantomData,
        }
    }
}

impl<const BYTES: usize, T> Future for Parked<BYTES, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        let polls = &mut self.bytes[0];
        *polls = polls.saturating_add(1);
        POLLED.fetch_add(usize::from(*polls == 1), SeqCst);
        Poll::Pending
    }
}

/// Makes the work of one peer: a process for each measurement.
pub(crate) fn work(peer: &'static str, size: Size) -> Result<Work, Absent> {
    if resident().is_err() {
        return Err(Absent("this system does not tell the memory of a process"));
    }
    Ok(Box::new(move |load| measure(peer, size, load)))
}

fn measure(peer: &str, size: Size, load: Load) -> Result<Run, String> {
    let start = Instant::now();
    let program = env::current_exe().map_err(|fault| format!("where this program is: {fault}"))?;
    let mut process = Command::new(program);
    if cfg!(test) {
        process.args(["--exact", "memory::tests::as_a_process", "--nocapture"]);
    }
    let done = process
        .env(WANTED, format!("{} {} {peer}", load.ops, size.bytes()))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|fault| format!("cannot start a process of this program: {fault}"))?;
    let told = String::from_utf8_lossy(&done.stdout);
    let figures = figures(&told).ok_or_else(|| format!("it ended with {}", done.status))?;
    Ok(Run {
        ops: load.ops,
        elapsed: start.elapsed(),
        ns_per_op: figures.0 / load.ops as f64,
        cpu_ns_per_op: figures.1 / load.ops as f64,
        cut_short: false,
    })
}

/// What a process has told: by how many bytes it has grown, and how many nanoseconds of processor time that took.
fn figures(told: &str) -> Option<(f64, f64)> {
    let (_, figures) = told.split_once(GROWN)?;
    let mut figures = figures.split_whitespace().map(str::parse);
    Some((figures.next()?.ok()?, figures.next()?.ok()?))
}

/// If this process was started to measure, does that and ends.
pub(crate) fn measure_if_told() {
    let Ok(wanted) = env::var(WANTED) else { return };
    let mut parts = wanted.splitn(3, ' ');
    let mut number = || parts.next().and_then(|part| part.parse().ok());
    let (Some(tasks), Some(bytes)) = (number(), number()) else {
        return;
    };
    let name = parts.next();
    let parker = PARKERS
        .iter()
        .find(|parker| Some(parker.name) == name)
        .expect("it was started by this program, which knows the names");
    if bytes == Size::Small.bytes() {
        (parker.small)(tasks);
    } else {
        (parker.large)(tasks);
    }
}

/// Spawns the tasks, tells what they take, and ends the process.
fn tell<const BYTES: usize>(tasks: usize, spawn: &dyn Fn(Parked<BYTES>)) {
    let park = |tasks: usize| {
        let polled = POLLED.load(SeqCst) + tasks;
        for _ in 0..tasks {
            spawn(Parked::new());
        }
        while POLLED.load(SeqCst) < polled {
            thread::yield_now();
        }
        resident().expect("it could be read when the row was made")
    };
    let before = park(EARLIER);
    let cpu = cpu_time::process();
    let grown = park(tasks) - before;
    let cpu = cpu_time::process() - cpu;
    println!("{GROWN}{grown} {}", cpu.as_nanos());
    exit(0);
}

/// The resident memory of this process, in bytes.
fn resident() -> Result<f64, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|fault| fault.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes
        .map(|kibibytes| kibibytes * KIBIBYTE)
        .ok_or_else(|| "there is no VmRSS".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Parked, Size, figures, measure_if_told};

    /// Not a test, unless it is told to be the process that is measured.
    #[test]
    fn as_a_process() {
        measure_if_told();
    }

    #[test]
    fn the_future_is_as_large_as_the_row_says() {
        assert_eq!(size_of::<Parked<16>>(), Size::Small.bytes());
        assert_eq!(
            size_of::<Parked<256, Result<(), u8>>>(),
            Size::Large.bytes()
        );
    }

    #[test]
    fn figures_are_found_among_other_lines() {
        let told = "\nrunning 1 test\ngrown by 1228800 5000\n";
        assert_eq!(figures(told), Some((1_228_800.0, 5000.0)));
        assert_eq!(figures("panicked"), None);
    }
}
