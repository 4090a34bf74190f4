//! The others: each offers what it has of a case.

pub mod candle;
pub mod llama_cpp;
pub mod llm_samplers;
