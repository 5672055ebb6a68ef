//! Paths that are right on one developer's machine only.

use super::finding::Finding;
use super::tree::Tree;

/// Where people keep their work. In two parts each, so that this file may be read by its own rule.
const HOMES: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        for (index, line) in text.lines().enumerate() {
            if let Some(home) = HOMES.into_iter().find(|home| names_path_in(line, home)) {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    format!("a path below `{home}` exists on one machine only"),
                    "write it relative to the repository, or make it up elsewhere",
                ));
            }
        }
    }
    findings
}

fn names_path_in(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let starts_here = !line[..at].ends_with(goes_on_in_path);
        starts_here && line[at + home.len()..].starts_with(|c: char| c.is_ascii_alphabetic())
    })
}

/// Whether a slash after this is in the middle of a longer path or address.
fn goes_on_in_path(c: char) -> bool {
    c.is_alphanumeric() || "_-.~*}>".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn paths_of_a_machine_are_found() {
        for home in HOMES {
            let line = format!("cd {home}brigade\n");
            assert_eq!(complaints(check, &[("a.md", &line)]).len(), 1, "{line}");
            let line = format!("const A: &str = \"{home}a\";\n");
            assert_eq!(complaints(check, &[("a.rs", &line)]).len(), 1, "{line}");
        }
    }

    #[test]
    fn folders_of_such_names_elsewhere_are_good() {
        for home in HOMES {
            let text = format!("target{home}a\nhttps://example.org{home}a\n{home}\n{home}*\n");
            assert_eq!(complaints(check, &[("a.md", &text)]), [""; 0], "{text}");
        }
    }
}
