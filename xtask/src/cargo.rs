//! One call of cargo: how it is made, and how it is shown to somebody who wants to repeat it.
//!
//! Does not know what is called, or why.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// A call of cargo that has not been made yet. Its `Display` can be pasted into a shell.
#[derive(Clone, Debug)]
pub(crate) struct CargoCall {
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    directory: Option<PathBuf>,
}

impl CargoCall {
    pub(crate) fn new<W: Into<OsString>>(arguments: impl IntoIterator<Item = W>) -> Self {
        Self {
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
            directory: None,
        }
    }

    /// Sets one variable of the environment, beside those that the user has set.
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Calls in this folder, not where the user stands.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.directory = Some(folder.to_path_buf());
        self
    }

    /// Calls, and waits for the end. An error means that cargo has not even started.
    pub(crate) fn run(&self) -> Result<ExitStatus, String> {
        // The cargo that runs us, so that a toolchain chosen with `cargo +NAME xtask` is kept.
        let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(&program);
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.directory {
            command.current_dir(folder);
        }
        command.status().map_err(|fault| {
            let program = program.display();
            format!("cannot start `{program}`: {fault}; is cargo installed and in PATH?")
        })
    }
}

impl fmt::Display for CargoCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.environment {
            write!(f, "{name}={} ", quoted(value))?;
        }
        write!(f, "cargo")?;
        for argument in &self.arguments {
            write!(f, " {}", quoted(argument))?;
        }
        Ok(())
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_=./,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_shown_as_a_shell_takes_it() {
        let call = CargoCall::new(["test", "--", "it's"]).with("RUSTFLAGS", "--cfg x");
        assert_eq!(
            call.to_string(),
            r"RUSTFLAGS='--cfg x' cargo test -- 'it'\''s'"
        );
    }
}
