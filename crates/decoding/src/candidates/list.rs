//! The candidates written out, once they are few.

use super::Candidates;
use crate::{
    interval::End,
    kernel::{Collect, ordered},
};

/// Up to how many candidates are ranked by sorting them.
pub(super) const FEW: usize = 1_024;

impl Candidates<'_> {
    /// Writes out the ids of at least the interval's candidates, those whose score reaches `lowest`.
    pub(super) fn list(&mut self, lowest: f32) {
        let (row, s) = (self.row, &mut *self.scratch);
        s.ids.clear();
        s.isa.run(Collect { row, maxima: &s.maxima, lowest, out: &mut s.ids });
        s.listed = true;
        s.ranked = false;
        s.weighed = false;
    }

    /// The candidates among those listed: place in the list, id, score.
    pub(super) fn listed(&self) -> impl Iterator<Item = (usize, u32, f32)> {
        let of = |(place, &id): (usize, &u32)| (place, id, self.row[id as usize]);
        let ids = self.scratch.ids.iter().enumerate().map(of);
        ids.filter(|&(_, id, score)| self.interval.contains(id, score))
    }

    /// Sorts the listed candidates, best first.
    pub(super) fn rank(&mut self) {
        if !self.scratch.ranked {
            self.collect_keys();
            self.scratch.order.sort_unstable_by(|a, b| b.cmp(a));
            self.scratch.ranked = true;
        }
    }

    /// One key for each listed candidate, in no order; greater is better.
    pub(super) fn collect_keys(&mut self) {
        let mut order = std::mem::take(&mut self.scratch.order);
        order.clear();
        order.extend(self.listed().map(|(place, _, score)| key(place, score)));
        self.scratch.order = order;
    }

    /// The id and the score behind a key.
    pub(super) fn behind(&self, key: u64) -> (u32, f32) {
        let id = self.scratch.ids[place(key)];
        (id, self.row[id as usize])
    }

    /// The lower end at the candidate behind `key`.
    pub(super) fn end_at(&self, key: u64) -> End {
        let (id, score) = self.behind(key);
        End { score, from: 0, to: id + 1 }
    }

    /// Computes the mass of each listed token.
    pub(super) fn weigh(&mut self) {
        if !self.scratch.weighed {
            let mut masses = std::mem::take(&mut self.scratch.masses);
            masses.clear();
            let mass = |&id: &u32| self.relative(self.row[id as usize]).exp();
            masses.extend(self.scratch.ids.iter().map(mass));
            self.scratch.masses = masses;
            self.scratch.weighed = true;
        }
    }
}

/// Orders tokens of a list: by score, and of equal ones the earlier (the lower id) is greater.
pub(super) fn key(place: usize, score: f32) -> u64 {
    u64::from(ordered(score)) << 32 | u64::from(!(place as u32))
}

pub(super) fn place(key: u64) -> usize {
    !(key as u32) as usize
}
