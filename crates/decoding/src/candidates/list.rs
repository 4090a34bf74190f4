//! The candidates written out, once they are few.

use super::Candidates;
use crate::{
    interval::End,
    kernel::{Collect, Weigh, ordered, unordered},
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
        s.pure = self.interval.is_open_above(lowest);
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
        let s = &mut *self.scratch;
        s.order.clear();
        if s.pure {
            let key = |(place, &id): (usize, &u32)| key(place, self.row[id as usize]);
            s.order.extend(s.ids.iter().enumerate().map(key));
            return;
        }
        s.order.resize(s.ids.len(), 0);
        let mut count = 0;
        for (place, &id) in s.ids.iter().enumerate() {
            // Written in any case, counted if inside: there is no branch to predict.
            let score = self.row[id as usize];
            s.order[count] = key(place, score);
            count += usize::from(self.interval.contains(id, score));
        }
        s.order.truncate(count);
    }

    /// The lower end at the candidate behind `key`.
    pub(super) fn end_at(&self, key: u64) -> End {
        End { score: score(key), from: 0, to: self.scratch.ids[place(key)] + 1 }
    }

    /// Computes the mass of each listed token.
    pub(super) fn weigh(&mut self) {
        let s = &mut *self.scratch;
        if !s.weighed {
            s.isa.run(Weigh {
                row: self.row,
                ids: &s.ids,
                max: self.max,
                inverse_temperature: self.inverse_temperature,
                out: &mut s.masses,
            });
            s.weighed = true;
        }
    }
}

/// Orders tokens of a list: by score, and of equal ones the earlier (the lower id) is greater.
pub(super) fn key(place: usize, score: f32) -> u64 {
    u64::from(ordered(score)) << 32 | u64::from(!(place as u32))
}

pub(super) fn score(key: u64) -> f32 {
    unordered((key >> 32) as u32)
}

pub(super) fn place(key: u64) -> usize {
    !(key as u32) as usize
}
