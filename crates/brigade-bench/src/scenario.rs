//! The rows: which workload over which channel or pool, and who takes part. Nothing is started
//! here until the contestants of a row are asked for.

use crate::channel::{Route, Shape, Traffic, tasks::TaskTraffic};
use crate::known;
use crate::peer::{CHANNELS, OURS, POOLS};
use crate::pool::PoolTraffic;
use crate::run::{Absent, Work};
use std::sync::Arc;
use tokio::runtime::Builder;

/// Workers of the runtime under the task rows.
const WORKERS: usize = 2;
const CAPACITIES: [Option<usize>; 4] = [Some(1), Some(64), Some(1024), None];
/// The name of ours when it runs a second time against itself.
pub(crate) const CONTROL: &str = "brigade (A/A)";

/// One line of a table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What filters match: the table, then the workload, with slashes.
    pub(crate) id: String,
    pub(crate) unit: &'static str,
    pub(crate) amount: Amount,
    kind: Kind,
}

/// How much a contestant does in one measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// As much as fits into the time of one measurement.
    TimeBoxed,
    /// The number of jobs that the row is about.
    AllJobs,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Threads(Route, Traffic),
    Tasks(Route, Traffic),
    Pool(PoolTraffic),
}

/// Either of the two kinds with channels.
type ChannelKind = fn(Route, Traffic) -> Kind;

/// Who takes part, and who does not and why.
pub(crate) struct Field {
    pub(crate) contestants: Vec<Contestant>,
    pub(crate) absent: Vec<(&'static str, Absent)>,
}

/// One peer, ready for one row.
pub(crate) struct Contestant {
    pub(crate) peer: &'static str,
    pub(crate) work: Work,
}

/// Which contestants are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Beginnings of names; empty means everybody.
    pub(crate) only: Vec<String>,
    /// Whether ours runs a second time against itself.
    pub(crate) control: bool,
}

impl Selection {
    fn wants(&self, peer: &str) -> bool {
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|start| peer.starts_with(start.as_str()))
    }

    /// The beginnings that no contestant's name has.
    pub(crate) fn unknown(&self) -> Vec<&str> {
        let names = peer_names();
        let known = |start: &str| names.iter().any(|name| name.starts_with(start));
        let starts = self.only.iter().map(String::as_str);
        starts.filter(|start| !known(start)).collect()
    }
}

/// Every name a contestant can have.
pub(crate) fn peer_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = CHANNELS.iter().map(|peer| peer.name).collect();
    names.extend(POOLS.iter().map(|peer| peer.name));
    names.sort_unstable();
    names.dedup();
    names
}

/// The rows whose id contains one of the `filters`, or all of them if there are none.
pub(crate) fn rows(filters: &[String]) -> Vec<Row> {
    let mut rows = all_rows();
    rows.retain(|row| filters.is_empty() || filters.iter().any(|part| row.id.contains(part)));
    rows
}

fn all_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let between: [(&str, ChannelKind); 2] = [("threads", Kind::Threads), ("tasks", Kind::Tasks)];
    for (ends, kind) in between {
        for shape in [Shape::Spsc, Shape::Mpsc, Shape::Mpmc] {
            for capacity in CAPACITIES {
                let id = format!("channel/{ends}/{}/{}", shape.name(), room(capacity));
                let route = Route { shape, capacity };
                rows.push(Row::time_boxed(
                    id,
                    "ns/msg",
                    kind(route, Traffic::Throughput),
                ));
            }
        }
    }
    for (ends, kind) in between {
        for capacity in [Some(1), None] {
            let id = format!("ping-pong/{ends}/{}", room(capacity));
            let shape = Shape::Spsc;
            let route = Route { shape, capacity };
            rows.push(Row::time_boxed(
                id,
                "ns/round trip",
                kind(route, Traffic::PingPong),
            ));
        }
    }
    rows.extend(pool_rows());
    rows
}

fn pool_rows() -> [Row; 4] {
    let pool = |name: &str, unit, traffic| {
        Row::time_boxed(format!("pool/{name}"), unit, Kind::Pool(traffic))
    };
    [
        Row {
            amount: Amount::AllJobs,
            ..pool("submit-all", "ns/job", PoolTraffic::SubmitAll)
        },
        pool("submit-and-take", "ns/job", PoolTraffic::SubmitAndTake),
        pool("wake-from-idle", "ns median", PoolTraffic::WakeFromIdle),
        pool("submit-and-wait", "ns/job", PoolTraffic::SubmitAndWait),
    ]
}

fn room(capacity: Option<usize>) -> String {
    capacity.map_or_else(|| "unbounded".to_owned(), |slots| slots.to_string())
}

impl Row {
    fn time_boxed(id: String, unit: &'static str, kind: Kind) -> Self {
        Self {
            id,
            unit,
            amount: Amount::TimeBoxed,
            kind,
        }
    }

    /// Makes the selected contestants of this row ready. `Err` if the system refuses the threads
    /// of the runtime.
    pub(crate) fn field(&self, selection: &Selection) -> std::io::Result<Field> {
        let mut candidates = self.candidates()?;
        if selection.control {
            let ours = self
                .candidates()?
                .into_iter()
                .filter(|(peer, _)| *peer == OURS);
            candidates.extend(ours.map(|(_, work)| (CONTROL, work)));
        }
        let mut field = Field {
            contestants: Vec::new(),
            absent: Vec::new(),
        };
        for (peer, work) in candidates {
            let excluded = known::excluded(&self.id, peer);
            match excluded.map_or(work, Err) {
                _ if !selection.wants(peer) => {}
                Ok(work) => field.contestants.push(Contestant { peer, work }),
                Err(absent) => field.absent.push((peer, absent)),
            }
        }
        Ok(field)
    }

    fn candidates(&self) -> std::io::Result<Vec<(&'static str, Result<Work, Absent>)>> {
        Ok(match self.kind {
            Kind::Threads(route, traffic) => CHANNELS
                .iter()
                .map(|peer| (peer.name, (peer.threads)(route, traffic)))
                .collect(),
            Kind::Tasks(route, traffic) => {
                let runtime = Builder::new_multi_thread()
                    .worker_threads(WORKERS)
                    .build()?;
                let runtime = Arc::new(runtime);
                let tasks = || TaskTraffic {
                    traffic,
                    runtime: Arc::clone(&runtime),
                };
                CHANNELS
                    .iter()
                    .map(|peer| (peer.name, (peer.tasks)(route, tasks())))
                    .collect()
            }
            Kind::Pool(traffic) => POOLS
                .iter()
                .map(|peer| (peer.name, Ok((peer.work)(traffic))))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, CONTROL, Selection, all_rows, rows};
    use crate::run::Load;
    use crate::watchdog::Watchdog;
    use std::collections::HashSet;
    use std::time::Duration;

    fn only(names: &[&str]) -> Selection {
        Selection {
            only: names.iter().map(|name| (*name).to_owned()).collect(),
            control: false,
        }
    }

    fn names(id: &str, selection: &Selection) -> Vec<&'static str> {
        let row = &rows(&[id.to_owned()])[0];
        let field = row.field(selection).unwrap();
        field.contestants.iter().map(|one| one.peer).collect()
    }

    #[test]
    fn every_row_has_an_id_of_its_own() {
        let ids: HashSet<String> = all_rows().into_iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), all_rows().len());
        assert_eq!(ids.len(), 2 * 3 * 4 + 2 * 2 + 4);
    }

    #[test]
    fn a_filter_keeps_the_rows_that_contain_it_and_several_add_up() {
        assert_eq!(rows(&["mpmc-4x4".to_owned()]).len(), 8);
        let both = rows(&["threads/spsc/64".to_owned(), "wake".to_owned()]);
        let ids: Vec<&str> = both.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["channel/threads/spsc/64", "pool/wake-from-idle"]);
        assert!(rows(&["no such row".to_owned()]).is_empty());
    }

    #[test]
    fn a_selection_goes_by_the_beginning_of_a_name() {
        let selected = names("pool/submit-all", &only(&["tokio", "rayon"]));
        assert_eq!(selected, ["rayon", "tokio spawn", "tokio spawn_blocking"]);
        assert_eq!(only(&["tokio", "tokyo"]).unknown(), ["tokyo"]);
    }

    #[test]
    fn who_cannot_take_part_is_listed_with_the_reason() {
        let row = &rows(&["threads/mpmc-4x4/64".to_owned()])[0];
        let field = row.field(&Selection::default()).unwrap();
        let absent: Vec<&str> = field.absent.iter().map(|(peer, _)| *peer).collect();
        assert_eq!(absent, ["tokio mpsc", "std mpsc"]);
        assert!(
            field
                .absent
                .iter()
                .all(|(_, why)| why.0.contains("receiver"))
        );
    }

    #[test]
    fn the_control_is_ours_under_a_second_name() {
        let selection = Selection {
            control: true,
            ..Selection::default()
        };
        let all = names("pool/submit-all", &selection);
        assert_eq!(all.iter().filter(|name| **name == CONTROL).count(), 1);
    }

    #[test]
    fn every_contestant_of_every_row_delivers_every_message() {
        let watchdog = Watchdog::start(Duration::from_secs(60));
        for row in all_rows() {
            let load = Load {
                ops: if row.amount == Amount::AllJobs {
                    2000
                } else {
                    24
                },
                limit: Duration::from_secs(30),
            };
            for mut contestant in row.field(&Selection::default()).unwrap().contestants {
                let name = format!("{}, {}", row.id, contestant.peer);
                let run = watchdog.watch(&name, || (contestant.work)(load));
                let run = run.unwrap_or_else(|fault| panic!("{name}: {fault}"));
                assert!(run.ops >= load.ops && !run.cut_short, "{name}: {run:?}");
                assert!(run.ns_per_op > 0.0, "{name}");
            }
        }
    }
}
