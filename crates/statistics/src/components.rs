//! Where the variance of a measure comes from: images, methods, their interaction, and runs.

use crate::describe::{mean, standard_deviation};

/// Components of variance, in squares of the measure's unit. Estimates below 0 stand as they are: they say that the component is too
/// small to be told from 0, and setting them to 0 would bias what is averaged from them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Components {
    /// Between images: some are easy for all methods.
    pub image: f64,
    /// Between methods: some are better on all images.
    pub method: f64,
    /// Between combinations of the two: which method is better depends on the image. Where `run` is None it holds a part of the runs' variance.
    pub interaction: f64,
    /// Between runs of a method on an image, the mean over all combinations. None where a method that draws random numbers has one run on an image.
    pub run: Option<f64>,
}

/// A method's values for an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell<'a> {
    /// One value for each run; at least one.
    pub runs: &'a [f64],
    /// Whether another run would give the same, so that the runs' variance is known to be 0.
    pub deterministic: bool,
}

/// The components of variance of the model "value = mean + image + method + image x method + run", all effects random, from `images`, which has for
/// each image a cell for each method, in the same order.
///
/// The estimators are those of the unweighted analysis of cell means (Yates 1934; Searle, Casella and McCulloch 1992): mean squares of the
/// two-way table of means over runs are set equal to what is expected of them. With a images, b methods, and v the mean over cells
/// of (variance of the runs, ddof 1) / (number of runs): `interaction = MS_interaction - v`,
/// `image = (MS_image - MS_interaction) / b`, `method = (MS_method - MS_interaction) / a`. They are unbiased also where methods differ in their number of runs and in the variance of them, since every cell
/// has the same weight in every mean square; with equal numbers they are those of the analysis of variance.
///
/// None for fewer than 2 images or methods, images with unequal numbers of cells, a cell without runs, or a value that is not finite.
pub fn variance_components(images: &[Vec<Cell<'_>>]) -> Option<Components> {
    let methods = images.first()?.len();
    if images.len() < 2 || methods < 2 || images.iter().any(|cells| cells.len() != methods) {
        return None;
    }
    let means: Vec<Vec<f64>> = images
        .iter()
        .map(|cells| cells.iter().map(|cell| mean(cell.runs)).collect())
        .collect::<Option<_>>()?;
    let of_images: Vec<f64> = means.iter().map(|row| mean(row)).collect::<Option<_>>()?;
    let of_methods: Vec<f64> = (0..methods)
        .map(|method| mean(&means.iter().map(|row| row[method]).collect::<Vec<_>>()))
        .collect::<Option<_>>()?;
    let grand = mean(&of_images)?;
    let [a, b] = [images.len() as f64, methods as f64];
    let image_square = b * standard_deviation(&of_images)?.powi(2);
    let method_square = a * standard_deviation(&of_methods)?.powi(2);
    let residual = |image: usize, method: usize| {
        means[image][method] - of_images[image] - of_methods[method] + grand
    };
    let squares: f64 = (0..images.len())
        .flat_map(|image| (0..methods).map(move |method| residual(image, method).powi(2)))
        .sum();
    let interaction_square = squares / ((a - 1.0) * (b - 1.0));
    let run = within(images, |_| 1.0);
    let run_in_means = within(images, |runs| runs as f64);
    Some(Components {
        image: (image_square - interaction_square) / b,
        method: (method_square - interaction_square) / a,
        interaction: interaction_square - run_in_means.unwrap_or(0.0),
        run,
    })
}

/// The mean over cells of the runs' variance, each by `divisor` of the number of runs; None where a cell does not tell.
fn within(images: &[Vec<Cell<'_>>], divisor: impl Fn(usize) -> f64) -> Option<f64> {
    let variance = |cell: &Cell<'_>| {
        if cell.deterministic {
            return Some(0.0);
        }
        Some(standard_deviation(cell.runs)?.powi(2) / divisor(cell.runs.len()))
    };
    let variances: Option<Vec<f64>> = images.iter().flatten().map(variance).collect();
    mean(&variances?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(values: &[f64], methods: usize, runs: &[usize]) -> Vec<Vec<(Vec<f64>, bool)>> {
        let mut values = values.iter().copied();
        let mut images = Vec::new();
        while values.len() > 0 {
            let cell = |method: usize| {
                (
                    values.by_ref().take(runs[method]).collect(),
                    runs[method] == 1,
                )
            };
            images.push((0..methods).map(cell).collect());
        }
        images
    }

    fn cells(table: &[Vec<(Vec<f64>, bool)>]) -> Vec<Vec<Cell<'_>>> {
        table
            .iter()
            .map(|row| {
                row.iter()
                    .map(|(runs, deterministic)| Cell {
                        runs,
                        deterministic: *deterministic,
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn what_is_not_defined_is_none() {
        let cell = |runs: &'static [f64]| Cell {
            runs,
            deterministic: false,
        };
        assert_eq!(variance_components(&[]), None);
        assert_eq!(
            variance_components(&[vec![cell(&[1.0]), cell(&[2.0])]]),
            None
        );
        assert_eq!(
            variance_components(&[vec![cell(&[1.0])], vec![cell(&[2.0])]]),
            None
        );
        assert_eq!(
            variance_components(&[
                vec![cell(&[1.0]), cell(&[])],
                vec![cell(&[2.0]), cell(&[1.0])]
            ]),
            None
        );
        let one_run = [
            vec![cell(&[1.0]), cell(&[2.0])],
            vec![cell(&[4.0]), cell(&[3.0])],
        ];
        assert_eq!(variance_components(&one_run).unwrap().run, None);
    }

    #[test]
    fn equal_values_have_no_variance() {
        let cell = Cell {
            runs: &[0.3, 0.3],
            deterministic: false,
        };
        let found = variance_components(&[vec![cell; 3], vec![cell; 3]]).unwrap();
        assert_eq!(
            (found.image, found.method, found.interaction, found.run),
            (0.0, 0.0, 0.0, Some(0.0))
        );
    }

    /// Over many tables drawn from the model, with one deterministic method, the mean of the estimates is what was put in.
    #[test]
    fn estimates_are_unbiased_where_methods_differ_in_runs_and_in_their_variance() {
        use rand_chacha::ChaCha8Rng;
        use rand_chacha::rand_core::{Rng, SeedableRng};
        let mut generator = ChaCha8Rng::from_seed([3; 32]);
        // Uniform with variance 1.
        let mut draw =
            || (f64::from(generator.next_u32()) / f64::from(u32::MAX) - 0.5) * 12_f64.sqrt();
        let [of_image, of_method, of_both] = [1.5, 1.0, 0.5_f64];
        let of_run = [0.0, 2.0, 0.7_f64];
        let rounds = 4000;
        let mut sums = [0.0; 4];
        for _ in 0..rounds {
            let methods: Vec<f64> = (0..3).map(|_| of_method.sqrt() * draw()).collect();
            let table: Vec<Vec<(Vec<f64>, bool)>> = (0..6)
                .map(|_| {
                    let image = of_image.sqrt() * draw();
                    [1, 2, 5]
                        .iter()
                        .enumerate()
                        .map(|(method, runs)| {
                            let both = image + methods[method] + of_both.sqrt() * draw();
                            let runs = (0..*runs)
                                .map(|_| both + of_run[method].sqrt() * draw())
                                .collect();
                            (runs, method == 0)
                        })
                        .collect()
                })
                .collect();
            let found = variance_components(&cells(&table)).unwrap();
            for (sum, value) in sums.iter_mut().zip([
                found.image,
                found.method,
                found.interaction,
                found.run.unwrap(),
            ]) {
                *sum += value;
            }
        }
        let expected = [
            of_image,
            of_method,
            of_both,
            of_run.iter().sum::<f64>() / 3.0,
        ];
        for (sum, expected) in sums.iter().zip(expected) {
            let found = sum / f64::from(rounds);
            assert!((found - expected).abs() < 0.07, "{found} {expected}");
        }
    }

    proptest! {
        #[test]
        fn a_shift_changes_nothing_and_a_scale_its_square(
            values in prop::collection::vec(-3.0..3.0_f64, 3 * 8), shift in -5.0..5.0_f64, scale in 0.2..4.0_f64,
        ) {
            let runs = [1, 4, 3];
            let moved: Vec<f64> = values.iter().map(|value| scale * value + shift).collect();
            let [plain, moved] = [table(&values, 3, &runs), table(&moved, 3, &runs)];
            let [plain, moved] = [&plain, &moved].map(|table| variance_components(&cells(table)).unwrap());
            let pairs = [
                (plain.image, moved.image), (plain.method, moved.method),
                (plain.interaction, moved.interaction), (plain.run.unwrap(), moved.run.unwrap()),
            ];
            for (plain, moved) in pairs {
                prop_assert!((plain * scale * scale - moved).abs() < 1e-9 * (1.0 + moved.abs()));
            }
        }
    }
}
