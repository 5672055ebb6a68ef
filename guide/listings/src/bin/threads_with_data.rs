//! Data goes into a thread in two ways: moved in for good, or lent for the length of a scope.

use brigade::thread;
use std::error::Error;

fn double(litres: &mut [u32]) -> u32 {
    for amount in litres.iter_mut() {
        *amount *= 2;
    }
    litres.iter().sum()
}

fn main() -> Result<(), Box<dyn Error>> {
    // Moved in. The thread owns the words, and gives them back with its result.
    let words = vec!["fill", "lift", "pass", "pour"];
    let counter = thread::spawn(move || {
        let letters: usize = words.iter().map(|word| word.len()).sum();
        (words, letters)
    });
    let (words, letters) = counter.join()?;
    println!("moved: {} words of {letters} letters", words.len());

    // Lent. Each thread changes its own half; both may read the words.
    let mut litres = [3, 1, 4, 1, 5, 9, 2, 6];
    let (left, right) = litres.split_at_mut(4);
    let (left, right) = thread::scope_plain(|scope| {
        let left = scope.spawn(|| format!("{} {}", words[0], double(left)));
        let right = scope.spawn(|| format!("{} {}", words[3], double(right)));
        (left.join(), right.join())
    });
    println!("left half: {}", left?);
    println!("right half: {}", right?);
    println!("lent: {litres:?}");
    Ok(())
}
