//! The networks of a study, loaded when they are first asked.

use std::collections::BTreeMap;
use std::sync::{Mutex, Once};

use methods::Reads;
use networks::{
    Cascade, Classifier, Depth, Device, Doubt, Form, GraphFile, LoadError, Machine, Methods,
    Network, NetworkError, Normalisation, Precision, Wanted, Width,
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
    loaded: BTreeMap<(Name, Inside, Precision), Classifier>,
    /// One network at one depth in some precisions, and which of its layers are random.
    randomized: Option<(Name, Inside, u32, Cascade)>,
    random: BTreeMap<Precision, Classifier>,
}

/// What is read of a network besides its logits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inside {
    /// A layer; where none is named, the one that the network's structure tells.
    Layer(Option<String>),
    /// Its attention.
    Attention,
}

impl Inside {
    /// What a method reads, at a layer where it reads one.
    pub fn of(method: &methods::Map, layer: Option<&str>) -> Self {
        match method.run {
            Reads::Attention(_) => Self::Attention,
            _ => Self::Layer(layer.map(str::to_owned)),
        }
    }

    /// A file that is loaded to be read so, for crops of `side` pixels. Which layer decides which operators are fused, and so the last bits of
    /// logits: who asks for logits alone names no layer, because their keys name none.
    fn of_file<'a>(&'a self, file: GraphFile<'a>, side: usize) -> GraphFile<'a> {
        match self {
            Self::Layer(layer) => file.split_at(layer.as_deref()),
            Self::Attention => file.attending(side),
        }
    }
}

/// The precision that the networks of a study are asked in.
pub fn precision(settings: &compute::Settings) -> Precision {
    match settings.precision {
        compute::Precision::Fp32 => Precision::Fp32,
        compute::Precision::Tf32 => Precision::Tf32,
        compute::Precision::Bf16 => Precision::Bf16,
    }
}

/// The devices of a study, at least one; an error where the study requests one that is not available.
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

    /// The same, to be read inside.
    pub fn open(&mut self, name: &str, inside: &Inside) -> Result<&Classifier, StageError> {
        let name = self.named(name)?;
        self.loaded(&name, inside, self.precision())
    }

    /// The precision of the study.
    pub fn precision(&self) -> Precision {
        precision(&self.session.study.compute)
    }

    /// The classifier with its upper layers random, in each of some precisions, and which layers those are; to be read inside as by
    /// [`Classifiers::open`]. One network at one depth is in memory at a time: ask for all of it before another.
    pub fn randomized<const N: usize>(
        &mut self,
        name: &str,
        inside: &Inside,
        depth: u32,
        precisions: [Precision; N],
    ) -> Result<([&Classifier; N], &Cascade), StageError> {
        let name = &self.named(name)?;
        let known = self.randomized.as_ref();
        if known.is_none_or(|(loaded, opened, at, _)| {
            loaded != name || opened != inside || *at != depth
        }) {
            self.random.clear();
            self.randomized = None;
        }
        for precision in precisions {
            if !self.random.contains_key(&precision) {
                let (classifier, cascade) = self.load_randomized(name, inside, depth, precision)?;
                self.random.insert(precision, classifier);
                self.randomized = Some((name.clone(), inside.clone(), depth, cascade));
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
        inside: &Inside,
        part: u32,
        precision: Precision,
    ) -> Result<(Classifier, Cascade), StageError> {
        let settings = &self.session.study.networks[name];
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
        let loaded =
            inside
                .of_file(file, side)
                .load_randomized(form, depth, self.session.study.seed);
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
        let inside = Inside::Layer(None);
        for precision in precisions {
            self.loaded(name, &inside, precision)?;
        }
        Ok(precisions.map(|precision| &self.loaded[&(name.clone(), inside.clone(), precision)]))
    }

    fn loaded(
        &mut self,
        name: &Name,
        inside: &Inside,
        precision: Precision,
    ) -> Result<&Classifier, StageError> {
        let key = (name.clone(), inside.clone(), precision);
        if !self.loaded.contains_key(&key) {
            let classifier = self.load(name, inside, precision)?;
            self.loaded.insert(key.clone(), classifier);
        }
        Ok(&self.loaded[&key])
    }

    fn load(
        &self,
        name: &Name,
        inside: &Inside,
        precision: Precision,
    ) -> Result<Classifier, StageError> {
        let settings = &self.session.study.networks[name];
        let bytes = self.bytes(name)?;
        let side = self.session.study.images.crop as usize;
        let form = Form {
            device: self.device,
            precision,
        };
        let (network, doubts) =
            load(settings, inside, &bytes, side, form).map_err(StageError::shared)?;
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
        "{}: the network has {classes} classes, but {} names {named}: {}",
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

/// Loads a network from the content of its file, for crops of `side` pixels, to be read inside; with reasons to doubt its answers. A program is read
/// where its methods are.
pub fn load(
    settings: &Settings,
    inside: &Inside,
    bytes: &[u8],
    side: usize,
    form: Form,
) -> Result<(Network, Vec<Doubt>), LoadError> {
    if let Some(file) = graph_file(settings, bytes, side)? {
        return inside.of_file(file, side).load(form);
    }
    if *inside == Inside::Attention {
        return Err(NetworkError::of_program().into());
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
        infer::Architecture::Onnx => {
            GraphFile::onnx(&settings.weights, bytes, side, settings.output.as_deref())
        }
        infer::Architecture::TorchScript => return Ok(None),
    };
    Ok(Some(file))
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

/// A warning about a form in which a network is much slower than in fp32.
pub fn emulated(settings: &Settings, form: Form) -> Option<&'static str> {
    (!settings.is_program() && form.device.is_cpu() && !networks::is_native(form.precision)).then_some(
        "this processor has no instructions for bf16 and emulates it: AlexNet took three times and ResNet-50 six times as long as in fp32 \
         (docs/performance.md); set precision = \"fp32\"",
    )
}

/// An action's output with what its record states about the evaluated network: its device, and the inputs in a batch.
#[must_use]
pub fn ran(output: Output, classifier: &Classifier) -> Output {
    output.ran(classifier.device().to_string(), classifier.batch())
}
