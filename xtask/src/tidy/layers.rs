//! The layers of the crate `brigade`: which module may import which.
//!
//! An arrow may only point down. Tests inside of a module are bound to the same arrows: what needs a
//! layer above is tested there, or in `crates/brigade/tests`. The root of the crate may name everything.

use super::finding::Finding;
use super::module_path::module_of;
use super::named_paths::named_paths;
use super::tree::{RustFile, Tree};

/// A module and what it may import, lowest layer first.
struct Layer {
    module: &'static str,
    may_import: &'static [&'static str],
}

/// The one place where the arrows are.
const LAYERS: &[Layer] = &[
    layer("prim", &[]),
    layer("queue", &["prim"]),
    layer("wait", &["prim"]),
    layer("select", &["prim", "wait"]),
    layer("cancel", &["prim", "wait", "select"]),
    layer("policy", &["prim", "wait", "cancel"]),
    layer("sync", &["prim", "queue", "wait", "select"]),
    layer("channel", &["prim", "queue", "wait", "select"]),
    layer("scope", &["prim", "wait", "cancel"]),
    layer("thread", &["prim", "wait", "select", "cancel", "scope"]),
    layer("runtime", &["prim"]),
    layer(
        "pool",
        &[
            "prim", "queue", "wait", "select", "cancel", "policy", "scope", "channel", "thread",
            "runtime",
        ],
    ),
    layer(
        "task",
        &[
            "prim", "queue", "wait", "select", "cancel", "policy", "scope", "runtime", "pool",
        ],
    ),
    layer(
        "pipeline",
        &[
            "prim", "queue", "wait", "select", "cancel", "policy", "scope", "sync", "channel",
            "thread", "task", "pool",
        ],
    ),
];

const fn layer(module: &'static str, may_import: &'static [&'static str]) -> Layer {
    Layer { module, may_import }
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().iter().flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Finding> {
    let module = module_of(&file.path).unwrap_or_default();
    let Some(ours) = module.first() else {
        return Vec::new();
    };
    let Some(layer) = LAYERS.iter().find(|layer| layer.module == ours) else {
        // Said once, not for every file below.
        let is_root = module.len() == 1;
        return is_root
            .then(|| in_no_layer(file, ours))
            .into_iter()
            .collect();
    };
    named_paths(file, &module)
        .iter()
        // An imported name was judged where it was imported.
        .filter(|path| path.imported == 0)
        .filter_map(|path| match &path.segments[..] {
            [first, theirs, ..] if first == "crate" => Some((theirs, path.line)),
            _ => None,
        })
        .filter(|(theirs, _)| *theirs != ours && !layer.may_import.contains(&theirs.as_str()))
        .map(|(theirs, line)| forbidden(file, line, layer, theirs))
        .collect()
}

fn in_no_layer(file: &RustFile, module: &str) -> Finding {
    Finding::new(
        &file.path,
        1,
        format!("the module `{module}` is in no layer"),
        "add it, with what it may import, to LAYERS in xtask/src/tidy/layers.rs",
    )
}

fn forbidden(file: &RustFile, line: usize, layer: &Layer, theirs: &str) -> Finding {
    let ours = layer.module;
    let wrong = format!("`{ours}` names `crate::{theirs}`");
    if !LAYERS.iter().any(|layer| layer.module == theirs) {
        let instead = format!("`{theirs}` is no layer, so name the module that it comes from");
        return Finding::new(&file.path, line, wrong, instead);
    }
    let allowed = match layer.may_import {
        [] => "nothing of this crate".to_owned(),
        modules => format!("only `{}`", modules.join("`, `")),
    };
    Finding::new(
        &file.path,
        line,
        wrong,
        format!(
            "it may import {allowed}, so move what it needs down to one of the layers below both"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    #[test]
    fn every_arrow_of_the_table_points_down() {
        for (index, layer) in LAYERS.iter().enumerate() {
            for below in layer.may_import {
                assert!(
                    LAYERS[..index].iter().any(|lower| lower.module == *below),
                    "{} -> {below}",
                    layer.module
                );
            }
        }
    }

    #[test]
    fn an_arrow_up_is_found_however_it_is_written() {
        for source in [
            "use crate::channel::Sender;",
            "use crate::{channel, prim};",
            "use super::super::channel;",
            "fn f() { crate::channel::bounded(1); }",
            "m!(crate::channel::bounded(1));",
            "#[cfg(test)] mod tests { use crate::channel; }",
        ] {
            let found = complaints(check, &[("crates/brigade/src/wait/block.rs", source)]);
            assert_eq!(
                found,
                [
                    "crates/brigade/src/wait/block.rs:1: `wait` names `crate::channel`; it may import \
                  only `prim`, so move what it needs down to one of the layers below both"
                ],
                "{source}"
            );
        }
    }

    #[test]
    fn arrows_down_and_inside_are_good() {
        let source = "use crate::prim::Arc;\nuse crate::wait::queue;\nuse super::limit;\n\
                      pub(crate) fn f() { std::mem::drop(1); }\n";
        assert!(complaints(check, &[("crates/brigade/src/wait/block.rs", source)]).is_empty());
        let root = "pub mod wait;\npub use crate::channel::Sender;\n";
        assert!(complaints(check, &[("crates/brigade/src/lib.rs", root)]).is_empty());
    }

    #[test]
    fn neighbours_do_not_know_each_other() {
        let files = [
            (
                "crates/brigade/src/sync/mod.rs",
                "use crate::channel::bounded;",
            ),
            (
                "crates/brigade/src/channel/mod.rs",
                "use crate::sync::Mutex;",
            ),
        ];
        assert_eq!(complaints(check, &files).len(), 2);
    }

    #[test]
    fn a_way_round_through_the_root_is_found() {
        let found = complaints(
            check,
            &[("crates/brigade/src/wait/mod.rs", "use crate::Sender;")],
        );
        assert!(found[0].contains("`Sender` is no layer"), "{found:?}");
    }

    #[test]
    fn a_module_without_a_layer_is_found_once() {
        let files = [
            ("crates/brigade/src/actor/mod.rs", "mod mailbox;"),
            (
                "crates/brigade/src/actor/mailbox.rs",
                "use crate::pool::Pool;",
            ),
        ];
        let found = complaints(check, &files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("crates/brigade/src/actor/mod.rs:1: "),
            "{found:?}"
        );
    }
}
