//! Which lines of the library are compiled for tests only.
//!
//! Sees items, their members and `let` statements under `#[cfg(test)]`, `#[cfg(all(test, ..))]` and
//! `#[test]`, and whole files declared by such a `mod name;`. Does not know what is allowed there.

use super::module_path::module_of;
use super::tree::{RustFile, Tree};
use std::collections::HashSet;
use std::ops::RangeInclusive;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, Token};

/// The test code of the whole library.
#[derive(Debug)]
pub(super) struct TestCode {
    modules: HashSet<Vec<String>>,
}

/// The test code of one file.
#[derive(Debug)]
pub(super) struct TestLines {
    whole: bool,
    ranges: Vec<RangeInclusive<usize>>,
}

impl TestCode {
    pub(super) fn find(tree: &Tree) -> Self {
        let mut modules = HashSet::new();
        for file in tree.rust() {
            let Some(module) = module_of(&file.path) else {
                continue;
            };
            for name in declared_for_tests(&file.syntax.items) {
                let mut child = module.clone();
                child.push(name);
                modules.insert(child);
            }
        }
        Self { modules }
    }

    pub(super) fn lines_of(&self, file: &RustFile) -> TestLines {
        let module = module_of(&file.path).unwrap_or_default();
        let declared = (1..=module.len()).any(|end| self.modules.contains(&module[..end]));
        let mut finder = RangeFinder::default();
        finder.visit_file(&file.syntax);
        TestLines {
            whole: declared || are_for_tests(&file.syntax.attrs),
            ranges: finder.ranges,
        }
    }
}

impl TestLines {
    pub(super) fn contain(&self, line: usize) -> bool {
        self.whole || self.ranges.iter().any(|range| range.contains(&line))
    }
}

/// The names of modules in other files that exist in tests only.
fn declared_for_tests(items: &[Item]) -> impl Iterator<Item = String> {
    items.iter().filter_map(|item| match item {
        Item::Mod(module) if module.content.is_none() && are_for_tests(&module.attrs) => {
            Some(module.ident.to_string())
        }
        _ => None,
    })
}

fn are_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => list
            .parse_args::<Meta>()
            .is_ok_and(|predicate| needs_test(&predicate)),
        _ => false,
    })
}

/// Whether a cfg predicate can hold in tests only.
pub(super) fn needs_test(predicate: &Meta) -> bool {
    match predicate {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) => {
            let Ok(parts) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            else {
                return false;
            };
            (list.path.is_ident("all") && parts.iter().any(needs_test))
                || (list.path.is_ident("any") && !parts.is_empty() && parts.iter().all(needs_test))
        }
        Meta::NameValue(_) => false,
    }
}

#[derive(Default)]
struct RangeFinder {
    ranges: Vec<RangeInclusive<usize>>,
}

impl RangeFinder {
    fn note(&mut self, attributes: &[Attribute], item: &impl Spanned) {
        if are_for_tests(attributes) {
            let span = item.span();
            self.ranges.push(span.start().line..=span.end().line);
        }
    }
}

impl<'ast> Visit<'ast> for RangeFinder {
    fn visit_item(&mut self, item: &'ast Item) {
        self.note(attributes_of(item), item);
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.note(&function.attrs, function);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.note(&function.attrs, function);
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        self.note(&field.attrs, field);
        visit::visit_field(self, field);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.note(&local.attrs, local);
        visit::visit_local(self, local);
    }
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(predicate: &str) -> bool {
        needs_test(&syn::parse_str(predicate).unwrap())
    }

    #[test]
    fn a_predicate_needs_test_if_nothing_else_makes_it_true() {
        assert!(needs("test"));
        assert!(needs("all(test, not(brigade_loom))"));
        assert!(needs("any(all(test, unix), all(test, windows))"));
        assert!(!needs("not(test)"));
        assert!(!needs("any(test, unix)"));
        assert!(!needs("brigade_loom"));
    }

    #[test]
    fn the_lines_of_test_items_are_found() {
        let tree = Tree::of(&[(
            "crates/brigade/src/wait/mod.rs",
            "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n",
        )]);
        let lines = TestCode::find(&tree).lines_of(&tree.rust()[0]);
        let tested: Vec<usize> = (1..=7).filter(|line| lines.contain(*line)).collect();
        assert_eq!(tested, [3, 4, 5, 6]);
    }

    #[test]
    fn a_file_is_test_code_if_its_declaration_is() {
        let tree = Tree::of(&[
            (
                "crates/brigade/src/wait/mod.rs",
                "#[cfg(all(test, unix))]\nmod model;\nmod queue;\n",
            ),
            ("crates/brigade/src/wait/model.rs", "fn a() {}\n"),
            ("crates/brigade/src/wait/model/deep.rs", "fn a() {}\n"),
            ("crates/brigade/src/wait/queue.rs", "fn a() {}\n"),
        ]);
        let code = TestCode::find(&tree);
        let whole: Vec<bool> = tree
            .rust()
            .iter()
            .map(|file| code.lines_of(file).contain(1))
            .collect();
        // The first is the line of the attribute.
        assert_eq!(whole, [true, true, true, false]);
    }
}
