//! Drawing one of the candidates.

use super::{
    Candidates,
    mass::Sums,
    nucleus::{MassFilter, Pending},
};
use crate::{
    interval::Interval,
    kernel::{BLOCK, BlockMasses},
};

/// How often a draw is tried against a pending filter before its edge is found.
const ATTEMPTS: u32 = 32;

/// The passes' masses are right to better than this share of the row's; nearer, f64 decides.
const DOUBT: f64 = 1e-5;

impl Candidates<'_> {
    /// Draws a token in proportion to its mass; `uniform(i)` gives the i-th number in [0, 1) of this draw.
    ///
    /// By inverse transform over the ids, ascending. Where the last filter is top-p or typical over a whole
    /// row, token after token is drawn from the candidates before it, until it keeps one (rejection
    /// sampling; 1/p draws on average).
    pub fn draw(&mut self, uniform: impl Fn(u32) -> f64) -> u32 {
        if self.scratch.listed {
            self.resolve();
            return self.draw_listed(uniform(0));
        }
        let total = self.proposal();
        match self.pending.take() {
            None => self.locate(uniform(0) * total),
            Some(pending) => self.draw_pending(pending, total, uniform),
        }
    }

    /// Block sums of the candidates, the pending filter left aside.
    fn proposal(&mut self) -> f64 {
        let mut buffer = std::mem::take(&mut self.scratch.sums);
        let sums = self.sums_over::<false>(&self.interval, self.inverse_temperature, &mut buffer);
        self.scratch.sums = buffer;
        sums.mass
    }

    fn draw_pending(&mut self, pending: Pending, total: f64, uniform: impl Fn(u32) -> f64) -> u32 {
        let test = Test::new(self, pending, total);
        // The best token that was refused: whatever is not better is refused without a pass.
        let mut refused = test.pending.among.clone();
        refused.lowest = crate::interval::End::with_ties(f32::MIN);
        for attempt in 0..ATTEMPTS {
            let token = self.locate(uniform(attempt) * total);
            if !refused.contains(token, self.row[token as usize]) {
                continue;
            }
            match self.inside(&test, token) {
                Ok(()) => return token,
                Err(better) => refused = better,
            }
        }
        self.pending = Some(test.pending);
        self.resolve();
        let total = self.proposal();
        self.locate(uniform(ATTEMPTS) * total)
    }

    /// Whether a pending filter keeps `token`; if not, the interval of those it may keep.
    fn inside(&mut self, test: &Test, token: u32) -> Result<(), Interval> {
        let score = self.row[token as usize];
        let before = test.before(self, token, score);
        let mut buffer = std::mem::take(&mut self.scratch.tested);
        let temperature = test.pending.inverse_temperature;
        let mass = self.sums_over::<false>(&before, temperature, &mut buffer).mass;
        self.scratch.tested = buffer;
        let margin = mass - test.budget;
        let inside = if margin.abs() > DOUBT * test.sums.mass {
            margin < 0.0
        } else {
            self.exactly_inside(&test.pending, token, score)
        };
        if inside { Ok(()) } else { Err(before) }
    }

    fn exactly_inside(&self, pending: &Pending, token: u32, score: f32) -> bool {
        let temperature = pending.inverse_temperature;
        let sums = self.exact_sums_over(&pending.among, temperature);
        let budget = pending.p() * sums.mass;
        let exact = Test { sums, budget, pending: pending.clone() };
        let before = exact.before(self, token, score);
        self.exact_sums_over(&before, temperature).mass < budget
    }

    fn draw_listed(&mut self, u: f64) -> u32 {
        self.weigh();
        let masses = &self.scratch.masses;
        let total: f64 = self.listed().map(|(place, ..)| masses[place]).sum();
        let threshold = u * total;
        let (mut running, mut last) = (0.0, 0);
        for (place, id, _) in self.listed() {
            if masses[place] > 0.0 {
                running += masses[place];
                last = id;
                if running > threshold {
                    break;
                }
            }
        }
        last
    }

    /// The token at which the running mass of the candidates first exceeds `threshold`, by ascending id.
    fn locate(&self, threshold: f64) -> u32 {
        let (mut running, mut last) = (0.0, 0);
        for (b, &sum) in self.scratch.sums.iter().enumerate() {
            if sum > 0.0 {
                last = b;
                if running + f64::from(sum) > threshold {
                    break;
                }
                running += f64::from(sum);
            }
        }
        self.locate_in(last, threshold - running)
    }

    fn locate_in(&self, block: usize, threshold: f64) -> u32 {
        let mut masses = [0.0; BLOCK];
        self.scratch.isa.run(BlockMasses {
            row: self.row,
            block,
            pieces: &self.interval.pieces(self.row.len()),
            tilt: self.tilt(self.inverse_temperature),
            out: &mut masses,
        });
        let (mut running, mut last) = (0.0, 0);
        for (i, &mass) in masses.iter().enumerate() {
            if mass > 0.0 {
                running += f64::from(mass);
                last = i;
                if running > threshold {
                    break;
                }
            }
        }
        (block * BLOCK + last) as u32
    }
}

/// What deciding about single tokens takes.
struct Test {
    pending: Pending,
    /// Of the candidates that the filter filters.
    sums: Sums,
    budget: f64,
}

impl Test {
    /// `total` is the mass of the current candidates, which may be those that the filter filters.
    fn new(candidates: &mut Candidates<'_>, pending: Pending, total: f64) -> Self {
        let same = pending.inverse_temperature == candidates.inverse_temperature
            && pending.among == candidates.interval;
        let sums = match pending.filter {
            MassFilter::TopP { .. } if same => Sums { mass: total, moment: 0.0 },
            _ => {
                let mut buffer = std::mem::take(&mut candidates.scratch.tested);
                let temperature = pending.inverse_temperature;
                let sums = candidates.sums_over::<true>(&pending.among, temperature, &mut buffer);
                candidates.scratch.tested = buffer;
                sums
            }
        };
        Self { budget: pending.p() * sums.mass, sums, pending }
    }

    /// The tokens that the filter takes before this one.
    fn before(&self, candidates: &Candidates<'_>, token: u32, score: f32) -> Interval {
        let among = &self.pending.among;
        match self.pending.filter {
            MassFilter::TopP { ties, .. } => among.above(token, score, ties),
            MassFilter::Typical { .. } => {
                let relative = (f64::from(score) - f64::from(candidates.max))
                    * self.pending.inverse_temperature;
                let centre = self.sums.mean_relative();
                let far = (relative - centre).abs();
                let nearer = f64::from_bits(far.to_bits().saturating_sub(1));
                let mut before = candidates.band(&self.pending, centre, nearer);
                before.intersect(among);
                before
            }
        }
    }
}

impl Pending {
    fn p(&self) -> f64 {
        match self.filter {
            MassFilter::TopP { p, .. } | MassFilter::Typical { p } => p,
        }
    }
}
