//! `cargo xtask tidy`: taste that a machine can check.
//!
//! Every rule is a function from the repository to its findings, in a file of its own. A rule says what
//! is wrong, where, and what to do instead. Nothing here changes a file, and nothing here knows what
//! rustfmt and clippy already say.
//!
//! To add a rule: write it with a test that shows a violation and its good twin, and add it to [`RULES`].

mod crates;
mod facade;
mod finding;
mod guide;
mod layers;
mod machine_paths;
mod manifest;
mod module_doc;
mod module_path;
mod named_paths;
mod names;
mod size;
mod test_code;
mod tree;
mod unfinished;
mod whitespace;

use crate::say;
use finding::Finding;
use std::path::Path;
use tree::Tree;

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    unreadable,
    layers::check,
    facade::check,
    crates::check,
    module_doc::check,
    size::check,
    names::check,
    unfinished::check,
    whitespace::check,
    guide::check,
    machine_paths::check,
];

/// Prints every finding; an error if there is one.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let tree = Tree::read(root)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    for finding in &findings {
        say(&finding.to_string())?;
    }
    let files = tree.files().len();
    match findings.len() {
        0 => say(&format!("tidy: {files} files, no findings")),
        1 => Err(format!(
            "tidy has 1 finding in {files} files; it stands above"
        )),
        many => Err(format!(
            "tidy has {many} findings in {files} files; they stand above"
        )),
    }
}

/// What cannot be parsed cannot be checked, so it must not pass in silence.
fn unreadable(tree: &Tree) -> Vec<Finding> {
    tree.unparsed().to_vec()
}

/// What `rule` says about a repository of these files: for the tests of the rules.
#[cfg(test)]
fn complaints(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let tree = Tree::of(files);
    assert!(tree.unparsed().is_empty(), "{:?}", tree.unparsed());
    rule(&tree).iter().map(Finding::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_rust_is_a_finding() {
        let tree = Tree::of(&[
            ("a.rs", "//! Doc.\nfn f( {}\n"),
            ("b.rs", "//! Doc.\nfn f() {}\n"),
        ]);
        let findings = unreadable(&tree);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].to_string().starts_with("a.rs:2: "),
            "{}",
            findings[0]
        );
    }
}
