//! The rows of logits, seeded: four of a kind and size, in rotation.

use clap::ValueEnum;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde::{Deserialize, Serialize};

/// How many different rows take turns.
pub const ROWS: usize = 4;

/// The shape of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Kind {
    /// A trained model's: N(0, 3), and 256 tokens with 99 % of the mass that fall as a Zipf law of exponent 1.2.
    Zipf,
    /// N(0, 3).
    Gauss,
    /// N(0, 0.1): an untrained model's.
    Flat,
    /// N(0, 3), ascending: the worst order for a running threshold.
    Sorted,
    /// N(0, 3), two thirds of it −∞.
    Masked,
    /// N(0, 3), four bytes off a cache line.
    Misaligned,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Zipf, Self::Gauss, Self::Flat, Self::Sorted, Self::Masked, Self::Misaligned];

    pub fn label(self) -> &'static str {
        match self {
            Self::Zipf => "zipf",
            Self::Gauss => "gauss",
            Self::Flat => "flat",
            Self::Sorted => "sorted",
            Self::Masked => "masked",
            Self::Misaligned => "misaligned",
        }
    }

    /// Whether the peers are asked too. (Some of them make NaN of a mask.)
    pub fn is_for_all(self) -> bool {
        !matches!(self, Self::Masked | Self::Misaligned)
    }

    fn fill(self, row: &mut [f32], rng: &mut StdRng) {
        let sigma = if self == Self::Flat { 0.1 } else { 3.0 };
        row.iter_mut().for_each(|logit| *logit = sigma * normal(rng));
        match self {
            Self::Zipf => raise_head(row, rng),
            Self::Sorted => row.sort_by(f32::total_cmp),
            Self::Masked => mask(row, rng),
            Self::Gauss | Self::Flat | Self::Misaligned => {}
        }
    }
}

/// Gives 256 random places the scores of a Zipf law with 99 % of the mass.
fn raise_head(row: &mut [f32], rng: &mut StdRng) {
    let mut places: Vec<usize> = (0..row.len()).collect();
    let (head, _) = places.partial_shuffle(rng, 256);
    let zipf = |rank: usize| -1.2 * (rank as f64 + 1.0).ln();
    let body: f64 = row.iter().map(|&l| f64::from(l).exp()).sum();
    let law: f64 = (0..head.len()).map(|rank| zipf(rank).exp()).sum();
    let top = (99.0 * body / law).ln();
    for (rank, &mut place) in head.iter_mut().enumerate() {
        row[place] = (top + zipf(rank)) as f32;
    }
}

/// Masks two thirds of the row at random.
fn mask(row: &mut [f32], rng: &mut StdRng) {
    for logit in row {
        if rng.random::<f64>() < 2.0 / 3.0 {
            *logit = f32::NEG_INFINITY;
        }
    }
}

/// Box and Muller's normal deviate.
fn normal(rng: &mut StdRng) -> f32 {
    let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
    ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
}

/// A row that starts on a cache line, or just after its start.
#[derive(Debug)]
pub struct Row {
    logits: Vec<f32>,
    start: usize,
    vocab_size: usize,
}

impl Row {
    fn new(kind: Kind, vocab_size: usize, rng: &mut StdRng) -> Self {
        const LINE: usize = 64;
        let logits = vec![0.0f32; vocab_size + LINE / size_of::<f32>() + 1];
        let start = logits.as_ptr().align_offset(LINE) + usize::from(kind == Kind::Misaligned);
        let mut row = Self { logits, start, vocab_size };
        kind.fill(&mut row.logits[start..start + vocab_size], rng);
        row
    }

    pub fn logits(&self) -> &[f32] {
        &self.logits[self.start..self.start + self.vocab_size]
    }
}

pub fn rows(kind: Kind, vocab_size: usize) -> Vec<Row> {
    let mut rng = StdRng::seed_from_u64(vocab_size as u64);
    (0..ROWS).map(|_| Row::new(kind, vocab_size, &mut rng)).collect()
}
