//! The learning rate as a function of the step, and of nothing else.

use std::f64::consts::PI;

use crate::{Result, error::check};

/// How the learning rate goes, from a warm-up to the last step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// What follows the warm-up.
    pub decay: Decay,
    /// So many steps rise in equal parts up to the whole rate.
    pub warmup_steps: u64,
    /// The share of the rate at which the decay aims.
    pub min_ratio: f64,
}

/// What follows the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decay {
    /// The whole rate to the end.
    #[default]
    Constant,
    /// Half a cosine (Loshchilov & Hutter, arXiv 1608.03983, without restarts).
    Cosine,
    /// A straight line.
    Linear,
    /// The whole rate, and a straight line in the last steps: warm-up, stable, decay (Hu et al., arXiv
    /// 2404.06395, §4.2).
    Final {
        /// How many steps decay.
        steps: u64,
    },
}

impl Default for Schedule {
    fn default() -> Self {
        Self { decay: Decay::Constant, warmup_steps: 0, min_ratio: 0.0 }
    }
}

impl Schedule {
    /// The share of the learning rate at `step` of `steps`, counted from 1: above 0, unless the minimum is
    /// reached only after the last step.
    #[must_use]
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        if step <= self.warmup_steps {
            return step as f64 / self.warmup_steps as f64;
        }
        let above = match self.decay {
            Decay::Constant => 1.0,
            Decay::Linear => 1.0 - done(step, self.warmup_steps, steps),
            Decay::Cosine => 0.5 * (1.0 + (PI * done(step, self.warmup_steps, steps)).cos()),
            Decay::Final { steps: last } => {
                1.0 - done(step, steps.saturating_sub(last).max(self.warmup_steps), steps)
            }
        };
        self.min_ratio + (1.0 - self.min_ratio) * above
    }

    pub(crate) fn validate(&self) -> Result<()> {
        let share = (0.0..=1.0).contains(&self.min_ratio);
        check(share, "schedule.min_ratio", self.min_ratio, "in [0, 1]")
    }
}

/// How much of the way from step `from` to the one after the last lies behind when `step` is taken.
fn done(step: u64, from: u64, steps: u64) -> f64 {
    let (past, all) = (step.saturating_sub(from + 1), steps.saturating_sub(from));
    (past as f64 / all.max(1) as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(schedule: Schedule, steps: u64) -> Vec<f64> {
        (1..=steps).map(|step| schedule.factor(step, steps)).collect()
    }

    fn of(decay: Decay) -> Schedule {
        Schedule { decay, warmup_steps: 2, min_ratio: 0.0 }
    }

    #[test]
    fn each_goes_its_way() {
        assert_eq!(factors(Schedule::default(), 3), [1.0; 3]);
        assert_eq!(factors(of(Decay::Constant), 4), [0.5, 1.0, 1.0, 1.0]);
        assert_eq!(factors(of(Decay::Linear), 6), [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]);
        let stable = factors(of(Decay::Final { steps: 2 }), 6);
        assert_eq!(stable, [0.5, 1.0, 1.0, 1.0, 1.0, 0.5]);
        let cosine = factors(of(Decay::Cosine), 6);
        let expected = [0.5, 1.0, 1.0, 0.853_553, 0.5, 0.146_447];
        approx::assert_abs_diff_eq!(cosine.as_slice(), expected.as_slice(), epsilon = 1e-6);
    }

    #[test]
    fn they_end_above_the_minimum_and_never_rise_again() {
        for decay in [Decay::Cosine, Decay::Linear, Decay::Final { steps: 30 }] {
            let schedule = Schedule { min_ratio: 0.1, warmup_steps: 10, decay };
            let all = factors(schedule, 100);
            assert!(all[9..].is_sorted_by(|a, b| a >= b) && all[..10].is_sorted());
            assert!(all[99] > 0.1 && all[99] < 0.15, "{decay:?}: {}", all[99]);
            assert!((schedule.factor(101, 100) - 0.1).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_longer_than_the_training_is_no_fault() {
        for decay in [Decay::Cosine, Decay::Linear, Decay::Final { steps: 1_000 }] {
            let schedule = Schedule { warmup_steps: 50, ..of(decay) };
            assert!(factors(schedule, 9).iter().all(|factor| (0.0..=1.0).contains(factor)));
            assert!(factors(Schedule { warmup_steps: 0, ..schedule }, 9).iter().all(|f| *f > 0.0));
        }
    }
}
