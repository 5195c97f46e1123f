//! The equations of the removed pixels, and their solution.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::linalg::cholesky::{
    CholeskySymbolicParams, SymmetricOrdering, factorize_symbolic_cholesky,
};
use faer::sparse::{SparseColMat, SymbolicSparseColMat};
use faer::{Conj, Mat, Par, Side};
use imaging::Rgb;

/// Red, green and blue.
pub(crate) const CHANNELS: usize = 3;

/// Of the four neighbours beside a pixel.
const BESIDE: f64 = 1.0 / 6.0;
/// Of the four at its corners.
const CORNER: f64 = 1.0 / 12.0;
/// No equation is of a pixel that is left.
const LEFT: u32 = u32::MAX;

/// The removed pixels with their interpolated colours; at least one pixel is left.
pub(crate) fn solve(crop: &Rgb, removed: &[bool]) -> Vec<(usize, [f64; CHANNELS])> {
    let places: Vec<usize> = (0..removed.len()).filter(|&place| removed[place]).collect();
    if places.is_empty() {
        return Vec::new();
    }
    let (matrix, mut values) = equations(crop, removed, &places);
    factor_and_solve(&matrix, &mut values);
    let colour = |row| std::array::from_fn(|channel| values[(row, channel)]);
    let colours = (0..places.len()).map(colour);
    places.iter().copied().zip(colours).collect()
}

/// The lower triangle of the matrix, and a right-hand side for each channel. A row says: the weights of all neighbours times the pixel, less
/// each neighbour times its weight, is 0; what is known of it stands on the right.
fn equations(crop: &Rgb, removed: &[bool], places: &[usize]) -> (SparseColMat<u32, f64>, Mat<f64>) {
    let (height, width) = (crop.height(), crop.width());
    let mut row_of = vec![LEFT; removed.len()];
    for (row, &place) in places.iter().enumerate() {
        row_of[place] = row as u32;
    }
    let count = places.len();
    let mut known = Mat::zeros(count, CHANNELS);
    let mut starts = vec![0];
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (column, &place) in places.iter().enumerate() {
        let (y, x) = (place / width, place % width);
        let diagonal = values.len();
        rows.push(column as u32);
        values.push(0.0);
        // In the order of places, so that rows rise.
        for v in y.saturating_sub(1)..=(y + 1).min(height - 1) {
            for u in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                if (v, u) == (y, x) {
                    continue;
                }
                let weight = if v == y || u == x { BESIDE } else { CORNER };
                values[diagonal] += weight;
                let row = row_of[v * width + u];
                if row == LEFT {
                    for (channel, level) in crop.pixel(v, u).into_iter().enumerate() {
                        known[(column, channel)] += weight * f64::from(level);
                    }
                } else if row > column as u32 {
                    rows.push(row);
                    values.push(-weight);
                }
            }
        }
        starts.push(rows.len() as u32);
    }
    let pattern = SymbolicSparseColMat::new_checked(count, count, starts, None, rows);
    (SparseColMat::new(pattern, values), known)
}

/// Replaces the right-hand sides by the solutions, on this thread alone: the order of sums depends on nothing else.
fn factor_and_solve(matrix: &SparseColMat<u32, f64>, values: &mut Mat<f64>) {
    let symbolic = factorize_symbolic_cholesky(
        matrix.symbolic(),
        Side::Lower,
        SymmetricOrdering::Amd,
        CholeskySymbolicParams::default(),
    )
    .expect("an image's pixels fit into 32-bit indices and the memory of their matrix");
    let needed = symbolic
        .factorize_numeric_llt_scratch::<f64>(Par::Seq, faer::Spec::default())
        .or(symbolic.solve_in_place_scratch::<f64>(CHANNELS, Par::Seq));
    let mut memory = MemBuffer::new(needed);
    let mut factor = vec![0.0; symbolic.len_val()];
    let factored = symbolic
        .factorize_numeric_llt(
            &mut factor,
            matrix.as_ref(),
            Side::Lower,
            faer::linalg::cholesky::llt::factor::LltRegularization::default(),
            Par::Seq,
            MemStack::new(&mut memory),
            faer::Spec::default(),
        )
        .expect("the matrix is positive definite while a pixel is left");
    factored.solve_in_place_with_conj(
        Conj::No,
        values.as_mut(),
        Par::Seq,
        MemStack::new(&mut memory),
    );
}
