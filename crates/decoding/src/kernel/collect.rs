//! Gathering the few candidates of a row that reach a score.

use super::{Kernel, LANES, LaneMaxima, Simd, for_each_block};

/// Appends the ids of the scores of at least `lowest`, ascending. At most one pass.
pub(crate) struct Collect<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) maxima: &'a [LaneMaxima],
    pub(crate) lowest: f32,
    pub(crate) out: &'a mut Vec<u32>,
}

impl Kernel for Collect<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let lowest = s.splat(self.lowest);
        for_each_block(self.row, |b, block| {
            if !s.any_ge(&self.maxima[b], self.lowest) {
                return;
            }
            for (v, vector) in block.as_chunks::<LANES>().0.iter().enumerate() {
                let mut bits = s.bits(s.ge(s.load(vector), lowest));
                while bits != 0 {
                    let lane = bits.trailing_zeros() as usize;
                    self.out.push((b * super::BLOCK + v * LANES + lane) as u32);
                    bits &= bits - 1;
                }
            }
        });
    }
}
