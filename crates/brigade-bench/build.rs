//! Bakes into the program what a reader of its numbers must know about the build: the compiler and
//! the version of every peer. It knows nothing of the machine that will run it.

use std::{env, fs, path::Path, process::Command};

const PEERS: [&str; 22] = [
    "async-broadcast",
    "async-channel",
    "async-executor",
    "async-lock",
    "chili",
    "contatori",
    "crossbeam-channel",
    "crossbeam-utils",
    "crossfire",
    "fast-counter",
    "flume",
    "futures",
    "kanal",
    "loole",
    "once_cell",
    "oneshot",
    "parking_lot",
    "rapidfire",
    "rayon",
    "thingbuf",
    "threadpool",
    "tokio",
];

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let lock = Path::new(&manifest).join("../../Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    println!("cargo::rerun-if-changed=build.rs");
    let locked = fs::read_to_string(&lock).expect("the workspace has a Cargo.lock");
    let versions: Vec<String> = PEERS
        .iter()
        .map(|peer| format!("{peer} {}", version_in(&locked, peer)))
        .collect();
    println!(
        "cargo::rustc-env=BRIGADE_BENCH_PEERS={}",
        versions.join(", ")
    );
    println!("cargo::rustc-env=BRIGADE_BENCH_RUSTC={}", compiler());
}

/// The newest version of a package that is there: others of the packages may use an older one.
fn version_in(lock: &str, package: &str) -> String {
    let name = format!("name = \"{package}\"");
    lock.lines()
        .zip(lock.lines().skip(1))
        .filter(|(line, _)| *line == name)
        .last()
        .and_then(|(_, line)| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .unwrap_or_else(|| panic!("Cargo.lock names no version of {package}"))
        .to_owned()
}

fn compiler() -> String {
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("the compiler starts");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
