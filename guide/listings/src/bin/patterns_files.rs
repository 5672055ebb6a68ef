//! The lines of many files, counted on a pool: in order, each file with its own error, and no file in memory.

use brigade::pool::Pool;
use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process;

/// Reads line by line, and so keeps one line in memory.
fn count_lines(path: &Path) -> io::Result<usize> {
    let mut file = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    let mut lines = 0;
    while file.read_until(b'\n', &mut line)? > 0 {
        lines += 1;
        line.clear();
    }
    Ok(lines)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// A folder of our own with three files in it, and the name of one that is not there.
fn folder() -> io::Result<(PathBuf, Vec<PathBuf>)> {
    let folder = env::temp_dir().join(format!("brigade-guide-files-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let mut paths = Vec::new();
    for (name, lines) in [("fire.txt", 3), ("line.txt", 1000), ("well.txt", 20)] {
        let path = folder.join(name);
        fs::write(&path, "bucket\n".repeat(lines))?;
        paths.push(path);
    }
    paths.insert(1, folder.join("gone.txt"));
    Ok((folder, paths))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (folder, paths) = folder()?;
    let pool = Pool::new(4);

    // The results are in the order of the paths, whichever was done first.
    let counts = pool.map_collect(&paths[..], |path| count_lines(path));
    for (path, count) in paths.iter().zip(&counts) {
        match count {
            Ok(lines) => println!("{}: {lines} lines", name(path)),
            Err(error) => println!("{}: {:?}", name(path), error.kind()),
        }
    }

    // Or: the first file that cannot be read ends it.
    let total = pool.scope(|scope| {
        let jobs: Vec<_> = paths
            .iter()
            .map(|path| scope.spawn(move || count_lines(path)))
            .collect();
        let mut total = 0;
        for job in jobs {
            total += job.join()?;
        }
        Ok::<_, io::Error>(total)
    });
    println!("all or nothing: {:?}", total.map_err(io_kind));

    fs::remove_dir_all(folder)?;
    Ok(())
}

fn io_kind(error: brigade::scope::ScopeError<io::Error>) -> io::ErrorKind {
    let (first, _) = error.into_parts();
    io::Error::from(first).kind()
}
