//! What can be asked for, and how.
//!
//! Knows the words only, not what they do.

use crate::schedules::Campaign;
use std::ffi::OsString;

/// The list of commands, as the user sees it.
pub(crate) const COMMANDS: &str = "\
The project's own commands:

    cargo xtask test [--fast]    everything that must hold: format, lints, docs, tidy, tests, models;
                                 --fast leaves out the loom models, which take minutes
    cargo xtask tidy             the taste that a machine can check, alone
    cargo +nightly xtask races   the library's tests under ThreadSanitizer
    cargo xtask schedules        whole programs under many random schedules, for minutes;
                                 --iterations N, --seed N, --only TEST, --replay FILE (one schedule that failed)
    cargo xtask bench [ARGS...]  Brigade and its peers side by side; `bench --help` lists ARGS";

/// What the user asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Print the list of commands.
    Help,
    /// Check everything, or all but what takes minutes.
    Test { fast: bool },
    /// Check taste alone.
    Tidy,
    /// Look for data races.
    Races,
    /// Run random schedules.
    Schedules(Campaign),
    /// Measure, with arguments that belong to the bench.
    Bench { arguments: Vec<OsString> },
}

impl Command {
    /// Reads the command line, without the name of the program. The error is one sentence.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut words = words.into_iter();
        let Some(first) = words.next() else {
            return Ok(Self::Help);
        };
        let rest: Vec<OsString> = words.collect();
        match first.to_str() {
            // Whatever follows is the bench's to understand, `--help` included.
            Some("bench") => Ok(Self::Bench { arguments: rest }),
            Some("test" | "tidy" | "races" | "schedules") if rest.iter().any(asks_for_help) => {
                Ok(Self::Help)
            }
            Some("test") => test(&rest),
            Some("tidy") => alone(Command::Tidy, "tidy", &rest),
            Some("races") => alone(Command::Races, "races", &rest),
            Some("schedules") => schedules(&rest).map(Self::Schedules),
            _ if asks_for_help(&first) => Ok(Self::Help),
            _ => Err(format!(
                "there is no command `{}`; the commands are below.",
                first.display()
            )),
        }
    }
}

fn asks_for_help(word: &OsString) -> bool {
    word == "--help" || word == "-h" || word == "help"
}

fn test(arguments: &[OsString]) -> Result<Command, String> {
    match arguments.iter().find(|word| *word != "--fast") {
        None => Ok(Command::Test {
            fast: !arguments.is_empty(),
        }),
        Some(unknown) => Err(format!(
            "`test` does not know `{}`; it takes `--fast` or nothing.",
            unknown.display()
        )),
    }
}

fn schedules(arguments: &[OsString]) -> Result<Campaign, String> {
    let mut campaign = Campaign::default();
    let mut words = arguments.iter();
    while let Some(option) = words.next() {
        let known = ["--iterations", "--seed", "--only", "--replay"];
        if !known.iter().any(|known| option == known) {
            return Err(format!(
                "`schedules` does not know `{}`; it takes `--iterations N`, `--seed N`, `--only TEST` and `--replay FILE`.",
                option.display()
            ));
        }
        let option = option.display();
        let Some(value) = words.next() else {
            return Err(format!("`{option}` needs a value after it."));
        };
        let number = || {
            let number = value.to_str().and_then(|text| text.parse().ok());
            number.ok_or_else(|| {
                format!(
                    "`{option}` needs a number, and `{}` is none.",
                    value.display()
                )
            })
        };
        match option.to_string().as_str() {
            "--iterations" => campaign.iterations = Some(number()?),
            "--seed" => campaign.seed = Some(number()?),
            "--only" => campaign.only = Some(value.to_string_lossy().into_owned()),
            _ => campaign.replay = Some(value.clone()),
        }
    }
    Ok(campaign)
}

/// A command that takes no arguments.
fn alone(command: Command, name: &str, arguments: &[OsString]) -> Result<Command, String> {
    match arguments {
        [] => Ok(command),
        [unknown, ..] => Err(format!(
            "`{name}` does not know `{}`; it takes no arguments and looks at everything.",
            unknown.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Command::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn every_command_is_understood() {
        assert_eq!(parse("test"), Ok(Command::Test { fast: false }));
        assert_eq!(parse("test --fast"), Ok(Command::Test { fast: true }));
        assert_eq!(parse("tidy"), Ok(Command::Tidy));
        assert_eq!(parse("races"), Ok(Command::Races));
        for line in [
            "",
            "--help",
            "-h",
            "help",
            "test --help",
            "tidy -h",
            "races -h",
        ] {
            assert_eq!(parse(line), Ok(Command::Help), "{line}");
        }
    }

    #[test]
    fn a_campaign_is_understood() {
        assert_eq!(
            parse("schedules"),
            Ok(Command::Schedules(Campaign::default()))
        );
        assert_eq!(
            parse("schedules --iterations 9 --seed 7 --only pool --replay a.txt"),
            Ok(Command::Schedules(Campaign {
                iterations: Some(9),
                seed: Some(7),
                only: Some("pool".to_owned()),
                replay: Some("a.txt".into()),
            }))
        );
        for (line, wrong) in [
            ("schedules --iterations", "`--iterations` needs a value"),
            ("schedules --seed x", "`x` is none"),
            ("schedules --sede 1", "`--sede`"),
        ] {
            let fault = parse(line).unwrap_err();
            assert!(fault.contains(wrong), "{fault}");
        }
    }

    #[test]
    fn the_arguments_of_the_bench_are_its_own() {
        assert_eq!(
            parse("bench --quick --help"),
            Ok(Command::Bench {
                arguments: vec!["--quick".into(), "--help".into()]
            })
        );
    }

    #[test]
    fn what_is_unknown_is_named() {
        for (line, unknown) in [
            ("tset", "`tset`"),
            ("test --fats", "`--fats`"),
            ("tidy src", "`src`"),
            ("races all", "`all`"),
        ] {
            let fault = parse(line).unwrap_err();
            assert!(fault.contains(unknown), "{fault}");
        }
    }
}
