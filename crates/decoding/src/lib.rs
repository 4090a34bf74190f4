//! Logits to tokens: what a language model's scores become when somebody has to choose.
//!
//! The crate knows no tensor, no text and no libtorch. Anything that scores the next token implements
//! [`CausalLm`], and [`generate`] turns it into an iterator of tokens. How each token is chosen is a
//! [`GenerationConfig`] (Hugging Face's names, so that `generation_config.json` loads as it is); it
//! builds a [`Chain`] of [`Processor`]s, which cut and scale a row of logits, and a [`Sampler`], which
//! runs the chain and draws.
//!
//! Searches look further than one token of one sequence: [`beam_search`] (with sampling and diverse groups),
//! [`best_of`], and for the same text in fewer feeds, [`speculative`] and [`prompt_lookup`]. Those that need
//! many rows take a [`BatchLm`]; [`Clones`] makes one of any model.
//!
//! A draw depends on (seed, sequence, position) alone, so neighbours and order never change a result.
//! Equal scores are ordered by ascending id, masses are summed in f64, and no bad row becomes a token:
//! NaN, +∞, an empty row and a row with nothing left are errors that say which.
//!
//! ```
//! use enredo_decoding::{GenerationConfig, generate, testing::Cycle};
//!
//! let mut model = Cycle::new(5); // a model that always prefers the next id
//! let config = GenerationConfig { max_new_tokens: 4, ..GenerationConfig::default() };
//! let tokens: Result<Vec<u32>, _> = generate(&mut model, &[2], &config, 42)?.collect();
//! assert_eq!(tokens?, [3, 4, 0, 1]);
//! # Ok::<(), enredo_decoding::Error>(())
//! ```

mod batch;
mod batch_model;
mod cancel;
mod candidates;
mod chain;
mod config;
mod context;
mod draw;
mod error;
mod filter;
pub mod floor;
mod generate;
mod generate_batch;
mod greedy;
mod guidance;
mod interval;
mod kernel;
mod logprobs;
mod mask;
mod mirostat;
mod model;
mod philox;
mod processor;
mod processors;
mod resume;
mod row;
mod sampler;
mod search;
mod seed;
mod stop;
pub mod testing;
mod trace;

pub use batch::sample_batch;
pub use batch_model::{BatchLm, Clones, OneRow, Task, rows_exist, scores_per_row};
pub use cancel::Cancel;
pub use candidates::{Candidates, Scratch};
pub use chain::Chain;
pub use config::{GenerationConfig, Preset};
pub use context::Context;
pub use draw::{draw, softmax};
pub use error::{Error, Result};
pub use filter::Filter;
pub use generate::{Generate, Step, Steps, Traces, generate};
pub use generate_batch::{GenerateBatch, generate_batch};
pub use greedy::greedy;
pub use guidance::{Guided, guide};
pub use interval::Ties;
pub use kernel::Isa;
pub use logprobs::log_softmax;
pub use mask::{BitMask, Constrained, Incremental, MaskProvider, Matcher};
pub use mirostat::{Mirostat, MirostatState};
pub use model::CausalLm;
pub use philox::{philox4x32, uniform, uniform_at};
pub use processor::Processor;
pub use processors::{
    AllowTokens, BadWords, BeginSuppress, Dry, DynamicTemperature, ForcedBos, ForcedEos,
    FrequencyPenalty, LengthDecay, LogitBias, MinLength, MinNewTokens, NoRepeatNgram,
    PresencePenalty, RepetitionPenalty, SequenceBias, Window,
};
pub use processors::{
    Epsilon, Eta, MinP, NotebookTemperature, NotebookTopP, SuppressTokens, Temperature, TopK,
    TopNSigma, TopP, Typical, Xtc,
};
pub use row::{best_first, check_row};
pub use sampler::{Sampler, State};
pub use search::{
    Acceptance, BeamConfig, BeamOutput, BeamSearch, BeamStep, Candidate, Distribution, Draft,
    EarlyStopping, Fate, Hypothesis, ModelDraft, PromptLookup, Proposal, RankBy, Round, Sample,
    Speculative, beam_search, best_of, prompt_lookup, speculative,
};
pub use seed::Seed;
pub use stop::{Stop, StopReason, StopSequences};
pub use trace::{Trace, TracedToken};
