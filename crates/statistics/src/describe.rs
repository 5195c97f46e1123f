//! Mean, standard deviation and quantiles of one sample.

/// The arithmetic mean. None without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    let &first = finite(values)?.first()?;
    // Relative to one of them, so that the mean of equal values is that value, and their deviation 0.
    let mean = first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64;
    mean.is_finite().then_some(mean)
}

/// The sample standard deviation, with n - 1 in the denominator (ddof 1). None for fewer than 2 values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The quantile at `level` (0 to 1), interpolated linearly between the two nearest values: numpy's default, type 7
/// of Hyndman and Fan 1996. None without values, or for a level outside 0 to 1.
pub fn quantile(values: &[f64], level: f64) -> Option<f64> {
    let mut sorted = finite(values)?.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted_quantile(&sorted, level)
}

/// What a box plot draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FiveNumbers {
    /// Smallest value.
    pub minimum: f64,
    /// Quantile at 0.25.
    pub lower_quartile: f64,
    /// Quantile at 0.5.
    pub median: f64,
    /// Quantile at 0.75.
    pub upper_quartile: f64,
    /// Largest value.
    pub maximum: f64,
}

/// Minimum, quartiles (as [`quantile`] defines them) and maximum. None without values.
pub fn five_numbers(values: &[f64]) -> Option<FiveNumbers> {
    let mut sorted = finite(values)?.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(FiveNumbers {
        minimum: *sorted.first()?,
        lower_quartile: sorted_quantile(&sorted, 0.25)?,
        median: sorted_quantile(&sorted, 0.5)?,
        upper_quartile: sorted_quantile(&sorted, 0.75)?,
        maximum: *sorted.last()?,
    })
}

pub(crate) fn sorted_quantile(sorted: &[f64], level: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&level) {
        return None;
    }
    let position = level * (sorted.len() - 1) as f64;
    let [low, high] = [position.floor() as usize, position.ceil() as usize];
    Some(sorted[low] + (sorted[high] - sorted[low]) * position.fract())
}

/// The values, if all of them are finite.
pub(crate) fn finite(values: &[f64]) -> Option<&[f64]> {
    values
        .iter()
        .all(|value| value.is_finite())
        .then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALUES: [f64; 7] = [3.5, -1.0, 8.25, 0.5, 2.0, 2.0, 11.0];

    fn close(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|found| (found - expected).abs() <= 1e-12 * expected.abs().max(1.0))
    }

    /// Against numpy 2.4: `mean`, `std(ddof=1)` and `quantile` of the same values.
    #[test]
    fn values_equal_numpy() {
        assert!(close(mean(&VALUES), 3.75));
        assert!(close(standard_deviation(&VALUES), 4.322_904_116_447_646));
        for (level, expected) in [
            (0.1, -0.099_999_999_999_999_87),
            (0.25, 1.25),
            (0.5, 2.0),
            (0.9, 9.350_000_000_000_001),
        ] {
            assert!(close(quantile(&VALUES, level), expected));
        }
        let five = five_numbers(&VALUES).unwrap();
        let found = [
            five.minimum,
            five.lower_quartile,
            five.median,
            five.upper_quartile,
            five.maximum,
        ];
        for (level, found) in [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().zip(found) {
            assert!(close(quantile(&VALUES, level), found));
        }
    }

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(
            (mean(&[]), quantile(&[], 0.5), five_numbers(&[])),
            (None, None, None)
        );
        assert_eq!(
            (standard_deviation(&[]), standard_deviation(&[1.0])),
            (None, None)
        );
        assert_eq!(
            (mean(&[1.0, f64::NAN]), quantile(&[f64::INFINITY], 0.5)),
            (None, None)
        );
        assert_eq!(
            (quantile(&VALUES, -0.1), quantile(&VALUES, f64::NAN)),
            (None, None)
        );
    }

    proptest! {
        #[test]
        fn equal_values_do_not_deviate(value in -1e6..1e6, count in 2usize..30) {
            let values = vec![value; count];
            prop_assert_eq!((mean(&values), standard_deviation(&values)), (Some(value), Some(0.0)));
        }

        #[test]
        fn shift_moves_the_mean_and_scale_the_deviation(
            values in prop::collection::vec(-100.0..100.0_f64, 2..30),
            shift in -100.0..100.0_f64, scale in 0.1..10.0_f64,
        ) {
            let moved: Vec<f64> = values.iter().map(|value| scale * value + shift).collect();
            prop_assert!((mean(&moved).unwrap() - scale * mean(&values).unwrap() - shift).abs() < 1e-9);
            let deviations = standard_deviation(&moved).unwrap() - scale * standard_deviation(&values).unwrap();
            prop_assert!(deviations.abs() < 1e-9);
        }

        #[test]
        fn quantiles_rise_within_the_range(values in prop::collection::vec(-9.0..9.0, 1..30)) {
            let five = five_numbers(&values).unwrap();
            let rising = [five.minimum, five.lower_quartile, five.median, five.upper_quartile, five.maximum];
            prop_assert!(rising.is_sorted());
            prop_assert!(values.iter().all(|value| (five.minimum..=five.maximum).contains(value)));
            prop_assert!(values.contains(&five.minimum) && values.contains(&five.maximum));
        }
    }
}
