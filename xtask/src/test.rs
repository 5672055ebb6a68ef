//! `cargo xtask test`: everything that must hold before a change is good, cheapest first.
//!
//! The steps are a list; the rest of the file runs any such list. It does not know what cargo's tools
//! find, nor what tidy looks at.

#![expect(
    clippy::disallowed_methods,
    reason = "the clock of the library's facade is private to it; here a clock times the steps"
)]

use crate::cargo::CargoCall;
use crate::{say, schedules, tidy};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What turns the library's facade over to the model checker.
const LOOM_CFG: &str = "--cfg brigade_loom";
/// What turns warnings into errors, for every tool that can warn.
const NO_WARNINGS: &str = "-D warnings";
/// Most faults need no more than two switches of thread at bad places; each one more multiplies the time.
const LOOM_PREEMPTIONS: &str = "2";

struct Step {
    name: &'static str,
    check: Check,
}

enum Check {
    Cargo(CargoCall),
    Tidy,
}

/// Runs every step, stopping at the first that fails.
pub(crate) fn run(root: &Path, fast: bool) -> Result<(), String> {
    let locked = root.join("Cargo.lock").exists();
    let steps = steps(fast, locked, &|name| env::var_os(name));
    let begin = Instant::now();
    for (index, step) in steps.iter().enumerate() {
        let heading = format!("[{}/{}] {}", index + 1, steps.len(), step.name);
        say(&format!("\n{heading}: {}", step.check.shown()))?;
        let begin = Instant::now();
        step.check
            .run(root)
            .map_err(|fault| format!("stopped at step `{}`: {fault}", step.name))?;
        say(&format!("{heading}: passed in {}", human(begin.elapsed())))?;
    }
    let left_out = if fast { " but the loom models" } else { "" };
    let took = human(begin.elapsed());
    say(&format!("\neverything{left_out} passed, in {took}"))
}

/// The steps in their order. `variable` looks into the environment of the user.
fn steps(fast: bool, locked: bool, variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<Step> {
    let cargo = |line: &str| {
        let locked = locked && !line.starts_with("fmt");
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        CargoCall::new(
            std::iter::once(command)
                .chain(locked.then_some("--locked"))
                .chain(rest.split_whitespace()),
        )
    };
    let under = |cfg: &str, folder: &str, line: &str| {
        let (flags, value) = appended("RUSTFLAGS", cfg, variable);
        // A folder of its own: with other flags in the same one, each run would build all anew.
        cargo(line)
            .with(flags, value)
            .with("CARGO_TARGET_DIR", target_folder(folder, variable))
    };
    let under_loom = |line: &str| under(LOOM_CFG, "loom", line);
    let under_shuttle = |line: &str| under(schedules::CFG, "shuttle", line);
    let (doc_flags, doc_value) = appended("RUSTDOCFLAGS", NO_WARNINGS, variable);
    let mut steps = vec![
        cargo("fmt --all --check").step("format"),
        cargo("clippy --workspace --all-targets -- -D warnings").step("clippy"),
        under_loom("clippy -p brigade --lib --profile test -- -D warnings")
            .step("clippy of the models"),
        // Shuttle's atomics are larger than the machine's, and so is what is made of them.
        under_shuttle(
            "clippy -p brigade --lib --test schedules -- -D warnings -A clippy::large_enum_variant",
        )
        .step("clippy of the schedules"),
        cargo("doc --workspace --no-deps")
            .with(doc_flags, doc_value)
            .step("docs"),
        Step {
            name: "tidy",
            check: Check::Tidy,
        },
        cargo("test --workspace").step("tests"),
        cargo("clippy -p brigade --all-targets --features sight -- -D warnings")
            .step("clippy with sight"),
        cargo("clippy -p brigade --lib --no-default-features -- -D warnings")
            .step("clippy without tokio"),
        cargo("test -p brigade --features sight --lib --test it --test sight --test sight_example")
            .step("deadlocks, seen"),
        // Shown as it comes, because a schedule that fails ends the process.
        under_shuttle("test --release -p brigade --test schedules -- --nocapture")
            .step("random schedules"),
    ];
    if !fast {
        let preemptions =
            variable("LOOM_MAX_PREEMPTIONS").unwrap_or_else(|| LOOM_PREEMPTIONS.into());
        steps.push(
            under_loom("test --profile loom -p brigade --lib")
                .with("LOOM_MAX_PREEMPTIONS", preemptions)
                .step("loom models"),
        );
    }
    steps
}

/// The variable to set so that `flags` come after those of the user, and its value.
fn appended(
    name: &str,
    flags: &str,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> (String, OsString) {
    // Cargo looks at the encoded form first, and then not at the plain one.
    let encoded = format!("CARGO_ENCODED_{name}");
    let (name, separator, present) = match variable(&encoded) {
        Some(present) => (encoded, "\x1f", present),
        None => (name.to_owned(), " ", variable(name).unwrap_or_default()),
    };
    let mut value = present;
    for flag in flags.split(' ') {
        if !value.is_empty() {
            value.push(separator);
        }
        value.push(flag);
    }
    (name, value)
}

fn target_folder(name: &str, variable: &dyn Fn(&str) -> Option<OsString>) -> PathBuf {
    let target = variable("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Path::new(&target).join(name)
}

fn human(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

impl CargoCall {
    fn step(self, name: &'static str) -> Step {
        Step {
            name,
            check: Check::Cargo(self),
        }
    }
}

impl Check {
    /// What to type to run this step alone.
    fn shown(&self) -> String {
        match self {
            Self::Cargo(call) => call.to_string(),
            Self::Tidy => "cargo xtask tidy".to_owned(),
        }
    }

    fn run(&self, root: &Path) -> Result<(), String> {
        let call = match self {
            Self::Tidy => return tidy::run(root),
            Self::Cargo(call) => call,
        };
        let status = call.clone().in_folder(root).run()?;
        if status.success() {
            return Ok(());
        }
        Err(format!(
            "cargo ended with {status}; what is wrong stands above, and this runs the step alone: {call}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fast: bool, variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            let mut found = variables.iter().filter(|(known, _)| *known == name);
            found.next().map(|(_, value)| OsString::from(value))
        };
        let steps = steps(fast, true, &variable);
        steps.iter().map(|step| step.check.shown()).collect()
    }

    #[test]
    fn the_steps_are_these() {
        let loom = "RUSTFLAGS='--cfg brigade_loom' CARGO_TARGET_DIR=target/loom";
        let shuttle = "RUSTFLAGS='--cfg brigade_shuttle' CARGO_TARGET_DIR=target/shuttle";
        assert_eq!(
            shown(false, &[]),
            [
                "cargo fmt --all --check",
                "cargo clippy --locked --workspace --all-targets -- -D warnings",
                &format!(
                    "{loom} cargo clippy --locked -p brigade --lib --profile test -- -D warnings"
                ),
                &format!(
                    "{shuttle} cargo clippy --locked -p brigade --lib --test schedules -- -D warnings \
                     -A clippy::large_enum_variant"
                ),
                "RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps",
                "cargo xtask tidy",
                "cargo test --locked --workspace",
                "cargo clippy --locked -p brigade --all-targets --features sight -- -D warnings",
                "cargo clippy --locked -p brigade --lib --no-default-features -- -D warnings",
                "cargo test --locked -p brigade --features sight --lib --test it --test sight \
                 --test sight_example",
                &format!(
                    "{shuttle} cargo test --locked --release -p brigade --test schedules -- --nocapture"
                ),
                &format!(
                    "{loom} LOOM_MAX_PREEMPTIONS=2 cargo test --locked --profile loom -p brigade --lib"
                ),
            ]
        );
    }

    #[test]
    fn fast_leaves_out_the_models_alone() {
        let all = shown(false, &[]);
        assert_eq!(shown(true, &[]), all[..all.len() - 1]);
    }

    #[test]
    fn what_the_user_has_set_stays() {
        let all = shown(
            false,
            &[
                ("RUSTFLAGS", "-C target-cpu=native"),
                ("LOOM_MAX_PREEMPTIONS", "3"),
                ("CARGO_TARGET_DIR", "elsewhere"),
            ],
        );
        assert_eq!(
            all[11],
            "RUSTFLAGS='-C target-cpu=native --cfg brigade_loom' CARGO_TARGET_DIR=elsewhere/loom \
             LOOM_MAX_PREEMPTIONS=3 cargo test --locked --profile loom -p brigade --lib"
        );
    }

    #[test]
    fn encoded_flags_win_over_plain_ones_as_they_do_in_cargo() {
        let variable = |name: &str| name.starts_with("CARGO_ENCODED").then(|| "-O".into());
        assert_eq!(
            appended("RUSTFLAGS", "--cfg x", &variable),
            (
                "CARGO_ENCODED_RUSTFLAGS".to_owned(),
                "-O\x1f--cfg\x1fx".into()
            )
        );
    }

    #[test]
    fn times_are_short() {
        assert_eq!(human(Duration::from_millis(1240)), "1.2 s");
        assert_eq!(human(Duration::from_secs(192)), "3 min 12 s");
    }
}
