//! The end of the line: what every item goes into, one at a time, and where tickets are given back.

use super::edge::{Bucket, Edge};
use super::report::Cause;
use super::station::{Done, Station, Turn};
use crate::prim::{SeenLock, StdArc, discard_panic};
use crate::scope::Failure;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(super) struct Sink<T, F> {
    pub(super) from: StdArc<Edge<T>>,
    /// Taken out while it is called, by one at a time.
    pub(super) each: SeenLock<Option<F>>,
}

impl<T, F> Station for Sink<T, F>
where
    T: Send,
    F: FnMut(T) -> Result<(), Cause> + Send,
{
    fn ready(&self) -> usize {
        self.from.ready()
    }

    fn claim(&self, count: usize) {
        self.from.claim(count);
    }

    fn work(&self, count: usize, turn: &Turn<'_, '_>) -> Done {
        let mut done = Done {
            ended: count,
            ..Done::default()
        };
        let mut left = self.from.take(count).into_iter();
        let Some(mut each) = self.each.lock().take() else {
            // It has panicked.
            self.from.put_back(left);
            return done;
        };
        let caught = catch_unwind(AssertUnwindSafe(|| {
            for index in 0..count {
                if !turn.goes_on(index, count) {
                    break;
                }
                let Some(bucket) = left.next() else { break };
                if let Some(value) = bucket.value {
                    if let Err(error) = each(value) {
                        turn.fails(Failure::Failed(error));
                        break;
                    }
                    done.out += 1;
                }
                done.tickets += bucket.tickets;
            }
        }));
        match caught {
            Ok(()) => *self.each.lock() = Some(each),
            Err(payload) => {
                turn.panicked(payload);
                discard_panic(|| drop(each));
            }
        }
        self.from.put_back(left);
        done
    }

    fn collect(&self, places: Vec<Bucket<Infallible>>) -> Result<(), Vec<Bucket<Infallible>>> {
        self.from.put_empty(places);
        Ok(())
    }

    fn begin(&self, in_order: bool) {
        if in_order {
            self.from.keep_order();
        }
    }
}
