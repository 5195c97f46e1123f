//! Methods that read attention maps.

/// Makes a map, a value for each patch, from attention maps.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Whether it reads the gradients of the class's logit there too.
    pub gradients: bool,
    /// Makes the map.
    pub map: fn(&Blocks<'_>) -> Vec<f32>,
}

/// The attention of every block of a network, in order of execution.
#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    /// Tokens of a block: those that are no patches first (a class token the first of them), then one for each patch.
    pub tokens: usize,
    /// How many tokens are no patches.
    pub prefix: usize,
    /// Whether the logits come from the class token, and not from the patches.
    pub class_token: bool,
    /// The blocks.
    pub blocks: Vec<Block<'a>>,
}

/// The attention of a block: [heads, tokens, tokens], how much each token (row) takes of each other (column).
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// The attention after its softmax; every row sums to 1.
    pub maps: &'a [f32],
    /// The gradients of the class's logit there; empty for a method that reads none.
    pub gradients: &'a [f32],
}

impl Blocks<'_> {
    /// The patches of a matrix [tokens, tokens] of influence of each token (column) on each (row): those in the row of the class token, or, in
    /// a network whose logits come from the patches, their mean over the rows of all patches.
    pub(crate) fn patches(&self, influence: &[f64]) -> Vec<f32> {
        let Self { tokens, prefix, .. } = *self;
        let rows = if self.class_token {
            0..1
        } else {
            prefix..tokens
        };
        let count = rows.len() as f64;
        let of_patch = |patch| {
            let column = rows.clone().map(|row| influence[row * tokens + patch]);
            (column.sum::<f64>() / count) as f32
        };
        (prefix..tokens).map(of_patch).collect()
    }
}

/// The product of two matrices [size, size].
pub(crate) fn product(left: &[f64], right: &[f64], size: usize) -> Vec<f64> {
    let mut product = vec![0.0; size * size];
    let rows = product.chunks_exact_mut(size).zip(left.chunks_exact(size));
    for (sums, factors) in rows {
        for (&factor, row) in factors.iter().zip(right.chunks_exact(size)) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += factor * value;
            }
        }
    }
    product
}

/// The unit matrix [size, size].
pub(crate) fn unit(size: usize) -> Vec<f64> {
    let mut unit = vec![0.0; size * size];
    unit.iter_mut().step_by(size + 1).for_each(|one| *one = 1.0);
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_are_read_in_the_row_of_the_class_token_or_in_the_mean_of_all_rows() {
        let influence = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let patches = |prefix, class_token| {
            let blocks = Blocks {
                tokens: 3,
                prefix,
                class_token,
                blocks: Vec::new(),
            };
            blocks.patches(&influence)
        };
        assert_eq!(patches(1, true), [1.0, 2.0]);
        assert_eq!(patches(2, true), [2.0]);
        assert_eq!(patches(0, false), [3.0, 4.0, 5.0]);
        assert_eq!(patches(1, false), [5.5, 6.5]);
    }

    #[test]
    fn matrices_are_multiplied_row_by_column() {
        assert_eq!(
            product(&[1.0, 2.0, 3.0, 4.0], &[0.0, 1.0, 1.0, 0.0], 2),
            [2.0, 1.0, 4.0, 3.0]
        );
        assert_eq!(
            product(&unit(2), &[1.0, 2.0, 3.0, 4.0], 2),
            [1.0, 2.0, 3.0, 4.0]
        );
    }
}
