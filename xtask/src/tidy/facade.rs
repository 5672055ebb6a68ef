//! What only `prim` may name in the crate `brigade`: std's ways to share, wait and tell the time.
//!
//! The model checker sees what goes through the facade and nothing else. Clippy bans the types and
//! functions that it can tell apart (clippy.toml); it looks through re-exports, so `Arc` and the atomics
//! are banned here, by the path that is written. Test code may name everything.

use super::finding::Finding;
use super::module_path::module_of;
use super::named_paths::{NamedPath, named_paths};
use super::test_code::{TestCode, TestLines, needs_test};
use super::tree::{RustFile, Tree};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Meta, Token};

/// The module that is the facade.
const FACADE: &str = "prim";

/// What is hidden, and what to write for it.
const HIDDEN: &[(&[&str], &str)] = &[
    (
        &["std", "sync", "atomic"],
        "use `crate::prim::atomic` and `crate::prim::Ordering`",
    ),
    (&["std", "sync", "Arc"], "use `crate::prim::Arc`"),
    (&["std", "sync", "Mutex"], "use `crate::prim::Lock`"),
    (&["std", "sync", "RwLock"], "use `crate::prim::Lock`"),
    (&["std", "sync", "Condvar"], "wait through `crate::wait`"),
    (&["std", "sync", "Barrier"], "wait through `crate::wait`"),
    (
        &["std", "sync", "Once"],
        "make `crate::prim` offer what is needed",
    ),
    (
        &["std", "sync", "OnceLock"],
        "make `crate::prim` offer what is needed",
    ),
    (
        &["std", "sync", "LazyLock"],
        "make `crate::prim` offer what is needed",
    ),
    (
        &["std", "sync", "mpsc"],
        "hand over through `crate::queue` and wait through `crate::wait`",
    ),
    (&["std", "sync", "*"], "name what is needed, one by one"),
    (&["std", "thread", "spawn"], "use `crate::prim::thread`"),
    (&["std", "thread", "park"], "wait through `crate::wait`"),
    (
        &["std", "thread", "park_timeout"],
        "wait through `crate::wait`",
    ),
    (
        &["std", "thread", "sleep"],
        "wait through `crate::wait`, with a deadline",
    ),
    (&["std", "thread", "yield_now"], "use `crate::prim::hint`"),
    (&["std", "thread", "*"], "name what is needed, one by one"),
    (
        &["std", "time", "Instant", "now"],
        "use `crate::prim::clock`",
    ),
    (&["std", "time", "*"], "name what is needed, one by one"),
    (&["libc"], "make `crate::prim` offer what is needed"),
];

/// The cfgs that choose a checker in the place of the machine.
const MODEL_CFGS: [&str; 4] = ["brigade_loom", "loom", "brigade_shuttle", "shuttle"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let tests = TestCode::find(tree);
    let mut findings = Vec::new();
    for file in tree.rust() {
        let Some(module) = module_of(&file.path) else {
            continue;
        };
        if module.first().is_some_and(|first| first == FACADE) {
            continue;
        }
        let test_lines = tests.lines_of(file);
        let paths = named_paths(file, &module);
        let shown = paths.iter().filter(|path| !test_lines.contain(path.line));
        findings.extend(shown.filter_map(|path| hidden(file, path)));
        model_cfgs(file, file.tokens.clone(), &test_lines, &mut findings);
    }
    findings
}

fn hidden(file: &RustFile, path: &NamedPath) -> Option<Finding> {
    let (prefix, instead) = HIDDEN.iter().find(|(prefix, _)| path.spells(prefix))?;
    Some(Finding::new(
        &file.path,
        path.line,
        format!(
            "`{}` outside `{FACADE}` is invisible to the model checker",
            prefix.join("::")
        ),
        *instead,
    ))
}

/// Finds `#[cfg(..)]`, `#[cfg_attr(..)]` and `cfg!(..)` that fork the code by back end.
fn model_cfgs(
    file: &RustFile,
    tokens: TokenStream,
    tests: &TestLines,
    findings: &mut Vec<Finding>,
) {
    let mut after_cfg = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let line = group.span_open().start().line;
                if after_cfg && forks_by_model(&group) && !tests.contain(line) {
                    findings.push(Finding::new(
                        &file.path,
                        line,
                        format!("a cfg of the model checker outside `{FACADE}` and without `test`"),
                        format!("let `crate::{FACADE}` absorb the difference"),
                    ));
                }
                model_cfgs(file, group.stream(), tests, findings);
                after_cfg = false;
            }
            TokenTree::Ident(ident) => after_cfg = ident == "cfg" || ident == "cfg_attr",
            // The `!` of `cfg!(..)`.
            TokenTree::Punct(punct) => after_cfg &= punct.as_char() == '!',
            TokenTree::Literal(_) => after_cfg = false,
        }
    }
}

fn forks_by_model(arguments: &Group) -> bool {
    if arguments.delimiter() != Delimiter::Parenthesis {
        return false;
    }
    // Of `cfg_attr(predicate, attributes..)` too, the first is the predicate.
    let parts = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(arguments.stream());
    let predicate = parts.ok().and_then(|parts| parts.into_iter().next());
    predicate.is_some_and(|predicate| names_model(&predicate) && !needs_test(&predicate))
}

fn names_model(predicate: &Meta) -> bool {
    match predicate {
        Meta::Path(path) => MODEL_CFGS.iter().any(|cfg| path.is_ident(cfg)),
        Meta::List(list) => list
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .is_ok_and(|parts| parts.iter().any(names_model)),
        Meta::NameValue(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    fn in_wait(source: &str) -> Vec<String> {
        complaints(check, &[("crates/brigade/src/wait/block.rs", source)])
    }

    #[test]
    fn what_the_facade_hides_is_found() {
        for source in [
            "use std::sync::atomic::AtomicUsize;",
            "use std::sync::{Arc, PoisonError};",
            "use std::sync::*;",
            "fn f() { std::thread::sleep(d); }",
            "fn f(now: std::time::Instant) { std::time::Instant::now(); }",
            "fn f() -> libc::c_int { 0 }",
            "static A: u8 = m!(core::sync::atomic::fence(x));",
        ] {
            assert_eq!(in_wait(source).len(), 1, "{source}");
        }
        assert_eq!(
            in_wait("//! Doc.\nuse std::sync::Mutex;\nfn f(m: &Mutex<u8>) { Mutex::new(1); }"),
            [
                "crates/brigade/src/wait/block.rs:2: `std::sync::Mutex` outside `prim` is invisible to \
              the model checker; use `crate::prim::Lock`"
            ]
        );
    }

    #[test]
    fn an_import_of_the_module_hides_nothing() {
        for source in [
            "use std::thread;\nfn f() { thread::park(); }",
            "use std::time::Instant;\nfn f() { Instant::now(); }",
            "use std::{sync as s};\nfn f() { s::mpsc::channel(); }",
        ] {
            let found = in_wait(source);
            assert_eq!(found.len(), 1, "{source}: {found:?}");
            assert!(
                found[0].starts_with("crates/brigade/src/wait/block.rs:2: "),
                "{found:?}"
            );
        }
    }

    #[test]
    fn types_that_neither_wait_nor_share_are_good() {
        let source = "use std::thread::{Thread, ThreadId};\nuse std::time::{Duration, Instant};\n\
                      use crate::prim::{Arc, thread};\nfn f() { thread::spawn(g); Arc::new(1); }\n";
        assert_eq!(in_wait(source), [""; 0]);
    }

    #[test]
    fn prim_tests_and_other_crates_are_free() {
        let source = "use std::sync::Mutex;\nfn f() { std::thread::park(); }\n";
        let cfg = "all(test, not(any(brigade_loom, brigade_shuttle)))";
        let test = format!("#[cfg({cfg})]\nmod tests {{\n{source}}}\n");
        let files = [
            ("crates/brigade/src/prim/os.rs", source),
            ("crates/brigade/src/wait/block.rs", &test),
            (
                "crates/brigade/src/wait/mod.rs",
                "#[cfg(test)]\nmod tests;\n",
            ),
            ("crates/brigade/src/wait/tests.rs", source),
            ("crates/brigade-cli/src/main.rs", source),
        ];
        assert_eq!(complaints(check, &files), [""; 0]);
    }

    #[test]
    fn a_fork_by_back_end_is_found() {
        for source in [
            "#[cfg(brigade_loom)]\nfn f() {}",
            "#[cfg(not(loom))]\nfn f() {}",
            "#[cfg(not(any(brigade_loom, brigade_shuttle)))]\nfn f() {}",
            "#[cfg_attr(brigade_loom, inline)]\nfn f() {}",
            "fn f() { if cfg!(brigade_loom) { g() } }",
            "m! { #[cfg(all(unix, brigade_loom))] fn f() {} }",
        ] {
            assert_eq!(in_wait(source).len(), 1, "{source}");
        }
    }

    #[test]
    fn models_and_other_cfgs_are_good() {
        for source in [
            "#[cfg(all(test, brigade_loom))]\nmod model;",
            "#[cfg(test)]\nmod tests {\n    #[cfg(not(brigade_loom))]\n    fn f() {}\n}",
            "#[cfg(target_os = \"linux\")]\nfn f() {}",
            "fn f() { cfg(brigade::loom); }",
        ] {
            assert_eq!(in_wait(source), [""; 0], "{source}");
        }
    }
}
