//! A service that is told to stop: it takes nothing new, finishes what it has, and names what does not finish.

use brigade::cancel::{CancelToken, Reason};
use brigade::channel::{self, Receiver, Sender, oneshot};
use brigade::pool::{Pool, Shutdown};
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

type AnyError = Box<dyn Error + Send + Sync>;

enum Request {
    Square(u32, oneshot::Sender<u32>),
    /// Asks another service.
    Forward(Sender<oneshot::Sender<String>>, oneshot::Sender<String>),
}

struct Service {
    pool: Pool,
    /// No more requests.
    stop: CancelToken,
    /// Whoever still works is to give up.
    give_up: CancelToken,
}

impl Service {
    /// Takes requests until it is told to stop. Returns how many it has taken.
    fn accept(&self, requests: &Receiver<Request>) -> Result<u32, AnyError> {
        let mut taken = 0;
        // The token ends this wait. What is in the channel by then is still received.
        while let Ok(request) = self.stop.within(|| requests.recv()) {
            let give_up = self.give_up.clone();
            let job = move || give_up.within(|| answer(request));
            self.pool
                .execute(job)
                .map_err(|rejected| rejected.to_string())?;
            taken += 1;
        }
        Ok(taken)
    }

    /// Ends the jobs: in peace until then, and after that by calling them off.
    fn end(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        if let Err(unfinished) = self.pool.shutdown(Shutdown::Drain, Some(deadline)) {
            eprintln!("{unfinished}");
            println!("after the grace: not all is done");
            self.give_up.cancel_because(Reason::Shutdown);
            if self.pool.shutdown(Shutdown::Abort, None).is_ok() {
                println!("called off: none running");
            }
        }
    }
}

fn answer(request: Request) {
    // Who has asked may have gone.
    match request {
        Request::Square(number, reply) => drop(reply.send(number * number)),
        Request::Forward(other_service, reply) => {
            let (question, line) = channel::oneshot();
            let _ = other_service.send(question);
            let answer = line.recv().unwrap_or_else(|error| error.to_string());
            let _ = reply.send(answer);
        }
    }
}

fn main() -> Result<(), AnyError> {
    let service = Service {
        pool: Pool::new(2),
        stop: CancelToken::new(),
        give_up: CancelToken::new(),
    };
    let (ask, requests) = channel::bounded(8);

    thread::scope(|scope| {
        let service = &service;
        let accepting = scope.spawn(move || service.accept(&requests));

        let (reply, stuck) = channel::oneshot();
        let (other_service, questions) = channel::bounded(1);
        ask.send(Request::Forward(other_service, reply))?;
        // The other service keeps the question, and never answers.
        let _question = questions.recv()?;
        for number in 1..=3 {
            let (reply, answer) = channel::oneshot();
            ask.send(Request::Square(number, reply))?;
            println!("answer: {}", answer.recv()?);
        }

        service.stop.cancel_because(Reason::Shutdown);
        let taken = accepting.join().map_err(|_| "the service panicked")??;
        println!("stopped: {taken} requests taken");
        let (reply, _) = channel::oneshot();
        let late = ask.send(Request::Square(4, reply));
        println!("a late request is refused: {}", late.is_err());

        service.end(Duration::from_millis(100));
        println!("the stuck one: {}", stuck.recv()?);
        Ok(())
    })
}
