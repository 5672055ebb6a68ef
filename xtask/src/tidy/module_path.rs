//! Which module of the crate `brigade` a file is.
//!
//! Goes by the place of the file; an attribute `#[path]` would fool it.

/// Where the modules of the library are.
const SOURCE: &str = "crates/brigade/src/";

/// `crates/brigade/src/wait/queue.rs` is `["wait", "queue"]`, the root of the crate is empty, and a
/// file of another crate is no module.
pub(super) fn module_of(path: &str) -> Option<Vec<String>> {
    let inside = path.strip_prefix(SOURCE)?.strip_suffix(".rs")?;
    let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
    let is_folder = module.last().is_some_and(|last| last == "mod");
    if is_folder || inside == "lib" {
        module.pop();
    }
    Some(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_known_by_its_file() {
        let module = |file: &str| module_of(file).map(|module| module.join("::"));
        assert_eq!(
            module("crates/brigade/src/wait/queue.rs").as_deref(),
            Some("wait::queue")
        );
        assert_eq!(
            module("crates/brigade/src/wait/mod.rs").as_deref(),
            Some("wait")
        );
        assert_eq!(
            module("crates/brigade/src/wait.rs").as_deref(),
            Some("wait")
        );
        assert_eq!(module("crates/brigade/src/lib.rs").as_deref(), Some(""));
        assert_eq!(module("crates/brigade/tests/it/main.rs"), None);
        assert_eq!(module("crates/brigade/src/wait/README.md"), None);
    }
}
