//! Presets and processors, against what transformers, vLLM and llama.cpp themselves leave of the same rows
//! (`fixtures/`; how it was recorded: `benches/peers/sampling`).
#![allow(clippy::unwrap_used)]

mod contextual;
mod presets;
mod recording;
