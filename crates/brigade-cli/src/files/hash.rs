//! `brigade files hash`: the digest of each file.

use super::target::{READ_SIZE, Target, Unreadable};
use super::walk::walk;
use super::{name, pipeline, printer, readers, refuse_second_stdin};
use crate::cli::{Algorithm, Options};
use crate::exit::ExitStatus;
use sha2::Digest as _;
use std::path::PathBuf;

/// Both algorithms give 256 bits.
pub(super) type Digest = [u8; 32];

/// A file that was read.
struct Hashed {
    target: Target,
    digest: Digest,
    bytes: u64,
}

/// Prints the digests of all files under the paths.
pub(super) fn hash(
    paths: Vec<PathBuf>,
    algo: Algorithm,
    options: &Options,
) -> Result<ExitStatus, String> {
    refuse_second_stdin(&paths)?;
    let mut printer = printer(options)?;
    let work = move |found: Result<Target, Unreadable>, buffer: &mut [u8]| {
        let target = found?;
        let (digest, bytes) = digest(algo, &target, buffer)?;
        Ok(Hashed {
            target,
            digest,
            bytes,
        })
    };
    let take = |hashed: Result<Hashed, Unreadable>, more| {
        let printed = match &hashed {
            Ok(hashed) => printer.print(&line(hashed, algo, printer.json), more),
            Err(unreadable) => {
                printer.unreadable(unreadable);
                printer.print(&[], more)
            }
        };
        printer.one_done();
        printed
    };
    let done = pipeline::in_order(walk(paths), readers(options), READ_SIZE, work, take);
    let status = printer.finish();
    done.map(|()| status)
}

/// Reads a target to its end. Returns its digest and how many bytes it has.
pub(super) fn digest(
    algo: Algorithm,
    target: &Target,
    buffer: &mut [u8],
) -> Result<(Digest, u64), Unreadable> {
    match algo {
        Algorithm::Blake3 => {
            let mut hasher = blake3::Hasher::new();
            let bytes = target.read(buffer, |piece| {
                hasher.update(piece);
            })?;
            Ok((hasher.finalize().into(), bytes))
        }
        Algorithm::Sha256 => {
            let mut hasher = sha2::Sha256::new();
            let bytes = target.read(buffer, |piece| hasher.update(piece))?;
            Ok((hasher.finalize().into(), bytes))
        }
    }
}

fn line(hashed: &Hashed, algo: Algorithm, json: bool) -> Vec<u8> {
    let digest = name::hex(&hashed.digest);
    let name = hashed.target.name();
    if json {
        let bytes = ("bytes", hashed.bytes.into());
        name::json(name, &[bytes, (algo.name(), digest.into())])
    } else {
        name::line(&format!("{digest}  "), name, "")
    }
}
