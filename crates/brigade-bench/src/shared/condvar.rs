//! What the row of condition variables needs from a peer, and its workload: two threads that each
//! wait for their turn, take it and tell the other.

use super::alone;
use crate::cpu_time;
use crate::run::{Load, Run, Work};
use crate::stage::{Gate, Stage};
use crate::tally::{BATCH, settle};
use std::sync::Arc;

/// The question the row puts to a peer: to take turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakingTurns;

/// What the mutex guards.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Game {
    turns: usize,
    over: bool,
}

/// A game, the mutex around it, and a condition variable for both threads.
pub(crate) trait Table: Default + Send + Sync + 'static {
    /// Waits until it is `mine`, plays, and tells the other thread.
    fn turn<T>(&self, mine: impl Fn(&Game) -> bool, play: impl FnOnce(&mut Game) -> T) -> T;
    fn into_game(self) -> Game;
}

/// Makes the work that a peer's condition variable is to do.
pub(crate) fn work<P: Table>(TakingTurns: TakingTurns) -> Work {
    Box::new(run::<P>)
}

fn run<P: Table>(load: Load) -> Result<Run, String> {
    let stage = Stage::threads();
    let gate = Gate::new(2);
    let table = Arc::new(P::default());
    let at_second = Arc::clone(&table);
    let second = stage.thread(&gate, move |mut tally| {
        while let Some(round) = at_second.turn(second_may, answer) {
            tally.add(round);
        }
        tally.stop()
    });
    let at_first = Arc::clone(&table);
    let first = stage.thread(&gate, move |mut tally| {
        for round in 0..load.ops {
            if round % BATCH == BATCH - 1 && tally.expired(load.limit) {
                break;
            }
            at_first.turn(first_may, |game| game.turns += 1);
            tally.add(round);
        }
        // Comes after the last answer, which makes the last round whole.
        at_first.turn(first_may, |game| game.over = true);
        tally.stop()
    });
    let cpu = stage.open(&gate);
    let first = stage.join(vec![first])?;
    let cpu = cpu_time::process() - cpu;
    let second = stage.join(vec![second])?;
    let run = settle(load.ops, &second, &first, cpu)?;
    let turns = alone(table)?.into_game().turns;
    if turns != 2 * run.ops {
        return Err(format!("{} rounds were played in {turns} turns", run.ops));
    }
    Ok(run)
}

fn first_may(game: &Game) -> bool {
    game.turns.is_multiple_of(2)
}

fn second_may(game: &Game) -> bool {
    game.over || !first_may(game)
}

/// The round that is answered; `None` when the game is over.
fn answer(game: &mut Game) -> Option<usize> {
    let round = game.turns / 2;
    (!game.over).then(|| {
        game.turns += 1;
        round
    })
}
