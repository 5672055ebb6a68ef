//! `brigade run`: one command over many arguments, many at a time.
//!
//! ```text
//! arguments -> [pipeline: jobs, on a pool; with -k, in order] -> [channel] -> results -> output
//!                           |                                        ^
//!                           +--- parts of the output that is first --+
//! ```
//!
//! Everything on the way is bounded, so a slow reader of our output slows the jobs, and the jobs slow the
//! reading of arguments. This file puts the parts together and knows them all; none of them knows it.

mod arguments;
mod control;
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
use crate::parts::{join, join_line, pool, start as start_part};
use crate::progress::Progress;
use arguments::Arguments;
use brigade::channel::{self, Receiver, Sender};
use brigade::pipeline::{self, PipelineError, Stage};
use brigade::pool::Pool;
use control::Control;
use input::Source;
use interrupt::Interrupts;
use output::Writer;
use placeholder::Input;
use report::Report;
use results::Results;
use rustix::process::{Resource, getrlimit};
use slot::Slot;
use std::io::{self, IsTerminal};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use template::Template;
use trouble::Troubles;

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

/// How many jobs may be under way, with kept order: run ahead of the first whose output is not yet written.
fn window(slots: usize) -> usize {
    4 * slots + 16
}

/// How many may be otherwise: those that run, and as many that come next.
fn running_and_next(slots: usize) -> usize {
    2 * slots
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
        let workers = pool(self.slots, "brigade-slot")?;
        let writer = Writer::new().map_err(refused)?;

        let (reporter, reports) = channel::bounded(self.slots);
        let results = Results {
            writer,
            control: Arc::clone(&self.control),
            progress: self.progress.clone(),
            has_no_program: self.template.has_no_program(),
            failed: 0,
            troubles: Troubles::default(),
            broken: None,
            input_failed: false,
        };
        let (panics, thrown) = channel::bounded(1);
        let slot = Slot {
            template: self.template,
            control: Arc::clone(&self.control),
            turn: self.keep_order.then(|| Arc::new(AtomicU64::new(0))),
            reports: reporter.clone(),
            panics,
        };
        let arguments = Arguments {
            source: self.source,
            control: Arc::clone(&self.control),
            count: 0,
            reports: reporter.clone(),
        };
        let (control, progress) = (self.control, self.progress);
        let watch = start_part("brigade-signals", move || {
            interrupts.obey(&control, &progress);
        })?;
        let line = start_part("brigade-jobs", move || {
            let ran = run_jobs(arguments, &slot, &workers, &reporter);
            // A bug of ours in a job, of which whoever joins this part is told now that the others are over.
            if let Ok(thrown) = thrown.try_recv() {
                resume_unwind(thrown);
            }
            ran
        })?;
        let status = write_results(results, &reports);
        signals.close();
        join(watch)?;
        join_line(line)?;
        Ok(status)
    }
}

/// Runs the jobs of all arguments, as many at a time as there are workers, and reports each that has ended.
fn run_jobs(
    arguments: Arguments,
    slot: &Slot,
    workers: &Pool,
    reports: &Sender<Report>,
) -> Result<pipeline::Report, PipelineError> {
    let slots = workers.threads();
    // A job that has ended may have left its output in a file: so no more wait to be reported than run.
    let stage = Stage::new(slots).blocking().buffer(slots);
    let jobs = pipeline::from_iter(arguments).map_init(stage, Slot::buffer, |buffer, input| {
        slot.run(&input, buffer)
    });
    let jobs = if slot.turn.is_some() {
        jobs.in_flight(window(slots)).ordered()
    } else {
        jobs.in_flight(running_and_next(slots))
    };
    jobs.try_run(workers, |ended| {
        reports
            .send(Report::Ended { ended })
            .map_err(|_| "nobody writes")?;
        // What the next one prints from now on comes behind it.
        if let Some(turn) = &slot.turn {
            turn.fetch_add(1, Ordering::Release);
        }
        Ok::<(), &str>(())
    })
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
