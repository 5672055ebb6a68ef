//! Mistyped command lines, and output that cannot be written.

use super::*;
use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt;

#[track_caller]
fn check_refused(arguments: &[&str], words: &[&str]) {
    let output = Tree::new(&[]).run(arguments);
    check_refusal(&output, 255, words);
    assert!(output.stdout.is_empty());
}

#[test]
fn mistyped_command_lines_are_refused_with_what_to_type() {
    check_refused(&["hash"], &["PATH", "--help"]);
    check_refused(&["count"], &["PATH", "--help"]);
    check_refused(&["hash", "--algo", "md5", "a"], &["md5", "sha256"]);
    check_refused(&["hash", "--check", "list", "a"], &["--check", "PATH"]);
    check_refused(&["hash", "-j", "0", "a"], &["'0'", "-j 4"]);
    check_refused(&["hash", "-", "a", "-"], &["standard input", "once"]);
    check_refused(&["count", "-", "-"], &["standard input", "once"]);
    check_refused(&["sum", "a"], &["'sum'"]);
    check_refused(&["count", "--jsn", "a"], &["--jsn", "--json"]);
}

#[test]
fn a_list_that_cannot_be_read_is_named() {
    check_refused(&["hash", "--check", "none"], &["none", "No such file"]);
    check_refused(&["hash", "--check", "."], &["cannot read .", "directory"]);
}

#[test]
fn a_full_disk_is_told() {
    let tree = Tree::new(&[(b"a", b"")]);
    for arguments in [&["hash", "a"], &["count", "a"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = tree.brigade(arguments).stdout(full).output().unwrap();
        check_refusal(&output, 255, &["standard output", "No space left"]);
    }
}

/// The rest is not waited for: it may never come.
#[test]
fn a_full_disk_is_told_although_a_file_has_no_end() {
    let tree = Tree::new(&[(b"a", b"")]);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = tree
        .brigade(&["hash", "-j1", "a", "/dev/zero"])
        .stdout(full)
        .output()
        .unwrap();
    check_refusal(&output, 255, &["standard output", "No space left"]);
}

#[test]
fn more_jobs_than_can_be_are_as_many_as_can_be() {
    let tree = Tree::new(&[(b"a", b"")]);
    check(
        &tree.run(&["hash", "-j100000", "a"]),
        format!("{EMPTY_BLAKE3}  a\n"),
    );
}

#[test]
fn when_nobody_reads_any_more_it_ends_as_other_tools_do() {
    let tree = Tree::new(&[(b"a", b"")]);
    // A shell makes the pipe that nobody reads: a child of another test could hold a reader of ours open until it
    // has become its program.
    let text = "mkfifo pipe; exec 3<> pipe 4> pipe 3<&-; exec \"$0\" files hash a >&4";
    let output = Command::new("sh")
        .args(["-c", text, env!("CARGO_BIN_EXE_brigade")])
        .current_dir(tree.0.path())
        .output()
        .unwrap();
    assert_eq!(output.status.signal(), Some(13));
    assert!(output.stderr.is_empty());
}
