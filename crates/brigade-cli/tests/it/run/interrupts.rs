//! Ctrl-C, once and twice, and the other ways to tell a run to end.

use super::*;
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Child;

fn send(running: &Child, signal: Signal) {
    kill_process(Pid::from_child(running), signal).unwrap();
}

/// Returns when so many jobs have said at this fifo that they run.
fn wait_for(begun: &mut BufReader<File>, jobs: usize) {
    for _ in 0..jobs {
        begun.read_line(&mut String::new()).unwrap();
    }
}

/// Returns when the first Ctrl-C was seen.
fn wait_for_note(running: &mut Child) -> BufReader<std::process::ChildStderr> {
    let mut stderr = BufReader::new(running.stderr.take().unwrap());
    let mut note = String::new();
    stderr.read_line(&mut note).unwrap();
    assert!(note.contains("Ctrl-C again"), "{note}");
    stderr
}

#[test]
fn the_first_interrupt_lets_running_jobs_end_and_starts_no_other() {
    for option in ["-j2", "-kj2"] {
        let meeting = Meeting::new(&["begun", "go"]);
        let (begun, mut go) = (meeting.open("begun"), meeting.open("go"));
        std::fs::write(meeting.path("list"), "x\n".repeat(100)).unwrap();
        let job = "echo > begun; read x < go; echo done {#}";
        let mut running = meeting
            .brigade([option, "-a", "list", job])
            .spawn()
            .unwrap();
        wait_for(&mut BufReader::new(begun), 2);
        send(&running, Signal::INT);
        let mut stderr = wait_for_note(&mut running);
        go.write_all(b"\n\n").unwrap();
        let output = running.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        assert_eq!(sorted_lines(&output.stdout), ["done 1", "done 2"]);
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn the_first_interrupt_ends_the_wait_for_arguments() {
    let meeting = Meeting::new(&[]);
    let mut running = meeting
        .brigade(["echo"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(b"line\n").unwrap();
    BufReader::new(running.stdout.as_mut().unwrap())
        .read_line(&mut String::new())
        .unwrap();
    send(&running, Signal::INT);
    assert_eq!(running.wait().unwrap().code(), Some(130));
    drop(stdin);
}

/// A job whose processes hold the fifo `alive` open for as long as they live.
const FAMILY: &str = "exec 9> alive; sh -c 'read x < never' & echo > begun; read x < never";

/// Whether a process still holds the fifo open for writing.
fn is_held(mut alive: &File) -> bool {
    match alive.read(&mut [0]) {
        Ok(0) => false,
        Err(error) if error.kind() == ErrorKind::WouldBlock => true,
        other => panic!("nobody writes to this fifo: {other:?}"),
    }
}

/// Returns only if no process of the jobs survives.
#[track_caller]
fn check_all_end(job: &str, signals: &[Signal]) {
    let meeting = Meeting::new(&["begun", "never", "alive"]);
    let (begun, _never) = (meeting.open("begun"), meeting.open("never"));
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let alive = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(meeting.path("alive"))
        .unwrap();
    std::fs::write(meeting.path("list"), "x\n".repeat(100)).unwrap();
    let mut running = meeting.brigade(["-j2", "-a", "list", job]).spawn().unwrap();
    wait_for(&mut BufReader::new(begun), 2);
    assert!(is_held(&alive));
    let mut stderr = None;
    for &signal in signals {
        send(&running, signal);
        if stderr.is_none() && signal == Signal::INT {
            stderr = Some(wait_for_note(&mut running));
        }
    }
    assert_eq!(running.wait().unwrap().code(), Some(130));
    // A process that has been killed lets go of its files one by one, some after those that the command waits for.
    while is_held(&alive) {
        std::thread::yield_now();
    }
}

#[test]
fn the_second_interrupt_ends_every_process_of_the_jobs() {
    check_all_end(FAMILY, &[Signal::INT, Signal::INT]);
}

#[test]
fn a_termination_signal_or_hangup_ends_every_process_of_the_jobs() {
    check_all_end(FAMILY, &[Signal::TERM]);
    check_all_end(FAMILY, &[Signal::HUP]);
    check_all_end(FAMILY, &[Signal::INT, Signal::TERM]);
}

#[test]
fn jobs_that_ignore_termination_are_killed() {
    check_all_end(&format!("trap '' TERM; {FAMILY}"), &[Signal::TERM]);
}

#[test]
fn stopped_jobs_hear_the_termination_too() {
    check_all_end(
        "exec 9> alive; echo > begun; kill -STOP $$",
        &[Signal::TERM],
    );
}

#[test]
fn signals_that_were_ignored_stay_ignored() {
    let meeting = Meeting::new(&["begun", "go"]);
    let (begun, mut go) = (meeting.open("begun"), meeting.open("go"));
    let text = "trap '' INT HUP; exec \"$0\" run 'echo > begun; read x < go; echo {}' ::: a";
    let mut running = Command::new("sh")
        .args(["-c", text, env!("CARGO_BIN_EXE_brigade")])
        .current_dir(meeting.path(""))
        .env("SHELL", "/bin/sh")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&mut BufReader::new(begun), 1);
    send(&running, Signal::INT);
    send(&running, Signal::HUP);
    go.write_all(b"\n").unwrap();
    let status = running.wait().unwrap();
    assert_eq!(status.code(), Some(0));
}
