//! The networks of a study, loaded when they are first asked.

use std::collections::BTreeMap;

use networks::{
    Architecture, Cascade, Classifier, Depth, Network, NetworkError, Normalisation, Precision,
    Width,
};
use stage::{Session, StageError};
use study::Name;
use study::settings::compute;
use study::settings::infer::{self, Network as Settings};

/// Loads each network once, and makes sure that its weights are those that the study was planned with.
#[derive(Debug)]
pub struct Classifiers<'a> {
    session: &'a Session,
    loaded: BTreeMap<(Name, Precision), Classifier>,
    /// One network at one depth in some precisions, and which of its layers are random.
    randomized: Option<(Name, u32, Cascade)>,
    random: BTreeMap<Precision, Classifier>,
}

impl<'a> Classifiers<'a> {
    /// No network is loaded yet.
    pub fn new(session: &'a Session) -> Self {
        networks::use_threads(session.study.compute.threads);
        Self {
            session,
            loaded: BTreeMap::new(),
            randomized: None,
            random: BTreeMap::new(),
        }
    }

    /// The classifier of that name in pipeline.toml, in the precision of the study.
    pub fn get(&mut self, name: &Name) -> Result<&Classifier, StageError> {
        Ok(self.all(name, [self.precision()])?[0])
    }

    /// The precision of the study.
    pub fn precision(&self) -> Precision {
        match self.session.study.compute.precision {
            compute::Precision::Fp32 => Precision::Fp32,
            compute::Precision::Bf16 => Precision::Bf16,
        }
    }

    /// The classifier with its upper layers random, in each of some precisions, and which layers those are. One network at one depth is in memory at
    /// a time: ask for all of it before another.
    pub fn randomized<const N: usize>(
        &mut self,
        name: &Name,
        depth: u32,
        precisions: [Precision; N],
    ) -> Result<([&Classifier; N], &Cascade), StageError> {
        let known = self.randomized.as_ref();
        if known.is_none_or(|(loaded, at, _)| loaded != name || *at != depth) {
            self.random.clear();
            self.randomized = None;
        }
        for precision in precisions {
            if !self.random.contains_key(&precision) {
                let (classifier, cascade) = self.load_randomized(name, depth, precision)?;
                self.random.insert(precision, classifier);
                self.randomized = Some((name.clone(), depth, cascade));
            }
        }
        let Some((_, _, cascade)) = &self.randomized else {
            unreachable!("some precision is asked for, and it was loaded above")
        };
        Ok((
            precisions.map(|precision| &self.random[&precision]),
            cascade,
        ))
    }

    fn load_randomized(
        &self,
        name: &Name,
        part: u32,
        precision: Precision,
    ) -> Result<(Classifier, Cascade), StageError> {
        let settings = &self.session.study.networks[name];
        let Some(architecture) = architecture(settings.architecture) else {
            unreachable!("the plan has no random layers of a program")
        };
        let bytes = self.bytes(name)?;
        let depth = Depth {
            part,
            of: self.session.study.sanity.depths,
        };
        let (path, seed) = (&settings.weights, self.session.study.seed);
        let (network, cascade) = Width::new(settings.width)
            .and_then(|width| {
                Network::load_randomized(path, &bytes, architecture, width, precision, depth, seed)
            })
            .map_err(StageError::shared)?;
        tracing::debug!("loaded {name} with {} random layers", cascade.random.len());
        Ok((Classifier::new(network, normalisation(settings)), cascade))
    }

    fn bytes(&self, name: &Name) -> Result<Vec<u8>, StageError> {
        let settings = &self.session.study.networks[name];
        self.session
            .read_file(&settings.weights, self.session.sources.network_digest(name))
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
        let bytes = self.bytes(name)?;
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
        Ok(Classifier::new(network, normalisation(settings)))
    }
}

fn normalisation(settings: &Settings) -> Normalisation {
    let single = |values: [f64; 3]| values.map(|value| value as f32);
    Normalisation {
        mean: single(settings.mean),
        std: single(settings.std),
    }
}

/// The built-in architecture; none of a program.
fn architecture(architecture: infer::Architecture) -> Option<Architecture> {
    match architecture {
        infer::Architecture::AlexNet => Some(Architecture::AlexNet),
        infer::Architecture::ResNet50 => Some(Architecture::ResNet50),
        infer::Architecture::TorchScript => None,
    }
}

/// Loads a network from the content of its file, for crops of `side` pixels.
pub fn load(
    settings: &Settings,
    bytes: &[u8],
    side: usize,
    precision: Precision,
) -> Result<Network, NetworkError> {
    let Some(architecture) = architecture(settings.architecture) else {
        return Network::load_script(&settings.weights, bytes, [side, side]);
    };
    let width = Width::new(settings.width)?;
    Network::load(&settings.weights, bytes, architecture, width, precision)
}
