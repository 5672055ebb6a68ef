//! Code that says of itself that it is not done.
//!
//! Clippy denies the macros as well, but it does not look into every cfg.

use super::finding::Finding;
use super::tree::Tree;
use proc_macro2::{TokenStream, TokenTree};

const MACROS: [&str; 3] = ["dbg", "todo", "unimplemented"];

/// In two parts each, so that this file may be read by its own rule.
const MARKS: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X")];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        unfinished_code(&file.path, file.tokens.clone(), &mut findings);
    }
    for (path, text) in tree.texts().filter(|(path, _)| !is_prose(path)) {
        for (index, line) in text.lines().enumerate() {
            findings.extend(mark_in(line).map(|mark| {
                Finding::new(
                    path,
                    index + 1,
                    format!("`{mark}` marks something unfinished"),
                    "finish it, or open an issue and say here what holds today",
                )
            }));
        }
    }
    findings
}

fn is_prose(path: &str) -> bool {
    path.ends_with(".md") || path.ends_with(".txt")
}

fn mark_in(line: &str) -> Option<&'static str> {
    let mut words = line.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| MARKS.into_iter().find(|mark| *mark == word))
}

fn unfinished_code(path: &str, tokens: TokenStream, findings: &mut Vec<Finding>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, tree) in trees.iter().enumerate() {
        match (tree, trees.get(index + 1)) {
            (TokenTree::Ident(name), Some(TokenTree::Punct(bang)))
                if bang.as_char() == '!' && MACROS.iter().any(|word| name == word) =>
            {
                findings.push(Finding::new(
                    path,
                    name.span().start().line,
                    format!("`{name}!` is for code that is not done"),
                    "finish it, or return an error that says what is missing",
                ));
            }
            (TokenTree::Punct(hash), Some(TokenTree::Group(attribute)))
                if hash.as_char() == '#' && begins_with_ignore(attribute.stream()) =>
            {
                findings.push(Finding::new(
                    path,
                    hash.span().start().line,
                    "an ignored test proves nothing",
                    "make it run, or remove it",
                ));
            }
            _ => {}
        }
        if let TokenTree::Group(group) = tree {
            unfinished_code(path, group.stream(), findings);
        }
    }
}

fn begins_with_ignore(attribute: TokenStream) -> bool {
    matches!(attribute.into_iter().next(), Some(TokenTree::Ident(name)) if name == "ignore")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn unfinished_code_is_found_in_macros_too() {
        for source in [
            "fn f() { todo!() }",
            "fn f() { std::unimplemented!(\"later\") }",
            "fn f() { vec![dbg!(1)]; }",
            "#[test]\n#[ignore]\nfn f() {}",
            "#[test]\n#[ignore = \"slow\"]\nfn f() {}",
        ] {
            assert_eq!(complaints(check, &[("a.rs", source)]).len(), 1, "{source}");
        }
    }

    #[test]
    fn marks_are_found_in_code_and_not_in_prose() {
        for mark in MARKS {
            let line = format!("# {mark}: later\n");
            assert_eq!(complaints(check, &[("a.toml", &line)]).len(), 1, "{line}");
            assert_eq!(complaints(check, &[("a.md", &line)]), [""; 0]);
        }
    }

    #[test]
    fn words_that_look_alike_are_good() {
        let source = "fn todo() {}\n// A todo! in a comment, and mktemp's XXXXXX.\n\
                      fn f() { let ignore = todo; ignore(); }\n";
        assert_eq!(complaints(check, &[("a.rs", source)]), [""; 0]);
    }
}
