//! Rows and record batches.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float32Array, Int32Array, ListArray, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;

use super::{SchemaError, Table};
use crate::{Crop, Kind, Logits, Segments, Target};

fn target(image: &str, true_label: Option<&str>) -> Target {
    Target {
        image: image.into(),
        network: "alexnet".into(),
        target_class: 3,
        target_label: "mug".into(),
        true_class: true_label.map(|_| 3),
        true_label: true_label.map(str::to_owned),
        correct: true_label.map(|label| label == "mug"),
        probability: 0.75,
    }
}

fn crop(truth_mask: Option<Vec<u8>>) -> Crop {
    Crop {
        image: "a'b".into(),
        image_digest: "3f".into(),
        source_height: 300,
        source_width: 361,
        height: 4,
        width: 6,
        rgb: vec![137, 80, 0],
        truth_mask,
    }
}

/// The batch with one column (and its field) replaced.
fn with_column(batch: &RecordBatch, at: usize, field: Field, array: ArrayRef) -> RecordBatch {
    let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
    let mut columns = batch.columns().to_vec();
    fields[at] = Arc::new(field);
    columns[at] = array;
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

#[test]
fn description_names_the_table_and_each_column_in_order() {
    let description = Target::description();
    let keys: Vec<_> = description.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys[..4], ["table", "row", "image.unit", "image.meaning"]);
    assert_eq!(keys.len(), 2 + 2 * Target::columns().len());
    assert_eq!(
        description[1].1,
        "The class that every explanation of an image in a network explains."
    );
    let schema = Target::schema();
    assert_eq!(
        schema.metadata().get("probability.unit").unwrap(),
        "probability"
    );
    assert!(
        description
            .iter()
            .all(|(_, text)| !text.is_empty() && *text == text.trim())
    );
}

#[test]
fn text_is_dictionary_encoded() {
    let batch = Target::encode(&[target("mug-07", None), target("mug-07", None)]);
    let images = batch.column(0).as_dictionary::<Int32Type>();
    assert_eq!(images.values().len(), 1);
}

#[test]
fn plain_text_and_any_item_name_decode() {
    let rows = [target("mug-07", Some("mug")), target("key-01", None)];
    let plain = Arc::new(StringArray::from(vec!["mug-07", "key-01"]));
    let batch = with_column(
        &Target::encode(&rows),
        0,
        Field::new("image", DataType::Utf8, false),
        plain,
    );
    assert_eq!(Target::decode(&batch).unwrap(), rows);

    let row = Logits {
        image: "a".into(),
        network: "n".into(),
        predicted_class: 0,
        probability: 1.0,
        logits: vec![1.0, -0.0],
    };
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    let list = ListArray::new(
        item,
        arrow_buffer::OffsetBuffer::from_lengths([2]),
        Arc::new(Float32Array::from(vec![1.0, -0.0])),
        None,
    );
    let field = Field::new("logits", list.data_type().clone(), false);
    let batch = with_column(
        &Logits::encode(std::slice::from_ref(&row)),
        4,
        field,
        Arc::new(list),
    );
    assert_eq!(Logits::decode(&batch).unwrap(), [row]);
}

#[test]
fn a_null_among_a_dictionarys_values_is_a_null() {
    let rows = [target("mug-07", Some("mug"))];
    let values = Arc::new(StringArray::from(vec![None, Some("mug")]));
    let labels = DictionaryArray::<Int32Type>::new(Int32Array::from(vec![0]), values);
    let field = Field::new("true_label", Kind::Text.data_type(), true);
    let batch = with_column(&Target::encode(&rows), 5, field, Arc::new(labels.clone()));
    assert_eq!(Target::decode(&batch).unwrap()[0].true_label, None);

    let field = Field::new("image", Kind::Text.data_type(), true);
    let batch = with_column(&Target::encode(&rows), 0, field, Arc::new(labels));
    assert!(matches!(
        Target::decode(&batch),
        Err(SchemaError::Nullability {
            column: "image",
            expected_nullable: false,
            ..
        })
    ));
}

#[test]
fn a_missing_or_misplaced_column_is_named() {
    let batch = Target::encode(&[target("mug-07", None)]);
    let without = batch.project(&[0, 1, 2, 3, 4, 5, 6]).unwrap();
    let swapped = batch.project(&[1, 0, 2, 3, 4, 5, 6, 7]).unwrap();
    for wrong in [without, swapped] {
        let error = Target::decode(&wrong).unwrap_err().to_string();
        assert!(
            error.starts_with("table targets: expected the columns image, network, target_class"),
            "{error}"
        );
    }
}

#[test]
fn a_wrong_type_is_named_with_what_was_expected_and_found() {
    let batch = Target::encode(&[target("mug-07", None)]);
    let field = Field::new("target_class", DataType::Int32, false);
    let error = Target::decode(&with_column(
        &batch,
        2,
        field,
        Arc::new(Int32Array::from(vec![3])),
    ))
    .unwrap_err();
    assert!(
        error.to_string().starts_with(
            "table targets, column target_class: expected values of type u32; found Int32."
        ),
        "{error}"
    );
}

#[test]
fn an_absent_list_item_is_an_error() {
    let row = Logits {
        image: "a".into(),
        network: "n".into(),
        predicted_class: 0,
        probability: 1.0,
        logits: vec![1.0],
    };
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    let list = ListArray::new(
        item,
        arrow_buffer::OffsetBuffer::from_lengths([1]),
        Arc::new(Float32Array::from(vec![None])),
        None,
    );
    let field = Field::new("logits", list.data_type().clone(), false);
    let batch = with_column(&Logits::encode(&[row]), 4, field, Arc::new(list));
    assert_eq!(
        Logits::decode(&batch),
        Err(SchemaError::Null {
            table: "logits",
            column: "logits",
            nulls: 1
        })
    );
}

#[test]
fn no_rows_are_a_batch_without_rows() {
    assert_eq!(Crop::decode(&Crop::encode(&[])).unwrap(), []);
}

proptest! {
    #[test]
    fn rows_come_back_as_they_went(
        texts in prop::collection::vec((".{0,6}", prop::option::of(".{0,3}")), 0..20),
        mask in prop::option::of(prop::collection::vec(any::<u8>(), 0..9)),
        lists in prop::collection::vec(prop::collection::vec(any::<u16>(), 0..7), 1..5),
    ) {
        let targets: Vec<_> = texts.iter().map(|(image, label)| target(image, label.as_deref())).collect();
        prop_assert_eq!(Target::decode(&Target::encode(&targets)).unwrap(), targets.clone());
        let crops = [crop(mask), crop(None)];
        prop_assert_eq!(Crop::decode(&Crop::encode(&crops)).unwrap(), crops);
        let segments: Vec<_> = lists.into_iter().map(|labels| Segments {
            image: "i".into(), partition: "p".into(), algorithm: "grid".into(), superpixels: 6, height: 2, width: 3, labels,
        }).collect();
        let batch = Segments::encode(&segments);
        prop_assert_eq!(Segments::decode(&batch).unwrap(), segments.clone());
        let slice = batch.slice(1, segments.len() - 1);
        prop_assert_eq!(&Segments::decode(&slice).unwrap(), &segments[1..]);
    }
}
