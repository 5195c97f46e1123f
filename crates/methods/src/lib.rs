//! The methods: explanations, and the controls that they are compared with.
//!
//! A method is one file in `kinds`. It declares a [`Plugin`]: the `kind` in pipeline.toml, its settings, what it is, and the function that makes its
//! evidence from arrays. The type of the function says what the method needs and which evidence it gives: a [map](Map), [weights](Weights), or an order
//! that is [drawn](Drawn), [seen](Seen) in the image or [searched](Searched) for. [`kinds::ALL`] lists the methods; nothing else in the workspace
//! tells kinds of methods apart. No file here knows networks or tables.

mod answers;
mod asking;
pub mod kinds;
mod maps;
mod method;
mod orders;
mod plugin;
mod samples;
mod weights;

pub use answers::{Answers, External};
pub use asking::Asking;
pub use maps::Map;
pub use method::{Family, Makes, Method, Orders};
pub use orders::{Ask, Drawn, Ranking, Search, Searched, Seen};
pub use plugin::{Plugin, Role};
pub use samples::{Precision, Samples, Settled};
pub use weights::{Answered, Estimate, Weights};
