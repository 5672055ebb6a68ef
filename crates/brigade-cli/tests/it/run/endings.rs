//! Exit statuses, and ends that are not the jobs' own fault.

use super::*;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;

#[test]
fn the_status_is_the_number_of_failed_jobs() {
    for (jobs, status) in [(0, 0), (1, 1), (3, 3), (100, 100), (101, 101), (150, 101)] {
        let input: String = (0..150)
            .map(|number| format!("{}\n", i32::from(number < jobs)))
            .collect();
        let output = run_with_input(["-j4", "exit {}"], input);
        assert_eq!(output.status.code(), Some(status), "{jobs} failed");
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn a_job_that_dies_by_a_signal_has_failed() {
    let output = run(["-k", "echo {}; kill -9 $$", ":::", "a", "b"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"a\nb\n");
}

#[test]
fn a_command_that_does_not_exist_is_told_once() {
    let input: String = (0..1000).map(|number| format!("{number}\n")).collect();
    let output = run_with_input(["no-such-program-here"], input);
    let sentences = lines(&output.stderr);
    assert_eq!(sentences.len(), 2, "{sentences:?}");
    assert!(sentences[0].contains("command not found: no-such-program-here"));
    assert!(sentences[1].contains("more jobs"));
    assert_eq!(output.status.code(), Some(101));

    check_refusal(
        &run(["./no/such", ":::", "a"]),
        1,
        &["command not found: ./no/such"],
    );
    check_refusal(
        &run(["{}/x", ":::", "/no"]),
        1,
        &["command not found: /no/x"],
    );
}

#[test]
fn a_file_that_is_no_program_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "text\n").unwrap();
    let name = file.to_str().unwrap();
    check_refusal(
        &run([name, ":::", "a"]),
        1,
        &[name, "Permission denied", "executable"],
    );
    write_program(&file, "text");
    check_refusal(
        &run([name, ":::", "a"]),
        1,
        &[name, "Exec format error", "#!"],
    );
    write_program(&file, "#!/no/such/interpreter");
    check_refusal(&run([name, ":::", "a"]), 1, &[name, "interpreter"]);
}

/// Makes a file that may be run. Another process writes it: the children of other tests could hold a
/// file open for writing that we have written, and until they are through nobody could run it.
fn write_program(path: &std::path::Path, line: &str) {
    let script = "printf '%s\\n' \"$1\" > \"$2\" && chmod 755 \"$2\"";
    let written = Command::new("sh")
        .args(["-c", script, "sh", line])
        .arg(path)
        .status()
        .unwrap();
    assert!(written.success());
}

#[test]
fn arguments_that_no_program_can_take_fail_alone() {
    let output = run_with_input(["-k", "echo"], b"a\nb\0c\nd\n");
    check_refusal(&output, 1, &["job 2", "NUL", "-0"]);
    assert_eq!(output.stdout, b"a\nd\n");
    let long = "x".repeat(3_000_000);
    let output = run_with_input(["-k", "echo"], format!("a\n{long}\nd\n"));
    check_refusal(&output, 1, &["echo", "too long"]);
    assert_eq!(output.stdout, b"a\nd\n");
}

#[test]
fn a_reader_that_leaves_ends_the_run_by_sigpipe() {
    let meeting = Meeting::new(&["never", "go"]);
    let (_never, mut go) = (meeting.open("never"), meeting.open("go"));
    let job =
        "case {#} in 1) echo first;; 2) read x < never;; 3) read x < go; echo;; *) echo; esac";
    let mut endless = Command::new("yes").stdout(Stdio::piped()).spawn().unwrap();
    let mut running = meeting
        .brigade(["-j3", job])
        .stdin(endless.stdout.take().unwrap())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(running.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    drop(stdout);
    go.write_all(b"\n").unwrap();
    // The second job would wait for ever, and there is no end of arguments.
    let output = running.wait_with_output().unwrap();
    assert_eq!(
        output.status.signal(),
        Some(rustix::process::Signal::PIPE.as_raw())
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    endless.wait().unwrap();
}

#[test]
fn a_full_disk_under_the_output_is_told_and_ends_the_run() {
    let input: String = (0..1000).map(|number| format!("{number}\n")).collect();
    for command in [
        &["echo"][..],
        &["-k", "echo"],
        &["head -c 300000 /dev/zero; true"],
        &["--dry-run", "x"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("list"), &input).unwrap();
        let output = brigade(["-a", "list"].iter().chain(command))
            .current_dir(folder.path())
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        check_refusal(
            &output,
            255,
            &["standard output", "No space left on device"],
        );
    }
}

/// Runs the shell text, in which `$0` is the command, with a limit on the size of files.
fn with_file_limit(blocks: u32, text: &str, folder: &TempDir) -> Output {
    let text = format!("trap '' XFSZ; ulimit -f {blocks}; {text}");
    Command::new("sh")
        .args(["-c", &text, env!("CARGO_BIN_EXE_brigade")])
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .env("SHELL", "/bin/sh")
        .output()
        .unwrap()
}

#[test]
fn a_full_disk_leaves_no_part_of_a_line() {
    let folder = TempDir::new().unwrap();
    let text = "\"$0\" run -k printf 'line number %s\\n' ::: $(seq 2000) > out";
    let output = with_file_limit(8, text, &folder);
    check_refusal(&output, 255, &["standard output", "incomplete"]);
    let written = std::fs::read_to_string(folder.path().join("out")).unwrap();
    assert!(!written.is_empty() && written.ends_with('\n'));
    for (number, line) in written.lines().enumerate() {
        assert_eq!(line, format!("line number {}", number + 1));
    }
}

#[test]
fn a_full_folder_for_temporary_files_fails_the_job_and_prints_nothing_of_it() {
    let folder = TempDir::new().unwrap();
    let text = "\"$0\" run -j1 'yes {} | head -n 100000; true' ::: line; \
                status=$?; \"$0\" run echo ::: small; exit $status";
    let output = with_file_limit(64, text, &folder);
    check_refusal(
        &output,
        1,
        &["job 1", "TMPDIR", folder.path().to_str().unwrap()],
    );
    assert_eq!(output.stdout, b"small\n");
}

#[test]
fn a_missing_folder_for_temporary_files_is_named() {
    let output = brigade(["head -c {} /dev/zero", ":::", "100000", "5"])
        .env("TMPDIR", "/no/such/folder")
        .output()
        .unwrap();
    check_refusal(&output, 1, &["/no/such/folder", "TMPDIR"]);
    assert_eq!(output.stdout, [0; 5]);
}

#[test]
fn more_slots_than_files_may_be_open_are_reduced_with_a_word() {
    let folder = TempDir::new().unwrap();
    let text = "ulimit -n 200; seq 100 | \"$0\" run -j 1000 'echo {} | cat'";
    let output = with_file_limit(1_000_000, text, &folder);
    check_refusal(&output, 0, &["1000 jobs", "200", "ulimit -n"]);
    assert_eq!(lines(&output.stdout).len(), 100);
}
