//! What is done under a lock: next to nothing, some time of pure arithmetic, or a wait for
//! others. How much arithmetic that time is, is found once for the whole process, so that no
//! section reads a clock.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

/// Steps of one measurement of a step.
const STEPS: u32 = 20_000;
/// Measurements of a step, of which the fastest counts: all others were disturbed.
const TRIES: usize = 20;

/// What is done under a lock, besides adding one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Nothing,
    Nanoseconds(u32),
    /// Lets other tasks run before the lock is given back.
    Yield,
}

impl Section {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "cs-0",
            Self::Nanoseconds(100) => "cs-100ns",
            Self::Nanoseconds(1000) => "cs-1us",
            Self::Nanoseconds(_) => "cs-other",
            Self::Yield => "cs-yield",
        }
    }

    pub(crate) fn yields(self) -> bool {
        self == Self::Yield
    }

    /// The arithmetic of this section.
    pub(crate) fn toil(self) -> Toil {
        Toil(match self {
            Self::Nothing | Self::Yield => 0,
            Self::Nanoseconds(time) => (f64::from(time) / step()).round() as u32,
        })
    }
}

/// So many steps of arithmetic, each of which needs the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Toil(u32);

impl Toil {
    #[inline]
    pub(crate) fn run(self) {
        let mut value = 1_u64;
        for _ in 0..self.0 {
            value = black_box(value.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        }
    }
}

/// The nanoseconds that one step takes.
fn step() -> f64 {
    static STEP: OnceLock<f64> = OnceLock::new();
    *STEP.get_or_init(|| {
        let times = (0..TRIES).map(|_| {
            let from = Instant::now();
            Toil(STEPS).run();
            from.elapsed().as_secs_f64() * 1e9 / f64::from(STEPS)
        });
        // A clock that stands still would make the sections endless.
        times.fold(f64::INFINITY, f64::min).max(0.1)
    })
}

#[cfg(test)]
mod tests {
    use super::Section;

    #[test]
    fn longer_sections_have_more_steps() {
        let steps = |section: Section| section.toil().0;
        assert_eq!(steps(Section::Nothing), 0);
        let (short, long) = (
            steps(Section::Nanoseconds(100)),
            steps(Section::Nanoseconds(1000)),
        );
        assert!(
            short > 0 && long.abs_diff(10 * short) <= 5,
            "{short} {long}"
        );
    }
}
