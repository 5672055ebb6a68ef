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
            "brigade: 1 of 2 files that were read is not what - says",
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
    let told = lines(&output.stderr);
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("line 1") && told[1].contains("line 3"));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_list_without_digests_is_no_success() {
    let tree = Tree::new(&[(b"empty", b"")]);
    let output = tree.run(&["hash", "--check", "empty"]);
    check_refusal(&output, 1, &["no line of empty"]);
}
