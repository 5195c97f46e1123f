//! What can go wrong between a graph and a value of it.

use tch::TchError;

/// An error of this crate; every message says where, what was expected, and how to go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A graph that contradicts itself.
    #[error(
        "the graph is incomplete: {what}; export the network again, or report it with the file"
    )]
    Graph {
        /// What is wrong, and where.
        what: String,
    },
    /// A parameter that is not the graph's.
    #[error(
        "the parameter `{name}` has shape {found:?}, where the graph expects {expected:?}: give the weights that belong to this graph"
    )]
    Parameter {
        /// Its name in the network.
        name: String,
        /// The shape of the tensor.
        found: Vec<i64>,
        /// The shape that the graph states.
        expected: Vec<i64>,
    },
    /// More or fewer tensors than parameters.
    #[error(
        "the graph has {expected} parameters, but {found} tensors were given: give one for each, in the graph's order"
    )]
    Parameters {
        /// How many the graph has.
        expected: usize,
        /// How many there were.
        found: usize,
    },
    /// A parameter of a graph that has no numbers.
    #[error("the parameter `{name}` has no numbers: export the network again")]
    NoParameter {
        /// Its name in the network.
        name: String,
    },
    /// A value that the graph does not have.
    #[error(
        "the graph has {values} values, but value {id} was requested: take ids from this graph"
    )]
    NoValue {
        /// Its place.
        id: usize,
        /// How many there are.
        values: usize,
    },
    /// A value that preparation merged with another one.
    #[error(
        "`{value}` was merged with what follows it when the network was prepared: name it among the watched values before"
    )]
    Merged {
        /// Its name.
        value: String,
    },
    /// What is wanted depends on the input, which is not given.
    #[error(
        "`{wanted}` depends on `{missing}`, which is not given: give this value, or the values that `cut` names"
    )]
    NotGiven {
        /// A value that was wanted.
        wanted: String,
        /// What it depends on.
        missing: String,
    },
    /// A value of which no run has told the shape.
    #[error("the shape of `{value}` is not known: give the shapes of a run of this graph")]
    NoShape {
        /// Its name.
        value: String,
    },
    /// There is no value to tell the batch from.
    #[error(
        "no value is given, so the number of inputs is unknown: give the input, or use `run_for`"
    )]
    NoBatch,
    /// Numbers that no network is prepared for.
    #[error(
        "a network cannot be prepared in {found}: choose 32-bit or 64-bit floating point, or bfloat16"
    )]
    Kind {
        /// The numbers that were asked for.
        found: String,
    },
    /// libtorch refused an operator.
    #[error("{operator}{}: {}", place(module), first_line(source))]
    Operator {
        /// Its name, as the graph has it.
        operator: String,
        /// The module that asked for it, empty for the network itself.
        module: String,
        /// libtorch's own words, all of them.
        source: TchError,
    },
}

/// Where an operator stands, for a message.
fn place(module: &str) -> String {
    if module.is_empty() {
        " of the network itself".to_owned()
    } else {
        format!(" in `{module}`")
    }
}

/// The first line of libtorch's message; the others are for its developers.
fn first_line(error: &TchError) -> String {
    let text = match error {
        TchError::Torch(said) => said.clone(),
        other => other.to_string(),
    };
    text.lines()
        .next()
        .unwrap_or("libtorch gives no message")
        .to_owned()
}

/// Names the operator in which libtorch failed.
pub(crate) trait During<T> {
    /// `operator` is a verb's noun where no node is at work, such as "folding constants".
    fn during(self, operator: &str, module: &str) -> Result<T, Error>;
}

impl<T> During<T> for Result<T, TchError> {
    fn during(self, operator: &str, module: &str) -> Result<T, Error> {
        self.map_err(|source| Error::Operator {
            operator: operator.to_owned(),
            module: module.to_owned(),
            source,
        })
    }
}
