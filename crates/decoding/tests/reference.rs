//! Filters, chains of them and draws against a plain reference: a full sort, sums in f64 (`naive`).
//!
//! `ENREDO_REFERENCE_SCALE=20` runs twenty times as many random cases and draws.
#![allow(clippy::unwrap_used)]

#[path = "reference/draws.rs"]
mod draws;
#[path = "reference/found.rs"]
mod found;
#[path = "reference/links.rs"]
mod links;
#[path = "reference/naive.rs"]
mod naive;
#[path = "reference/rows.rs"]
mod rows;
#[path = "reference/sampler.rs"]
mod sampler;
#[path = "reference/sets.rs"]
mod sets;

use enredo_decoding::uniform;

/// How much more than the default run is wanted.
fn scale() -> usize {
    std::env::var("ENREDO_REFERENCE_SCALE").map_or(1, |scale| scale.parse().unwrap())
}

/// Chance with a seed, for rows and parameters.
struct Random {
    seed: u64,
    count: u64,
}

impl Random {
    fn new(seed: u64) -> Self {
        Self { seed, count: 0 }
    }

    /// In [0, 1).
    fn uniform(&mut self) -> f64 {
        self.count += 1;
        uniform(self.seed, u64::MAX, self.count)
    }

    /// In 0..n.
    fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn gauss(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        (radius * (std::f64::consts::TAU * self.uniform()).cos()) as f32
    }
}
