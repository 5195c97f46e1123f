//! The programs as a person runs them: a small study made of two shipped images and the shipped networks.
#![expect(
    clippy::disallowed_methods,
    reason = "tests write into temporary folders of their own"
)]

mod bad_input;
mod cache;
mod files;
mod interruption;
mod study_folder;
