//! Which file a command's name means.
//!
//! Looked up once, so that starting a job does not search `PATH` again. Knows nothing of arguments
//! or jobs.

use rustix::fs::{Access, access};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where programs are looked for when the environment does not say.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Finds the program that a shell would run under this name; `None` if there is none.
///
/// A name with a slash in it is a path already. A file that exists but may not be run is returned
/// as well, so that starting it names the true reason.
pub(crate) fn find(name: &OsStr) -> Option<PathBuf> {
    let search = std::env::var_os("PATH").unwrap_or_else(|| OsString::from(DEFAULT_PATH));
    find_in(name, &search)
}

fn find_in(name: &OsStr, search: &OsStr) -> Option<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        let path = PathBuf::from(name);
        return path.exists().then_some(path);
    }
    if name.is_empty() {
        return None;
    }
    let mut forbidden = None;
    for folder in std::env::split_paths(search) {
        // An empty entry means the working folder; the slash keeps exec from searching again.
        let candidate = Path::new(".").join(folder).join(name);
        if !candidate.is_file() {
            continue;
        }
        if access(&candidate, Access::EXEC_OK).is_ok() {
            return Some(candidate);
        }
        forbidden.get_or_insert(candidate);
    }
    forbidden
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_first_executable_file_of_that_name_wins() {
        let root = tempfile::tempdir().unwrap();
        for (folder, mode) in [("a", 0o644), ("b", 0o755), ("c", 0o755)] {
            let folder = root.path().join(folder);
            create_dir(&folder).unwrap();
            write(folder.join("tool"), "").unwrap();
            set_permissions(folder.join("tool"), Permissions::from_mode(mode)).unwrap();
        }
        create_dir(root.path().join("a/sub")).unwrap();
        let search = |folders: &[&str]| {
            std::env::join_paths(folders.iter().map(|folder| root.path().join(folder))).unwrap()
        };
        let found = |name: &str, folders: &[&str]| find_in(OsStr::new(name), &search(folders));
        assert_eq!(
            found("tool", &["a", "b", "c"]),
            Some(root.path().join("b/tool"))
        );
        assert_eq!(found("tool", &["a"]), Some(root.path().join("a/tool")));
        assert_eq!(found("sub", &["a"]), None, "a folder is no program");
        assert_eq!(found("other", &["a", "b"]), None);
        assert_eq!(found("", &["a", "b"]), None);
    }

    #[test]
    fn a_name_with_a_slash_is_not_searched() {
        assert_eq!(
            find_in(OsStr::new("/bin/sh"), OsStr::new("")),
            Some("/bin/sh".into())
        );
        assert_eq!(find_in(OsStr::new("./no/such"), OsStr::new("/bin")), None);
    }
}
