//! `brigade files count`: the lines, words and bytes of each file, and of all of them.

use super::target::{READ_SIZE, Target, Unreadable};
use super::walk::walk;
use super::{name, pipeline, printer, readers, refuse_second_stdin};
use crate::cli::Options;
use crate::exit::ExitStatus;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::PathBuf;

/// What is counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
}

/// Counts while a file is read.
#[derive(Debug)]
struct Counter {
    counts: Counts,
    /// Whether the last byte was in no word.
    between_words: bool,
}

/// Prints the counts of all files under the paths.
pub(super) fn count(paths: Vec<PathBuf>, options: &Options) -> Result<ExitStatus, String> {
    refuse_second_stdin(&paths)?;
    let mut printer = printer(options)?;
    let work = |found: Result<Target, Unreadable>, buffer: &mut [u8]| {
        let target = found?;
        let mut counter = Counter::new();
        target.read(buffer, |piece| counter.take(piece))?;
        Ok((target, counter.counts))
    };
    let mut total = Counts::default();
    let mut files = 0_u64;
    let take = |counted: Result<(Target, Counts), Unreadable>, more| {
        let printed = match &counted {
            Ok((target, counts)) => {
                files += 1;
                total.add(*counts);
                printer.print(&line(target.name(), *counts, printer.json), more)
            }
            Err(unreadable) => {
                printer.unreadable(unreadable);
                printer.print(&[], more)
            }
        };
        printer.one_done();
        printed
    };
    let done = pipeline::in_order(walk(paths), readers(options), READ_SIZE, work, take);
    let sums = match (printer.json, files) {
        (true, _) => name::json_line(&[("total", total.json(Some(files)))]),
        (false, 0 | 1) => Vec::new(),
        (false, _) => line(OsStr::new("total"), total, false),
    };
    // Whether it was refused is known to the printer, and the end is near.
    let _ = printer.print(&sums, false);
    let status = printer.finish();
    done.map(|()| status)
}

fn line(name: &OsStr, counts: Counts, json: bool) -> Vec<u8> {
    let Counts {
        lines,
        words,
        bytes,
    } = counts;
    if json {
        let fields = [("lines", lines), ("words", words), ("bytes", bytes)];
        name::json(name, &fields.map(|(key, count)| (key, count.into())))
    } else {
        name::line(&format!("{lines:>7} {words:>7} {bytes:>7} "), name, "")
    }
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.lines += other.lines;
        self.words += other.words;
        self.bytes += other.bytes;
    }

    fn json(self, files: Option<u64>) -> Value {
        serde_json::json!({
            "files": files, "lines": self.lines, "words": self.words, "bytes": self.bytes,
        })
    }
}

impl Counter {
    fn new() -> Counter {
        Counter {
            counts: Counts::default(),
            between_words: true,
        }
    }

    fn take(&mut self, piece: &[u8]) {
        let (Some(&first), Some(&last)) = (piece.first(), piece.last()) else {
            return;
        };
        let begins = |before, byte| before && !is_space(byte);
        // Pairs of neighbours, so that the compiler can look at many at a time.
        let pairs = piece.iter().zip(&piece[1..]);
        let starts = pairs.filter(|(before, byte)| begins(is_space(**before), **byte));
        let words = starts.count() + usize::from(begins(self.between_words, first));
        self.between_words = is_space(last);
        self.counts.add(Counts {
            lines: piece.iter().filter(|byte| **byte == b'\n').count() as u64,
            words: words as u64,
            bytes: piece.len() as u64,
        });
    }
}

/// Space, tab, newline, vertical tab, form feed, carriage return.
fn is_space(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &[u8], lines: u64, words: u64) {
        let expected = Counts {
            lines,
            words,
            bytes: text.len() as u64,
        };
        // However it is cut into pieces.
        for size in 1..=text.len().max(1) {
            let mut counter = Counter::new();
            for piece in text.chunks(size) {
                counter.take(piece);
            }
            assert_eq!(counter.counts, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn lines_are_newlines_and_words_are_runs_without_white_space() {
        check(b"", 0, 0);
        check(b"one", 0, 1);
        check(b"one two\nthree\n", 2, 3);
        check(b" \t\n\x0b\x0c\r ", 1, 0);
        check(b"  a  b\n\n c", 2, 3);
        check(b"\xff\0\x01 \xc2\xa0", 0, 2);
    }
}
