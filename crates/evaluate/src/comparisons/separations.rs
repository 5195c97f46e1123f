//! How surely each measure tells orders of known worth apart: searched ones, explanations, orders drawn by chance, and reversed explanations.
//!
//! A separation is a probability of superiority (Vargha and Delaney 2000), taken within each image, so that it means the same for every
//! measure. The reversed explanation is judged by the curve of the other order; a measure without orders says by itself whether reversing negates it.

use schema::Separation;
use statistics::{Interval, mean, mean_interval};

use super::conditions::{Condition, Conditions, Images, Methods};
use super::{Settings, because};

/// The values of one method, and whether they are negated: those of a reversed explanation.
#[derive(Clone, Copy)]
struct Member<'m> {
    name: &'m str,
    images: &'m Images<'m>,
    negated: bool,
}

impl Member<'_> {
    fn runs(&self, image: &str) -> Option<Vec<f64>> {
        let sign = if self.negated { -1.0 } else { 1.0 };
        let runs = self.images.get(image)?.iter();
        Some(runs.map(|value| sign * value).collect())
    }
}

/// Orders that should be equally good.
struct Group<'m> {
    name: &'static str,
    members: Vec<Member<'m>>,
}

/// The groups of a condition that have members, told apart.
pub(super) fn separations<'a>(
    condition: &Condition<'a>,
    methods: &'a Methods<'a>,
    conditions: &'a Conditions<'a>,
    settings: &Settings<'_>,
) -> Vec<Separation> {
    let group = |name, holds: &dyn Fn(&str) -> bool| Group {
        name,
        members: members(methods, false, holds),
    };
    let known = |name: &str| settings.methods.get(name);
    let explains = |name: &str| known(name).is_some_and(|method| method.explains);
    let searched = group("searched", &|name| {
        known(name).is_some_and(|method| method.searches)
    });
    let explaining = group("methods", &explains);
    let random = group("random", &|name| {
        known(name).is_some_and(|method| method.chance)
    });
    let reversed = Group {
        name: "reversed",
        members: match condition.reversed() {
            Some(other) => conditions
                .get(&other)
                .map_or_else(Vec::new, |methods| members(methods, false, &explains)),
            None if settings.negated.contains(condition.measure) => {
                members(methods, true, &explains)
            }
            None => Vec::new(),
        },
    };
    let mut rows = Vec::new();
    let mut tell = |above: &Group<'_>, below: &Group<'_>, method| {
        if !above.members.is_empty() && !below.members.is_empty() {
            rows.push(separation(condition, above, below, method, settings));
        }
    };
    tell(&searched, &explaining, None);
    tell(&searched, &random, None);
    tell(&explaining, &random, None);
    tell(&random, &reversed, None);
    for &member in &explaining.members {
        let alone = Group {
            name: explaining.name,
            members: vec![member],
        };
        tell(&alone, &random, Some(member.name));
    }
    rows
}

fn members<'m>(
    methods: &'m Methods<'m>,
    negated: bool,
    holds: &dyn Fn(&str) -> bool,
) -> Vec<Member<'m>> {
    let held = methods.iter().filter(|(name, _)| holds(name));
    let member = |(&name, images)| Member {
        name,
        images,
        negated,
    };
    held.map(member).collect()
}

fn separation(
    condition: &Condition<'_>,
    above: &Group<'_>,
    below: &Group<'_>,
    method: Option<&str>,
    settings: &Settings<'_>,
) -> Separation {
    let values = superiorities(above, below, condition.higher_is_better);
    let about = [
        "separation",
        above.name,
        below.name,
        method.unwrap_or_default(),
    ];
    let seed = condition.seed(settings.seed, &about);
    let interval = mean_interval(&values, settings.confidence, settings.resamples, seed);
    let verdict = match interval {
        Some(Interval { low, .. }) if low > 0.5 => "apart",
        Some(Interval { high, .. }) if high < 0.5 => "inverted",
        _ => "undecided",
    };
    Separation {
        network: condition.network.to_owned(),
        partition: condition.partition.to_owned(),
        order: condition.order(),
        replacement: condition.replacement(),
        measure: condition.measure.to_owned(),
        better: condition.better(),
        above: above.name.to_owned(),
        below: below.name.to_owned(),
        method: method.map(str::to_owned),
        images: values.len() as u32,
        separation: mean(&values),
        low: interval.map(|Interval { low, .. }| low),
        high: interval.map(|Interval { high, .. }| high),
        level: settings.confidence,
        resamples: settings.resamples,
        verdict: verdict.to_owned(),
        favoured: favoured(condition, [above, below], settings),
        reason: because(&[
            (values.is_empty(), "no image has the measure in both groups"),
            (values.len() == 1, "one image: no interval"),
        ]),
    }
}

/// Of each image that both groups have, the share of pairs in which the first group is better. Methods of a group count alike, whatever their number
/// of runs.
fn superiorities(above: &Group<'_>, below: &Group<'_>, higher_is_better: bool) -> Vec<f64> {
    let images = above.members.iter().flat_map(|member| member.images.keys());
    let images: std::collections::BTreeSet<&str> = images.copied().collect();
    let of_image = |image: &str| {
        let runs = |group: &Group<'_>| -> Vec<Vec<f64>> {
            let members = group.members.iter();
            members.filter_map(|member| member.runs(image)).collect()
        };
        let [above, below] = [runs(above), runs(below)];
        let pairs = above
            .iter()
            .flat_map(|own| below.iter().map(move |other| superiority(own, other)));
        let share = mean(&pairs.collect::<Vec<f64>>())?;
        Some(if higher_is_better { share } else { 1.0 - share })
    };
    images.into_iter().filter_map(of_image).collect()
}

/// The share of pairs in which the first number is higher; equal ones count half.
fn superiority(own: &[f64], others: &[f64]) -> f64 {
    let pairs = own
        .iter()
        .flat_map(|own| others.iter().map(move |other| (own, other)));
    let won = pairs.map(|(own, other)| match own.total_cmp(other) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    });
    won.sum::<f64>() / (own.len() * others.len()) as f64
}

/// Which members know beforehand what the condition removes, and how.
fn favoured(
    condition: &Condition<'_>,
    groups: [&Group<'_>; 2],
    settings: &Settings<'_>,
) -> Option<String> {
    let replacement = condition.replacement?;
    let members = groups.into_iter().flat_map(|group| &group.members);
    let reason = |member: &Member<'_>| {
        let method = settings.methods.get(member.name)?;
        let name = member.name;
        if method.searches {
            return Some(format!("{name} searched by such removals"));
        }
        let same = method.shows == Some(replacement);
        same.then(|| format!("{name} evaluated with the same replacement"))
    };
    let reasons: Vec<String> = members.filter_map(reason).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}
