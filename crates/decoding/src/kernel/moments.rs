//! Count, mean and spread of a row's candidates.

use super::{BLOCK, Kernel, Piece, Simd};

/// Accumulators side by side, so that the compiler can use vector registers.
const WIDTH: usize = 32;

/// How many candidates there are, and Σ (x − `centre`)^`POWER` over them in f64. One pass.
pub(crate) struct Moments<'a, const POWER: i32> {
    pub(crate) row: &'a [f32],
    pub(crate) pieces: &'a [Piece],
    pub(crate) centre: f64,
}

impl<const POWER: i32> Kernel for Moments<'_, POWER> {
    type Output = (usize, f64);

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> (usize, f64) {
        let (mut count, mut total) = (0, 0.0);
        for piece in self.pieces {
            for block in self.row[piece.ids.clone()].chunks(BLOCK) {
                let (n, sum) = self.block(piece, block);
                count += n;
                total += sum;
            }
        }
        (count, total)
    }
}

impl<const POWER: i32> Moments<'_, POWER> {
    #[inline(always)]
    fn block(&self, piece: &Piece, block: &[f32]) -> (usize, f64) {
        let mut counts = [0u32; WIDTH];
        let mut sums = [0.0f64; WIDTH];
        let (vectors, tail) = block.as_chunks::<WIDTH>();
        let mut padding = [f32::NEG_INFINITY; WIDTH];
        padding[..tail.len()].copy_from_slice(tail);
        for vector in vectors.iter().chain(std::iter::once(&padding)) {
            for i in 0..WIDTH {
                let candidate = vector[i] >= piece.lowest && vector[i] <= piece.highest;
                counts[i] += u32::from(candidate);
                let d = f64::from(vector[i]) - self.centre;
                let term = if POWER == 2 { d * d } else { d };
                sums[i] += if candidate { term } else { 0.0 };
            }
        }
        (counts.iter().sum::<u32>() as usize, sums.iter().sum())
    }
}
