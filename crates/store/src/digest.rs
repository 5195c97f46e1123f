//! The two kinds of BLAKE3 digest that name files, as types that cannot be taken for each other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a digest of 64 hexadecimal digits; found {found:?}")]
pub struct DigestError {
    /// The text found.
    pub found: String,
}

/// A 32-byte digest that reads and prints as 64 lower-case hexadecimal digits.
macro_rules! digest {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl From<blake3::Hash> for $name {
            fn from(hash: blake3::Hash) -> Self {
                Self(*hash.as_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                let hash = blake3::Hash::from_hex(text).map_err(|_| DigestError { found: text.to_owned() })?;
                Ok(hash.into())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // Without a copy of the text, because there are millions of them in a large store.
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        formatter.write_str("a digest of 64 hexadecimal digits")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

digest! {
    /// Names an artifact: the BLAKE3 of its rows ([`crate::content_id`]).
    ContentId
}

digest! {
    /// Names an action: the BLAKE3 of its preimage's canonical bytes ([`crate::Preimage::key`]).
    Key
}

#[cfg(test)]
mod tests {
    use super::{ContentId, Key};

    #[test]
    fn text_and_digest_are_each_others_inverse() {
        let id = ContentId(std::array::from_fn(|byte| byte as u8 * 7));
        assert!(id.to_string().starts_with("00070e15"));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn text_that_is_no_digest_is_refused_with_what_was_found() {
        let error = "9c01".parse::<Key>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a digest of 64 hexadecimal digits; found \"9c01\""
        );
    }
}
