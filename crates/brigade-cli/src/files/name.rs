//! Names of files in the output: on a line, in a sentence, in JSON.
//!
//! Names are bytes. A name with a newline in it must not look like two lines.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Bytes that are spelled out, and their spelling, as GNU's digest tools have it.
const SPELLED: [(u8, u8); 3] = [(b'\\', b'\\'), (b'\n', b'n'), (b'\r', b'r')];

/// A line of output. It begins with a backslash if something in the name had to be spelled out.
pub(super) fn line(before: &str, name: &OsStr, after: &str) -> Vec<u8> {
    let spelled = spell(name.as_bytes());
    let mark: &[u8] = if matches!(spelled, Cow::Owned(_)) {
        b"\\"
    } else {
        b""
    };
    [mark, before.as_bytes(), &spelled, after.as_bytes(), b"\n"].concat()
}

/// The name in a sentence, with nothing in it that a terminal would obey.
pub(super) fn shown(name: &OsStr) -> String {
    if name == "-" {
        return "standard input".to_owned();
    }
    let text = String::from_utf8_lossy(&spell(name.as_bytes())).into_owned();
    text.chars()
        .map(|letter| match letter {
            _ if letter.is_control() => letter.escape_default().to_string(),
            _ => letter.to_string(),
        })
        .collect()
}

/// A JSON object that begins with the name, as a line.
pub(super) fn json(name: &OsStr, fields: &[(&str, serde_json::Value)]) -> Vec<u8> {
    let mut object = vec![("path", name.to_string_lossy().into())];
    if name.to_str().is_none() {
        object.push(("path_hex", hex(name.as_bytes()).into()));
    }
    object.extend_from_slice(fields);
    json_line(&object)
}

/// A JSON object with its fields in this order, as a line.
pub(super) fn json_line(fields: &[(&str, serde_json::Value)]) -> Vec<u8> {
    let fields: Vec<String> = fields
        .iter()
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    format!("{{{}}}\n", fields.join(",")).into_bytes()
}

/// Two digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS[usize::from(four)]);
    let digits = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(digits).collect()
}

fn spell(name: &[u8]) -> Cow<'_, [u8]> {
    let spelling = |byte| SPELLED.iter().find(|(special, _)| *special == byte);
    if !name.iter().any(|byte| spelling(*byte).is_some()) {
        return Cow::Borrowed(name);
    }
    let mut spelled = Vec::with_capacity(name.len() + 8);
    for &byte in name {
        match spelling(byte) {
            Some((_, letter)) => spelled.extend_from_slice(&[b'\\', *letter]),
            None => spelled.push(byte),
        }
    }
    Cow::Owned(spelled)
}

/// The name that was spelled so; `None` if none is.
pub(super) fn unspell(spelled: &[u8]) -> Option<OsString> {
    let mut name = Vec::with_capacity(spelled.len());
    let mut bytes = spelled.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'\\' {
            name.push(byte);
            continue;
        }
        let letter = bytes.next()?;
        let (special, _) = SPELLED.iter().find(|(_, known)| known == letter)?;
        name.push(*special);
    }
    Some(OsString::from_vec(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stand_as_they_are() {
        assert_eq!(line("x  ", OsStr::new("a b"), ""), b"x  a b\n");
        let odd = OsStr::from_bytes(b"\xff");
        assert_eq!(line("", odd, ": OK"), b"\xff: OK\n");
    }

    #[test]
    fn a_name_can_never_look_like_a_second_line() {
        let name = OsStr::from_bytes(b"a\nb\\c\rd\xff");
        assert_eq!(line("x  ", name, ""), b"\\x  a\\nb\\\\c\\rd\xff\n");
        assert_eq!(unspell(b"a\\nb\\\\c\\rd\xff").unwrap(), name);
    }

    #[test]
    fn a_name_in_a_sentence_commands_no_terminal() {
        assert_eq!(shown(OsStr::new("a\x1b[2Jb\nc")), "a\\u{1b}[2Jb\\nc");
        assert_eq!(shown(OsStr::new("-")), "standard input");
    }

    #[test]
    fn what_no_name_is_spelled_as_is_refused() {
        assert_eq!(unspell(b"a\\x"), None);
        assert_eq!(unspell(b"a\\"), None);
    }

    #[test]
    fn names_that_are_not_utf_8_are_exact_in_json() {
        let fields = [("bytes", 3.into())];
        assert_eq!(
            json(OsStr::new("a\"b"), &fields),
            b"{\"path\":\"a\\\"b\",\"bytes\":3}\n"
        );
        let line = json(OsStr::from_bytes(b"\xffx"), &fields);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(
            line,
            "{\"path\":\"\u{fffd}x\",\"path_hex\":\"ff78\",\"bytes\":3}\n"
        );
    }
}
