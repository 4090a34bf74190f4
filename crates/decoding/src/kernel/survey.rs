//! The first pass over any row: its maxima, and whether something is wrong with it.

use super::{BLOCK, GROUPS, Kernel, LANES, Maxima, Simd, blocks, tail};

/// The lanes' maxima of every block, and the row's; one pass.
pub(crate) struct Survey<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) maxima: &'a mut Maxima,
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
        self.maxima.reset(self.row.len());
        let Maxima { blocks, groups, tail: padded } = self.maxima;
        // A NaN stays in a sum, while comparisons lose it. (So does +∞ − ∞, which is a fault as well.)
        let mut sum = [s.splat(0.0); 4];
        let (whole, rest) = self.row.as_chunks::<BLOCK>();
        // One loop: with another for the first chunk, a row in the second cache takes half as long again.
        for (whole, blocks) in whole.chunks(GROUPS).zip(blocks.chunks_mut(GROUPS)) {
            for ((block, maxima), group) in whole.iter().zip(blocks).zip(&mut **groups) {
                let lanes = survey(s, block, &mut sum);
                s.store(lanes, maxima);
                s.store(s.max(s.load(group), lanes), group);
            }
        }
        if !rest.is_empty() {
            **padded = tail(self.row);
            let (lanes, b) = (survey(s, padded, &mut sum), whole.len());
            s.store(lanes, &mut blocks[b]);
            s.store(s.max(s.load(&groups[b % GROUPS]), lanes), &mut groups[b % GROUPS]);
        }
        let mut max = s.splat(f32::NEG_INFINITY);
        for lanes in if blocks.len() < GROUPS { &**blocks } else { &**groups } {
            max = s.max(max, s.load(lanes));
        }
        Found::new(s, max, sum)
    }
}

#[inline(always)]
fn survey<S: Simd>(s: S, block: &[f32; BLOCK], sum: &mut [S::F; 4]) -> S::F {
    let (vectors, _) = block.as_chunks::<LANES>();
    let mut lanes = [s.splat(f32::NEG_INFINITY); 4];
    for four in 0..BLOCK / LANES / 4 {
        for i in 0..4 {
            let x = s.load(&vectors[4 * four + i]);
            lanes[i] = s.max(lanes[i], x);
            sum[i] = s.add(sum[i], x);
        }
    }
    s.max(s.max(lanes[0], lanes[1]), s.max(lanes[2], lanes[3]))
}

/// As [`Survey`], without the blocks' maxima.
pub(crate) struct Check<'a>(pub(crate) &'a [f32]);

impl Kernel for Check<'_> {
    type Output = Found;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Found {
        let mut max = s.splat(f32::NEG_INFINITY);
        let mut sum = [s.splat(0.0); 4];
        for (_, block) in blocks(self.0, &tail(self.0)) {
            max = s.max(max, survey(s, block, &mut sum));
        }
        Found::new(s, max, sum)
    }
}

impl Found {
    #[inline(always)]
    fn new<S: Simd>(s: S, max: S::F, sum: [S::F; 4]) -> Self {
        let sum = s.sum(s.add(s.add(sum[0], sum[1]), s.add(sum[2], sum[3])));
        Self { max: s.greatest(max), suspect: sum.is_nan() }
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
        s.greatest(s.max(s.max(max[0], max[1]), s.max(max[2], max[3])))
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
