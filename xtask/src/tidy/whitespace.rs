//! White space that nobody sees until it is a difference: at the ends of lines and of files.

use super::finding::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts()
        .flat_map(|(path, text)| check_text(path, text))
        .collect()
}

fn check_text(path: &str, text: &str) -> Vec<Finding> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut findings: Vec<Finding> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.ends_with(char::is_whitespace))
        .map(|(index, _)| {
            Finding::new(
                path,
                index + 1,
                "white space at the end of the line",
                "remove it",
            )
        })
        .collect();
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::new(
            path,
            lines.len(),
            "the last line does not end",
            "end the file with one newline",
        ));
    } else if text.ends_with("\n\n") || text == "\n" {
        findings.push(Finding::new(
            path,
            lines.len() - 1,
            "an empty line at the end of the file",
            "end the file with one newline",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn ends_of_lines_and_files_are_looked_at() {
        for (text, line) in [
            ("a \nb\n", 1),
            ("a\nb\t\n", 2),
            ("a\r\n", 1),
            ("a\nb", 2),
            ("a\n\n", 2),
        ] {
            let found = complaints(check, &[("a.md", text)]);
            assert_eq!(found.len(), 1, "{text:?}: {found:?}");
            assert!(found[0].starts_with(&format!("a.md:{line}: ")), "{found:?}");
        }
        for text in ["", "a\n", "  a\n\nb\n"] {
            assert_eq!(complaints(check, &[("a.md", text)]), [""; 0], "{text:?}");
        }
    }
}
