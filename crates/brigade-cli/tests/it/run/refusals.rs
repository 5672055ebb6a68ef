//! Mistyped command lines: one sentence, status 255, and nothing runs.

use super::*;

#[track_caller]
fn check_refused(arguments: &[&str], words: &[&str]) {
    let meeting = Meeting::new(&[]);
    let output = meeting.brigade(arguments).output().unwrap();
    check_refusal(&output, 255, words);
    assert!(output.stdout.is_empty());
    assert!(!meeting.path("made").exists());
}

#[test]
fn impossible_numbers_of_jobs_are_refused_with_what_to_type() {
    for count in ["0", "abc", "", "-1", "0%", "1.5", "9999999999999999999999"] {
        let option = format!("--jobs={count}");
        check_refused(&[&option, "touch", "made", ":::", "a"], &["-j 4", "-j 50%"]);
    }
    check_refused(&["-j", "0", "touch", "made", ":::", "a"], &["'0'", "-j 4"]);
}

#[test]
fn possible_numbers_of_jobs_are_taken() {
    for count in ["1", "7", "50%", "1%", "300%"] {
        check(&run(["-j", count, "echo", ":::", "a"]), "a\n");
    }
}

#[test]
fn unreadable_argument_files_are_named() {
    check_refused(
        &["-a", "no-such-file", "touch", "made"],
        &["no-such-file", "No such file"],
    );
    check_refused(
        &["-a", ".", "touch", "made"],
        &["cannot read .", "Is a directory"],
    );
}

#[test]
fn commands_that_make_no_sense_are_refused() {
    check_refused(&[], &["COMMAND", "--help"]);
    check_refused(&[":::", "a"], &["command is empty"]);
    check_refused(&[" ", ":::", "a"], &["command is empty"]);
    check_refused(
        &["touch", "made", ":::", "a", ":::", "b"],
        &["more than one :::"],
    );
    check_refused(&["touch", "made", "::::", "a"], &["::::", "-a"]);
    check_refused(&["-a", "-", "touch", "made", ":::", "a"], &[":::", "-a"]);
    check_refused(
        &["--keep-ordr", "touch", "made", ":::", "a"],
        &["--keep-ordr", "--keep-order"],
    );
}

#[test]
fn unknown_subcommands_are_refused() {
    for (arguments, word) in [(&["walk"][..], "'walk'"), (&[], "brigade run COMMAND")] {
        let output = Command::new(env!("CARGO_BIN_EXE_brigade"))
            .args(arguments)
            .output()
            .unwrap();
        check_refusal(&output, 255, &[word]);
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for argument in ["--help", "-h", "--version", "-V"] {
        let output = run([argument]);
        assert_eq!(output.status.code(), Some(0), "{argument}");
        assert!(output.stderr.is_empty() && !output.stdout.is_empty());
    }
}
