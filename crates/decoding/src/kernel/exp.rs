//! Masses in f64: what decides where the passes in f32 are too near to tell, and the masses of a list.

use super::{Kernel, Simd};

/// Adding and subtracting it rounds a number of magnitude below 2⁵¹ to an integer, left in the low bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// ln 2 with its low bits cut, so that its product with an exponent is exact; and the rest of it.
const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];
/// 1 / i!, up to where the next term is below 10⁻¹⁷ on [−½ ln 2, ½ ln 2].
const TAYLOR: [f64; 14] = [
    1.0,
    1.0,
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];

/// eˣ for x ≤ 0, to about an ulp, without a branch or a call, so that loops over it become vectors.
///
/// Where eˣ is below the least normal number the result is 0; e⁰ is exactly 1.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let underflows = x < -708.0;
    let x = if underflows { -708.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let f = (x - n * LN_2[0]) - n * LN_2[1];
    let mut y = TAYLOR[13];
    for &coefficient in TAYLOR[..13].iter().rev() {
        y = y * f + coefficient;
    }
    let scaled = f64::from_bits(y.to_bits().wrapping_add(shifted.to_bits() << 52));
    if underflows { 0.0 } else { scaled }
}

/// exp((x − `max`) · `inverse_temperature`) of the scores with some ids.
pub(crate) struct Weigh<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) ids: &'a [u32],
    pub(crate) max: f32,
    pub(crate) inverse_temperature: f64,
    /// As long as `ids`.
    pub(crate) out: &'a mut [f64],
}

impl Kernel for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let max = f64::from(self.max);
        for (out, &id) in self.out.iter_mut().zip(self.ids) {
            *out = f64::from(self.row[id as usize]) - max;
        }
        for mass in self.out.iter_mut() {
            *mass = exp(*mass * self.inverse_temperature);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_exp() {
        for i in 0..200_000 {
            let x = -f64::from(i) * 0.003_531;
            let (ours, theirs) = (exp(x), x.exp());
            assert!((ours - theirs).abs() <= 4e-16 * theirs, "{x}: {ours:e} {theirs:e}");
        }
        assert_eq!(
            (exp(0.0), exp(-0.0), exp(f64::NEG_INFINITY), exp(-1e300)),
            (1.0, 1.0, 0.0, 0.0)
        );
    }
}
