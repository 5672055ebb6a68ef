//! `brigade files`, end to end, beside the tools whose formats it prints.

mod check;
mod count;
mod hash;
mod refusals;

use crate::*;
use std::fs;
use std::io::{Seek, Write};

/// The digests of no bytes at all.
const EMPTY_BLAKE3: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A folder to work in.
struct Tree(TempDir);

impl Tree {
    /// Files with these names and contents; folders are made as needed.
    fn new(files: &[(&[u8], &[u8])]) -> Tree {
        let tree = Tree(TempDir::new().unwrap());
        for (name, content) in files {
            let path = tree.0.path().join(bytes(name));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        tree
    }

    /// Names that are hard on formats, in the order in which they are read.
    fn with_odd_names() -> Tree {
        Tree::new(&[
            (b".hidden", b"h\n"),
            (b"a b", b"1 2 3\n"),
            (b"back\\slash", b""),
            (b"d/.h/x", b"deep\n"),
            (b"d/y", b"y"),
            (b"new\nline", b"n\n\n"),
            (b"return\r", b"r"),
            (b"\xff", b"not utf-8"),
        ])
    }

    /// `brigade files` in that folder.
    fn brigade(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brigade"));
        command
            .arg("files")
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.brigade(arguments).output().unwrap()
    }

    fn run_with_input(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(input.as_ref()).unwrap();
        file.rewind().unwrap();
        self.brigade(arguments).stdin(file).output().unwrap()
    }

    /// What another tool prints in that folder.
    fn tool(&self, name: &str, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(name)
            .args(arguments)
            .current_dir(self.0.path())
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        output.stdout
    }
}
