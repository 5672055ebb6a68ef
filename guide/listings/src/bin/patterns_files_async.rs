//! Files in tasks: four at a time, read by a pool, so that no task holds up another.

use brigade::pool::Pool;
use brigade::scope::OnError;
use brigade::task::GroupOptions;
use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;

type AnyError = Box<dyn Error + Send + Sync>;

/// What takes a thread for a while goes to the pool. The task waits without one, for room as well.
async fn count_words(pool: &Pool, path: PathBuf) -> Result<usize, AnyError> {
    let reading = pool.submit_async(move || fs::read_to_string(path)).await?;
    let text = reading.await??;
    Ok(text.split_whitespace().count())
}

fn folder() -> io::Result<PathBuf> {
    let folder = env::temp_dir().join(format!("brigade-guide-tasks-{}", process::id()));
    fs::create_dir_all(&folder)?;
    for number in 1..=8 {
        fs::write(folder.join(number.to_string()), "bucket ".repeat(number))?;
    }
    fs::write(folder.join("9"), [0xff])?;
    Ok(folder)
}

async fn count(folder: &Path) -> Result<(), AnyError> {
    let pool = Arc::new(Pool::new(2));
    let four_at_a_time = GroupOptions::new().limit(4).on_error(OnError::Ignore);
    let counting = four_at_a_time.run(async |group| {
        let mut counts = group.results_in_order();
        for number in 1..=9 {
            let (pool, path) = (Arc::clone(&pool), folder.join(number.to_string()));
            let counting = async move { count_words(&pool, path).await };
            counts.spawn(counting).await;
        }
        let mut words = 0;
        let mut number = 0;
        while let Some(count) = counts.next().await {
            number += 1;
            match count {
                Ok(count) => words += count,
                Err(failure) => println!("file {number}: {failure}"),
            }
        }
        Ok::<_, AnyError>((number, words))
    });
    let (files, words) = counting.await?;
    println!("{files} files, {words} words");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let folder = folder()?;
    let counted = count(&folder).await;
    fs::remove_dir_all(folder)?;
    counted
}
