//! Finding the few scores of a row that reach another.

use super::{BLOCK, Kernel, LANES, LaneMaxima, Maxima, Simd, blocks, tail};

/// Appends the ids of the scores of at least `lowest`, ascending. At most one pass.
pub(crate) struct Collect<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) maxima: &'a Maxima,
    pub(crate) lowest: f32,
    pub(crate) out: &'a mut Vec<u32>,
}

impl Kernel for Collect<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let lowest = s.splat(self.lowest);
        // Which blocks to look at is written down without a branch, a word of blocks at a time.
        for (word, lanes) in self.maxima.blocks.chunks(64).enumerate() {
            let mut blocks = 0u64;
            for (b, lanes) in lanes.iter().enumerate() {
                blocks |= u64::from(s.any_ge(lanes, self.lowest)) << b;
            }
            while blocks != 0 {
                self.look_at(s, 64 * word + blocks.trailing_zeros() as usize, lowest);
                blocks &= blocks - 1;
            }
        }
    }
}

impl Collect<'_> {
    #[inline(always)]
    fn look_at<S: Simd>(&mut self, s: S, b: usize, lowest: S::F) {
        let lanes = s.bits(s.ge(s.load(&self.maxima.blocks[b]), lowest));
        match self.row.as_chunks::<BLOCK>().0.get(b) {
            Some(block) => collect(s, block, b, lanes, lowest, self.out),
            None => collect(s, &self.maxima.tail, b, lanes, lowest, self.out),
        }
    }
}

/// Mostly one lane has a score to be found, or two: the sixteen of a lane are looked at in one vector.
#[inline(always)]
fn collect<S: Simd>(
    s: S,
    block: &[f32; BLOCK],
    b: usize,
    mut lanes: u32,
    lowest: S::F,
    out: &mut Vec<u32>,
) {
    if lanes.count_ones() > 3 {
        return collect_all(s, block, b, lowest, out);
    }
    let start = out.len();
    while lanes != 0 {
        let lane = lanes.trailing_zeros() as usize;
        let column: [f32; LANES] = std::array::from_fn(|v| block[v * LANES + lane]);
        let mut bits = s.bits(s.ge(s.load(&column), lowest));
        while bits != 0 {
            out.push((b * BLOCK + lane) as u32 + bits.trailing_zeros() * LANES as u32);
            bits &= bits - 1;
        }
        lanes &= lanes - 1;
    }
    out[start..].sort_unstable();
}

#[inline(always)]
fn collect_all<S: Simd>(s: S, block: &[f32; BLOCK], b: usize, lowest: S::F, out: &mut Vec<u32>) {
    for (w, mut bits) in in_block(s, block, lowest).into_iter().enumerate() {
        while bits != 0 {
            out.push((b * BLOCK + w * 64) as u32 + bits.trailing_zeros());
            bits &= bits - 1;
        }
    }
}

/// The id of the first score of at least `score`. Less than a pass.
pub(crate) struct First<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) maxima: &'a [LaneMaxima],
    pub(crate) score: f32,
}

impl Kernel for First<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Option<usize> {
        let score = s.splat(self.score);
        for ((b, block), maxima) in blocks(self.row, &tail(self.row)).zip(self.maxima) {
            if s.bits(s.ge(s.load(maxima), score)) == 0 {
                continue;
            }
            for (v, vector) in block.as_chunks::<LANES>().0.iter().enumerate() {
                let bits = s.bits(s.ge(s.load(vector), score));
                if bits != 0 {
                    return Some(b * BLOCK + v * LANES + bits.trailing_zeros() as usize);
                }
            }
        }
        None
    }
}

/// The number of lanes with a score of at least `lowest`.
pub(crate) struct Reaching<'a> {
    pub(crate) maxima: &'a [LaneMaxima],
    pub(crate) lowest: f32,
}

impl Kernel for Reaching<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> usize {
        let mut count = 0;
        let lowest = s.splat(self.lowest);
        for lanes in self.maxima {
            count += s.bits(s.ge(s.load(lanes), lowest)).count_ones();
        }
        count as usize
    }
}

/// Which scores of one block are at least `lowest`: bit i of word j stands for score 64 j + i.
pub(crate) struct InBlock<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) block: usize,
    pub(crate) lowest: f32,
}

impl Kernel for InBlock<'_> {
    type Output = [u64; BLOCK / 64];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let (whole, _) = self.row.as_chunks::<BLOCK>();
        match whole.get(self.block) {
            Some(block) => in_block(s, block, s.splat(self.lowest)),
            None => in_block(s, &tail(self.row), s.splat(self.lowest)),
        }
    }
}

#[inline(always)]
fn in_block<S: Simd>(s: S, block: &[f32; BLOCK], lowest: S::F) -> [u64; BLOCK / 64] {
    let (vectors, _) = block.as_chunks::<LANES>();
    let (fours, _) = vectors.as_chunks::<4>();
    let mut words = [0; BLOCK / 64];
    for (word, four) in words.iter_mut().zip(fours) {
        for (i, vector) in four.iter().enumerate() {
            *word |= u64::from(s.bits(s.ge(s.load(vector), lowest))) << (LANES * i);
        }
    }
    words
}

/// Whether a score lies between `lowest` and `highest`, both included. At most one pass.
pub(crate) struct Between<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) maxima: &'a [LaneMaxima],
    pub(crate) lowest: f32,
    pub(crate) highest: f32,
}

impl Kernel for Between<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> bool {
        let (lowest, highest) = (s.splat(self.lowest), s.splat(self.highest));
        for ((_, block), maxima) in blocks(self.row, &tail(self.row)).zip(self.maxima) {
            if !s.any_ge(maxima, self.lowest) {
                continue;
            }
            let mut any = 0;
            for vector in block.as_chunks::<LANES>().0 {
                let x = s.load(vector);
                any |= s.bits(s.and(s.ge(x, lowest), s.ge(highest, x)));
            }
            if any != 0 {
                return true;
            }
        }
        false
    }
}
