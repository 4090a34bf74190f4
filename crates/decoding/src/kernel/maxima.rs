//! What the first pass over a row leaves for the others: where its great scores are.

use std::{
    borrow::Borrow,
    ops::{Deref, DerefMut},
};

use super::{BLOCK, LANES};

/// Groups that the blocks are folded into: their 512 lanes tell the k-th score for k up to 64.
pub(crate) const GROUPS: usize = 32;

/// The lanes' maxima of a block: lane j covers the scores j, j + 16, j + 32, …
///
/// One cache line: a store that is divided between two costs a pass that writes one a block a third more.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct LaneMaxima([f32; LANES]);

impl Deref for LaneMaxima {
    type Target = [f32; LANES];

    fn deref(&self) -> &[f32; LANES] {
        &self.0
    }
}

impl DerefMut for LaneMaxima {
    fn deref_mut(&mut self) -> &mut [f32; LANES] {
        &mut self.0
    }
}

impl Borrow<[f32; LANES]> for LaneMaxima {
    fn borrow(&self) -> &[f32; LANES] {
        &self.0
    }
}

/// The maxima of parts of a row, which tell what need not be looked at again.
#[derive(Clone, Debug)]
pub(crate) struct Maxima {
    /// Of each block's lanes.
    pub(crate) blocks: Vec<LaneMaxima>,
    /// Of the lanes of all blocks b with the same b mod [`GROUPS`]; valid if there are so many.
    pub(crate) groups: Box<[LaneMaxima; GROUPS]>,
    /// The row's end, filled up with −∞; valid if that is not a whole block.
    pub(crate) tail: Box<[f32; BLOCK]>,
}

impl LaneMaxima {
    /// Of no score.
    pub(crate) const NONE: Self = Self([f32::NEG_INFINITY; LANES]);
}

impl Default for Maxima {
    fn default() -> Self {
        let (groups, tail) = (Box::new([LaneMaxima::NONE; GROUPS]), Box::new([0.0; BLOCK]));
        Self { blocks: Vec::new(), groups, tail }
    }
}

impl Maxima {
    /// Makes room for a row of `len`.
    pub(crate) fn reset(&mut self, len: usize) {
        self.blocks.resize(len.div_ceil(BLOCK), LaneMaxima::NONE);
        if self.blocks.len() >= GROUPS {
            self.groups.fill(LaneMaxima::NONE);
        }
    }
}
