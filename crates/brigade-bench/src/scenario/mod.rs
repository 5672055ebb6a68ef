//! The rows: which workload over which channel or pool, and who takes part. Nothing is started
//! here until the contestants of a row are asked for.

mod sharing;
mod tables;

use crate::channel::broadcast::Broadcasting;
use crate::channel::select::{Busy, Selecting};
use crate::channel::{Between, Route, Size, Traffic, Workload};
use crate::fork::ForkTraffic;
use crate::fork::map::MapTraffic;
use crate::group::Grouping;
use crate::known;
use crate::memory;
use crate::oneshot::OneshotTraffic;
use crate::peer::{
    self, AWAITED, BARE_LOCK, BARE_RING, BATCHES, BROADCASTS, CHANNELS, CONDVARS, COUNTERS, FORKS,
    GROUPS, LINES, MAPS, MUTEXES, ONCES, ONESHOTS, OURS, PARKERS, POOLS, Peer, READ_MOSTLIES,
    RWLOCKS, SCOPES, SELECTS, SEMAPHORES, SPAWNS, THREAD_ALONE,
};
use crate::pipeline::PipelineTraffic;
use crate::pool::PoolTraffic;
use crate::pool::scope::Scoping;
use crate::run::{Absent, Work};
use crate::shared::Crew;
use crate::spawn::{SpawnTraffic, Spawning};
use crate::stage::Stage;
use sharing::Sharing;
use std::io;

/// The name of ours when it runs a second time against itself.
pub(crate) const CONTROL: &str = "brigade (A/A)";

/// The last part of the names of rows whose figure is the longest wait of anybody.
pub(crate) const LONGEST_WAIT: &str = "longest-wait";

/// Far more than a measurement needs whose operations take some time.
const MOST_OPS: usize = 2_000_000;

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
    /// As much as fits into the time of one measurement, and no more than `most`.
    TimeBoxed { most: usize },
    /// The number of jobs that the row is about.
    AllJobs,
    /// So many, whatever the plan is.
    Exactly(usize),
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Channel(Place, Route, Traffic, Size),
    Batches(Place, Route),
    Oneshot(OneshotTraffic),
    Select(Place, Busy),
    Broadcast(Place),
    Pool(PoolTraffic),
    Scope,
    Fork(ForkTraffic),
    Map(MapTraffic),
    Pipeline(PipelineTraffic),
    Awaited,
    Group(Place),
    /// With so many workers.
    Spawn(SpawnTraffic, usize),
    Parked(memory::Size),
    Sharing(Sharing),
}

/// Who has the ends, and where they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Threads,
    /// Threads that all stay on one processor.
    OneProcessor,
    /// Tasks on two workers.
    Tasks,
    /// Tasks on a runtime of one thread.
    CurrentThread,
    ThreadToTask,
    TaskToThread,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::OneProcessor => "one-cpu",
            Self::Tasks => "tasks",
            Self::CurrentThread => "current-thread",
            Self::ThreadToTask => "thread-to-task",
            Self::TaskToThread => "task-to-thread",
        }
    }

    fn between(self) -> Between {
        match self {
            Self::Threads | Self::OneProcessor => Between::Threads,
            Self::Tasks | Self::CurrentThread => Between::Tasks,
            Self::ThreadToTask => Between::ThreadAndTask,
            Self::TaskToThread => Between::TaskAndThread,
        }
    }

    fn crew(self, size: usize) -> io::Result<Crew> {
        Ok(Crew {
            size,
            in_tasks: self.between() == Between::Tasks,
            stage: self.stage()?,
        })
    }

    fn stage(self) -> io::Result<Stage> {
        Ok(match self {
            Self::Threads => Stage::threads(),
            Self::OneProcessor => Stage::threads_on_one_processor(),
            Self::CurrentThread => Stage::current_thread()?,
            Self::Tasks | Self::ThreadToTask | Self::TaskToThread => Stage::two_workers()?,
        })
    }
}

/// Everybody who could be in a row, ready or with a reason why not.
type Candidates = Vec<(&'static str, Result<Work, Absent>)>;

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
    names.push(BARE_RING);
    names.extend(BATCHES.iter().map(|peer| peer.name));
    names.extend(ONESHOTS.iter().map(|peer| peer.name));
    names.extend(SELECTS.iter().map(|peer| peer.name));
    names.extend(BROADCASTS.iter().map(|peer| peer.name));
    names.extend(POOLS.iter().map(|peer| peer.name));
    names.extend(SCOPES.iter().map(|peer| peer.name));
    names.extend(FORKS.iter().map(|peer| peer.name));
    names.extend(MAPS.iter().map(|peer| peer.name));
    names.push(THREAD_ALONE);
    names.extend(LINES.iter().map(|peer| peer.name));
    names.extend(AWAITED.iter().map(|peer| peer.name));
    names.extend(GROUPS.iter().map(|peer| peer.name));
    names.extend(SPAWNS.iter().map(|peer| peer.name));
    names.extend(PARKERS.iter().map(|parker| parker.name));
    names.push(BARE_LOCK);
    names.extend(MUTEXES.iter().map(|peer| peer.name));
    names.extend(RWLOCKS.iter().map(|peer| peer.name));
    names.extend(READ_MOSTLIES.iter().map(|peer| peer.name));
    names.extend(COUNTERS.iter().map(|peer| peer.name));
    names.extend(SEMAPHORES.iter().map(|peer| peer.name));
    names.extend(ONCES.iter().map(|peer| peer.name));
    names.extend(CONDVARS.iter().map(|peer| peer.name));
    names.sort_unstable();
    names.dedup();
    names
}

/// The rows whose id contains one of the `filters`; without any, all of them or a `quick` choice.
pub(crate) fn rows(filters: &[String], quick: bool) -> Vec<Row> {
    let mut rows = tables::all();
    rows.retain(|row| match filters {
        [] => !quick || tables::quick(row),
        filters => filters.iter().any(|part| row.id.contains(part)),
    });
    rows
}

impl Row {
    fn time_boxed(id: String, unit: &'static str, kind: Kind) -> Self {
        Self {
            id,
            unit,
            amount: Amount::TimeBoxed { most: MOST_OPS },
            kind,
        }
    }

    /// Makes the selected contestants of this row ready. `Err` if the system refuses the threads
    /// of the runtime.
    pub(crate) fn field(&self, selection: &Selection) -> io::Result<Field> {
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

    fn candidates(&self) -> io::Result<Candidates> {
        Ok(match self.kind {
            Kind::Channel(place, route, traffic, size) => {
                let workload = Workload {
                    route,
                    between: place.between(),
                    traffic,
                    stage: place.stage()?,
                };
                let mut candidates = channels(&workload, size);
                if place == Place::Threads && size == Size::Word {
                    let ring = peer::bare_ring(workload);
                    candidates.extend(ring.map(|work| (BARE_RING, Ok(work))));
                }
                candidates
            }
            Kind::Batches(place, route) => answers(
                &BATCHES,
                &Workload {
                    route,
                    between: place.between(),
                    traffic: Traffic::Throughput,
                    stage: place.stage()?,
                },
            ),
            Kind::Oneshot(traffic) => answers(&ONESHOTS, &traffic),
            Kind::Select(place, busy) => answers(
                &SELECTS,
                &Selecting {
                    busy,
                    in_tasks: place.between() == Between::Tasks,
                    stage: place.stage()?,
                },
            ),
            Kind::Broadcast(place) => answers(
                &BROADCASTS,
                &Broadcasting {
                    in_tasks: place.between() == Between::Tasks,
                    stage: place.stage()?,
                },
            ),
            Kind::Pool(traffic) => answers(&POOLS, &traffic),
            Kind::Scope => answers(&SCOPES, &Scoping),
            Kind::Fork(traffic) => {
                let mut candidates = answers(&FORKS, &traffic);
                candidates.push((THREAD_ALONE, Ok(peer::forks_alone(traffic))));
                candidates
            }
            Kind::Map(traffic) => {
                let mut candidates = answers(&MAPS, &traffic);
                candidates.push((THREAD_ALONE, Ok(peer::maps_alone(traffic))));
                candidates
            }
            Kind::Pipeline(traffic) => answers(&LINES, &traffic),
            Kind::Awaited => answers(&AWAITED, &()),
            Kind::Group(place) => {
                let stage = place.stage()?;
                answers(&GROUPS, &Grouping { stage })
            }
            Kind::Spawn(traffic, workers) => answers(&SPAWNS, &Spawning { traffic, workers }),
            Kind::Parked(size) => PARKERS
                .iter()
                .map(|parker| (parker.name, memory::work(parker.name, size)))
                .collect(),
            Kind::Sharing(sharing) => sharing.candidates()?,
        })
    }
}

fn answers<Q: Clone>(peers: &[Peer<Q>], question: &Q) -> Candidates {
    peers
        .iter()
        .map(|peer| (peer.name, (peer.work)(question.clone())))
        .collect()
}

fn channels(workload: &Workload, size: Size) -> Candidates {
    CHANNELS
        .iter()
        .map(|peer| (peer.name, peer.work(size, workload.clone())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Amount, CONTROL, Selection, rows};
    use crate::run::Load;
    use crate::watchdog::Watchdog;
    use std::time::Duration;

    fn only(names: &[&str]) -> Selection {
        Selection {
            only: names.iter().map(|name| (*name).to_owned()).collect(),
            control: false,
        }
    }

    fn names(id: &str, selection: &Selection) -> Vec<&'static str> {
        let row = &rows(&[id.to_owned()], false)[0];
        let field = row.field(selection).unwrap();
        field.contestants.iter().map(|one| one.peer).collect()
    }

    #[test]
    fn a_filter_keeps_the_rows_that_contain_it_and_several_add_up() {
        let both = rows(&["one-cpu/spsc/64".to_owned(), "idle/50".to_owned()], true);
        let ids: Vec<&str> = both.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["channel/one-cpu/spsc/64", "pool/wake-from-idle/50"]);
        assert!(rows(&["no such row".to_owned()], false).is_empty());
        assert!(rows(&[], true).len() < rows(&[], false).len());
    }

    #[test]
    fn a_selection_goes_by_the_beginning_of_a_name() {
        let selected = names("pool/submit-all", &only(&["tokio", "rayon"]));
        assert_eq!(selected, ["rayon", "tokio spawn", "tokio spawn_blocking"]);
        assert_eq!(only(&["tokio", "tokyo"]).unknown(), ["tokyo"]);
    }

    #[test]
    fn who_cannot_take_part_is_listed_with_the_reason() {
        let row = &rows(&["threads/mpmc-4x4/64".to_owned()], false)[0];
        let field = row.field(&Selection::default()).unwrap();
        let absent: Vec<&str> = field.absent.iter().map(|(peer, _)| *peer).collect();
        let expected = [
            "brigade spsc",
            "rapidfire",
            "thingbuf",
            "tokio mpsc",
            "std mpsc",
        ];
        assert_eq!(absent, expected);
        assert!(field.absent[2].1.0.contains("receiver"));
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
        for row in rows(&[], false) {
            let load = Load {
                ops: match row.amount {
                    Amount::AllJobs | Amount::Exactly(_) => 2000,
                    // More than fits into a channel of these.
                    _ if row.id.starts_with("broadcast") => 2000,
                    Amount::TimeBoxed { .. } => 32,
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
