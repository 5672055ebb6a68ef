//! The part of a job of the pool: it works, and ends when there is nothing to claim, and after some time in any case, to let
//! other jobs of the pool run.

use super::board::{Asleep, Board, Only, UNDIVIDED, WORTH_CALLING, Why, Work};
use super::run::{Finished, Run};
use crate::pool::Scope;
use crate::prim::Ordering::Release;
use crate::prim::{MODEL, clock, hint};
use std::convert::Infallible;
use std::time::{Duration, Instant};

/// So long a job waits for more items that are quick.
const LINGER: Duration = Duration::from_micros(4);

/// A job makes place for others after so many pieces of work.
const SHIFT: usize = 256;

/// Who has sent a job.
#[derive(Clone, Copy)]
pub(super) enum Sent {
    /// Somebody has seen that there is work, and has counted the job.
    ByRun,
    /// It is the deputy, and has been called.
    ByBell,
}

impl<'a> Run<'a> {
    /// The part of a job of the pool.
    pub(super) fn run_shift<'scope>(
        &'scope self,
        sent: Sent,
        scope: Scope<'scope, '_, Infallible>,
    ) {
        let mut finished = None;
        for piece in 0..=SHIFT {
            if piece > 0 {
                self.linger(&mut finished);
            }
            let begins = (piece == 0).then_some(sent);
            match self.next_of_job(finished.take(), begins, piece == SHIFT, scope) {
                Some(work) => finished = Some(self.perform(work)),
                None => return,
            }
        }
    }

    /// Puts down what has been done. If there is little to do and the caller is about to bring more, waits a few microseconds
    /// for that: many items cost little more than one.
    fn linger(&self, finished: &mut Option<Finished>) {
        let mut board = self.board.lock();
        if let Some((work, done, took)) = finished.take() {
            board.finish(&work, &done, took);
        }
        let is_fed = board.is_fed() && board.asleep.is_none() && !board.is_alone() && !MODEL;
        let lingers = is_fed && board.waiting(&self.stations, Only::Anything) < UNDIVIDED;
        drop(board);
        if lingers {
            let began = clock::now();
            while clock::now().saturating_duration_since(began) < LINGER {
                hint::spin_loop();
            }
            // Should the caller want this processor: if this job left now, it would be called again for the next item.
            hint::yield_now();
        }
    }

    /// What a job does next; nothing if it is over.
    fn next_of_job<'scope>(
        &'scope self,
        finished: Option<Finished>,
        begins: Option<Sent>,
        ends: bool,
        scope: Scope<'scope, '_, Infallible>,
    ) -> Option<Work> {
        self.look_at_token();
        let mut board = self.board.lock();
        match begins {
            None => {}
            Some(Sent::ByRun) => {
                board.asked -= 1;
                board.runners += 1;
            }
            Some(Sent::ByBell) => {
                self.bell.has_come();
                board.alarm_is_over();
                board.runners += 1;
            }
        }
        if let Some((work, done, took)) = &finished {
            board.finish(work, done, *took);
        }
        let is_away = board.asleep.is_none() && !board.is_over();
        let mut claimed = Err(None);
        if !ends && !self.is_stopped() {
            claimed = self.claim(&mut board, Only::Anything, is_away, scope);
            if claimed.is_err() && board.in_hand > 1 {
                self.recall();
                claimed = self.claim(&mut board, Only::Anything, is_away, scope);
            }
        }
        if claimed.is_err() {
            board.runners -= 1;
        } else if is_away {
            self.watch(&mut board, scope);
        }
        // Who goes before there is nothing to do has not looked, at the time either: so another comes, or the caller does.
        let worth = if ends && is_away { 0 } else { WORTH_CALLING };
        if !self.is_stopped() {
            board.asks(&self.stations, self.hands, worth);
        }
        self.rings(&mut board, claimed.as_ref().err(), ends);
        self.leave(board, scope);
        claimed.ok()
    }

    /// The caller is to look at the board after the next item, because who might have seen that item goes. What it has put in
    /// before it sees this is seen after this: see *Bursts* in `caller.rs`.
    pub(super) fn recall(&self) {
        self.recalled.store(true, Release);
        // To claim nothing is a read-modify-write of the count.
        self.stations[0].claim(0);
    }

    /// Has the caller woken, if it is to be. `next` is until when there is nothing to do, if the job that looks has found nothing.
    fn rings(&self, board: &mut Board, next: Option<&Option<Instant>>, ends: bool) {
        let Some(Asleep { until, why }) = board.asleep else {
            return;
        };
        let is_sooner = |at: Instant| until.is_none_or(|until| at < until);
        let worth = if next.is_some() { 1 } else { WORTH_CALLING };
        let has_ticket = board.may_pull() && (next.is_some() || board.free >= board.out / 4);
        board.errands.rings = ends
            || self.is_stopped()
            || board.is_over()
            || why == Why::Alone
            || why == Why::NoTicket && has_ticket
            // What blocks it leaves to who rings here, or has been asked for.
            || board.waiting(&self.stations, Only::Prompt) >= worth
            || next.is_some_and(|at| at.is_some_and(is_sooner));
        if board.errands.rings {
            board.asleep = None;
        }
    }
}
