//! A slot: it runs the job of an argument and sees it through, in the thread that calls.
//!
//! As many threads call as jobs run at a time, and each starts its children itself: one that starts them for all would be
//! slower, because starting one waits for its `exec`.
//!
//! A panic in one of them is a bug of ours, and must not take the other jobs with it. So it is kept until they are over.
//!
//! Knows neither where arguments come from nor where output goes.

use super::control::Control;
use super::job::{Job, Stream};
use super::placeholder::Input;
use super::report::{Ended, Outcome, Output, Report};
use super::template::Template;
use super::trouble::Trouble;
use brigade::channel::Sender;
use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const READ_SIZE: usize = 64 * 1024;

/// What all who run jobs share.
pub(crate) struct Slot {
    pub(crate) template: Template,
    pub(crate) control: Arc<Control>,
    /// The index of the job whose output comes next, if the order matters.
    pub(crate) turn: Option<Arc<AtomicU64>>,
    pub(crate) reports: Sender<Report>,
    /// What was thrown by a panic. One is enough.
    pub(crate) panics: Sender<Thrown>,
}

/// What a panic throws.
pub(crate) type Thrown = Box<dyn Any + Send>;

/// The output of a running job.
struct Collector<'slot> {
    slot: &'slot Slot,
    index: u64,
    output: Output,
    lost: Option<io::Error>,
}

impl Slot {
    /// What a thread needs to read the output of its jobs.
    pub(crate) fn buffer() -> Vec<u8> {
        vec![0; READ_SIZE]
    }

    /// Runs the job of an argument to its end, with a buffer for what it prints.
    pub(crate) fn run(&self, input: &Input, buffer: &mut [u8]) -> Ended {
        survive(&self.panics, || self.run_job(input, buffer))
    }

    fn run_job(&self, input: &Input, buffer: &mut [u8]) -> Ended {
        if self.control.stop.is_set() {
            return Ended::without_output(Outcome::Skipped);
        }
        let number = input.index + 1;
        if input.argument.contains(&0) {
            return Ended::without_output(Outcome::Trouble(Trouble::NulByte { number }));
        }
        let command = self.template.for_job(input);
        let Some(program) = &command.program else {
            let trouble = Trouble::NoProgram { name: command.name };
            return Ended::without_output(Outcome::Trouble(trouble));
        };
        match Job::start(Path::new(program), &command) {
            Ok(job) => self.see_through(job, input.index, buffer),
            Err(error) => {
                let trouble = Trouble::NotStarted {
                    name: command.name,
                    error,
                };
                Ended::without_output(Outcome::Trouble(trouble))
            }
        }
    }

    fn see_through(&self, mut job: Job, index: u64, buffer: &mut [u8]) -> Ended {
        let mut collector = Collector {
            slot: self,
            index,
            output: Output::default(),
            lost: None,
        };
        let status = job.watch(&self.control, buffer, |stream, bytes| {
            collector.take(stream, bytes)
        });
        let number = index + 1;
        let outcome = match (collector.lost, status) {
            (_, Err(error)) => Outcome::Trouble(Trouble::NotEnded { number, error }),
            (Some(error), Ok(_)) => Outcome::Trouble(Trouble::OutputLost { number, error }),
            (None, Ok(status)) if status.success() => Outcome::Succeeded,
            (None, Ok(_)) => Outcome::Failed,
        };
        Ended {
            output: collector.output,
            outcome,
        }
    }
}

impl Collector<'_> {
    /// Keeps bytes until the job is done. What exceeds the memory limit goes to the writer if the
    /// job is first in the order, otherwise to a file.
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        if self.lost.is_some() {
            return;
        }
        if !self.output.of(stream).has_room(bytes.len()) && self.has_turn() {
            let output = std::mem::take(&mut self.output);
            if self.slot.reports.send(Report::Part { output }).is_err() {
                return;
            }
        }
        if let Err(error) = self.output.of(stream).push(bytes) {
            // Half an output is no output: a part of a line could be taken for the whole.
            self.output = Output::default();
            self.lost = Some(error);
        }
    }

    fn has_turn(&self) -> bool {
        let turn = self.slot.turn.as_ref();
        turn.is_some_and(|turn| turn.load(Ordering::Acquire) == self.index)
    }
}

impl Ended {
    fn without_output(outcome: Outcome) -> Ended {
        Ended {
            output: Output::default(),
            outcome,
        }
    }
}

/// Runs a job. If that panics, the job has failed, and what was thrown goes to `panics` if it has room.
fn survive(panics: &Sender<Thrown>, job: impl FnOnce() -> Ended) -> Ended {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|thrown| {
        let _ = panics.try_send(thrown);
        Ended::without_output(Outcome::Failed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use brigade::channel;

    #[test]
    fn a_panic_fails_its_job_and_the_first_is_kept() {
        let (panics, thrown) = channel::bounded(1);
        for number in 1..=3 {
            let ended = survive(&panics, || panic!("number {number}"));
            assert!(matches!(ended.outcome, Outcome::Failed));
        }
        let fine = survive(&panics, || Ended::without_output(Outcome::Succeeded));
        assert!(matches!(fine.outcome, Outcome::Succeeded));
        let first = thrown.try_recv().unwrap().downcast::<String>().unwrap();
        assert_eq!(*first, "number 1");
        assert!(thrown.try_recv().is_err());
    }
}
