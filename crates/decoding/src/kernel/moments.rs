//! Count, mean and spread of a row's candidates.

use super::{BLOCK, Kernel, LANES, Piece, Simd};

/// How many candidates there are, Σ d and Σ d² over them, where d = x − `centre`, in f64. One pass.
pub(crate) struct Moments<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) pieces: &'a [Piece],
    pub(crate) centre: f64,
}

/// What [`Moments`] finds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread {
    count: usize,
    sum: f64,
    squares: f64,
}

impl Spread {
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// √(E d² − (E d)²): with `centre` at the maximum, exact to 10⁻¹⁶ · V, since no d² exceeds V variances.
    pub(crate) fn deviation(&self) -> f64 {
        let count = self.count as f64;
        let mean = self.sum / count;
        (self.squares / count - mean * mean).max(0.0).sqrt()
    }
}

impl Kernel for Moments<'_> {
    type Output = Spread;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Spread {
        let mut total = Spread::default();
        for piece in self.pieces {
            for block in self.row[piece.ids.clone()].chunks(BLOCK) {
                let (vectors, rest) = block.as_chunks::<LANES>();
                let mut padded = [f32::NEG_INFINITY; LANES];
                padded[..rest.len()].copy_from_slice(rest);
                add(s, vectors, piece, self.centre, &mut total);
                add(s, &[padded], piece, self.centre, &mut total);
            }
        }
        total
    }
}

#[inline(always)]
fn add<S: Simd>(s: S, vectors: &[[f32; LANES]], piece: &Piece, centre: f64, total: &mut Spread) {
    let (lowest, highest) = (s.splat(piece.lowest), s.splat(piece.highest));
    let (mut sums, mut squares) = ([0.0f64; LANES], [0.0f64; LANES]);
    for vector in vectors {
        let x = s.load(vector);
        total.count += s.bits(s.and(s.ge(x, lowest), s.ge(highest, x))).count_ones() as usize;
        for i in 0..LANES {
            let inside = vector[i] >= piece.lowest && vector[i] <= piece.highest;
            let d = if inside { f64::from(vector[i]) - centre } else { 0.0 };
            sums[i] += d;
            squares[i] += d * d;
        }
    }
    for i in 0..LANES {
        total.sum += sums[i];
        total.squares += squares[i];
    }
}
