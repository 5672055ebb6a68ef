//! `cargo +nightly xtask races`: the library's tests under ThreadSanitizer, which reports every data race it sees.
//!
//! The standard library is built anew with the sanitizer, because without that it cannot see what std's own locks
//! and counts order, and reports races that are none. Both need a nightly toolchain with the component `rust-src`.
//! What it reports of tokio's driver is left out (`races.supp`), because it cannot see what the kernel orders. So are
//! threads that were never joined: some tests forget their handles. It crashes in calls that are too deep, so tests
//! that make ten thousand are not run.
//! Does not know what the tests do.

use crate::cargo::CargoCall;
use crate::say;
use std::env;
use std::path::Path;
use std::process::Command;

/// Runs the tests, and fails with the first run that reports a race.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let compiler = describe_compiler()?;
    let host = host_of(&compiler)?;
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let call = call(host, root).with("CARGO_TARGET_DIR", Path::new(&target).join("races"));
    say(&call.to_string())?;
    let status = call.in_folder(root).run()?;
    if status.success() {
        say("no race was reported")
    } else {
        Err(format!("the run with ThreadSanitizer failed ({status})"))
    }
}

fn call(host: &str, root: &Path) -> CargoCall {
    let line = "test --locked --no-fail-fast -p brigade --lib --tests -Zbuild-std --target";
    let left_out = root.join("xtask/src/races.supp");
    let options = format!(
        "suppressions='{}' report_thread_leaks=0",
        left_out.display()
    );
    let too_deep = "-- --skip ten_thousand_joins --skip ten_thousand_scopes";
    CargoCall::new(line.split(' ').chain([host]).chain(too_deep.split(' ')))
        .with("RUSTFLAGS", "-Zsanitizer=thread")
        .with("TSAN_OPTIONS", options)
}

/// What the compiler says of itself.
fn describe_compiler() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|fault| format!("cannot start `rustc -vV`: {fault}"))?;
    String::from_utf8(output.stdout).map_err(|fault| format!("`rustc -vV` is not text: {fault}"))
}

/// The target of a nightly compiler. The error says how to get one.
fn host_of(compiler: &str) -> Result<&str, String> {
    let field = |name: &str| {
        let mut lines = compiler.lines();
        lines.find_map(|line| line.strip_prefix(name))
    };
    let release = field("release: ").unwrap_or_default();
    if !release.contains("nightly") {
        return Err(format!(
            "ThreadSanitizer needs a nightly compiler, and this is `{release}`; type \
             `rustup toolchain install nightly --component rust-src`, then `cargo +nightly xtask races`"
        ));
    }
    field("host: ").ok_or_else(|| "`rustc -vV` names no host".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_run_for_the_host_with_a_library_of_their_own() {
        assert_eq!(
            call("x86_64-unknown-linux-gnu", Path::new("brigade")).to_string(),
            "RUSTFLAGS=-Zsanitizer=thread \
              TSAN_OPTIONS='suppressions='\\''brigade/xtask/src/races.supp'\\'' report_thread_leaks=0' \
              cargo test --locked --no-fail-fast -p brigade --lib --tests -Zbuild-std \
              --target x86_64-unknown-linux-gnu -- --skip ten_thousand_joins --skip ten_thousand_scopes"
        );
    }

    #[test]
    fn a_stable_compiler_is_told_what_to_type() {
        let compiler = "rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        let fault = host_of(compiler).unwrap_err();
        assert!(fault.contains("`1.95.0`") && fault.contains("cargo +nightly xtask races"));
    }

    #[test]
    fn a_nightly_compiler_names_its_host() {
        let compiler =
            "rustc 1.97.0-nightly\nhost: aarch64-apple-darwin\nrelease: 1.97.0-nightly\n";
        assert_eq!(host_of(compiler), Ok("aarch64-apple-darwin"));
    }
}
