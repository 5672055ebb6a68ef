//! Who may do what next: how many tickets are out, what is under way at each station, and which work is worth more.
//!
//! It is arithmetic under one lock. It runs no code of the application, wakes nobody and does not know what the stations
//! do. Why it always finds something to do, if there is anything, is in the [module](super).

use super::stage::Stage;
use super::station::{Done, Due, LONG, SHORT, Station, after};
use crate::policy::RateError;
use crate::prim::clock;
use std::mem;
use std::time::{Duration, Instant};

/// As many items are taken at once at most, however quick they are.
const GRAB_MAX: usize = 128;

/// It takes about so many nanoseconds until somebody has come who is called.
pub(super) const WORTH_CALLING: usize = 20_000;

/// Items that take so many nanoseconds together are not divided between hands.
pub(super) const UNDIVIDED: usize = 4000;

/// An item that takes so many nanoseconds at all stations together is not worth the way to another processor and back.
const TRIFLE: usize = 200;

pub(super) type Stations<'a> = [Box<dyn Station + 'a>];

pub(super) struct Board {
    meters: Vec<Meter>,
    /// Tickets that the source may take.
    pub(super) free: usize,
    /// Tickets that have been taken, and not been given back.
    pub(super) out: usize,
    /// How many of these the caller has taken for a burst, from which it has not come back.
    pub(super) in_hand: usize,
    pub(super) source_ended: bool,
    pub(super) items_in: u64,
    pub(super) items_out: u64,
    /// Jobs of the pool that work for the pipeline now.
    pub(super) runners: usize,
    /// Those that have been asked for, and have not begun.
    pub(super) asked: usize,
    /// When the last was asked for.
    pub(super) asked_at: Option<Instant>,
    /// When the alarm has to ring; cleared by whoever comes then.
    alarm: Option<Instant>,
    /// Whether that is soon, as somebody wants who is [watched](Self::is_watched).
    is_watched: bool,
    /// Somebody sets the alarm, and looks afterwards whether that is still right.
    is_setting: bool,
    /// What whoever has the lock is to do after it has been released.
    pub(super) errands: Errands,
    /// The source has given many items in no time.
    pub(super) is_fed_quickly: bool,
    /// How the caller sleeps, if it does. Whoever finds it asleep and rings writes that it is not.
    pub(super) asleep: Option<Asleep>,
    /// Whether any stage blocks.
    pub(super) blocks: bool,
    /// Whether the last claim has passed over work that blocks and could be begun.
    pub(super) left: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Asleep {
    /// When it wakes if nobody rings.
    pub(super) until: Option<Instant>,
    pub(super) why: Why,
}

/// What is not done under the lock.
#[derive(Debug, Default)]
pub(super) struct Errands {
    /// The caller is to be woken.
    pub(super) rings: bool,
    /// A job is to be asked for.
    pub(super) asks: bool,
    /// The alarm is to be set.
    pub(super) alarm: Option<Instant>,
}

/// What the caller may pull before it comes to the board again.
#[derive(Debug)]
pub(super) struct Burst {
    /// The number of the first item.
    pub(super) first: u64,
    pub(super) tickets: usize,
}

/// What a caller that sleeps would go on with, beside the bell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// A ticket.
    NoTicket,
    /// Something from the source.
    Dry,
    /// A job of the pool that does the work.
    Alone,
}

/// What a station is doing, and may do.
struct Meter {
    stage: Stage,
    /// How many work for it now.
    running: usize,
    /// Items that have been claimed and are under way.
    items: usize,
    /// As many are taken at once at most.
    grab: usize,
    /// So long an item takes, in nanoseconds, about.
    nanos: usize,
    /// Tickets in what it is collecting.
    held: usize,
    /// The rate is used up until then.
    not_before: Option<Instant>,
}

/// A piece of work that has been claimed.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) station: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To begin so many items.
    Take(usize),
    /// To do what is due.
    Attend,
    /// To close what it has collected.
    Close,
}

/// Which work is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Only {
    Anything,
    /// That of stages that do not block.
    Prompt,
    /// That of stations whose items are known to be quick.
    Quick,
}

/// The time, read when it is first asked for.
#[derive(Default)]
struct Now(Option<Instant>);

impl Now {
    fn get(&mut self) -> Instant {
        *self.0.get_or_insert_with(clock::now)
    }
}

impl Board {
    pub(super) fn new(stages: Vec<Stage>, tickets: usize) -> Self {
        let meter = |stage| Meter {
            stage,
            running: 0,
            items: 0,
            grab: 1,
            nanos: usize::MAX,
            held: 0,
            not_before: None,
        };
        Self {
            blocks: stages.iter().any(|stage| stage.blocks),
            left: false,
            meters: stages.into_iter().map(meter).collect(),
            free: tickets,
            out: 0,
            in_hand: 0,
            source_ended: false,
            items_in: 0,
            items_out: 0,
            runners: 0,
            asked: 0,
            asked_at: None,
            alarm: None,
            is_watched: false,
            is_setting: false,
            errands: Errands::default(),
            is_fed_quickly: false,
            asleep: None,
        }
    }

    pub(super) fn may_pull(&self) -> bool {
        !self.source_ended && self.free > 0
    }

    /// Whether the source may give another item, be it with a ticket that the caller has in hand.
    pub(super) fn is_fed(&self) -> bool {
        !self.source_ended && self.free + self.in_hand > 0
    }

    /// Whether the caller does everything: the source gives items in no time, and nothing is to be done that would be worth
    /// the way to another processor.
    pub(super) fn is_alone(&self) -> bool {
        let nanos = |sum: usize, meter: &Meter| sum.saturating_add(meter.nanos);
        self.is_fed_quickly && !self.blocks && self.meters.iter().fold(0, nanos) <= TRIFLE
    }

    /// Whether somebody sees what the caller puts in before it comes to the board again, if somebody `comes` when the alarm
    /// rings.
    pub(super) fn is_seen(&self, comes: impl FnOnce() -> bool) -> bool {
        self.runners > 0 || self.is_alone() && comes()
    }

    /// The alarm has to ring at `at`, or before.
    pub(super) fn wants_alarm(&mut self, at: Instant) {
        if self.alarm.is_some_and(|set| set <= at) {
            return;
        }
        self.alarm = Some(at);
        if !mem::replace(&mut self.is_setting, true) {
            self.errands.alarm = Some(at);
        }
    }

    /// As [`wants_alarm`](Self::wants_alarm), after the time in which somebody is to look in any case.
    pub(super) fn wants_watch(&mut self, after: Duration) {
        if !self.is_watched {
            self.is_watched = true;
            self.wants_alarm(clock::now() + after);
        }
    }

    /// Whether somebody looks before long, because the alarm rings.
    pub(super) fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Whoever has set the alarm to `at` learns what it is to be set to then, if that is something else.
    pub(super) fn has_set_alarm(&mut self, at: Instant) -> Option<Instant> {
        let other = self.alarm.filter(|wanted| *wanted != at);
        self.is_setting = other.is_some();
        other
    }

    /// The alarm has rung, or what it is to ring for has been looked at.
    pub(super) fn alarm_is_over(&mut self) {
        self.alarm = None;
        self.is_watched = false;
    }

    /// Everything that the source has given has come to its end.
    pub(super) fn is_over(&self) -> bool {
        self.source_ended && self.out == 0
    }

    /// The caller takes tickets for a burst.
    pub(super) fn begin_burst(&mut self, most: usize) -> Burst {
        let tickets = most.min(self.free);
        self.free -= tickets;
        self.out += tickets;
        self.in_hand = tickets;
        let first = self.items_in;
        Burst { first, tickets }
    }

    /// The caller is back, and the source has given so many items.
    pub(super) fn end_burst(&mut self, items: usize) {
        let left = mem::take(&mut self.in_hand) - items;
        self.free += left;
        self.out -= left;
        self.items_in += items as u64;
    }

    /// Claims what is nearest to the sink: that gives tickets back soonest. If there is nothing, until when that is so
    /// though nothing else happens.
    pub(super) fn claim(
        &mut self,
        stations: &Stations<'_>,
        hands: usize,
        only: Only,
    ) -> Result<Work, Option<Instant>> {
        let (mut now, mut next) = (Now::default(), None::<Instant>);
        let mut later = |at: Instant| next = Some(next.map_or(at, |next| next.min(at)));
        self.left = false;
        for (station, it) in stations.iter().enumerate().rev() {
            let meter = &mut self.meters[station];
            if meter.running >= meter.stage.parallel {
                continue;
            }
            match it.due() {
                Due::Never => {}
                Due::At(at) if at > now.get() => later(at),
                Due::Now | Due::At(_) => {
                    meter.running += 1;
                    return Ok(Work::new(station, Kind::Attend));
                }
            }
            let most = meter.most(it.as_ref(), hands);
            if most == 0 {
                continue;
            }
            if !meter.is_among(only) {
                match meter.used_up(&mut now) {
                    Some(at) => later(at),
                    None => self.left |= meter.stage.blocks,
                }
                continue;
            }
            match meter.allowed(most, &mut now) {
                Err(at) => later(at),
                Ok(count) => {
                    it.claim(count);
                    meter.running += 1;
                    meter.items += count;
                    return Ok(Work::new(station, Kind::Take(count)));
                }
            }
        }
        self.close_first().ok_or(next)
    }

    /// If all there is, and will be for now, is being collected, then what is collected first is closed.
    fn close_first(&mut self) -> Option<Work> {
        let held: usize = self.meters.iter().map(|meter| meter.held).sum();
        if held == 0 || held < self.out || self.may_pull() {
            return None;
        }
        let first = self.meters.iter().position(|meter| meter.held > 0)?;
        let meter = &mut self.meters[first];
        // Somebody is closing it.
        if meter.running > 0 {
            return None;
        }
        meter.running += 1;
        Some(Work::new(first, Kind::Close))
    }

    /// How long the work takes that could be begun, in nanoseconds, as far as one can see without asking a rate. Nothing is 0,
    /// and what is not known, or blocks, is very long. What a rate is known to hold back is nothing: whoever came for it would
    /// go, and find that somebody is to be asked for.
    pub(super) fn waiting(&self, stations: &Stations<'_>, only: Only) -> usize {
        let (mut sum, mut now) = (0_usize, Now::default());
        for (meter, it) in self.meters.iter().zip(stations) {
            sum = sum.saturating_add(if meter.running >= meter.stage.parallel {
                0
            } else if it.due() == Due::Now {
                usize::MAX
            } else if !meter.is_among(only)
                || meter.most(it.as_ref(), 1) == 0
                || meter.used_up(&mut now).is_some()
            {
                0
            } else {
                it.ready().saturating_mul(meter.nanos)
            });
        }
        sum
    }

    /// Has a job asked for if there is so much to do, and counts it. There are `hands` at most, the caller among them.
    pub(super) fn asks(&mut self, stations: &Stations<'_>, hands: usize, worth: usize) {
        let there = self.runners + self.asked;
        // The first is for less: the source may take its time, and what is to be done does not wait for that then.
        let is_first = there == 0 && !self.is_alone();
        let worth = if is_first {
            worth.min(UNDIVIDED)
        } else {
            worth
        };
        if there + 1 < hands && self.waiting(stations, Only::Anything) >= worth {
            self.asked += 1;
            self.asked_at = Some(clock::now());
            self.errands.asks = true;
        }
    }

    /// A piece of work is done, and took so long.
    pub(super) fn finish(&mut self, work: &Work, done: &Done, took: Duration) {
        let meter = &mut self.meters[work.station];
        meter.running -= 1;
        meter.items -= done.ended;
        if let Some(held) = done.held {
            meter.held = held;
        }
        self.out -= done.tickets;
        self.free += done.tickets;
        self.items_out += done.out;
        if let Kind::Take(count) = work.kind {
            meter.learn(count, took);
        }
    }
}

impl Work {
    fn new(station: usize, kind: Kind) -> Self {
        Self { station, kind }
    }
}

impl Meter {
    /// How many items may be begun at once, whatever the rate is.
    fn most(&self, station: &dyn Station, hands: usize) -> usize {
        let ready = station.ready();
        if ready == 0 {
            return 0;
        }
        let room = self.stage.buffer.map_or(usize::MAX, |buffer| {
            buffer.saturating_sub(station.unclaimed() + self.items)
        });
        // Enough for everybody, and for another time; but what is done in no time is not divided.
        let hands = hands.min(self.stage.parallel);
        let share = if hands == 1 {
            ready
        } else {
            ready.div_ceil(2 * hands)
        };
        let share = share.max(UNDIVIDED / self.nanos.max(1)).min(ready);
        share.min(self.grab).min(room).min(station.places())
    }

    /// Until when the rate is known to be used up.
    fn used_up(&self, now: &mut Now) -> Option<Instant> {
        self.not_before.filter(|at| *at > now.get())
    }

    /// How many of `most` items the rate allows now; if none, until when.
    fn allowed(&mut self, most: usize, now: &mut Now) -> Result<usize, Instant> {
        let Some(rate) = &self.stage.rate else {
            return Ok(most);
        };
        if let Some(at) = self.used_up(now) {
            return Err(at);
        }
        match rate.try_acquire() {
            Err(RateError::NotYet { wait }) => {
                let at = after(now.get(), wait);
                self.not_before = Some(at);
                Err(at)
            }
            // One is always allowed in time, and nobody waits here.
            Ok(()) | Err(_) => Ok(1),
        }
    }

    fn is_among(&self, only: Only) -> bool {
        match only {
            Only::Anything => true,
            Only::Prompt => !self.stage.blocks,
            Only::Quick => self.grab > 1,
        }
    }

    /// Quick items are taken many at once, slow ones one by one.
    fn learn(&mut self, count: usize, took: Duration) {
        if self.stage.blocks {
            // However quick those before were, the next may block.
            return;
        }
        let nanos = took.as_nanos() as usize / count;
        // What was long of late is forgotten slowly: it is better to take too few at once than too many.
        let remembered = match self.nanos {
            usize::MAX => 0,
            before => before - before.div_ceil(8),
        };
        self.nanos = nanos.max(remembered).max(1);
        if took > LONG {
            self.grab = 1;
        } else if count == self.grab && took < SHORT {
            self.grab = (self.grab * 2).min(GRAB_MAX);
        } else if took > 4 * SHORT {
            self.grab = (self.grab / 2).max(1);
        }
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::super::station::Turn;
    use super::*;
    use crate::policy::RateLimit;

    /// There is always an item before it.
    struct Always;

    /// So many items are before it.
    struct Before(usize);

    impl Station for Always {
        fn ready(&self) -> usize {
            1
        }

        fn claim(&self, _: usize) {}

        fn work(&self, _: usize, _: &Turn<'_, '_>) -> Done {
            Done::default()
        }
    }

    impl Station for Before {
        fn ready(&self) -> usize {
            self.0
        }

        fn claim(&self, _: usize) {}

        fn work(&self, _: usize, _: &Turn<'_, '_>) -> Done {
            Done::default()
        }
    }

    /// Whether a job is asked for when so many items wait that take `nanos` each, and so many are at work.
    fn asks(items: usize, nanos: u64, runners: usize, is_fed_quickly: bool, worth: usize) -> bool {
        let mut board = Board::new(vec![Stage::new(2)], 4);
        let stations: [Box<dyn Station>; 1] = [Box::new(Before(items))];
        board.meters[0].learn(1, Duration::from_nanos(nanos));
        (board.runners, board.is_fed_quickly) = (runners, is_fed_quickly);
        board.asks(&stations, 4, worth);
        assert_eq!(board.asked, usize::from(board.errands.asks));
        board.errands.asks
    }

    #[test]
    fn the_first_job_is_asked_for_less_than_another() {
        let asks = |nanos, runners| asks(1, nanos, runners, false, WORTH_CALLING);
        assert!(asks(5000, 0) && !asks(5000, 1));
        assert!(asks(25_000, 0) && asks(25_000, 1) && !asks(25_000, 3));
        assert!(!asks(500, 0));
    }

    #[test]
    fn who_relieves_another_is_asked_for_nothing() {
        assert!(asks(0, 100, 0, false, 0) && asks(0, 100, 1, true, 0));
        assert!(!asks(0, 100, 3, false, 0));
    }

    #[test]
    fn nobody_is_asked_for_trifles_that_come_in_no_time() {
        assert!(!asks(64, 150, 0, true, WORTH_CALLING));
        assert!(asks(64, 150, 0, false, WORTH_CALLING));
        assert!(asks(64, 250, 0, true, WORTH_CALLING));
    }

    #[test]
    fn one_at_a_time_sets_the_alarm_and_to_the_first_time_that_is_wanted() {
        let mut board = Board::new(Vec::new(), 1);
        let at = |seconds| clock::now() + Duration::from_secs(seconds);
        let (first, second, third) = (at(10), at(5), at(7));
        board.wants_alarm(first);
        assert_eq!(mem::take(&mut board.errands).alarm, Some(first));
        board.wants_alarm(second);
        board.wants_alarm(third);
        assert_eq!(board.errands.alarm, None);
        assert_eq!(board.has_set_alarm(first), Some(second));
        assert_eq!(board.has_set_alarm(second), None);
        // Somebody comes before it has been set.
        board.wants_alarm(at(1));
        board.alarm_is_over();
        assert_eq!(board.has_set_alarm(at(1)), None);
        board.wants_alarm(third);
        assert!(!board.is_watched() && board.errands.alarm.is_some());
        board.wants_watch(Duration::from_secs(1));
        assert!(board.is_watched());
        assert!(board.has_set_alarm(third).is_some_and(|at| at < third));
    }

    #[test]
    fn tickets_of_a_burst_that_were_not_taken_are_given_back() {
        let mut board = Board::new(Vec::new(), 5);
        assert_eq!(board.begin_burst(3).tickets, 3);
        assert!(board.may_pull() && board.is_fed());
        board.end_burst(1);
        let burst = board.begin_burst(64);
        assert_eq!((burst.first, burst.tickets), (1, 4));
        assert!(!board.may_pull() && board.is_fed() && !board.is_over());
        board.end_burst(4);
        assert!(!board.is_fed());
        assert_eq!((board.free, board.out, board.items_in), (0, 5, 5));
    }

    #[test]
    fn who_is_alone_is_seen_only_if_somebody_would_come() {
        let mut board = Board::new(vec![Stage::new(1)], 4);
        board.meters[0].learn(1, Duration::from_nanos(100));
        assert!(!board.is_seen(|| true));
        board.is_fed_quickly = true;
        assert!(board.is_seen(|| true) && !board.is_seen(|| false));
        board.runners = 1;
        assert!(board.is_seen(|| false));
    }

    #[test]
    fn nobody_is_called_for_what_a_rate_holds_back() {
        let hour = Duration::from_secs(3600);
        let once = RateLimit::per(1, hour).unwrap().burst(1).unwrap();
        let mut board = Board::new(vec![Stage::new(2).rate(once)], 4);
        let stations: [Box<dyn Station>; 1] = [Box::new(Always)];
        let is_waiting = |board: &Board| board.waiting(&stations, Only::Anything) >= WORTH_CALLING;
        assert!(is_waiting(&board));
        board.claim(&stations, 2, Only::Anything).unwrap();
        let until = board.claim(&stations, 2, Only::Anything).unwrap_err();
        assert!(until.is_some());
        assert!(!is_waiting(&board));
    }
}
