//! The k best of the candidates, by selection.

use super::{
    Candidates,
    list::{self, FEW},
};
use crate::{
    interval::{End, Ties},
    kernel::{Collect, lower_bound},
};

impl Candidates<'_> {
    /// Keeps the `k` best tokens (k ≥ 1); `ties` decides between those that equal the k-th.
    ///
    /// # Performance
    /// One pass that skips most of the row, for the scores that reach a bound of the k-th; then a
    /// selection among those, a little more than k unless k is large.
    pub fn keep_best(&mut self, k: usize, ties: Ties) {
        self.resolve();
        if !self.scratch.listed {
            let bound = if self.interval.is_open() { self.bound(k) } else { f32::MIN };
            self.list(self.tied(bound).max(self.interval.lowest.score));
        }
        if let Some(edge) = self.kth(k) {
            let end = self.end_at(edge);
            match ties {
                Ties::LowestIds => self.keep_ranks(k, end),
                Ties::Kept => self.keep_tied(k, self.tied(end.score)),
                Ties::HighestIds => self.keep_highest_ids(k, end.score),
            }
        }
    }

    /// Keeps the first `kept` of the ranked candidates, or, where they are not ranked, what `end` says.
    fn keep_ranks(&mut self, kept: usize, end: End) {
        self.interval.raise(end);
        self.scratch.pure = false;
        self.scratch.order.truncate(kept);
    }

    /// Keeps the `k` best and whoever else has at least `score`.
    fn keep_tied(&mut self, k: usize, score: f32) {
        let rest = self.scratch.order[k..].iter();
        let ties = rest.take_while(|&&key| list::score(key) >= score).count();
        if self.scratch.ranked {
            self.keep_ranks(k + ties, End::with_ties(score));
        } else {
            self.raise(End::with_ties(score));
        }
    }

    /// The relative scores of the `n` best candidates, or of all if there are fewer, best first.
    pub fn best_scores(&mut self, n: usize) -> Vec<f64> {
        self.resolve();
        let mut scores: Vec<f32> = if self.scratch.listed {
            self.listed().map(|c| c.2).collect()
        } else {
            self.scores_above(n)
        };
        scores.sort_unstable_by(|a, b| b.total_cmp(a));
        scores.into_iter().take(n).map(|score| self.relative(score)).collect()
    }

    /// Scores among which the `n` best candidates are.
    fn scores_above(&mut self, n: usize) -> Vec<f32> {
        let bound = if self.interval.is_open() { self.bound(n) } else { f32::MIN };
        let lowest = bound.max(self.interval.lowest.score);
        let (row, s) = (self.row, &mut *self.scratch);
        s.spare.clear();
        s.isa.run(Collect { row, maxima: &s.maxima, lowest, out: &mut s.spare });
        let inside = s.spare.iter().filter(|&&id| self.interval.contains(id, row[id as usize]));
        inside.map(|&id| row[id as usize]).collect()
    }

    fn bound(&mut self, k: usize) -> f32 {
        let s = &mut *self.scratch;
        lower_bound(s.isa, self.row, &s.maxima, k, &mut s.folded)
    }

    /// The key of the k-th best candidate, where there are so many. Ranks the candidates if they are few.
    fn kth(&mut self, k: usize) -> Option<u64> {
        if self.scratch.ids.len() <= FEW {
            self.rank();
            return self.scratch.order.get(k - 1).copied();
        }
        self.collect_keys();
        self.scratch.ranked = false;
        let order = &mut self.scratch.order;
        if k > order.len() {
            return None;
        }
        Some(*order.select_nth_unstable_by(k - 1, |a, b| b.cmp(a)).1)
    }

    /// Of the candidates with the k-th `score`, keeps as many of the highest ids as belong to the best k.
    fn keep_highest_ids(&mut self, k: usize, score: f32) {
        let better = self.listed().filter(|c| c.2 > score).count();
        let ties = self.listed().filter(|c| c.2 == score).count();
        let dropped = ties - (k - better);
        let first = self.listed().filter(|c| c.2 == score).nth(dropped).map_or(0, |c| c.1);
        self.raise(End { score, from: first, to: u32::MAX });
    }
}
