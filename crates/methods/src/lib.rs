//! The methods: explanations, and the controls that they are compared with.
//!
//! A method is one file in `kinds`. It declares a [`Plugin`]: the `kind` in pipeline.toml, its settings, what it is, and the function that makes its
//! evidence from arrays. The type of the function says what the method needs and which evidence it gives: a [map](Map), [weights](Weights), or an order
//! that is [drawn](Drawn), [seen](Seen) in the image or [searched](Searched) for. [`kinds::ALL`] lists the methods; nothing else in the workspace
//! tells kinds of methods apart. No file here knows networks or tables.

mod answers;
mod asking;
mod attention;
pub mod fitting;
mod hides;
mod inputs;
pub mod kinds;
mod legendre;
mod maps;
mod method;
mod orders;
mod plugin;
mod probing;
mod samples;
mod weights;

pub use answers::{Answers, External};
pub use asking::{Asking, Fitting};
pub use attention::{Attention, Block, Blocks};
pub use hides::Hides;
pub use inputs::{Inputs, Sample};
pub use maps::{Baseline, Map, Mapping, Reads, Sign};
pub use method::{Access, Family, Makes, Method, Orders};
pub use orders::{Ask, Drawn, Ranking, Search, Searched, Seen};
pub use plugin::{MOST_RUNS, Plugin, Role};
pub use probing::{Probe, Probing};
pub use samples::{Precision, Samples, Settled};
pub use weights::{Answered, Estimate, Partition, Weighted, Weights};
