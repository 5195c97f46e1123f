//! Value noise in three dimensions.

use glam::Vec3A;

fn floor(value: f32) -> (i32, f32) {
    let truncated = value as i32;
    let cell = truncated - i32::from(value < truncated as f32);
    (cell, value - cell as f32)
}

/// A pseudo-random number in `0..1` for a lattice cell.
pub(crate) fn cell_value(x: i32, y: i32, z: i32) -> f32 {
    let mut word = (x as u32)
        .wrapping_mul(0x8DA6_B343)
        .wrapping_add((y as u32).wrapping_mul(0xD816_3841))
        .wrapping_add((z as u32).wrapping_mul(0xCB1A_B31F));
    word = (word ^ (word >> 15)).wrapping_mul(0x2C1B_3C6D);
    word = (word ^ (word >> 12)).wrapping_mul(0x297A_2D39);
    ((word ^ (word >> 15)) >> 8) as f32 / (1_u32 << 24) as f32
}

/// The lattice cell that holds `point`, and the place within it, each coordinate in `0..1`.
pub(crate) fn cell(point: Vec3A) -> ([i32; 3], Vec3A) {
    let (x, fx) = floor(point.x);
    let (y, fy) = floor(point.y);
    let (z, fz) = floor(point.z);
    ([x, y, z], Vec3A::new(fx, fy, fz))
}

fn mix(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

/// Smooth noise in `0..1` with features about one unit wide.
pub(crate) fn value_noise(point: Vec3A) -> f32 {
    let ([x, y, z], place) = cell(point);
    let fade = place * place * (Vec3A::splat(3.0) - 2.0 * place);
    let (right, top) = (x.wrapping_add(1), y.wrapping_add(1));
    let slice = |z: i32| {
        mix(
            mix(cell_value(x, y, z), cell_value(right, y, z), fade.x),
            mix(cell_value(x, top, z), cell_value(right, top, z), fade.x),
            fade.y,
        )
    };
    mix(slice(z), slice(z.wrapping_add(1)), fade.z)
}

/// Three octaves of noise, in `0..1`.
pub(crate) fn cloud_noise(point: Vec3A) -> f32 {
    let first = value_noise(point);
    let second = value_noise(point * 2.03 + Vec3A::splat(17.3));
    let third = value_noise(point * 4.11 + Vec3A::splat(41.7));
    (first * 4.0 + second * 2.0 + third) / 7.0
}
