//! Counts: those of `wc`.

use super::*;

/// The numbers and names of lines, without the white space between them.
fn fields(output: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(output);
    let words = |line: &str| line.split_ascii_whitespace().map(str::to_owned).collect();
    text.lines().map(words).collect()
}

#[test]
fn counts_are_those_of_wc() {
    let tree = Tree::new(&[
        (b"a", b"one two\n three\n"),
        (b"b", b""),
        (b"c", b" \t\x0b\x0c\r\n\nlast word"),
    ]);
    let output = tree.run(&["count", "a", "b", "c"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        fields(&output.stdout),
        fields(&tree.tool("wc", &["a", "b", "c"]))
    );
    check(&tree.run(&["count", "b"]), "      0       0       0 b\n");
}

#[test]
fn the_sums_are_of_what_could_be_read() {
    let tree = Tree::new(&[(b"a", b"x y\n"), (b"b", b"z\n")]);
    let output = tree.run(&["count", "a", "none", "b"]);
    assert_eq!(
        fields(&output.stdout),
        [
            ["1", "2", "4", "a"],
            ["1", "1", "2", "b"],
            ["2", "3", "6", "total"]
        ]
    );
    check_refusal(&output, 1, &["none", "No such file"]);
}

#[test]
fn a_name_with_a_newline_stays_on_one_line() {
    let tree = Tree::with_odd_names();
    let output = tree.run(&["count", "."]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().count(), 9, "{text}");
    assert!(text.contains(" ./new\\nline\n"));
}

#[test]
fn json_ends_with_the_sums() {
    let tree = Tree::new(&[(b"a", b"x y\n")]);
    check(
        &tree.run(&["count", "--json", "a"]),
        "{\"path\":\"a\",\"lines\":1,\"words\":2,\"bytes\":4}\n\
         {\"total\":{\"bytes\":4,\"files\":1,\"lines\":1,\"words\":2}}\n",
    );
}
