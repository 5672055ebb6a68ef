//! The repository as the rules see it: the files that git would track, read and parsed once.
//!
//! Paths are relative to the root and have `/` in them on every system. Does not know any rule.

use super::finding::Finding;
use proc_macro2::TokenStream;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

/// Every file, in the order of paths.
pub(super) struct Tree {
    files: Vec<File>,
    rust: Vec<RustFile>,
    unparsed: Vec<Finding>,
}

pub(super) struct File {
    pub(super) path: String,
    /// `None` for what is not text.
    pub(super) text: Option<String>,
}

pub(super) struct RustFile {
    pub(super) path: String,
    /// All of it, what stands inside of macros too.
    pub(super) tokens: TokenStream,
    pub(super) syntax: syn::File,
}

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let mut paths = match listed_by_git(root) {
            Some(paths) => paths,
            None => walked(root)?,
        };
        paths.sort();
        // A conflict is listed once for each side.
        paths.dedup();
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let whole = root.join(&path);
            // Git lists what is deleted and not yet committed, and submodules.
            if whole.is_file() {
                let bytes = fs::read(&whole).map_err(|fault| cannot_read(&whole, &fault))?;
                let text = String::from_utf8(bytes)
                    .ok()
                    .filter(|text| !text.contains('\0'));
                files.push(File { path, text });
            }
        }
        Ok(Self::new(files))
    }

    fn new(files: Vec<File>) -> Self {
        let (mut rust, mut unparsed) = (Vec::new(), Vec::new());
        for file in files.iter().filter(|file| file.is_rust()) {
            match RustFile::parse(file) {
                Ok(parsed) => rust.push(parsed),
                Err(finding) => unparsed.push(finding),
            }
        }
        Self {
            files,
            rust,
            unparsed,
        }
    }

    /// A repository that exists in a test only.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: Some((*text).to_owned()),
        };
        Self::new(files.iter().map(file).collect())
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// The path and the text of every file that is text.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    pub(super) fn rust(&self) -> &[RustFile] {
        &self.rust
    }

    /// Files that should be Rust, and are not.
    pub(super) fn unparsed(&self) -> &[Finding] {
        &self.unparsed
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }
}

impl File {
    fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|end| end == "rs")
    }
}

impl RustFile {
    fn parse(file: &File) -> Result<Self, Finding> {
        let not_rust = |line: usize, fault: String| {
            Finding::new(
                &file.path,
                line,
                format!("this is not Rust ({fault})"),
                "make it compile first",
            )
        };
        let text = file.text.as_deref().unwrap_or_default();
        let tokens: TokenStream = text.parse().map_err(|fault: proc_macro2::LexError| {
            not_rust(fault.span().start().line, fault.to_string())
        })?;
        let syntax = syn::parse2(tokens.clone())
            .map_err(|fault| not_rust(fault.span().start().line, fault.to_string()))?;
        Ok(Self {
            path: file.path.clone(),
            tokens,
            syntax,
        })
    }
}

/// `None` where git cannot say: it is not there, this is no repository of its own, or it is ignored.
fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let listing = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = listing.split_terminator('\0').map(str::to_owned).collect();
    (!paths.is_empty()).then_some(paths)
}

/// Every file below `root`, but what `.gitignore` names from the root (`/target`).
fn walked(root: &Path) -> Result<Vec<String>, String> {
    let ignore = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let is_ignored = |path: &str| {
        path == ".git"
            || ignore
                .lines()
                .any(|line| line.strip_prefix('/') == Some(path))
    };
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let whole = root.join(&folder);
        let entries = fs::read_dir(&whole).map_err(|fault| cannot_read(&whole, &fault))?;
        for entry in entries {
            let entry = entry.map_err(|fault| cannot_read(&whole, &fault))?;
            let kind = entry
                .file_type()
                .map_err(|fault| cannot_read(&entry.path(), &fault))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            if is_ignored(&path) {
                continue;
            }
            if kind.is_dir() {
                &mut folders
            } else {
                &mut found
            }
            .push(path);
        }
    }
    Ok(found)
}

fn cannot_read(path: &Path, fault: &io::Error) -> String {
    format!("tidy cannot read {}: {fault}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_what_git_lists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut walked = walked(root).unwrap();
        walked.sort();
        assert!(walked.contains(&"src/tidy/tree.rs".to_owned()));
        if let Some(mut listed) = listed_by_git(root) {
            listed.retain(|path| root.join(path).is_file());
            listed.sort();
            assert_eq!(walked, listed);
        }
    }
}
