//! The control `greedy`: the superpixel whose removal lowers the probability most, at every step.

use parts::ActionError;
use sampling::{Masks, Seed};

use crate::orders::{Ask, Ranking, Search, Searched, priorities};
use crate::plugin::{Plugin, Role};

/// A search step by step.
pub static METHOD: Searched = Plugin {
    kind: "greedy",
    module: module_path!(),
    title: "Greedy search",
    about: "Removes at each step the superpixel whose removal lowers the class's probability (or logit) most: a strong reference, but not a bound.",
    role: Role::Control,
    deterministic: true,
    measured: false,
    settings: Vec::new,
    read: |_| (),
    run: Search {
        most: None,
        queries: |superpixels| superpixels * (superpixels + 1) / 2,
        find: greedy,
    },
};

/// At each step asks for the probability without each of the superpixels that are left, and removes the one that leaves the lowest;
/// ties by the seed. A strong reference and no bound: what is best at a step may be bad for the steps after it.
///
/// `ask` gives a probability for each mask. It is asked n (n + 1) / 2 - 1 masks for n superpixels: at the last step there is no choice.
///
/// # Panics
/// If `ask` gives fewer probabilities than masks.
pub fn greedy(superpixels: usize, seed: Seed, ask: Ask<'_>) -> Result<Ranking, ActionError> {
    let priorities = priorities(seed, superpixels);
    let mut kept = vec![true; superpixels];
    let mut left: Vec<u16> = (0..=u16::MAX).take(superpixels).collect();
    let mut order = Vec::with_capacity(superpixels);
    while left.len() > 1 {
        let mut masks = Masks::empty(superpixels);
        for &candidate in &left {
            kept[usize::from(candidate)] = false;
            masks.push(&kept).expect("a row has all superpixels");
            kept[usize::from(candidate)] = true;
        }
        let answers = ask(&masks)?;
        let best = (0..left.len()).min_by(|&a, &b| {
            let priority = |place: usize| priorities[usize::from(left[place])];
            answers[a]
                .total_cmp(&answers[b])
                .then_with(|| priority(a).cmp(&priority(b)))
        });
        let removed = left.remove(best.unwrap_or(0));
        kept[usize::from(removed)] = false;
        order.push(removed);
    }
    order.extend(left);
    Ok(Ranking::of_order(order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(weights: &[f32]) -> (Ranking, usize) {
        let mut asked = 0;
        let mut ask = |masks: &Masks| {
            asked += masks.samples();
            let sum = |sample| {
                (0..weights.len())
                    .filter(|&one| masks.kept(sample, one))
                    .map(|one| weights[one])
                    .sum()
            };
            Ok((0..masks.samples()).map(sum).collect())
        };
        let ranking = greedy(weights.len(), Seed::derive(3, &[]), &mut ask).unwrap();
        (ranking, asked)
    }

    proptest! {
        /// Different whole numbers, whose sums are exact.
        #[test]
        fn where_superpixels_add_up_the_largest_goes_first(weights in prop::collection::btree_set(0_u16..1000, 1..30), turn in 0_usize..30) {
            let mut weights: Vec<f32> = weights.into_iter().map(f32::from).collect();
            let turn = turn % weights.len();
            weights.rotate_left(turn);
            let (ranking, asked) = run(&weights);
            let along: Vec<f32> = ranking.order.iter().map(|&one| weights[usize::from(one)]).collect();
            prop_assert!(along.windows(2).all(|pair| pair[0] > pair[1]));
            prop_assert_eq!(asked, weights.len() * (weights.len() + 1) / 2 - 1);
        }
    }

    #[test]
    fn equal_answers_leave_the_order_to_the_seed() {
        let order = |seed| {
            let mut ask = |masks: &Masks| Ok(vec![0.5; masks.samples()]);
            greedy(6, Seed::derive(seed, &[]), &mut ask).unwrap().order
        };
        assert_eq!(order(1), crate::orders::shuffled(Seed::derive(1, &[]), 6));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn an_answer_that_fails_ends_the_search() {
        let found = greedy(3, Seed::derive(1, &[]), &mut |_| {
            Err(ActionError::failed("no"))
        });
        assert_eq!(found.unwrap_err().to_string(), "no");
    }
}
