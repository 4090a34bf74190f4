//! What keys the draws of a sequence.

/// What decides the draws of one sequence. A number alone is the seed of sequence 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seed {
    /// The number a user gives.
    pub seed: u64,
    /// Which of many sequences under that seed; each has draws of its own.
    pub sequence: u64,
}

impl From<u64> for Seed {
    fn from(seed: u64) -> Self {
        Self { seed, sequence: 0 }
    }
}
