//! The networks of a study, loaded when they are first asked.

use std::collections::BTreeMap;
use std::sync::Mutex;

use networks::{
    Classifier, Device, Form, Machine, Methods, Network, NetworkError, Normalisation, Precision,
    Wanted, Width,
};
use stage::{Output, Session, StageError};
use study::Name;
use study::settings::compute;
use study::settings::infer::{self, Network as Settings};

/// Loads each network once, and makes sure that its weights are those that the study was planned with.
#[derive(Debug)]
pub struct Classifiers<'a> {
    session: &'a Session,
    device: Device,
    loaded: BTreeMap<(Name, Precision), Classifier>,
}

/// The devices of a study, at least one; an error where it asks for one that is not there.
pub fn devices(settings: &compute::Settings) -> Result<Vec<Device>, StageError> {
    networks::use_threads(settings.threads);
    let wanted = match settings.device {
        compute::Device::Auto => Wanted::Auto,
        compute::Device::Cpu => return Ok(vec![Device::CPU]),
        compute::Device::Cuda(None) => Wanted::Cuda,
        compute::Device::Cuda(Some(number)) => Wanted::CudaNumber(number.into()),
        compute::Device::Mps => Wanted::Mps,
    };
    Machine::here().devices(wanted).map_err(StageError::shared)
}

impl<'a> Classifiers<'a> {
    /// No network is loaded yet; one for each device, which share the work.
    pub fn on_each_device(session: &'a Session) -> Result<Vec<Mutex<Self>>, StageError> {
        let devices = devices(&session.study.compute)?;
        let on = |device| Self {
            session,
            device,
            loaded: BTreeMap::new(),
        };
        Ok(devices.into_iter().map(on).map(Mutex::new).collect())
    }

    /// The classifier of that name in pipeline.toml, in the precision of the study.
    pub fn get(&mut self, name: &Name) -> Result<&Classifier, StageError> {
        let precision = match self.session.study.compute.precision {
            compute::Precision::Fp32 => Precision::Fp32,
            compute::Precision::Tf32 => Precision::Tf32,
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
        let form = Form {
            device: self.device,
            precision,
        };
        let network = load(settings, &bytes, side, form).map_err(StageError::shared)?;
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
        let normalisation = Normalisation {
            mean: single(settings.mean),
            std: single(settings.std),
        };
        Ok(Classifier::new(network, normalisation).with_temperature(settings.temperature))
    }
}

/// Loads a network from the content of its file, for crops of `side` pixels.
pub fn load(
    settings: &Settings,
    bytes: &[u8],
    side: usize,
    form: Form,
) -> Result<Network, NetworkError> {
    let architecture = match settings.architecture {
        infer::Architecture::BuiltIn(architecture) => architecture,
        infer::Architecture::TorchScript => {
            let methods = Methods {
                features: settings.layer.clone(),
                head: settings.head.clone().unwrap_or_default(),
            };
            return Network::load_script(&settings.weights, bytes, [side, side], &methods, form);
        }
    };
    let width = Width::new(settings.width)?;
    Network::load(&settings.weights, bytes, architecture, width, form)?.split_at(&settings.layer)
}

/// An action's output with what its record says of the network that was asked: its device, and the inputs in a batch.
#[must_use]
pub fn ran(output: Output, classifier: &Classifier) -> Output {
    output.ran(classifier.device().to_string(), classifier.batch())
}
