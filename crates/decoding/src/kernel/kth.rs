//! A score that at least k scores of a row reach, found from the lanes' maxima alone.

use std::borrow::Borrow;

use super::{BLOCK, GROUPS, Isa, Kernel, LANES, LaneMaxima, Maxima, Simd, blocks};

/// A lower bound of the k-th largest score; −∞ where the maxima are too few to tell.
///
/// Every lane's maximum is a score, so the k-th largest of them is such a bound. Lanes are first folded into
/// groups, neighbours into different ones, so that in a sorted row the best stay apart. Then a threshold is
/// bisected until between k and a little more of the groups' maxima reach it.
pub(crate) fn lower_bound(
    isa: Isa,
    row: &[f32],
    maxima: &Maxima,
    k: usize,
    folded: &mut Vec<LaneMaxima>,
) -> f32 {
    if k > row.len() {
        return f32::NEG_INFINITY;
    }
    // Eight lanes for each of the k make a sharp bound, and four are enough where the row is short.
    let wanted = (8 * k).div_ceil(LANES).next_power_of_two();
    let blocks = &*maxima.blocks;
    if wanted <= GROUPS {
        return match blocks.len() {
            ..GROUPS => isa.run(Bisect { groups: &isa.run(Columns(row, maxima)), k }),
            _ => isa.run(Bisect { groups: &*maxima.groups, k }),
        };
    }
    match blocks.len() < wanted {
        true => fold(isa, row.as_chunks().0, wanted, folded),
        false => fold(isa, blocks, wanted, folded),
    }
    isa.run(Bisect { groups: folded, k })
}

fn fold<L: Borrow<[f32; LANES]>>(
    isa: Isa,
    lanes: &[L],
    wanted: usize,
    groups: &mut Vec<LaneMaxima>,
) {
    groups.clear();
    groups.resize(wanted.min(lanes.len()), LaneMaxima::NONE);
    isa.run(Fold { lanes, groups });
}

/// The maxima of all blocks' first vectors, of all second ones and so on.
struct Columns<'a>(&'a [f32], &'a Maxima);

impl Kernel for Columns<'_> {
    type Output = [LaneMaxima; BLOCK / LANES];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let mut columns = [s.splat(f32::NEG_INFINITY); BLOCK / LANES];
        for (_, block) in blocks(self.0, &self.1.tail) {
            for (column, vector) in columns.iter_mut().zip(block.as_chunks::<LANES>().0) {
                *column = s.max(*column, s.load(vector));
            }
        }
        let mut out = [LaneMaxima::NONE; BLOCK / LANES];
        for (out, column) in out.iter_mut().zip(columns) {
            s.store(column, out);
        }
        out
    }
}

/// Folds lanes into groups of −∞: the i-th into group i mod n.
struct Fold<'a, L> {
    lanes: &'a [L],
    groups: &'a mut [LaneMaxima],
}

impl<L: Borrow<[f32; LANES]>> Kernel for Fold<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for lanes in self.lanes.chunks(self.groups.len().max(1)) {
            for (group, lanes) in self.groups.iter_mut().zip(lanes) {
                s.store(s.max(s.load(group), s.load(lanes.borrow())), group);
            }
        }
    }
}

/// How often a threshold is halved by value before it is by number.
const VALUES: u32 = 12;

/// How far below the best a threshold is looked for by value, in distances of the lanes' best.
const FARTHEST: f32 = 16.0;

struct Bisect<'a> {
    groups: &'a [LaneMaxima],
    k: usize,
}

impl Kernel for Bisect<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let enough = self.k + self.k / 8;
        let (least, best) = self.bracket(s);
        let (mut low, mut high) = (least.max(f32::MIN), best);
        let mut count = self.reaching(s, low);
        let mut step = best - low;
        while count < self.k {
            if low == f32::MIN {
                return f32::NEG_INFINITY;
            }
            high = low;
            low = if step < FARTHEST * (best - least) {
                (low - step).max(f32::MIN)
            } else {
                f32::MIN
            };
            step *= 2.0;
            count = self.reaching(s, low);
        }
        // On keys, not floats: the key below +0.0's is −0.0's, which as a float is the same again.
        let (mut low, mut high) = (ordered(low), ordered(high));
        for step in 0.. {
            if count <= enough || high - low <= 1 {
                break;
            }
            let middle = between(low, high, step);
            let reaching = self.reaching(s, unordered(middle));
            // Selected, not branched to: half of the branches would be mispredicted.
            let few = reaching < self.k;
            high = if few { middle } else { high };
            low = if few { low } else { middle };
            count = if few { count } else { reaching };
        }
        unordered(low)
    }
}

/// A key between two others: halfway by value, which is where most rows need few steps; after some steps
/// halfway by their number, which bounds the steps for every row.
#[inline(always)]
fn between(low: u32, high: u32, step: u32) -> u32 {
    let halfway = match step {
        ..VALUES => ordered(unordered(low) / 2.0 + unordered(high) / 2.0),
        _ => low + (high - low) / 2,
    };
    halfway.clamp(low + 1, high - 1)
}

impl Bisect<'_> {
    #[inline(always)]
    fn reaching<S: Simd>(&self, s: S, threshold: f32) -> usize {
        let threshold = s.splat(threshold);
        let mut count = 0;
        for group in self.groups {
            count += s.bits(s.ge(s.load(group), threshold)).count_ones();
        }
        count as usize
    }

    /// The least and the greatest of the lanes' best: sixteen draws' worth apart, some fifty maxima reach
    /// the least.
    #[inline(always)]
    fn bracket<S: Simd>(&self, s: S) -> (f32, f32) {
        let mut best = s.splat(f32::NEG_INFINITY);
        for group in self.groups {
            best = s.max(best, s.load(group));
        }
        (s.least(best), s.greatest(best))
    }
}

/// An integer that orders as the float does; −0.0 and +0.0 give the same.
#[inline(always)]
pub(crate) fn ordered(x: f32) -> u32 {
    let bits = (x + 0.0).to_bits();
    bits ^ ((bits as i32 >> 31) as u32 | 0x8000_0000)
}

/// The float of such an integer.
#[inline(always)]
pub(crate) fn unordered(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key ^ 0x8000_0000 } else { !key })
}
