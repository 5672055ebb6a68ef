//! Every path that a file names, written out in full.
//!
//! `use std::thread;` and then `thread::park()` names `std::thread::park`; `super::super::queue` names
//! `crate::queue`. Sees inside of macros, as far as their tokens look like paths. Follows the imports of
//! the module and of the block that a name stands in; does not follow globs, types or re-exports of
//! other files, and does not know which paths are good.

use super::tree::RustFile;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::HashMap;
use syn::visit::{self, Visit};
use syn::{Block, Item, ItemUse, Macro, Path, Stmt, UseTree};

/// One place that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedPath {
    /// From `crate`, or from the name of another crate; a glob ends in `*`.
    pub(super) segments: Vec<String>,
    /// How many segments at the beginning a `use` has brought here; that `use` has named them already.
    pub(super) imported: usize,
    pub(super) line: usize,
}

impl NamedPath {
    /// Whether this very place spells `prefix`, rather than leaving it to an import.
    pub(super) fn spells(&self, prefix: &[&str]) -> bool {
        self.imported < prefix.len()
            && self.segments.len() >= prefix.len()
            && self
                .segments
                .iter()
                .zip(prefix)
                .all(|(ours, theirs)| ours == theirs)
    }
}

/// The paths in a file that is the module `module` of its crate.
pub(super) fn named_paths(file: &RustFile, module: &[String]) -> Vec<NamedPath> {
    let mut reader = Reader {
        module: module.to_vec(),
        scopes: vec![Scope::of_module(imports(&file.syntax.items), module)],
        found: Vec::new(),
    };
    reader.visit_file(&file.syntax);
    reader.found
}

struct Reader {
    module: Vec<String>,
    scopes: Vec<Scope>,
    found: Vec<NamedPath>,
}

/// The names that imports have made in one module or block.
struct Scope {
    names: HashMap<String, Vec<String>>,
    /// Whether names of the scopes around it end here, as they do at a module.
    is_module: bool,
}

impl Scope {
    fn of_module<'a>(uses: impl Iterator<Item = &'a ItemUse>, module: &[String]) -> Self {
        Self {
            names: names_of(uses, module),
            is_module: true,
        }
    }

    fn of_block(block: &Block, module: &[String]) -> Self {
        let uses = block.stmts.iter().filter_map(|statement| match statement {
            Stmt::Item(Item::Use(item)) => Some(item),
            _ => None,
        });
        Self {
            names: names_of(uses, module),
            is_module: false,
        }
    }
}

impl Reader {
    fn note(&mut self, written: Vec<String>, line: usize) {
        let imported = written
            .first()
            .and_then(|first| self.import(first))
            .cloned();
        let (segments, imported) = match imported {
            Some(mut whole) => {
                let imported = whole.len();
                whole.extend(written.into_iter().skip(1));
                (whole, imported)
            }
            None => (absolute(written, &self.module), 0),
        };
        self.found.push(NamedPath {
            segments,
            imported,
            line,
        });
    }

    fn import(&self, name: &str) -> Option<&Vec<String>> {
        for scope in self.scopes.iter().rev() {
            if let Some(whole) = scope.names.get(name) {
                return Some(whole);
            }
            if scope.is_module {
                break;
            }
        }
        None
    }

    fn note_tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = &trees[..];
        while let [first, after @ ..] = rest {
            rest = after;
            match first {
                TokenTree::Group(group) => self.note_tokens(group.stream()),
                TokenTree::Ident(ident) => {
                    let line = ident.span().start().line;
                    let mut segments = vec![ident.to_string()];
                    while let [
                        TokenTree::Punct(a),
                        TokenTree::Punct(b),
                        TokenTree::Ident(next),
                        after @ ..,
                    ] = rest
                        && (a.as_char(), b.as_char()) == (':', ':')
                    {
                        segments.push(next.to_string());
                        rest = after;
                    }
                    self.note(segments, line);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let Some((_, items)) = &module.content else {
            return;
        };
        self.module.push(module.ident.to_string());
        self.scopes
            .push(Scope::of_module(imports(items), &self.module));
        visit::visit_item_mod(self, module);
        self.scopes.pop();
        self.module.pop();
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.scopes.push(Scope::of_block(block, &self.module));
        visit::visit_block(self, block);
        self.scopes.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for leaf in leaves(&item.tree) {
            self.found.push(NamedPath {
                segments: absolute(leaf.segments, &self.module),
                imported: 0,
                line: leaf.line,
            });
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let segments = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let line = path
            .segments
            .first()
            .map_or(0, |first| first.ident.span().start().line);
        self.note(segments, line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.note_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

/// One path of a `use`, with the name that it makes; a glob makes none.
struct Leaf {
    segments: Vec<String>,
    name: Option<String>,
    line: usize,
}

fn imports(items: &[Item]) -> impl Iterator<Item = &ItemUse> {
    items.iter().filter_map(|item| match item {
        Item::Use(item) => Some(item),
        _ => None,
    })
}

fn names_of<'a>(
    uses: impl Iterator<Item = &'a ItemUse>,
    module: &[String],
) -> HashMap<String, Vec<String>> {
    uses.flat_map(|item| leaves(&item.tree))
        .filter_map(|leaf| Some((leaf.name?, absolute(leaf.segments, module))))
        .collect()
}

fn leaves(tree: &UseTree) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect_leaves(tree, &mut Vec::new(), &mut found);
    found
}

fn collect_leaves(tree: &UseTree, before: &mut Vec<String>, found: &mut Vec<Leaf>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            collect_leaves(&path.tree, before, found);
            before.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                collect_leaves(tree, before, found);
            }
        }
        UseTree::Name(name) => found.push(leaf(before, &name.ident, &name.ident)),
        UseTree::Rename(rename) => found.push(leaf(before, &rename.ident, &rename.rename)),
        UseTree::Glob(glob) => {
            let mut segments = before.clone();
            segments.push("*".to_owned());
            found.push(Leaf {
                segments,
                name: None,
                line: glob.star_token.spans[0].start().line,
            });
        }
    }
}

fn leaf(before: &[String], last: &proc_macro2::Ident, name: &proc_macro2::Ident) -> Leaf {
    let mut segments = before.to_vec();
    // `use std::sync::{self, Arc}` names the module in front of the braces.
    if last != "self" || before.is_empty() {
        segments.push(last.to_string());
    }
    let name = if name == "self" {
        segments.last().cloned()
    } else {
        Some(name.to_string())
    };
    Leaf {
        segments,
        name,
        line: last.span().start().line,
    }
}

/// Puts `crate` in the place of `self` and `super`, and `std` in that of its parts.
fn absolute(written: Vec<String>, module: &[String]) -> Vec<String> {
    let mut base: Vec<String> = std::iter::once("crate".to_owned())
        .chain(module.iter().cloned())
        .collect();
    let mut rest = &written[..];
    match rest.first().map(String::as_str) {
        // A value or a type of the surrounding `impl`, not a module.
        Some("self") if rest.len() == 1 => return written,
        Some("self" | "super") => {}
        Some("core" | "alloc") => {
            return std::iter::once("std".to_owned())
                .chain(written.into_iter().skip(1))
                .collect();
        }
        _ => return written,
    }
    while let [first, after @ ..] = rest {
        match first.as_str() {
            "self" => {}
            "super" => {
                // More `super` than modules does not compile; then it stays at the root.
                base.truncate(base.len().saturating_sub(1).max(1));
            }
            _ => break,
        }
        rest = after;
    }
    base.extend_from_slice(rest);
    base
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::Tree;

    /// The paths of more than one segment, as `crate::wait` names them.
    fn named(source: &str) -> Vec<(String, usize)> {
        let tree = Tree::of(&[("a.rs", source)]);
        named_paths(&tree.rust()[0], &["wait".to_owned(), "queue".to_owned()])
            .into_iter()
            .filter(|path| path.segments.len() > 1)
            .map(|path| (path.segments.join("::"), path.line))
            .collect()
    }

    fn names(source: &str) -> Vec<String> {
        named(source).into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn use_trees_are_written_out() {
        assert_eq!(
            named("use crate::{\n    prim::{self, Arc as A},\n    queue::*,\n};"),
            [
                ("crate::prim".to_owned(), 2),
                ("crate::prim::Arc".to_owned(), 2),
                ("crate::queue::*".to_owned(), 3),
            ]
        );
    }

    #[test]
    fn relative_paths_start_from_the_module() {
        assert_eq!(names("use super::super::prim::Arc;"), ["crate::prim::Arc"]);
        assert_eq!(
            names("fn f() { self::inner::g(); }"),
            ["crate::wait::queue::inner::g"]
        );
        assert_eq!(
            names("mod tests { use super::g; }"),
            ["crate::wait::queue::g"]
        );
        assert_eq!(names("use core::sync::atomic;"), ["std::sync::atomic"]);
    }

    #[test]
    fn imports_are_followed_in_their_scope() {
        assert_eq!(
            names("fn f() { use std::thread; thread::park(); }\nfn g() { thread::park(); }"),
            ["std::thread", "std::thread::park", "thread::park"]
        );
        assert_eq!(
            names("use std::thread; mod m { fn f() { thread::park() } }"),
            ["std::thread", "thread::park"]
        );
    }

    #[test]
    fn macros_are_read_too() {
        assert_eq!(
            names("m! { a(std::sync::Mutex::new(1)) }"),
            ["std::sync::Mutex::new"]
        );
        assert_eq!(
            names("use std::thread;\nm!(thread::park());")[1],
            "std::thread::park"
        );
    }

    #[test]
    fn only_who_writes_a_path_spells_it() {
        let tree = Tree::of(&[("a.rs", "use std::sync::Mutex; fn f() { Mutex::new(1); }")]);
        let paths = named_paths(&tree.rust()[0], &[]);
        let spelling = paths
            .iter()
            .filter(|path| path.spells(&["std", "sync", "Mutex"]));
        assert_eq!(spelling.count(), 1);
    }
}
