//! Finds what is to be read: the files of folders, at any depth, in the order of their names.
//!
//! Looks at names and kinds only, and opens no file.

use super::target::{Target, Unreadable};
use std::path::PathBuf;
use std::{io, iter};
use walkdir::{DirEntry, WalkDir};

/// What is found, or could not be looked at.
pub(super) type Found = Result<Target, Unreadable>;

/// Everything to read under these paths.
pub(super) fn walk(paths: Vec<PathBuf>) -> impl Iterator<Item = Found> + Send {
    paths
        .into_iter()
        .flat_map(|path| -> Box<dyn Iterator<Item = Found> + Send> {
            match Target::named(path) {
                Target::Stdin => Box::new(iter::once(Ok(Target::Stdin))),
                Target::File(path) => Box::new(below(path)),
            }
        })
}

/// The path itself, or if it is a folder every file in it.
fn below(path: PathBuf) -> impl Iterator<Item = Found> + Send {
    WalkDir::new(path)
        .sort_by_file_name()
        .into_iter()
        .filter_map(|entry| match entry {
            Ok(entry) => is_read(&entry).then(|| Ok(Target::File(entry.into_path()))),
            Err(error) => Some(Err(unreadable(error))),
        })
}

/// What the user has named is read whatever it is, unless it is a folder; else only files.
fn is_read(entry: &DirEntry) -> bool {
    if entry.depth() == 0 {
        !entry.path().is_dir()
    } else {
        entry.file_type().is_file()
    }
}

fn unreadable(error: walkdir::Error) -> Unreadable {
    let name = error.path().map(|path| path.as_os_str().to_owned());
    Unreadable {
        name: name.unwrap_or_default(),
        // The other kind of error, a circle of links, needs links to be followed.
        error: error
            .into_io_error()
            .unwrap_or_else(|| io::Error::other("a circle of links")),
    }
}
