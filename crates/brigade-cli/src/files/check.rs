//! `brigade files hash --check`: whether files are what a list of digests says.
//!
//! Reads what `b3sum` and `sha256sum` print, which is also what `brigade files hash` prints.

use super::hash::{Digest, digest};
use super::printer::Printer;
use super::target::{READ_SIZE, Target, Unreadable};
use super::{name, pipeline, printer};
use crate::cli::{Algorithm, Options};
use crate::exit::{ExitStatus, reason};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

/// A digest in a line of the list.
const HEX_LENGTH: usize = 2 * size_of::<Digest>();

/// No name is as long as this; the list is then not what it was taken for.
const LINE_LIMIT: usize = 64 * 1024;

/// What a line of the list turned out to be.
#[derive(Debug)]
enum Checked {
    AsListed(OsString),
    Different(OsString),
    Unreadable(Unreadable),
    /// No digest and name. The number of the line, from 1.
    NoEntry(u64),
    /// The list cannot be read any further.
    Broken(io::Error),
}

/// A line that says what a file should be.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    digest: Digest,
    name: OsString,
}

/// How many of each there were.
#[derive(Debug, Default)]
struct Tally {
    as_listed: u64,
    different: u64,
    unreadable: u64,
}

/// Checks every file of the list.
pub(super) fn check(list: &Path, algo: Algorithm, options: &Options) -> Result<ExitStatus, String> {
    let target = Target::named(list.to_owned());
    let list = name::shown(list.as_os_str());
    let file = open(&target).map_err(|error| format!("cannot read {list}: {}", reason(&error)))?;
    let mut printer = printer(options)?;
    let work = move |line: io::Result<(u64, Vec<u8>)>, buffer: &mut [u8]| match line {
        Err(error) => Checked::Broken(error),
        Ok((number, line)) => match Entry::parse(&line) {
            None => Checked::NoEntry(number),
            Some(entry) => entry.check(algo, buffer),
        },
    };
    let mut tally = Tally::default();
    let take = |checked: Checked, more| match checked {
        Checked::NoEntry(number) => {
            printer.fail(&format!(
                "line {number} of {list} is not a digest, two spaces and a name"
            ));
            ControlFlow::Continue(())
        }
        Checked::Broken(error) => {
            printer.fail(&format!("cannot read {list}: {}", reason(&error)));
            ControlFlow::Continue(())
        }
        Checked::AsListed(name) => {
            tally.as_listed += 1;
            tell(&mut printer, &name, Ok(()), more)
        }
        Checked::Different(name) => {
            tally.different += 1;
            printer.count_failure();
            tell(&mut printer, &name, Err("FAILED"), more)
        }
        Checked::Unreadable(unreadable) => {
            tally.unreadable += 1;
            printer.unreadable(&unreadable);
            tell(
                &mut printer,
                &unreadable.name,
                Err("FAILED open or read"),
                more,
            )
        }
    };
    pipeline::in_order(lines(file), options.jobs.get(), READ_SIZE, work, take)?;
    if let Some(sentence) = tally.sentence(&list, algo) {
        if tally.files() == 0 {
            printer.fail(&sentence);
        } else {
            printer.say(&sentence);
        }
    }
    Ok(printer.finish())
}

fn open(list: &Target) -> io::Result<File> {
    let file = list.open()?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

/// The lines of the list with their numbers, up to the first that cannot be read.
fn lines(list: impl Read + Send) -> impl Iterator<Item = io::Result<(u64, Vec<u8>)>> + Send {
    let mut reader = BufReader::new(list);
    let mut broken = false;
    (1..).map_while(move |number| {
        if broken {
            return None;
        }
        let mut line = Vec::new();
        let read = reader
            .by_ref()
            .take(LINE_LIMIT as u64)
            .read_until(b'\n', &mut line);
        match read {
            Ok(0) => None,
            Ok(LINE_LIMIT) if line.last() != Some(&b'\n') => {
                broken = true;
                Some(Err(io::Error::other(format!(
                    "line {number} is longer than 64 KiB, so this is not a list of digests"
                ))))
            }
            Ok(_) => {
                line.pop_if(|last| *last == b'\n');
                Some(Ok((number, line)))
            }
            Err(error) => {
                broken = true;
                Some(Err(error))
            }
        }
    })
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

impl Entry {
    /// `DIGEST  NAME`, or `DIGEST *NAME`; a backslash in front says that the name is spelled.
    fn parse(line: &[u8]) -> Option<Entry> {
        let (line, is_spelled) = match line.strip_prefix(b"\\") {
            Some(rest) => (rest, true),
            None => (line, false),
        };
        let (hex, rest) = line.split_at_checked(HEX_LENGTH)?;
        let name = rest
            .strip_prefix(b"  ")
            .or_else(|| rest.strip_prefix(b" *"))?;
        if name.is_empty() {
            return None;
        }
        let name = if is_spelled {
            name::unspell(name)?
        } else {
            OsString::from_vec(name.to_vec())
        };
        let digest = parse_hex(hex)?;
        Some(Entry { digest, name })
    }

    fn check(self, algo: Algorithm, buffer: &mut [u8]) -> Checked {
        match digest(algo, &Target::named(self.name.clone().into()), buffer) {
            Err(unreadable) => Checked::Unreadable(unreadable),
            Ok((found, _)) if found == self.digest => Checked::AsListed(self.name),
            Ok(_) => Checked::Different(self.name),
        }
    }
}

fn parse_hex(hex: &[u8]) -> Option<Digest> {
    let mut digest = Digest::default();
    for (byte, digits) in digest.iter_mut().zip(hex.chunks(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        let [high, low] = *digits else { return None };
        *byte = u8::try_from(value(high)? * 16 + value(low)?).ok()?;
    }
    Some(digest)
}

impl Tally {
    fn files(&self) -> u64 {
        self.as_listed + self.different + self.unreadable
    }

    /// What the user should know in the end, besides the lines.
    fn sentence(&self, list: &str, algo: Algorithm) -> Option<String> {
        let (files, read) = (self.files(), self.as_listed + self.different);
        if files == 0 {
            return Some(format!("no line of {list} is a digest with a name"));
        }
        if self.different == 0 {
            return None;
        }
        let hint = match algo.other() {
            other if self.as_listed == 0 => {
                format!("; if they are {other} digests, add --algo {other}")
            }
            _ => String::new(),
        };
        Some(format!(
            "{} of {read} files that were read {} not what {list} says{hint}",
            self.different,
            if self.different == 1 { "is" } else { "are" },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00Ff";

    fn parsed(line: &str) -> Option<String> {
        let entry = Entry::parse(line.as_bytes())?;
        assert_eq!(entry.digest[..2], [0, 255]);
        Some(entry.name.into_string().unwrap())
    }

    #[test]
    fn lines_of_both_tools_are_understood() {
        assert_eq!(parsed(&format!("{HEX}  a b")).unwrap(), "a b");
        assert_eq!(parsed(&format!("{HEX} *a")).unwrap(), "a");
        assert_eq!(parsed(&format!("{HEX}  a\\nb")).unwrap(), "a\\nb");
        assert_eq!(parsed(&format!("\\{HEX}  a\\nb\\\\")).unwrap(), "a\nb\\");
    }

    #[test]
    fn other_lines_are_not() {
        for line in ["", "x", "# comment", HEX] {
            assert_eq!(parsed(line), None, "{line}");
        }
        for rest in ["  ", " a", "\ta", "0  a"] {
            assert_eq!(parsed(&format!("{HEX}{rest}")), None, "{rest}");
        }
        assert_eq!(parsed(&format!("g{}  a", &HEX[1..])), None);
        assert_eq!(parsed(&format!("\\{HEX}  a\\x")), None);
    }

    #[test]
    fn an_endless_line_ends_the_list() {
        let list = vec![b'x'; 3 * LINE_LIMIT];
        let mut lines = lines(&list[..]);
        assert!(lines.next().unwrap().is_err());
        assert!(lines.next().is_none());
    }
}
