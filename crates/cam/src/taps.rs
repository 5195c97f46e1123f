//! Bilinear interpolation.

/// Writes what lies at rows and columns of a map with lines of a width.
pub(crate) fn write(map: &[f32], width: usize, rows: &[Tap], columns: &[Tap], resized: &mut [f32]) {
    let lines = resized.chunks_exact_mut(columns.len().max(1));
    for (row, line) in rows.iter().zip(lines) {
        let upper = &map[row.low * width..][..width];
        let lower = &map[row.high * width..][..width];
        for (value, column) in line.iter_mut().zip(columns) {
            *value = row.blend(column.of(upper), column.of(lower));
        }
    }
}

/// Where an output position falls between two input positions of one axis.
pub(crate) struct Tap {
    low: usize,
    high: usize,
    /// Share of `high`, in [0, 1).
    share: f32,
}

impl Tap {
    /// The two inputs of output `position`, in single precision as torch computes them, where the edges of both images lie together.
    pub(crate) fn between_edges(position: usize, from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        Self::of_source((scale * (position as f32 + 0.5) - 0.5).max(0.0), from)
    }

    /// The same as [`Self::between_edges`], but what lies beyond the centre of an outer pixel is mirrored there.
    pub(crate) fn mirrored(position: usize, from: usize, to: usize) -> Self {
        let last = (from - 1) as f32;
        let source = (from as f32 / to as f32 * (position as f32 + 0.5) - 0.5).abs();
        let source = if source > last {
            2.0 * last - source
        } else {
            source
        };
        Self::of_source(source.max(0.0), from)
    }

    /// The same where the centres of the corner pixels lie together.
    pub(crate) fn between_corners(position: usize, from: usize, to: usize) -> Self {
        let scale = match to {
            0 | 1 => 0.0,
            _ => (from - 1) as f32 / (to - 1) as f32,
        };
        Self::of_source(scale * position as f32, from)
    }

    fn of_source(source: f32, from: usize) -> Self {
        let low = (source as usize).min(from - 1);
        Self {
            low,
            high: (low + 1).min(from - 1),
            share: (source - low as f32).min(1.0),
        }
    }

    fn blend(&self, low: f32, high: f32) -> f32 {
        (1.0 - self.share) * low + self.share * high
    }

    fn of(&self, line: &[f32]) -> f32 {
        self.blend(line[self.low], line[self.high])
    }
}
