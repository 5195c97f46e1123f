//! The control `greedy`: the superpixel whose removal lowers the probability most, at every step.

use sampling::{Masks, Seed};

use crate::{Ranking, priorities};

/// At each step asks for the probability without each of the superpixels that are left, and removes the one that leaves the lowest;
/// ties by the seed. A strong reference and no bound: what is best at a step may be bad for the steps after it.
///
/// `ask` gives a probability for each mask. It is asked n (n + 1) / 2 - 1 masks for n superpixels: at the last step there is no choice.
///
/// # Panics
/// If `ask` gives fewer probabilities than masks.
pub fn greedy<E>(
    superpixels: usize,
    seed: Seed,
    mut ask: impl FnMut(&Masks) -> Result<Vec<f32>, E>,
) -> Result<Ranking, E> {
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
    use std::convert::Infallible;

    fn run(weights: &[f32]) -> (Ranking, usize) {
        let mut asked = 0;
        let ask = |masks: &Masks| {
            asked += masks.samples();
            let sum = |sample| {
                (0..weights.len())
                    .filter(|&one| masks.kept(sample, one))
                    .map(|one| weights[one])
                    .sum()
            };
            Ok::<_, Infallible>((0..masks.samples()).map(sum).collect())
        };
        let ranking = greedy(weights.len(), Seed::derive(3, &[]), ask).unwrap();
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
            let ask = |masks: &Masks| Ok::<_, Infallible>(vec![0.5; masks.samples()]);
            greedy(6, Seed::derive(seed, &[]), ask).unwrap().order
        };
        assert_eq!(order(1), crate::random(Seed::derive(1, &[]), 6).order);
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn an_answer_that_fails_ends_the_search() {
        assert_eq!(greedy(3, Seed::derive(1, &[]), |_| Err("no")), Err("no"));
    }
}
