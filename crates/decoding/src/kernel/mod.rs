//! The passes over a row of logits, each written once over [`Simd`] and compiled for three instruction sets.
//!
//! A row is looked at in blocks of [`BLOCK`] scores, sixteen lanes wide. What a pass leaves per block
//! (its lanes' maxima, its mass) lets the next one skip the blocks that cannot matter.

mod collect;
mod exp;
mod kth;
mod masses;
mod maxima;
mod moments;
mod portable;
mod simd;
mod survey;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use collect::{Between, Collect, First, InBlock, Reaching};
pub(crate) use exp::{ExactSums, ExpInF32, Weigh, exp};
pub(crate) use kth::{lower_bound, ordered, unordered};
pub(crate) use masses::{BlockMasses, Masses, Piece, Tilt};
pub(crate) use maxima::{GROUPS, LaneMaxima, Maxima};
pub(crate) use moments::{Moments, Spread};
pub use simd::Isa;
pub(crate) use simd::{Kernel, Simd};
pub(crate) use survey::{Check, ExpSum, MaxPass, Survey};

/// Lanes of a vector.
pub(crate) const LANES: usize = 16;
/// Scores of a block.
pub(crate) const BLOCK: usize = 256;

/// The blocks of `row` in order; `tail` is its last, if that is not a whole one.
///
/// The passes loop over blocks instead of taking closures: a closure would not be compiled for their
/// instruction set.
#[inline(always)]
pub(crate) fn blocks<'a>(
    row: &'a [f32],
    tail: &'a [f32; BLOCK],
) -> impl Iterator<Item = (usize, &'a [f32; BLOCK])> {
    let (whole, rest) = row.as_chunks::<BLOCK>();
    whole.iter().chain((!rest.is_empty()).then_some(tail)).enumerate()
}

/// The end of `row` that is not a whole block, filled up with −∞.
#[inline(always)]
pub(crate) fn tail(row: &[f32]) -> [f32; BLOCK] {
    let (_, rest) = row.as_chunks::<BLOCK>();
    let mut block = [f32::NEG_INFINITY; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block
}
