//! Words of a command line: when one needs a shell, how it splits, how a word is quoted.
//!
//! Pure byte work over POSIX shell syntax. It starts nothing and knows no template.

use super::placeholder::Placeholder;
use std::borrow::Cow;

/// What a shell would not take literally. Braces of replacement strings are skipped before.
const SHELL_SYNTAX: &[u8] = b"|&;<>()$`\\\"'*?[]#~!{}\n";

/// First words that only a shell understands. Those that exist as programs too (`echo`, `test`,
/// `kill` ...) are left out: running the program gives the same result.
const SHELL_WORDS: &[&str] = &[
    ".", ":", "alias", "bg", "break", "case", "cd", "command", "continue", "do", "done", "elif",
    "else", "esac", "eval", "exec", "exit", "export", "fc", "fg", "fi", "for", "function",
    "getopts", "hash", "if", "jobs", "local", "read", "readonly", "return", "select", "set",
    "shift", "source", "then", "time", "times", "trap", "type", "ulimit", "umask", "unalias",
    "unset", "until", "wait", "while",
];

/// Whether this command line means something else to a shell than its words split at white space.
pub(crate) fn needs_shell(line: &[u8]) -> bool {
    let literal = without_placeholders(line);
    let first = split(line).next().unwrap_or_default();
    literal.iter().any(|byte| SHELL_SYNTAX.contains(byte))
        || first.contains(&b'=')
        || SHELL_WORDS.iter().any(|word| word.as_bytes() == first)
}

/// The words of a line without shell syntax.
pub(crate) fn split(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// The word as a shell reads it back: unchanged where that is safe, else in single quotes.
pub(crate) fn quote(word: &[u8]) -> Cow<'_, [u8]> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./,:@%+".contains(byte);
    if !word.is_empty() && word.iter().all(plain) {
        return Cow::Borrowed(word);
    }
    let mut quoted = vec![b'\''];
    for &byte in word {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            other => quoted.push(other),
        }
    }
    quoted.push(b'\'');
    Cow::Owned(quoted)
}

fn without_placeholders(line: &[u8]) -> Vec<u8> {
    let mut literal = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(&byte) = rest.first() {
        let length = match Placeholder::at_start(rest) {
            Some(placeholder) => placeholder.spelling().len(),
            None => {
                literal.push(byte);
                1
            }
        };
        rest = &rest[length..];
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_replacement_strings_need_no_shell() {
        for line in [
            "true",
            "gzip -9 {}",
            "convert {} {.}.png",
            "cp a=b {//}/{/.}-{#},x",
            "",
        ] {
            assert!(!needs_shell(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn anything_a_shell_would_interpret_needs_one() {
        for line in [
            "a | b",
            "a > b",
            "a < b",
            "a; b",
            "a && b",
            "a &",
            "echo $HOME",
            "ls *.c",
            "ls ?",
            "echo 'x'",
            "echo \"{}\"",
            "a\\ b",
            "(a)",
            "a `b`",
            "[ -f {} ]",
            "echo a{1,2}",
            "~/x",
            "a\nb",
            "X=1 make",
            "cd {}",
            "exit {}",
            "if {}",
            "! true",
            "echo {1}",
            "a # b",
        ] {
            assert!(needs_shell(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn lines_split_at_any_white_space() {
        let words: Vec<&[u8]> = split(b"  a\t-b  c\xff ").collect();
        assert_eq!(words, [&b"a"[..], b"-b", b"c\xff"]);
    }

    #[test]
    fn quoting_leaves_plain_words_alone_and_encloses_all_others() {
        for (word, quoted) in [
            (&b"a/b-c_1.txt"[..], &b"a/b-c_1.txt"[..]),
            (b"", b"''"),
            (b"a b", b"'a b'"),
            (b"it's", b"'it'\\''s'"),
            (b"$(x)\n\xff", b"'$(x)\n\xff'"),
            (b"x=1", b"'x=1'"),
            (b"~", b"'~'"),
        ] {
            assert_eq!(quote(word), quoted);
        }
    }
}
