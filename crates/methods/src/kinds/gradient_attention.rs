//! Gradient-weighted attention (Chefer et al. 2021b).

use config::Declared;

use crate::attention::{Attention, Blocks, product, unit};
use crate::maps::{Map, Reads, Signed};
use crate::plugin::{Plugin, Role};

/// Gradient-weighted attention.
pub static METHOD: Map = Plugin {
    kind: "gradient_attention",
    module: module_path!(),
    title: "Gradient attention",
    about: "Adds up the attention of all blocks of a transformer, each weighted by the positive part of its gradient of the class's logit (Chefer et al. \
            2021b, eq. 5 and 6). Nothing is normalised.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Signed::settings,
    read: |section| Signed::read(section).relevance.into(),
    run: Reads::Attention(Attention {
        gradients: true,
        map,
    }),
};

/// The relevance of each patch for what the logits come from, the class token or the patches: a value for each patch, at least 0.
pub fn map(blocks: &Blocks<'_>) -> Vec<f32> {
    let tokens = blocks.tokens;
    let mut relevance = unit(tokens);
    for block in &blocks.blocks {
        let heads = block.maps.len() / (tokens * tokens);
        let mut mean = vec![0.0; tokens * tokens];
        let gradients = block.gradients.chunks_exact(tokens * tokens);
        for (head, gradients) in block.maps.chunks_exact(tokens * tokens).zip(gradients) {
            for (sum, (&value, &gradient)) in mean.iter_mut().zip(head.iter().zip(gradients)) {
                *sum += (f64::from(value) * f64::from(gradient)).max(0.0) / heads as f64;
            }
        }
        let added = product(&mean, &relevance, tokens);
        relevance
            .iter_mut()
            .zip(added)
            .for_each(|(sum, added)| *sum += added);
    }
    blocks.patches(&relevance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention::Block;

    #[test]
    fn positive_products_of_gradient_and_attention_add_up() {
        // Two tokens, the class token and a patch; two blocks of two heads.
        let maps = [0.5, 0.5, 0.25, 0.75, 1.0, 0.0, 0.5, 0.5];
        let first = [2.0, 4.0, 0.0, -4.0, 2.0, 8.0, 0.0, 4.0];
        let second = [0.0, 2.0, 0.0, 0.0, 0.0, -2.0, 4.0, 0.0];
        let blocks = [&first, &second].map(|gradients| Block {
            maps: &maps,
            gradients,
        });
        let blocks = Blocks {
            tokens: 2,
            prefix: 1,
            class_token: true,
            blocks: blocks.to_vec(),
        };
        // Means over heads: [[1.5, 1], [0, 1]] and [[0, 0.5], [1, 0]]. R = I + first = [[2.5, 1], [0, 2]], and then R + second R.
        assert_eq!(map(&blocks), [1.0 + 0.5 * 2.0]);
    }
}
