//! Our tokens, told how often by standard input: `N` makes N rounds and prints the seconds of one token of one row.
//!
//!     ours THREADS causal|llama float32|bfloat16 ROWS text
//!     ours THREADS causal|llama float32|bfloat16 ROWS step CONTEXT
//!     ours THREADS causal|llama float32|bfloat16 ROWS uncached CONTEXT
//!
//! A round of `text` is 59 tokens after five, drawn at T = 1 from the 50 likeliest of which 0.9 is kept; one of `step` is one
//! more token after CONTEXT - 1, without drawing it; `uncached` the same by the whole context.

use std::{
    env,
    io::{self, BufRead, Write},
    str::FromStr,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use enredo::{
    decoding::{BatchLm, GenerationConfig, generate, generate_batch},
    model::{self, Batch, Device, Dtype, Model, ModelConfig, Sessions},
};

const TOKENS: usize = 59;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    model::set_threads(number(&args, 0)?);
    let dtype = Dtype::from_str(args.get(2).map_or("float32", String::as_str))?;
    model::seed(42);
    let mut model = Model::new(config(args.get(1).map_or("causal", String::as_str))?, Device::Cpu)?;
    model.compute_in(dtype);
    let rows = number(&args, 3)?;
    let mut round = round(&model, rows, &args)?;
    round()?;
    say("ready")?;
    for line in io::stdin().lock().lines() {
        let rounds: usize = line?.trim().parse()?;
        let (start, mut tokens) = (Instant::now(), 0);
        for _ in 0..rounds {
            tokens += round()?;
        }
        say(start.elapsed().as_secs_f64() / tokens as f64)?;
    }
    Ok(())
}

/// Makes some tokens, and says how many.
fn round<'m>(model: &'m Model, rows: usize, args: &[String]) -> Result<Box<dyn FnMut() -> Result<usize> + 'm>> {
    Ok(match args.get(4).map(String::as_str) {
        Some("text") if rows == 1 => Box::new(move || text(model)),
        Some("text") => Box::new(move || texts(model, rows)),
        Some("step") => step(model, rows, number(args, 5)?)?,
        Some("uncached") => uncached(model, rows, number(args, 5)?)?,
        _ => bail!("the last argument is text, step or uncached"),
    })
}

fn drawing() -> GenerationConfig {
    GenerationConfig { max_new_tokens: TOKENS, temperature: Some(1.0), top_k: Some(50), top_p: Some(0.9), ..GenerationConfig::sampling() }
}

fn prompt(i: usize, length: usize, vocab_size: usize) -> Vec<u32> {
    (0..length).map(|t| (4 + (t * t * 31 + t * 7 + i * 13) % (vocab_size - 4)) as u32).collect()
}

fn text(model: &Model) -> Result<usize> {
    let prompt = prompt(0, 5, model.config().vocab_size);
    let mut tokens = 0;
    for token in generate(model.session(), &prompt, &drawing(), 42)? {
        token?;
        tokens += 1;
    }
    Ok(tokens)
}

fn texts(model: &Model, rows: usize) -> Result<usize> {
    let prompts: Vec<_> = (0..rows).map(|i| prompt(i, 5, model.config().vocab_size)).collect();
    let mut tokens = 0;
    for (_, token) in generate_batch(model.sessions(), &prompts, &drawing(), 42)? {
        token?;
        tokens += 1;
    }
    Ok(tokens)
}

fn step<'m>(model: &'m Model, rows: usize, context: usize) -> Result<Box<dyn FnMut() -> Result<usize> + 'm>> {
    let v = model.config().vocab_size;
    let mut sessions: Sessions<'m> = model.sessions();
    sessions.feed(&[&prompt(0, context - 1, v)], &mut [])?;
    sessions.gather(&vec![0; rows])?;
    let (token, mut logits) = (vec![&[5u32][..]; rows], vec![0.0; rows * v]);
    Ok(Box::new(move || {
        sessions.feed(&token, &mut logits)?;
        (0..rows).for_each(|row| sessions.truncate(row, context - 1));
        Ok(rows)
    }))
}

fn uncached<'m>(model: &'m Model, rows: usize, context: usize) -> Result<Box<dyn FnMut() -> Result<usize> + 'm>> {
    let rows_of: Vec<_> = (0..rows).map(|i| prompt(i, context, model.config().vocab_size)).collect();
    let batch = Batch::new(&rows_of, context, model.config())?;
    Ok(Box::new(move || Ok(model.logits(&batch).map(|_| rows)?)))
}

fn config(name: &str) -> Result<ModelConfig> {
    let base = match name {
        "causal" => ModelConfig::causal(),
        "llama" => ModelConfig::llama(),
        other => bail!("'{other}' is neither causal nor llama"),
    };
    Ok(ModelConfig { max_position_embeddings: 1_024, ..base })
}

fn number(args: &[String], place: usize) -> Result<usize> {
    let text = args.get(place).context("an argument is missing")?;
    text.parse().with_context(|| format!("'{text}' is no number"))
}

fn say(what: impl std::fmt::Display) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{what}")?;
    Ok(out.flush()?)
}
