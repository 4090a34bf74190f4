//! Filters that keep tokens until their mass reaches p: top-p and typical.
//!
//! Over a listed set the edge is found at once. Over a row it is left *pending*: a draw only needs to know
//! whether the token it drew is inside, which one pass tells. Only a filter that needs the edge itself, a
//! trace, or thirty-two refusals in a row make it be found.

use std::cmp::Ordering::Equal;

use super::{
    Candidates,
    list::{self, place},
};
use crate::{
    interval::{End, Interval, Ties},
    kernel::{exp, ordered, unordered},
};

/// A filter by mass whose edge has not been needed yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) filter: MassFilter,
    /// The candidates that it filters, and at which temperature.
    pub(super) among: Interval,
    pub(super) inverse_temperature: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum MassFilter {
    TopP { p: f64, ties: Ties },
    Typical { p: f64 },
}

impl Pending {
    /// Whether the best score is certain to stay, so that filters by distance from it may run before.
    pub(super) fn keeps_the_best_score(&self) -> bool {
        matches!(self.filter, MassFilter::TopP { .. })
    }

    /// Whether of the tokens with that score the one with the lowest id is certain to stay.
    pub(super) fn keeps_the_best(&self) -> bool {
        matches!(self.filter, MassFilter::TopP { ties: Ties::LowestIds | Ties::Kept, .. })
    }
}

impl Candidates<'_> {
    /// Keeps the best tokens for as long as the mass before them is below `p` of all (0 < p < 1).
    pub fn keep_nucleus(&mut self, p: f64, ties: Ties) {
        self.resolve();
        if self.scratch.listed {
            self.list_nucleus(p, ties);
        } else {
            self.defer(MassFilter::TopP { p, ties });
        }
    }

    /// Keeps the tokens whose surprise is nearest to the entropy, for as long as the mass of those nearer
    /// is below `p` of all; equally near ones stay or go together.
    pub fn keep_typical(&mut self, p: f64) {
        self.resolve();
        self.defer(MassFilter::Typical { p });
        if self.scratch.listed {
            self.resolve();
        }
    }

    /// As [`keep_typical`](Self::keep_typical), but of equally near tokens only as many as it takes: the
    /// better first, then the lower id. O(V log V).
    pub fn keep_typical_one_by_one(&mut self, p: f64) {
        self.resolve();
        let among = self.interval.clone();
        let sums = self.exact_sums_over(&among, self.inverse_temperature);
        let centre = sums.mean_relative();
        let inside =
            |(id, &x): (usize, &f32)| among.contains(id as u32, x).then_some((id as u32, x));
        let mut nearest: Vec<(u32, f32)> = self.row.iter().enumerate().filter_map(inside).collect();
        let far = |x: f32| (self.relative(x) - centre).abs();
        nearest.sort_by(|&(_, x), &(_, y)| {
            far(x).total_cmp(&far(y)).then(y.partial_cmp(&x).unwrap_or(Equal))
        });
        let masses = nearest.iter().map(|&(_, x)| exp(self.relative(x)));
        let kept = nucleus_len(masses, p * sums.mass).min(nearest.len());
        nearest.truncate(kept);
        self.keep_hull(&nearest);
    }

    /// Keeps an interval given by its tokens, of which those with an end's score are its lowest ids.
    fn keep_hull(&mut self, tokens: &[(u32, f32)]) {
        let ids_with = |score: f32| tokens.iter().filter(move |t| t.1 == score).map(|t| t.0);
        let end = |score: f32| {
            let to = ids_with(score).max().map_or(u32::MAX, |id| id + 1);
            End { score, from: 0, to }
        };
        let scores = || tokens.iter().map(|t| t.1);
        let lowest = end(scores().fold(f32::INFINITY, f32::min));
        let highest = end(scores().fold(f32::NEG_INFINITY, f32::max));
        self.raise(lowest);
        self.top = highest.score;
        if lowest.score < highest.score {
            self.lower(highest);
        } else {
            self.lower(End::with_ties(highest.score));
        }
    }

    fn defer(&mut self, filter: MassFilter) {
        let (among, inverse_temperature) = (self.interval.clone(), self.inverse_temperature);
        self.pending = Some(Pending { filter, among, inverse_temperature });
    }

    fn list_nucleus(&mut self, p: f64, ties: Ties) {
        self.rank();
        self.weigh();
        let s = &*self.scratch;
        let mass = |&key: &u64| s.masses[place(key)];
        let kept = nucleus_len(s.order.iter().map(mass), p * s.order.iter().map(mass).sum::<f64>());
        self.keep_ranked(kept, ties);
    }

    /// Keeps the first `kept` of the ranked candidates (at least one).
    pub(super) fn keep_ranked(&mut self, kept: usize, ties: Ties) {
        let end = self.end_at(self.scratch.order[kept - 1]);
        let highest_ids = match ties {
            Ties::HighestIds => self.highest_ids(kept, end.score),
            Ties::LowestIds | Ties::Kept => None,
        };
        match highest_ids {
            Some(end) => self.raise(end),
            None if ties == Ties::Kept => self.raise(End::with_ties(end.score)),
            None => {
                self.scratch.order.truncate(kept);
                self.interval.raise(end);
                self.scratch.pure = false;
            }
        }
    }

    /// The end at which as many of the ranked candidates that equal `score` stay as the best `kept` hold,
    /// but those with the highest ids.
    fn highest_ids(&self, kept: usize, score: f32) -> Option<End> {
        let order = &self.scratch.order;
        let is_tied = |key: &&u64| list::score(**key) == score;
        let beyond = order[kept..].iter().take_while(is_tied).count();
        let tied = order[..kept].iter().rev().take_while(is_tied).count();
        let from = self.scratch.ids[place(order[kept + beyond - tied])];
        (beyond > 0).then_some(End { score, from, to: u32::MAX })
    }

    /// Finds the edge that is pending, exactly: masses in f64, a selection instead of a sort.
    pub(super) fn resolve(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        let found = match pending.filter {
            MassFilter::TopP { p, ties } => self.nucleus_edge(&pending, p, ties),
            MassFilter::Typical { p } => self.typical_edges(&pending, p),
        };
        self.interval.intersect(&found);
        self.scratch.forget_ranks();
        if !pending.keeps_the_best_score() {
            self.find_top();
        }
    }

    fn nucleus_edge(&mut self, pending: &Pending, p: f64, ties: Ties) -> Interval {
        let by_rank = |id: u32, score: f32| match ties {
            Ties::HighestIds => (score, id),
            Ties::LowestIds | Ties::Kept => (score, !id),
        };
        self.pair(pending, |id, score, _| {
            let (score, id) = by_rank(id, score);
            u64::from(ordered(score)) << 32 | u64::from(id)
        });
        let edge = select_by_mass(&mut self.scratch.pairs, p);
        let score = unordered((edge >> 32) as u32);
        let lowest = match ties {
            Ties::LowestIds => End { score, from: 0, to: !(edge as u32) + 1 },
            Ties::HighestIds => End { score, from: edge as u32, to: u32::MAX },
            Ties::Kept => End::with_ties(score),
        };
        Interval { lowest, ..pending.among.clone() }
    }

    fn typical_edges(&mut self, pending: &Pending, p: f64) -> Interval {
        let sums = self.exact_sums_over(&pending.among, pending.inverse_temperature);
        let centre = sums.mean_relative();
        // Non-negative floats order as their bits do; the nearest come first.
        self.pair(pending, |_, _, relative| !(relative - centre).abs().to_bits());
        let far = f64::from_bits(!select_by_mass(&mut self.scratch.pairs, p));
        self.band(pending, centre, far, far)
    }

    /// The tokens from at most `below` under `centre` to at most `above` over it. Their distances decide, as
    /// computed: the way back from a distance to a score would round.
    pub(super) fn band(&self, pending: &Pending, centre: f64, below: f64, above: f64) -> Interval {
        let distance = |score: f32| pending.relative(self, score) - centre;
        let lowest = first(|score| distance(score) >= -below);
        let beyond = first(|score| distance(score) > above);
        let highest = if beyond < f32::INFINITY { beyond.next_down() } else { f32::MAX };
        Interval { lowest: End::with_ties(lowest), highest: End::with_ties(highest) }
    }

    /// Writes out the pending filter's candidates: a key (greater comes first) and a mass each.
    fn pair(&mut self, pending: &Pending, key: impl Fn(u32, f32, f64) -> u64) {
        let mut pairs = std::mem::take(&mut self.scratch.pairs);
        pairs.clear();
        let mut push = |id: u32, score: f32| {
            if pending.among.contains(id, score) {
                let relative = pending.relative(self, score);
                pairs.push((key(id, score, relative), exp(relative)));
            }
        };
        if self.scratch.listed {
            self.scratch.ids.iter().for_each(|&id| push(id, self.row[id as usize]));
        } else {
            self.row.iter().enumerate().for_each(|(id, &score)| push(id as u32, score));
        }
        self.scratch.pairs = pairs;
    }
}

/// The least score for which a property holds that all greater ones have too; +∞ where there is none.
pub(super) fn first(holds: impl Fn(f32) -> bool) -> f32 {
    let (mut low, mut high) = (ordered(f32::MIN), ordered(f32::INFINITY));
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(unordered(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    unordered(low)
}

/// How many of `masses` it takes to reach `budget`, at least one.
fn nucleus_len(masses: impl Iterator<Item = f64>, budget: f64) -> usize {
    let mut before = 0.0;
    let inside = masses.take_while(|mass| {
        let inside = before < budget;
        before += mass;
        inside
    });
    inside.count().max(1)
}

/// The key of the last of `pairs`, greatest key first, before which there is less than `p` of the mass.
/// O(n) expected.
fn select_by_mass(pairs: &mut [(u64, f64)], p: f64) -> u64 {
    let mut budget = p * pairs.iter().map(|pair| pair.1).sum::<f64>();
    let mut pairs = pairs;
    while pairs.len() > 64 {
        let middle = pairs.len() / 2;
        pairs.select_nth_unstable_by(middle, |a, b| b.0.cmp(&a.0));
        let (upper, lower) = pairs.split_at_mut(middle);
        let mass = upper.iter().map(|pair| pair.1).sum::<f64>();
        pairs = if mass < budget {
            budget -= mass;
            lower
        } else {
            upper
        };
    }
    pairs.sort_unstable_by_key(|pair| std::cmp::Reverse(pair.0));
    let kept = nucleus_len(pairs.iter().map(|pair| pair.1), budget);
    pairs[kept - 1].0
}
