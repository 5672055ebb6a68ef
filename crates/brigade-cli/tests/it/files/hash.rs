//! Digests: right, in order, in the format that others read.

use super::*;
use std::io::{BufRead, BufReader};

#[test]
fn digests_are_those_of_the_other_tools() {
    let tree = Tree::new(&[(b"e", b"")]);
    check(&tree.run(&["hash", "e"]), format!("{EMPTY_BLAKE3}  e\n"));
    check(
        &tree.run(&["hash", "--algo", "sha256", "e"]),
        format!("{EMPTY_SHA256}  e\n"),
    );
}

#[test]
fn every_file_of_a_folder_is_read_in_the_order_of_the_names() {
    let tree = Tree::with_odd_names();
    let output = tree.run(&["hash", "--algo=sha256", "."]);
    let files = [
        "./.hidden",
        "./a b",
        "./back\\slash",
        "./d/.h/x",
        "./d/y",
        "./new\nline",
        "./return\r",
    ];
    let mut expected = tree.tool("sha256sum", &files);
    let last = Command::new("sha256sum")
        .arg(bytes(b"./\xff"))
        .current_dir(tree.0.path())
        .output()
        .unwrap();
    expected.extend(last.stdout);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&expected)
    );
    assert_eq!(output.stdout, expected);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn sha256sum_confirms_what_is_printed() {
    let tree = Tree::with_odd_names();
    let output = tree.run(&["hash", "--algo=sha256", "d", "."]);
    let list = tempfile::NamedTempFile::new().unwrap();
    fs::write(list.path(), &output.stdout).unwrap();
    tree.tool(
        "sha256sum",
        &["--check", "--strict", list.path().to_str().unwrap()],
    );
}

#[test]
fn the_order_stays_whatever_the_number_of_jobs() {
    let names: Vec<String> = (0..3000).map(|number| format!("f{number:05}")).collect();
    // The first is by far the longest, and the others wait for it.
    let long = vec![b'x'; 20_000_000];
    let files: Vec<(&[u8], &[u8])> = names
        .iter()
        .enumerate()
        .map(|(at, name)| (name.as_bytes(), if at == 0 { &long[..] } else { &[] }))
        .collect();
    let tree = Tree::new(&files);
    let one = tree.run(&["hash", "-j1", "."]);
    assert_eq!(lines(&one.stdout).len(), names.len());
    for jobs in ["-j2", "-j7"] {
        assert_eq!(tree.run(&["hash", jobs, "."]).stdout, one.stdout);
    }
}

#[test]
fn links_in_folders_are_not_followed_and_those_that_are_named_are() {
    let tree = Tree::new(&[(b"d/f", b""), (b"d/sub/g", b"")]);
    let link = |to: &str, at: &str| {
        std::os::unix::fs::symlink(to, tree.0.path().join(at)).unwrap();
    };
    link("f", "d/link");
    link("..", "d/sub/circle");
    link("d/f", "to-file");
    link("d", "to-folder");
    let names = |argument| {
        let output = tree.run(&["hash", argument]);
        assert_eq!(output.status.code(), Some(0));
        let names = lines(&output.stdout).into_iter();
        names.map(|line| line[66..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("d"), ["d/f", "d/sub/g"]);
    assert_eq!(names("to-file"), ["to-file"]);
    assert_eq!(names("to-folder"), ["to-folder/f", "to-folder/sub/g"]);
}

#[test]
fn standard_input_is_a_file_like_others() {
    let tree = Tree::new(&[]);
    let output = tree.run_with_input(&["hash", "-"], "");
    check(&output, format!("{EMPTY_BLAKE3}  -\n"));
}

#[test]
fn what_cannot_be_read_is_told_and_does_not_stop_the_rest() {
    let tree = Tree::new(&[(b"a", b""), (b"z", b"")]);
    std::os::unix::fs::symlink("nowhere", tree.0.path().join("dangling")).unwrap();
    // Opens, and then cannot be read from its beginning.
    let output = tree.run(&["hash", "a", "none", "dangling", "/proc/self/mem", "z"]);
    assert_eq!(
        lines(&output.stderr),
        [
            "brigade: cannot read none: No such file or directory",
            "brigade: cannot read dangling: No such file or directory",
            "brigade: cannot read /proc/self/mem: Input/output error",
        ]
    );
    assert_eq!(lines(&output.stdout).len(), 2);
    assert_eq!(output.status.code(), Some(1));
}

/// An error after a line does not keep the line back.
#[test]
fn a_line_is_printed_before_the_next_file_is_waited_for() {
    let tree = Tree::new(&[(b"a", b"")]);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut running = tree
        .brigade(&["hash", "-j1", "a", "none", "-"])
        .stdin(reader)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(running.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, format!("{EMPTY_BLAKE3}  a\n"));
    drop(writer);
    stdout.read_line(&mut line).unwrap();
    assert!(line.ends_with("  -\n"));
    assert_eq!(running.wait().unwrap().code(), Some(1));
}

#[test]
fn nothing_to_read_is_no_failure() {
    let tree = Tree::new(&[]);
    check(&tree.run(&["hash", "."]), "");
}

#[test]
fn json_has_one_object_for_each_file() {
    let tree = Tree::new(&[(b"e", b""), (b"\xfe", b"")]);
    let expected = format!(
        "{{\"path\":\"./e\",\"bytes\":0,\"blake3\":\"{EMPTY_BLAKE3}\"}}\n\
         {{\"path\":\"./\u{fffd}\",\"path_hex\":\"2e2ffe\",\"bytes\":0,\
         \"blake3\":\"{EMPTY_BLAKE3}\"}}\n"
    );
    check(&tree.run(&["hash", "--json", "."]), expected);
}
