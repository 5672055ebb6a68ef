//! Refused, E0597: the reference would reach the value after the guard has gone, and the lock with it.

use brigade::sync::Mutex;

fn main() {
    let tank = Mutex::new(0);
    let litres: &mut u32;
    {
        let mut guard = tank.lock();
        litres = &mut *guard;
    }
    *litres += 1;
}
