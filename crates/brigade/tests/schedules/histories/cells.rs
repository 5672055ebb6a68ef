//! A cell that is set once.

use super::while_busy;
use crate::actors::{any, join, pass, task, thread};
use crate::explore::explore;
use crate::linear::Sequential;
use crate::record::{History, now};
use brigade::sync::{OnceCell, SetError};
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Once {
    value: Option<u64>,
    /// Who is about to set it, or may be.
    busy: usize,
}

#[derive(Clone, Copy, Debug)]
enum OfCell {
    Enters,
    Leaves,
    Get,
    /// Returns what is there afterwards; `None` if somebody else was about to set it.
    Set(u64),
    /// Returns what is there afterwards.
    GetOrInit(u64),
    /// The same, of one whose attempt fails if it comes to that: then nothing.
    GetOrFail,
}

impl Sequential for Once {
    type Call = OfCell;
    type Return = Option<u64>;

    fn after(&self, call: &OfCell, returned: &Option<u64>) -> Option<Self> {
        let Self { value, busy } = *self;
        let at = |value, busy| Some(Self { value, busy });
        match *call {
            OfCell::Enters => at(value, busy + 1),
            OfCell::Leaves => at(value, busy - 1),
            OfCell::Get | OfCell::GetOrFail => (*returned == value).then(|| self.clone()),
            // Others than the caller, who is busy too.
            OfCell::Set(_) if returned.is_none() => {
                (value.is_none() && busy > 1).then(|| self.clone())
            }
            OfCell::Set(new) | OfCell::GetOrInit(new) => {
                let after = value.or(Some(new));
                (*returned == after).then_some(Self { value: after, busy })
            }
        }
    }
}

const BUSY: [OfCell; 2] = [OfCell::Enters, OfCell::Leaves];

fn one_of_each(cell: &OnceCell<u64>, history: &History<Once>) {
    let mine = now();
    match any(4) {
        0 => history.calls(OfCell::Get, || (cell.get().copied(), ())),
        1 => while_busy(history, BUSY, Option::default, || {
            history.calls(OfCell::Set(mine), || match cell.set(mine) {
                Ok(()) => (Some(mine), ()),
                Err(SetError::Initializing(_)) => (None, ()),
                Err(SetError::Initialized(_)) => (cell.get().copied(), ()),
            });
        }),
        2 => while_busy(history, BUSY, Option::default, || {
            history.calls(OfCell::GetOrInit(mine), || {
                let value = cell.get_or_init(|| {
                    pass();
                    mine
                });
                (Some(*value), ())
            });
        }),
        _ => while_busy(history, BUSY, Option::default, || {
            history.calls(OfCell::GetOrFail, || {
                let value = cell.get_or_try_init(|| {
                    pass();
                    Err(())
                });
                (value.copied().ok(), ())
            });
        }),
    }
}

#[test]
fn a_cell_is_set_once_and_stays_so() {
    explore(|| {
        let cell = Arc::new(OnceCell::new());
        let history = History::new();
        let actors = [0, 1, 2, 3].map(|which| {
            let (cell, history) = (cell.clone(), history.clone());
            if which == 0 {
                task(move || async move {
                    for _ in 0..2 {
                        let mine = now();
                        history.notes(OfCell::Enters, None);
                        let called = now();
                        let init = || async {
                            shuttle::future::yield_now().await;
                            mine
                        };
                        let value = *cell.get_or_init_async(init).await;
                        history.note(called, OfCell::GetOrInit(mine), Some(value));
                        history.notes(OfCell::Leaves, None);
                    }
                })
            } else {
                thread(move || (0..3).for_each(|_| one_of_each(&cell, &history)))
            }
        });
        join(actors);
        history.explained(Once::default());
    });
}
