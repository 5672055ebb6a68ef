//! Medians, spreads, ratios and geometric means of figures. Knows nothing of where they come from.

/// The middle of some figures, and how far they reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(figures: &[f64]) -> Self {
        Self {
            median: median(figures),
            min: figures.iter().copied().fold(f64::NAN, f64::min),
            max: figures.iter().copied().fold(f64::NAN, f64::max),
        }
    }
}

/// The median; the mean of the middle two if their number is even; NaN of nothing.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// How many times as fast we are as they: the median of the ratios of the single rounds, each of
/// which ran both within the same moments of the machine.
pub(crate) fn paired_ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    let ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(our, their)| their / our)
        .collect();
    median(&ratios)
}

/// The geometric mean; `None` of nothing.
pub(crate) fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    if ratios.is_empty() {
        return None;
    }
    let logarithms: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    Some((logarithms / ratios.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::{Spread, geometric_mean, median, paired_ratio};

    #[test]
    fn the_median_does_not_depend_on_the_order() {
        assert_eq!(median(&[9.0, 1.0, 5.0]), 5.0);
        assert_eq!(median(&[4.0, 1.0, 9.0, 2.0]), 3.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_spread_reaches_from_the_smallest_to_the_largest() {
        let spread = Spread::of(&[3.0, 8.0, 1.0]);
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 3.0, 8.0));
    }

    #[test]
    fn a_paired_ratio_compares_within_each_round() {
        // The machine slows down tenfold in the last two rounds; we are twice as fast throughout.
        let ours = [10.0, 100.0, 100.0];
        let theirs = [20.0, 200.0, 200.0];
        assert_eq!(paired_ratio(&ours, &theirs), 2.0);
    }

    #[test]
    fn a_gain_and_its_inverse_cancel_in_the_geometric_mean() {
        let mean = geometric_mean(&[4.0, 0.25]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12);
        assert_eq!(geometric_mean(&[]), None);
    }
}
