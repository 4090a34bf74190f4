//! The first pass over any row: its maxima, and whether something is wrong with it.

use super::{BLOCK, Kernel, LANES, LaneMaxima, Simd, blocks, tail};

/// The lanes' maxima of every block, and the row's; one pass.
pub(crate) struct Survey<'a> {
    pub(crate) row: &'a [f32],
    /// One for each block of the row.
    pub(crate) maxima: &'a mut [LaneMaxima],
}

/// What a survey found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The greatest score that is not NaN; −∞ where there is none.
    pub(crate) max: f32,
    /// False only if no score is NaN.
    pub(crate) suspect: bool,
}

impl Kernel for Survey<'_> {
    type Output = Found;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Found {
        let mut max = s.splat(f32::NEG_INFINITY);
        // A NaN stays in a sum, while comparisons lose it. (So does +∞ − ∞, which is a fault as well.)
        let mut sum = [s.splat(0.0); 4];
        let (whole, rest) = self.row.as_chunks::<BLOCK>();
        for (block, maxima) in whole.iter().zip(&mut *self.maxima) {
            max = s.max(max, survey(s, block, maxima, &mut sum));
        }
        if !rest.is_empty() {
            max = s.max(max, survey(s, &tail(self.row), &mut self.maxima[whole.len()], &mut sum));
        }
        Found::new(s, max, sum)
    }
}

#[inline(always)]
fn survey<S: Simd>(
    s: S,
    block: &[f32; BLOCK],
    maxima: &mut LaneMaxima,
    sum: &mut [S::F; 4],
) -> S::F {
    let (vectors, _) = block.as_chunks::<LANES>();
    let mut lanes = [s.splat(f32::NEG_INFINITY); 4];
    for four in 0..BLOCK / LANES / 4 {
        for i in 0..4 {
            let x = s.load(&vectors[4 * four + i]);
            lanes[i] = s.max(lanes[i], x);
            sum[i] = s.add(sum[i], x);
        }
    }
    let lanes = s.max(s.max(lanes[0], lanes[1]), s.max(lanes[2], lanes[3]));
    s.store(lanes, maxima);
    lanes
}

/// As [`Survey`], without the blocks' maxima.
pub(crate) struct Check<'a>(pub(crate) &'a [f32]);

impl Kernel for Check<'_> {
    type Output = Found;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Found {
        let mut max = s.splat(f32::NEG_INFINITY);
        let mut sum = [s.splat(0.0); 4];
        let mut unused = [0.0; LANES];
        for (_, block) in blocks(self.0, &tail(self.0)) {
            max = s.max(max, survey(s, block, &mut unused, &mut sum));
        }
        Found::new(s, max, sum)
    }
}

impl Found {
    #[inline(always)]
    fn new<S: Simd>(s: S, max: S::F, sum: [S::F; 4]) -> Self {
        let sum = s.sum(s.add(s.add(sum[0], sum[1]), s.add(sum[2], sum[3])));
        let mut lanes = [0.0; LANES];
        s.store(max, &mut lanes);
        let max = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
        Self { max, suspect: sum.is_nan() }
    }
}

/// The floor of any kernel that reads a row: the maximum alone.
pub(crate) struct MaxPass<'a>(pub(crate) &'a [f32]);

impl Kernel for MaxPass<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let mut max = [s.splat(f32::NEG_INFINITY); 4];
        for (_, block) in blocks(self.0, &tail(self.0)) {
            let (vectors, _) = block.as_chunks::<LANES>();
            for four in 0..BLOCK / LANES / 4 {
                for i in 0..4 {
                    max[i] = s.max(max[i], s.load(&vectors[4 * four + i]));
                }
            }
        }
        let mut lanes = [0.0; LANES];
        s.store(s.max(s.max(max[0], max[1]), s.max(max[2], max[3])), &mut lanes);
        lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

/// The floor of any kernel that needs probabilities: Σ exp(x − `max`) alone.
pub(crate) struct ExpSum<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) max: f32,
}

impl Kernel for ExpSum<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        let (reference, scale) = (s.splat(self.max), s.splat(std::f32::consts::LOG2_E));
        let mut total = 0.0;
        for (_, block) in blocks(self.row, &tail(self.row)) {
            let (vectors, _) = block.as_chunks::<LANES>();
            let mut sum = [s.splat(0.0); 4];
            for four in 0..BLOCK / LANES / 4 {
                for i in 0..4 {
                    let d = s.sub(s.load(&vectors[4 * four + i]), reference);
                    sum[i] = s.add(sum[i], s.exp2(s.mul(d, scale)));
                }
            }
            total += f64::from(s.sum(s.add(s.add(sum[0], sum[1]), s.add(sum[2], sum[3]))));
        }
        total
    }
}
