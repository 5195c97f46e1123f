//! Integrated gradients (Sundararajan et al. 2017).

use config::Declared;

use crate::inputs::{Inputs, Sample};
use crate::legendre::gauss_legendre;
use crate::maps::{Baseline, Map, Mapping, Reads, Sign};
use crate::plugin::{Plugin, Role};

/// Integrated gradients.
pub static METHOD: Map = Plugin {
    kind: "integrated_gradients",
    module: module_path!(),
    title: "Integrated gradients",
    about: "Integrates the gradient of the class's logit from a baseline to the input, times their difference, and adds up the channels \
            (Sundararajan et al. 2017). Uses the Gauss-Legendre rule, as captum's `IntegratedGradients` does. The column `completeness_residual` \
            shows how far the sum is from the difference of the two logits.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Settings::settings,
    read: |section| Settings::read(section).mapping(),
    run: Reads::Inputs(Inputs { at, add }),
};

config::settings! {
    /// What integrated gradients take.
    struct Settings {
        /// Steps of the integral: inputs at which the gradient is taken.
        steps: u32 [1..=1000, "inputs"] = 50;
        /// Where the path begins: `zero` is 0 after normalisation (captum's), `black` black pixels, `blur` the blurred crop (sigma 10 pixels).
        baseline: Baseline = Baseline::Zero;
        /// What happens to negative values: `positive` sets them to 0 in the map, `absolute` takes absolute values of each channel and pixel before
        /// channels are added up.
        relevance: Sign = Sign::Signed;
    }
}

impl Settings {
    fn mapping(&self) -> Mapping {
        Mapping {
            points: Some(self.steps),
            baseline: Some(self.baseline),
            ..self.relevance.into()
        }
    }
}

/// Where on the way a step is, from 0 to 1, and how much its gradient counts.
fn step(mapping: &Mapping, place: usize) -> (f64, f64) {
    gauss_legendre(mapping.points.unwrap_or(1) as usize, place)
}

fn at(mapping: &Mapping, sample: &Sample<'_>, place: usize) -> Vec<f32> {
    let (way, _) = step(mapping, place);
    let values = sample.input.iter().zip(sample.baseline);
    let between = |(&input, &baseline): (&f32, &f32)| {
        (f64::from(baseline) + way * (f64::from(input) - f64::from(baseline))) as f32
    };
    values.map(between).collect()
}

fn add(mapping: &Mapping, sample: &Sample<'_>, place: usize, gradient: &[f32], sums: &mut [f64]) {
    let (_, weight) = step(mapping, place);
    let ways = sample.input.iter().zip(sample.baseline);
    for ((sum, &gradient), (&input, &baseline)) in sums.iter_mut().zip(gradient).zip(ways) {
        *sum += weight * f64::from(gradient) * (f64::from(input) - f64::from(baseline));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sampling::Seed;

    proptest! {
        /// Of a polynomial of two variables of a degree below twice the number of steps.
        #[test]
        fn attributions_sum_to_the_difference_of_the_logits(
            input in prop::array::uniform2(-2.0_f32..2.0), baseline in prop::array::uniform2(-2.0_f32..2.0), [a, b, c] in prop::array::uniform3(-3.0_f64..3.0),
        ) {
            let value = |[x, y]: [f64; 2]| a * x.powi(5) + b * x.powi(2) * y.powi(3) + c * y;
            let gradient = |[x, y]: [f64; 2]| {
                [5.0 * a * x.powi(4) + 2.0 * b * x * y.powi(3), 3.0 * b * x.powi(2) * y.powi(2) + c]
            };
            let mapping = Settings { steps: 3, baseline: Baseline::Zero, relevance: Sign::Signed }.mapping();
            let sample = Sample { input: &input, baseline: &baseline, seed: Seed([0; 32]) };
            let mut sums = [0.0; 2];
            for place in 0..3 {
                let point = at(&mapping, &sample, place);
                let found = gradient([point[0].into(), point[1].into()]).map(|value| value as f32);
                add(&mapping, &sample, place, &found, &mut sums);
            }
            let of = |point: [f32; 2]| value(point.map(f64::from));
            let difference = of(input) - of(baseline);
            let scale = sums.iter().fold(1.0, |scale: f64, sum| scale.max(sum.abs()));
            prop_assert!((sums.iter().sum::<f64>() - difference).abs() <= 1e-5 * scale.max(100.0));
        }
    }
}
