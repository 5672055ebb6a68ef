//! `cargo xtask schedules`: whole programs and histories of the library under random schedules.
//!
//! The test command runs the short, seeded form; here are the long one, one test alone, and one schedule again. Does
//! not know what the tests do: it only hands on, in the environment, how many schedules and from which seed.

use crate::cargo::CargoCall;
use crate::say;
use std::env;
use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

/// What turns the library's facade over to the random scheduler.
pub(crate) const CFG: &str = "--cfg brigade_shuttle";

/// Schedules of each kind for each test: some minutes.
const ITERATIONS: u64 = 50_000;

/// What to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Campaign {
    /// Schedules of each kind; `None` is the long campaign.
    pub(crate) iterations: Option<u64>,
    /// Where the schedules begin; `None` is somewhere else each time.
    pub(crate) seed: Option<u64>,
    /// A part of the names of the tests; `None` is all of them.
    pub(crate) only: Option<String>,
    /// The file with the one schedule to run.
    pub(crate) replay: Option<OsString>,
}

/// Runs the campaign, and fails with the first schedule that does. Its seed and its file are printed.
pub(crate) fn run(root: &Path, campaign: &Campaign) -> Result<(), String> {
    let seed = campaign.seed.unwrap_or_else(any_seed);
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let mut flags = env::var_os("RUSTFLAGS").unwrap_or_default();
    if !flags.is_empty() {
        flags.push(" ");
    }
    flags.push(CFG);
    let call = call(campaign, seed)
        .with("RUSTFLAGS", flags)
        .with("CARGO_TARGET_DIR", Path::new(&target).join("shuttle"));
    say(&call.to_string())?;
    let status = call.in_folder(root).run()?;
    if status.success() {
        say("no schedule failed")
    } else {
        Err(format!("a schedule failed ({status})"))
    }
}

fn call(campaign: &Campaign, seed: u64) -> CargoCall {
    let line = "test --locked --release -p brigade --test schedules --";
    // A failed schedule ends the process, so what is printed must not be kept until the end.
    let words = line.split(' ').chain(["--nocapture"]);
    let call = CargoCall::new(words.chain(campaign.only.as_deref()));
    if let Some(file) = &campaign.replay {
        // The tests stand in their own folder.
        let file = std::path::absolute(file).unwrap_or_else(|_| PathBuf::from(file));
        return call.with("BRIGADE_SCHEDULES_REPLAY", file);
    }
    let iterations = campaign.iterations.unwrap_or(ITERATIONS);
    call.with("BRIGADE_SCHEDULES", iterations.to_string())
        .with("BRIGADE_SCHEDULES_SEED", seed.to_string())
}

fn any_seed() -> u64 {
    RandomState::new().hash_one(0u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_says_how_many_from_where() {
        let campaign = Campaign {
            iterations: Some(9),
            only: Some("pool".to_owned()),
            ..Campaign::default()
        };
        assert_eq!(
            call(&campaign, 7).to_string(),
            "BRIGADE_SCHEDULES=9 BRIGADE_SCHEDULES_SEED=7 cargo test --locked --release -p brigade \
             --test schedules -- --nocapture pool"
        );
    }

    #[test]
    fn a_replay_is_of_one_file() {
        let campaign = Campaign {
            replay: Some("/a/schedule000.txt".into()),
            ..Campaign::default()
        };
        let shown = call(&campaign, 7).to_string();
        assert!(shown.starts_with("BRIGADE_SCHEDULES_REPLAY=/a/schedule000.txt cargo test"));
        assert!(!shown.contains("SEED"));
    }
}
