//! Where and from what the numbers come: processor, kernel, compiler, commit, versions of the
//! peers. What the system does not tell is reported as unknown.

use std::fs;
use std::process::Command;
use std::thread;

/// The facts a reader needs to judge a run.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) processors: usize,
    pub(crate) kernel: String,
    /// What else ran: processes that wanted a processor, over the last minute.
    pub(crate) load: String,
    pub(crate) compiler: &'static str,
    pub(crate) commit: String,
    pub(crate) peers: &'static str,
}

impl Machine {
    pub(crate) fn here() -> Self {
        Self {
            processor: processor().unwrap_or_else(unknown),
            processors: thread::available_parallelism().map_or(1, usize::from),
            kernel: kernel().unwrap_or_else(unknown),
            load: load().unwrap_or_else(unknown),
            compiler: env!("BRIGADE_BENCH_RUSTC"),
            commit: commit().unwrap_or_else(unknown),
            peers: env!("BRIGADE_BENCH_PEERS"),
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn processor() -> Option<String> {
    let facts = fs::read_to_string("/proc/cpuinfo").ok()?;
    model_name(&facts)
}

fn model_name(facts: &str) -> Option<String> {
    let line = facts.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kernel() -> Option<String> {
    let read = |name: &str| fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok();
    let name = read("ostype")?;
    let release = read("osrelease")?;
    Some(format!("{} {}", name.trim(), release.trim()))
}

fn load() -> Option<String> {
    let load = fs::read_to_string("/proc/loadavg").ok()?;
    load.split(' ').next().map(str::to_owned)
}

/// The commit of the sources this program was built from, as they are now.
fn commit() -> Option<String> {
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain"])?;
    let note = if changes.is_empty() {
        ""
    } else {
        " with changes"
    };
    Some(format!("{commit}{note}"))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR")])
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Machine, model_name};

    #[test]
    fn the_processor_is_the_first_model_name() {
        let facts = "processor\t: 0\nmodel name\t: Some CPU 9\nmodel name\t: other\n";
        assert_eq!(model_name(facts).as_deref(), Some("Some CPU 9"));
        assert_eq!(model_name("processor: 0"), None);
    }

    #[test]
    fn the_build_names_its_compiler_and_every_peer_with_a_version() {
        let machine = Machine::here();
        assert!(
            machine.compiler.starts_with("rustc "),
            "{}",
            machine.compiler
        );
        assert_eq!(machine.peers.split(", ").count(), 22);
        assert!(machine.peers.contains("crossfire 3."), "{}", machine.peers);
    }
}
