//! The Gauss-Legendre rule.

use std::f64::consts::PI;

/// Where the rule of `count` points (at least 1) has its point in a place, in [0, 1], and its weight there. The weights add up to 1. Points come in ascending
/// order.
pub(crate) fn gauss_legendre(count: usize, place: usize) -> (f64, f64) {
    let size = count as f64;
    // Newton's iteration from Tricomi's estimate finds the root in a few steps.
    let mut root = -(PI * (place as f64 + 0.75) / (size + 0.5)).cos();
    for _ in 0..100 {
        let (value, slope) = legendre(count, root);
        let step = value / slope;
        root -= step;
        if step.abs() < 1e-15 {
            break;
        }
    }
    let (_, slope) = legendre(count, root);
    let weight = 1.0 / ((1.0 - root * root) * slope * slope);
    (0.5 * (1.0 + root), weight)
}

/// The Legendre polynomial of a degree of at least 1 and its derivative, by their recurrence.
fn legendre(degree: usize, at: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, at);
    for degree in 2..=degree {
        let degree = degree as f64;
        let next = ((2.0 * degree - 1.0) * at * value - (degree - 1.0) * before) / degree;
        (before, value) = (value, next);
    }
    let derivative = degree as f64 * (before - at * value) / (1.0 - at * at);
    (value, derivative)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule on [0, 1] has half the points and weights of that on [-1, 1], which is known in closed form for three points.
    #[test]
    fn three_points_are_known() {
        let outer = 0.6_f64.sqrt();
        let expected = [(-outer, 5.0), (0.0, 8.0), (outer, 5.0)];
        for (place, (root, ninths)) in expected.into_iter().enumerate() {
            let (at, weight) = gauss_legendre(3, place);
            assert!((at - 0.5 * (1.0 + root)).abs() < 1e-15);
            assert!((weight - ninths / 18.0).abs() < 1e-15, "{weight}");
        }
    }

    #[test]
    fn powers_below_twice_the_number_of_points_are_integrated_exactly() {
        for count in [1, 2, 7, 50, 300, 1000] {
            for power in [0, 1, count, 2 * count - 1] {
                let points = (0..count).map(|place| gauss_legendre(count, place));
                let integral: f64 = points
                    .map(|(at, weight)| weight * at.powi(power as i32))
                    .sum();
                let expected = 1.0 / (power as f64 + 1.0);
                assert!(
                    (integral - expected).abs() < 1e-12,
                    "{count}, {power}: {integral}"
                );
            }
        }
    }
}
