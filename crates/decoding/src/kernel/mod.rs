//! The passes over a row of logits, each written once over [`Simd`] and compiled for three instruction sets.
//!
//! A row is looked at in blocks of [`BLOCK`] scores, sixteen lanes wide. What a pass leaves per block
//! (its lanes' maxima, its mass) lets the next one skip the blocks that cannot matter.

mod collect;
mod kth;
mod masses;
mod moments;
mod portable;
mod simd;
mod survey;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use collect::Collect;
pub(crate) use kth::{lower_bound, ordered, unordered};
pub(crate) use masses::{BlockMasses, Masses, Piece, Tilt};
pub(crate) use moments::Moments;
pub use simd::Isa;
pub(crate) use simd::{Kernel, Simd};
pub(crate) use survey::{ExpSum, MaxPass, Survey};

/// Lanes of a vector.
pub(crate) const LANES: usize = 16;
/// Scores of a block.
pub(crate) const BLOCK: usize = 256;

/// The lanes' maxima of a block: lane j covers the scores j, j + 16, j + 32, …
pub(crate) type LaneMaxima = [f32; LANES];

/// The block that starts at `start`, filled up with −∞ where the row ends within it.
#[inline(always)]
pub(crate) fn padded(tail: &[f32]) -> [f32; BLOCK] {
    let mut block = [f32::NEG_INFINITY; BLOCK];
    block[..tail.len()].copy_from_slice(tail);
    block
}

/// Calls `visit` with each block of `row` and its number; the last one is padded with −∞.
#[inline(always)]
pub(crate) fn for_each_block(row: &[f32], mut visit: impl FnMut(usize, &[f32; BLOCK])) {
    let (blocks, tail) = row.as_chunks::<BLOCK>();
    for (i, block) in blocks.iter().enumerate() {
        visit(i, block);
    }
    if !tail.is_empty() {
        visit(blocks.len(), &padded(tail));
    }
}
