//! Two orders of locks that could deadlock and do not: `cargo run -p brigade --features sight --example lock_order`.

use brigade::channel;
use brigade::sync::Mutex;
use brigade::wait::on_potential_deadlock;

/// What is in the accounts.
#[derive(Default)]
struct Bank {
    salary: Mutex<i32>,
    savings: Mutex<i32>,
}

fn main() {
    print!("{}", report());
}

impl Bank {
    fn save(&self) {
        let mut from = self.salary.lock();
        *from -= 10;
        *self.savings.lock() += 10;
    }
    fn spend(&self) {
        let mut from = self.savings.lock();
        *from -= 10;
        *self.salary.lock() += 10;
    }
}

/// Moves money there and then back, and returns what is reported.
pub(crate) fn report() -> String {
    let (tell, told) = channel::unbounded();
    on_potential_deadlock(move |potential| drop(tell.send(potential.clone())));
    let bank = Bank::default();
    bank.save();
    bank.spend();
    let potential = told.recv().expect("the hook has the sender");
    let steps = potential.cycle().iter();
    let lines = steps.map(|step| {
        let (first, second) = (step.outer_site().line(), step.inner_site().line());
        format!("line {first}, then line {second}\n")
    });
    lines.collect()
}
