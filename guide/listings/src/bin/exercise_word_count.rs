//! Solution: count the words of several texts on a pool, and name the text that cannot be counted.

use brigade::pool::{JobError, Pool};
use std::collections::BTreeMap;
use std::error::Error;

const TEXTS: [(&str, &str); 4] = [
    ("well", "Fill the bucket. Lift the bucket."),
    ("line", "Pass the bucket along the line."),
    ("page", ""),
    ("fire", "Pour the bucket on the fire!"),
];

type Counts = BTreeMap<String, usize>;

fn count(text: &str) -> Counts {
    assert!(!text.is_empty(), "there is no text");
    let mut counts = Counts::new();
    for word in text.split(|c: char| !c.is_alphabetic()) {
        if !word.is_empty() {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    counts
}

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(2);
    let mut jobs = Vec::new();
    for (name, text) in TEXTS {
        jobs.push((name, pool.submit(move || count(text))?));
    }

    let mut total = Counts::new();
    for (name, job) in jobs {
        match job.join() {
            Ok(counts) => {
                println!("{name}: {} words", counts.values().sum::<usize>());
                for (word, count) in counts {
                    *total.entry(word).or_default() += count;
                }
            }
            Err(JobError::Panicked(panic)) => println!("{name}: {panic}"),
            Err(error) => return Err(error.into()),
        }
    }

    for (word, count) in total.iter().filter(|(_, count)| **count > 1) {
        println!("{word} {count}");
    }
    Ok(())
}
