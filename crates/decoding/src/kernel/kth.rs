//! A score that at least k scores of a row reach, found from the lanes' maxima alone.

use super::{Isa, Kernel, LANES, LaneMaxima, Simd};

/// A lower bound of the k-th largest score; −∞ where the maxima are too few to tell.
///
/// Every lane's maximum is a score, so the k-th largest of them is such a bound. The blocks are first
/// folded into groups (block b into group b mod n, so that in a sorted row the best blocks stay apart).
/// Then a threshold is bisected, on the integers that order floats, until between k and a little more
/// of the maxima reach it.
pub(crate) fn lower_bound(
    isa: Isa,
    maxima: &[LaneMaxima],
    k: usize,
    groups: &mut Vec<LaneMaxima>,
) -> f32 {
    if k > maxima.len() * LANES {
        return f32::NEG_INFINITY;
    }
    // Eight lanes for each of the k make a sharp bound.
    let wanted = (8 * k).div_ceil(LANES).next_power_of_two();
    groups.clear();
    groups.extend_from_slice(&maxima[..wanted.min(maxima.len())]);
    let rest = &maxima[groups.len()..];
    isa.run(Bisect { groups, rest, k })
}

struct Bisect<'a> {
    groups: &'a mut [LaneMaxima],
    rest: &'a [LaneMaxima],
    k: usize,
}

impl Kernel for Bisect<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) -> f32 {
        self.fold(s);
        let (mut low, high) = self.bracket(s);
        if low == f32::NEG_INFINITY || self.reaching(s, low) < self.k {
            low = f32::MIN;
            if self.reaching(s, low) < self.k {
                return f32::NEG_INFINITY;
            }
        }
        let enough = self.k + self.k / 4;
        // On keys, not floats: the key below +0.0's is −0.0's, which as a float is the same again.
        let (mut low, mut high) = (ordered(low), ordered(high));
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.reaching(s, unordered(middle)) {
                count if count < self.k => high = middle,
                count if count <= enough => return unordered(middle),
                _ => low = middle,
            }
        }
        unordered(low)
    }
}

impl Bisect<'_> {
    #[inline(always)]
    fn fold<S: Simd>(&mut self, s: S) {
        for blocks in self.rest.chunks(self.groups.len().max(1)) {
            for (group, block) in self.groups.iter_mut().zip(blocks) {
                s.store(s.max(s.load(group), s.load(block)), group);
            }
        }
    }

    #[inline(always)]
    fn reaching<S: Simd>(&self, s: S, threshold: f32) -> usize {
        let threshold = s.splat(threshold);
        let mut count = 0;
        for group in &*self.groups {
            count += s.bits(s.ge(s.load(group), threshold)).count_ones();
        }
        count as usize
    }

    /// The least of the groups' best and the best of all: where the threshold most likely lies.
    #[inline(always)]
    fn bracket<S: Simd>(&self, s: S) -> (f32, f32) {
        let mut max = s.splat(f32::NEG_INFINITY);
        let mut min_max = f32::INFINITY;
        for group in &*self.groups {
            let lanes = s.load(group);
            max = s.max(max, lanes);
            min_max = min_max.min(group[0]);
        }
        let mut lanes = [0.0; LANES];
        s.store(max, &mut lanes);
        (min_max, lanes.into_iter().fold(f32::NEG_INFINITY, f32::max))
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
