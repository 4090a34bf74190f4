//! What is timed: the strategies, each named as in the tables.

use serde::{Deserialize, Serialize};

/// A decoding strategy with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Case {
    Greedy,
    Temperature,
    TopK,
    TopP,
    MinP,
    Typical,
    Epsilon,
    Eta,
    TopNSigma,
    Xtc,
    Mirostat,
    Gumbel,
    Chain,
    Notebook,
    Hf,
    LlamaCpp,
    Trace,
}

pub const TEMPERATURE: f32 = 0.8;
pub const K: usize = 50;
pub const P: f32 = 0.9;
pub const MIN_P: f32 = 0.05;
pub const TYPICAL: f32 = 0.9;
pub const EPSILON: f32 = 3e-4;
pub const ETA: f32 = 1e-3;
pub const N_SIGMA: f32 = 1.0;
/// Always on: with a chance, the median would be of two things.
pub const XTC_PROBABILITY: f32 = 1.0;
pub const XTC_THRESHOLD: f32 = 0.1;
pub const MIROSTAT_TAU: f32 = 5.0;
pub const MIROSTAT_ETA: f32 = 0.1;
/// Those of llama.cpp's defaults that are its own.
pub const LLAMA_K: usize = 40;
pub const LLAMA_P: f32 = 0.95;

impl Case {
    pub const ALL: [Self; 17] = [
        Self::Greedy,
        Self::Temperature,
        Self::TopK,
        Self::TopP,
        Self::MinP,
        Self::Typical,
        Self::Epsilon,
        Self::Eta,
        Self::TopNSigma,
        Self::Xtc,
        Self::Mirostat,
        Self::Gumbel,
        Self::Chain,
        Self::Notebook,
        Self::Hf,
        Self::LlamaCpp,
        Self::Trace,
    ];

    pub fn label(self) -> &'static str {
        match self {
            Self::Greedy => "greedy",
            Self::Temperature => "temperature .8",
            Self::TopK => "top-k 50",
            Self::TopP => "top-p .9",
            Self::MinP => "min-p .05",
            Self::Typical => "typical .9",
            Self::Epsilon => "epsilon 3e-4",
            Self::Eta => "eta 1e-3",
            Self::TopNSigma => "top-nσ 1",
            Self::Xtc => "XTC .1",
            Self::Mirostat => "mirostat 2",
            Self::Gumbel => "Gumbel-max",
            Self::Chain => "T .8 → k 50 → p .9",
            Self::Notebook => "notebook chain",
            Self::Hf => "Hugging Face chain",
            Self::LlamaCpp => "llama.cpp chain",
            Self::Trace => "trace",
        }
    }

    /// What the label does not say.
    pub fn note(self) -> Option<&'static str> {
        Some(match self {
            Self::Xtc => {
                "threshold 0.1, always on: with a chance, the median would be of two things"
            }
            Self::Mirostat => "version 2, τ 5, η 0.1; it keeps a state",
            Self::Gumbel => {
                "the token whose score plus keyed Gumbel noise is greatest, T 1, nothing cut"
            }
            Self::Chain => "the notebook's chain in our own arithmetic (masses in f64)",
            Self::Notebook => {
                "the same under the preset `notebook`, which repeats its f32 arithmetic"
            }
            Self::Hf => "T .8 → p .9 → min-p .05 under the preset `hf`",
            Self::LlamaCpp => {
                "its defaults, k 40 → p .95 → min-p .05 → T .8, under the preset `llama.cpp`"
            }
            Self::Trace => {
                "`Sampler::trace` of T .8 → k 50 → p .9: every token's rank and probabilities, and who cut \
                 it; for looking, apart from the draw"
            }
            _ => return None,
        })
    }

    /// One filter or a chain of them, and a draw (or the best token) that no earlier draw has a say in.
    pub fn is_stateless_filter(self) -> bool {
        !matches!(self, Self::Mirostat | Self::Gumbel | Self::Trace)
    }
}
