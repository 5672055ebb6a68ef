//! How long a waiter spins before it sleeps: bounded, and learnt by each object.
//!
//! Waking a sleeping thread costs microseconds (6 to 40 on the virtual machines this was measured
//! on), a few pauses cost nanoseconds. Spinning for as long as a wake costs is at most twice as
//! dear as the best choice in hindsight (Karlin et al., "Competitive randomized algorithms for
//! nonuniform problems", 1990). So a wait pauses in growing steps and looks in between, and then sleeps.
//!
//! Pausing is in vain if the one who is waited for has no processor to run on. An object at which it was
//! in vain many times in a row gives the processor away a few times instead (`sched_yield`), and pauses
//! only now and then to see whether times have changed. It does not begin like that: two threads which the
//! system has put on one of two processors would stay there, because neither ever sleeps.
//!
//! On a single processor pausing never helps, and there is only the giving away.
//!
//! # Batches
//!
//! A receiver that is faster than the senders and looks all the time finds each value on its own, and every
//! one costs the two processors a few cache lines. If it pauses first, many are there at once. But a question
//! and its answer are one value at a time, and there every pause is lost. Which of the two it is shows in
//! how many values came since the last wait. So now and then a wait begins with a long pause; if many values
//! have come by the next wait, that one begins so too, and else it was a try. Threads that wait for room in
//! a ring need no trying: the ring is full, so there are many.
//!
//! # Tasks
//!
//! A task that waits costs its thread next to nothing: the runtime goes on to another one. What it costs to
//! wake it depends on who does ([`Distance`]). A task on the same thread puts it into the thread's own queue: that
//! is some tens of nanoseconds, and a pause could only be in vain, because who is waited for stands behind us in
//! that queue. A task on another worker is at work at this moment: a short pause finds what it does next. For a
//! thread, to wake a task is as dear as to wake a thread, because it may take a sleeping worker: that is worth a
//! longer pause. If every wait is for a single value, two workers that hand values over are faster than the
//! switches of one, so there a pause is tried now and then by those who were woken from the same thread, too.
//!
//! A task may not hold up its runtime, so it pauses for a few microseconds at most, and so do all tasks of a thread
//! together until one of them has been woken or a pause has paid (`turn.rs`).

use super::turn::{self, Distance};
use crate::prim::Ordering::Relaxed;
use crate::prim::{MODEL, PlainAtomicU8, PlainAtomicUsize, cpus, hint};

/// Steps of 1, 2, 4 ... pauses: 511 in all, about as long as it takes to wake a thread.
const PAUSE_STEPS: u8 = 9;
/// How often the processor is given away where pausing is in vain.
const YIELD_STEPS: u8 = 12;
/// For a lock: steps of 2, 4 ... pauses, and then so often is the processor given away. Whoever holds a lock holds
/// it for a moment, or is off its processor, and then only the latter helps.
const LOCK_PAUSE_STEPS: u8 = 3;
const LOCK_YIELD_STEPS: u8 = 12;
/// The step that waits for a batch begin with: a third of a microsecond.
const BATCH_STEP: u8 = 5;
/// One wait in so many tries whether it can have a batch.
const TRY_EVERY: u8 = 16;
/// The steps of a task that trusts in them: 127 pauses in all.
const POLL_STEPS: u8 = 7;
/// The steps of a task that does not, and only has a look: 31 pauses.
const SHORT_POLL_STEPS: u8 = 5;
/// The step that a poll for a batch begins with.
const POLL_BATCH_STEP: u8 = 4;
/// So many values are a batch. Room for fewer is not worth a pause.
const BATCH: usize = 8;
/// Pauses in vain, in a row, after which there is no trust in them.
const TRIES: u8 = 8;
/// From then on they are tried once in 8 waits, then in 16, and at last in 128.
const RETRY_AFTER: u8 = 8;
const DOUBLINGS: u8 = 4;

/// What one object has learnt.
#[derive(Debug)]
pub(crate) struct Patience {
    /// In the pauses of threads.
    trust: Trust,
    /// In those of tasks.
    poll_trust: Trust,
    /// From where the last task that waited was woken: a [`Distance`]. Another hint.
    distance: PlainAtomicU8,
    /// The step that a wait begins with.
    first: u8,
    /// Whether waits may be for batches.
    batches: bool,
    /// Whether tasks pause for it.
    patient_polls: bool,
    /// Whether what is waited for is a lock: then nothing is learnt.
    lock: bool,
    /// The waits since the last try; `TRY_EVERY` while waits are for batches. Another hint.
    untried: PlainAtomicU8,
    /// How many moves there had been when the last wait began. Another hint.
    moves: PlainAtomicUsize,
}

impl Patience {
    pub(crate) const fn new() -> Self {
        Self {
            trust: Trust::new(),
            poll_trust: Trust::new(),
            distance: PlainAtomicU8::new(Distance::SameThread as u8),
            first: 0,
            batches: false,
            patient_polls: true,
            lock: false,
            untried: PlainAtomicU8::new(0),
            moves: PlainAtomicUsize::new(0),
        }
    }

    /// For all who wait for locks. One serves them all, as it learns nothing.
    pub(crate) const fn for_locks() -> Self {
        Self {
            lock: true,
            ..Self::new()
        }
    }

    /// For all who wait for permits. Tasks do not pause for them: permits are kept while their owners wait for
    /// something else, which here means that another task has to run.
    pub(crate) const fn for_permits() -> Self {
        Self {
            patient_polls: false,
            ..Self::for_locks()
        }
    }

    /// For those who wait for room among `places`.
    ///
    /// They do not look at once: whoever makes room goes on doing so, and the two would hand every
    /// single place over, a cache line each. The pause is shorter than it takes to empty all places.
    pub(crate) fn for_room(places: usize) -> Self {
        let first = places.ilog2().min(u32::from(PAUSE_STEPS - 1));
        Self {
            first: first as u8,
            ..Self::for_values(places)
        }
    }

    /// For those who wait for values, of which there is room for so many.
    pub(crate) fn for_values(places: usize) -> Self {
        Self {
            batches: places >= BATCH,
            ..Self::new()
        }
    }

    /// For those who wait for a time, which no pause of a task makes pass.
    pub(crate) fn for_time() -> Self {
        Self {
            patient_polls: false,
            ..Self::new()
        }
    }

    /// A wait begins, after so many moves.
    pub(super) fn begin(&self, moves: usize) -> Spin {
        let mut spin = self.begin_any(moves);
        if spin.rest == Rest::Growing {
            spin.step = self.first.max(spin.step);
        }
        spin
    }

    /// A wait begins for whichever of several objects is first, after so many moves of all of them. Those who wait
    /// for room in one of them do not keep it from the others by a long pause.
    pub(super) fn begin_any(&self, moves: usize) -> Spin {
        if self.lock {
            return Spin {
                rest: Rest::Lock,
                step: if cpus() > 1 { 0 } else { LOCK_PAUSE_STEPS },
                end: if MODEL {
                    0
                } else {
                    LOCK_PAUSE_STEPS + LOCK_YIELD_STEPS
                },
            };
        }
        if !self.pausing_pays() {
            return Spin {
                rest: Rest::Yield,
                step: 0,
                end: if MODEL { 0 } else { YIELD_STEPS },
            };
        }
        let for_batch = self.batches && self.is_for_batch(moves);
        Spin {
            rest: Rest::Growing,
            step: if for_batch { BATCH_STEP } else { 0 },
            end: PAUSE_STEPS,
        }
    }

    /// The poll of a task has found nothing, after so many moves. `None` if it is not to pause at all.
    pub(super) fn begin_poll(&self, moves: usize) -> Option<Spin> {
        let distance = self.distance.load(Relaxed);
        let is_near = distance == Distance::SameThread as u8;
        if MODEL || cpus() == 1 || !self.patient_polls || (is_near && self.batches) {
            return None;
        }
        if self.lock {
            let end = SHORT_POLL_STEPS;
            let rest = Rest::Poll { is_try: false };
            return turn::may_pause((1 << end) - 1).then_some(Spin { rest, step: 0, end });
        }
        let for_batch = self.batches && self.is_for_batch(moves);
        let trusts = self.poll_trust.allows_a_try();
        if is_near && !trusts {
            return None;
        }
        let end = if trusts && distance == Distance::Thread as u8 {
            POLL_STEPS
        } else {
            SHORT_POLL_STEPS
        };
        let batch_step = if for_batch { POLL_BATCH_STEP } else { 0 };
        let step = batch_step.max(self.first.min(end - 1));
        if !turn::may_pause((1 << end) - (1 << step)) {
            return None;
        }
        let rest = Rest::Poll { is_try: trusts };
        Some(Spin { rest, step, end })
    }

    /// A task that had to wait has been woken and goes on.
    pub(super) fn note_wake(&self, distance: Distance) {
        let distance = distance as u8;
        if self.distance.load(Relaxed) != distance {
            self.distance.store(distance, Relaxed);
        }
    }

    fn is_for_batch(&self, moves: usize) -> bool {
        let before = self.moves.load(Relaxed);
        self.moves.store(moves, Relaxed);
        let untried = if moves.wrapping_sub(before) >= BATCH {
            TRY_EVERY
        } else {
            // After a try that was in vain, it starts again from nothing.
            self.untried.load(Relaxed) % TRY_EVERY + 1
        };
        self.untried.store(untried, Relaxed);
        untried == TRY_EVERY
    }

    fn pausing_pays(&self) -> bool {
        !MODEL && cpus() > 1 && self.trust.allows_a_try()
    }
}

/// Whether pauses have paid. A hint: races lose nothing but a lesson.
#[derive(Debug)]
struct Trust {
    /// Pauses in vain in a row, up to `TRIES`; then how often the time until the next try has been doubled.
    in_vain: PlainAtomicU8,
    /// Waits until the next try.
    rest: PlainAtomicU8,
}

impl Trust {
    const fn new() -> Self {
        Self {
            in_vain: PlainAtomicU8::new(0),
            rest: PlainAtomicU8::new(0),
        }
    }

    fn allows_a_try(&self) -> bool {
        let rest = self.rest.load(Relaxed);
        if rest == 0 {
            return true;
        }
        self.rest.store(rest - 1, Relaxed);
        false
    }

    fn lose(&self) {
        let in_vain = (self.in_vain.load(Relaxed) + 1).min(TRIES + DOUBLINGS);
        self.in_vain.store(in_vain, Relaxed);
        if in_vain >= TRIES {
            self.rest.store(RETRY_AFTER << (in_vain - TRIES), Relaxed);
        }
    }

    fn restore(&self) {
        if self.in_vain.load(Relaxed) != 0 {
            self.in_vain.store(0, Relaxed);
            self.rest.store(0, Relaxed);
        }
    }
}

/// The spinning of one wait.
#[derive(Debug)]
pub(super) struct Spin {
    rest: Rest,
    step: u8,
    end: u8,
}

/// What lets the time pass between two looks.
#[derive(Debug, PartialEq, Eq)]
enum Rest {
    /// Pauses, twice as many each time.
    Growing,
    /// The same, of a task; whether that shows something about pauses.
    Poll { is_try: bool },
    /// The processor is given away.
    Yield,
    /// Pauses, and then the processor is given away.
    Lock,
}

impl Spin {
    /// Lets a little time pass. False when it is time to sleep.
    pub(super) fn step(&mut self, patience: &Patience) -> bool {
        if self.step >= self.end {
            match self.rest {
                Rest::Growing => patience.trust.lose(),
                Rest::Poll { is_try: true } => patience.poll_trust.lose(),
                Rest::Poll { is_try: false } | Rest::Yield | Rest::Lock => {}
            }
            return false;
        }
        match self.rest {
            Rest::Growing | Rest::Poll { .. } => pause(1 << self.step),
            Rest::Lock if self.step < LOCK_PAUSE_STEPS => pause(2 << self.step),
            Rest::Yield | Rest::Lock => hint::yield_now(),
        }
        self.step += 1;
        true
    }

    /// The wait ended while spinning.
    pub(super) fn paid(&self, patience: &Patience) {
        match self.rest {
            Rest::Growing => patience.trust.restore(),
            Rest::Poll { .. } => {
                patience.poll_trust.restore();
                turn::paused();
            }
            // That giving the processor away has helped says nothing about pausing.
            Rest::Yield | Rest::Lock => {}
        }
    }
}

fn pause(times: u32) {
    for _ in 0..times {
        hint::spin_loop();
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;

    /// One wait that nothing ends before it would sleep. Returns how it rested.
    fn wait_in_vain(patience: &Patience) -> Rest {
        let mut spin = patience.begin(0);
        while spin.step(patience) {}
        spin.rest
    }

    /// What a wait does on this machine as long as pausing is trusted.
    fn trusting() -> Rest {
        if cpus() > 1 {
            Rest::Growing
        } else {
            Rest::Yield
        }
    }

    /// The waits in a row until one pauses, among so many.
    fn waits_until_a_pause(patience: &Patience, most: usize) -> Option<usize> {
        (1..=most).find(|_| wait_in_vain(patience) == Rest::Growing)
    }

    #[test]
    fn an_object_gives_up_on_pausing_and_tries_again_more_and_more_rarely() {
        let patience = Patience::new();
        for _ in 0..TRIES {
            assert_eq!(wait_in_vain(&patience), trusting());
        }
        if cpus() == 1 {
            return;
        }
        for gap in [8, 16, 32, 64, 128, 128] {
            let one_in = gap + 1;
            assert_eq!(waits_until_a_pause(&patience, one_in), Some(one_in));
        }
    }

    #[test]
    fn one_pause_that_pays_restores_the_trust() {
        let patience = Patience::new();
        for _ in 0..TRIES {
            wait_in_vain(&patience);
        }
        if cpus() == 1 {
            // There is no pausing that could have paid.
            return;
        }
        assert_eq!(patience.begin(0).rest, Rest::Yield);
        waits_until_a_pause(&patience, 100).expect("it is tried now and then");
        // Nothing has paid yet; the next try does.
        while patience.begin(0).rest == Rest::Yield {}
        let paying = Spin {
            rest: Rest::Growing,
            step: 0,
            end: PAUSE_STEPS,
        };
        paying.paid(&patience);
        for _ in 0..TRIES {
            assert_eq!(wait_in_vain(&patience), Rest::Growing);
        }
    }

    /// The first steps of waits that begin after so many moves.
    fn first_steps(patience: &Patience, moves: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let begin = |moves| patience.begin(moves).step;
        moves.into_iter().map(begin).collect()
    }

    #[test]
    fn waits_are_for_batches_as_long_as_batches_come() {
        if cpus() == 1 {
            // Nobody pauses there.
            return;
        }
        let patience = Patience::for_values(64);
        let tries = usize::from(TRY_EVERY);
        let one_by_one = first_steps(&patience, 0..4 * tries);
        let long = one_by_one
            .iter()
            .filter(|step| **step == BATCH_STEP)
            .count();
        assert_eq!(long, 4);
        let in_batches = first_steps(&patience, (1..10).map(|wait| 1000 + wait * BATCH));
        assert_eq!(in_batches, [BATCH_STEP; 9]);
        assert_eq!(first_steps(&patience, [2000, 2001, 2002])[1..], [0, 0]);
        assert_eq!(first_steps(&Patience::for_values(1), 0..100), [0; 100]);
    }

    /// How often the poll of a task that has been woken looks again if it finds nothing. `None` if it does not even pause.
    fn looks_of_a_poll(patience: &Patience) -> Option<u8> {
        turn::begins();
        let mut spin = patience.begin_poll(0)?;
        let mut looks = 0;
        while spin.step(patience) {
            looks += 1;
        }
        Some(looks)
    }

    #[test]
    fn a_task_woken_on_its_own_thread_does_not_pause_for_one_of_many_values() {
        let patience = Patience::for_values(64);
        assert_eq!(looks_of_a_poll(&patience), None);
        patience.note_wake(Distance::Thread);
        assert_eq!(looks_of_a_poll(&patience).is_some(), cpus() > 1);
        patience.note_wake(Distance::SameThread);
        assert_eq!(looks_of_a_poll(&patience), None);
    }

    #[test]
    fn a_task_woken_by_a_thread_always_looks_again_and_for_longer_if_that_pays() {
        if cpus() == 1 {
            return;
        }
        let patience = Patience::for_values(1);
        patience.note_wake(Distance::Thread);
        for _ in 0..TRIES {
            assert_eq!(looks_of_a_poll(&patience), Some(POLL_STEPS));
        }
        for _ in 0..RETRY_AFTER {
            assert_eq!(looks_of_a_poll(&patience), Some(SHORT_POLL_STEPS));
        }
        turn::begins();
        let spin = patience.begin_poll(0).expect("it was woken by a thread");
        spin.paid(&patience);
        assert_eq!(looks_of_a_poll(&patience), Some(POLL_STEPS));
    }

    #[test]
    fn a_task_that_polls_many_waits_does_not_pause_for_all_of_them() {
        let patience = Patience::for_values(1);
        patience.note_wake(Distance::Thread);
        turn::begins();
        let pausing = (0..1000)
            .filter(|_| patience.begin_poll(0).is_some())
            .count();
        assert_eq!(pausing, if cpus() > 1 { 2 } else { 0 });
        assert!(Patience::for_time().begin_poll(0).is_none());
    }

    #[test]
    fn tasks_that_hand_single_values_to_each_other_try_pauses_now_and_then() {
        if cpus() == 1 {
            return;
        }
        let patience = Patience::for_values(1);
        for _ in 0..TRIES {
            assert_eq!(looks_of_a_poll(&patience), Some(SHORT_POLL_STEPS));
        }
        for _ in 0..RETRY_AFTER {
            assert_eq!(looks_of_a_poll(&patience), None);
        }
        assert_eq!(looks_of_a_poll(&patience), Some(SHORT_POLL_STEPS));
    }
}
