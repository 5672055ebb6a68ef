//! Every row, table by table, and the choice of them that `--quick` runs.

use super::{Amount, Kind, MOST_OPS, Place, Row, sharing};
use crate::channel::broadcast::LISTENERS;
use crate::channel::select::Busy;
use crate::channel::{Route, Shape, Size, Traffic};
use crate::fork::ForkTraffic;
use crate::fork::map::MapTraffic;
use crate::fork::tree::Built;
use crate::memory;
use crate::oneshot::OneshotTraffic;
use crate::pipeline::PipelineTraffic;
use crate::pool::PoolTraffic;
use crate::spawn::SpawnTraffic;

const CAPACITIES: [Option<usize>; 5] = [Some(0), Some(1), Some(64), Some(1024), None];
const SHAPES: [Shape; 5] = [
    Shape::SPSC,
    Shape::MPSC,
    Shape::SPMC,
    Shape::MPMC,
    Shape::MPSC_16,
];
const PLACES: [Place; 5] = [
    Place::Threads,
    Place::Tasks,
    Place::CurrentThread,
    Place::ThreadToTask,
    Place::TaskToThread,
];

/// What the senders of an unbounded channel may send before the receivers come to take it.
const MOST_BYTES: usize = 64 << 20;

/// A few of every kind.
const QUICK: &[&str] = &[
    "channel/threads/spsc/0",
    "channel/threads/spsc/1",
    "channel/threads/spsc/64",
    "channel/threads/spsc/1024",
    "channel/threads/spsc/unbounded",
    "channel/threads/mpsc-4/1",
    "channel/threads/mpsc-4/64",
    "channel/threads/mpsc-4/unbounded",
    "channel/threads/spmc-4/64",
    "channel/threads/mpmc-4x4/0",
    "channel/threads/mpmc-4x4/1",
    "channel/threads/mpmc-4x4/64",
    "channel/threads/mpmc-4x4/unbounded",
    "channel/threads/mpsc-16/64",
    "channel/tasks/spsc/0",
    "channel/tasks/spsc/1",
    "channel/tasks/spsc/64",
    "channel/tasks/spsc/unbounded",
    "channel/tasks/mpsc-4/1",
    "channel/tasks/mpsc-4/64",
    "channel/tasks/mpsc-4/unbounded",
    "channel/tasks/mpmc-4x4/1",
    "channel/tasks/mpmc-4x4/64",
    "channel/tasks/mpmc-4x4/unbounded",
    "channel/current-thread/spsc/1",
    "channel/current-thread/spsc/64",
    "channel/current-thread/mpsc-4/64",
    "channel/current-thread/mpmc-4x4/unbounded",
    "channel/thread-to-task/spsc/64",
    "channel/thread-to-task/mpsc-4/64",
    "channel/thread-to-task/spsc/unbounded",
    "channel/task-to-thread/spsc/64",
    "channel/task-to-thread/mpsc-4/64",
    "channel/task-to-thread/spsc/unbounded",
    "channel/threads/spsc/64/64B",
    "channel/threads/mpmc-4x4/64/1KiB",
    "channel/tasks/mpsc-4/64/1KiB",
    "channel/one-cpu/spsc/64",
    "channel/one-cpu/mpmc-4x4/64",
    "channel/threads/mpsc-32/64",
    "ping-pong/threads/1",
    "ping-pong/threads/unbounded",
    "ping-pong/tasks/1",
    "ping-pong/tasks/unbounded",
    "ping-pong/current-thread/1",
    "ping-pong/thread-and-task/1",
    "recv-many/threads/1024",
    "recv-many/tasks/unbounded",
    "oneshot/one-thread",
    "oneshot/server",
    "select/threads/4-busy",
    "select/tasks/4-busy",
    "broadcast/threads/1-to-8",
    "broadcast/tasks/1-to-8",
    "pool/submit-all",
    "pool/submit-and-take",
    "pool/wake-from-idle",
    "pool/submit-and-wait",
    "fork/fib-30",
    "fork/map-10k",
    "task/group-100k/tasks",
    "mutex/threads/uncontended",
    "mutex/threads/4/cs-100ns",
    "mutex/threads/4/cs-100ns/longest-wait",
    "mutex/tasks/uncontended",
    "mutex/tasks/4/cs-100ns",
    "rwlock/threads/2/99-to-1",
    "read-mostly/read/2",
    "counter/add/2",
    "semaphore/tasks/8",
    "once/get",
    "condvar/ping-pong",
];

pub(super) fn quick(row: &Row) -> bool {
    QUICK.contains(&row.id.as_str())
}

pub(super) fn all() -> Vec<Row> {
    let mut rows = small_messages();
    rows.extend(large_messages());
    rows.extend(crowded());
    rows.extend(round_trips());
    rows.extend(batches());
    rows.extend(oneshots());
    rows.extend(selects());
    rows.extend(broadcasts());
    rows.extend(pools());
    rows.extend(forks());
    rows.extend(maps());
    rows.extend(pipelines());
    rows.extend(groups());
    rows.extend(spawns());
    rows.extend(parked());
    rows.extend(sharing::all());
    rows
}

/// Every shape, capacity and place, with messages of one word.
fn small_messages() -> Vec<Row> {
    let mut rows = Vec::new();
    for place in PLACES {
        for shape in SHAPES {
            for capacity in CAPACITIES {
                rows.push(throughput(place, Route { shape, capacity }, Size::Word));
            }
        }
    }
    rows
}

/// What a message's size changes does not depend much on the rest, so a few shapes and capacities.
fn large_messages() -> Vec<Row> {
    let mut rows = Vec::new();
    for place in [Place::Threads, Place::Tasks] {
        for shape in [Shape::SPSC, Shape::MPSC, Shape::MPMC] {
            for capacity in [Some(64), None] {
                for size in [Size::Line, Size::Kibibyte] {
                    rows.push(throughput(place, Route { shape, capacity }, size));
                }
            }
        }
    }
    rows
}

/// More threads than processors: all of them on one, and 33 of them.
fn crowded() -> Vec<Row> {
    let mut rows = Vec::new();
    for (place, shape) in [
        (Place::OneProcessor, Shape::SPSC),
        (Place::OneProcessor, Shape::MPSC),
        (Place::OneProcessor, Shape::MPMC),
        (Place::Threads, Shape::MPSC_32),
    ] {
        for capacity in [Some(1), Some(64), None] {
            rows.push(throughput(place, Route { shape, capacity }, Size::Word));
        }
    }
    rows
}

fn throughput(place: Place, route: Route, size: Size) -> Row {
    let mut id = format!(
        "channel/{}/{}/{}",
        place.name(),
        route.shape.name(),
        room(route.capacity)
    );
    if let Some(size) = size.name() {
        id = format!("{id}/{size}");
    }
    let kind = Kind::Channel(place, route, Traffic::Throughput, size);
    let most = MOST_OPS.min(MOST_BYTES / size.bytes());
    Row {
        amount: Amount::TimeBoxed { most },
        ..Row::time_boxed(id, "ns/msg", kind)
    }
}

fn round_trips() -> Vec<Row> {
    let mut rows = Vec::new();
    for (place, name) in [
        (Place::Threads, "threads"),
        (Place::Tasks, "tasks"),
        (Place::CurrentThread, "current-thread"),
        (Place::ThreadToTask, "thread-and-task"),
    ] {
        for capacity in [Some(0), Some(1), None] {
            let shape = Shape::SPSC;
            let route = Route { shape, capacity };
            rows.push(Row::time_boxed(
                format!("ping-pong/{name}/{}", room(capacity)),
                "ns/round trip",
                Kind::Channel(place, route, Traffic::PingPong, Size::Word),
            ));
        }
    }
    rows
}

fn batches() -> Vec<Row> {
    let mut rows = Vec::new();
    for place in [Place::Threads, Place::Tasks] {
        for capacity in [Some(1024), None] {
            let shape = Shape::MPSC;
            let id = format!("recv-many/{}/{}", place.name(), room(capacity));
            let kind = Kind::Batches(place, Route { shape, capacity });
            rows.push(Row::time_boxed(id, "ns/msg", kind));
        }
    }
    rows
}

fn oneshots() -> [Row; 2] {
    let oneshot = |name: &str, traffic| {
        Row::time_boxed(format!("oneshot/{name}"), "ns/msg", Kind::Oneshot(traffic))
    };
    [
        oneshot("one-thread", OneshotTraffic::OneThread),
        oneshot("server", OneshotTraffic::Server),
    ]
}

fn selects() -> Vec<Row> {
    let mut rows = Vec::new();
    for place in [Place::Threads, Place::Tasks] {
        for (busy, name) in [(Busy::All, "4-busy"), (Busy::One, "1-busy")] {
            let id = format!("select/{}/{name}", place.name());
            rows.push(Row::time_boxed(id, "ns/msg", Kind::Select(place, busy)));
        }
    }
    rows
}

fn broadcasts() -> [Row; 2] {
    [Place::Threads, Place::Tasks].map(|place| {
        let id = format!("broadcast/{}/1-to-{LISTENERS}", place.name());
        Row::time_boxed(id, "ns/msg to all", Kind::Broadcast(place))
    })
}

fn pools() -> [Row; 8] {
    let row = |name: &str, unit, kind| Row::time_boxed(format!("pool/{name}"), unit, kind);
    let pool = |name: &str, unit, traffic| row(name, unit, Kind::Pool(traffic));
    let submit_all = |name: &str, submitters| Row {
        amount: Amount::AllJobs,
        ..pool(name, "ns/job", PoolTraffic::SubmitAll(submitters))
    };
    let wake_from_idle =
        |name: &str, wakes| pool(name, "ns median", PoolTraffic::WakeFromIdle(wakes));
    [
        submit_all("submit-all", 1),
        submit_all("submit-all/4", 4),
        pool("submit-and-take", "ns/job", PoolTraffic::SubmitAndTake),
        wake_from_idle("wake-from-idle", 3),
        wake_from_idle("wake-from-idle/50", 50),
        pool("submit-and-wait", "ns/job", PoolTraffic::SubmitAndWait),
        pool("nested-tree", "ns/job", PoolTraffic::NestedTree),
        row("scope", "ns/job", Kind::Scope),
    ]
}

/// Rows of joins; how many fit into a measurement is bounded by its time alone.
fn forks() -> [Row; 7] {
    let fork = |name: &str, unit, traffic| Row {
        amount: Amount::TimeBoxed { most: usize::MAX },
        ..Row::time_boxed(format!("fork/{name}"), unit, Kind::Fork(traffic))
    };
    let tree = |name, layers, built| fork(name, "ns/node", ForkTraffic::Tree(layers, built));
    [
        fork("fib-30", "ns/join", ForkTraffic::Fib),
        tree("tree-2^14", 14, Built::LeftFirst),
        tree("tree-2^18", 18, Built::LeftFirst),
        tree("tree-2^20", 20, Built::LeftFirst),
        tree("tree-2^20/right-first", 20, Built::RightFirst),
        fork("two-coarse", "us median", ForkTraffic::TwoCoarse),
        fork("from-outside", "ns/call", ForkTraffic::FromOutside),
    ]
}

fn maps() -> [Row; 3] {
    let map = |name: &str, unit, traffic| Row {
        amount: Amount::TimeBoxed { most: usize::MAX },
        ..Row::time_boxed(format!("fork/{name}"), unit, Kind::Map(traffic))
    };
    [
        map("map-10k", "times perfect", MapTraffic::Even),
        map("map-10k-heavy-end", "times perfect", MapTraffic::HeavyEnd),
        map("map-trivial", "ns/1000 items", MapTraffic::Trivial),
    ]
}

fn pipelines() -> [Row; 5] {
    let row = |name: &str, unit, kind| Row::time_boxed(format!("pipeline/{name}"), unit, kind);
    let all = |name, kind| Row {
        amount: Amount::AllJobs,
        ..row(name, "ns/item/stage", kind)
    };
    let stages = |name, stages| all(name, Kind::Pipeline(PipelineTraffic::Stages(stages)));
    [
        stages("1-stage", 1),
        stages("2-stages", 2),
        stages("4-stages", 4),
        all("async-stage", Kind::Awaited),
        Row {
            amount: Amount::TimeBoxed { most: usize::MAX },
            ..row(
                "5us",
                "times perfect",
                Kind::Pipeline(PipelineTraffic::Busy),
            )
        },
    ]
}

fn groups() -> [Row; 2] {
    [Place::CurrentThread, Place::Tasks].map(|place| {
        let id = format!("task/group-100k/{}", place.name());
        Row::time_boxed(id, "ns/task", Kind::Group(place))
    })
}

/// How many tasks fit into a measurement is bounded by its time alone.
fn spawns() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, unit, traffic) in [
        ("spawn-and-await", "ns/task", SpawnTraffic::OneByOne),
        ("spawn-1000", "ns/task", SpawnTraffic::Many),
        ("yield", "ns/yield", SpawnTraffic::GiveWay),
    ] {
        for workers in [1, 2] {
            let id = format!("task/{name}/{workers}");
            rows.push(Row {
                amount: Amount::TimeBoxed { most: usize::MAX },
                ..Row::time_boxed(id, unit, Kind::Spawn(traffic, workers))
            });
        }
    }
    rows
}

fn parked() -> [Row; 2] {
    [memory::Size::Small, memory::Size::Large].map(|size| {
        let id = format!("memory/parked-task/{}B", size.bytes());
        Row {
            amount: Amount::Exactly(memory::TASKS),
            ..Row::time_boxed(id, "bytes/task", Kind::Parked(size))
        }
    })
}

fn room(capacity: Option<usize>) -> String {
    capacity.map_or_else(|| "unbounded".to_owned(), |slots| slots.to_string())
}

#[cfg(test)]
mod tests {
    use super::{QUICK, all};
    use std::collections::HashSet;

    #[test]
    fn every_row_has_an_id_of_its_own() {
        let ids: HashSet<String> = all().into_iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), all().len());
    }

    #[test]
    fn the_quick_rows_exist_and_are_few() {
        let ids: HashSet<String> = all().into_iter().map(|row| row.id).collect();
        for row in QUICK {
            assert!(ids.contains(*row), "{row}");
        }
        assert!(QUICK.len() <= 72);
    }
}
