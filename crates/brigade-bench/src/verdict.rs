//! What a row says about us: how many times as fast we are as the best peer, above 1 if faster.

use crate::measure::{RowResult, Standing};
use crate::peer::{OURS, is_mark};
use crate::scenario::CONTROL;
use crate::statistics::{geometric_mean, median, paired_ratio};

/// The row needs a look if we are slower than this part of the best peer.
pub(crate) const FLOOR: f64 = 0.85;

/// Us against one peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) peer: &'static str,
    /// The median of the ratios of the single rounds.
    pub(crate) paired: f64,
    /// The ratio of the medians over all rounds.
    pub(crate) of_medians: f64,
}

/// Us against whoever is the best peer, once by each of the two ratios: they may disagree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// The peer with the smallest paired ratio. Rows are won and lost by this one, since the
    /// machine changes between rounds more than most contestants differ.
    pub(crate) by_rounds: Comparison,
    /// The peer with the smallest median.
    pub(crate) by_medians: Comparison,
}

impl Verdict {
    /// `None` if we or all peers were not there.
    pub(crate) fn of(result: &RowResult) -> Option<Self> {
        let ours = standing(result, OURS)?;
        let peers: Vec<Comparison> = result
            .standings
            .iter()
            .filter(|one| !one.peer.starts_with(OURS) && !is_mark(one.peer))
            .map(|one| Comparison::of(ours, one))
            .collect();
        let least = |key: fn(&Comparison) -> f64| {
            peers
                .iter()
                .copied()
                .min_by(|a, b| key(a).total_cmp(&key(b)))
        };
        Some(Self {
            by_rounds: least(|comparison| comparison.paired)?,
            by_medians: least(|comparison| comparison.of_medians)?,
        })
    }
}

impl Comparison {
    fn of(ours: &Standing, theirs: &Standing) -> Self {
        Self {
            peer: theirs.peer,
            paired: paired_ratio(&ours.figures(), &theirs.figures()),
            of_medians: median(&theirs.figures()) / median(&ours.figures()),
        }
    }
}

/// Us against ourselves, if the control ran.
pub(crate) fn control(result: &RowResult) -> Option<Comparison> {
    let ours = standing(result, OURS)?;
    Some(Comparison::of(ours, standing(result, CONTROL)?))
}

/// How many times as long as the mark of the row we take, if it has one; and its name.
pub(crate) fn times_the_mark(result: &RowResult) -> Option<(f64, &'static str)> {
    let ours = standing(result, OURS)?;
    let mark = result.standings.iter().find(|one| is_mark(one.peer))?;
    Some((Comparison::of(mark, ours).paired, mark.peer))
}

fn standing<'a>(result: &'a RowResult, peer: &str) -> Option<&'a Standing> {
    result.standings.iter().find(|one| one.peer == peer)
}

/// All rows by one of the two ratios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Score {
    pub(crate) rows: usize,
    pub(crate) won: usize,
    pub(crate) below_floor: usize,
    pub(crate) geometric_mean: f64,
}

impl Score {
    /// `None` of no rows.
    pub(crate) fn of(ratios: &[f64]) -> Option<Self> {
        Some(Self {
            rows: ratios.len(),
            won: ratios.iter().filter(|ratio| **ratio >= 1.0).count(),
            below_floor: ratios.iter().filter(|ratio| **ratio < FLOOR).count(),
            geometric_mean: geometric_mean(ratios)?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{OURS, RowResult, Score, Standing, Verdict};
    use crate::peer::{BARE_LOCK, BARE_RING, THREAD_ALONE};
    use crate::run::Run;
    use crate::scenario::CONTROL;
    use std::time::Duration;

    pub(crate) fn result(id: &str, figures: &[(&'static str, &[u64])]) -> RowResult {
        let run = |ns: &u64| {
            Run::of(
                1,
                1,
                Duration::from_nanos(*ns),
                Duration::from_nanos(2 * ns),
            )
        };
        RowResult {
            id: id.to_owned(),
            unit: "ns/msg",
            standings: figures
                .iter()
                .map(|(peer, figures)| Standing {
                    peer,
                    runs: figures.iter().map(run).collect(),
                })
                .collect(),
            absent: vec![("std mpsc", "its channels have one receiver")],
            probes: vec![30.0, 60.0],
        }
    }

    #[test]
    fn the_verdict_is_against_the_fastest_peer() {
        let row = result(
            "row",
            &[(OURS, &[50, 50]), ("slow", &[90, 90]), ("fast", &[40, 40])],
        );
        let verdict = Verdict::of(&row).unwrap();
        assert_eq!(verdict.by_rounds.peer, "fast");
        assert!((verdict.by_rounds.paired - 0.8).abs() < 1e-6);
        assert!((verdict.by_medians.of_medians - 0.8).abs() < 1e-6);
    }

    #[test]
    fn the_two_ratios_may_name_different_peers() {
        let row = result(
            "row",
            &[
                (OURS, &[100, 10, 100]),
                ("steady", &[45, 45, 45]),
                ("moving", &[90, 9, 90]),
            ],
        );
        let verdict = Verdict::of(&row).unwrap();
        assert_eq!(verdict.by_rounds.peer, "steady");
        assert_eq!(verdict.by_medians.peer, "steady");
        let row = result(
            "row",
            &[
                (OURS, &[10, 100, 100]),
                ("steady", &[99, 99, 99]),
                ("moving", &[5, 50, 1000]),
            ],
        );
        let verdict = Verdict::of(&row).unwrap();
        assert_eq!(verdict.by_rounds.peer, "moving");
        assert_eq!(verdict.by_medians.peer, "moving");
    }

    #[test]
    fn we_are_no_peer_of_ourselves() {
        let row = result(
            "row",
            &[(OURS, &[50]), (CONTROL, &[10]), ("brigade Select", &[10])],
        );
        assert_eq!(Verdict::of(&row), None);
        assert!((super::control(&row).unwrap().paired - 0.2).abs() < 1e-6);
    }

    #[test]
    fn a_mark_is_no_peer_but_a_measure() {
        for name in [BARE_RING, BARE_LOCK, THREAD_ALONE] {
            let row = result("row", &[(OURS, &[30]), (name, &[20]), ("peer", &[60])]);
            assert_eq!(Verdict::of(&row).unwrap().by_rounds.peer, "peer");
            let (times, mark) = super::times_the_mark(&row).unwrap();
            assert!((times - 1.5).abs() < 1e-6);
            assert_eq!(mark, name);
        }
    }

    #[test]
    fn a_row_without_us_has_no_verdict() {
        assert_eq!(Verdict::of(&result("row", &[("peer", &[10])])), None);
    }

    #[test]
    fn a_score_counts_rows_won_and_rows_below_the_floor() {
        let score = Score::of(&[2.0, 1.0, 0.9, 0.5]).unwrap();
        assert_eq!((score.rows, score.won, score.below_floor), (4, 2, 1));
        assert_eq!(Score::of(&[]), None);
    }
}
