//! Brigade and its peers side by side, in one run. Every row is one workload; every contestant of
//! a row runs in the same process, in turns. See the `README.md` beside this crate.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the library's facade over threads and clocks is private to it; what measures it \
              must stand on something else"
)]

mod args;
mod channel;
mod cpu_time;
mod fork;
mod group;
mod json;
mod known;
mod machine;
mod measure;
mod memory;
mod oneshot;
mod peer;
mod pipeline;
mod pool;
mod probe;
mod report;
mod run;
mod scenario;
mod shared;
mod spawn;
mod stage;
mod statistics;
mod summary;
mod tally;
mod verdict;
mod watchdog;

use args::Args;
use clap::Parser;
use machine::Machine;
use measure::{Plan, RowResult};
use scenario::{Row, Selection};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use watchdog::Watchdog;

/// Far above any measurement that ends.
const PATIENCE: Duration = Duration::from_secs(20);
/// The exit status for a command line that asks for something that does not exist.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    memory::measure_if_told();
    let args = Args::parse();
    let rows = match chosen(&args) {
        Ok(rows) => rows,
        Err(fault) => {
            eprintln!("brigade-bench: {fault}");
            return ExitCode::from(USAGE);
        }
    };
    let done = if args.list {
        list(&rows, &args.selection())
    } else {
        run(&rows, &args)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("brigade-bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn chosen(args: &Args) -> Result<Vec<Row>, String> {
    let selection = args.selection();
    if let [unknown, ..] = selection.unknown()[..] {
        return Err(format!(
            "no contestant's name begins with '{unknown}'; there are: {}",
            scenario::peer_names().join(", ")
        ));
    }
    let rows = scenario::rows(&args.filter, args.quick);
    if rows.is_empty() {
        return Err(format!(
            "no row's name contains '{}'; `--list` shows the names",
            args.filter.join("' or '")
        ));
    }
    Ok(rows)
}

fn list(rows: &[Row], selection: &Selection) -> Result<(), String> {
    let mut out = io::stdout().lock();
    for row in rows {
        let field = row.field(selection).map_err(no_runtime)?;
        let names: Vec<&str> = field.contestants.iter().map(|one| one.peer).collect();
        writeln!(out, "{:<46}{}", row.id, names.join(", ")).map_err(no_output)?;
    }
    Ok(())
}

fn run(rows: &[Row], args: &Args) -> Result<(), String> {
    let machine = Machine::here();
    let plan = args.plan();
    // Opened first: a path that cannot be written is better known now than after the run.
    let file = args.json.as_deref().map(create).transpose()?;
    print(&report::heading(&machine, &plan))?;
    let results = measure_all(rows, &args.selection(), &plan)?;
    print(&summary::summary(&results))?;
    if let Some((mut file, path)) = file {
        let document = json::document(&machine, &plan, &results);
        writeln!(file, "{document:#}").map_err(|fault| cannot_write(path, &fault))?;
    }
    Ok(())
}

fn measure_all(rows: &[Row], selection: &Selection, plan: &Plan) -> Result<Vec<RowResult>, String> {
    let watchdog = Watchdog::start(PATIENCE);
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let result = measure::measure(row, selection, plan, &watchdog).map_err(no_runtime)?;
        if !result.standings.is_empty() {
            print(&report::row(&result))?;
            results.push(result);
        }
    }
    Ok(results)
}

fn create(path: &Path) -> Result<(File, &Path), String> {
    match File::create(path) {
        Ok(file) => Ok((file, path)),
        Err(fault) => Err(cannot_write(path, &fault)),
    }
}

fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).map_err(no_output)?;
    out.flush().map_err(no_output)
}

fn cannot_write(path: &Path, fault: &io::Error) -> String {
    format!(
        "cannot write the file of --json, {}: {fault}",
        path.display()
    )
}

fn no_output(fault: io::Error) -> String {
    format!("cannot write the report to standard output: {fault}")
}

fn no_runtime(fault: io::Error) -> String {
    format!("the system refuses the threads of a tokio runtime: {fault}")
}
