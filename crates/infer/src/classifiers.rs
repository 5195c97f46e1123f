//! The networks of a study, loaded when they are first asked.

use std::collections::BTreeMap;

use networks::{Architecture, Classifier, Network, NetworkError, Normalisation, Precision, Width};
use stage::{Session, StageError};
use study::Name;
use study::settings::compute;
use study::settings::infer::{self, Network as Settings};

/// Loads each network once, and makes sure that its weights are those that the study was planned with.
#[derive(Debug)]
pub struct Classifiers<'a> {
    session: &'a Session,
    loaded: BTreeMap<(Name, Precision), Classifier>,
}

impl<'a> Classifiers<'a> {
    /// No network is loaded yet.
    pub fn new(session: &'a Session) -> Self {
        networks::use_threads(session.study.compute.threads);
        Self {
            session,
            loaded: BTreeMap::new(),
        }
    }

    /// The classifier of that name in pipeline.toml, in the precision of the study.
    pub fn get(&mut self, name: &Name) -> Result<&Classifier, StageError> {
        let precision = match self.session.study.compute.precision {
            compute::Precision::Fp32 => Precision::Fp32,
            compute::Precision::Bf16 => Precision::Bf16,
        };
        Ok(self.all(name, [precision])?[0])
    }

    /// The classifier in each of some precisions.
    pub fn all<const N: usize>(
        &mut self,
        name: &Name,
        precisions: [Precision; N],
    ) -> Result<[&Classifier; N], StageError> {
        for precision in precisions {
            let key = (name.clone(), precision);
            if !self.loaded.contains_key(&key) {
                let classifier = self.load(name, precision)?;
                self.loaded.insert(key, classifier);
            }
        }
        Ok(precisions.map(|precision| &self.loaded[&(name.clone(), precision)]))
    }

    fn load(&self, name: &Name, precision: Precision) -> Result<Classifier, StageError> {
        let settings = &self.session.study.networks[name];
        let bytes = self
            .session
            .read_file(&settings.weights, self.session.sources.network_digest(name))?;
        let side = self.session.study.images.crop as usize;
        let network = load(settings, &bytes, side, precision).map_err(StageError::shared)?;
        let (classes, named) = (
            network.classes(),
            self.session.sources.images.classes.count(),
        );
        if classes != named {
            return Err(StageError::shared(format!(
                "{}: the network tells {classes} classes apart, and {} names {named}: give the class list of this network",
                settings.weights.display(),
                self.session.study.images.classes.display(),
            )));
        }
        tracing::debug!("loaded {name} from {}", settings.weights.display());
        let single = |values: [f64; 3]| values.map(|value| value as f32);
        Ok(Classifier::new(
            network,
            Normalisation {
                mean: single(settings.mean),
                std: single(settings.std),
            },
        ))
    }
}

/// Loads a network from the content of its file, for crops of `side` pixels.
pub fn load(
    settings: &Settings,
    bytes: &[u8],
    side: usize,
    precision: Precision,
) -> Result<Network, NetworkError> {
    let architecture = match settings.architecture {
        infer::Architecture::AlexNet => Architecture::AlexNet,
        infer::Architecture::ResNet50 => Architecture::ResNet50,
        infer::Architecture::TorchScript => {
            return Network::load_script(&settings.weights, bytes, [side, side]);
        }
    };
    let width = Width::new(settings.width)?;
    Network::load(&settings.weights, bytes, architecture, width, precision)
}
