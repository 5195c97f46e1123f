//! What an action's result depends on, in a form that can be hashed, stored, read by a person and compared.
//!
//! The canonical form is JSON without white space, in UTF-8: one object with the fields below, absent ones left out, and in every object the
//! keys sorted by their bytes. Strings are escaped as `serde_json` does (`"`, `\`, and control characters only), integers are decimal, floats
//! the shortest decimal that reads back as the same number, always with a point or an exponent. The key is the BLAKE3 of these bytes.
//!
//! ```json
//! {"code":"9f…","inputs":{"targets.target_class":3},"kind":"weights","libtorch":"2.11.0","names":{"image":"mug-07"},
//!  "precision":"fp32","settings":{"lime.alpha":1.0},"version":1}
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;
use serde_json::{Serializer, Value, json};

use crate::Key;
use crate::values::{Text, Values};

/// Version of the canonical form. A change of it makes every key new.
pub const PREIMAGE_VERSION: u32 = 1;

/// All that the result of one action depends on, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preimage {
    // In the order of the canonical form.
    code: Text,
    inputs: Values,
    kind: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    libtorch: Option<Text>,
    names: Values,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    precision: Option<Text>,
    settings: Values,
    version: u32,
}

impl Preimage {
    /// Starts the preimage of an action of this kind, such as `weights`.
    pub fn builder(kind: impl Into<Cow<'static, str>>) -> PreimageBuilder {
        PreimageBuilder(Self {
            version: PREIMAGE_VERSION,
            kind: kind.into(),
            code: Cow::default(),
            libtorch: None,
            precision: None,
            names: Values::default(),
            settings: Values::default(),
            inputs: Values::default(),
        })
    }

    /// Kind of the action.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// A name in the rows, such as that of `image` or `network`, or the `run`.
    pub fn name(&self, of: &str) -> Option<&Value> {
        self.names.get(of)
    }

    /// Names in the rows.
    pub fn names(&self) -> &Values {
        &self.names
    }

    /// Settings that the action reads.
    pub fn settings(&self) -> &Values {
        &self.settings
    }

    /// What the action reads of files and of other actions: digests, or the values themselves.
    pub fn inputs(&self) -> &Values {
        &self.inputs
    }

    /// The canonical form.
    pub fn canonical(&self) -> String {
        canonical(self)
    }

    /// The action's key: BLAKE3 of the canonical form.
    pub fn key(&self) -> Key {
        blake3::hash(self.canonical().as_bytes()).into()
    }

    /// Every single value by its dotted path, such as `settings.lime.alpha`.
    fn leaves(&self) -> BTreeMap<String, Value> {
        let mut leaves = BTreeMap::new();
        if let Value::Object(fields) = json!(self) {
            for (name, value) in fields {
                collect_leaves(name, value, &mut leaves);
            }
        }
        leaves
    }
}

/// Gathers a [`Preimage`]. A field that is given twice keeps the later value.
#[derive(Clone, Debug)]
pub struct PreimageBuilder(Preimage);

impl PreimageBuilder {
    /// Digest of the code that makes the result.
    #[must_use]
    pub fn code(mut self, digest: impl Into<Cow<'static, str>>) -> Self {
        self.0.code = digest.into();
        self
    }

    /// Version of libtorch, for an action that uses it.
    #[must_use]
    pub fn libtorch(mut self, version: impl Into<Cow<'static, str>>) -> Self {
        self.0.libtorch = Some(version.into());
        self
    }

    /// Numeric precision of the network, for an action that runs it.
    #[must_use]
    pub fn precision(mut self, precision: impl Into<Cow<'static, str>>) -> Self {
        self.0.precision = Some(precision.into());
        self
    }

    /// A name in the rows: of the image, network, partition or method, or the run.
    #[must_use]
    pub fn name(mut self, of: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.0.names.insert(of.into(), value.into());
        self
    }

    /// A setting that the action reads. Floats must be finite.
    #[must_use]
    pub fn setting(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.0.settings.insert(name.into(), value.into());
        self
    }

    /// What is read of a file or an upstream table, and no more: a digest, or the value itself.
    #[must_use]
    pub fn input(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.0.inputs.insert(name.into(), value.into());
        self
    }

    /// The preimage.
    pub fn build(self) -> Preimage {
        self.0
    }
}

/// One value in which two preimages differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Dotted path of the value, such as `settings.lime.alpha`.
    pub field: String,
    /// Value in the old preimage; none if it is new.
    pub old: Option<Value>,
    /// Value in the new preimage; none if it is gone.
    pub new: Option<Value>,
}

/// The values in which two preimages differ, by field. Empty exactly if their keys are equal.
pub fn difference(old: &Preimage, new: &Preimage) -> Vec<Change> {
    let (old, new) = (old.leaves(), new.leaves());
    let fields: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |field: &String| Change {
        field: field.clone(),
        old: old.get(field).cloned(),
        new: new.get(field).cloned(),
    };
    fields
        .into_iter()
        .map(change)
        // By the canonical form: as floats 0.0 and -0.0 are equal, but they are different inputs.
        .filter(|change| canonical(&change.old) != canonical(&change.new))
        .collect()
}

fn collect_leaves(path: String, value: Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                collect_leaves(format!("{path}.{name}"), value, leaves);
            }
        }
        value => {
            leaves.insert(path, value);
        }
    }
}

/// What is serialised, as JSON without white space. Objects within values are sorted, because that is how `serde_json` keeps them.
fn canonical(value: &impl Serialize) -> String {
    let mut bytes = Vec::with_capacity(1024);
    let mut serializer = Serializer::with_formatter(&mut bytes, RustFloats);
    let written = value.serialize(&mut serializer);
    written.expect("every name is text, and writing to memory cannot fail");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Floats as Rust writes them, with a point or an exponent; all else without white space.
struct RustFloats;

impl Formatter for RustFloats {
    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, float: f64) -> io::Result<()> {
        write!(writer, "{float:?}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Change, Preimage, difference};

    fn example() -> Preimage {
        Preimage::builder("weights")
            .code("9f02")
            .libtorch("2.11.0")
            .precision("fp32")
            .name("image", "a'b \"<script>\"")
            .name("run", 3)
            .setting("lime.alpha", 1.0)
            .setting("lime.kernel_width", 1e-5)
            .setting(
                "lime.features",
                json!({"best": 10, "by": "highest_weights"}),
            )
            .input("targets.target_class", 3_u32)
            .input("segments.labels", "3fa4")
            .build()
    }

    #[test]
    fn the_canonical_form_is_sorted_json_without_white_space() {
        assert_eq!(
            example().canonical(),
            r#"{"code":"9f02","inputs":{"segments.labels":"3fa4","targets.target_class":3},"kind":"weights","libtorch":"2.11.0","names":{"image":"a'b \"<script>\"","run":3},"precision":"fp32","settings":{"lime.alpha":1.0,"lime.features":{"best":10,"by":"highest_weights"},"lime.kernel_width":1e-5},"version":1}"#
        );
    }

    #[test]
    fn the_canonical_form_is_that_of_its_fields() {
        for preimage in [example(), Preimage::builder("a\nb\u{7f}é").build()] {
            let fields = json!(preimage);
            assert_eq!(preimage.canonical(), super::canonical(&fields));
        }
    }

    #[test]
    fn floats_have_their_shortest_form_with_a_point_or_an_exponent() {
        let form = |float: f64| super::canonical(&json!(float));
        let floats = [
            1.0,
            -0.0,
            1e-5,
            1.234e-5,
            1e-7,
            1e16,
            1.5e20,
            5e-324,
            f64::MAX,
        ];
        let expected = [
            "1.0",
            "-0.0",
            "1e-5",
            "1.234e-5",
            "1e-7",
            "1e16",
            "1.5e20",
            "5e-324",
            "1.7976931348623157e308",
        ];
        assert_eq!(floats.map(form), expected);
    }

    #[test]
    fn a_known_preimage_has_its_known_key() {
        assert_eq!(
            example().key().to_string(),
            "c7bc2a022e0bee86ab2bbd8ffe3353895f0acaf46dc5fc6a9743107b31c72209"
        );
    }

    #[test]
    fn the_order_of_giving_does_not_count() {
        let build = |names: [&'static str; 3]| {
            names
                .iter()
                .fold(Preimage::builder("k"), |all, name| {
                    all.setting(*name, *name)
                })
                .build()
        };
        assert_eq!(build(["a", "b", "c"]).key(), build(["c", "a", "b"]).key());
    }

    #[test]
    fn every_part_counts() {
        let parts = [
            Preimage::builder("k"),
            Preimage::builder("l"),
            Preimage::builder("k").code("1"),
            Preimage::builder("k").libtorch("1"),
            Preimage::builder("k").precision("1"),
            Preimage::builder("k").name("1", "1"),
            Preimage::builder("k").setting("1", "1"),
            Preimage::builder("k").setting("1", 1),
            Preimage::builder("k").setting("1", 1.0),
            Preimage::builder("k").setting("1", -0.0),
            Preimage::builder("k").setting("1", 0.0),
            Preimage::builder("k").input("1", "1"),
        ];
        let keys: std::collections::BTreeSet<_> =
            parts.into_iter().map(|part| part.build().key()).collect();
        assert_eq!(keys.len(), 12);
    }

    #[test]
    fn a_difference_names_each_changed_value() {
        let old = example();
        let new = Preimage::builder("weights")
            .code("9f02")
            .precision("fp32")
            .name("image", "a'b \"<script>\"")
            .name("run", 3)
            .setting("lime.alpha", 0.5)
            .setting("lime.kernel_width", 1e-5)
            .setting("lime.features", json!({"best": 5, "by": "highest_weights"}))
            .setting("lime.kernel", "l2")
            .input("targets.target_class", 3_u32)
            .input("segments.labels", "3fa4")
            .build();
        let change = |field: &str, old: Value, new: Value| Change {
            field: field.into(),
            old: Some(old).filter(|value| !value.is_null()),
            new: Some(new).filter(|value| !value.is_null()),
        };
        let expected = [
            change("libtorch", json!("2.11.0"), Value::Null),
            change("settings.lime.alpha", json!(1.0), json!(0.5)),
            change("settings.lime.features.best", json!(10), json!(5)),
            change("settings.lime.kernel", Value::Null, json!("l2")),
        ];
        assert_eq!(difference(&old, &new), expected);
        assert_eq!(difference(&old, &old), []);
    }

    proptest! {
        #[test]
        fn a_preimage_read_back_has_the_same_key(float in any::<f64>(), integer in any::<i64>(), text in ".*", truth in any::<bool>()) {
            let preimage = Preimage::builder("k")
                .setting("float", float).setting("integer", integer).setting("large", u64::MAX).setting(text.clone(), text.as_str())
                .setting("truth", truth).setting("list", json!([float, text, Value::Null])).build();
            for text in [serde_json::to_string(&preimage).unwrap(), serde_json::to_string_pretty(&preimage).unwrap()] {
                let back: Preimage = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(back.key(), preimage.key());
                prop_assert_eq!(difference(&back, &preimage), []);
            }
        }
    }
}
