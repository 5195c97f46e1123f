//! Why actions are due: what differs from the last time that the same thing was made.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stage::StageError;
use store::{Change, Miss, Preimage, Record, difference};
use study::plan::{Action, State, Subject};
use study::{Kind, Sources};

use crate::View;
use crate::overview::{count, waits};

/// Values longer than this are digests or lists, which tell a person nothing.
const LONGEST_VALUE: usize = 24;

/// How many of the actions are due for which reason.
pub fn summary(
    view: &View,
    kind: Kind,
    actions: &[&Action],
) -> Result<BTreeMap<String, usize>, StageError> {
    let due: Vec<(&Preimage, &Miss)> = actions
        .iter()
        .filter_map(|action| match &action.state {
            State::Due {
                preimage, reason, ..
            } => Some((&**preimage, reason)),
            _ => None,
        })
        .collect();
    let waiting = actions.iter().filter(|action| waits(action)).count();
    let past = if due.is_empty() {
        BTreeMap::new()
    } else {
        latest(view.store.records(kind.name())?)
    };
    let mut summary = count(
        due.into_iter()
            .map(|(preimage, miss)| reason(preimage, miss, &past)),
    );
    if waiting > 0 {
        summary.insert("waits for its inputs".to_owned(), waiting);
    }
    Ok(summary)
}

/// The newest record of each [`subject`].
pub fn latest(records: Vec<Record>) -> BTreeMap<String, Record> {
    let mut past: BTreeMap<String, Record> = BTreeMap::new();
    for record in records {
        let subject = subject(&record.preimage);
        let newer = past
            .get(&subject)
            .is_none_or(|other| other.environment.date <= record.environment.date);
        if newer {
            past.insert(subject, record);
        }
    }
    past
}

/// What an action is about, as text: two actions of a kind and subject are two results of the same thing.
pub fn subject(preimage: &Preimage) -> String {
    json!(preimage.names()).to_string()
}

/// As [`subject`], of an action whose preimage is not known yet.
pub fn planned_subject(subject: &Subject, sources: &Sources) -> String {
    json!(subject.names(sources)).to_string()
}

pub(crate) fn reason(preimage: &Preimage, miss: &Miss, past: &BTreeMap<String, Record>) -> String {
    match (miss, past.get(&subject(preimage))) {
        (Miss::Absent, None) => "new".to_owned(),
        (Miss::Absent, Some(record)) => {
            let changes: Vec<String> = difference(&record.preimage, preimage)
                .iter()
                .map(describe)
                .collect();
            changes.join(", ")
        }
        (Miss::Record { .. }, _) => "its record is damaged".to_owned(),
        (Miss::Missing { .. }, _) => "missing: will be recomputed".to_owned(),
        (Miss::Damaged { .. }, _) => "damaged: will be recomputed".to_owned(),
        (Miss::Replaced { .. }, _) => "report/ shows another report or none".to_owned(),
    }
}

pub(crate) fn describe(change: &Change) -> String {
    let short = |value: &Option<Value>| {
        let text = value.as_ref().map_or("none".to_owned(), Value::to_string);
        (text.len() <= LONGEST_VALUE).then_some(text)
    };
    match (short(&change.old), short(&change.new)) {
        (Some(old), Some(new)) => format!("{} was {old}, is {new}", change.field),
        _ => format!("{} changed", change.field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preimage(alpha: f64, code: &str) -> Preimage {
        Preimage::builder("weights")
            .code(code.to_owned())
            .name("image", "mug-07")
            .setting("lime.alpha", alpha)
            .build()
    }

    #[test]
    fn a_changed_setting_is_named_with_both_values_and_a_digest_without() {
        let change = difference(
            &preimage(1.0, &"a".repeat(64)),
            &preimage(0.5, &"b".repeat(64)),
        );
        let described: Vec<String> = change.iter().map(describe).collect();
        assert_eq!(
            described,
            ["code changed", "settings.lime.alpha was 1.0, is 0.5"]
        );
    }

    #[test]
    fn what_was_never_made_is_new() {
        assert_eq!(
            reason(&preimage(1.0, "a"), &Miss::Absent, &BTreeMap::new()),
            "new"
        );
    }
}
