//! The programs as a person runs them, on a small study made of two shipped images and the shipped networks; and the methods
//! beside their published implementations.
#![expect(
    clippy::disallowed_methods,
    reason = "tests write into temporary folders of their own"
)]

mod bad_input;
mod cache;
mod checks;
mod commands;
mod controls;
mod external;
mod fetch;
mod files;
mod inputs;
mod interruption;
mod measures;
mod mutations;
mod networks;
mod parity;
mod photographs;
mod report;
mod shards;
mod study_files;
mod study_folder;
mod ways;
