//! The six replacement strings and what each makes of an argument.
//!
//! Pure byte work: it knows neither commands nor shells, touches no file system, and takes any
//! bytes, UTF-8 or not.

use std::borrow::Cow;

/// One replacement string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// `{}`: the argument.
    Argument,
    /// `{.}`: the argument without its extension.
    Root,
    /// `{/}`: the last component of the path.
    Name,
    /// `{//}`: the folder part of the path.
    Folder,
    /// `{/.}`: the last component without its extension.
    Stem,
    /// `{#}`: the number of the job, from 1.
    Number,
}

/// What one job is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// Its place in the input, from 0.
    pub(crate) index: u64,
    /// The argument as it came.
    pub(crate) argument: Vec<u8>,
}

impl Placeholder {
    pub(crate) const ALL: [Placeholder; 6] = [
        Placeholder::Argument,
        Placeholder::Root,
        Placeholder::Name,
        Placeholder::Folder,
        Placeholder::Stem,
        Placeholder::Number,
    ];

    pub(crate) fn spelling(self) -> &'static str {
        match self {
            Placeholder::Argument => "{}",
            Placeholder::Root => "{.}",
            Placeholder::Name => "{/}",
            Placeholder::Folder => "{//}",
            Placeholder::Stem => "{/.}",
            Placeholder::Number => "{#}",
        }
    }

    /// The replacement string that `text` begins with, if it begins with one.
    pub(crate) fn at_start(text: &[u8]) -> Option<Placeholder> {
        if text.first() != Some(&b'{') {
            return None;
        }
        Placeholder::ALL
            .into_iter()
            .find(|placeholder| text.starts_with(placeholder.spelling().as_bytes()))
    }

    /// What stands in its place for this job.
    pub(crate) fn value(self, input: &Input) -> Cow<'_, [u8]> {
        let path = input.argument.as_slice();
        match self {
            Placeholder::Argument => path,
            Placeholder::Root => &path[..root_length(path)],
            Placeholder::Name => name(path),
            Placeholder::Folder => folder(path),
            Placeholder::Stem => {
                let name = name(path);
                &name[..root_length(name)]
            }
            Placeholder::Number => return (input.index + 1).to_string().into_bytes().into(),
        }
        .into()
    }
}

/// Where the extension begins: at the last dot of the last component, unless only dots stand
/// before it there (`.profile`, `..`).
fn root_length(path: &[u8]) -> usize {
    let start = path
        .iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |slash| slash + 1);
    match path[start..].iter().rposition(|&byte| byte == b'.') {
        Some(dot) if path[start..start + dot].iter().any(|&byte| byte != b'.') => start + dot,
        _ => path.len(),
    }
}

/// The last component, as `basename` has it: slashes at the end do not count.
fn name(path: &[u8]) -> &[u8] {
    let trimmed = without_trailing_slashes(path);
    match trimmed.iter().rposition(|&byte| byte == b'/') {
        Some(slash) if trimmed.len() > 1 => &trimmed[slash + 1..],
        _ => trimmed,
    }
}

/// The folder, as `dirname` has it: `.` where the path names none.
fn folder(path: &[u8]) -> &[u8] {
    let trimmed = without_trailing_slashes(path);
    match trimmed.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => without_trailing_slashes(&trimmed[..=slash]),
        None => b".",
    }
}

/// A path of nothing but slashes keeps one.
fn without_trailing_slashes(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&byte| byte != b'/') {
        Some(last) => &path[..=last],
        None => &path[..path.len().min(1)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(argument: &[u8], [root, name, folder, stem]: [&[u8]; 4]) {
        let input = Input {
            index: 6,
            argument: argument.to_vec(),
        };
        let value = |placeholder: Placeholder| placeholder.value(&input).into_owned();
        assert_eq!(value(Placeholder::Argument), argument);
        assert_eq!(value(Placeholder::Root), root, "{{.}}");
        assert_eq!(value(Placeholder::Name), name, "{{/}}");
        assert_eq!(value(Placeholder::Folder), folder, "{{//}}");
        assert_eq!(value(Placeholder::Stem), stem, "{{/.}}");
        assert_eq!(value(Placeholder::Number), b"7");
    }

    #[test]
    fn ordinary_paths_come_apart_at_the_last_slash_and_dot() {
        check(b"a/b/c.txt", [b"a/b/c", b"c.txt", b"a/b", b"c"]);
        check(b"c.tar.gz", [b"c.tar", b"c.tar.gz", b".", b"c.tar"]);
        check(
            b"/etc/passwd",
            [b"/etc/passwd", b"passwd", b"/etc", b"passwd"],
        );
        check(b"/top", [b"/top", b"top", b"/", b"top"]);
    }

    #[test]
    fn a_dot_in_a_folder_is_no_extension() {
        check(b"a.b/c", [b"a.b/c", b"c", b"a.b", b"c"]);
        check(b"./c", [b"./c", b"c", b".", b"c"]);
        check(b"../c", [b"../c", b"c", b"..", b"c"]);
    }

    #[test]
    fn names_that_begin_with_dots_keep_them() {
        check(b".profile", [b".profile", b".profile", b".", b".profile"]);
        check(
            b"a/.profile",
            [b"a/.profile", b".profile", b"a", b".profile"],
        );
        check(b".a.b", [b".a", b".a.b", b".", b".a"]);
        check(b".", [b".", b".", b".", b"."]);
        check(b"..", [b"..", b"..", b".", b".."]);
        check(b"name.", [b"name", b"name.", b".", b"name"]);
    }

    #[test]
    fn slashes_at_the_end_do_not_hide_the_name() {
        check(b"a/b.d/", [b"a/b.d/", b"b.d", b"a", b"b"]);
        check(b"a//b///", [b"a//b///", b"b", b"a", b"b"]);
        check(b"/", [b"/", b"/", b"/", b"/"]);
        check(b"///", [b"///", b"/", b"/", b"/"]);
    }

    #[test]
    fn an_empty_argument_is_an_argument() {
        check(b"", [b"", b"", b".", b""]);
    }

    #[test]
    fn bytes_that_are_no_utf8_pass_unchanged() {
        check(
            b"d\xff/caf\xe9.t\xfe",
            [b"d\xff/caf\xe9", b"caf\xe9.t\xfe", b"d\xff", b"caf\xe9"],
        );
    }

    #[test]
    fn only_the_exact_spellings_are_replacement_strings() {
        for placeholder in Placeholder::ALL {
            let text = format!("{}}}rest", placeholder.spelling());
            assert_eq!(Placeholder::at_start(text.as_bytes()), Some(placeholder));
        }
        for text in ["", "{", "{1}", "{ }", "{/", "{///}", "x{}", "{%}"] {
            assert_eq!(Placeholder::at_start(text.as_bytes()), None, "{text}");
        }
    }
}
