//! How many multiplications and additions a second the processor can do at most, all cores together.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

#[cfg(target_arch = "x86_64")]
use x86::{bf16_sums, fp32_sums};

/// Independent sums of a core, enough to fill both units for the latency of an addition.
const SUMS: usize = 16;
const LANES: usize = 16;
const STEPS: u64 = 20_000_000;

/// Operations a second in f32, a fused multiply-add counting as two.
pub(crate) fn fp32(threads: usize) -> f64 {
    rate(threads, (2 * LANES * SUMS) as f64, fp32_sums())
}

/// Operations a second in bfloat16 with sums in f32; none where the processor has no instruction for it, or none that is known here.
pub(crate) fn bf16(threads: usize) -> Option<f64> {
    let sums = bf16_sums()?;
    Some(rate(threads, (4 * LANES * SUMS) as f64, sums))
}

/// The best of five tries, because only the fastest is undisturbed.
fn rate(threads: usize, operations_a_step: f64, steps: fn(u64) -> f32) -> f64 {
    let once = || {
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| black_box(steps(black_box(STEPS))));
            }
        });
        threads as f64 * STEPS as f64 * operations_a_step / start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| once()).fold(0.0, f64::max)
}

/// Where the sums start: values that the compiler cannot know to be equal, or it would add once for all.
fn starts() -> [f32; SUMS] {
    black_box([1.0; SUMS])
}

#[inline]
fn sums(steps: u64) -> f32 {
    let mut sums = starts().map(|start| [start; LANES]);
    for _ in 0..steps {
        for sum in sums.as_flattened_mut() {
            *sum = sum.mul_add(0.999, 0.001);
        }
    }
    sums.as_flattened().iter().sum()
}

/// Elsewhere the compiler takes the processor's own instruction.
#[cfg(not(target_arch = "x86_64"))]
fn fp32_sums() -> fn(u64) -> f32 {
    sums
}

#[cfg(not(target_arch = "x86_64"))]
fn bf16_sums() -> Option<fn(u64) -> f32> {
    None
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{starts, sums};

    #[expect(
        unsafe_code,
        reason = "a function for some processors has no safe pointer"
    )]
    pub(super) fn fp32_sums() -> fn(u64) -> f32 {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512, which is asked just above.
            |steps| unsafe { wide_sums(steps) }
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: it has AVX2 and FMA.
            |steps| unsafe { narrow_sums(steps) }
        } else {
            sums
        }
    }

    #[expect(unsafe_code, reason = "likewise")]
    pub(super) fn bf16_sums() -> Option<fn(u64) -> f32> {
        let there = is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512f");
        // SAFETY: where this is called, the processor has AVX-512 and its bf16.
        there.then_some(|steps| unsafe { pair_sums(steps) })
    }

    #[target_feature(enable = "avx512f")]
    fn wide_sums(steps: u64) -> f32 {
        use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_reduce_add_ps, _mm512_set1_ps};
        let (a, b) = (_mm512_set1_ps(0.999), _mm512_set1_ps(0.001));
        let mut sums = starts().map(|start| _mm512_set1_ps(start));
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, a, b);
            }
        }
        sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
    }

    #[target_feature(enable = "avx2,fma")]
    fn narrow_sums(steps: u64) -> f32 {
        sums(steps)
    }

    #[expect(unsafe_code, reason = "there is no constructor")]
    #[target_feature(enable = "avx512f,avx512bf16")]
    fn pair_sums(steps: u64) -> f32 {
        use std::arch::x86_64::{
            __m512bh, _mm512_dpbf16_ps, _mm512_reduce_add_ps, _mm512_set1_epi32, _mm512_set1_ps,
        };
        // SAFETY: both types are 64 bytes, any of which are numbers; 0x3f80 is one.
        let ones: __m512bh = unsafe { std::mem::transmute(_mm512_set1_epi32(0x3f80_3f80)) };
        let mut sums = starts().map(|start| _mm512_set1_ps(start));
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm512_dpbf16_ps(*sum, ones, ones);
            }
        }
        sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
    }
}
