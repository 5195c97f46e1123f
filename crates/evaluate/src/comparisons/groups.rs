//! Which methods are not told apart: the bars of a critical-difference diagram (Demsar 2006), with Wilcoxon's test corrected by Holm in place of Nemenyi's,
//! as Benavoli et al. (2016) recommend: Nemenyi's answer about two methods depends on which others are compared.

use std::collections::{BTreeMap, BTreeSet};

use schema::{Comparison, Summary};

type Place<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>, &'a str);

/// Fills in [`Summary::groups`].
pub(super) fn assign(summaries: &mut [Summary], comparisons: &[Comparison]) {
    let mut differing: BTreeMap<Place<'_>, BTreeSet<[&str; 2]>> = BTreeMap::new();
    for row in comparisons {
        if row.p_adjusted.is_some_and(|p| p < 1.0 - row.level) {
            let place = (
                row.network.as_str(),
                row.partition.as_str(),
                row.order.as_deref(),
                row.replacement.as_deref(),
                row.measure.as_str(),
            );
            let pairs = differing.entry(place).or_default();
            pairs.insert([&row.method, &row.other_method]);
            pairs.insert([&row.other_method, &row.method]);
        }
    }
    let none = BTreeSet::new();
    for condition in summaries.chunk_by_mut(|a, b| place(a) == place(b)) {
        let pairs = differing.get(&place(&condition[0])).unwrap_or(&none);
        let ranks: Vec<Option<f64>> = condition.iter().map(|row| row.mean_rank).collect();
        let differ = |one: usize, other: usize| {
            let pair = [one, other].map(|method| condition[method].method.as_str());
            pairs.contains(&pair)
        };
        let letters = letters(&ranks, differ);
        for (summary, letters) in condition.iter_mut().zip(letters) {
            summary.groups = letters;
        }
    }
}

fn place(summary: &Summary) -> Place<'_> {
    (
        &summary.network,
        &summary.partition,
        summary.order.as_deref(),
        summary.replacement.as_deref(),
        &summary.measure,
    )
}

/// The letters of each method by its mean rank, the best group's first; `differ` tells two methods apart.
fn letters(ranks: &[Option<f64>], differ: impl Fn(usize, usize) -> bool) -> Vec<Option<String>> {
    let ranked = ranks.iter().enumerate();
    let mut ranked: Vec<(f64, usize)> = ranked
        .filter_map(|(method, rank)| Some(((*rank)?, method)))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let alike = |run: &[(f64, usize)], next: usize| run.iter().all(|&(_, one)| !differ(one, next));
    let mut letters = vec![None::<String>; ranks.len()];
    let (mut groups, mut covered) = (0, 0);
    for first in 0..ranked.len() {
        let mut end = first + 1;
        while end < ranked.len() && alike(&ranked[first..end], ranked[end].1) {
            end += 1;
        }
        // A run that lies within a former one is no group of its own.
        if end <= covered {
            continue;
        }
        covered = end;
        for &(_, method) in &ranked[first..end] {
            let written = letters[method].get_or_insert_default();
            if !written.is_empty() {
                written.push(' ');
            }
            written.push_str(&letter(groups));
        }
        groups += 1;
    }
    letters
}

/// a, b, ..., z, aa, ab, ...
fn letter(group: usize) -> String {
    let last = char::from(b'a' + (group % 26) as u8);
    match group / 26 {
        0 => last.to_string(),
        more => letter(more - 1) + &last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouped(ranks: &[f64], differing: &[[usize; 2]]) -> Vec<String> {
        let ranks: Vec<Option<f64>> = ranks.iter().copied().map(Some).collect();
        let differ =
            |one, other| differing.contains(&[one, other]) || differing.contains(&[other, one]);
        letters(&ranks, differ)
            .into_iter()
            .map(Option::unwrap)
            .collect()
    }

    #[test]
    fn methods_that_are_not_shown_to_differ_share_a_letter() {
        let ranks = [3.0, 1.2, 4.0, 2.0];
        assert_eq!(grouped(&ranks, &[]), ["a", "a", "a", "a"]);
        assert_eq!(
            grouped(&ranks, &[[1, 2], [2, 3], [0, 1]]),
            ["b c", "a", "c", "a b"]
        );
    }

    #[test]
    fn a_method_that_differs_from_all_has_a_letter_of_its_own() {
        assert_eq!(
            grouped(&[1.0, 2.0, 3.0], &[[0, 1], [0, 2]]),
            ["a", "b", "b"]
        );
    }

    #[test]
    fn a_method_without_a_rank_is_in_no_group() {
        let found = letters(&[Some(1.0), None, Some(2.0)], |_, _| false);
        assert_eq!(found, [Some("a".to_owned()), None, Some("a".to_owned())]);
    }

    #[test]
    fn letters_do_not_end_at_z() {
        let written = [0, 25, 26, 51, 52, 701, 702].map(letter);
        assert_eq!(written, ["a", "z", "aa", "az", "ba", "zz", "aaa"]);
    }
}
