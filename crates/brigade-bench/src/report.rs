//! The report for people: the machine first, a block for every row as soon as it has run, and at
//! the end one table of all rows, the rows we lost and the sums. It measures nothing.

use crate::known;
use crate::machine::Machine;
use crate::measure::{Plan, RowResult, Standing};
use crate::peer::OURS;
use crate::statistics::{Spread, median};
use crate::verdict::{self, FLOOR, Score, Verdict};
use std::fmt::Write;

/// What stands above the rows.
pub(crate) fn heading(machine: &Machine, plan: &Plan) -> String {
    format!(
        "machine   {} processors, {}\n\
         kernel    {}\n\
         load      {} over the minute before\n\
         compiler  {}\n\
         commit    {}\n\
         peers     {}\n\
         plan      {} rounds, {} ms for one measurement, {} jobs in pool/submit-all\n",
        machine.processors,
        machine.processor,
        machine.kernel,
        machine.load,
        machine.compiler,
        machine.commit,
        machine.peers,
        plan.rounds,
        plan.target.as_millis(),
        plan.all_jobs,
    )
}

/// The block of one row, the fastest first.
pub(crate) fn row(result: &RowResult) -> String {
    let probe = Spread::of(&result.probes);
    let mut text = format!(
        "\n{} [{}]   (processors {} ns apart, {} .. {})\n",
        result.id,
        result.unit,
        figure(probe.median),
        figure(probe.min),
        figure(probe.max)
    );
    line(
        &mut text,
        &["", "median", "min", "max", "cpu", ""].map(str::to_owned),
    );
    let mut standings: Vec<&Standing> = result.standings.iter().collect();
    standings.sort_by(|a, b| median(&a.figures()).total_cmp(&median(&b.figures())));
    for standing in standings {
        let spread = Spread::of(&standing.figures());
        line(
            &mut text,
            &[
                standing.peer.to_owned(),
                figure(spread.median),
                figure(spread.min),
                figure(spread.max),
                figure(median(&standing.cpu_figures())),
                cut_short(standing),
            ],
        );
    }
    for note in notes(result) {
        push(&mut text, &format!("  {note}\n"));
    }
    text
}

fn line(text: &mut String, [name, median, min, max, cpu, note]: &[String; 6]) {
    let cells = format!("  {name:<22}{median:>10}{min:>10}{max:>10}{cpu:>10}   {note}");
    push(text, cells.trim_end());
    push(text, "\n");
}

fn push(text: &mut String, part: &str) {
    text.write_str(part).expect("a String takes every text");
}

fn cut_short(standing: &Standing) -> String {
    match standing.cut_short() {
        0 => String::new(),
        count => format!("cut short in {count} of {}", standing.runs.len()),
    }
}

fn notes(result: &RowResult) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(Verdict {
        by_rounds,
        by_medians,
    }) = Verdict::of(result)
    {
        notes.push(format!(
            "brigade is {} times as fast as {} round by round; by medians {} times as fast as {}",
            ratio(by_rounds.paired),
            by_rounds.peer,
            ratio(by_medians.of_medians),
            by_medians.peer
        ));
    }
    if let Some(control) = verdict::control(result) {
        notes.push(format!(
            "brigade against itself: {} round by round, {} by medians",
            ratio(control.paired),
            ratio(control.of_medians)
        ));
    }
    for (peer, why) in &result.absent {
        notes.push(format!("without {peer}: {why}"));
    }
    for standing in &result.standings {
        if let Some(words) = known::remark(&result.id, standing.peer) {
            notes.push(format!("note: {words}"));
        }
    }
    notes
}

/// All rows in one table, and what they add up to.
pub(crate) fn summary(results: &[RowResult]) -> String {
    let verdicts: Vec<(&RowResult, Verdict)> = results
        .iter()
        .filter_map(|result| Some((result, Verdict::of(result)?)))
        .collect();
    if verdicts.is_empty() {
        return "\nNo row had both brigade and a peer, so there is nothing to compare.\n"
            .to_owned();
    }
    let mut text = String::from(
        "\n| row | unit | brigade | best peer | its figure | round by round | by medians |\n\
         |---|---|---:|---|---:|---:|---:|\n",
    );
    for (result, verdict) in &verdicts {
        push(&mut text, &table_line(result, verdict));
    }
    push(&mut text, &losses(&verdicts));
    push(&mut text, &sums(&verdicts));
    text
}

fn table_line(result: &RowResult, verdict: &Verdict) -> String {
    let best = verdict.by_rounds;
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        result.id,
        result.unit,
        median_of(result, OURS),
        best.peer,
        median_of(result, best.peer),
        ratio(best.paired),
        ratio(verdict.by_medians.of_medians)
    )
}

fn median_of(result: &RowResult, peer: &str) -> String {
    let standing = result.standings.iter().find(|one| one.peer == peer);
    standing.map_or_else(String::new, |one| figure(median(&one.figures())))
}

fn losses(verdicts: &[(&RowResult, Verdict)]) -> String {
    let mut lost: Vec<&(&RowResult, Verdict)> = verdicts
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
                    "  {:<34} {} against {} (by medians {} against {})\n",
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

fn sums(verdicts: &[(&RowResult, Verdict)]) -> String {
    let by = |key: fn(&Verdict) -> f64| -> Vec<f64> {
        verdicts.iter().map(|(_, verdict)| key(verdict)).collect()
    };
    let mut text = String::from("\n");
    for (name, ratios) in [
        ("Round by round", by(|verdict| verdict.by_rounds.paired)),
        ("By medians", by(|verdict| verdict.by_medians.of_medians)),
    ] {
        if let Some(score) = Score::of(&ratios) {
            push(
                &mut text,
                &format!(
                    "{name}: {} of {} rows won ({:.0} %), {} below {FLOOR}, \
                     geometric mean of the ratios {}\n",
                    score.won,
                    score.rows,
                    100.0 * score.won as f64 / score.rows as f64,
                    score.below_floor,
                    ratio(score.geometric_mean)
                ),
            );
        }
    }
    text
}

fn figure(value: f64) -> String {
    match value.abs() {
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::{figure, row, summary};
    use crate::peer::OURS;
    use crate::verdict::tests::result;

    #[test]
    fn a_block_names_everybody_the_fastest_first_and_who_is_absent() {
        let text = row(&result("a/row", &[(OURS, &[50]), ("kanal", &[40])]));
        let place = |name: &str| text.find(name).unwrap_or(usize::MAX);
        assert!(place("a/row [ns/msg]") < place("\n  kanal"));
        assert!(place("\n  kanal") < place("\n  brigade "));
        assert!(text.contains("brigade is 0.80 times as fast as kanal"));
        assert!(text.contains("without std mpsc: its channels have one receiver"));
    }

    #[test]
    fn the_summary_lists_lost_rows_and_counts_the_won() {
        let results = [
            result("won", &[(OURS, &[20]), ("kanal", &[40])]),
            result("lost", &[(OURS, &[50]), ("kanal", &[45])]),
            result("far", &[(OURS, &[100]), ("kanal", &[25])]),
        ];
        let text = summary(&results);
        assert!(text.contains("Rows below 0.85: 1\n  far"));
        assert!(text.contains("Other rows lost (0.85 to 1): 1\n  lost"));
        assert!(text.contains("1 of 3 rows won (33 %), 1 below 0.85"));
        assert!(text.contains("| won | ns/msg | 20.0 | kanal | 40.0 | 2.00 | 2.00 |"));
    }

    #[test]
    fn without_us_the_summary_says_so() {
        let text = summary(&[result("row", &[("kanal", &[40])])]);
        assert!(text.contains("nothing to compare"));
    }

    #[test]
    fn figures_keep_three_digits() {
        assert_eq!(figure(1.234), "1.23");
        assert_eq!(figure(43.56), "43.6");
        assert_eq!(figure(38260.4), "38260");
    }
}
