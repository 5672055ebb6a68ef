//! To look first and to write only if need be, with nobody in between.

use brigade::sync::{Counter, RwLock, RwLockUpgradableGuard, RwLockWriteGuard};
use std::collections::BTreeMap;
use std::error::Error;
use std::thread;

/// Roots that have been worked out so far.
#[derive(Default)]
struct Roots {
    known: RwLock<BTreeMap<u64, u64>>,
    worked_out: Counter,
}

impl Roots {
    fn root(&self, number: u64) -> u64 {
        // Most calls end here, and do not keep out each other.
        if let Some(root) = self.known.read().get(&number) {
            return *root;
        }
        // Only one at a time is past this line. Others may read meanwhile.
        let known = self.known.read_upgradable();
        if let Some(root) = known.get(&number) {
            return *root;
        }
        self.worked_out.increment();
        let root = number.isqrt();
        RwLockUpgradableGuard::upgrade(known).insert(number, root);
        root
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let roots = Roots::default();
    let sums = thread::scope(|scope| {
        let askers =
            [0; 4].map(|_| scope.spawn(|| (1..=100).map(|number| roots.root(number)).sum::<u64>()));
        askers
            .into_iter()
            .map(|asker| asker.join())
            .collect::<Result<Vec<_>, _>>()
    })
    .map_err(|_| "an asker panicked")?;
    println!("four askers, each with the sum {sums:?}");
    println!("worked out: {} roots", roots.worked_out.sum());

    let mut known = roots.known.write();
    known.retain(|_, root| *root == 10);
    // From here on others may read, and nobody has written in between.
    let known = RwLockWriteGuard::downgrade(known);
    println!("kept: {known:?}");
    println!(
        "another may read: {}, and write: {}",
        roots.known.try_read().is_ok(),
        roots.known.try_write().is_ok()
    );
    Ok(())
}
