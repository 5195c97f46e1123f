//! Protocol buffers field by field, as views of the file: `prost` decodes keys and numbers, and nothing is copied.
//!
//! Its derived messages are not used: they own what they hold, so that a small file with a million empty parts would take much memory.

use prost::bytes::Buf;
use prost::encoding::{WireType, decode_key, decode_varint};

/// The content of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    /// An integer or a truth value.
    Number(u64),
    /// A text, a message, or packed numbers.
    Bytes(&'a [u8]),
    /// A real number of 32 bits.
    Single(f32),
    /// A real number of 64 bits.
    Double(f64),
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err("a number stands where a text or a message was expected".to_owned()),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, String> {
        std::str::from_utf8(self.bytes()?).map_err(|_| "a text in it is not UTF-8".to_owned())
    }

    pub(super) fn int(self) -> Result<i64, String> {
        match self {
            Self::Number(number) => Ok(number as i64),
            _ => Err("a text or a message stands where an integer was expected".to_owned()),
        }
    }

    pub(super) fn real(self) -> Result<f32, String> {
        match self {
            Self::Single(number) => Ok(number),
            _ => Err("something else stands where a real number was expected".to_owned()),
        }
    }
}

/// The fields of a message with their numbers, in the order of the file. After an error there are none.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u32, Field<'a>), String> {
        let rest = &mut self.0;
        let cut = || "a message in it is cut".to_owned();
        let (number, wire) = decode_key(rest).map_err(|error| error.to_string())?;
        let field = match wire {
            WireType::Varint => {
                Field::Number(decode_varint(rest).map_err(|error| error.to_string())?)
            }
            WireType::LengthDelimited => {
                let length = decode_varint(rest).map_err(|error| error.to_string())?;
                let length = usize::try_from(length).map_err(|_| cut())?;
                let (bytes, behind) = rest.split_at_checked(length).ok_or_else(cut)?;
                *rest = behind;
                Field::Bytes(bytes)
            }
            WireType::ThirtyTwoBit => Field::Single(rest.try_get_f32_le().map_err(|_| cut())?),
            WireType::SixtyFourBit => Field::Double(rest.try_get_f64_le().map_err(|_| cut())?),
            WireType::StartGroup | WireType::EndGroup => {
                return Err("it has groups, which ONNX does not use".to_owned());
            }
        };
        Ok((number, field))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Field<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// The integers of a packed field, one after another.
pub(super) struct Packed<'a>(pub(super) &'a [u8]);

impl Iterator for Packed<'_> {
    type Item = Result<u64, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let number = decode_varint(&mut self.0);
        if number.is_err() {
            self.0 = &[];
        }
        Some(number.map_err(|error| error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(bytes: &[u8]) -> Vec<Result<(u32, Field<'_>), String>> {
        Fields(bytes).collect()
    }

    #[test]
    fn fields_are_views_of_the_file() {
        let bytes = b"\x08\x96\x01\x12\x02hi\x1d\0\0\x80\x3f\x21\0\0\0\0\0\0\0\x40";
        let found = fields(bytes);
        let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
        assert!(matches!(found[0], (1, Field::Number(150))));
        assert_eq!(found[1].1.text(), Ok("hi"));
        assert_eq!(found[2].1.real(), Ok(1.0));
        assert!(matches!(found[3], (4, Field::Double(two)) if two.to_bits() == 2.0_f64.to_bits()));
        assert_eq!(
            Packed(b"\x01\x96\x01").collect::<Vec<_>>(),
            [Ok(1), Ok(150)]
        );
    }

    #[test]
    fn what_is_cut_ends_in_an_error() {
        for bytes in [
            &b"\x08"[..],
            b"\x12\x05hi",
            b"\x1d\0",
            b"\x21\0",
            b"\x0b",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            let found = fields(bytes);
            assert!(
                matches!(&found[..], [Err(reason)] if !reason.is_empty()),
                "{bytes:?}"
            );
        }
        assert!(Field::Number(1).bytes().is_err() && Field::Bytes(b"\xff").text().is_err());
    }
}
