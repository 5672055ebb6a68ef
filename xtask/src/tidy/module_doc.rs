//! Every Rust file begins by saying what it is.

use super::finding::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts()
        .filter(|(path, text)| path.ends_with(".rs") && !text.starts_with("//!"))
        .map(|(path, _)| {
            Finding::new(
                path,
                1,
                "the file does not say what it is",
                "begin with `//!`: what this file is, and what it does not know",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn the_first_line_is_the_doc() {
        assert_eq!(
            complaints(check, &[("a.rs", "//! The ring.\nfn f() {}\n")]),
            [""; 0]
        );
        for source in ["fn f() {}\n", "// The ring.\nfn f() {}\n", "use a;\n", ""] {
            assert_eq!(
                complaints(check, &[("build.rs", source)]).len(),
                1,
                "{source}"
            );
        }
    }
}
