//! The command line.

use crate::measure::Plan;
use crate::scenario::Selection;
use clap::Parser;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Measures Brigade and its peers side by side, in one run
#[derive(Clone, Debug, Parser)]
#[command(name = "brigade-bench", version)]
pub(crate) struct Args {
    /// Fewer and shorter rounds, and unless `--filter` is given only some rows of every table: under
    /// 3 minutes on two cores
    #[arg(long)]
    pub(crate) quick: bool,

    /// Only rows whose name contains this; may be given several times
    #[arg(long, value_name = "SUBSTRING")]
    pub(crate) filter: Vec<String>,

    /// Only contestants whose names begin with one of these
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// Rounds that count, for each row
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<NonZeroUsize>,

    /// Run Brigade a second time against itself in every row, to see what chance does
    #[arg(long)]
    pub(crate) control: bool,

    /// Write every run of every contestant to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// List rows and contestants and measure nothing
    #[arg(long)]
    pub(crate) list: bool,
}

impl Args {
    pub(crate) fn plan(&self) -> Plan {
        let plan = if self.quick {
            Plan::quick()
        } else {
            Plan::full()
        };
        Plan {
            rounds: self.rounds.map_or(plan.rounds, NonZeroUsize::get),
            ..plan
        }
    }

    pub(crate) fn selection(&self) -> Selection {
        Selection {
            only: self.only.clone(),
            control: self.control,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn rounds_replace_those_of_the_plan() {
        let args = Args::try_parse_from(["brigade-bench", "--quick", "--rounds", "3"]).unwrap();
        assert_eq!(args.plan().rounds, 3);
        assert!(Args::try_parse_from(["brigade-bench", "--rounds", "0"]).is_err());
    }

    #[test]
    fn names_are_separated_by_commas() {
        let args = Args::try_parse_from(["brigade-bench", "--only", "brigade,kanal"]).unwrap();
        assert_eq!(args.selection().only, ["brigade", "kanal"]);
    }
}
