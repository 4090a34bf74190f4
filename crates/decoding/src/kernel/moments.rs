//! Count, mean and spread of a row's candidates.

use super::{Kernel, LANES, Piece, Simd};

/// How many candidates there are, Σ d and Σ d² over them, where d = x − `centre`, in f64. One pass.
pub(crate) struct Moments<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) pieces: &'a [Piece],
    pub(crate) centre: f32,
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
            let (vectors, rest) = self.row[piece.ids.clone()].as_chunks::<LANES>();
            add(s, vectors, piece, self.centre, &mut total);
            if !rest.is_empty() {
                let mut padded = [f32::NEG_INFINITY; LANES];
                padded[..rest.len()].copy_from_slice(rest);
                add(s, &[padded], piece, self.centre, &mut total);
            }
        }
        total
    }
}

#[inline(always)]
fn add<S: Simd>(s: S, vectors: &[[f32; LANES]], piece: &Piece, centre: f32, total: &mut Spread) {
    let (lowest, highest) = (s.splat(piece.lowest), s.splat(piece.highest));
    let (mut sums, mut squares) = ([s.zero_f64(); 2], [s.zero_f64(); 2]);
    for (i, vector) in vectors.iter().enumerate() {
        let x = s.load(vector);
        let inside = s.and(s.ge(x, lowest), s.ge(highest, x));
        total.count += s.bits(inside).count_ones() as usize;
        // Whatever is no candidate deviates by nothing.
        let x = s.select(inside, x, s.splat(centre));
        s.add_deviations(x, f64::from(centre), &mut sums[i % 2], &mut squares[i % 2]);
    }
    total.sum += s.sum_f64(sums[0]) + s.sum_f64(sums[1]);
    total.squares += s.sum_f64(squares[0]) + s.sum_f64(squares[1]);
}
