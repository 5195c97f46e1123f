//! The digest of the code behind each kind of action and each plug-in, made at build time by `build.rs`.
//!
//! A digest covers the files in which the action is computed, every file of the workspace that these use, and the versions of the external
//! crates that all of them name. The rules are in `code/digest.rs`, and they are stated in ARCHITECTURE.md.

#[cfg(test)]
#[path = "code/digest.rs"]
mod digest;

include!(concat!(env!("OUT_DIR"), "/code_digests.rs"));

/// The digest, 64 hexadecimal digits, of the code of a unit: a kind of action, or the module of a plug-in. None for every other name.
pub fn digest(unit: &str) -> Option<&'static str> {
    let found = DIGESTS.iter().find(|(name, _)| *name == unit);
    found.map(|(_, digest)| *digest)
}

#[cfg(test)]
mod edits;
#[cfg(test)]
mod tests;
