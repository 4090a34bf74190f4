//! Masses in f64: what decides where the passes in f32 are too near to tell, and the masses of a list.

use super::{Kernel, LANES, Piece, Simd};

/// Below, eˣ is less than the least normal number, and taken for 0.
pub(super) const LEAST: f64 = -708.0;
/// Adding and subtracting it rounds a number of magnitude below 2⁵¹ to an integer, left in the low bits.
pub(super) const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// ln 2 with its low bits cut, so that its product with an exponent is exact; and the rest of it.
pub(super) const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];
/// 1 / i!, up to where the next term is below 10⁻¹⁷ on [−½ ln 2, ½ ln 2].
pub(super) const TAYLOR: [f64; 14] = [
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

/// eˣ for x ≤ 0, to about an ulp. Where eˣ is below the least normal number the result is 0; e⁰ is exactly 1.
/// [`Simd::exp_f64`] is the same for sixteen.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let underflows = x < LEAST;
    let x = if underflows { LEAST } else { x };
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
    /// Becomes as long as `ids`.
    pub(crate) out: &'a mut Vec<f64>,
}

impl Kernel for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (len, max) = (self.ids.len(), f64::from(self.max));
        self.out.resize(len.next_multiple_of(LANES), 0.0);
        // All are written before any is read: a vector that is read back sooner waits for its lanes.
        for (mass, &id) in self.out.iter_mut().zip(self.ids) {
            *mass = (f64::from(self.row[id as usize]) - max) * self.inverse_temperature;
        }
        for masses in self.out.as_chunks_mut().0 {
            s.exp_f64(masses);
        }
        self.out.truncate(len);
    }
}

/// Σ exp(r) and Σ exp(r) · r over the candidates, r = (x − `max`) · `inverse_temperature`. One pass.
pub(crate) struct ExactSums<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) pieces: &'a [Piece],
    pub(crate) max: f32,
    pub(crate) inverse_temperature: f64,
}

impl Kernel for ExactSums<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> (f64, f64) {
        let (mut masses, mut moments) = ([0.0; LANES], [0.0; LANES]);
        for piece in self.pieces {
            let (vectors, rest) = self.row[piece.ids.clone()].as_chunks();
            for vector in vectors {
                self.add(s, vector, piece, &mut masses, &mut moments);
            }
            if !rest.is_empty() {
                let mut last = [f32::NEG_INFINITY; LANES];
                last[..rest.len()].copy_from_slice(rest);
                self.add(s, &last, piece, &mut masses, &mut moments);
            }
        }
        (masses.iter().sum(), moments.iter().sum())
    }
}

impl ExactSums<'_> {
    #[inline(always)]
    fn add<S: Simd>(
        &self,
        s: S,
        scores: &[f32; LANES],
        piece: &Piece,
        masses: &mut [f64; LANES],
        moments: &mut [f64; LANES],
    ) {
        let mut relative = [0.0; LANES];
        for (r, &x) in relative.iter_mut().zip(scores) {
            *r = (f64::from(x) - f64::from(self.max)) * self.inverse_temperature;
        }
        let mut mass = relative;
        s.exp_f64(&mut mass);
        for i in 0..LANES {
            // 0 · −∞ would be no number.
            let counts =
                (scores[i] >= piece.lowest) & (scores[i] <= piece.highest) & (mass[i] > 0.0);
            masses[i] += if counts { mass[i] } else { 0.0 };
            moments[i] += if counts { mass[i] * relative[i] } else { 0.0 };
        }
    }
}

/// eˣ of each, x ≤ 0, in f64 and rounded: mostly the nearest f32, as no exponential in f32 is.
pub(crate) struct ExpInF32<'a>(pub(crate) &'a mut [f32]);

impl Kernel for ExpInF32<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for chunk in self.0.chunks_mut(LANES) {
            let mut lanes = [0.0; LANES];
            for (lane, &x) in lanes.iter_mut().zip(&*chunk) {
                *lane = f64::from(x);
            }
            s.exp_f64(&mut lanes);
            for (x, lane) in chunk.iter_mut().zip(lanes) {
                *x = lane as f32;
            }
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
