//! Drawing one of the candidates.

use super::{
    Candidates,
    list::place,
    mass::{DOUBT, Sums, UNDERFLOW},
    nucleus::{MassFilter, Pending},
};
use crate::{
    interval::{Interval, Pieces},
    kernel::{BLOCK, BlockMasses, LANES, Masses, Reaching},
};

/// How often a draw is tried against a pending filter before its edge is found.
const ATTEMPTS: u32 = 32;

/// How often a draw may miss the candidates before their own masses are computed.
const MISSES: u32 = 8;

/// In how many lanes candidates may lie to be listed for a draw.
const FEW_LANES: usize = 96;

/// Blocks between two looks at whether a test is decided.
const STRIDE: usize = 16;

impl Candidates<'_> {
    /// Draws a token in proportion to its mass; `uniform(i)` gives the i-th number in [0, 1) of this draw.
    ///
    /// By inverse transform over the ids, ascending: over the candidates where they are listed, else over
    /// the last set whose masses a filter needed, until a token is drawn that later filters kept
    /// (rejection sampling). Whether a last top-p or typical keeps it is found out for that token alone.
    pub fn draw(&mut self, uniform: impl Fn(u32) -> f64) -> u32 {
        if self.scratch.listed || self.list_if_few() {
            self.resolve();
            return self.draw_listed(uniform(0));
        }
        let mut proposal = self.proposal();
        let mut test = self.pending.take().map(|pending| Test::new(self, pending, &proposal));
        let mut misses = 0;
        for attempt in 0..ATTEMPTS {
            let token = self.locate(uniform(attempt) * proposal.mass);
            if !self.interval.contains(token, self.row[token as usize]) {
                misses += 1;
                if misses == MISSES {
                    proposal = self.propose();
                }
            } else if test.as_mut().is_none_or(|test| test.keeps(self, token)) {
                return token;
            }
        }
        self.pending = test.map(|test| test.pending);
        self.resolve();
        let proposal = self.propose();
        self.locate(uniform(ATTEMPTS) * proposal.mass)
    }

    /// Lists the candidates if no masses have been needed so far and few lanes hold them all.
    fn list_if_few(&mut self) -> bool {
        let lowest = self.interval.lowest.score;
        if self.pending.is_some() || self.scratch.summed.is_some() || lowest == f32::MIN {
            return false;
        }
        let maxima = &self.scratch.maxima;
        let few = self.scratch.isa.run(Reaching { maxima: &maxima.blocks, lowest }) <= FEW_LANES;
        if few {
            self.list(lowest);
        }
        few
    }

    /// Block sums of the candidates or of more than them, a pending filter left aside.
    fn proposal(&mut self) -> Sums {
        match (self.scratch.summed, &self.pending) {
            (Some(sums), _) => sums,
            // The pending filter's own candidates: their masses bound its tests, too.
            (None, Some(pending)) if pending.inverse_temperature == self.inverse_temperature => {
                let (among, moment) = (pending.among.clone(), pending.needs_moment());
                self.propose_from(&among, moment)
            }
            (None, _) => self.propose(),
        }
    }

    /// Block sums of the candidates, a pending filter left aside.
    fn propose(&mut self) -> Sums {
        let interval = self.interval.clone();
        self.propose_from(&interval, false)
    }

    fn propose_from(&mut self, interval: &Interval, moment: bool) -> Sums {
        match moment {
            true => self.sum_blocks::<true>(interval),
            false => self.sum_blocks::<false>(interval),
        }
    }

    fn draw_listed(&mut self, u: f64) -> u32 {
        self.weigh();
        let s = &mut *self.scratch;
        s.kept.clear();
        if s.ranked {
            s.kept.resize(s.ids.len(), 0.0);
            s.order.iter().for_each(|&key| s.kept[place(key)] = s.masses[place(key)]);
        } else {
            let inside = |id: u32| s.pure || self.interval.contains(id, self.row[id as usize]);
            let kept = |(&id, &mass): (&u32, &f64)| if inside(id) { mass } else { 0.0 };
            s.kept.extend(s.ids.iter().zip(&s.masses).map(kept));
        }
        let mut threshold = u * sum(&s.kept);
        for (&mass, &id) in s.kept.iter().zip(&s.ids) {
            if mass > threshold {
                return id;
            }
            threshold -= mass;
        }
        let last = s.kept.iter().rposition(|&mass| mass > 0.0).unwrap_or(0);
        s.ids[last]
    }

    /// The token at which the running mass first exceeds `threshold`, by ascending id.
    fn locate(&self, threshold: f64) -> u32 {
        let mut masses = [0.0; BLOCK];
        let (block, rest) = crossing(&self.scratch.sums, threshold);
        self.scratch.isa.run(BlockMasses {
            row: self.row,
            block,
            pieces: &self.scratch.summed_pieces,
            tilt: self.tilt(self.inverse_temperature),
            out: &mut masses,
        });
        let (within, _) = crossing(&masses, rest);
        (block * BLOCK + within) as u32
    }
}

/// The sum, in four running ones that need not wait for each other.
fn sum(masses: &[f64]) -> f64 {
    let (fours, rest) = masses.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for four in fours {
        for i in 0..4 {
            sums[i] += four[i];
        }
    }
    sums[0] + sums[1] + sums[2] + sums[3] + rest.iter().sum::<f64>()
}

/// The index at which the running sum of `masses` first exceeds `threshold`, and what of the threshold is
/// left there; the last that is not 0 if rounding leaves it short.
fn crossing(masses: &[f32], mut threshold: f64) -> (usize, f64) {
    let (chunks, _) = masses.as_chunks::<LANES>();
    let mut start = 0;
    for chunk in chunks {
        // Not a sum over all of them: chunks are independent, so that their sums overlap.
        let sum = f64::from(chunk.iter().sum::<f32>());
        if sum > threshold {
            break;
        }
        threshold -= sum;
        start += LANES;
    }
    for (i, &mass) in masses.iter().enumerate().skip(start) {
        if f64::from(mass) > threshold {
            return (i, threshold);
        }
        threshold -= f64::from(mass);
    }
    let last = masses.iter().rposition(|&mass| mass > 0.0).unwrap_or(0);
    (last, f64::from(masses.get(last).copied().unwrap_or(0.0)))
}

/// Decides about single tokens what a pending filter would decide about all.
pub(super) struct Test {
    pub(super) pending: Pending,
    /// Of the candidates that the filter filters.
    sums: Sums,
    /// The tokens it may keep, as far as earlier refusals tell.
    pub(super) open: Interval,
    /// Whether the blocks' masses are those of the candidates that the filter filters.
    bounded: bool,
}

impl Test {
    fn new(candidates: &mut Candidates<'_>, pending: Pending, proposal: &Sums) -> Self {
        let bounded = pending.inverse_temperature == candidates.inverse_temperature
            && pending.among == candidates.scratch.summed_over;
        let sums = if bounded && (proposal.moment.is_some() || !pending.needs_moment()) {
            *proposal
        } else if pending.needs_moment() {
            candidates.sums_over::<true>(&pending.among, pending.inverse_temperature)
        } else {
            candidates.sums_over::<false>(&pending.among, pending.inverse_temperature)
        };
        Self { open: Interval::all(), sums, bounded, pending }
    }

    /// A test where no draw has summed the blocks yet.
    pub(super) fn of(candidates: &mut Candidates<'_>, pending: Pending) -> Self {
        let (temperature, among) = (candidates.inverse_temperature, pending.among.clone());
        candidates.inverse_temperature = pending.inverse_temperature;
        let sums = candidates.sum_blocks::<true>(&among);
        candidates.inverse_temperature = temperature;
        candidates.scratch.summed = None;
        Self { open: Interval::all(), sums, bounded: true, pending }
    }

    pub(super) fn keeps(&mut self, candidates: &mut Candidates<'_>, token: u32) -> bool {
        let score = candidates.row[token as usize];
        if !self.open.contains(token, score) {
            return false;
        }
        let doubt = self.pending.doubt(&self.sums);
        let before = |doubt| self.pending.before(candidates, &self.sums, token, score, doubt);
        let (most, least) = (before(doubt), before(-doubt));
        let keeps = match self.decide(candidates, &most) {
            Some(false) if least != most => self.decide(candidates, &least).filter(|keeps| !keeps),
            decided => decided,
        };
        let keeps = keeps.unwrap_or_else(|| self.pending.exactly_keeps(candidates, token, score));
        if !keeps {
            self.open.intersect(&most);
        }
        keeps
    }

    /// Whether the mass of `before` is below the budget; `None` where it is too near. Looks at the row from
    /// its start, and no further than needed: what is left of it has at most its own mass.
    fn decide(&self, candidates: &mut Candidates<'_>, before: &Interval) -> Option<bool> {
        let (doubt, budget) = (DOUBT * self.sums.mass, self.pending.p() * self.sums.mass);
        let pieces = before.pieces(candidates.row.len());
        let (mut mass, mut rest) = (0.0, self.sums.mass);
        let blocks = candidates.scratch.sums.len();
        for start in (0..blocks).step_by(STRIDE) {
            let end = (start + STRIDE).min(blocks);
            mass += self.mass_within(candidates, &pieces, start * BLOCK..end * BLOCK);
            rest -= candidates.scratch.sums[start..end].iter().map(|&x| f64::from(x)).sum::<f64>();
            if mass > budget + doubt {
                return Some(false);
            }
            if self.bounded && mass + rest < budget - doubt {
                return Some(true);
            }
        }
        (mass < budget - doubt).then_some(true)
    }

    fn mass_within(
        &self,
        candidates: &mut Candidates<'_>,
        pieces: &Pieces,
        ids: std::ops::Range<usize>,
    ) -> f64 {
        let tilt = candidates.tilt(self.pending.inverse_temperature);
        let s = &mut *candidates.scratch;
        let (mass, _) = s.isa.run(Masses::<false> {
            row: candidates.row,
            maxima: &s.maxima.blocks,
            pieces: &pieces.within(ids),
            tilt,
            sums: &mut s.tested,
        });
        mass
    }
}

impl Pending {
    fn p(&self) -> f64 {
        match self.filter {
            MassFilter::TopP { p, .. } | MassFilter::Typical { p } => p,
        }
    }

    fn needs_moment(&self) -> bool {
        matches!(self.filter, MassFilter::Typical { .. })
    }

    /// By how much the passes may miss the centre that typical's distances are taken from; 0 for top-p, and
    /// where all scores are equal.
    fn doubt(&self, sums: &Sums) -> f64 {
        if !self.needs_moment() || sums.mean_relative() == 0.0 {
            return 0.0;
        }
        DOUBT * sums.mean_relative().abs() + UNDERFLOW
    }

    /// The candidates that the filter takes before this one, if its centre is right to `doubt`: as many as
    /// there may be, or where `doubt` is below 0 as few.
    fn before(
        &self,
        candidates: &Candidates<'_>,
        sums: &Sums,
        token: u32,
        score: f32,
        doubt: f64,
    ) -> Interval {
        match self.filter {
            MassFilter::TopP { ties, .. } => self.among.above(token, score, ties),
            MassFilter::Typical { .. } => {
                let centre = sums.mean_relative();
                let mut before = self.nearer(candidates, centre, score, doubt);
                before.intersect(&self.among);
                before
            }
        }
    }

    /// The tokens nearer to `centre` than `score`, of those on its other side the nearer by `-doubt`: on
    /// its own side the order of the scores tells, unless the centre itself may be on the other.
    fn nearer(&self, candidates: &Candidates<'_>, centre: f64, score: f32, doubt: f64) -> Interval {
        let distance = self.relative(candidates, score) - centre;
        let there = distance.abs() + doubt;
        let here = if distance.abs() > doubt.abs() { distance.abs() } else { there };
        let (below, above) = if distance < 0.0 { (here, there) } else { (there, here) };
        candidates.band(self, centre, below.next_down(), above.next_down())
    }

    fn exactly_keeps(&self, candidates: &Candidates<'_>, token: u32, score: f32) -> bool {
        let temperature = self.inverse_temperature;
        let sums = candidates.exact_sums_over(&self.among, temperature);
        let before = self.before(candidates, &sums, token, score, 0.0);
        candidates.exact_sums_over(&before, temperature).mass < self.p() * sums.mass
    }

    pub(super) fn relative(&self, candidates: &Candidates<'_>, score: f32) -> f64 {
        (f64::from(score) - f64::from(candidates.max)) * self.inverse_temperature
    }
}
