//! Several threads add to one value, one at a time; and what a panic leaves behind.

use brigade::sync::Mutex;
use std::thread;

/// What fits into the tank.
const FULL: u32 = 16_000;

struct Tank {
    litres: u32,
    pours: u32,
}

fn pour(tank: &Mutex<Tank>, litres: u32) {
    let mut tank = tank.lock();
    tank.litres += litres;
    assert!(tank.litres <= FULL, "the tank runs over");
    tank.pours += 1;
    // The guard ends here, and the mutex is free again.
}

fn main() {
    let tank = Mutex::new(Tank {
        litres: 0,
        pours: 0,
    });
    thread::scope(|scope| {
        for litres in [3, 5, 8] {
            let tank = &tank;
            scope.spawn(move || (0..1000).for_each(|_| pour(tank, litres)));
        }
    });

    let guard = tank.lock();
    println!("{} litres in {} pours", guard.litres, guard.pours);
    // There is a guard, so nobody gets a second one, not even this thread.
    if let Err(error) = tank.try_lock() {
        println!("with a guard about: {error}");
    }
    drop(guard);
    println!("after it, locked: {}", tank.is_locked());

    // One bucket too many. The thread panics with the mutex locked.
    let too_much = thread::scope(|scope| scope.spawn(|| pour(&tank, 1)).join());
    println!("the thread panicked: {}", too_much.is_err());
    let Tank { litres, pours } = tank.into_inner();
    println!("{litres} litres in {pours} pours");
}
