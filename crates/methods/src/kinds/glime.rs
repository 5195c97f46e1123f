//! GLIME (Tan et al. 2023).

use config::{Declared, Limits};
use removal::Backdrop;
use sampling::samplers::local;
use surrogate::Distance;

use crate::asking::{Asking, Fitting};
use crate::fitting::{explanation, weights};
use crate::hides::Hides;
use crate::plugin::{Plugin, Role};
use crate::samples::{Precision, Samples};
use crate::weights::{Estimate, Weights};

/// GLIME.
pub static METHOD: Weights = Plugin {
    kind: "glime",
    module: module_path!(),
    title: "GLIME",
    about: "Like LIME, but with the kernel in the distribution of the masks instead of their weights (GLIME-Binomial, Tan et al. 2023). More of \
        the samples are near the image, and all masks have equal weight.",
    role: Role::Explanation,
    deterministic: false,
    measured: true,
    settings: Settings::settings,
    read: |section| Settings::read(section).asking(),
    run: Estimate {
        explanation,
        weights,
    },
};

config::settings! {
    /// What GLIME takes.
    struct Settings {
        /// Masks for each explanation, including the untouched image. Or when to stop: at a standard error of every weight, or when the superpixels
        /// of the highest weights stay the same.
        samples: Samples = Samples::Fixed(1000);
        /// Width w of the distribution: a mask of k of d superpixels has a probability proportional to C(d, k) exp((k - d) / w^2). A small width,
        /// such as the 0.25 of the published code, removes one superpixel at a time. The untouched image, k = d, is evaluated once and never drawn.
        kernel_width: f64 [Limits::above(0.0, 1000.0)];
        /// Number format of the networks; `mixed` evaluates all masks in bfloat16 and re-evaluates some in fp32.
        precision: Option<Precision> = None => "that of [compute]";
        /// Penalty of the ridge regression.
        alpha: f64 [0.0..=1e9] = 1.0;
        /// What removed superpixels show while GLIME samples; independent of `[deletion] replacements`.
        replacement: Backdrop = Backdrop::Mean;
    }
}

impl Settings {
    fn asking(&self) -> Asking {
        Asking {
            samples: self.samples,
            sampler: local(self.kernel_width),
            precision: self.precision,
            hides: Hides::Superpixels(self.replacement),
            fitting: Fitting::Surrogate(surrogate::Settings {
                distance: Distance::Uniform,
                kernel_width: None,
                alpha: self.alpha,
                // Where answers decide how many samples there are, weights must not depend on where it stops.
                growing: self.samples.is_open(),
                features: surrogate::Features::All,
            }),
        }
    }
}
