//! What jobs print: whole, apart, in order if so wanted, and in little memory.

use super::*;
use rustix::pty::OpenptFlags;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout};

#[test]
fn outputs_of_jobs_that_run_at_once_are_not_mixed() {
    let meeting = Meeting::new(&["a", "b"]);
    let (_a, _b) = (meeting.open("a"), meeting.open("b"));
    // Each job prints half a line while the other has printed half of its own.
    let first = "printf one.; echo > a; read x < b; echo two; printf error. >&2; echo end >&2";
    let second = "read x < a; printf three.; printf err >&2; echo > b; echo four; echo or >&2";
    let output = meeting
        .brigade(["-j2", "sh -c", ":::", first, second])
        .output()
        .unwrap();
    assert_eq!(sorted_lines(&output.stdout), ["one.two", "three.four"]);
    assert_eq!(sorted_lines(&output.stderr), ["error", "error.end"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn kept_order_is_that_of_the_arguments_whoever_ends_first() {
    let meeting = Meeting::new(&["third", "second"]);
    let (_third, _second) = (meeting.open("third"), meeting.open("second"));
    let jobs = [
        "read x < second; echo 1",
        "read x < third; echo > second; echo 2",
        "echo > third; echo 3",
    ];
    let arguments = ["-kj3", "sh", "-c", ":::"].into_iter().chain(jobs);
    check(&meeting.brigade(arguments).output().unwrap(), "1\n2\n3\n");
}

#[test]
fn a_silent_job_does_not_hold_back_the_next() {
    let meeting = Meeting::new(&["go"]);
    let mut go = meeting.open("go");
    let jobs = [
        ":::",
        "true",
        "false",
        "no-such-program-here",
        "echo 2",
        "read x < go; echo 3",
    ];
    let mut running = meeting
        .brigade(["-kj2", "sh", "-c"].into_iter().chain(jobs))
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(running.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "2\n");
    go.write_all(b"\n").unwrap();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "2\n3\n");
    assert_eq!(running.wait().unwrap().code(), Some(2));
}

#[test]
fn with_kept_order_dispatch_pauses_when_the_window_is_full() {
    const SLOTS: u64 = 2;
    const WINDOW: u64 = 4 * SLOTS + 16;
    let meeting = Meeting::new(&["go", "begun"]);
    let (mut go, begun) = (meeting.open("go"), meeting.open("begun"));
    let job = "if [ {} = 1 ]; then read x < go; else \
               [ {} -le WINDOW ] || [ -e released ] || echo early {}; \
               [ {} != WINDOW ] || echo > begun; fi";
    let job = job.replace("WINDOW", &WINDOW.to_string());
    let input: String = (1..=3 * WINDOW)
        .map(|number| format!("{number}\n"))
        .collect();
    std::fs::write(meeting.path("list"), input).unwrap();
    let running = meeting
        .brigade(["-k", "-j2", "-a", "list", &job])
        .spawn()
        .unwrap();
    // The last job of the window runs although the first has not ended ...
    BufReader::new(begun).read_line(&mut String::new()).unwrap();
    // ... and none after it, until the first has.
    std::fs::write(meeting.path("released"), "").unwrap();
    go.write_all(b"\n").unwrap();
    check(&running.wait_with_output().unwrap(), "");
}

#[test]
fn large_outputs_arrive_whole() {
    let job = "head -c 300000 /dev/zero | tr '\\0' {}; head -c 300001 /dev/zero | tr '\\0' {} >&2";
    for option in ["-k", "-j2"] {
        let output = run([option, job, ":::", "a", "b"]);
        assert_eq!(output.status.code(), Some(0));
        for (bytes, count) in [(&output.stdout, 300_000), (&output.stderr, 300_001)] {
            let (first, second) = bytes.split_at(count);
            assert!(first.iter().all(|byte| *byte == first[0]), "mixed");
            assert!(second.iter().all(|byte| *byte == second[0]) && first[0] != second[0]);
            assert_eq!(second.len(), count);
        }
    }
}

#[test]
fn with_kept_order_the_first_job_is_written_while_it_runs() {
    let meeting = Meeting::new(&["go"]);
    let mut go = meeting.open("go");
    let job = "head -c 300000 /dev/zero; read x < go";
    let mut running = meeting.brigade(["-k", job, ":::", ""]).spawn().unwrap();
    let mut stdout = running.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 200_000]).unwrap();
    go.write_all(b"\n").unwrap();
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), 100_000);
    running.wait().unwrap();
}

#[test]
fn a_large_output_does_not_sit_in_memory() {
    const SIZE: usize = 200_000_000;
    const MEMORY_KIB: u64 = 24 * 1024;
    for option in ["-k", "-j2"] {
        let job = format!("echo begin; head -c {SIZE} /dev/zero");
        let mut running = brigade([option, "sh", "-c", ":::", &job])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = running.stdout.take().unwrap();
        // What is left unread is more than the pipe holds, so the runner is still there.
        discard(&mut stdout, SIZE - 1_000_000);
        let peak = peak_memory_kib(&running);
        assert!(peak < MEMORY_KIB, "{peak} KiB with {option}");
        discard(&mut stdout, 1_000_000 + "begin\n".len());
        assert_eq!(stdout.read(&mut [0]).unwrap(), 0);
        assert!(running.wait().unwrap().success());
    }
}

fn discard(stdout: &mut ChildStdout, count: usize) {
    let copied = std::io::copy(&mut stdout.take(count as u64), &mut std::io::sink()).unwrap();
    assert_eq!(copied, count as u64);
}

fn peak_memory_kib(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn output_of_processes_that_a_job_leaves_behind_belongs_to_it() {
    let meeting = Meeting::new(&["go", "early"]);
    let (_go, _early) = (meeting.open("go"), meeting.open("early"));
    let jobs = [
        "(read x < go; echo late) & echo early; echo > early",
        "read x < early; echo > go; echo other",
    ];
    let output = meeting
        .brigade(["-kj2", "sh", "-c", ":::"].into_iter().chain(jobs))
        .output()
        .unwrap();
    check(&output, "early\nlate\nother\n");
}

#[test]
fn a_job_that_closes_its_output_is_waited_for() {
    let meeting = Meeting::new(&["go"]);
    let _go = meeting.open("go");
    let jobs = ["exec >&- 2>&-; read x < go; exit 7", "echo > go"];
    let output = meeting
        .brigade(["-j2", "sh", "-c", ":::"].into_iter().chain(jobs))
        .output();
    assert_eq!(output.unwrap().status.code(), Some(1));
}

#[test]
fn in_a_pipe_nothing_is_printed_about_progress() {
    check(&run(["-j2", "true", ":::", "a", "b", "c"]), "");
}

/// A terminal: what it shows, and the device to print to it.
fn terminal() -> (File, File) {
    let screen = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&screen).unwrap();
    rustix::pty::unlockpt(&screen).unwrap();
    let name = rustix::pty::ptsname(&screen, Vec::new()).unwrap();
    let device = OpenOptions::new()
        .read(true)
        .write(true)
        .open(bytes(name.to_bytes()))
        .unwrap();
    (screen.into(), device)
}

/// Everything that a terminal was sent, once nobody has it open any more.
fn shown(mut screen: File) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    // The end of a terminal is an error, not an empty read.
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(seen).unwrap()
}

#[test]
fn on_a_terminal_progress_is_shown_and_disturbs_no_output() {
    let input: String = (0..50).map(|number| format!("{number}\n")).collect();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("list"), &input).unwrap();
    let run = |options: &[&str], stdout: fn(&File) -> Stdio| {
        let (screen, device) = terminal();
        let mut running = brigade(options.iter().chain(&["-ka", "list", "echo"]))
            .current_dir(folder.path())
            .env("TERM", "xterm")
            .stdout(stdout(&device))
            .stderr(device)
            .spawn()
            .unwrap();
        let mut printed = String::new();
        if let Some(mut stdout) = running.stdout.take() {
            stdout.read_to_string(&mut printed).unwrap();
        }
        let shown = shown(screen);
        assert!(running.wait().unwrap().success());
        (printed, shown)
    };
    let (printed, shown) = run(&[], |_| Stdio::piped());
    assert_eq!(printed, input);
    assert!(shown.contains("jobs done"), "{shown:?}");
    let (printed, shown) = run(&["--no-progress"], |_| Stdio::piped());
    assert_eq!((printed, shown), (input.clone(), String::new()));
    let (_, shown) = run(&[], |device| device.try_clone().unwrap().into());
    for number in 0..50 {
        // Each line begins where the progress line was taken away, or after another line, or before anything is shown.
        let line = format!("{number}\r\n");
        assert!(
            shown
                .match_indices(&line)
                .any(|(at, _)| at == 0 || shown[..at].ends_with(['\n', '\r', 'K'])),
            "{number} in {shown:?}"
        );
    }
}
