//! Senders send and receivers receive, as fast as they can, until every sender is done and every
//! receiver has seen the channel closed.

use super::Ends;
use super::ends::{Consumer, Producer};
use crate::cpu_time;
use crate::run::{Load, Run};
use crate::stage::{Gate, Stage};
use crate::tally::{settle, share};

pub(super) fn run<P, C>(stage: &Stage, ends: Ends<P, C>, load: Load) -> Result<Run, String>
where
    P: Producer,
    C: Consumer,
{
    let Ends { senders, receivers } = ends;
    let share = share(load, senders.len());
    let asked = share * senders.len();
    let gate = Gate::new(senders.len() + receivers.len());
    let consumers = receivers
        .into_iter()
        .map(|receiver| receiver.start(stage, &gate))
        .collect();
    let producers = senders
        .into_iter()
        .enumerate()
        .map(|(index, sender)| {
            let numbers = index * share..(index + 1) * share;
            sender.start(numbers, load.limit, stage, &gate)
        })
        .collect();
    let cpu = stage.open(&gate);
    let sent = stage.join(producers)?;
    let received = stage.join(consumers)?;
    settle(asked, &sent, &received, cpu_time::process() - cpu)
}
