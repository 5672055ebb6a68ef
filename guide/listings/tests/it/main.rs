//! Runs every listing and compares what it prints with what the guide says that it prints.
//!
//! The listings are found in their folders: nothing is registered here.
//!
//! - `src/bin/NAME.rs` is run, and its standard output has to be `output/NAME.txt` exactly.
//! - `refused/NAME.rs` is what the compiler has to refuse, with the error that its first line names.

use brigade::channel::{self, Receiver};
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// No listing takes a second. One that has not ended by then waits for something that never comes.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn listings_and_outputs_pair() {
    let listings = names("src/bin", "rs");
    let outputs = names("output", "txt");
    assert!(!listings.is_empty(), "no listing in src/bin");
    let without_output: Vec<_> = listings.difference(&outputs).collect();
    let without_listing: Vec<_> = outputs.difference(&listings).collect();
    assert!(
        without_output.is_empty() && without_listing.is_empty(),
        "listings without output/NAME.txt: {without_output:?}; \
         outputs without src/bin/NAME.rs: {without_listing:?}"
    );
}

#[test]
fn listings_print_what_the_guide_says() {
    let wrong: Vec<_> = names("src/bin", "rs")
        .iter()
        .filter_map(|name| check(name).err())
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn listings_begin_with_their_doc() {
    for (folder, start) in [("src/bin", "//! "), ("refused", "//! Refused, E")] {
        for name in names(folder, "rs") {
            let source = read(&in_package(folder).join(format!("{name}.rs")));
            assert!(
                source.starts_with(start),
                "{folder}/{name}.rs does not begin with `{start}`"
            );
        }
    }
}

#[test]
fn refused_programs_are_refused() {
    let library = library();
    for name in names("refused", "rs") {
        let path = in_package("refused").join(format!("{name}.rs"));
        let source = read(&path);
        let code = source
            .strip_prefix("//! Refused, ")
            .and_then(|rest| rest.split_once(':'))
            .map(|(code, _)| code)
            .expect("the first line names the error");
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(rustc)
            .args(["--edition=2024", "--emit=metadata", "--out-dir"])
            .args([Path::new(env!("CARGO_TARGET_TMPDIR")), &path])
            .arg("--extern")
            .arg(format!("brigade={}", library.display()))
            .arg("-L")
            .arg(format!(
                "dependency={}",
                library.with_file_name("").display()
            ))
            .output()
            .expect("rustc starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "refused/{name}.rs compiles");
        let errors = said.matches("error[").count();
        let meant = said.matches(&format!("error[{code}]")).count();
        assert!(
            meant > 0 && meant == errors,
            "refused/{name}.rs is refused, but not with {code} alone:\n{said}"
        );
    }
}

fn in_package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The compiled library, for the programs that cargo does not build. Only cargo knows the name of the
/// file: others of the same crate may lie beside it.
fn library() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--frozen", "--message-format=json"])
        .args(["--package=guide-listings", "--bin=threads_basic"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    let said = String::from_utf8_lossy(&output.stdout);
    said.split('"')
        .find(|word| word.contains("libbrigade-") && word.ends_with(".rlib"))
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            let complaints = String::from_utf8_lossy(&output.stderr);
            panic!("cargo names no library:\n{said}\n{complaints}")
        })
}

/// The names of the files in `folder`, without their extension, which has to be `extension`.
fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    fs::read_dir(in_package(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| {
            let path = entry.expect("the folder can be read").path();
            assert!(
                path.extension().is_some_and(|found| found == extension),
                "{} is not a .{extension} file",
                path.display()
            );
            let name = path.file_stem().expect("a file has a name");
            name.to_str().expect("a name is UTF-8").to_owned()
        })
        .collect()
}

/// Runs one listing. The error says what was wrong with it.
fn check(name: &str) -> Result<(), String> {
    let output = in_package("output").join(format!("{name}.txt"));
    let expected = fs::read_to_string(output).map_err(|error| format!("{name}: {error}"))?;
    let (printed, complaints, succeeded) = run(name)?;
    if !succeeded {
        Err(format!("{name} failed:\n{complaints}"))
    } else if printed != expected {
        Err(format!(
            "{name} printed\n{printed}instead of\n{expected}and on standard error\n{complaints}"
        ))
    } else {
        Ok(())
    }
}

/// The standard output, the standard error and the success of one listing.
fn run(name: &str) -> Result<(String, String, bool), String> {
    // All binaries of a package lie in one folder, so one of them says where the others are.
    let program = Path::new(env!("CARGO_BIN_EXE_threads_basic"))
        .with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    let mut child = Command::new(program)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{name} does not start: {error}"))?;
    let printed = read_aside(child.stdout.take());
    let complaints = read_aside(child.stderr.take());

    let Ok(printed) = printed.recv_timeout(LIMIT) else {
        child.kill().map_err(|error| format!("{name}: {error}"))?;
        let _ = child.wait();
        return Err(format!("{name} did not end in {LIMIT:?}"));
    };
    let complaints = complaints.recv().unwrap_or_default();
    let status = child.wait().map_err(|error| format!("{name}: {error}"))?;
    Ok((printed, complaints, status.success()))
}

/// Reads a pipe to its end on a thread of its own: a program that fills one pipe is not held up by
/// who reads the other.
fn read_aside(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe.expect("the pipe was asked for");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if pipe.read_to_end(&mut bytes).is_ok() {
            let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        }
    });
    receiver
}
