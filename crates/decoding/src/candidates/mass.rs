//! Mass, entropy and spread of the candidates.

use super::Candidates;
use crate::{
    interval::Interval,
    kernel::{Between, ExactSums, Masses, Moments, Spread, Tilt},
};

/// The passes' masses are right to better than this share of the row's; nearer, f64 decides.
pub(super) const DOUBT: f64 = 1e-5;

/// More than the moments of masses that f32 cannot hold add up to.
pub(super) const UNDERFLOW: f64 = 1e-28;

/// The steepest scale that f32 can hold: an infinite one would make 0 · scale no number.
const STEEPEST: f64 = f32::MAX as f64;

/// Σ exp(r) over the candidates and, where it was asked for, Σ exp(r) · r.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub(super) mass: f64,
    pub(super) moment: Option<f64>,
}

impl Sums {
    /// H = −Σ p ln p, in nats.
    ///
    /// Not more than [`UNDERFLOW`] is 0 on every instruction set: a power below 1 would tell them apart.
    fn entropy(&self) -> f64 {
        let entropy = self.mass.ln() - self.mean_relative();
        if entropy.abs() <= UNDERFLOW { 0.0 } else { entropy }
    }

    /// Σ p r.
    pub(super) fn mean_relative(&self) -> f64 {
        self.moment.unwrap_or(f64::NAN) / self.mass
    }
}

impl Candidates<'_> {
    /// Σ exp(r) over the candidates: what divides exp(r) to make it a probability. At most one pass.
    pub fn mass(&mut self) -> f64 {
        self.sums::<false>().mass
    }

    /// The entropy of the candidates' distribution, in nats. At most one pass.
    pub fn entropy(&mut self) -> f64 {
        self.sums::<true>().entropy()
    }

    /// The relative score that `of` makes of mass and entropy (NaN without `MOMENT`): of those that a pass
    /// gives or, where a candidate is too near for their rounding, of those in f64 throughout.
    pub(crate) fn threshold<const MOMENT: bool>(&mut self, of: impl Fn(f64, f64) -> f64) -> f64 {
        let sums = self.sums::<MOMENT>();
        let threshold = of(sums.mass, sums.entropy());
        if self.scratch.listed || !self.any_near(threshold) {
            return threshold;
        }
        let exact = self.exact_sums_over(&self.interval, self.inverse_temperature);
        of(exact.mass, exact.entropy())
    }

    /// Whether the rounding of the passes could put a candidate on the wrong side of `relative`.
    fn any_near(&self, relative: f64) -> bool {
        let score = |relative: f64| f64::from(self.max) + relative / self.inverse_temperature;
        let lowest = score(relative - DOUBT) as f32;
        let highest = score(relative + DOUBT) as f32;
        let (row, maxima) = (self.row, &*self.scratch.maxima.blocks);
        let between =
            Between { row, maxima, lowest: lowest.next_down(), highest: highest.next_up() };
        self.scratch.isa.run(between)
    }

    /// Both, for the price of one.
    pub fn mass_and_entropy(&mut self) -> (f64, f64) {
        let sums = self.sums::<true>();
        (sums.mass, sums.entropy())
    }

    /// The number of candidates. At most one pass.
    pub fn count(&mut self) -> usize {
        self.resolve();
        if self.scratch.listed {
            return self.listed().count();
        }
        self.moments().count()
    }

    /// The standard deviation of the candidates' scores, divided by the temperature. One pass.
    pub fn spread(&mut self) -> f64 {
        self.resolve();
        self.moments().deviation() * self.inverse_temperature
    }

    fn moments(&self) -> Spread {
        let pieces = &self.interval.pieces(self.row.len());
        self.scratch.isa.run(Moments { row: self.row, pieces, centre: self.max })
    }

    fn sums<const MOMENT: bool>(&mut self) -> Sums {
        self.resolve();
        if self.scratch.listed {
            return self.listed_sums();
        }
        let interval = self.interval.clone();
        self.sum_blocks::<MOMENT>(&interval)
    }

    fn listed_sums(&mut self) -> Sums {
        self.weigh();
        let (mut mass, mut moment) = (0.0, 0.0);
        for (place, _, score) in self.listed() {
            let of = self.scratch.masses[place];
            mass += of;
            moment += if of > 0.0 { of * self.relative(score) } else { 0.0 };
        }
        Sums { mass, moment: Some(moment) }
    }

    /// Sums an interval of the row and remembers the blocks' masses, for draws.
    pub(super) fn sum_blocks<const MOMENT: bool>(&mut self, interval: &Interval) -> Sums {
        let mut buffer = std::mem::take(&mut self.scratch.sums);
        let sums = self.sum_into::<MOMENT>(interval, self.inverse_temperature, &mut buffer);
        self.scratch.sums = buffer;
        self.scratch.summed = Some(sums);
        self.scratch.summed_pieces = interval.pieces(self.row.len());
        self.scratch.summed_over = interval.clone();
        sums
    }

    /// The sums over an interval of the row at some temperature.
    pub(super) fn sums_over<const MOMENT: bool>(
        &mut self,
        interval: &Interval,
        inverse_temperature: f64,
    ) -> Sums {
        let mut buffer = std::mem::take(&mut self.scratch.tested);
        let sums = self.sum_into::<MOMENT>(interval, inverse_temperature, &mut buffer);
        self.scratch.tested = buffer;
        sums
    }

    fn sum_into<const MOMENT: bool>(
        &self,
        interval: &Interval,
        inverse_temperature: f64,
        sums: &mut [f32],
    ) -> Sums {
        let (mass, moment) = self.scratch.isa.run(Masses::<MOMENT> {
            row: self.row,
            maxima: &self.scratch.maxima.blocks,
            pieces: &interval.pieces(self.row.len()),
            tilt: self.tilt(inverse_temperature),
            sums,
        });
        Sums { mass, moment: MOMENT.then_some(moment * std::f64::consts::LN_2) }
    }

    pub(super) fn tilt(&self, inverse_temperature: f64) -> Tilt {
        let scale = (inverse_temperature * std::f64::consts::LOG2_E).min(STEEPEST);
        Tilt { reference: self.max, scale: scale as f32 }
    }

    /// The same in f64 throughout: what the passes approximate to some 10⁻⁶.
    pub(super) fn exact_sums_over(&self, interval: &Interval, inverse_temperature: f64) -> Sums {
        let (row, pieces) = (self.row, &interval.pieces(self.row.len()));
        let sums = ExactSums { row, pieces, max: self.max, inverse_temperature };
        let (mass, moment) = self.scratch.isa.run(sums);
        Sums { mass, moment: Some(moment) }
    }
}
