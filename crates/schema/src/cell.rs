//! What a single field of a row can be, and how a column of it goes to Arrow and back.

use std::fmt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int32Type, UInt16Type, UInt32Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, ListArray, PrimitiveArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field};

use crate::Value;

/// Type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// True or false.
    Boolean,
    /// Unsigned integer of 16 bits.
    U16,
    /// Unsigned integer of 32 bits.
    U32,
    /// IEEE float of 32 bits.
    F32,
    /// IEEE float of 64 bits.
    F64,
    /// Bytes.
    Binary,
    /// List of [`Kind::U16`] without nulls.
    ListU16,
    /// List of [`Kind::U32`] without nulls.
    ListU32,
    /// List of [`Kind::F32`] without nulls.
    ListF32,
}

impl Kind {
    /// The Arrow type that [`crate::Table::encode`] writes.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            Self::Boolean => DataType::Boolean,
            Self::U16 => DataType::UInt16,
            Self::U32 => DataType::UInt32,
            Self::F32 => DataType::Float32,
            Self::F64 => DataType::Float64,
            Self::Binary => DataType::Binary,
            Self::ListU16 => list_of(DataType::UInt16),
            Self::ListU32 => list_of(DataType::UInt32),
            Self::ListF32 => list_of(DataType::Float32),
        }
    }

    /// Whether [`crate::Table::decode`] reads a column of this Arrow type: plain text for a dictionary, and any name of a list's items.
    pub fn reads(self, found: &DataType) -> bool {
        match (self, found) {
            (Self::Text, DataType::Utf8) => true,
            (Self::ListU16, DataType::List(item)) => *item.data_type() == DataType::UInt16,
            (Self::ListU32, DataType::List(item)) => *item.data_type() == DataType::UInt32,
            (Self::ListF32, DataType::List(item)) => *item.data_type() == DataType::Float32,
            _ => *found == self.data_type(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Boolean => "boolean",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Binary => "binary",
            Self::ListU16 => "list<u16>",
            Self::ListU32 => "list<u32>",
            Self::ListF32 => "list<f32>",
        })
    }
}

fn list_of(item: DataType) -> DataType {
    DataType::List(list_item(item))
}

fn list_item(item: DataType) -> Arc<Field> {
    // "element" is the name that the Parquet specification gives to a list's items.
    Arc::new(Field::new("element", item, false))
}

/// A field's value. `decode` is called only with an array whose type [`Kind::reads`] and, unless `NULLABLE`, without nulls.
pub trait Cell: Sized {
    /// Its type.
    const KIND: Kind;
    /// Whether it may be absent.
    const NULLABLE: bool;

    /// A column of values.
    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef
    where
        Self: 'a;

    /// The values of a column.
    fn decode(array: &dyn Array) -> Vec<Self>;

    /// The value for checks and readers.
    fn value(&self) -> Value<'_>;
}

/// Implements [`Cell`] for a type and for its `Option`, from two functions over columns of options, and what a single value is.
macro_rules! cell {
    ($value:ty, $kind:expr, $encode:path, $decode:path, $single:expr) => {
        impl Cell for $value {
            const KIND: Kind = $kind;
            const NULLABLE: bool = false;

            fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
                $encode(values.map(Some))
            }

            fn decode(array: &dyn Array) -> Vec<Self> {
                $decode(array).into_iter().flatten().collect()
            }

            fn value(&self) -> Value<'_> {
                let single: fn(&Self) -> Value<'_> = $single;
                single(self)
            }
        }

        impl Cell for Option<$value> {
            const KIND: Kind = $kind;
            const NULLABLE: bool = true;

            fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
                $encode(values.map(Option::as_ref))
            }

            fn decode(array: &dyn Array) -> Vec<Self> {
                $decode(array)
            }

            fn value(&self) -> Value<'_> {
                self.as_ref().map_or(Value::Null, Cell::value)
            }
        }
    };
}

cell!(String, Kind::Text, encode_text, decode_text, |text| {
    Value::Text(text)
});
cell!(
    bool,
    Kind::Boolean,
    encode_boolean,
    decode_boolean,
    |truth| Value::Truth(*truth)
);
cell!(
    u16,
    Kind::U16,
    encode_primitive::<UInt16Type>,
    decode_primitive::<UInt16Type>,
    |count| Value::Count((*count).into())
);
cell!(
    u32,
    Kind::U32,
    encode_primitive::<UInt32Type>,
    decode_primitive::<UInt32Type>,
    |count| Value::Count(*count)
);
cell!(
    f32,
    Kind::F32,
    encode_primitive::<Float32Type>,
    decode_primitive::<Float32Type>,
    |number| Value::Number((*number).into())
);
cell!(
    f64,
    Kind::F64,
    encode_primitive::<Float64Type>,
    decode_primitive::<Float64Type>,
    |number| Value::Number(*number)
);
cell!(Vec<u8>, Kind::Binary, encode_binary, decode_binary, |_| {
    Value::Other
});

/// Implements [`Cell`] for a list of numbers.
macro_rules! list_cell {
    ($item:ty, $arrow:ty, $kind:expr, $whole:expr) => {
        impl Cell for Vec<$item> {
            const KIND: Kind = $kind;
            const NULLABLE: bool = false;

            fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
                encode_list::<$arrow>(values)
            }

            fn decode(array: &dyn Array) -> Vec<Self> {
                decode_list::<$arrow>(array)
            }

            fn value(&self) -> Value<'_> {
                let whole: fn(&Self) -> Value<'_> = $whole;
                whole(self)
            }
        }
    };
}

list_cell!(u16, UInt16Type, Kind::ListU16, |_| Value::Other);
list_cell!(u32, UInt32Type, Kind::ListU32, |_| Value::Other);
list_cell!(f32, Float32Type, Kind::ListF32, |numbers| Value::Numbers(
    numbers
));

fn encode_text<'a>(values: impl Iterator<Item = Option<&'a String>>) -> ArrayRef {
    Arc::new(
        values
            .map(|value| value.map(String::as_str))
            .collect::<DictionaryArray<Int32Type>>(),
    )
}

fn decode_text(array: &dyn Array) -> Vec<Option<String>> {
    if let Some(plain) = array.as_string_opt::<i32>() {
        return plain.iter().map(|value| value.map(str::to_owned)).collect();
    }
    let dictionary = array.as_dictionary::<Int32Type>();
    let texts: Vec<_> = dictionary.values().as_string::<i32>().iter().collect();
    // Arrow allows a null among a dictionary's values as well as among its keys.
    let text = |key: i32| texts[key as usize].map(str::to_owned);
    dictionary
        .keys()
        .iter()
        .map(|key| key.and_then(text))
        .collect()
}

fn encode_boolean<'a>(values: impl Iterator<Item = Option<&'a bool>>) -> ArrayRef {
    Arc::new(
        values
            .map(Option::<&bool>::copied)
            .collect::<BooleanArray>(),
    )
}

fn decode_boolean(array: &dyn Array) -> Vec<Option<bool>> {
    array.as_boolean().iter().collect()
}

fn encode_primitive<'a, T: ArrowPrimitiveType>(
    values: impl Iterator<Item = Option<&'a T::Native>>,
) -> ArrayRef {
    Arc::new(
        values
            .map(Option::<&T::Native>::copied)
            .collect::<PrimitiveArray<T>>(),
    )
}

fn decode_primitive<T: ArrowPrimitiveType>(array: &dyn Array) -> Vec<Option<T::Native>> {
    array.as_primitive::<T>().iter().collect()
}

fn encode_binary<'a>(values: impl Iterator<Item = Option<&'a Vec<u8>>>) -> ArrayRef {
    Arc::new(values.collect::<BinaryArray>())
}

fn decode_binary(array: &dyn Array) -> Vec<Option<Vec<u8>>> {
    array
        .as_binary::<i32>()
        .iter()
        .map(|value| value.map(<[u8]>::to_vec))
        .collect()
}

fn encode_list<'a, T: ArrowPrimitiveType>(
    lists: impl Iterator<Item = &'a Vec<T::Native>>,
) -> ArrayRef {
    let lists: Vec<_> = lists.collect();
    let items =
        PrimitiveArray::<T>::from_iter_values(lists.iter().flat_map(|list| list.iter().copied()));
    let offsets = OffsetBuffer::from_lengths(lists.iter().map(|list| list.len()));
    Arc::new(ListArray::new(
        list_item(T::DATA_TYPE),
        offsets,
        Arc::new(items),
        None,
    ))
}

fn decode_list<T: ArrowPrimitiveType>(array: &dyn Array) -> Vec<Vec<T::Native>> {
    array
        .as_list::<i32>()
        .iter()
        .flatten()
        .map(|items| items.as_primitive::<T>().values().to_vec())
        .collect()
}
