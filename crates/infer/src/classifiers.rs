//! The networks of a study, loaded when they are first asked.

use std::collections::BTreeMap;
use std::sync::{Mutex, Once};

use networks::{
    Cascade, Classifier, Depth, Device, Doubt, Form, GraphFile, LoadError, Machine, Methods,
    Network, Normalisation, Precision, Wanted, Width,
};
use parts::{File, Rows};
use stage::{Output, Session, StageError};
use study::settings::compute;
use study::settings::infer::{self, Network as Settings};
use study::{Classes, Name};

/// Loads each network once, and makes sure that its weights are those that the study was planned with.
#[derive(Debug)]
pub struct Classifiers<'a> {
    session: &'a Session,
    device: Device,
    loaded: BTreeMap<(Name, Layer, Precision), Classifier>,
    /// One network at one depth in some precisions, and which of its layers are random.
    randomized: Option<(Name, Layer, u32, Cascade)>,
    random: BTreeMap<Precision, Classifier>,
}

/// The layer at which a network is split; none where its structure tells.
type Layer = Option<String>;

/// The precision that the networks of a study are asked in.
pub fn precision(settings: &compute::Settings) -> Precision {
    match settings.precision {
        compute::Precision::Fp32 => Precision::Fp32,
        compute::Precision::Tf32 => Precision::Tf32,
        compute::Precision::Bf16 => Precision::Bf16,
    }
}

/// The devices of a study, at least one; an error where it asks for one that is not there.
pub fn devices(settings: &compute::Settings) -> Result<Vec<Device>, StageError> {
    networks::use_threads(settings.threads());
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
            randomized: None,
            random: BTreeMap::new(),
        };
        Ok(devices.into_iter().map(on).map(Mutex::new).collect())
    }

    /// The classifier of that name in pipeline.toml, in the precision of the study.
    pub fn get(&mut self, name: &str) -> Result<&Classifier, StageError> {
        Ok(self.all(name, [self.precision()])?[0])
    }

    /// The same, with activations and gradients at a layer; unless one is given, at the usual one of its structure.
    pub fn split_at(&mut self, name: &str, layer: Option<&str>) -> Result<&Classifier, StageError> {
        let name = self.named(name)?;
        self.loaded(&name, layer, self.precision())
    }

    /// The precision of the study.
    pub fn precision(&self) -> Precision {
        precision(&self.session.study.compute)
    }

    /// The classifier with its upper layers random, in each of some precisions, and which layers those are; split as by [`Classifiers::split_at`].
    /// One network at one depth is in memory at a time: ask for all of it before another.
    pub fn randomized<const N: usize>(
        &mut self,
        name: &str,
        layer: Option<&str>,
        depth: u32,
        precisions: [Precision; N],
    ) -> Result<([&Classifier; N], &Cascade), StageError> {
        let name = &self.named(name)?;
        let settings = self.settings(name, layer);
        let known = self.randomized.as_ref();
        if known.is_none_or(|(loaded, split_at, at, _)| {
            loaded != name || *split_at != settings.layer || *at != depth
        }) {
            self.random.clear();
            self.randomized = None;
        }
        for precision in precisions {
            if !self.random.contains_key(&precision) {
                let (classifier, cascade) =
                    self.load_randomized(name, &settings, depth, precision)?;
                self.random.insert(precision, classifier);
                self.randomized = Some((name.clone(), settings.layer.clone(), depth, cascade));
            }
        }
        let Some((.., cascade)) = &self.randomized else {
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
        settings: &Settings,
        part: u32,
        precision: Precision,
    ) -> Result<(Classifier, Cascade), StageError> {
        let bytes = self.bytes(name)?;
        let side = self.session.study.images.crop as usize;
        let depth = Depth {
            part,
            of: self.session.study.sanity.depths,
        };
        let form = Form {
            device: self.device,
            precision,
        };
        let file = graph_file(settings, &bytes, side).map_err(StageError::shared)?;
        let Some(file) = file else {
            unreachable!("the plan has no random layers of a program")
        };
        let loaded = file.load_randomized(form, depth, self.session.study.seed);
        let (network, cascade) = loaded.map_err(StageError::shared)?;
        tracing::debug!("loaded {name} with {} random layers", cascade.random.len());
        Ok((classifier(network, settings), cascade))
    }

    fn bytes(&self, name: &Name) -> Result<Vec<u8>, StageError> {
        let file = File {
            digest: self.session.sources.network_digest(name).to_owned(),
            path: self.session.study.networks[name].weights.clone(),
        };
        Ok(Rows::of(&self.session.store).file(&file)?)
    }

    fn named(&self, name: &str) -> Result<Name, StageError> {
        let known = self.session.study.networks.keys();
        let mut found = known.filter(|known| known.as_str() == name);
        let found = found.next().cloned();
        found.ok_or_else(|| StageError::shared(format!("the study has no network `{name}`")))
    }

    /// The classifier in each of some precisions.
    pub fn all<const N: usize>(
        &mut self,
        name: &str,
        precisions: [Precision; N],
    ) -> Result<[&Classifier; N], StageError> {
        let name = &self.named(name)?;
        for precision in precisions {
            self.loaded(name, None, precision)?;
        }
        Ok(precisions.map(|precision| &self.loaded[&(name.clone(), None, precision)]))
    }

    /// The study's settings of a network, with this layer in place of its own. A layer decides which operators are fused, and so the last bits of
    /// logits, and keys of logits do not contain the layer. The methods of a TorchScript program do not affect its logits, so a program keeps them.
    fn settings(&self, name: &Name, layer: Option<&str>) -> Settings {
        let settings = self.session.study.networks[name].clone();
        if settings.is_program() {
            return settings;
        }
        Settings {
            layer: layer.map(str::to_owned),
            ..settings
        }
    }

    fn loaded(
        &mut self,
        name: &Name,
        layer: Option<&str>,
        precision: Precision,
    ) -> Result<&Classifier, StageError> {
        let settings = self.settings(name, layer);
        let key = (name.clone(), layer.map(str::to_owned), precision);
        if !self.loaded.contains_key(&key) {
            let classifier = self.load(name, &settings, precision)?;
            self.loaded.insert(key.clone(), classifier);
        }
        Ok(&self.loaded[&key])
    }

    fn load(
        &self,
        name: &Name,
        settings: &Settings,
        precision: Precision,
    ) -> Result<Classifier, StageError> {
        let bytes = self.bytes(name)?;
        let side = self.session.study.images.crop as usize;
        let form = Form {
            device: self.device,
            precision,
        };
        let (network, doubts) = load(settings, &bytes, side, form).map_err(StageError::shared)?;
        for doubt in doubts {
            tracing::warn!("{}: {doubt}", settings.weights.display());
        }
        if let Some(slow) = emulated(settings, form) {
            static ONCE: Once = Once::new();
            ONCE.call_once(|| tracing::warn!("{slow}"));
        }
        check_classes(self.session, settings, network.classes())?;
        tracing::debug!("loaded {name} from {}", settings.weights.display());
        Ok(classifier(network, settings))
    }
}

/// The class list has to name as many classes as the network tells apart; else labels would be those of other classes.
pub(crate) fn check_classes(
    session: &Session,
    settings: &Settings,
    classes: usize,
) -> Result<(), StageError> {
    let named = session.sources.images.classes.count();
    if classes == named {
        return Ok(());
    }
    Err(StageError::shared(format!(
        "{}: the network tells {classes} classes apart, and {} names {named}: {}",
        settings.weights.display(),
        session.study.images.classes.display(),
        Classes::remedy(classes, named),
    )))
}

/// The network with what its settings say of inputs and answers.
pub fn classifier(network: Network, settings: &Settings) -> Classifier {
    Classifier::new(network, normalisation(settings)).with_reading(settings.reading)
}

/// What its settings say of a network's inputs.
pub fn normalisation(settings: &Settings) -> Normalisation {
    let single = |values: [f64; 3]| values.map(|value| value as f32);
    Normalisation {
        mean: single(settings.mean),
        std: single(settings.std),
    }
}

/// Loads a network from the content of its file, for crops of `side` pixels; with reasons to doubt its answers.
pub fn load(
    settings: &Settings,
    bytes: &[u8],
    side: usize,
    form: Form,
) -> Result<(Network, Vec<Doubt>), LoadError> {
    if let Some(file) = graph_file(settings, bytes, side)? {
        return file.load(form);
    }
    let methods = Methods {
        features: settings.layer.clone().unwrap_or_default(),
        head: settings.head.clone().unwrap_or_default(),
    };
    networks::load_script(&settings.weights, bytes, [side, side], &methods, form)
}

/// The content of a network's file, where that is no program.
pub fn graph_file<'a>(
    settings: &'a Settings,
    bytes: &'a [u8],
    side: usize,
) -> Result<Option<GraphFile<'a>>, LoadError> {
    let file = match settings.architecture {
        infer::Architecture::BuiltIn(architecture) => {
            let width = Width::new(settings.width)?;
            GraphFile::weights(&settings.weights, bytes, architecture, width)
        }
        infer::Architecture::Exported => {
            GraphFile::exported(&settings.weights, bytes, side, settings.output.as_deref())
        }
        infer::Architecture::TorchScript => return Ok(None),
    };
    Ok(Some(file.split_at(settings.layer.as_deref())))
}

/// Which layers are random, as records keep it.
pub fn cascade(cascade: &Cascade) -> serde_json::Value {
    let cascade = actions::Cascade {
        random_layers: cascade.random.len() as u32,
        layers: cascade.layers as u32,
        lowest_random_layer: cascade.random.last().cloned().unwrap_or_default(),
    };
    serde_json::json!(cascade)
}

/// What there is to say about a form in which a network is much slower than in fp32.
pub fn emulated(settings: &Settings, form: Form) -> Option<&'static str> {
    (!settings.is_program() && form.device.is_cpu() && !networks::is_native(form.precision)).then_some(
        "this processor has no instructions for bf16, which it emulates: AlexNet took three and ResNet-50 six times as long as in fp32 (docs/performance.md); set precision = \"fp32\"",
    )
}

/// An action's output with what its record says of the network that was asked: its device, and the inputs in a batch.
#[must_use]
pub fn ran(output: Output, classifier: &Classifier) -> Output {
    output.ran(classifier.device().to_string(), classifier.batch())
}
