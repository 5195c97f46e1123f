//! The id of an artifact's content.
//!
//! The id is the BLAKE3 of these bytes. `text(s)` is the length of `s` in bytes as u64, and then `s` in UTF-8; integers are little-endian.
//!
//! 1. `text("selectivity content 1")`, `text(table name)`
//! 2. number of columns as u64; for each column `text(name)`, its type, and one byte: 1 if it may hold nulls, else 0
//! 3. number of rows as u64
//! 4. column by column, row by row: in a column that may hold nulls one byte, 1 for a value and 0 for a null (and nothing more); then the
//!    value
//!
//! | type | as bytes | value |
//! |---|---|---|
//! | boolean | 1 | one byte, 0 or 1 |
//! | u8, u16, u32, u64 | 2, 3, 4, 5 | 1, 2, 4, 8 bytes |
//! | i8, i16, i32, i64 | 6, 7, 8, 9 | 1, 2, 4, 8 bytes, two's complement |
//! | f32, f64 | 10, 11 | 4, 8 bytes: the bits as they are, so that -0.0 and every NaN count |
//! | text | 12 | as `text` |
//! | binary | 13 | as `text` |
//! | list | 14, type of the items, 1 if an item may be null, else 0 | number of items as u64; the items, as rows of a column |
//!
//! A dictionary counts as its decoded values. So nothing that a writer may choose is in the id: chunks, slices, offsets, dictionaries, the
//! bytes beneath a null, a list item's name, descriptions, compression.

use arrow_array::cast::AsArray;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, PrimitiveArray, RecordBatch, downcast_primitive_array};
use arrow_buffer::ToByteSlice;
use arrow_schema::{DataType, Schema};

use crate::ContentId;

// Numbers are hashed as they lie in memory.
#[cfg(target_endian = "big")]
compile_error!(
    "content ids are defined over little-endian bytes: this machine's numbers must be turned round first"
);

/// Names the encoding above; a change of it is a change of this.
const CONTENT_VERSION: &str = "selectivity content 1";

/// Bytes gathered before they are hashed: large enough that hashing single values costs nothing.
const GATHERED_BYTES: usize = 64 * 1024;

/// A column's type has no place in the encoding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "column {column}: a content id is defined for booleans, integers, f32, f64, text, binary and lists of them; found {found}"
)]
pub struct UnsupportedType {
    /// Name of the column.
    pub column: String,
    /// Its Arrow type.
    pub found: String,
}

/// The id of rows: the same for any batches that hold the same rows in the same order.
///
/// `schema` gives the columns where there is no batch; every batch has these columns.
pub fn content_id(
    table: &str,
    schema: &Schema,
    batches: &[RecordBatch],
) -> Result<ContentId, UnsupportedType> {
    let mut sink = Sink::default();
    sink.text(CONTENT_VERSION.as_bytes());
    sink.text(table.as_bytes());
    sink.count(schema.fields().len());
    for field in schema.fields() {
        sink.text(field.name().as_bytes());
        sink.data_type(field.name(), field.data_type())?;
        sink.put(&[u8::from(field.is_nullable())]);
    }
    sink.count(batches.iter().map(RecordBatch::num_rows).sum());
    for (column, field) in schema.fields().iter().enumerate() {
        for batch in batches {
            let array = batch.column(column);
            sink.values(array, 0, array.len(), field.is_nullable());
        }
    }
    Ok(sink.finish())
}

#[derive(Default)]
struct Sink {
    hasher: blake3::Hasher,
    gathered: Vec<u8>,
}

impl Sink {
    fn put(&mut self, bytes: &[u8]) {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHERED_BYTES {
            self.hasher.update(&self.gathered);
            self.gathered.clear();
        }
    }

    fn count(&mut self, count: usize) {
        self.put(&(count as u64).to_le_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.count(text.len());
        self.put(text);
    }

    fn finish(mut self) -> ContentId {
        self.hasher.update(&self.gathered);
        self.hasher.finalize().into()
    }

    fn data_type(&mut self, column: &str, data_type: &DataType) -> Result<(), UnsupportedType> {
        let tag = match data_type {
            DataType::Boolean => 1,
            DataType::UInt8 => 2,
            DataType::UInt16 => 3,
            DataType::UInt32 => 4,
            DataType::UInt64 => 5,
            DataType::Int8 => 6,
            DataType::Int16 => 7,
            DataType::Int32 => 8,
            DataType::Int64 => 9,
            DataType::Float32 => 10,
            DataType::Float64 => 11,
            DataType::Utf8 => 12,
            DataType::Binary => 13,
            DataType::List(item) => {
                self.put(&[14]);
                self.data_type(column, item.data_type())?;
                self.put(&[u8::from(item.is_nullable())]);
                return Ok(());
            }
            DataType::Dictionary(_, values) => return self.data_type(column, values),
            _ => {
                return Err(UnsupportedType {
                    column: column.to_owned(),
                    found: data_type.to_string(),
                });
            }
        };
        self.put(&[tag]);
        Ok(())
    }

    /// Rows `start .. start + length` of an array whose type `data_type` has accepted.
    fn values(&mut self, array: &dyn Array, start: usize, length: usize, nullable: bool) {
        downcast_primitive_array! {
            array => self.numbers(array, start, length, nullable),
            DataType::Boolean => {
                let values = array.as_boolean();
                self.rows(array, start, length, nullable, |sink, row| {
                    sink.put(&[u8::from(values.value(row))]);
                });
            }
            DataType::Utf8 => {
                let values = array.as_string::<i32>();
                self.rows(array, start, length, nullable, |sink, row| {
                    sink.text(values.value(row).as_bytes());
                });
            }
            DataType::Binary => {
                let values = array.as_binary::<i32>();
                self.rows(array, start, length, nullable, |sink, row| {
                    sink.text(values.value(row));
                });
            }
            DataType::List(item) => self.lists(array, start, length, nullable, item.is_nullable()),
            DataType::Dictionary(..) => self.dictionary(array, start, length, nullable),
            _ => unreachable!("`data_type` refuses every other type, and is called first"),
        }
    }

    /// The validity byte of each row where there is one, and `value` of the rows that have one.
    fn rows(
        &mut self,
        array: &dyn Array,
        start: usize,
        length: usize,
        nullable: bool,
        mut value: impl FnMut(&mut Self, usize),
    ) {
        let nulls = array.logical_nulls();
        for row in start..start + length {
            let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            if nullable {
                self.put(&[u8::from(valid)]);
            }
            if valid {
                value(self, row);
            }
        }
    }

    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        array: &PrimitiveArray<T>,
        start: usize,
        length: usize,
        nullable: bool,
    ) {
        let values = array.values();
        if nullable {
            self.rows(array, start, length, nullable, |sink, row| {
                sink.put(values[row].to_byte_slice());
            });
        } else {
            self.put(values[start..start + length].to_byte_slice());
        }
    }

    fn lists(
        &mut self,
        array: &dyn Array,
        start: usize,
        length: usize,
        nullable: bool,
        item_nullable: bool,
    ) {
        let lists = array.as_list::<i32>();
        self.rows(array, start, length, nullable, |sink, row| {
            let from = lists.value_offsets()[row] as usize;
            let items = lists.value_length(row) as usize;
            sink.count(items);
            sink.values(lists.values(), from, items, item_nullable);
        });
    }

    fn dictionary(&mut self, array: &dyn Array, start: usize, length: usize, nullable: bool) {
        let dictionary = array.as_any_dictionary();
        // Without values every row is null, and no key is looked up.
        let keys = if dictionary.values().is_empty() {
            Vec::new()
        } else {
            dictionary.normalized_keys()
        };
        self.rows(array, start, length, nullable, |sink, row| {
            sink.values(dictionary.values(), keys[row], 1, false);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::RecordBatch;
    use arrow_array::cast::AsArray;
    use arrow_array::{ArrayRef, Float64Array, UInt32Array};
    use arrow_buffer::NullBuffer;
    use arrow_schema::{DataType, Field, Schema};
    use arrow_select::concat::concat_batches;
    use arrow_select::take::take;
    use proptest::prelude::*;
    use schema::{Logits, Table, Target};

    use super::content_id;
    use crate::ContentId;

    fn target(image: String, class: u32, true_class: Option<u32>, probability: f32) -> Target {
        Target {
            image,
            network: "alexnet".into(),
            target_class: class,
            target_label: format!("class {}", class % 3),
            true_class,
            true_label: true_class.map(|class| format!("class {}", class % 3)),
            correct: true_class.map(|true_class| true_class == class),
            probability,
        }
    }

    fn targets() -> impl Strategy<Value = Vec<Target>> {
        let row = (".{0,4}", any::<u32>(), any::<Option<u32>>(), any::<f32>());
        prop::collection::vec(
            row.prop_map(|(image, class, truth, p)| target(image, class, truth, p)),
            1..20,
        )
    }

    fn id<T: Table>(rows: &[T]) -> ContentId {
        id_of::<T>(&[T::encode(rows)])
    }

    fn id_of<T: Table>(batches: &[RecordBatch]) -> ContentId {
        content_id(
            T::NAME,
            &batches.first().map_or_else(T::schema, RecordBatch::schema),
            batches,
        )
        .unwrap()
    }

    /// A batch of one nullable column, with these numbers beneath the nulls.
    fn nullable(numbers: Vec<u32>, valid: &[bool]) -> RecordBatch {
        let array: ArrayRef = Arc::new(UInt32Array::new(
            numbers.into(),
            Some(NullBuffer::from(valid.to_vec())),
        ));
        RecordBatch::try_new(
            Arc::new(Schema::new(vec![Field::new(
                "number",
                DataType::UInt32,
                true,
            )])),
            vec![array],
        )
        .unwrap()
    }

    fn nullable_id(batch: &RecordBatch) -> ContentId {
        content_id("numbers", &batch.schema(), std::slice::from_ref(batch)).unwrap()
    }

    #[test]
    fn the_id_is_the_hash_of_the_documented_bytes() {
        let row = Logits {
            image: "é".into(),
            network: "n".into(),
            predicted_class: 258,
            probability: -0.0,
            logits: vec![1.0, f32::NAN],
        };
        let mut bytes = Vec::new();
        let text = |bytes: &mut Vec<u8>, text: &str| {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        };
        text(&mut bytes, "selectivity content 1");
        text(&mut bytes, "logits");
        bytes.extend(5_u64.to_le_bytes());
        for (name, data_type) in [
            ("image", &[12][..]),
            ("network", &[12]),
            ("predicted_class", &[4]),
            ("probability", &[10]),
            ("logits", &[14, 10, 0]),
        ] {
            text(&mut bytes, name);
            bytes.extend(data_type);
            bytes.push(0);
        }
        bytes.extend(1_u64.to_le_bytes());
        text(&mut bytes, "é");
        text(&mut bytes, "n");
        bytes.extend([2, 1, 0, 0]);
        bytes.extend([0, 0, 0, 0x80]);
        bytes.extend(2_u64.to_le_bytes());
        bytes.extend(1.0_f32.to_le_bytes());
        bytes.extend(f32::NAN.to_le_bytes());
        assert_eq!(id(&[row]), blake3::hash(&bytes).into());
    }

    #[test]
    fn a_known_table_has_its_known_id() {
        let rows = [
            target("mug-07".into(), 3, Some(3), 0.75),
            target("key-01".into(), 4, None, 0.5),
        ];
        assert_eq!(
            id(&rows).to_string(),
            "121f23674c02fadeb763dc65483542900b8c98136534c39979766e83ce1fb5a3"
        );
    }

    #[test]
    fn columns_without_a_defined_encoding_are_named() {
        let field = Field::new("when", DataType::Date32, false);
        let error = content_id("t", &Schema::new(vec![field]), &[]).unwrap_err();
        assert!(error.to_string().starts_with("column when:"), "{error}");
    }

    #[test]
    fn zeros_and_nans_count_by_their_bits() {
        let of = |value: f64| {
            let array: ArrayRef = Arc::new(Float64Array::from(vec![value]));
            let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
            nullable_id(&batch)
        };
        assert_ne!(of(0.0), of(-0.0));
        assert_ne!(of(f64::NAN), of(-f64::NAN));
        assert_eq!(of(f64::NAN), of(f64::NAN));
    }

    #[test]
    fn a_null_of_text_in_a_dictionary_without_values_has_an_id() {
        let rows = [target("a".into(), 1, None, 0.0)];
        let plain = plain_text(&Target::encode(&rows));
        assert_eq!(id(&rows), id_of::<Target>(&[plain]));
    }

    fn plain_text(batch: &RecordBatch) -> RecordBatch {
        let schema = batch.schema();
        let columns = schema
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, array)| {
                let plain = match array.data_type() {
                    DataType::Dictionary(..) => {
                        let array = array.as_any_dictionary();
                        take(array.values(), array.keys(), None).unwrap()
                    }
                    _ => array.clone(),
                };
                (
                    Field::new(field.name(), plain.data_type().clone(), field.is_nullable()),
                    plain,
                )
            });
        let (fields, columns): (Vec<_>, Vec<_>) = columns.unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }

    proptest! {
        #[test]
        fn the_same_rows_have_the_same_id_in_any_form(rows in targets(), cut in any::<prop::sample::Index>(), before in targets()) {
            let expected = id(&rows);
            let (head, tail) = rows.split_at(cut.index(rows.len() + 1));
            let halves = [Target::encode(head), Target::encode(tail)];
            prop_assert_eq!(id_of::<Target>(&halves), expected);
            let schema = Target::schema();
            let both = concat_batches(&schema, &[Target::encode(&before), Target::encode(&rows)]).unwrap();
            prop_assert_eq!(id_of::<Target>(&[both.slice(before.len(), rows.len())]), expected);
            prop_assert_eq!(id_of::<Target>(&[plain_text(&halves[0]), plain_text(&halves[1])]), expected);
        }

        #[test]
        fn any_changed_value_gives_another_id(
            rows in targets(), at in any::<prop::sample::Index>(), column in 0..8_usize, bit in 0..32_u32,
        ) {
            let mut changed = rows.clone();
            let row = &mut changed[at.index(rows.len())];
            match column {
                0 => row.image.push(' '),
                1 => row.network.push('x'),
                2 => row.target_class ^= 1 << bit,
                3 => row.target_label.insert(0, '-'),
                4 => row.true_class = if row.true_class.is_none() { Some(0) } else { None },
                5 => row.true_label = if row.true_label.is_none() { Some(String::new()) } else { None },
                6 => row.correct = match row.correct { None => Some(false), Some(false) => Some(true), Some(true) => None },
                _ => row.probability = f32::from_bits(row.probability.to_bits() ^ (1 << bit)),
            }
            prop_assert_ne!(id(&rows), id(&changed));
        }

        #[test]
        fn moving_a_byte_between_neighbours_gives_another_id(text in "[a-z]{2,6}", at in 1..5_usize) {
            let at = at.min(text.len() - 1);
            let pair = |cut: usize| [target(text[..cut].into(), 1, None, 0.5), target(text[cut..].into(), 1, None, 0.5)];
            prop_assert_ne!(id(&pair(at)), id(&pair(at - 1)));
        }

        #[test]
        fn what_lies_beneath_a_null_does_not_count(numbers in prop::collection::vec((any::<u32>(), any::<u32>(), any::<bool>()), 1..30)) {
            let valid: Vec<_> = numbers.iter().map(|(.., valid)| *valid).collect();
            let clean = numbers.iter().map(|(number, _, valid)| if *valid { *number } else { 0 }).collect();
            let dirty = numbers.iter().map(|(number, garbage, valid)| if *valid { *number } else { *garbage }).collect();
            prop_assert_eq!(nullable_id(&nullable(clean, &valid)), nullable_id(&nullable(dirty, &valid)));
        }
    }
}
