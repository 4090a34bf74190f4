//! The same tokens by candle's Llama with its cache, told how often by standard input: `N` makes N rounds and prints the
//! seconds of one token. A round is 59 tokens after five, drawn at T = 1 from the 50 likeliest of which 0.9 is kept.
//!
//!     RAYON_NUM_THREADS=2 candle

use std::{
    io::{self, BufRead, Write},
    time::Instant,
};

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use candle_transformers::{
    generation::{LogitsProcessor, Sampling},
    models::llama::{Cache, Config, Llama},
};

const VOCAB: usize = 2_000;
const PROMPT: usize = 5;
const NEW: usize = 59;

fn config() -> Config {
    Config {
        hidden_size: 512,
        intermediate_size: 1_408,
        vocab_size: VOCAB,
        num_hidden_layers: 8,
        num_attention_heads: 8,
        num_key_value_heads: 4,
        use_flash_attn: false,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
        bos_token_id: None,
        eos_token_id: None,
        rope_scaling: None,
        max_position_embeddings: 1_024,
        tie_word_embeddings: true,
    }
}

fn main() -> Result<()> {
    let (weights, device) = (VarMap::new(), Device::Cpu);
    let model = Llama::load(VarBuilder::from_varmap(&weights, DType::F32, &device), &config())?;
    let cache = Cache::new(true, DType::F32, &config(), &device)?;
    text(&model, &cache)?;
    say("ready")?;
    for line in io::stdin().lock().lines() {
        let rounds: usize = line?.trim().parse()?;
        let start = Instant::now();
        for _ in 0..rounds {
            text(&model, &cache)?;
        }
        say(start.elapsed().as_secs_f64() / (rounds * NEW) as f64)?;
    }
    Ok(())
}

fn text(model: &Llama, empty: &Cache) -> Result<()> {
    let mut cache = empty.clone();
    let mut drawing = LogitsProcessor::from_sampling(42, Sampling::TopKThenTopP { k: 50, p: 0.9, temperature: 1.0 });
    let mut ids: Vec<u32> = (0..PROMPT).map(|t| (4 + (t * t * 31 + t * 7) % (VOCAB - 4)) as u32).collect();
    let mut unfed = 0;
    for _ in 0..NEW {
        let input = Tensor::new(&ids[unfed..], &Device::Cpu)?.unsqueeze(0)?;
        let logits = model.forward(&input, unfed, &mut cache)?.squeeze(0)?;
        unfed = ids.len();
        ids.push(drawing.sample(&logits)?);
    }
    Ok(())
}

fn say(what: impl std::fmt::Display) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{what}")?;
    Ok(out.flush()?)
}
