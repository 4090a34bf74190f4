//! Mass, entropy and spread of the candidates.

use super::Candidates;
use crate::{
    interval::Interval,
    kernel::{Masses, Moments, Tilt},
};

/// Beyond this a score differs from the best only in the last bits of nothing; keeps 0 · scale a number.
const STEEPEST: f64 = 1e30;

/// Σ exp(r) over the candidates, and Σ exp(r) · r.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub(super) mass: f64,
    pub(super) moment: f64,
}

impl Sums {
    /// H = −Σ p ln p, in nats.
    pub(super) fn entropy(&self) -> f64 {
        self.mass.ln() - self.mean_relative()
    }

    /// Σ p r.
    pub(super) fn mean_relative(&self) -> f64 {
        self.moment / self.mass
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
        self.moments::<1>(0.0).0
    }

    /// The standard deviation of the candidates' scores, divided by the temperature. Two passes.
    pub fn spread(&mut self) -> f64 {
        self.resolve();
        let max = f64::from(self.max);
        let (count, sum) = self.moments::<1>(max);
        let mean = max + sum / count as f64;
        let (_, squares) = self.moments::<2>(mean);
        (squares / count as f64).sqrt() * self.inverse_temperature
    }

    fn moments<const POWER: i32>(&self, centre: f64) -> (usize, f64) {
        let pieces = &self.interval.pieces(self.row.len());
        self.scratch.isa.run(Moments::<POWER> { row: self.row, pieces, centre })
    }

    pub(super) fn sums<const MOMENT: bool>(&mut self) -> Sums {
        self.resolve();
        if self.scratch.listed {
            return self.listed_sums();
        }
        let mut buffer = std::mem::take(&mut self.scratch.sums);
        let sums = self.sums_over::<MOMENT>(&self.interval, self.inverse_temperature, &mut buffer);
        self.scratch.sums = buffer;
        sums
    }

    fn listed_sums(&mut self) -> Sums {
        self.weigh();
        let mut sums = Sums { mass: 0.0, moment: 0.0 };
        for (place, _, score) in self.listed() {
            let mass = self.scratch.masses[place];
            sums.mass += mass;
            sums.moment += if mass > 0.0 { mass * self.relative(score) } else { 0.0 };
        }
        sums
    }

    /// The sums over an interval of the row at some temperature; block by block in `buffer`.
    pub(super) fn sums_over<const MOMENT: bool>(
        &self,
        interval: &Interval,
        inverse_temperature: f64,
        buffer: &mut [f32],
    ) -> Sums {
        let (mass, moment) = self.scratch.isa.run(Masses::<MOMENT> {
            row: self.row,
            maxima: &self.scratch.maxima,
            pieces: &interval.pieces(self.row.len()),
            tilt: self.tilt(inverse_temperature),
            sums: buffer,
        });
        Sums { mass, moment: moment * std::f64::consts::LN_2 }
    }

    pub(super) fn tilt(&self, inverse_temperature: f64) -> Tilt {
        let scale = (inverse_temperature * std::f64::consts::LOG2_E).min(STEEPEST);
        Tilt { reference: self.max, scale: scale as f32 }
    }

    /// The same in f64 throughout: what the passes approximate to some 10⁻⁶.
    pub(super) fn exact_sums_over(&self, interval: &Interval, inverse_temperature: f64) -> Sums {
        let mut sums = Sums { mass: 0.0, moment: 0.0 };
        for (id, &x) in self.row.iter().enumerate() {
            if interval.contains(id as u32, x) {
                let relative = (f64::from(x) - f64::from(self.max)) * inverse_temperature;
                let mass = relative.exp();
                sums.mass += mass;
                sums.moment += if mass > 0.0 { mass * relative } else { 0.0 };
            }
        }
        sums
    }
}
