//! How many forward passes are still to be computed, and how long that takes.

use std::collections::BTreeMap;
use std::fmt::Write;

use methods::{Asking, Precision, Samples};
use study::plan::{Action, Plan};
use study::settings::segment::Partition;
use study::{Choice, Kind, Method, Name, Study};

/// Superpixels that are assumed where no image has been cut by a partition.
const ASSUMED: u64 = 50;
/// Channels of a layer that are assumed where a method asks about each of them.
const CHANNELS: u64 = 512;

/// The passes of a network that are to be computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passes {
    /// Images that go forward: at most, unless a number of superpixels is assumed, because curves that ask the same are counted each by itself.
    pub(crate) forward: u64,
    /// Whether a number of superpixels, or of a layer's channels, had to be assumed.
    pub(crate) assumed: bool,
}

/// By network; those with nothing to do are left out. While images may yet be dropped, they are counted.
pub(crate) fn passes(study: &Study, plan: &Plan) -> BTreeMap<Name, Passes> {
    let counts = Counts::new(study, plan);
    let mut passes: BTreeMap<Name, Passes> = BTreeMap::new();
    for action in plan.all().filter(|action| !action.is_done()) {
        let (forward, assumed) = counts.of(action);
        if let Some(network) = action.subject.network.as_ref().filter(|_| forward > 0) {
            let sum = passes.entry(network.clone()).or_default();
            sum.forward = sum.forward.saturating_add(forward);
            sum.assumed |= assumed;
        }
    }
    passes
}

struct Counts<'a> {
    study: &'a Study,
    plan: &'a Plan,
    /// Mean number of superpixels of the images that each partition has cut.
    usual: BTreeMap<Name, u64>,
}

impl<'a> Counts<'a> {
    fn new(study: &'a Study, plan: &'a Plan) -> Self {
        let mut sums: BTreeMap<Name, (u64, u64)> = BTreeMap::new();
        for action in plan.of(Kind::Segments) {
            let known = plan.superpixels(&action.subject);
            if let (Some(partition), Some(found)) = (&action.subject.partition, known) {
                let sum = sums.entry(partition.clone()).or_default();
                *sum = (sum.0 + found, sum.1 + 1);
            }
        }
        let usual = sums
            .into_iter()
            .map(|(name, (sum, count))| (name, sum.div_ceil(count)))
            .collect();
        Self { study, plan, usual }
    }

    /// The superpixels of an action's image, and whether they are assumed.
    fn superpixels(&self, action: &Action) -> (u64, bool) {
        let subject = action.subject.segments();
        if let Some(found) = self.plan.superpixels(&subject) {
            return (found, false);
        }
        let Some(name) = &subject.partition else {
            return (0, false);
        };
        if let Some(&usual) = self.usual.get(name) {
            return (usual, true);
        }
        let partition = self.study.partitions.get(name);
        let exact = partition.and_then(Partition::exact);
        let expected = exact.or_else(|| partition?.expected());
        (expected.unwrap_or(ASSUMED), exact.is_none())
    }

    /// The forward passes of an action, and whether a number of superpixels was assumed.
    fn of(&self, action: &Action) -> (u64, bool) {
        let method = action.subject.method(self.study);
        let randomized = action.subject.depth.is_some();
        let asking = method.and_then(Method::asking);
        let asked = || asking.map_or((0, false), |asking| self.samples(asking, action));
        let map = || match method.and_then(Method::map_passes) {
            Some(passes) => (passes, false),
            None => (CHANNELS, true),
        };
        match action.kind {
            Kind::Logits => (1, false),
            Kind::Saliency => map(),
            Kind::Perturbations => asked(),
            Kind::Relevances if randomized && asking.is_some() => asked(),
            Kind::Relevances if randomized => map(),
            Kind::Relevances if method.is_some_and(Method::searches) => {
                let (superpixels, assumed) = self.superpixels(action);
                (
                    method.map_or(0, |method| method.queries(superpixels)),
                    assumed,
                )
            }
            Kind::Curves => {
                let (superpixels, assumed) = self.superpixels(action);
                (superpixels + 1, assumed)
            }
            Kind::Deletions => self.superpixels(action),
            _ => (0, false),
        }
    }

    /// The passes of a method that asks about masks, and whether a number of superpixels was assumed.
    fn samples(&self, asking: &Asking, action: &Action) -> (u64, bool) {
        let (superpixels, assumed) = self.superpixels(action);
        let assumed = assumed && matches!(asking.samples, Samples::ForEach { .. });
        let samples = asking.samples.most(superpixels);
        let samples = match self.study.precision_of(asking) {
            // Any number of them may be asked again.
            Precision::Mixed => 2 * samples,
            Precision::Fp32 | Precision::Tf32 | Precision::Bf16 => samples,
        };
        (samples, assumed)
    }
}

/// Lines about what is to be computed, with the speed of each network where that was measured.
pub(crate) fn lines(
    study: &Study,
    passes: &BTreeMap<Name, Passes>,
    speeds: &BTreeMap<String, f64>,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut hours = 0.0;
    for (network, passes) in passes {
        let (bound, why) = if passes.assumed {
            (
                "about",
                " (superpixels and channels are estimated, and there may be many more: `pipeline run segment` cuts the images)",
            )
        } else {
            ("at most", "")
        };
        let mut line = format!("{network}: {bound} {} forward passes{why}", passes.forward);
        if let Some(&speed) = speeds.get(network.as_str()) {
            let needed = passes.forward as f64 / speed / 3600.0;
            hours += needed;
            let precision = study.compute.precision.name();
            let _ = write!(
                line,
                ", {speed:.0} per second here in {precision}: {needed:.1} hours"
            );
        }
        lines.push(line);
    }
    if !speeds.is_empty() && !passes.is_empty() {
        lines.push(format!("about {hours:.1} hours on this machine; you can stop at any time, and finished results are kept"));
    }
    lines
}
