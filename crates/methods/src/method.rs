//! A method of a study.

use config::{Section, Setting, Value};
use removal::Backdrop;

use crate::answers::{Answers, External};
use crate::asking::Asking;
use crate::hides::Hides;
use crate::maps::{Map, Mapping, Reads};
use crate::orders::{Drawn, Searched, Seen};
use crate::plugin::{MOST_RUNS, Plugin, Role};
use crate::weights::Weights;

/// A kind of method, by what it needs and the evidence that it gives.
#[derive(Clone, Copy, Debug)]
pub enum Family {
    /// Needs activations, gradients or attention, gives a map.
    Map(&'static Map),
    /// Needs queries, gives weights.
    Weights(&'static Weights),
    /// Needs a file, gives maps or the relevances themselves.
    External(&'static External),
    /// Needs nothing, gives an order.
    Drawn(&'static Drawn),
    /// Needs the image, gives an order.
    Seen(&'static Seen),
    /// Needs queries, gives an order.
    Searched(&'static Searched),
}

/// What a method needs access to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Answers of the network.
    Queries,
    /// Activations of a layer, or attention.
    Activations,
    /// Gradients of a logit.
    Gradients,
    /// The answers of another tool.
    File,
    /// Nothing of the network.
    Nothing,
}

impl Access {
    /// What it is called in texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queries => "queries",
            Self::Activations => "activations",
            Self::Gradients => "gradients",
            Self::File => "another tool",
            Self::Nothing => "nothing of the network",
        }
    }
}

/// A method with its settings.
#[derive(Clone, Debug)]
pub struct Method {
    kind: &'static str,
    title: &'static str,
    role: Role,
    deterministic: bool,
    measured: bool,
    /// How many runs it has; none means the study's number.
    runs: Option<u32>,
    /// What makes its evidence.
    pub makes: Makes,
}

/// What makes the evidence of a method.
#[derive(Clone, Debug)]
pub enum Makes {
    /// A map.
    Map(&'static Map, Mapping),
    /// Weights.
    Weights(&'static Weights, Asking),
    /// Another tool.
    External(&'static External, Answers),
    /// An order.
    Order(Orders),
}

/// What makes an order.
#[derive(Clone, Copy, Debug)]
pub enum Orders {
    /// A draw.
    Drawn(&'static Drawn),
    /// The image.
    Seen(&'static Seen),
    /// A search.
    Searched(&'static Searched),
}

impl Family {
    /// The kind in pipeline.toml.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Map(plugin) => plugin.kind,
            Self::Weights(plugin) => plugin.kind,
            Self::External(plugin) => plugin.kind,
            Self::Drawn(plugin) => plugin.kind,
            Self::Seen(plugin) => plugin.kind,
            Self::Searched(plugin) => plugin.kind,
        }
    }

    /// Its name in texts, what it does, and its settings.
    pub fn described(&self) -> (&'static str, &'static str, Vec<Setting>) {
        fn of<R, S>(plugin: &Plugin<R, S>) -> (&'static str, &'static str, Vec<Setting>) {
            (plugin.title, plugin.about, (plugin.settings)())
        }
        match self {
            Self::Map(plugin) => of(plugin),
            Self::Weights(plugin) => of(plugin),
            Self::External(plugin) => of(plugin),
            Self::Drawn(plugin) => of(plugin),
            Self::Seen(plugin) => of(plugin),
            Self::Searched(plugin) => of(plugin),
        }
    }

    /// What it reads of a network, and what it gives.
    pub fn needs(&self) -> &'static str {
        match self {
            Self::Map(plugin) => plugin.run.described(),
            Self::Weights(_) => "weights, from the answers to masks",
            Self::External(_) => "maps or relevances, from a file",
            Self::Drawn(_) => "an order, from neither the network nor the image",
            Self::Seen(_) => "an order, from the image alone",
            Self::Searched(_) => "an order, from the answers to masks",
        }
    }

    /// A method with the settings of a section.
    pub fn read(&self, section: &mut Section<'_>) -> Method {
        match self {
            Self::Map(plugin) => {
                Method::new(plugin, Makes::Map(plugin, (plugin.read)(section))).repeated(section)
            }
            Self::Weights(plugin) => {
                Method::new(plugin, Makes::Weights(plugin, (plugin.read)(section)))
                    .repeated(section)
            }
            Self::External(plugin) => {
                let answers = (plugin.read)(section);
                Method {
                    deterministic: answers.runs == 1,
                    runs: Some(answers.runs),
                    ..Method::new(plugin, Makes::External(plugin, answers))
                }
            }
            Self::Drawn(plugin) => Method {
                runs: Some((plugin.read)(section)),
                ..Method::new(plugin, Makes::Order(Orders::Drawn(plugin)))
            },
            Self::Seen(plugin) => {
                (plugin.read)(section);
                Method::new(plugin, Makes::Order(Orders::Seen(plugin)))
            }
            Self::Searched(plugin) => {
                (plugin.read)(section);
                Method::new(plugin, Makes::Order(Orders::Searched(plugin)))
            }
        }
    }
}

impl Method {
    fn new<R, S>(plugin: &Plugin<R, S>, makes: Makes) -> Self {
        Self {
            kind: plugin.kind,
            title: plugin.title,
            role: plugin.role,
            deterministic: plugin.deterministic,
            measured: plugin.measured,
            runs: plugin.deterministic.then_some(1),
            makes,
        }
    }

    /// With the section's `runs`, where it draws random numbers.
    fn repeated(self, section: &mut Section<'_>) -> Self {
        if self.deterministic {
            return self;
        }
        let runs = Value::read(section, "runs", Some(self.runs), 1..=MOST_RUNS);
        Self { runs, ..self }
    }

    /// The name of its kind in pipeline.toml.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The name of its kind in texts.
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// Whether every run gives the same, so that run 0 stands for all.
    pub fn deterministic(&self) -> bool {
        self.deterministic
    }

    /// Whether it explains the network, and is not a control.
    pub fn explains(&self) -> bool {
        self.role == Role::Explanation
    }

    /// Whether it is a control: it is there to be compared with and explains nothing.
    pub fn is_control(&self) -> bool {
        !self.explains()
    }

    /// Whether it is the control that draws orders by chance.
    pub fn is_chance_control(&self) -> bool {
        self.role == Role::Chance
    }

    /// What it must be allowed to see.
    pub fn access(&self) -> Access {
        match &self.makes {
            Makes::Map(plugin, _) => match plugin.run {
                Reads::Activations(_) | Reads::Answers(_) => Access::Activations,
                Reads::Attention(attention) if !attention.gradients => Access::Activations,
                Reads::Layer(_) | Reads::Inputs(_) | Reads::Attention(_) => Access::Gradients,
            },
            Makes::Weights(..) | Makes::Order(Orders::Searched(_)) => Access::Queries,
            Makes::External(..) => Access::File,
            Makes::Order(Orders::Drawn(_) | Orders::Seen(_)) => Access::Nothing,
        }
    }

    /// Whether its relevances are measured, and more than places in an order.
    pub fn gives_relevances(&self) -> bool {
        self.measured
    }

    /// Whether it reads a layer of the network.
    pub fn reads_layers(&self) -> bool {
        let reads = |reads| {
            matches!(
                reads,
                Reads::Activations(_) | Reads::Layer(_) | Reads::Answers(_)
            )
        };
        matches!(self.makes, Makes::Map(plugin, _) if reads(plugin.run))
    }

    /// Whether it reads the attention of a transformer.
    pub fn reads_attention(&self) -> bool {
        matches!(self.makes, Makes::Map(plugin, _) if matches!(plugin.run, Reads::Attention(_)))
    }

    /// How many inputs go forward through a network for its map of an image; none where that depends on the layer, or where it makes no map.
    pub fn map_passes(&self) -> Option<u64> {
        let Makes::Map(plugin, mapping) = &self.makes else {
            return None;
        };
        match plugin.run {
            Reads::Activations(_) | Reads::Layer(_) | Reads::Attention(_) => Some(1),
            // The ends of a path are asked for their logits.
            Reads::Inputs(_) => {
                let ends = if mapping.baseline.is_some() { 2 } else { 0 };
                Some(u64::from(mapping.points.unwrap_or(1)) + ends)
            }
            Reads::Answers(_) => None,
        }
    }

    /// How it makes its map, where it makes one.
    pub fn mapping(&self) -> Option<&Mapping> {
        match &self.makes {
            Makes::Map(_, mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Where its explanations come from, where another tool makes them.
    pub fn answers(&self) -> Option<&Answers> {
        match &self.makes {
            Makes::External(_, answers) => Some(answers),
            _ => None,
        }
    }

    /// Whether it finds its order by removing superpixels, so that the order depends on what replaces them.
    pub fn searches(&self) -> bool {
        self.search().is_some()
    }

    /// How many masks it asks about, at most, while it searches an order of so many superpixels. Of more than it takes it has none.
    pub fn queries(&self, superpixels: u64) -> u64 {
        let most = self.most_superpixels().unwrap_or(usize::MAX) as u64;
        let search = self.search();
        search.map_or(0, |search| (search.run.queries)(superpixels.min(most)))
    }

    /// The most superpixels that it takes, where it does not take any number.
    pub fn most_superpixels(&self) -> Option<usize> {
        self.search()?.run.most
    }

    fn search(&self) -> Option<&'static Searched> {
        match self.makes {
            Makes::Order(Orders::Searched(plugin)) => Some(plugin),
            _ => None,
        }
    }

    /// How it asks about masks, where it makes weights.
    pub fn asking(&self) -> Option<&Asking> {
        match &self.makes {
            Makes::Weights(_, asking) => Some(asking),
            _ => None,
        }
    }

    /// What removed superpixels show while it asks, where that is a setting of its own.
    pub fn replacement(&self) -> Option<Backdrop> {
        self.asking()?.hides.backdrop()
    }

    /// Whether the masks that it evaluates belong to a partition.
    pub fn asks_of_partitions(&self) -> bool {
        let hides = self.asking().map(|asking| asking.hides);
        !matches!(hides, Some(Hides::Cells(_)))
    }

    /// How many runs it has, where `study` is the number of methods that draw random numbers and set none of their own.
    pub fn runs(&self, study: u32) -> u32 {
        self.runs.unwrap_or(study)
    }
}

impl PartialEq for Method {
    fn eq(&self, other: &Self) -> bool {
        let settings = |method: &Self| {
            let (mapping, asking) = (method.mapping().copied(), method.asking().copied());
            (method.kind, mapping, asking, method.runs)
        };
        settings(self) == settings(other) && self.answers() == other.answers()
    }
}
