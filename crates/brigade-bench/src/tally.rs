//! Counting: each sender and receiver keeps a tally, and a run is only a figure if what was
//! received is what was sent. Knows nothing of threads, tasks or peers.

use crate::run::{Load, Run};
use std::time::{Duration, Instant};

/// Senders look at the clock once in so many messages; reading it every time would cost more than
/// a message does.
pub(crate) const BATCH: usize = 64;

/// What one end has done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    count: usize,
    sum: usize,
    from: Instant,
    until: Instant,
}

impl Tally {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self {
            count: 0,
            sum: 0,
            from: now,
            until: now,
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, message: usize) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(message);
    }

    pub(crate) fn stop(mut self) -> Self {
        self.until = Instant::now();
        self
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn expired(&self, limit: Duration) -> bool {
        self.from.elapsed() >= limit
    }
}

/// How many messages each of `senders` sends, at least one.
pub(crate) fn share(load: Load, senders: usize) -> usize {
    (load.ops / senders).max(1)
}

/// Compares both sides and makes the run of them: from the first end past the barrier to the last
/// receiver done.
pub(crate) fn settle(
    asked: usize,
    sent: &[Tally],
    received: &[Tally],
    cpu: Duration,
) -> Result<Run, String> {
    let (sent_count, sent_sum) = total(sent);
    let (count, sum) = total(received);
    if (sent_count, sent_sum) != (count, sum) {
        return Err(format!(
            "sent {sent_count} messages with the sum {sent_sum}, \
             received {count} with the sum {sum}"
        ));
    }
    let ends = || sent.iter().chain(received);
    let from = ends().map(|end| end.from).min();
    let until = received.iter().map(|end| end.until).max();
    let (Some(from), Some(until)) = (from, until) else {
        return Err("the channel had no ends".to_owned());
    };
    Ok(Run::of(asked, count, until.duration_since(from), cpu))
}

/// As [`settle`], where every receiver gets everything that was sent.
pub(crate) fn settle_each(
    asked: usize,
    sent: Tally,
    received: &[Tally],
    cpu: Duration,
) -> Result<Run, String> {
    let all = vec![sent; received.len()];
    for one in received {
        settle(asked, &[sent], &[*one], cpu)?;
    }
    let run = settle(asked, &all, received, cpu)?;
    Ok(Run::of(asked, sent.count, run.elapsed, cpu))
}

fn total(ends: &[Tally]) -> (usize, usize) {
    ends.iter().fold((0, 0), |(count, sum), end| {
        (count + end.count, sum.wrapping_add(end.sum))
    })
}

#[cfg(test)]
mod tests {
    use super::{Tally, settle, settle_each, share};
    use crate::run::Load;
    use std::time::Duration;

    fn tally(messages: &[usize]) -> Tally {
        let mut tally = Tally::start();
        for message in messages {
            tally.add(*message);
        }
        tally.stop()
    }

    #[test]
    fn a_run_counts_what_all_receivers_took() {
        let run = settle(
            4,
            &[tally(&[1, 2]), tally(&[3, 4])],
            &[tally(&[4, 1, 3]), tally(&[2])],
            Duration::ZERO,
        )
        .unwrap();
        assert_eq!(run.ops, 4);
        assert!(!run.cut_short);
    }

    #[test]
    fn a_lost_message_is_no_run() {
        let lost = settle(2, &[tally(&[1, 2])], &[tally(&[1])], Duration::ZERO);
        assert!(lost.unwrap_err().contains("sent 2 messages"));
    }

    #[test]
    fn a_doubled_message_in_place_of_another_is_no_run() {
        assert!(settle(2, &[tally(&[1, 2])], &[tally(&[1, 1])], Duration::ZERO).is_err());
    }

    #[test]
    fn every_listener_has_to_get_everything() {
        let sent = tally(&[1, 2]);
        let run = settle_each(2, sent, &[sent, tally(&[2, 1])], Duration::ZERO).unwrap();
        assert_eq!((run.ops, run.cut_short), (2, false));
        let doubled = [tally(&[1]), tally(&[1, 2, 2])];
        assert!(settle_each(2, sent, &doubled, Duration::ZERO).is_err());
    }

    #[test]
    fn fewer_messages_than_asked_for_mean_cut_short() {
        let run = settle(9, &[tally(&[5])], &[tally(&[5])], Duration::ZERO).unwrap();
        assert!(run.cut_short);
    }

    #[test]
    fn every_sender_sends_at_least_one_message() {
        let load = Load {
            ops: 2,
            limit: Duration::ZERO,
        };
        assert_eq!(share(load, 4), 1);
    }
}
