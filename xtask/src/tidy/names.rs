//! Names that say nothing: drawers into which everything fits.

use super::finding::Finding;
use super::tree::Tree;
use std::collections::BTreeSet;
use syn::visit::{self, Visit};

const DRAWERS: [&str; 7] = [
    "common", "helper", "helpers", "manager", "misc", "util", "utils",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = named_files(tree);
    for file in tree.rust() {
        let mut reader = InlineModules {
            path: &file.path,
            findings: &mut findings,
        };
        reader.visit_file(&file.syntax);
    }
    findings
}

fn named_files(tree: &Tree) -> Vec<Finding> {
    let mut known = BTreeSet::new();
    let mut findings = Vec::new();
    for file in tree.files() {
        let mut end = 0;
        for part in file.path.split_inclusive('/') {
            end += part.len();
            let name = part.trim_end_matches('/');
            let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
            // A folder is found once, at its first file.
            if is_drawer(stem) && known.insert(&file.path[..end]) {
                findings.push(drawer(&file.path, 1, name));
            }
        }
    }
    findings
}

/// Modules in their own files have been found by the names of the files.
struct InlineModules<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl<'ast> Visit<'ast> for InlineModules<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        if module.content.is_some() && is_drawer(&name) {
            let line = module.ident.span().start().line;
            self.findings.push(drawer(self.path, line, &name));
        }
        visit::visit_item_mod(self, module);
    }
}

fn is_drawer(name: &str) -> bool {
    DRAWERS
        .iter()
        .any(|drawer| name.eq_ignore_ascii_case(drawer))
}

fn drawer(path: &str, line: usize, name: &str) -> Finding {
    Finding::new(
        path,
        line,
        format!("`{name}` is a drawer: everything fits into it"),
        "name it by the one thing that it does, or put the parts where they are used",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn drawers_are_found_as_files_folders_and_modules() {
        for (path, source) in [
            ("src/utils.rs", ""),
            ("src/Helpers.rs", ""),
            ("src/common/mod.rs", ""),
            ("docs/misc.md", ""),
            ("src/a.rs", "mod b { mod util {} }"),
        ] {
            assert_eq!(complaints(check, &[(path, source)]).len(), 1, "{path}");
        }
    }

    #[test]
    fn a_folder_is_found_once() {
        let files = [
            ("src/common/a.rs", ""),
            ("src/common/b.rs", ""),
            ("tests/common/c.rs", ""),
        ];
        assert_eq!(complaints(check, &files).len(), 2);
    }

    #[test]
    fn names_that_say_something_are_good() {
        let files = [
            ("src/commons.rs", "mod utilization {}"),
            ("src/ring.rs", "mod utils;"),
        ];
        assert_eq!(complaints(check, &files), [""; 0]);
    }
}
