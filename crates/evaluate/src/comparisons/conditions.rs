//! Where methods are compared: a measure under a condition, with the values of each method.

use std::collections::BTreeMap;

use sampling::Seed;
use schema::{AnyRows, Column, Value};
use statistics::mean;

const MOST_RELEVANT_FIRST: &str = "most_relevant_first";
const LEAST_RELEVANT_FIRST: &str = "least_relevant_first";

/// A measure, and where two methods must have it to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition<'a> {
    pub(super) measure: &'static str,
    pub(super) higher_is_better: bool,
    pub(super) network: &'a str,
    pub(super) partition: &'a str,
    pub(super) order: Option<&'a str>,
    pub(super) replacement: Option<&'a str>,
}

/// A method's values by image, in the order of runs. An image of which a run has no value is left out.
pub(super) type Images<'a> = BTreeMap<&'a str, Vec<f64>>;
/// By method.
pub(super) type Methods<'a> = BTreeMap<&'a str, Images<'a>>;
/// By condition.
pub(super) type Conditions<'a> = BTreeMap<Condition<'a>, Methods<'a>>;
/// An image's values by run, so that the order of the rows does not matter.
type Runs = BTreeMap<u32, Option<f64>>;

/// The values of every column by which methods are compared.
pub(super) fn conditions<'a>(
    tables: &[&'a dyn AnyRows],
    better: &BTreeMap<&str, &str>,
) -> Conditions<'a> {
    let mut runs: BTreeMap<(Condition<'a>, &str, &str), Runs> = BTreeMap::new();
    for rows in tables {
        let columns = rows.table().columns;
        for row in (0..rows.count()).map(|place| rows.row(place)) {
            let row = Row {
                columns,
                values: row,
            };
            let keys = (row.text("method"), row.text("image"));
            let (Some(method), Some(image)) = keys else {
                continue;
            };
            for (condition, value) in row.measured(better) {
                let values = runs.entry((condition, method, image)).or_default();
                values.insert(row.run(), value);
            }
        }
    }
    let mut conditions = Conditions::new();
    for ((condition, method, image), runs) in runs {
        let methods: &mut Methods<'a> = conditions.entry(condition).or_default();
        let images = methods.entry(method).or_default();
        if let Some(values) = runs.into_values().collect::<Option<Vec<f64>>>() {
            images.insert(image, values);
        }
    }
    conditions
}

/// A row of any measure.
struct Row<'a> {
    columns: &'static [Column],
    values: Vec<Value<'a>>,
}

impl<'a> Row<'a> {
    fn value(&self, name: &str) -> Value<'a> {
        let place = self.columns.iter().position(|column| column.name == name);
        place.map_or(Value::Null, |place| self.values[place])
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        match self.value(name) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn run(&self) -> u32 {
        match self.value("run") {
            Value::Count(run) => run,
            _ => 0,
        }
    }

    /// What the row says under which conditions.
    fn measured(
        &self,
        better: &BTreeMap<&str, &str>,
    ) -> impl Iterator<Item = (Condition<'a>, Option<f64>)> {
        let order = self.text("order");
        // Where the least relevant goes first, what is bad otherwise is good.
        let reversed = order == Some(LEAST_RELEVANT_FIRST);
        let measures = self.columns.iter().zip(&self.values);
        measures.filter_map(move |(column, value)| {
            let condition = Condition {
                measure: column.name,
                higher_is_better: (*better.get(column.name)? == "higher") != reversed,
                network: self.text("network")?,
                partition: self.text("partition")?,
                order,
                replacement: self.text("replacement"),
            };
            let value = value.number().filter(|value| value.is_finite());
            Some((condition, value))
        })
    }
}

impl Condition<'_> {
    /// Where the reversed explanations are judged that this condition judges as they are; none of a measure that has no orders.
    pub(super) fn reversed(&self) -> Option<Self> {
        Some(Self {
            higher_is_better: !self.higher_is_better,
            order: Some(match self.order? {
                MOST_RELEVANT_FIRST => LEAST_RELEVANT_FIRST,
                _ => MOST_RELEVANT_FIRST,
            }),
            ..*self
        })
    }

    /// The seed of an interval about these methods.
    pub(super) fn seed(&self, study: u64, about: &[&str]) -> [u8; 32] {
        let [order, replacement] = [self.order, self.replacement].map(Option::unwrap_or_default);
        let parts = [
            self.measure,
            self.network,
            self.partition,
            order,
            replacement,
        ];
        let parts: Vec<&[u8]> = parts
            .iter()
            .chain(about)
            .map(|part| part.as_bytes())
            .collect();
        Seed::derive(study, &parts).0
    }

    pub(super) fn order(&self) -> Option<String> {
        self.order.map(str::to_owned)
    }

    pub(super) fn replacement(&self) -> Option<String> {
        self.replacement.map(str::to_owned)
    }

    pub(super) fn better(&self) -> String {
        if self.higher_is_better {
            "higher"
        } else {
            "lower"
        }
        .to_owned()
    }
}

/// The images that all methods have, each with the methods' values.
pub(super) fn complete<'m>(methods: &'m Methods<'_>) -> Vec<Vec<&'m [f64]>> {
    let Some(first) = methods.values().next() else {
        return Vec::new();
    };
    first
        .keys()
        .filter_map(|image| {
            let values = methods.values();
            values
                .map(|images| images.get(image).map(Vec::as_slice))
                .collect()
        })
        .collect()
}

/// The methods' means over runs, or what ranks them: lower first where lower is better, else turned over.
pub(super) fn ranked(condition: &Condition<'_>, cells: &[&[f64]]) -> Option<Vec<f64>> {
    let sign = if condition.higher_is_better {
        -1.0
    } else {
        1.0
    };
    cells.iter().map(|runs| Some(sign * mean(runs)?)).collect()
}
