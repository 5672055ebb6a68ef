//! The report for people: the machine first, then a block for every row as soon as it has run.
//! What all rows add up to is in [`crate::summary`]. It measures nothing.

use crate::known;
use crate::machine::Machine;
use crate::measure::{Plan, RowResult, Standing};
use crate::statistics::{Spread, median};
use crate::verdict::{self, Verdict};
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

pub(crate) fn push(text: &mut String, part: &str) {
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
    if let Some((times, mark)) = verdict::times_the_mark(result) {
        notes.push(format!(
            "brigade takes {} times as long as the {mark}",
            ratio(times)
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

pub(crate) fn figure(value: f64) -> String {
    match value.abs() {
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

pub(crate) fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::{figure, row};
    use crate::peer::{BARE_RING, OURS};
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
    fn a_block_measures_us_by_the_bare_ring() {
        let text = row(&result("a/row", &[(OURS, &[60]), (BARE_RING, &[40])]));
        assert!(text.contains("brigade takes 1.50 times as long as the spinning ring"));
    }

    #[test]
    fn figures_keep_three_digits() {
        assert_eq!(figure(1.234), "1.23");
        assert_eq!(figure(43.56), "43.6");
        assert_eq!(figure(38260.4), "38260");
    }
}
