//! `cargo xtask bench`: the measurements of `brigade-bench`, as users are meant to run them.
//!
//! Does not know the bench's arguments.

use crate::cargo::CargoCall;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the bench and ends as it ends.
pub(crate) fn run(arguments: Vec<OsString>) -> Result<ExitCode, String> {
    // Called from where the user stands: a path in ARGS means what it means in the user's shell.
    let status = call(arguments).run()?;
    status
        .code()
        .map(|code| ExitCode::from(u8::try_from(code).unwrap_or(1)))
        .ok_or_else(|| format!("the bench was stopped before its end ({status})"))
}

fn call(arguments: Vec<OsString>) -> CargoCall {
    let ours = ["run", "--release", "--locked", "-p", "brigade-bench", "--"];
    CargoCall::new(ours.into_iter().map(OsString::from).chain(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_handed_through() {
        assert_eq!(
            call(vec!["--quick".into(), "--filter".into(), "pool".into()]).to_string(),
            "cargo run --release --locked -p brigade-bench -- --quick --filter pool"
        );
    }
}
