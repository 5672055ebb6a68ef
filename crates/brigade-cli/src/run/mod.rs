//! `brigade run`: one command over many arguments, many at a time.
//!
//! ```text
//! source -> dispatch -> [channel] -> slots (pool workers) -> [channel] -> results -> output
//!               ^                                                |
//!               +---------- [channel: window, with -k] ----------+
//! ```
//!
//! Every arrow is a bounded channel of the library, so a slow reader of our output slows the jobs,
//! and the jobs slow the reading of arguments. This file puts the parts together and knows them
//! all; none of them knows it.

mod control;
mod dispatch;
mod input;
mod interrupt;
mod job;
mod output;
mod placeholder;
mod program;
mod report;
mod results;
mod script;
mod slot;
mod spool;
mod template;
mod trouble;
mod words;

use crate::cli::RunArgs;
use crate::exit::{ExitStatus, reason, say};
use crate::order::Order;
use crate::parts::{join, pool, submit};
use crate::progress::Progress;
use brigade::channel::{self, Receiver};
use brigade::pool::{Job, Pool};
use control::Control;
use dispatch::Dispatch;
use input::Source;
use interrupt::Interrupts;
use output::Writer;
use placeholder::Input;
use report::Report;
use results::{KeptOrder, Results};
use rustix::process::{Resource, getrlimit};
use slot::{NO_TURN, Slot};
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use template::Template;
use trouble::Troubles;

/// The pool of the reader of arguments and the watcher of signals.
const STAGES: usize = 2;

/// Both ends of two pipes and the handle of the process.
const FILES_PER_SLOT: usize = 5;

/// What a run has open besides, and the files that hold the output of some jobs.
const OTHER_FILES: usize = 64;

/// Runs the command and says how it ended. Everything the user must know has been printed then.
pub(crate) fn run(args: RunArgs) -> ExitStatus {
    match start(args) {
        Ok(status) => status,
        Err(sentence) => {
            say(&sentence);
            ExitStatus::Error
        }
    }
}

/// How many jobs may be dispatched ahead of the first whose output is not yet written.
fn window(slots: usize) -> usize {
    4 * slots + 16
}

fn start(args: RunArgs) -> Result<ExitStatus, String> {
    let control = Arc::new(Control::new().map_err(refused)?);
    let words = args.words()?;
    let shell = std::env::var_os("SHELL");
    let template = Template::parse(&words.command, shell.as_deref())
        .ok_or("the command is empty; give one, such as: brigade run gzip ::: FILE")?;
    let separator = if args.null { 0 } else { b'\n' };
    let from_terminal =
        words.arguments.is_none() && args.reads_stdin() && io::stdin().is_terminal();
    let source = match (words.arguments, &args.arg_file) {
        (Some(list), _) => Source::List(list.into_iter()),
        (None, Some(path)) if !args.reads_stdin() => Source::file(path, separator, &control)?,
        (None, _) => Source::stdin(separator, &control)?,
    };
    if from_terminal && io::stderr().is_terminal() {
        say("reading arguments from the terminal, one on a line; end them with Ctrl-D");
    }
    if args.dry_run {
        return show(&template, source);
    }
    let total = source.remaining();
    let slots = slots(args.jobs.get().min(total.unwrap_or(usize::MAX)).max(1));
    let progress = Progress::new(
        "jobs",
        !args.no_progress && !from_terminal,
        total.map(|total| total as u64),
    );
    Run {
        template,
        source,
        slots,
        keep_order: args.keep_order,
        control,
        progress,
    }
    .carry_out()
}

/// As many of the wanted slots as the limit of open files allows.
fn slots(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let possible = (limit.saturating_sub(OTHER_FILES) / FILES_PER_SLOT).max(1);
    if possible < wanted {
        say(&format!(
            "{wanted} jobs at a time need more open files than the limit of {limit} allows; \
             running {possible}, more after ulimit -n {}",
            wanted
                .saturating_mul(FILES_PER_SLOT)
                .saturating_add(OTHER_FILES)
        ));
    }
    possible.min(wanted)
}

/// Prints what would be run.
fn show(template: &Template, mut source: Source) -> Result<ExitStatus, String> {
    let mut writer = Writer::new().map_err(refused)?;
    let mut index = 0;
    let mut print = |writer: &mut Writer, argument| {
        writer.write_line(&template.shown(&Input { index, argument }))?;
        index += 1;
        Ok(())
    };
    let result = loop {
        match source.next()? {
            Some(argument) => {
                let mut result = print(&mut writer, argument);
                if source.may_wait() {
                    result = result.and_then(|()| writer.flush());
                }
                if result.is_err() {
                    break result;
                }
            }
            None => break writer.flush(),
        }
    };
    match result {
        Ok(()) => Ok(ExitStatus::Success),
        Err(error) if error.is_broken_pipe() => Ok(ExitStatus::BrokenPipe),
        Err(error) => Err(error.to_string()),
    }
}

/// A run with everything decided.
struct Run {
    template: Template,
    source: Source,
    slots: usize,
    keep_order: bool,
    control: Arc<Control>,
    progress: Progress,
}

impl Run {
    fn carry_out(self) -> Result<ExitStatus, String> {
        let interrupts = Interrupts::catch().map_err(refused)?;
        let signals = interrupts.handle();
        let stages = pool(STAGES, "brigade-stage")?;
        let workers = pool(self.slots, "brigade-slot")?;
        let writer = Writer::new().map_err(refused)?;

        let (inputs, dispatched) = channel::bounded(self.slots);
        let (reporter, reports) = channel::bounded(self.slots);
        let turn = Arc::new(AtomicU64::new(if self.keep_order { 0 } else { NO_TURN }));
        let (places, taken) = channel::bounded(window(self.slots));
        let results = Results {
            writer,
            kept_order: self.keep_order.then(|| KeptOrder {
                order: Order::new(),
                turn: Arc::clone(&turn),
                window: taken,
            }),
            control: Arc::clone(&self.control),
            progress: self.progress.clone(),
            has_no_program: self.template.has_no_program(),
            failed: 0,
            troubles: Troubles::default(),
            broken: None,
            input_failed: false,
        };
        let slot = Slot {
            template: Arc::new(self.template),
            control: Arc::clone(&self.control),
            turn,
            reports: reporter.clone(),
        };
        let dispatch = Dispatch {
            source: self.source,
            control: Arc::clone(&self.control),
            inputs,
            window: self.keep_order.then_some(places),
            reports: reporter,
        };
        let (control, progress) = (self.control, self.progress);
        let mut parts = vec![submit(&stages, move || {
            interrupts.obey(&control, &progress)
        })?];
        let mut working = vec![submit(&stages, move || dispatch.run())?];
        working.extend(serve(&workers, slot, dispatched)?);
        let status = write_results(results, &reports);
        signals.close();
        parts.append(&mut working);
        join(parts)?;
        Ok(status)
    }
}

/// Fills the pool with slots.
fn serve(workers: &Pool, slot: Slot, dispatched: Receiver<Input>) -> Result<Vec<Job<()>>, String> {
    (0..workers.threads())
        .map(|_| {
            let (slot, dispatched) = (slot.clone(), dispatched.clone());
            submit(workers, move || slot.serve(&dispatched))
        })
        .collect()
}

/// Takes reports until nobody is left to send one.
fn write_results(mut results: Results, reports: &Receiver<Report>) -> ExitStatus {
    while let Ok(report) = reports.recv() {
        results.take(report);
        if reports.is_empty() {
            results.flush();
        }
    }
    results.finish()
}

fn refused(error: io::Error) -> String {
    format!("the system refused what a run needs: {}", reason(&error))
}
