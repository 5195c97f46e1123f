//! Colour scales for maps, and their legends: readable for colour-blind readers and in grey.

/// Colours at equal distances from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale(&'static [[u8; 3]]);

/// From nothing to most: matplotlib's inferno, whose lightness rises evenly.
pub(crate) const SEQUENTIAL: Scale = Scale(&[
    [0x00, 0x00, 0x04],
    [0x1b, 0x0c, 0x41],
    [0x4a, 0x0c, 0x6b],
    [0x78, 0x1c, 0x6d],
    [0xa5, 0x2c, 0x60],
    [0xcf, 0x44, 0x46],
    [0xed, 0x69, 0x25],
    [0xfb, 0x9b, 0x06],
    [0xf7, 0xd1, 0x3d],
    [0xfc, 0xff, 0xa4],
]);

/// From against (blue) over nothing (near white) to for (red): `ColorBrewer`'s `RdBu`, reversed.
pub(crate) const DIVERGING: Scale = Scale(&[
    [0x05, 0x30, 0x61],
    [0x21, 0x66, 0xac],
    [0x43, 0x93, 0xc3],
    [0x92, 0xc5, 0xde],
    [0xd1, 0xe5, 0xf0],
    [0xf7, 0xf7, 0xf7],
    [0xfd, 0xdb, 0xc7],
    [0xf4, 0xa5, 0x82],
    [0xd6, 0x60, 0x4d],
    [0xb2, 0x18, 0x2b],
    [0x67, 0x00, 0x1f],
]);

impl Scale {
    /// The colour at a place from 0 to 1; what lies outside has the end's colour.
    pub(crate) fn color(self, place: f64) -> [u8; 3] {
        let position = place.clamp(0.0, 1.0) * (self.0.len() - 1) as f64;
        let low = (position.floor() as usize).min(self.0.len() - 2);
        let share = position - low as f64;
        std::array::from_fn(|channel| {
            let [from, to] = [low, low + 1].map(|stop| f64::from(self.0[stop][channel]));
            (from + (to - from) * share).round() as u8
        })
    }

    /// Its colours at equal distances.
    pub(crate) fn stops(self) -> &'static [[u8; 3]] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_have_the_stops_colours() {
        assert_eq!(DIVERGING.color(0.5), [0xf7, 0xf7, 0xf7]);
        assert_eq!(DIVERGING.color(-3.0), [0x05, 0x30, 0x61]);
        assert_eq!(SEQUENTIAL.color(1.0), [0xfc, 0xff, 0xa4]);
        assert_eq!(SEQUENTIAL.color(1.0 / 18.0), [0x0e, 0x06, 0x23]);
    }
}
