//! What filters narrow: the tokens of one row that are still in play, and at which temperature.

mod draw;
mod gumbel;
mod list;
mod mass;
mod notebook;
mod nucleus;
mod scratch;
mod top_k;

use crate::{
    Error, Result,
    interval::{End, Interval},
    kernel::{Collect, First, Survey, exp},
    row::fault,
};
use nucleus::Pending;
pub use scratch::Scratch;

/// The candidates for the next token: an interval of the row's total order (score descending, then id
/// ascending), seen at a temperature.
///
/// Every [`Filter`](crate::Filter) narrows it from below (top-k, top-p, min-p…), from above (XTC) or from
/// both ends (typical). So a chain of filters needs neither a copy of the row nor a sort of it: what is
/// kept is two ends. Once few are left (after top-k) they are listed, and looked at instead of the row.
///
/// Scores are given to filters *relative*: r = (x − max) / T ≤ 0, where max is the row's greatest score, or
/// the greatest that was left when a temperature last divided.
/// A token's probability is exp(r) divided by [`mass`](Self::mass).
#[derive(Debug)]
pub struct Candidates<'a> {
    row: &'a [f32],
    scratch: &'a mut Scratch,
    /// What scores are measured from: the row's greatest, or the greatest candidate's since it was cut.
    max: f32,
    /// The greatest candidate's score, a pending filter left aside.
    top: f32,
    inverse_temperature: f64,
    /// The notebook's temperature, which rounds.
    f32_temperature: Option<f32>,
    interval: Interval,
    pending: Option<Pending>,
}

/// A relative score at which masses come near the least that f32 can hold.
const FAR: f64 = -40.0;

impl<'a> Candidates<'a> {
    /// All tokens of `row` (length V) at temperature 1. One pass.
    ///
    /// # Errors
    /// As [`check_row`](crate::check_row).
    pub fn new(row: &'a [f32], scratch: &'a mut Scratch) -> Result<Self> {
        let candidates = Self::surveyed(row, scratch).map_err(|()| fault(row))?;
        if candidates.max.is_finite() { Ok(candidates) } else { Err(fault(row)) }
    }

    fn surveyed(row: &'a [f32], scratch: &'a mut Scratch) -> Result<Self, ()> {
        scratch.reset(row.len());
        let found = scratch.isa.run(Survey { row, maxima: &mut scratch.maxima });
        if found.suspect && row.iter().any(|x| x.is_nan()) {
            return Err(());
        }
        let interval = Interval::all();
        let max = found.max;
        Ok(Self {
            row,
            scratch,
            max,
            top: max,
            inverse_temperature: 1.0,
            f32_temperature: None,
            interval,
            pending: None,
        })
    }

    /// Divides every score by `temperature`, which is above 0 and finite.
    pub fn divide(&mut self, temperature: f64) {
        self.anchor();
        let inverse = self.inverse_temperature / temperature;
        self.inverse_temperature = inverse.clamp(f64::MIN_POSITIVE, f64::MAX);
    }

    /// Measures scores from the best candidate, once the row's best has been cut: at a low temperature all
    /// masses would be 0 beside that.
    fn anchor(&mut self) {
        self.max = self.best_score();
        self.scratch.forget_masses();
    }

    /// Keeps the best token alone.
    pub fn keep_the_best(&mut self) {
        let (id, score) = self.best();
        self.raise(End { score, from: id, to: id + 1 });
        self.lower(End { score, from: id, to: id + 1 });
    }

    /// Keeps the tokens whose relative score is at least `relative`, and the best in any case.
    pub fn keep_at_least(&mut self, relative: f64) {
        let score = f64::from(self.max) + relative / self.inverse_temperature;
        let top = self.best_score();
        self.raise(End::with_ties(least_at(score).min(top)));
    }

    /// Cuts the tokens whose relative score is at least `relative`, except the least of them.
    pub fn exclude_top(&mut self, relative: f64) {
        self.resolve();
        // Not compared as scores: beside a huge one the distance would be lost.
        if relative > self.best_relative() {
            return;
        }
        let threshold = least_at(f64::from(self.max) + relative / self.inverse_temperature);
        let lowest = threshold.max(self.interval.lowest.score);
        let mut least: Option<End> = None;
        let mut see = |id: u32, score: f32| {
            if score >= lowest
                && least.is_none_or(|end| score <= end.score)
                && self.interval.contains(id, score)
            {
                least = Some(End { score, from: id, to: u32::MAX });
            }
        };
        if self.scratch.listed {
            self.scratch.ids.iter().for_each(|&id| see(id, self.row[id as usize]));
        } else {
            let mut ids = std::mem::take(&mut self.scratch.spare);
            ids.clear();
            self.scratch.isa.run(Collect {
                row: self.row,
                maxima: &self.scratch.maxima,
                lowest,
                out: &mut ids,
            });
            ids.iter().for_each(|&id| see(id, self.row[id as usize]));
            self.scratch.spare = ids;
        }
        if let Some(end) = least {
            self.lower(end);
            self.top = end.score;
            if self.relative(self.top) < FAR {
                self.anchor();
            }
        }
    }

    /// The row that is narrowed.
    pub(crate) fn row(&self) -> &[f32] {
        self.row
    }

    /// V, masked tokens included.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        self.row.len()
    }

    /// The relative score of a token.
    pub(crate) fn relative_of(&self, token: u32) -> f64 {
        self.relative(self.row[token as usize])
    }

    /// The best token's id and score, as the row has it.
    pub fn best(&mut self) -> (u32, f32) {
        if !self.pending.as_ref().is_none_or(Pending::keeps_the_best) {
            self.resolve();
        }
        let top = self.top;
        (self.first_with(top), top)
    }

    /// The best token's relative score: 0, unless the top has been taken since the last temperature.
    pub fn best_relative(&mut self) -> f64 {
        let score = self.best_score();
        self.relative(score)
    }

    fn best_score(&mut self) -> f32 {
        if !self.pending.as_ref().is_none_or(Pending::keeps_the_best_score) {
            self.resolve();
        }
        self.top
    }

    /// r = (x − max) / T.
    fn relative(&self, score: f32) -> f64 {
        (f64::from(score) - f64::from(self.max)) * self.inverse_temperature
    }

    /// Finds the greatest score inside the interval, after its upper end has been moved.
    fn find_top(&mut self) {
        let inside = self.row.iter().enumerate().filter(|(id, x)| self.has(*id, **x));
        self.top = inside.map(|(_, &x)| x).fold(f32::NEG_INFINITY, f32::max);
    }

    fn has(&self, id: usize, score: f32) -> bool {
        self.interval.contains(id as u32, score)
    }

    /// The lowest id inside the interval whose score is `score`.
    fn first_with(&self, score: f32) -> u32 {
        let first = First { row: self.row, maxima: &self.scratch.maxima.blocks, score };
        let from = self.scratch.isa.run(first).unwrap_or(0);
        let ids = self.row.iter().enumerate().skip(from);
        let first = ids.filter(|(_, x)| **x == score).find(|(id, x)| self.has(*id, **x));
        first.map_or(0, |(id, _)| id as u32)
    }

    fn raise(&mut self, end: End) {
        self.interval.raise(end);
        self.scratch.forget_ranks();
    }

    fn lower(&mut self, end: End) {
        self.interval.lower(end);
        self.scratch.forget_ranks();
    }

    /// The probability of every token of the row (length V): 0 for what is no candidate. In f64.
    pub fn probabilities(&mut self) -> Vec<f64> {
        let left = self.left();
        let mass = |(id, &x): (usize, &f32)| if left.contains(id, x) { left.mass(x) } else { 0.0 };
        let mut masses: Vec<f64> = self.row.iter().enumerate().map(mass).collect();
        let total: f64 = masses.iter().sum();
        masses.iter_mut().for_each(|mass| *mass /= total);
        masses
    }

    /// What is left so far: which tokens, and how their scores are scaled.
    pub(crate) fn left(&mut self) -> Left {
        self.resolve();
        let Self { max, inverse_temperature, f32_temperature, .. } = *self;
        Left { interval: self.interval.clone(), max, inverse_temperature, f32_temperature }
    }
}

/// The least score that is not below `x`.
fn least_at(x: f64) -> f32 {
    let nearest = x as f32;
    let score = if f64::from(nearest) < x { nearest.next_up() } else { nearest };
    score.max(f32::MIN)
}

/// The outcome of a chain of filters on a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Left {
    interval: Interval,
    max: f32,
    inverse_temperature: f64,
    f32_temperature: Option<f32>,
}

impl Left {
    pub(crate) fn contains(&self, id: usize, score: f32) -> bool {
        self.interval.contains(id as u32, score)
    }

    /// Writes −∞ over what was cut, and scales the rest. One pass.
    pub(crate) fn apply(&self, row: &mut [f32]) {
        let scale = self.inverse_temperature;
        // Where max / T overflows, the row is shifted by its maximum: probabilities stay the same.
        let overflows = (f64::from(self.max) * scale).abs() >= f64::from(f32::MAX);
        let shift = if overflows { f64::from(self.max) } else { 0.0 };
        let in_f32 = self.f32_temperature.filter(|&t| scale == 1.0 / f64::from(t));
        for (id, x) in row.iter_mut().enumerate() {
            *x = match in_f32 {
                _ if !self.contains(id, *x) => f32::NEG_INFINITY,
                Some(temperature) => (*x / temperature).max(f32::MIN),
                None => (((f64::from(*x) - shift) * scale) as f32).max(f32::MIN),
            };
        }
    }

    /// The unnormalised probability of a token that is kept.
    pub(crate) fn mass(&self, score: f32) -> f64 {
        exp((f64::from(score) - f64::from(self.max)) * self.inverse_temperature)
    }
}

/// Narrows `row` by `narrow` and writes the outcome over it; a row in which all is masked stays.
pub(crate) fn edit(
    row: &mut [f32],
    scratch: &mut Scratch,
    narrow: impl FnOnce(&mut Candidates<'_>) -> Result<()>,
) -> Result<()> {
    let mut candidates = match Candidates::new(row, scratch) {
        Ok(candidates) => candidates,
        Err(Error::AllMasked { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    narrow(&mut candidates)?;
    let left = candidates.left();
    left.apply(row);
    Ok(())
}
