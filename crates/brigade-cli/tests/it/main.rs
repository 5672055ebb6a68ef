//! End-to-end tests: the built binary, run as a user runs it.

mod files;
mod run;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// All went well and nothing but this was printed.
#[track_caller]
fn check(output: &Output, stdout: impl AsRef<[u8]>) {
    let text = String::from_utf8_lossy;
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), text(stdout.as_ref()));
    assert_eq!(output.status.code(), Some(0));
}

/// It ended with this status, and standard error is one sentence with these words in it.
#[track_caller]
fn check_refusal(output: &Output, status: i32, words: &[&str]) {
    let sentence = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(
        sentence.starts_with("brigade: ") && sentence.ends_with('\n'),
        "{sentence}"
    );
    for word in words {
        assert!(sentence.contains(word), "{word} is missing in: {sentence}");
    }
}

fn lines(bytes: &[u8]) -> Vec<&str> {
    std::str::from_utf8(bytes).unwrap().lines().collect()
}

fn sorted_lines(bytes: &[u8]) -> Vec<&str> {
    let mut lines = lines(bytes);
    lines.sort_unstable();
    lines
}

fn bytes(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}
