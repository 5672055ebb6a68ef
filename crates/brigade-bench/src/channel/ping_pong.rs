//! A message there over one channel and the answer back over another, one at a time.

use super::ends::{Client, Server};
use crate::cpu_time;
use crate::run::{Load, Run};
use crate::stage::{Gate, Stage};
use crate::tally::settle;

pub(super) fn run(
    stage: &Stage,
    client: impl Client,
    server: impl Server,
    load: Load,
) -> Result<Run, String> {
    let gate = Gate::new(2);
    let server = server.start(stage, &gate);
    let client = client.start(load, stage, &gate);
    let cpu = stage.open(&gate);
    let asked = stage.join(vec![client])?;
    let cpu = cpu_time::process() - cpu;
    let echoed = stage.join(vec![server])?;
    let (answers, questions) = (asked[0].count(), echoed[0].count());
    if answers != questions {
        return Err(format!("{answers} answers for {questions} questions"));
    }
    settle(load.ops, &asked, &asked, cpu)
}
