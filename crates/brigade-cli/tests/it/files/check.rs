//! Lists of digests: each file of a list is what the list says, or the user learns which is not.

use super::*;

fn listed(tree: &Tree) -> Vec<u8> {
    tree.run(&["hash", "."]).stdout
}

#[test]
fn what_was_hashed_is_confirmed() {
    let tree = Tree::with_odd_names();
    let output = tree.run_with_input(&["hash", "--check", "-"], listed(&tree));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().count(), 8);
    assert!(text.lines().all(|line| line.ends_with(": OK")), "{text}");
    assert!(text.contains("\n\\./new\\nline: OK\n"));
}

#[test]
fn what_sha256sum_printed_is_confirmed() {
    let tree = Tree::new(&[(b"a", b"x"), (b"n\nl", b"y")]);
    let list = tree.tool("sha256sum", &["a", "n\nl"]);
    let output = tree.run_with_input(&["hash", "--algo=sha256", "--check", "-"], list);
    check(&output, "a: OK\n\\n\\nl: OK\n");
}

#[test]
fn a_file_that_is_not_as_listed_fails_and_is_counted() {
    let tree = Tree::new(&[(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]);
    let list = listed(&tree);
    fs::write(tree.0.path().join("b"), "changed").unwrap();
    fs::remove_file(tree.0.path().join("c")).unwrap();
    let output = tree.run_with_input(&["hash", "--check", "-"], &list);
    assert_eq!(
        lines(&output.stdout),
        ["./a: OK", "./b: FAILED", "./c: FAILED open or read"]
    );
    assert_eq!(
        lines(&output.stderr),
        [
            "brigade: cannot read ./c: No such file or directory",
            "brigade: 1 of 2 files that were read is not what standard input says",
        ]
    );
    assert_eq!(output.status.code(), Some(1));
    let output = tree.run_with_input(&["hash", "--json", "--check", "-"], &list);
    assert_eq!(
        lines(&output.stdout)[..2],
        [
            "{\"path\":\"./a\",\"ok\":true}",
            "{\"path\":\"./b\",\"ok\":false}"
        ]
    );
}

#[test]
fn digests_of_the_other_kind_are_suspected() {
    let tree = Tree::new(&[(b"a", b"1")]);
    let list = tree.tool("sha256sum", &["a"]);
    let output = tree.run_with_input(&["hash", "--check", "-"], list);
    assert_eq!(output.stdout, b"a: FAILED\n");
    check_refusal(&output, 1, &["--algo sha256"]);
}

#[test]
fn lines_that_are_no_digests_are_named_and_the_others_are_checked() {
    let tree = Tree::new(&[(b"a", b"")]);
    let list = format!("# a list\n{EMPTY_BLAKE3}  a\n{EMPTY_BLAKE3} a\n");
    let output = tree.run_with_input(&["hash", "--check", "-"], list);
    assert_eq!(output.stdout, b"a: OK\n");
    check_refusal(&output, 1, &["line 3 of standard input", "two spaces"]);
}

#[test]
fn a_file_that_is_no_list_is_refused_in_few_words() {
    let tree = Tree::new(&[]);
    let output = tree.run_with_input(&["hash", "--check", "-"], "text\n".repeat(5000));
    let told = lines(&output.stderr);
    assert_eq!(told.len(), 12);
    assert!(told[10].contains("4990 more lines"));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_list_on_standard_input_cannot_list_standard_input() {
    let tree = Tree::new(&[(b"a", b""), (b"b", b"")]);
    let list = format!("{EMPTY_BLAKE3}  -\n{EMPTY_BLAKE3}  a\n{EMPTY_BLAKE3}  b\n");
    let output = tree.run_with_input(&["hash", "--check", "-"], &list);
    assert_eq!(output.stdout, b"a: OK\nb: OK\n");
    check_refusal(&output, 1, &["line 1"]);
    fs::write(tree.0.path().join("list"), list).unwrap();
    let output = tree.run_with_input(&["hash", "--check", "list"], "");
    check(&output, "-: OK\na: OK\nb: OK\n");
}

#[test]
fn lists_in_other_styles_are_read() {
    let tree = Tree::new(&[(b"a", b"x")]);
    let tagged = tree.tool("sha256sum", &["--tag", "a"]);
    let output = tree.run_with_input(&["hash", "--algo=sha256", "--check", "-"], tagged);
    check(&output, "a: OK\n");
    let crlf = tree.tool("sha256sum", &["a"]);
    let crlf = String::from_utf8(crlf).unwrap().replace('\n', "\r\n");
    let output = tree.run_with_input(&["hash", "--algo=sha256", "--check", "-"], crlf);
    check(&output, "a: OK\n");
}

#[test]
fn a_list_without_digests_is_no_success() {
    let tree = Tree::new(&[(b"empty", b"")]);
    let output = tree.run(&["hash", "--check", "empty"]);
    check_refusal(&output, 1, &["no line of empty"]);
}
