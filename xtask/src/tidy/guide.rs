//! The guide: its pages show programs that exist, and every page and every program is reached.
//!
//! Does not know whether the programs run; their own tests do.

use super::finding::Finding;
use super::tree::Tree;
use std::collections::BTreeSet;

const PAGES: &str = "guide/src/";
const SUMMARY: &str = "guide/src/SUMMARY.md";
const PROGRAMS: &str = "guide/listings/src/bin/";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut shown = BTreeSet::new();
    for (page, text) in pages(tree) {
        for include in includes(text) {
            let file = resolved(page, include.path);
            if !tree.has(&file) {
                findings.push(missing(page, &include, &file));
            }
            shown.insert(file);
        }
    }
    findings.extend(
        programs(tree)
            .filter(|program| !shown.contains(*program))
            .map(unshown),
    );
    findings.extend(unlisted_pages(tree));
    findings
}

fn pages(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.texts()
        .filter(|(path, _)| path.starts_with(PAGES) && path.ends_with(".md"))
}

/// `bin/name.rs` and `bin/name/main.rs`; other files in a program's folder are its parts.
fn programs(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.files()
        .iter()
        .map(|file| file.path.as_str())
        .filter(|path| {
            path.strip_prefix(PROGRAMS)
                .is_some_and(|inside| match inside.split_once('/') {
                    None => inside.ends_with(".rs"),
                    Some((_, part)) => part == "main.rs",
                })
        })
}

/// A `{{#include path:lines}}` on a page; `rustdoc_include` and the like too.
struct Include<'a> {
    path: &'a str,
    line: usize,
}

fn includes(text: &str) -> Vec<Include<'_>> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices("{{#") {
            let escaped = line[..at].ends_with('\\');
            let Some((inside, _)) = line[at + 3..].split_once("}}") else {
                continue;
            };
            let Some((word, argument)) = inside.split_once(' ') else {
                continue;
            };
            if !escaped && (word.ends_with("include") || word == "playground") {
                let path = argument.trim().split([':', ' ']).next().unwrap_or_default();
                found.push(Include {
                    path,
                    line: index + 1,
                });
            }
        }
    }
    found
}

/// Where `path` leads from the folder that `page` is in.
fn resolved(page: &str, path: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn missing(page: &str, include: &Include<'_>, file: &str) -> Finding {
    Finding::new(
        page,
        include.line,
        format!(
            "the page includes `{}`, and there is no {file}",
            include.path
        ),
        "correct the path, which starts from the folder of the page",
    )
}

fn unshown(program: &str) -> Finding {
    Finding::new(
        program,
        1,
        "no page of the guide shows this program",
        "include it on the page that it was written for, or remove it",
    )
}

fn unlisted_pages(tree: &Tree) -> Vec<Finding> {
    let summary = pages(tree)
        .find(|(path, _)| *path == SUMMARY)
        .map_or("", |(_, text)| text);
    let listed: BTreeSet<String> = links(summary).map(|link| resolved(SUMMARY, link)).collect();
    pages(tree)
        .filter(|(path, _)| *path != SUMMARY && !listed.contains(*path))
        .map(|(path, _)| {
            Finding::new(
                path,
                1,
                "the page is not in SUMMARY.md, so no reader finds it",
                format!("link it there, as `[Title]({})`", &path[PAGES.len()..]),
            )
        })
        .collect()
}

/// The targets of the links of a Markdown text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|after| after.split_once(')'))
        .map(|(link, _)| link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    const LISTED: (&str, &str) = (SUMMARY, "# Summary\n\n- [A](./a.md)\n  - [B](deep/b.md)\n");

    #[test]
    fn a_whole_guide_is_good() {
        let files = [
            LISTED,
            (
                "guide/src/a.md",
                "```rust\n{{#include ../listings/src/bin/a.rs:main}}\n```\n",
            ),
            (
                "guide/src/deep/b.md",
                "{{#rustdoc_include ../../listings/src/bin/b/main.rs}}\n",
            ),
            ("guide/listings/src/bin/a.rs", ""),
            ("guide/listings/src/bin/b/main.rs", ""),
            ("guide/listings/src/bin/b/part.rs", ""),
        ];
        assert_eq!(complaints(check, &files), [""; 0]);
    }

    #[test]
    fn an_include_of_nothing_is_found() {
        let page = "Text.\n{{#include ../listings/src/bin/b.rs}}\n\\{{#include ../shown.rs}}\n";
        assert_eq!(
            complaints(check, &[LISTED, ("guide/src/a.md", page)]),
            [
                "guide/src/a.md:2: the page includes `../listings/src/bin/b.rs`, and there is no \
              guide/listings/src/bin/b.rs; correct the path, which starts from the folder of the page"
            ]
        );
    }

    #[test]
    fn a_program_that_no_page_shows_is_found() {
        let found = complaints(check, &[("guide/listings/src/bin/a.rs", "")]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("guide/listings/src/bin/a.rs:1: "),
            "{found:?}"
        );
    }

    #[test]
    fn a_page_that_no_reader_finds_is_found() {
        assert_eq!(
            complaints(check, &[LISTED, ("guide/src/deep/c.md", "# C\n")]),
            [
                "guide/src/deep/c.md:1: the page is not in SUMMARY.md, so no reader finds it; link it \
              there, as `[Title](deep/c.md)`"
            ]
        );
    }
}
