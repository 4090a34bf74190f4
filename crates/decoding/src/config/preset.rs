//! Whose order of processors, tie rules and arithmetic to follow.

use serde::{Deserialize, Serialize};

use crate::{Ties, Window};

/// Whose order of processors, tie rules and arithmetic a chain follows.
///
/// A parameter that the system itself does not have keeps the place it has in our own order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Preset {
    /// This crate's own: the notebook's order, masses in f64, top-p of 1 is off, ties with the k-th stay,
    /// and of equal tokens at the edge of top-p the lowest ids.
    #[default]
    Enredo,
    /// The course notebook's, to the letter: f32 sums, a temperature of at least 10⁻⁵.
    Notebook,
    /// Hugging Face transformers 5: biases and penalties, temperature, top-k (ties stay), top-p (the highest
    /// ids of equal ones), min-p, typical, epsilon, eta.
    #[serde(alias = "huggingface", alias = "transformers")]
    Hf,
    /// llama.cpp: bias, penalties over the last 64 tokens, DRY, top-nσ, top-k (just k), typical, top-p,
    /// min-p, XTC, and the temperature last. With mirostat bias and temperature alone.
    #[serde(rename = "llama.cpp", alias = "llama_cpp")]
    LlamaCpp,
    /// vLLM V1: allowed and bad words, biases, penalties (frequency and presence of new tokens alone),
    /// temperature, min-p, top-k (ties stay), top-p (the highest ids of equal ones).
    Vllm,
}

/// A place in a chain where a configured processor may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    AllowedTokens,
    BadWords,
    BeginSuppress,
    Dry,
    Epsilon,
    Eta,
    ForcedBos,
    ForcedEos,
    Frequency,
    LengthDecay,
    LogitBias,
    MinLength,
    MinNewTokens,
    MinP,
    NoRepeatNgram,
    Presence,
    Repetition,
    SequenceBias,
    Suppress,
    Temperature,
    TopK,
    TopNSigma,
    TopP,
    Typical,
    Xtc,
}

use Stage::{
    AllowedTokens, BadWords, BeginSuppress, Dry, Epsilon, Eta, ForcedBos, ForcedEos, Frequency,
    LengthDecay, LogitBias, MinLength, MinNewTokens, MinP, NoRepeatNgram, Presence, Repetition,
    SequenceBias, Suppress, Temperature, TopK, TopNSigma, TopP, Typical, Xtc,
};

/// The places of one system's chain.
#[derive(Debug)]
pub(super) struct Order {
    /// What applies to greedy decoding too.
    pub(super) edits: [Stage; 16],
    /// What applies where tokens are drawn.
    pub(super) filters: [Stage; 9],
    pub(super) top_k: Ties,
    pub(super) top_p: Ties,
    /// Whether typical takes equally far tokens one by one.
    pub(super) typical_one_by_one: bool,
    /// How far penalties look where nothing is said.
    pub(super) repetition: Window,
    pub(super) frequency: Window,
    pub(super) bad_words: Window,
    /// Whether mirostat replaces all but temperature.
    pub(super) mirostat_alone: bool,
}

const ENREDO: Order = Order {
    edits: [
        LogitBias,
        AllowedTokens,
        SequenceBias,
        Repetition,
        Frequency,
        Presence,
        Dry,
        NoRepeatNgram,
        BadWords,
        MinLength,
        MinNewTokens,
        ForcedBos,
        ForcedEos,
        LengthDecay,
        Suppress,
        BeginSuppress,
    ],
    filters: [Temperature, TopNSigma, TopK, TopP, MinP, Typical, Epsilon, Eta, Xtc],
    top_k: Ties::Kept,
    top_p: Ties::LowestIds,
    typical_one_by_one: false,
    repetition: Window::All,
    frequency: Window::Generated,
    bad_words: Window::All,
    mirostat_alone: false,
};

const HF: Order = Order { top_p: Ties::HighestIds, ..ENREDO };

const LLAMA_CPP: Order = Order {
    edits: [
        LogitBias,
        Suppress,
        AllowedTokens,
        SequenceBias,
        Repetition,
        Frequency,
        Presence,
        Dry,
        NoRepeatNgram,
        BadWords,
        MinLength,
        MinNewTokens,
        ForcedBos,
        ForcedEos,
        LengthDecay,
        BeginSuppress,
    ],
    filters: [TopNSigma, TopK, Typical, TopP, MinP, Epsilon, Eta, Xtc, Temperature],
    top_k: Ties::LowestIds,
    top_p: Ties::LowestIds,
    typical_one_by_one: true,
    repetition: Window::Last(64),
    frequency: Window::Last(64),
    bad_words: Window::All,
    mirostat_alone: true,
};

const VLLM: Order = Order {
    edits: [
        AllowedTokens,
        BadWords,
        MinNewTokens,
        LogitBias,
        Repetition,
        Frequency,
        Presence,
        SequenceBias,
        Dry,
        NoRepeatNgram,
        MinLength,
        ForcedBos,
        ForcedEos,
        LengthDecay,
        Suppress,
        BeginSuppress,
    ],
    filters: [Temperature, TopNSigma, MinP, TopK, TopP, Typical, Epsilon, Eta, Xtc],
    top_k: Ties::Kept,
    top_p: Ties::HighestIds,
    typical_one_by_one: false,
    repetition: Window::All,
    frequency: Window::Generated,
    bad_words: Window::Generated,
    mirostat_alone: false,
};

impl Preset {
    pub(super) fn order(self) -> &'static Order {
        match self {
            Self::Enredo | Self::Notebook => &ENREDO,
            Self::Hf => &HF,
            Self::LlamaCpp => &LLAMA_CPP,
            Self::Vllm => &VLLM,
        }
    }
}
