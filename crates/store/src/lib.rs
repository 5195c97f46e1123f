//! Content-addressed artifacts and the records of the actions that made them; the only crate that writes under artifacts/.
//!
//! ```text
//! artifacts/
//!   objects/3f/3fa4….parquet         an artifact: one table, read-only, named by the id of its content
//!   actions/weights/9c/9c01….json    the record of an action, read-only, named by its key: preimage, artifact ids, facets, costs
//!   latest -> views/5b21…            what the study that ran last consists of, swapped as a whole
//!   views/5b21…/.study               the file of that study, as seen from here
//!   views/5b21…/weights/alexnet.mug-07.quickshift.lime.run03.parquet -> ../../../objects/3f/3fa4….parquet
//!   views/5b21…/weights/part-00a1-of-0400.parquet   rows of many artifacts, where a table has very many
//!   report -> reports/77e0…          the newest report, swapped as a whole
//!   reports/77e0…/index.html
//!   index/                           what all records say, digests of input files, and when artifacts were verified; derived, may be removed
//!   logs/
//!   audits/                          copies in which `pipeline audit` makes actions again; each goes with the process that made it
//!   damaged/                         files that were set aside because they did not hold what their name says
//! ```
//!
//! Invariants:
//! * A file under objects/ or actions/ appears whole or not at all, and is never replaced (`publish`).
//! * What [`Store::read`] returns has the content that its id names: the id is computed again from the rows on every read (`id`).
//! * The record is written last, so a key that has a record had all its artifacts on disk. [`Lookup::Hit`] is a record whose every artifact
//!   is there and has not changed since its content was last verified (`known`); everything else is a miss with a reason, never an error and
//!   never silent. Publishing a damaged artifact again sets the damaged file aside.
//! * A folder that `latest` or `report` pointed to stays until the next swap, and for ten minutes at least (`view`).
//! * Nothing needs to be unlocked by hand: locks are the kernel's and end with the process.
//! * Only [`Store::collect`] removes what is whole, never while an action is between its first artifact and its record (`turns`), and never
//!   an artifact that a record names (`collect`).

mod collect;
mod compare;
mod content;
mod derived;
mod digest;
mod error;
mod files;
mod id;
mod index;
mod known;
mod latest;
mod listing;
mod lookup;
mod parquet;
mod preimage;
mod publish;
mod record;
mod scratch;
mod stamp;
mod store;
mod transfer;
mod turns;
mod values;
mod verify;
mod view;

pub use collect::{Collected, Surveyed};
pub use compare::{Comparison, Tolerance};
pub use digest::{ContentId, DigestError, Key};
pub use error::StoreError;
pub use files::{digest_file, open_file, read_file};
pub use id::{UnsupportedType, content_id};
pub use index::{Index, Noted, Summary};
pub use lookup::{Lookup, Miss};
pub use parquet::{EncodedTable, encode};
pub use preimage::{Change, PREIMAGE_VERSION, Preimage, PreimageBuilder, difference};
pub use record::{Artifact, Cost, Environment, RECORD_VERSION, Record};
pub use scratch::Scratch;
pub use store::{Action, Published, Store};
pub use transfer::{Exported, Imported, TransferError};
pub use values::Values;
pub use verify::{Fault, Sample, Verified};
