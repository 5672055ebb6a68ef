//! What the rows of groups of tasks need from a peer, and their workload: a task that starts many
//! others as one group, and takes the result of each as it comes. The peers are in [`crate::peer`].

use crate::run::{Load, Work, repeat};
use crate::stage::Stage;

/// The tasks of a group.
const TASKS: usize = 100_000;

/// The question the rows put to a peer: to start the tasks of a group and join them, there.
#[derive(Clone, Debug)]
pub(crate) struct Grouping {
    pub(crate) stage: Stage,
}

/// The number and the sum of the results.
pub(crate) type Taken = (usize, usize);

/// Groups of tasks, used as their users use them.
pub(crate) trait Groups: 'static {
    /// A group of one task for each number below `tasks`, with [`result`] for its result.
    fn group(tasks: usize) -> impl Future<Output = Taken> + Send + 'static;
}

/// What a task returns: as good as nothing, but different for every one.
#[inline]
pub(crate) fn result(number: usize) -> usize {
    number.wrapping_mul(3) ^ 1
}

/// Makes the work that the groups of a peer are to do.
pub(crate) fn work<G: Groups>(Grouping { stage }: Grouping) -> Work {
    let sum = (0..TASKS).map(result).sum();
    let group = move || check((TASKS, sum), stage.run(G::group(TASKS))?);
    Box::new(move |load: Load| repeat(load, TASKS, &group))
}

fn check(expected: Taken, taken: Taken) -> Result<(), String> {
    match taken == expected {
        true => Ok(()),
        false => Err(format!(
            "{} results with the sum {} are not the {} with the sum {}",
            taken.0, taken.1, expected.0, expected.1
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn missing_and_wrong_results_fail_the_check() {
        assert_eq!(check((2, 5), (2, 5)), Ok(()));
        assert!(check((2, 5), (1, 5)).is_err());
        assert!(check((2, 5), (2, 4)).is_err());
    }
}
