//! The report for programs: every run of every contestant, with nothing condensed.

use crate::machine::Machine;
use crate::measure::{Plan, RowResult, Standing};
use serde_json::{Value, json};

pub(crate) fn document(machine: &Machine, plan: &Plan, results: &[RowResult]) -> Value {
    json!({
        "machine": {
            "processor": machine.processor,
            "processors": machine.processors,
            "kernel": machine.kernel,
            "load": machine.load,
        },
        "compiler": machine.compiler,
        "commit": machine.commit,
        "peers": machine.peers.split(", ").collect::<Vec<_>>(),
        "plan": {
            "rounds": plan.rounds,
            "target_ms": plan.target.as_secs_f64() * 1e3,
            "all_jobs": plan.all_jobs,
        },
        "rows": results.iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(result: &RowResult) -> Value {
    json!({
        "row": result.id,
        "unit": result.unit,
        "probe_ns": result.probes,
        "contestants": result.standings.iter().map(contestant).collect::<Vec<_>>(),
        "absent": result
            .absent
            .iter()
            .map(|(peer, why)| json!({ "name": peer, "why": why }))
            .collect::<Vec<_>>(),
    })
}

fn contestant(standing: &Standing) -> Value {
    json!({
        "name": standing.peer,
        "ns": standing.figures(),
        "cpu_ns": standing.cpu_figures(),
        "operations": standing.runs.iter().map(|run| run.ops).collect::<Vec<_>>(),
        "cut_short": standing.cut_short(),
    })
}

#[cfg(test)]
mod tests {
    use super::row;
    use crate::verdict::tests::result;

    #[test]
    fn a_row_keeps_every_run() {
        let value = row(&result("row", &[("kanal", &[40, 41])]));
        assert_eq!(value["contestants"][0]["ns"].as_array().unwrap().len(), 2);
        assert_eq!(value["absent"][0]["name"], "std mpsc");
    }
}
