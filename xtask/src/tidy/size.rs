//! How long a function and a file may be.
//!
//! Lines of code count, in files; comments, docs and blank lines are free, so that nobody saves on them.
//! Functions that a macro makes are not seen.

use super::finding::Finding;
use super::tree::{RustFile, Tree};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{Block, Signature};

/// From the line of `fn` to that of the closing brace: what fits on a screen.
const FUNCTION_LINES: usize = 70;
/// What one idea needs.
const FILE_LINES: usize = 600;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let mut measure = Measure {
            path: &file.path,
            findings: &mut findings,
        };
        measure.visit_file(&file.syntax);
        findings.extend(long_file(file));
    }
    findings
}

fn long_file(file: &RustFile) -> Option<Finding> {
    let mut code = BTreeSet::new();
    collect_code_lines(file.tokens.clone(), &mut code);
    let line = *code.iter().nth(FILE_LINES)?;
    let lines = code.len();
    Some(Finding::new(
        &file.path,
        line,
        format!("the file has {lines} lines of code, and the limit of {FILE_LINES} is here"),
        "split it by idea",
    ))
}

fn collect_code_lines(tokens: TokenStream, lines: &mut BTreeSet<usize>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = &trees[..];
    while let [first, after @ ..] = rest {
        if let Some(after) = after_doc(rest) {
            rest = after;
            continue;
        }
        rest = after;
        match first {
            TokenTree::Group(group) => {
                lines.insert(group.span_open().start().line);
                lines.insert(group.span_close().end().line);
                collect_code_lines(group.stream(), lines);
            }
            // A literal may go over many lines.
            token => lines.extend(token.span().start().line..=token.span().end().line),
        }
    }
}

/// What follows a doc comment, which is the attribute `#[doc = ".."]` to the compiler.
fn after_doc(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let (attribute, after) = match tokens {
        [
            TokenTree::Punct(hash),
            TokenTree::Punct(bang),
            TokenTree::Group(group),
            after @ ..,
        ] if hash.as_char() == '#' && bang.as_char() == '!' => (group, after),
        [TokenTree::Punct(hash), TokenTree::Group(group), after @ ..] if hash.as_char() == '#' => {
            (group, after)
        }
        _ => return None,
    };
    let mut inside = attribute.stream().into_iter();
    let is_doc = matches!(inside.next(), Some(TokenTree::Ident(name)) if name == "doc")
        && matches!(inside.next(), Some(TokenTree::Punct(equals)) if equals.as_char() == '=');
    is_doc.then_some(after)
}

struct Measure<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl Measure<'_> {
    fn function(&mut self, signature: &Signature, body: &Block) {
        let first = signature.fn_token.span.start().line;
        let last = body.brace_token.span.close().end().line;
        let lines = last - first + 1;
        if lines > FUNCTION_LINES {
            self.findings.push(Finding::new(
                self.path,
                first,
                format!(
                    "the function `{}` has {lines} lines, more than {FUNCTION_LINES}",
                    signature.ident
                ),
                "keep the control flow here, and give its parts names of their own",
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Measure<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.function(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    /// A function of so many lines.
    fn function(lines: usize) -> String {
        format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2))
    }

    #[test]
    fn a_long_function_is_found_wherever_it_stands() {
        let long = function(FUNCTION_LINES + 1);
        for source in [
            format!("\n{long}"),
            format!("impl A {{\n{long}}}\n"),
            format!("trait A {{\n{long}}}\n"),
            format!("mod a {{\n{long}}}\n"),
        ] {
            assert_eq!(
                complaints(check, &[("a.rs", &source)]),
                [
                    "a.rs:2: the function `f` has 71 lines, more than 70; keep the control flow here, \
                  and give its parts names of their own"
                ]
            );
        }
        assert_eq!(
            complaints(check, &[("a.rs", &function(FUNCTION_LINES))]),
            [""; 0]
        );
    }

    #[test]
    fn a_function_inside_of_another_counts_for_both() {
        let source = format!("fn outer() {{\n{}}}\n", function(FUNCTION_LINES + 1));
        assert_eq!(complaints(check, &[("a.rs", &source)]).len(), 2);
    }

    #[test]
    fn only_code_makes_a_file_long() {
        let free = "//! Doc.\n\n/* A\nblock. */\n/// Doc.\n// Why.\n";
        let code = "const A: &str = \"two\n\nthree\";\n".repeat(FILE_LINES / 3);
        let good = format!("{free}{code}");
        assert_eq!(complaints(check, &[("a.rs", &good)]), [""; 0]);
        let bad = format!("{free}{code}fn f() {{}}\n");
        let found = complaints(check, &[("a.rs", &bad)]);
        assert_eq!(
            found,
            [
                "a.rs:607: the file has 601 lines of code, and the limit of 600 is here; split it by idea"
            ]
        );
    }
}
