//! Masses: the exponentials of scores, summed over the candidates of a row.

use std::ops::Range;

use super::{BLOCK, Kernel, LANES, LaneMaxima, Simd};

/// How a score becomes a mass: exp((x − `reference`) / T).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tilt {
    /// The row's greatest score, so that no mass exceeds 1.
    pub(crate) reference: f32,
    /// log₂ e / T.
    pub(crate) scale: f32,
}

/// A range of ids and the scores that count in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) ids: Range<usize>,
    pub(crate) lowest: f32,
    /// `f32::MAX` where every score counts that is not below `lowest`.
    pub(crate) highest: f32,
}

/// The mass of every block and of all; with `MOMENT` also Σ mass · log₂ mass. At most one pass:
/// blocks without a candidate are skipped.
pub(crate) struct Masses<'a, const MOMENT: bool> {
    pub(crate) row: &'a [f32],
    pub(crate) maxima: &'a [LaneMaxima],
    /// In ascending order of ids, without overlap.
    pub(crate) pieces: &'a [Piece],
    pub(crate) tilt: Tilt,
    /// One for each block of the row; those that the pieces reach are written.
    pub(crate) sums: &'a mut [f32],
}

impl<const MOMENT: bool> Kernel for Masses<'_, MOMENT> {
    /// The mass and the moment (0 without `MOMENT`).
    type Output = (f64, f64);

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> (f64, f64) {
        let row = self.row;
        if let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) {
            self.sums[first.ids.start / BLOCK..last.ids.end.div_ceil(BLOCK)].fill(0.0);
        }
        let mut run = Running { masses: self, total: (0.0, 0.0) };
        for piece in run.masses.pieces {
            let Range { start, end } = piece.ids;
            let (first, last) = (start.div_ceil(BLOCK), end / BLOCK);
            if first > last {
                run.add(s, last, &part(row, start..end), piece);
                continue;
            }
            if start < first * BLOCK {
                run.add(s, first - 1, &part(row, start..first * BLOCK), piece);
            }
            let (blocks, _) = row[first * BLOCK..last * BLOCK].as_chunks::<BLOCK>();
            for (i, block) in blocks.iter().enumerate() {
                run.add(s, first + i, block, piece);
            }
            if last * BLOCK < end {
                run.add(s, last, &part(row, last * BLOCK..end), piece);
            }
        }
        run.total
    }
}

struct Running<'a, const MOMENT: bool> {
    masses: Masses<'a, MOMENT>,
    total: (f64, f64),
}

impl<const MOMENT: bool> Running<'_, MOMENT> {
    #[inline(always)]
    fn add<S: Simd>(&mut self, s: S, b: usize, block: &[f32; BLOCK], piece: &Piece) {
        if !s.any_ge(&self.masses.maxima[b], piece.lowest) {
            return;
        }
        let (mass, moment) = if piece.highest == f32::MAX {
            block_mass::<S, MOMENT, false>(s, block, piece, self.masses.tilt)
        } else {
            block_mass::<S, MOMENT, true>(s, block, piece, self.masses.tilt)
        };
        self.masses.sums[b] += mass;
        self.total.0 += f64::from(mass);
        self.total.1 += f64::from(moment);
    }
}

/// The block that holds the ids of `range`, with −∞ for all others.
fn part(row: &[f32], range: Range<usize>) -> [f32; BLOCK] {
    let mut block = [f32::NEG_INFINITY; BLOCK];
    let offset = range.start % BLOCK;
    block[offset..offset + range.len()].copy_from_slice(&row[range]);
    block
}

#[inline(always)]
fn block_mass<S: Simd, const MOMENT: bool, const CEILING: bool>(
    s: S,
    block: &[f32; BLOCK],
    piece: &Piece,
    tilt: Tilt,
) -> (f32, f32) {
    let (vectors, _) = block.as_chunks::<LANES>();
    let (lowest, highest) = (s.splat(piece.lowest), s.splat(piece.highest));
    let (reference, scale) = (s.splat(tilt.reference), s.splat(tilt.scale));
    let mut mass = [s.splat(0.0); 4];
    let mut moment = [s.splat(0.0); 4];
    for four in 0..BLOCK / LANES / 4 {
        for i in 0..4 {
            let x = s.load(&vectors[4 * four + i]);
            let mut candidate = s.ge(x, lowest);
            if CEILING {
                candidate = s.and(candidate, s.ge(highest, x));
            }
            let t = s.clamp_exponent(s.mul(s.sub(x, reference), scale));
            let e = s.exp2(t);
            mass[i] = s.add_where(candidate, mass[i], e);
            if MOMENT {
                moment[i] = s.add_where(candidate, moment[i], s.mul(e, t));
            }
        }
    }
    (sum4(s, mass), if MOMENT { sum4(s, moment) } else { 0.0 })
}

#[inline(always)]
fn sum4<S: Simd>(s: S, x: [S::F; 4]) -> f32 {
    s.sum(s.add(s.add(x[0], x[1]), s.add(x[2], x[3])))
}

/// The mass of each score of one block, 0 for what is not a candidate.
pub(crate) struct BlockMasses<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) block: usize,
    pub(crate) pieces: &'a [Piece],
    pub(crate) tilt: Tilt,
    pub(crate) out: &'a mut [f32; BLOCK],
}

impl Kernel for BlockMasses<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (reference, scale) = (s.splat(self.tilt.reference), s.splat(self.tilt.scale));
        let whole = self.block * BLOCK..((self.block + 1) * BLOCK).min(self.row.len());
        self.out.fill(0.0);
        for piece in self.pieces {
            let ids = piece.ids.start.max(whole.start)..piece.ids.end.min(whole.end);
            if ids.is_empty() {
                continue;
            }
            let block = part(self.row, ids);
            let (lowest, highest) = (s.splat(piece.lowest), s.splat(piece.highest));
            let (out, _) = self.out.as_chunks_mut::<LANES>();
            for (vector, out) in block.as_chunks::<LANES>().0.iter().zip(out) {
                let x = s.load(vector);
                let candidate = s.and(s.ge(x, lowest), s.ge(highest, x));
                let e = s.exp2(s.mul(s.sub(x, reference), scale));
                s.store(s.add_where(candidate, s.load(out), e), out);
            }
        }
    }
}
