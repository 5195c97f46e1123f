//! The action `deletions`: the single-deletion protocol (Hesse et al. 2024). Each superpixel is removed alone, once for all explanations.

use actions::Deletions;
use networks::Classifier;
use occlusion::{Loaded, failed};
use parts::{ActionError, Rows};
use sampling::Masks;
use schema::Deletion;

/// One row for each superpixel, in their order: as many forward passes.
pub fn run(
    inputs: &Deletions,
    rows: &Rows<'_>,
    classifier: &Classifier,
    interrupted: &dyn Fn() -> bool,
) -> Result<Vec<Deletion>, ActionError> {
    let loaded = Loaded::new(&inputs.scene, rows)?;
    let masks = each_removed(loaded.superpixels());
    let answers = loaded.scene().ask(classifier, &masks, interrupted);
    let answers = answers.map_err(failed)?;
    let names = &inputs.names;
    let row = |(superpixel, (&probability, &logit))| Deletion {
        image: names.image.clone(),
        network: names.network.clone(),
        partition: names.partition.clone(),
        replacement: names.replacement.to_owned(),
        superpixel,
        probability,
        logit,
    };
    let answered = answers.probabilities.iter().zip(&answers.logits);
    Ok((0..).zip(answered).map(row).collect())
}

/// A mask for each superpixel, which removes that superpixel alone.
fn each_removed(superpixels: usize) -> Masks {
    let without = |removed| {
        let kept = (0..superpixels).map(|superpixel| superpixel != removed);
        kept.collect::<Vec<bool>>()
    };
    Masks::from_rows(superpixels, (0..superpixels).map(without))
        .expect("every row has as many superpixels as the set")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_superpixel_is_removed_alone() {
        let masks = each_removed(9);
        assert_eq!(masks.samples(), 9);
        for removed in 0..9 {
            assert_eq!(masks.kept_count(removed), 8);
            assert!(!masks.kept(removed, removed));
        }
    }
}
