//! Where arguments come from, and that each reaches its job byte by byte.

use super::*;
use rustix::fs::{OFlags, fcntl_setfl};
use std::io::{BufRead, BufReader};

#[test]
fn arguments_follow_three_colons() {
    check(&run(["-k", "echo", ":::", "a", "b c", "-n"]), "a\nb c\n");
}

#[test]
fn arguments_come_from_standard_input_line_by_line() {
    check(
        &run_with_input(["-k", "echo"], "a\nb  c \nlast"),
        "a\nb  c \nlast\n",
    );
    check(&run_with_input(["-k", "-a", "-", "echo"], "a\n"), "a\n");
}

#[test]
fn arguments_come_from_a_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("list");
    std::fs::write(&path, "a\nb\n").unwrap();
    let arguments = [OsStr::new("-ka"), path.as_os_str(), OsStr::new("echo")];
    check(&run_with_input(arguments, "not read\n"), "a\nb\n");
}

#[test]
fn with_null_arguments_may_hold_newlines() {
    check(
        &run_with_input(["-k0", "printf", "[%s]"], "a\nb\0c\0"),
        "[a\nb][c]",
    );
}

#[test]
fn an_empty_line_is_an_empty_argument() {
    check(
        &run_with_input(["-k", "printf", "[%s]"], "\na\n\n"),
        "[][a][]",
    );
}

#[test]
fn arguments_need_not_be_utf8() {
    let input = b"caf\xe9\n\xff\xfe \xc3\n";
    check(&run_with_input(["-k", "echo"], input), input);
    check(&run_with_input(["-k", "echo {} | cat"], input), input);
    check(
        &run([
            bytes(b"echo"),
            bytes(b"\xff"),
            bytes(b":::"),
            bytes(b"\xe9"),
        ]),
        b"\xff \xe9\n",
    );
}

#[test]
fn without_arguments_nothing_runs() {
    let meeting = Meeting::new(&[]);
    for arguments in [&["touch", "made"][..], &["touch", "made", ":::"]] {
        let output = meeting.brigade(arguments).output().unwrap();
        check(&output, "");
        assert!(!meeting.path("made").exists());
    }
}

#[test]
fn every_argument_reaches_one_job() {
    let input: String = (0..500).map(|number| format!("line {number}\n")).collect();
    let output = run_with_input(["-j4", "echo"], &input);
    assert_eq!(sorted_lines(&output.stdout), sorted_lines(input.as_bytes()));
    check(&run_with_input(["-j4", "-k", "echo"], &input), &input);
}

#[test]
fn input_is_not_read_ahead_of_the_jobs() {
    let meeting = Meeting::new(&["go"]);
    let mut go = meeting.open("go");
    let mut running = meeting
        .brigade(["-j1", "echo begun; read x < go"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = running.stdin.take().unwrap();
    fcntl_setfl(&stdin, OFlags::NONBLOCK).unwrap();
    let mut written = 0;
    // The pipe and one buffer take some; then it is full, because no job ends.
    while let Ok(count) = stdin.write(&[b'\n'; 4096]) {
        written += count;
        assert!(
            written < 1_000_000,
            "a megabyte was read before the first job ended"
        );
    }
    drop(stdin);
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&running),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    go.write_all(b"\n").unwrap();
    running.wait().unwrap();
}

#[test]
fn a_job_begins_as_soon_as_its_line_is_there() {
    let meeting = Meeting::new(&[]);
    let mut running = meeting
        .brigade(["-j2", "echo"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = running.stdin.take().unwrap();
    let mut stdout = BufReader::new(running.stdout.take().unwrap());
    for line in ["one\n", "two\n", "three\n"] {
        stdin.write_all(line.as_bytes()).unwrap();
        let mut seen = String::new();
        stdout.read_line(&mut seen).unwrap();
        assert_eq!(seen, line);
    }
    drop(stdin);
    assert!(running.wait().unwrap().success());
}

#[test]
fn jobs_find_nothing_on_standard_input() {
    check(&run_with_input(["-k", "cat; echo {}"], "a\nb\n"), "a\nb\n");
}
