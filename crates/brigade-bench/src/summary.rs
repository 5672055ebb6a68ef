//! What the rows add up to: every table with our figure beside that of the best peer, the rows we
//! lost, by name, and one line of sums for each table. It measures nothing.

use crate::measure::{RowResult, Standing};
use crate::peer::OURS;
use crate::report::{figure, push, ratio};
use crate::scenario::LONGEST_WAIT;
use crate::statistics::median;
use crate::verdict::{self, FLOOR, Score, Verdict};

/// A row that has a verdict.
type Judged<'a> = (&'a RowResult, Verdict);

/// Every table, and a table of the tables.
pub(crate) fn summary(results: &[RowResult]) -> String {
    let judged: Vec<Judged> = results
        .iter()
        .filter_map(|result| Some((result, Verdict::of(result)?)))
        .collect();
    if judged.is_empty() {
        return "\nNo row had both brigade and a peer, so there is nothing to compare.\n"
            .to_owned();
    }
    let mut text = String::new();
    let mut sums = String::from(
        "\n| table | rows | won | below 0.85 | geometric mean | won by medians | below | mean |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let tables = tables(&judged);
    for (name, rows) in &tables {
        push(&mut text, &table(name, rows));
        push(&mut sums, &sum_line(name, rows));
    }
    if tables.len() > 1 {
        push(&mut sums, &sum_line("all", &judged));
    }
    push(&mut text, &against_the_marks(results));
    push(&mut text, &sums);
    text
}

/// The rows by table, in the order they ran.
fn tables<'a>(judged: &[Judged<'a>]) -> Vec<(&'a str, Vec<Judged<'a>>)> {
    let mut tables: Vec<(&str, Vec<Judged>)> = Vec::new();
    for &(result, verdict) in judged {
        let name = table_of(&result.id);
        match tables.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rows)) => rows.push((result, verdict)),
            None => tables.push((name, vec![(result, verdict)])),
        }
    }
    tables
}

/// The table of a row: the first part of its name, and for channels and mutexes the second as
/// well. The longest waits have one of their own, because they are no times of operations.
fn table_of(id: &str) -> &str {
    if let Some((_, last)) = id.rsplit_once('/')
        && last == LONGEST_WAIT
    {
        return last;
    }
    let in_two_parts = ["channel/", "mutex/"]
        .iter()
        .any(|start| id.starts_with(start));
    let parts = if in_two_parts { 2 } else { 1 };
    let end = id.match_indices('/').nth(parts - 1);
    end.map_or(id, |(end, _)| &id[..end])
}

fn table(name: &str, rows: &[Judged]) -> String {
    let mut text = format!(
        "\n{name}\n\n\
         | row | unit | brigade | its cpu | best peer | its figure | its cpu | round by round | by medians |\n\
         |---|---|---:|---:|---|---:|---:|---:|---:|\n"
    );
    for (result, verdict) in rows {
        let best = verdict.by_rounds;
        push(
            &mut text,
            &format!(
                "| {} | {} | {} | {} | {} | {} | {} |\n",
                result.id,
                result.unit,
                figures_of(result, OURS),
                best.peer,
                figures_of(result, best.peer),
                ratio(best.paired),
                ratio(verdict.by_medians.of_medians),
            ),
        );
    }
    push(&mut text, &losses(rows));
    text
}

/// The medians of a contestant's time and processor time, as two cells.
fn figures_of(result: &RowResult, peer: &str) -> String {
    let standing = result.standings.iter().find(|one| one.peer == peer);
    let cell = |figures: fn(&Standing) -> Vec<f64>| {
        standing.map_or_else(String::new, |one| figure(median(&figures(one))))
    };
    format!(
        "{} | {}",
        cell(Standing::figures),
        cell(Standing::cpu_figures)
    )
}

fn losses(rows: &[Judged]) -> String {
    let mut lost: Vec<&Judged> = rows
        .iter()
        .filter(|(_, verdict)| verdict.by_rounds.paired < 1.0)
        .collect();
    lost.sort_by(|(_, a), (_, b)| a.by_rounds.paired.total_cmp(&b.by_rounds.paired));
    let (below, above): (Vec<_>, Vec<_>) = lost
        .into_iter()
        .partition(|(_, verdict)| verdict.by_rounds.paired < FLOOR);
    let mut text = String::new();
    for (title, rows) in [
        (format!("Rows below {FLOOR}"), below),
        (format!("Other rows lost ({FLOOR} to 1)"), above),
    ] {
        push(&mut text, &format!("\n{title}: {}\n", rows.len()));
        for (result, verdict) in rows {
            let Verdict {
                by_rounds,
                by_medians,
            } = verdict;
            push(
                &mut text,
                &format!(
                    "  {:<46} {} against {} (by medians {} against {})\n",
                    result.id,
                    ratio(by_rounds.paired),
                    by_rounds.peer,
                    ratio(by_medians.of_medians),
                    by_medians.peer
                ),
            );
        }
    }
    text
}

fn against_the_marks(results: &[RowResult]) -> String {
    let mut text = String::new();
    for result in results {
        if let Some((times, mark)) = verdict::times_the_mark(result) {
            let times = ratio(times);
            push(
                &mut text,
                &format!("\n{}: {times} times the time of the {mark}", result.id),
            );
        }
    }
    if !text.is_empty() {
        push(&mut text, "\n");
    }
    text
}

fn sum_line(name: &str, rows: &[Judged]) -> String {
    let cells = |key: fn(&Verdict) -> f64| {
        let ratios: Vec<f64> = rows.iter().map(|(_, verdict)| key(verdict)).collect();
        let score = Score::of(&ratios)?;
        let share = 100.0 * score.won as f64 / score.rows as f64;
        Some(format!(
            "{} ({share:.0} %) | {} | {}",
            score.won,
            score.below_floor,
            ratio(score.geometric_mean)
        ))
    };
    let by_rounds = cells(|verdict| verdict.by_rounds.paired).unwrap_or_default();
    let by_medians = cells(|verdict| verdict.by_medians.of_medians).unwrap_or_default();
    format!("| {name} | {} | {by_rounds} | {by_medians} |\n", rows.len())
}

#[cfg(test)]
mod tests {
    use super::{summary, table_of};
    use crate::peer::{BARE_RING, OURS};
    use crate::verdict::tests::result;

    #[test]
    fn every_table_lists_its_lost_rows_and_counts_the_won() {
        let results = [
            result("oneshot/won", &[(OURS, &[20]), ("kanal", &[40])]),
            result("oneshot/lost", &[(OURS, &[50]), ("kanal", &[45])]),
            result("select/far", &[(OURS, &[100]), ("kanal", &[25])]),
        ];
        let text = summary(&results);
        assert!(text.contains("Rows below 0.85: 1\n  select/far"));
        assert!(text.contains("Other rows lost (0.85 to 1): 1\n  oneshot/lost"));
        assert!(
            text.contains("| oneshot | 2 | 1 (50 %) | 0 | 1.34 |"),
            "{text}"
        );
        assert!(
            text.contains("| select | 1 | 0 (0 %) | 1 | 0.25 |"),
            "{text}"
        );
        assert!(text.contains("| all | 3 | 1 (33 %) | 1 | 0.77 |"), "{text}");
    }

    #[test]
    fn the_processor_time_stands_beside_the_time_of_both() {
        let text = summary(&[result("pool/row", &[(OURS, &[20]), ("kanal", &[40])])]);
        assert!(
            text.contains(
                "| pool/row | ns/msg | 20.0 | 40.0 | kanal | 40.0 | 80.0 | 2.00 | 2.00 |"
            ),
            "{text}"
        );
    }

    #[test]
    fn the_bare_ring_is_no_best_peer_but_has_its_line() {
        let figures: [(&str, &[u64]); 3] = [(OURS, &[30]), (BARE_RING, &[20]), ("kanal", &[40])];
        let text = summary(&[result("row", &figures)]);
        assert!(text.contains("row: 1.50 times the time of the spinning ring"));
        assert!(text.contains("| kanal | 40.0 |"));
    }

    #[test]
    fn the_channels_have_a_table_for_each_place() {
        assert_eq!(table_of("channel/tasks/spsc/64"), "channel/tasks");
        assert_eq!(table_of("ping-pong/threads/1"), "ping-pong");
        assert_eq!(table_of("mutex/tasks/2/cs-0"), "mutex/tasks");
        assert_eq!(table_of("mutex/tasks/2/cs-0/longest-wait"), "longest-wait");
        assert_eq!(table_of("row"), "row");
    }

    #[test]
    fn without_us_the_summary_says_so() {
        let text = summary(&[result("row", &[("kanal", &[40])])]);
        assert!(text.contains("nothing to compare"));
    }
}
