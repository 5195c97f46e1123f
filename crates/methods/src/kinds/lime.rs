//! LIME (Ribeiro et al. 2016).

use config::{Declared, Limits, Section, Value, first};
use removal::Backdrop;
use sampling::Sampler;
use surrogate::Distance;

use crate::asking::{Asking, Fitting};
use crate::fitting::{explanation, weights};
use crate::hides::Hides;
use crate::plugin::{Plugin, Role};
use crate::samples::{MOST_SUPERPIXELS, Precision, Samples};
use crate::weights::{Estimate, Weights};

/// Kernel width of the published image explainer, for the cosine distance.
const COSINE_WIDTH: f64 = 0.25;

/// LIME.
pub static METHOD: Weights = Plugin {
    kind: "lime",
    module: module_path!(),
    title: "LIME",
    about: "Evaluates the network on images without some superpixels, and fits a linear model to the answers (Ribeiro et al. 2016).",
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
    /// What LIME takes.
    struct Settings {
        /// Masks for each explanation, including the untouched image. Or when to stop: at a standard error of every weight, or when the superpixels
        /// of the highest weights stay the same.
        samples: Samples = Samples::Fixed(1000);
        /// How masks are drawn: by fair coins, in pairs of a mask and its complement, or in blocks of a Hadamard design.
        sampler: Sampler = first();
        /// Number format of the networks; `mixed` evaluates all masks in bfloat16 and re-evaluates some in fp32.
        precision: Option<Precision> = None => "that of [compute]";
        /// How far a mask is from the untouched image: `cosine` is the published explainer's, `l2` the paper's formula.
        distance: Distance = first();
        /// Width of the kernel; smaller is more local.
        kernel_width: Option<f64> [Limits::above(0.0, 1000.0)] = None => "0.25 for `cosine`, 0.75 sqrt(superpixels) for `l2`";
        /// Penalty of the ridge regression.
        alpha: f64 [0.0..=1e9] = 1.0;
        /// Which superpixels get a weight; the others have weight 0.
        features: Features = Features::All;
        /// What removed superpixels show while LIME samples; independent of `[deletion] replacements`.
        replacement: Backdrop = Backdrop::Mean;
    }
}

config::settings! {
    /// The best superpixels.
    #[derive(Clone, Copy)]
    struct Best {
        /// How many; all of them where the image has fewer.
        count: u32 [1..=MOST_SUPERPIXELS];
        /// Best by what: the largest absolute weights of a ridge fit on all (alpha 0.01), or one after another, whichever adds most to R^2 (alpha 0).
        selection: Selection = Selection::HighestWeights;
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Selection {
    HighestWeights,
    ForwardSelection,
}

config::choice!(Selection, "selection": HighestWeights => "highest_weights", ForwardSelection => "forward_selection");

/// Which superpixels get a weight.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Features {
    All,
    Best(Best),
}

impl Value for Features {
    type Limits = ();

    fn read(section: &mut Section<'_>, key: &'static str, _: Option<Self>, (): ()) -> Self {
        let Some(mut table) = section.table_at(key) else {
            let expected =
                "`features` must be \"all\" or { count = 10, selection = \"highest_weights\" }";
            section.word(key, "all", expected);
            return Self::All;
        };
        let best = Best::read(&mut table);
        table.finish();
        Self::Best(best)
    }

    fn takes((): &()) -> String {
        "`\"all\"`, or `{ count = 10, selection = \"highest_weights\" }`, or with \"forward_selection\"".to_owned()
    }

    fn written(&self) -> String {
        "\"all\"".to_owned()
    }
}

impl Settings {
    fn asking(&self) -> Asking {
        let cosine = (self.distance == Distance::Cosine).then_some(COSINE_WIDTH);
        let fit = surrogate::Settings {
            distance: self.distance,
            kernel_width: self.kernel_width.or(cosine),
            alpha: self.alpha,
            // Ridge shrinks weights the less the more samples there are. Alpha is constant for the published explainer's sampler alone, and
            // only where the number is fixed: else weights would depend on where it stops.
            growing: self.sampler != first() || self.samples.is_open(),
            features: match self.features {
                Features::All => surrogate::Features::All,
                Features::Best(Best { count, selection }) => match selection {
                    Selection::HighestWeights => {
                        surrogate::Features::HighestWeights(count as usize)
                    }
                    Selection::ForwardSelection => {
                        surrogate::Features::ForwardSelection(count as usize)
                    }
                },
            },
        };
        Asking {
            samples: self.samples,
            sampler: self.sampler,
            precision: self.precision,
            hides: Hides::Superpixels(self.replacement),
            fitting: Fitting::Surrogate(fit),
        }
    }
}
