//! A shell command line with replacement strings, made safe for any argument.
//!
//! Arguments are never pasted into the command line. Each is assigned to a shell variable in front
//! of it, in single quotes, and the replacement string becomes an expansion of that variable. So
//! no byte of an argument is read as shell syntax, wherever the replacement string stands, unless
//! the command line itself asks for it (`eval`, an inner `sh -c`). Only the quotes around the
//! expansion depend on the place; were they wrong (in a here-document they show), the argument
//! would be split or shown with quotes, but never run.
//!
//! This module reads POSIX shell quoting. It starts nothing and knows no job control.

use super::placeholder::{Input, Placeholder};
use super::words::quote;

/// A command line for a shell: the variables to set, then what to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Script {
    used: Vec<Placeholder>,
    body: Vec<u8>,
}

/// What the text at one place is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    /// Ordinary command text, up to this byte if it is nested.
    Plain { until: Option<u8> },
    /// Between double quotes.
    Double,
    /// Between single quotes; `escapes` for the form `$'...'`.
    Single { escapes: bool },
    /// Between `${` and `}`, inside double quotes or not.
    Parameter { double: bool },
    /// Inside `$((...))`, where some shells take no quotes.
    Arithmetic,
}

impl Script {
    /// Reads a command line. Without any replacement string the argument is appended.
    pub(crate) fn parse(line: &[u8]) -> Script {
        let mut script = Script {
            used: Vec::new(),
            body: Vec::new(),
        };
        let mut contexts = vec![Context::Plain { until: None }];
        let mut rest = line;
        while !rest.is_empty() {
            let length = script.take(rest, &mut contexts);
            rest = &rest[length..];
        }
        if script.used.is_empty() {
            script.body.push(b' ');
            script.expand(Placeholder::Argument, Context::Plain { until: None });
        }
        script
    }

    /// The text that a shell runs for this job.
    pub(crate) fn for_job(&self, input: &Input) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.body.len() + input.argument.len() + 32);
        for (position, &placeholder) in self.used.iter().enumerate() {
            if position > 0 {
                text.push(b' ');
            }
            text.extend_from_slice(variable(placeholder).as_bytes());
            text.push(b'=');
            text.extend_from_slice(&quote(&placeholder.value(input)));
        }
        text.extend_from_slice(b"; ");
        text.extend_from_slice(&self.body);
        text
    }

    /// Copies the next piece of the line and returns its length.
    fn take(&mut self, rest: &[u8], contexts: &mut Vec<Context>) -> usize {
        let context = *contexts.last().unwrap_or(&Context::Plain { until: None });
        if let Some(length) = self.uninterpreted(rest, context) {
            self.body.extend_from_slice(&rest[..length]);
            return length;
        }
        if let Some(placeholder) = Placeholder::at_start(rest) {
            self.expand(placeholder, context);
            return placeholder.spelling().len();
        }
        let length = enter_or_leave(rest, context, contexts);
        self.body.extend_from_slice(&rest[..length]);
        length
    }

    /// Escaped bytes and comments: text in which nothing begins, ends or is replaced.
    fn uninterpreted(&self, rest: &[u8], context: Context) -> Option<usize> {
        let escapes = context != Context::Single { escapes: false };
        if rest[0] == b'\\' && escapes {
            return Some(rest.len().min(2));
        }
        let word_starts = self
            .body
            .last()
            .is_none_or(|byte| b" \t\n;&|(".contains(byte));
        if rest[0] == b'#' && word_starts && matches!(context, Context::Plain { .. }) {
            return Some(
                rest.iter()
                    .position(|&byte| byte == b'\n')
                    .unwrap_or(rest.len()),
            );
        }
        None
    }

    fn expand(&mut self, placeholder: Placeholder, context: Context) {
        let (open, close) = match context {
            Context::Plain { .. } | Context::Parameter { double: false } => ("\"", "\""),
            Context::Double | Context::Parameter { double: true } | Context::Arithmetic => ("", ""),
            Context::Single { escapes: false } => ("'\"", "\"'"),
            Context::Single { escapes: true } => ("'\"", "\"$'"),
        };
        let expansion = format!("{open}${{{}}}{close}", variable(placeholder));
        self.body.extend_from_slice(expansion.as_bytes());
        if !self.used.contains(&placeholder) {
            self.used.push(placeholder);
        }
    }
}

/// Follows what opens or closes at the start of `rest`; returns how many bytes that took.
fn enter_or_leave(rest: &[u8], context: Context, contexts: &mut Vec<Context>) -> usize {
    let double = matches!(
        context,
        Context::Double | Context::Parameter { double: true }
    );
    let next = rest.get(1).copied();
    let closes = match context {
        Context::Plain { until } => until == Some(rest[0]),
        Context::Double => rest[0] == b'"',
        Context::Single { .. } => rest[0] == b'\'',
        Context::Parameter { .. } => rest[0] == b'}',
        Context::Arithmetic => rest[0] == b')',
    };
    if closes {
        contexts.pop();
        return 1;
    }
    if matches!(context, Context::Single { .. }) {
        return 1;
    }
    if rest.starts_with(b"$((") {
        contexts.extend([Context::Arithmetic; 2]);
        return 3;
    }
    let (opened, length) = match (rest[0], next) {
        (b'(', _) if context == Context::Arithmetic => (Context::Arithmetic, 1),
        (b'$', Some(b'(')) => (Context::Plain { until: Some(b')') }, 2),
        (b'$', Some(b'{')) => (Context::Parameter { double }, 2),
        (b'$', Some(b'\'')) if !double => (Context::Single { escapes: true }, 2),
        (b'`', _) => (Context::Plain { until: Some(b'`') }, 1),
        (b'"', _) => (Context::Double, 1),
        (b'\'', _) if !double => (Context::Single { escapes: false }, 1),
        (b'(', _) if !double => (Context::Plain { until: Some(b')') }, 1),
        _ => return 1,
    };
    contexts.push(opened);
    length
}

fn variable(placeholder: Placeholder) -> &'static str {
    match placeholder {
        Placeholder::Argument => "brigade_argument",
        Placeholder::Root => "brigade_root",
        Placeholder::Name => "brigade_name",
        Placeholder::Folder => "brigade_folder",
        Placeholder::Stem => "brigade_stem",
        Placeholder::Number => "brigade_number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let body = String::from_utf8(Script::parse(line.as_bytes()).body).unwrap();
        assert_eq!(body.replace("brigade_argument", "A"), expected);
    }

    #[test]
    fn the_quotes_around_the_expansion_fit_the_place() {
        check("a {} | b", r#"a "${A}" | b"#);
        check(r#"a "x{}y""#, r#"a "x${A}y""#);
        check("a 'x{}y'", r#"a 'x'"${A}"'y'"#);
        check("a $'x\\'{}y' {}", r#"a $'x\''"${A}"$'y' "${A}""#);
        check(
            r#"a "b $(c {} "d{}") {}""#,
            r#"a "b $(c "${A}" "d${A}") ${A}""#,
        );
        check(r#"a "$(((1+{})*2)) {}""#, r#"a "$(((1+${A})*2)) ${A}""#);
        check("(a; {})", r#"(a; "${A}")"#);
        check("a `b {}` {}", r#"a `b "${A}"` "${A}""#);
        check(r#"a "`b {}` {}""#, r#"a "`b "${A}"` ${A}""#);
    }

    #[test]
    fn shell_parameters_are_not_replacement_strings() {
        check("a ${x} ${#} $# {}", r#"a ${x} ${#} $# "${A}""#);
        check("a ${x:-{}} {}", r#"a ${x:-"${A}"} "${A}""#);
        check(r#"a "${x:-{}}'{}'""#, r#"a "${x:-${A}}'${A}'""#);
    }

    #[test]
    fn escapes_and_comments_are_left_alone() {
        check(r"a \{} \' {}", r#"a \{} \' "${A}""#);
        check(
            "a {} # it's {}\nb '{}'",
            "a \"${A}\" # it's {}\nb ''\"${A}\"''",
        );
        check("a x#'{}'", r#"a x#''"${A}"''"#);
    }

    #[test]
    fn without_a_replacement_string_the_argument_is_appended() {
        check("a | b", r#"a | b "${A}""#);
        check("", r#" "${A}""#);
    }

    #[test]
    fn unfinished_quotes_are_the_shells_to_report() {
        check("a 'x{}", r#"a 'x'"${A}"'"#);
        check("a \\", "a \\ \"${A}\"");
    }

    #[test]
    fn each_replacement_string_is_set_once_in_front() {
        let script = Script::parse(b"a {} {.} {} {#}>o");
        let text = script.for_job(&Input {
            index: 2,
            argument: b"it's.x\xff".to_vec(),
        });
        let expected =
            b"brigade_argument='it'\\''s.x\xff' brigade_root='it'\\''s' brigade_number=3; \
            a \"${brigade_argument}\" \"${brigade_root}\" \"${brigade_argument}\" \
            \"${brigade_number}\">o";
        assert_eq!(text, expected);
    }
}
