//! Train a small decoder-only transformer on short texts, and decode from it in every way that matters.
//!
//! This crate is the front door: it names the layers and adds what needs all of them, a
//! [`LanguageModel`] (model, tokenizer and [`Preset`] together: text in, text out). Each layer is a
//! crate of its own, and usable alone:
//!
//! | module | crate | what it does |
//! |---|---|---|
//! | [`corpus`] | `enredo-corpus` | files, a hub or the built-in grammar → clean documents |
//! | [`tokenization`] | `enredo-tokenization` | documents → ids → text |
//! | [`model`] | `enredo-model` | ids → logits, on libtorch |
//! | [`trainer`] | `enredo-trainer` | batches → trained model |
//! | [`decoding`] | `enredo-decoding` | logits → token; needs no libtorch |
//! | [`run`] | `enredo-run` | a training run's folder, read and written |
//! | `explorer` | `enredo-explorer` | a run as a local web page |
//!
//! Features: `data` (the module `corpus`) and `torch` (`model`, `trainer`, [`LanguageModel`]) are on by
//! default; `explorer` adds the module of that name, and `cli` the flags and progress lines that the examples
//! share.

#[cfg(feature = "data")]
pub use enredo_corpus as corpus;
pub use enredo_decoding as decoding;
#[cfg(feature = "explorer")]
pub use enredo_explorer as explorer;
#[cfg(feature = "torch")]
pub use enredo_model as model;
pub use enredo_run as run;
pub use enredo_tokenization as tokenization;
#[cfg(feature = "torch")]
pub use enredo_trainer as trainer;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "torch")]
mod error;
#[cfg(feature = "torch")]
mod hugging_face;
#[cfg(feature = "torch")]
mod language_model;
#[cfg(feature = "torch")]
mod preset;

#[cfg(feature = "torch")]
pub use error::{Error, Result};
#[cfg(feature = "torch")]
pub use language_model::{Completion, LanguageModel, NextTokens, TextPieces};
#[cfg(feature = "torch")]
pub use preset::Preset;

/// The README's code, compiled and run as a test.
#[cfg(all(doctest, feature = "data", feature = "torch"))]
#[doc = include_str!("../README.md")]
struct Readme;
