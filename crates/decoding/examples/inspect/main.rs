//! Show what a decoding configuration does to a row of logits: which tokens stay, which link cut the
//! others, and what would be picked.
//!
//!     cargo run --release -p enredo-decoding --example inspect -- LOGITS --config generation_config.json
//!
//! `LOGITS` is what a model scored the next token with:
//!
//! - `.npy`: float32 or float16 of shape (V,), (1, V) or (T, V), of which the last row is taken;
//! - `.safetensors`: float32, float16 or bfloat16 of such a shape; `--tensor` names one of several;
//! - `.json`: an array of numbers, with `null` or `"-inf"` for masked tokens.
//!
//! The tokens come best first, as a table or (`--json`) one JSON object a line, and a summary on stderr.
//! It exits with 2 where the arguments are wrong, with 1 where a file or its contents are.
#![allow(clippy::print_stderr)]

mod array;
mod ids;
mod logits;
mod npy;
mod print;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Parser;
use enredo_decoding::{Context, GenerationConfig, Preset};

use ids::Ids;

/// Show what a decoding configuration does to a row of logits.
#[derive(Parser)]
#[command(name = "inspect")]
struct Args {
    /// The row: a .npy, .safetensors or .json file
    logits: PathBuf,
    /// The strategy, as in Hugging Face's generation_config.json
    #[arg(long, value_name = "FILE.json")]
    config: PathBuf,
    /// Which tensor, where a .safetensors file holds several
    #[arg(long, value_name = "NAME")]
    tensor: Option<String>,
    /// The tokens so far: ids separated by commas or spaces, or @FILE with such a list
    #[arg(long, value_name = "IDS", default_value = "", value_parser = Ids::parse)]
    context: Ids,
    /// How many of them are the prompt; the others count as generated
    #[arg(long, value_name = "N", default_value_t = 0)]
    prompt_len: usize,
    /// Follow another preset than the configuration's
    #[arg(long, value_name = "NAME", value_parser = preset)]
    preset: Option<Preset>,
    /// What decides the draw
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Print one JSON object a token
    #[arg(long)]
    json: bool,
    /// Print the tokens that were cut, too
    #[arg(long)]
    all: bool,
}

fn main() -> ExitCode {
    match inspect(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn inspect(args: Args) -> Result<()> {
    let (config, found) = (args.config()?, logits::read(&args.logits, args.tensor.as_deref())?);
    let context = args.context.read(found.row.len())?;
    let mut sampler =
        config.sampler(args.seed).with_context(|| args.config.display().to_string())?;
    let context = Context::from(&context).with_prompt_len(args.prompt_len);
    let trace = sampler
        .trace(context, &found.row)
        .with_context(|| format!("no token can be picked of {}", args.logits.display()))?;
    print::summary(&trace, &config, found.rows)?;
    print::tokens(&trace, args.json, args.all)
}

impl Args {
    fn config(&self) -> Result<GenerationConfig> {
        let path = self.config.display();
        let text = fs::read(&self.config).with_context(|| format!("cannot read {path}"))?;
        let read = serde_json::from_slice(&text);
        let mut config: GenerationConfig = read.with_context(|| {
            format!("{path} is no generation_config.json; mend it, or write {{}}")
        })?;
        config.preset = self.preset.unwrap_or(config.preset);
        Ok(config)
    }
}

fn preset(name: &str) -> serde_json::Result<Preset> {
    serde_json::from_value(name.into())
}
