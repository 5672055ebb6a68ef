//! What becomes of the command: replacement strings, words, shells and quoting.

use super::*;

/// Text that does harm, or comes out changed, wherever a shell reads it.
const HOSTILE: &[&str] = &[
    "a b",
    "it's",
    "\"",
    "'; echo harm; '",
    "\"; echo harm; \"",
    "$(echo harm)",
    "`echo harm`",
    "$HOME ${HOME}",
    "*",
    "~",
    "-n",
    "\\",
    "\\'",
    "a\tb",
    "x=1",
    "{}",
    "{.}",
    "#",
    "a && echo harm",
    "a > harm",
    "2",
    "",
];

#[test]
fn replacement_strings_are_replaced_in_every_word() {
    let output = run([
        "echo",
        "{}",
        "{.}",
        "{/}",
        "{//}",
        "{/.}",
        "<{#}>",
        ":::",
        "d/e.f/g.tar.gz",
    ]);
    check(
        &output,
        "d/e.f/g.tar.gz d/e.f/g.tar g.tar.gz d/e.f g.tar <1>\n",
    );
}

#[test]
fn several_words_are_not_touched_by_any_shell() {
    check(
        &run(["printf", "%s|", "$HOME", "a  b", "*", ";", ":::", "{x}"]),
        "$HOME|a  b|*|;|{x}|",
    );
}

#[test]
fn one_plain_word_is_split_at_white_space() {
    check(
        &run(["printf  %s|%s| a".replace('|', "/").as_str(), ":::", "b c"]),
        "a/b c/",
    );
}

#[test]
fn shell_syntax_in_one_word_is_run_by_a_shell() {
    check(
        &run([
            "-k",
            "echo {} | tr a-z A-Z; echo $((1+{#}))",
            ":::",
            "a",
            "b",
        ]),
        "A\n2\nB\n3\n",
    );
    check(&run(["cd {} && pwd", ":::", "/"]), "/\n");
    check(&run(["X=1 printenv X; true", ":::", "a"]), "1\n");
}

#[test]
fn the_users_shell_is_used_if_its_quoting_is_known() {
    let folder = TempDir::new().unwrap();
    for (name, expected) in [("bash", "-c"), ("fish", "a\n")] {
        // A link, not a script of our own: a file just written cannot always be run at once.
        let shell = folder.path().join(name);
        std::os::unix::fs::symlink("/bin/echo", &shell).unwrap();
        let output = brigade(["echo {};", ":::", "a"])
            .env("SHELL", &shell)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.starts_with(expected), "{name}: {printed}");
    }
}

#[test]
fn no_argument_is_ever_read_as_shell_syntax() {
    let input: String = HOSTILE.iter().map(|text| format!("{text}\n")).collect();
    let places = [
        "printf '%s\\n' {} | cat",
        "printf '%s\\n' \"{}\" | cat",
        "printf '%s\\n' '{}' | cat",
        "printf '%s\\n' \"$(printf %s {})\" | cat",
        "printf '%s\\n' \"$(printf %s \"{}\")\" | cat",
        "printf '%s\\n' \"`printf %s '{}'`\" | cat",
        "printf '%s\\n' ${NO_SUCH_VARIABLE-{}} | cat",
        "printf '%s\\n' $(:) ''{}\"\" | cat",
        "# it's a comment with {}\nprintf '%s\\n' {}",
        "cat | cat; printf '%s\\n'",
    ];
    for place in places {
        let output = run_with_input(["-k", place], &input);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            input,
            "in: {place}"
        );
        assert_eq!(output.status.code(), Some(0), "in: {place}");
    }
}

#[test]
fn direct_commands_pass_hostile_arguments_on() {
    let input: String = HOSTILE.iter().map(|text| format!("{text}\n")).collect();
    check(&run_with_input(["-k", "printf", "%s\\n"], &input), &input);
}

#[test]
fn a_dry_run_prints_lines_that_a_shell_reads_back() {
    for command in [
        &["printf", "%s;%s\n", "{}", "$x y"][..],
        &["printf '%s;' {} | cat"],
    ] {
        let words = command
            .iter()
            .copied()
            .chain([":::"])
            .chain(HOSTILE.iter().copied());
        let dry = run(["-k", "--dry-run"].into_iter().chain(words.clone()));
        let shell = Command::new("sh")
            .arg("-c")
            .arg(bytes(&dry.stdout))
            .output()
            .unwrap();
        check(&shell, run(["-k"].into_iter().chain(words)).stdout);
    }
}

#[test]
fn a_dry_run_runs_nothing() {
    let meeting = Meeting::new(&[]);
    let output = meeting
        .brigade(["--dry-run", "touch", "{}", ":::", "a", "b c"])
        .output()
        .unwrap();
    check(&output, "touch a\ntouch 'b c'\n");
    assert!(!meeting.path("a").exists());
}

#[test]
fn the_program_sees_the_name_it_was_called_by() {
    check(&run(["sh", "-c", "echo $0", ":::", ""]), "\n");
    check(&run(["sh -c", ":::", "echo $0"]), "sh\n");
}

#[test]
fn the_program_may_depend_on_the_argument() {
    check(&run(["-k", "{}", "x", ":::", "echo", "printf"]), "x\nx");
}
