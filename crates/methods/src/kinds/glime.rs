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
    about: "As LIME, with the kernel in the law by which masks are drawn and not in their weights (GLIME-Binomial, Tan et al. 2023): more of the samples are near \
            the image. Every mask counts alike.",
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
        /// Masks asked for an explanation, the untouched image among them; or when to stop: at a standard error of every weight, or when the
        /// superpixels of the highest weights stay the same.
        samples: Samples = Samples::Fixed(1000);
        /// Width w of the law: a mask of k of d superpixels has a chance proportional to C(d, k) exp((k - d) / w^2). A small one, such as the 0.25 of the
        /// published code, removes one superpixel at a time. The untouched image, k = d, is asked once and not drawn.
        kernel_width: f64 [Limits::above(0.0, 1000.0)];
        /// In which numbers the networks answer; `mixed` asks about all masks in bfloat16 and about some of them in fp32 too.
        precision: Option<Precision> = None => "that of [compute]";
        /// Penalty of the ridge regression.
        alpha: f64 [0.0..=1e9] = 1.0;
        /// What removed superpixels show while GLIME asks; apart from the removal's.
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
