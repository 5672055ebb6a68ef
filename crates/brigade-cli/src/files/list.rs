//! Lists of digests: what `b3sum` and `sha256sum` print and read, and so do we.
//!
//! Turns bytes into entries. Opens no file that is listed.

use super::hash::Digest;
use super::name;
use crate::cli::Algorithm;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::OsStringExt;

/// A digest in a line of the list.
const HEX_LENGTH: usize = 2 * size_of::<Digest>();

/// No name is as long as this; the list is then not what it was taken for.
const LINE_LIMIT: usize = 64 * 1024;

/// What a line of the list turned out to be.
#[derive(Debug)]
pub(super) enum Line {
    Entry(Entry),
    /// No digest and name. The number of the line, from 1.
    NoEntry(u64),
    /// The list cannot be read any further.
    Broken(io::Error),
}

/// A line that says what a file should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) digest: Digest,
    pub(super) name: OsString,
}

/// The lines that say something, up to the first that cannot be read. Standard input can be an entry once,
/// and only if `stdin_is_free`, because it can be read once.
pub(super) fn lines(
    list: impl Read + Send,
    algo: Algorithm,
    mut stdin_is_free: bool,
) -> impl Iterator<Item = Line> + Send {
    raw_lines(list).filter_map(move |line| match line {
        Err(error) => Some(Line::Broken(error)),
        Ok((_, line)) if line.is_empty() || line.starts_with(b"#") => None,
        Ok((number, line)) => match Entry::parse(&line, algo) {
            Some(entry) if entry.name != "-" => Some(Line::Entry(entry)),
            Some(entry) if std::mem::take(&mut stdin_is_free) => Some(Line::Entry(entry)),
            _ => Some(Line::NoEntry(number)),
        },
    })
}

/// The lines with their numbers and without their ends.
fn raw_lines(list: impl Read + Send) -> impl Iterator<Item = io::Result<(u64, Vec<u8>)>> + Send {
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
                // A name that ends so is spelled out; this is the line end of other systems.
                line.pop_if(|last| *last == b'\r');
                Some(Ok((number, line)))
            }
            Err(error) => {
                broken = true;
                Some(Err(error))
            }
        }
    })
}

impl Entry {
    /// `DIGEST  NAME`, `DIGEST *NAME` or `ALGORITHM (NAME) = DIGEST`; a backslash in front says that the name
    /// is spelled.
    fn parse(line: &[u8], algo: Algorithm) -> Option<Entry> {
        let line = line.trim_ascii_start();
        let (line, is_spelled) = match line.strip_prefix(b"\\") {
            Some(rest) => (rest, true),
            None => (line, false),
        };
        let (hex, name) = Entry::split(line).or_else(|| Entry::split_tagged(line, algo))?;
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

    fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
        let (hex, rest) = line.split_at_checked(HEX_LENGTH)?;
        let name = rest
            .strip_prefix(b"  ")
            .or_else(|| rest.strip_prefix(b" *"))?;
        Some((hex, name))
    }

    fn split_tagged(line: &[u8], algo: Algorithm) -> Option<(&[u8], &[u8])> {
        let tag = algo.name().to_ascii_uppercase();
        let rest = line.strip_prefix(tag.as_bytes())?.strip_prefix(b" (")?;
        let (rest, hex) = rest.split_at_checked(rest.len().checked_sub(HEX_LENGTH)?)?;
        Some((hex, rest.strip_suffix(b") = ")?))
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00Ff";

    fn parsed(line: &str) -> Option<String> {
        let entry = Entry::parse(line.as_bytes(), Algorithm::Sha256)?;
        assert_eq!(entry.digest[..2], [0, 255]);
        Some(entry.name.into_string().unwrap())
    }

    #[test]
    fn lines_of_both_tools_are_understood() {
        assert_eq!(parsed(&format!("{HEX}  a b")).unwrap(), "a b");
        assert_eq!(parsed(&format!("  {HEX} *a")).unwrap(), "a");
        assert_eq!(parsed(&format!("{HEX}  a\\nb")).unwrap(), "a\\nb");
        assert_eq!(parsed(&format!("\\{HEX}  a\\nb\\\\")).unwrap(), "a\nb\\");
        assert_eq!(
            parsed(&format!("SHA256 (a) = b) = {HEX}")).unwrap(),
            "a) = b"
        );
    }

    #[test]
    fn other_lines_are_not() {
        for line in ["", "x", HEX] {
            assert_eq!(parsed(line), None, "{line}");
        }
        for rest in ["  ", " a", "\ta", "0  a"] {
            assert_eq!(parsed(&format!("{HEX}{rest}")), None, "{rest}");
        }
        assert_eq!(parsed(&format!("g{}  a", &HEX[1..])), None);
        assert_eq!(parsed(&format!("\\{HEX}  a\\x")), None);
        assert_eq!(parsed(&format!("BLAKE3 (a) = {HEX}")), None);
        assert_eq!(parsed(&format!("SHA256 () = {HEX}")), None);
    }

    fn names(list: &str, stdin_is_free: bool) -> Vec<String> {
        let shown = |line| match line {
            Line::Entry(entry) => entry.name.into_string().unwrap(),
            Line::NoEntry(number) => format!("no entry in {number}"),
            Line::Broken(error) => error.to_string(),
        };
        lines(list.as_bytes(), Algorithm::Sha256, stdin_is_free)
            .map(shown)
            .collect()
    }

    #[test]
    fn comments_and_empty_lines_say_nothing_and_line_ends_are_those_of_any_system() {
        let list = format!("# a list\r\n\n{HEX}  a\r\nx\n{HEX}  b");
        assert_eq!(names(&list, true), ["a", "no entry in 4", "b"]);
    }

    #[test]
    fn standard_input_is_an_entry_once() {
        let list = format!("{HEX}  -\n{HEX}  -\n{HEX}  a\n");
        assert_eq!(names(&list, true), ["-", "no entry in 2", "a"]);
        assert_eq!(names(&list, false), ["no entry in 1", "no entry in 2", "a"]);
    }

    #[test]
    fn an_endless_line_ends_the_list() {
        let list = vec![b'x'; 3 * LINE_LIMIT];
        let mut lines = lines(&list[..], Algorithm::Sha256, true);
        assert!(matches!(lines.next(), Some(Line::Broken(_))));
        assert!(lines.next().is_none());
    }
}
