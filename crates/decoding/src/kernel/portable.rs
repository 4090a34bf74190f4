//! Sixteen lanes as an array: what the compiler's own vectorisation makes of them.

use super::{LANES, Simd};

#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

/// 1.5·2²³: adding and subtracting it rounds a number of magnitude below 2²² to an integer.
const ROUNDER: f32 = 12_582_912.0;

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> [f32; LANES] {
    let mut out = [0.0; LANES];
    for (i, x) in out.iter_mut().enumerate() {
        *x = f(i);
    }
    out
}

impl Simd for Portable {
    type F = [f32; LANES];
    /// All ones or all zeros, as the compiler's vector compare gives them.
    type M = [u32; LANES];
    type D = [f64; LANES];

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::F {
        *from
    }

    #[inline(always)]
    fn store(self, x: Self::F, to: &mut [f32; LANES]) {
        *to = x;
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        [x; LANES]
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] * b[i])
    }

    /// Not fused: without the instruction, `f32::mul_add` is a call.
    #[inline(always)]
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        each(|i| a[i] * b[i] + c[i])
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn clamp_exponent(self, x: Self::F) -> Self::F {
        self.max(x, [-126.0; LANES])
    }

    #[inline(always)]
    fn round(self, x: Self::F) -> Self::F {
        each(|i| (x[i] + ROUNDER) - ROUNDER)
    }

    #[inline(always)]
    fn scale(self, x: Self::F, n: Self::F) -> Self::F {
        each(|i| {
            // The integer stands in the low bits of n + ROUNDER; shifted, it adds to the exponent.
            let exponent = (n[i] + ROUNDER).to_bits() << 23;
            f32::from_bits(x[i].to_bits().wrapping_add(exponent))
        })
    }

    #[inline(always)]
    fn ge(self, a: Self::F, b: Self::F) -> Self::M {
        let mut out = [0; LANES];
        for i in 0..LANES {
            out[i] = if a[i] >= b[i] { u32::MAX } else { 0 };
        }
        out
    }

    #[inline(always)]
    fn and(self, a: Self::M, b: Self::M) -> Self::M {
        let mut out = [0; LANES];
        for i in 0..LANES {
            out[i] = a[i] & b[i];
        }
        out
    }

    #[inline(always)]
    fn bits(self, m: Self::M) -> u32 {
        let mut bits = 0;
        for (i, lane) in m.iter().enumerate() {
            bits |= (lane & 1) << i;
        }
        bits
    }

    #[inline(always)]
    fn add_where(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] + f32::from_bits(b[i].to_bits() & m[i]))
    }

    #[inline(always)]
    fn sum(self, x: Self::F) -> f32 {
        let mut lanes = x;
        for width in [8, 4, 2, 1] {
            for i in 0..width {
                lanes[i] += lanes[i + width];
            }
        }
        lanes[0]
    }

    #[inline(always)]
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        each(|i| f32::from_bits((a[i].to_bits() & m[i]) | (b[i].to_bits() & !m[i])))
    }

    #[inline(always)]
    fn zero_f64(self) -> Self::D {
        [0.0; LANES]
    }

    #[inline(always)]
    fn add_deviations(self, x: Self::F, centre: f64, sums: &mut Self::D, squares: &mut Self::D) {
        for i in 0..LANES {
            let d = f64::from(x[i]) - centre;
            sums[i] += d;
            squares[i] += d * d;
        }
    }

    #[inline(always)]
    fn sum_f64(self, x: Self::D) -> f64 {
        x.iter().sum()
    }

    /// The compiler does not find the vector form of [`bits`](Self::bits); it does of this.
    #[inline(always)]
    fn any_ge(self, a: &[f32; LANES], threshold: f32) -> bool {
        a.iter().fold(0, |any, &x| any | u32::from(x >= threshold)) != 0
    }
}
