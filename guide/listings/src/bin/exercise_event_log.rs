//! Solution: three stations send their events to one log, and ask it how many it has of them.

use brigade::channel::{self, Receiver, Sender, oneshot};
use std::error::Error;
use std::thread;

const EVENTS: [(&str, &[(u32, &str)]); 3] = [
    ("well", &[(7, "fill"), (9, "fill"), (12, "run dry")]),
    ("line", &[(8, "pass"), (10, "pass")]),
    ("fire", &[(9, "pour"), (11, "pour"), (13, "out")]),
];

type AnyError = Box<dyn Error + Send + Sync>;
type Event = (u32, &'static str, &'static str);

enum Message {
    Happened(Event),
    HowMany {
        station: &'static str,
        reply: oneshot::Sender<usize>,
    },
}

/// Writes down what comes until all stations have ended. Returns the events in the order of time.
fn keep_log(messages: &Receiver<Message>) -> Vec<Event> {
    let mut log: Vec<Event> = Vec::new();
    for message in messages {
        match message {
            Message::Happened(event) => log.push(event),
            Message::HowMany { station, reply } => {
                let of_station = log.iter().filter(|(_, from, _)| *from == station);
                // A station that does not wait for the answer does not need it.
                let _ = reply.send(of_station.count());
            }
        }
    }
    log.sort_unstable();
    log
}

/// Sends all events of one station. Returns how many of them the log has.
fn report(
    station: &'static str,
    events: &[(u32, &'static str)],
    log: &Sender<Message>,
) -> Result<usize, AnyError> {
    for (minute, what) in events {
        log.send(Message::Happened((*minute, station, what)))?;
    }
    let (reply, answer) = channel::oneshot();
    log.send(Message::HowMany { station, reply })?;
    Ok(answer.recv()?)
}

fn main() -> Result<(), AnyError> {
    let (sender, messages) = channel::bounded(2);
    let log = thread::spawn(move || keep_log(&messages));
    let stations = EVENTS.map(|(station, events)| {
        let sender = sender.clone();
        (
            station,
            thread::spawn(move || report(station, events, &sender)),
        )
    });
    drop(sender);

    for (name, station) in stations {
        let known = station.join().map_err(|_| format!("{name} panicked"))??;
        println!("{name}: the log has {known}");
    }
    for (minute, station, what) in log.join().map_err(|_| "the log panicked")? {
        println!("{minute}: {station}: {what}");
    }
    Ok(())
}
