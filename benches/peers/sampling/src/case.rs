//! What is timed: the strategies, each named as in the table.

/// A decoding strategy with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Greedy,
    Temperature,
    TopK,
    TopP,
    Notebook,
    MinP,
    Typical,
    Mirostat,
    Xtc,
    TopNSigma,
}

pub const TEMPERATURE: f32 = 0.8;
pub const K: usize = 50;
pub const P: f32 = 0.9;
pub const MIN_P: f32 = 0.05;
pub const TYPICAL: f32 = 0.9;
pub const TAU: f32 = 5.0;
pub const ETA: f32 = 0.1;
/// Always on: with a chance, the median would be of two things.
pub const XTC_PROBABILITY: f32 = 1.0;
pub const XTC_THRESHOLD: f32 = 0.1;
pub const N_SIGMA: f32 = 1.0;

impl Case {
    pub const ALL: [Self; 10] = [
        Self::Greedy,
        Self::Temperature,
        Self::TopK,
        Self::TopP,
        Self::Notebook,
        Self::MinP,
        Self::Typical,
        Self::Mirostat,
        Self::Xtc,
        Self::TopNSigma,
    ];

    pub fn label(self) -> &'static str {
        match self {
            Self::Greedy => "greedy",
            Self::Temperature => "T .8",
            Self::TopK => "k 50",
            Self::TopP => "p .9",
            Self::Notebook => "T .8, k 50, p .9",
            Self::MinP => "min-p .05",
            Self::Typical => "typical .9",
            Self::Mirostat => "mirostat 2",
            Self::Xtc => "XTC .1",
            Self::TopNSigma => "top-nσ 1",
        }
    }
}
