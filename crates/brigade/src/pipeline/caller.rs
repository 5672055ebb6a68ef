//! The part of the calling thread: it pulls from the source, works if nobody else does, and is the only one that sleeps.
//!
//! # Bursts
//!
//! The caller pulls several items before it looks at the board again: it takes tickets for all of them first, and then puts
//! each item, as soon as it has it, where others can claim it. So an item waits for no other of its burst, also if the
//! source makes the caller wait for that. But the caller looks at the board, and calls somebody, only after the burst. So
//! there is a burst only while somebody else looks:
//!
//! - *A job is at work.* One that has found nothing to do and goes *recalls* the caller first, and then looks once
//!   more. The caller puts an item in, by a read-modify-write of the count of its edge, and then looks whether it has been
//!   recalled; the job's look is a read-modify-write of the same count, after it has recalled. So who is second of the two
//!   sees what the other has done: the job the item, or the caller that it is to come back to the board before it pulls again.
//! - *The caller is alone*, because what is to be done would not be worth the way to another processor. Then the alarm is set
//!   (`bell.rs`), and a job comes should the caller be kept by the source. It recalls the caller as well when it goes. If no
//!   thread of the pool seems to have nothing to do, nobody would come, and items are pulled one by one.
//!
//! A burst is over as well when the run is cancelled: whoever ends the run cancels its token.
//!
//! In the second case what is in the queues waits for the alarm, a millisecond, should the source suddenly make the caller
//! wait. So a burst is no longer than a small part of what the source has given of late without doing that ([`Pace`]). Of a
//! source that is slow, items come one by one, and a job is called for each that nobody would see.
//!
//! # Why the caller does not sleep too long
//!
//! It decides to sleep under the lock of the board, and writes there that it does, and until when. Whoever changes the
//! board under that lock so that the caller could go on takes that away and rings. Wakers of futures do not look at the board,
//! and ring in any case. That no ring is lost, and who looks while the caller neither sleeps nor looks, is in `bell.rs`.

use super::bell::Bell;
use super::board::{Asleep, Board, Burst, Only, UNDIVIDED, WORTH_CALLING, Why, Work};
use super::edge::{Bucket, Edge};
use super::report::Part;
use super::run::{Finished, PATIENCE, Run};
use super::source::{Pulled, Source};
use super::station::SHORT;
use crate::pool::Scope;
use crate::prim::Ordering::{Acquire, Release};
use crate::prim::{MODEL, clock};
use crate::scope::{Failure, Panic};
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// So long the caller leaves work that blocks to a thread of the pool that seems to have nothing to do, and does not come.
const TRUST: Duration = Duration::from_secs(1);

/// A burst is at most this part of the items that have come without a wait, and so many.
const PART: usize = if MODEL { 1 } else { 64 };
const BURST_MAX: usize = 64;

/// Sends the deputy home when the caller is through, however that comes.
struct Dismissal<'a>(&'a Bell);

impl Drop for Dismissal<'_> {
    fn drop(&mut self) {
        self.0.dismiss();
    }
}

/// What the caller does next.
enum Next {
    Over,
    Do(Work),
    Pull(Burst),
    /// To wait for the source, or a ring.
    Listen(Burst, Option<Instant>),
    Sleep(Option<Instant>),
}

/// What the caller has done since it looked at the board.
enum Step {
    Nothing,
    Worked(Finished),
    /// So many items have come, and the source has ended or not.
    Pulled(usize, Came),
}

/// Why a burst was over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// There is more, for all one knows.
    Enough,
    Nothing,
    End,
}

/// How many items the source has given of late without making the caller wait.
struct Pace {
    quick: usize,
}

impl Pace {
    /// How many items the caller may pull at once.
    fn burst(&self) -> usize {
        (self.quick / PART).clamp(1, BURST_MAX)
    }

    fn learn(&mut self, items: usize, took: Duration) {
        self.quick = if took > SHORT {
            self.quick / 2
        } else {
            (self.quick + items).min(PART * BURST_MAX)
        };
    }
}

impl<'a> Run<'a> {
    /// The part of the caller: pulls from the source, and works.
    pub(super) fn drive<'scope, S: Source>(
        &'scope self,
        source: &mut S,
        first: &Edge<S::Item>,
        scope: Scope<'scope, '_, Infallible>,
    ) {
        let _dismissal = Dismissal(&self.bell);
        let (mut step, mut dry, mut pace) = (Step::Nothing, false, Pace { quick: 0 });
        loop {
            self.look_at_token();
            step = match self.next::<S>(&step, dry, pace.burst(), scope) {
                Next::Over => return,
                Next::Do(work) => {
                    dry = false;
                    Step::Worked(self.perform(work))
                }
                Next::Pull(burst) => {
                    let began = clock::now();
                    let (items, came) = self.pull(&burst, first, || source.pull());
                    pace.learn(items, clock::now().saturating_duration_since(began));
                    dry = came == Came::Nothing;
                    Step::Pulled(items, came)
                }
                Next::Listen(burst, until) => {
                    let wait = || source.wait(&self.bell, until);
                    let (items, came) = self.pull(&burst, first, wait);
                    // After a wait for nothing the source is asked again before the next.
                    dry = false;
                    Step::Pulled(items, came)
                }
                Next::Sleep(until) => {
                    self.bell.wait(until);
                    Step::Nothing
                }
            };
        }
    }

    /// Pulls a burst from the source, or what there is of it. A panic of the source ends the pipeline.
    pub(super) fn pull<T>(
        &self,
        burst: &Burst,
        first: &Edge<T>,
        mut pull: impl FnMut() -> Pulled<T>,
    ) -> (usize, Came) {
        let mut items = 0;
        let pulled = catch_unwind(AssertUnwindSafe(|| {
            while items < burst.tickets {
                match pull() {
                    Pulled::Item(value) => {
                        first.put(Bucket::new(burst.first + items as u64, 1, Some(value)));
                        items += 1;
                    }
                    Pulled::Nothing => return Came::Nothing,
                    Pulled::Ended => return Came::End,
                }
                if self.recalled.load(Acquire) || self.is_cancelled() {
                    break;
                }
            }
            Came::Enough
        }));
        let came = pulled.unwrap_or_else(|payload| {
            let panic = Panic::caught(payload, self.sites[0]);
            self.end((Failure::Panicked(panic), Part::Source, self.sites[0]));
            Came::End
        });
        (items, came)
    }

    /// What the caller does next; `dry` if the source has nothing at the moment, and else gives so many items in no time.
    fn next<'scope, S: Source>(
        &'scope self,
        step: &Step,
        dry: bool,
        most: usize,
        scope: Scope<'scope, '_, Infallible>,
    ) -> Next {
        let mut board = self.board.lock();
        board.asleep = None;
        board.is_fed_quickly = most > 1;
        match step {
            Step::Nothing => {}
            Step::Worked((work, done, took)) => board.finish(work, done, *took),
            Step::Pulled(items, came) => {
                board.end_burst(*items);
                board.source_ended = *came == Came::End;
            }
        }
        if self.is_stopped() || board.is_over() {
            return Next::Over;
        }
        if matches!(step, Step::Pulled(1.., _)) {
            board.asks(&self.stations, self.hands, WORTH_CALLING);
        }
        let next = self.choose::<S>(&mut board, dry, most, scope);
        if matches!(next, Next::Do(_)) || board.left {
            board.asks(&self.stations, self.hands, WORTH_CALLING);
        }
        self.leave(board, scope);
        next
    }

    fn choose<'scope, S: Source>(
        &'scope self,
        board: &mut Board,
        dry: bool,
        most: usize,
        scope: Scope<'scope, '_, Infallible>,
    ) -> Next {
        let (pulls, is_alone) = (board.may_pull() && !dry, board.is_alone());
        // Somebody does the work meanwhile.
        if pulls && board.runners > 0 && !is_alone {
            return self.begin_burst::<S>(board, most, scope);
        }
        // Else somebody may come who does it, so that the source can be pulled, which may take long. So may the work.
        let is_patient = pulls && !is_alone && self.somebody_may_come(board);
        let prompt = if board.blocks && self.leaves_blocking(board) {
            Only::Prompt
        } else {
            Only::Anything
        };
        let waiting = if is_patient {
            board.waiting(&self.stations, prompt)
        } else {
            0
        };
        if is_patient && waiting < UNDIVIDED {
            return self.begin_burst::<S>(board, most, scope);
        }
        let only = if is_patient { Only::Quick } else { prompt };
        let is_away = pulls && S::MAY_WAIT;
        let (until, why) = match self.claim(board, only, is_away, scope) {
            Ok(work) => {
                // Before it is asked whether there is more to do: see `bell.rs`.
                self.watch(board, scope);
                return Next::Do(work);
            }
            Err(_) if is_patient && waiting > 0 => {
                let until = board.asked_at.and_then(|at| at.checked_add(PATIENCE));
                (until, Why::Alone)
            }
            Err(_) if pulls => return self.begin_burst::<S>(board, most, scope),
            // If nobody comes for what is left to them, the caller is to see that.
            Err(until) if board.left && board.runners == 0 => {
                let again = clock::now().checked_add(PATIENCE);
                (until.min(again).or(again), Why::Alone)
            }
            Err(until) if dry => (until, Why::Dry),
            Err(until) => (until, Why::NoTicket),
        };
        board.asleep = Some(Asleep { until, why });
        if dry {
            // There is one: the last burst has given back what it had left.
            Next::Listen(board.begin_burst(1), until)
        } else {
            Next::Sleep(until)
        }
    }

    /// Begins a burst, of one item if nobody looks meanwhile.
    fn begin_burst<'scope, S: Source>(
        &'scope self,
        board: &mut Board,
        most: usize,
        scope: Scope<'scope, '_, Infallible>,
    ) -> Next {
        let comes = || !S::MAY_WAIT || board.runners + 1 < self.hands && (self.has_idle)();
        let is_seen = board.is_seen(comes);
        if is_seen && S::MAY_WAIT {
            self.watch(board, scope);
        }
        self.recalled.store(false, Release);
        Next::Pull(board.begin_burst(if is_seen { most } else { 1 }))
    }

    /// Whether a job of the pool has been asked for, and not so long ago that the pool must be busy.
    fn somebody_may_come(&self, board: &Board) -> bool {
        let is_patient = |at| clock::now().saturating_duration_since(at) < PATIENCE;
        board.asked > 0 && board.asked_at.is_some_and(is_patient)
    }

    /// Whether the caller leaves work that blocks to jobs of the pool: one is at work, or will come.
    fn leaves_blocking(&self, board: &Board) -> bool {
        if board.runners > 0 || board.asked == 0 {
            return self.hands > 1;
        }
        let asked = board.asked_at.map_or(Duration::ZERO, |at| {
            clock::now().saturating_duration_since(at)
        });
        asked < PATIENCE || asked < TRUST && (self.has_idle)()
    }
}
