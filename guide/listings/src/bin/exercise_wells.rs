//! Solution: four wells are asked how deep the water is, two at a time; one of them never answers.

use brigade::channel::{self, Receiver, Sender, oneshot};
use brigade::scope::{Failure, OnError};
use brigade::task::{self, GroupOptions};
use std::time::Duration;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Question = oneshot::Sender<u32>;

const WELLS: [(&str, Option<u32>); 4] = [
    ("north", Some(12)),
    ("east", Some(7)),
    ("south", None),
    ("west", Some(20)),
];

/// Answers every question with its depth. Without one, it keeps the questions and answers none.
async fn well(depth: Option<u32>, questions: Receiver<Question>) -> Result<(), Error> {
    let mut open = Vec::new();
    while let Ok(question) = questions.recv_async().await {
        match depth {
            Some(depth) => drop(question.send(depth)),
            None => open.push(question),
        }
    }
    Ok(())
}

async fn ask(well: Sender<Question>) -> Result<u32, Error> {
    let asking = async {
        let (question, answer) = channel::oneshot();
        well.send_async(question).await?;
        Ok(answer.await?)
    };
    task::timeout(Duration::from_millis(100), asking).await?
}

async fn ask_all(wells: Vec<Sender<Question>>) -> Result<(), Error> {
    let two_at_a_time = GroupOptions::new().limit(2).on_error(OnError::Ignore);
    let asking = two_at_a_time.run(async |group| {
        let mut depths = group.results_in_order();
        for well in wells {
            depths.spawn(ask(well)).await;
        }
        let mut sum = 0;
        for (name, _) in WELLS {
            match depths.next().await {
                Some(Ok(depth)) => {
                    println!("{name}: {depth} m");
                    sum += depth;
                }
                Some(Err(Failure::Failed(error))) => println!("{name}: {error}"),
                other => println!("{name}: {other:?}"),
            }
        }
        Ok::<_, Error>(sum)
    });
    println!("sum: {} m", asking.await?);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let asked = task::group(async |group| {
        let mut wells = Vec::new();
        for (_, depth) in WELLS {
            let (sender, questions) = channel::bounded(1);
            group.spawn(well(depth, questions)).await;
            wells.push(sender);
        }
        // The senders go with it, and so the wells end.
        ask_all(wells).await
    });
    Ok(asked.await?)
}
