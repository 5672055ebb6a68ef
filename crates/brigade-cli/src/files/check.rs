//! `brigade files hash --check`: whether files are what a list of digests says.

use super::hash::digest;
use super::list::{Entry, Line, lines};
use super::printer::Printer;
use super::target::{READ_SIZE, Target, Unreadable};
use super::{name, pipeline, printer, readers};
use crate::cli::{Algorithm, Options};
use crate::exit::{ExitStatus, reason};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

/// So many lines that are no entries are named; who gives a file that is no list wants no more.
const SENTENCE_LIMIT: u64 = 10;

/// What became of a line of the list.
#[derive(Debug)]
enum Checked {
    AsListed(OsString),
    Different(OsString),
    Unreadable(Unreadable),
    NoEntry(u64),
    Broken(io::Error),
}

/// What is known of the list so far.
#[derive(Debug)]
struct Tally {
    /// What the list is called.
    list: String,
    algo: Algorithm,
    as_listed: u64,
    different: u64,
    unreadable: u64,
    no_entries: u64,
}

/// Checks every file of the list.
pub(super) fn check(list: &Path, algo: Algorithm, options: &Options) -> Result<ExitStatus, String> {
    let target = Target::named(list.to_owned());
    let list = name::shown(list.as_os_str());
    let file = open(&target).map_err(|error| format!("cannot read {list}: {}", reason(&error)))?;
    let stdin_is_free = !matches!(target, Target::Stdin);
    let mut printer = printer(options)?;
    let mut tally = Tally {
        list,
        algo,
        as_listed: 0,
        different: 0,
        unreadable: 0,
        no_entries: 0,
    };
    let work = move |line: Line, buffer: &mut [u8]| match line {
        Line::Entry(entry) => check_entry(entry, algo, buffer),
        Line::NoEntry(number) => Checked::NoEntry(number),
        Line::Broken(error) => Checked::Broken(error),
    };
    let take = |checked, more| tally.take(checked, more, &mut printer);
    let lines = lines(file, algo, stdin_is_free);
    let done = pipeline::in_order(lines, readers(options), READ_SIZE, work, take);
    tally.finish(&mut printer);
    let status = printer.finish();
    done.map(|()| status)
}

fn open(list: &Target) -> io::Result<File> {
    let file = list.open()?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

fn check_entry(entry: Entry, algo: Algorithm, buffer: &mut [u8]) -> Checked {
    match digest(algo, &Target::named(entry.name.clone().into()), buffer) {
        Err(unreadable) => Checked::Unreadable(unreadable),
        Ok((found, _)) if found == entry.digest => Checked::AsListed(entry.name),
        Ok(_) => Checked::Different(entry.name),
    }
}

impl Tally {
    /// Counts a line and prints what became of it.
    fn take(&mut self, checked: Checked, more: bool, printer: &mut Printer) -> ControlFlow<()> {
        let list = &self.list;
        match checked {
            Checked::NoEntry(number) => {
                self.no_entries += 1;
                if self.no_entries <= SENTENCE_LIMIT {
                    printer.fail(&format!(
                        "line {number} of {list} is not a digest, two spaces and a name"
                    ));
                }
                printer.print(&[], more)
            }
            Checked::Broken(error) => {
                printer.fail(&format!("cannot read {list}: {}", reason(&error)));
                printer.print(&[], more)
            }
            Checked::AsListed(name) => {
                self.as_listed += 1;
                tell(printer, &name, Ok(()), more)
            }
            Checked::Different(name) => {
                self.different += 1;
                printer.count_failure();
                tell(printer, &name, Err("FAILED"), more)
            }
            Checked::Unreadable(unreadable) => {
                self.unreadable += 1;
                printer.unreadable(&unreadable);
                tell(printer, &unreadable.name, Err("FAILED open or read"), more)
            }
        }
    }

    /// Says what the user should know in the end, besides the lines.
    fn finish(&self, printer: &mut Printer) {
        let list = &self.list;
        let read = self.as_listed + self.different;
        if self.no_entries > SENTENCE_LIMIT {
            printer.fail(&format!(
                "{} more lines of {list} are like that",
                self.no_entries - SENTENCE_LIMIT
            ));
        }
        if read + self.unreadable == 0 {
            printer.fail(&format!("no line of {list} is a digest with a name"));
        }
        if self.different > 0 {
            let are = if self.different == 1 { "is" } else { "are" };
            printer.say(&format!(
                "{} of {read} files that were read {are} not what {list} says{}",
                self.different,
                self.hint()
            ));
        }
    }

    /// The digests of both algorithms look alike.
    fn hint(&self) -> String {
        let other = self.algo.other();
        if self.as_listed > 0 {
            return String::new();
        }
        format!("; if they are {other} digests, add --algo {other}")
    }
}

/// Prints what became of one file.
fn tell(
    printer: &mut Printer,
    name: &OsStr,
    is_as_listed: Result<(), &str>,
    more: bool,
) -> ControlFlow<()> {
    printer.one_done();
    let line = if printer.json {
        name::json(name, &[("ok", is_as_listed.is_ok().into())])
    } else {
        let word = is_as_listed.err().unwrap_or("OK");
        name::line("", name, &format!(": {word}"))
    };
    printer.print(&line, more)
}
