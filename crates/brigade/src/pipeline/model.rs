//! Loom's proof for the futures of a stage and for who is called: no wake is lost, and the caller does not sleep for ever.

use super::awaiting::Awaiting;
use super::bell::Bell;
use super::board::{Board, Burst, Kind, Work};
use super::each::Outcome;
use super::edge::{Bucket, Edge};
use super::from_iter;
use super::run::Run;
use super::source::Pulled;
use super::stage::Stage;
use super::station::{Due, Station, Turn};
use crate::cancel::CancelToken;
use crate::pool::Pool;
use crate::prim::{SeenLock, StdArc, three_threads};
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::task::{Poll, Waker};

/// Something that a future waits for.
#[derive(Clone)]
struct Gate {
    open: StdArc<AtomicBool>,
    waker: StdArc<SeenLock<Option<Waker>>>,
}

impl Gate {
    fn new() -> Self {
        Self {
            open: StdArc::new(AtomicBool::new(false)),
            waker: StdArc::new(SeenLock::new(None)),
        }
    }

    /// Waits until it is open. Its waker is that of the first poll, and loads and stores are all that it does.
    fn pass(self) -> impl Future<Output = ()> + Send {
        poll_fn(move |cx| {
            if self.open.load(Relaxed) {
                return Poll::Ready(());
            }
            let mut waker = self.waker.lock();
            if waker.is_none() {
                *waker = Some(cx.waker().clone());
            }
            drop(waker);
            if self.open.load(Relaxed) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    }

    /// Opens it, and wakes who has come before.
    fn open(&self) {
        self.open.store(true, Relaxed);
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A run of one stage, whose futures pass gates.
struct Staged {
    run: Run<'static>,
    from: StdArc<Edge<Gate>>,
    to: StdArc<Edge<()>>,
    bell: StdArc<Bell>,
}

impl Staged {
    fn new() -> Self {
        let bell = StdArc::new(Bell::new());
        let (from, to) = (StdArc::new(Edge::new()), StdArc::new(Edge::new()));
        let edges = (StdArc::clone(&from), StdArc::clone(&to));
        let station = Awaiting::new(
            edges,
            (2, false),
            StdArc::clone(&bell),
            Gate::pass,
            Outcome::Passed,
        );
        let stations: Vec<Box<dyn Station>> = vec![Box::new(station)];
        let board = Board::new(vec![Stage::new(0)], 2);
        let sites = vec![Location::caller(); 2];
        let token = CancelToken::new();
        Self {
            run: Run::new(
                stations,
                sites,
                board,
                token,
                StdArc::clone(&bell),
                1,
                &|| false,
            ),
            from,
            to,
            bell,
        }
    }

    fn begin(&self, gate: &Gate) {
        self.from.put(Bucket::new(0, 1, Some(gate.clone())));
        self.station().claim(1);
        self.perform(Kind::Take(1));
    }

    fn station(&self) -> &dyn Station {
        &*self.run.stations[0]
    }

    fn perform(&self, kind: Kind) {
        let work = Work { station: 0, kind };
        let turn = Turn::new(&self.run, &work);
        match kind {
            Kind::Take(count) => self.station().work(count, &turn),
            _ => self.station().attend(false, &turn),
        };
    }

    /// What the caller does until `count` have come through: it sleeps if nothing is due.
    fn drive(&self, count: usize) {
        while self.to.ready() < count {
            if self.station().due() == Due::Now {
                self.perform(Kind::Attend);
            } else {
                self.bell.wait(None);
            }
        }
    }
}

/// If the wake were lost, the caller would sleep for ever.
#[test]
fn a_future_that_is_woken_is_polled() {
    loom::model(|| {
        let staged = Staged::new();
        let gate = Gate::new();
        let opens = gate.clone();
        let opens = thread::spawn(move || opens.open());
        staged.begin(&gate);
        staged.drive(1);
        opens.join().unwrap();
    });
}

/// Two futures, in places next to each other, that are woken by two threads.
#[test]
fn two_futures_are_woken_at_once() {
    three_threads(|| {
        let staged = Staged::new();
        let gates = [Gate::new(), Gate::new()];
        for gate in &gates {
            staged.begin(gate);
        }
        let opens = gates.map(|gate| thread::spawn(move || gate.open()));
        staged.drive(2);
        for opens in opens {
            opens.join().unwrap();
        }
    });
}

/// Somebody else polls what is woken, and the caller looks as well: one of them brings each future to its end.
#[test]
fn two_hands_attend() {
    three_threads(|| {
        let staged = StdArc::new(Staged::new());
        let gate = Gate::new();
        staged.begin(&gate);
        let (attends, opens) = (StdArc::clone(&staged), gate);
        let attends = thread::spawn(move || {
            if attends.station().due() == Due::Now {
                attends.perform(Kind::Attend);
                attends.bell.ring();
            }
        });
        let opens = thread::spawn(move || opens.open());
        staged.drive(1);
        attends.join().unwrap();
        opens.join().unwrap();
    });
}

/// A caller in a burst against a job that goes: what the job does not see, the caller comes back for.
#[test]
fn who_goes_sees_what_was_put_in_or_recalls_the_caller() {
    loom::model(|| {
        let staged = StdArc::new(Staged::new());
        let goes = StdArc::clone(&staged);
        let goes = thread::spawn(move || {
            goes.run.recall();
            goes.station().ready()
        });
        let burst = Burst {
            first: 0,
            tickets: 3,
        };
        let gate = Gate::new();
        let pull = || Pulled::Item(gate.clone());
        let (items, _) = staged.run.pull(&burst, &staged.from, pull);
        let seen = goes.join().unwrap();
        assert!(items <= seen + 1 && seen <= 3);
    });
}

/// A waker against one who goes: the deputy is called, or what was woken is seen before.
#[test]
fn who_goes_leaves_a_deputy_or_sees_the_call() {
    three_threads(|| {
        let bell = StdArc::new(Bell::new());
        let woken = StdArc::new(AtomicBool::new(false));
        let has_looked = AtomicBool::new(false);
        let pool = Pool::builder().threads(1).queue_capacity(1);
        let pool = pool.build().unwrap();
        let _ = pool.scope(|scope| {
            let (calls, wakes) = (StdArc::clone(&bell), StdArc::clone(&woken));
            let wakes = thread::spawn(move || {
                wakes.store(true, Relaxed);
                calls.call();
            });
            bell.keep_deputy(|| {
                scope.hold(|| {
                    bell.has_come();
                    has_looked.store(woken.load(Relaxed), Relaxed);
                    Ok::<_, Infallible>(())
                })
            });
            let is_seen = woken.load(Relaxed);
            wakes.join().unwrap();
            if is_seen {
                has_looked.store(true, Relaxed);
            }
            bell.dismiss();
            Ok(())
        });
        assert!(has_looked.load(Relaxed));
    });
}

/// A waker may have taken the deputy out when the run ends. What the deputy has borrowed is there until it is through.
#[test]
fn a_deputy_is_called_at_the_end() {
    three_threads(|| {
        let bell = StdArc::new(Bell::new());
        let pool = Pool::builder().threads(1).queue_capacity(1);
        let pool = pool.build().unwrap();
        let wakes = {
            let comes = Box::new(AtomicBool::new(false));
            let wakes = pool.scope(|scope| {
                bell.keep_deputy(|| {
                    scope.hold(|| {
                        comes.store(true, Relaxed);
                        Ok::<_, Infallible>(())
                    })
                });
                let calls = StdArc::clone(&bell);
                let wakes = thread::spawn(move || calls.call());
                bell.dismiss();
                Ok(wakes)
            });
            wakes.unwrap()
        };
        wakes.join().unwrap();
    });
}

/// The caller sleeps for a ticket, which a job of the pool gives back, or does all by itself.
#[test]
fn the_caller_is_woken_by_a_job() {
    let mut model = loom::model::Builder::new();
    // Jobs that only look make it long.
    model.max_branches = 20_000;
    model.check(|| {
        let pool = Pool::builder().threads(1).queue_capacity(1);
        let pool = pool.build().unwrap();
        let ran = from_iter(0..2).in_flight(1).run(&pool, drop);
        assert_eq!(ran.unwrap().items_out, 2);
    });
}
