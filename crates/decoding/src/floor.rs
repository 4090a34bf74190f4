//! What no kernel can beat: the least that has to be read and computed, for benchmarks to compare with.

use crate::{
    Isa,
    kernel::{ExpSum, MaxPass},
};

/// The greatest score of a row: the floor of every kernel.
#[must_use]
pub fn max_pass(isa: Isa, row: &[f32]) -> f32 {
    isa.run(MaxPass(row))
}

/// Σ exp(x − `max`) over a row: the floor of every kernel that needs the probabilities' total.
#[must_use]
pub fn exp_sum_pass(isa: Isa, row: &[f32], max: f32) -> f64 {
    isa.run(ExpSum { row, max })
}
