//! The digest of the code behind each kind of action, made at build time by `build.rs`.
//!
//! A digest covers the files in which the action is computed, every file of the workspace that these use, and the versions of the external
//! crates that all of them name. The rules are in `code/digest.rs`, and they are stated in ARCHITECTURE.md.

#[cfg(test)]
#[path = "code/digest.rs"]
mod digest;

include!(concat!(env!("OUT_DIR"), "/code_digests.rs"));

/// The digest, 64 hexadecimal digits, of the code that makes the table `kind`; none for tables that no action makes.
pub fn digest(kind: &str) -> Option<&'static str> {
    let found = DIGESTS.iter().find(|(name, _)| *name == kind);
    found.map(|(_, digest)| *digest)
}

#[cfg(test)]
mod tests;
