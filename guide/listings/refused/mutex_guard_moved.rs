//! Refused, E0277: a guard stays on the thread that has locked.

use brigade::sync::Mutex;
use std::thread;

fn main() {
    let tank = Mutex::new(0);
    let mut guard = tank.lock();
    thread::scope(|scope| {
        scope.spawn(move || *guard += 1);
    });
}
