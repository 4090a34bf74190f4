//! Our tokens, told how often by standard input: `N` makes N rounds and prints the seconds of one token of one row.
//!
//!     ours THREADS causal|llama float32|bfloat16 ROWS text
//!     ours THREADS causal|llama float32|bfloat16 ROWS step CONTEXT
//!     ours THREADS causal|llama float32|bfloat16 ROWS uncached CONTEXT
//!     ours THREADS causal|llama float32|bfloat16 ROWS floor
//!
//! A round of `text` is 59 tokens after five, drawn at T = 1 from the 50 likeliest of which 0.9 is kept; one of `step` is one
//! more token after CONTEXT - 1, without drawing it; `uncached` the same by the whole context; `floor` reads as many bytes as the
//! matrices have, or multiplies as many numbers at the machine's best, whichever takes longer.

use std::{
    env,
    hint::black_box,
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
    if args.get(4).is_some_and(|mode| mode == "floor") {
        return answer(floor(&model, rows)?);
    }
    let mut round = round(&model, rows, &args)?;
    round()?;
    answer(|rounds| {
        let (start, mut tokens) = (Instant::now(), 0);
        for _ in 0..rounds {
            tokens += round()?;
        }
        Ok(start.elapsed().as_secs_f64() / tokens as f64)
    })
}

/// The seconds of one token for each number of rounds that is asked for.
fn answer(mut seconds: impl FnMut(usize) -> Result<f64>) -> Result<()> {
    say("ready")?;
    for line in io::stdin().lock().lines() {
        say(seconds(line?.trim().parse()?)?)?;
    }
    Ok(())
}

/// Makes some tokens, and says how many.
fn round<'m>(
    model: &'m Model,
    rows: usize,
    args: &[String],
) -> Result<Box<dyn FnMut() -> Result<usize> + 'm>> {
    Ok(match args.get(4).map(String::as_str) {
        Some("text") if rows == 1 => Box::new(move || text(model)),
        Some("text") => Box::new(move || texts(model, rows)),
        Some("step") => step(model, rows, number(args, 5)?)?,
        Some("uncached") => uncached(model, rows, number(args, 5)?)?,
        _ => bail!("the last argument is text, step, uncached or floor"),
    })
}

fn drawing() -> GenerationConfig {
    GenerationConfig {
        max_new_tokens: TOKENS,
        temperature: Some(1.0),
        top_k: Some(50),
        top_p: Some(0.9),
        ..GenerationConfig::sampling()
    }
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

fn step<'m>(
    model: &'m Model,
    rows: usize,
    context: usize,
) -> Result<Box<dyn FnMut() -> Result<usize> + 'm>> {
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

/// Seconds a token: the longer of reading the matrices, each thread its part, and of multiplying by them at the best rate.
fn floor(model: &Model, rows: usize) -> Result<impl FnMut(usize) -> Result<f64>> {
    let config = model.config();
    let tables =
        if config.tie_word_embeddings { 0 } else { config.vocab_size * config.hidden_size };
    let positions =
        if config.is_rotary() { 0 } else { config.max_position_embeddings * config.hidden_size };
    let numbers = model.parameter_count() - tables - positions;
    let arithmetic = 2.0 * numbers as f64 / model::gemm_peak(Device::Cpu, model.dtype())?;
    let bytes = if model.dtype() == Dtype::Bfloat16 { 2 } else { 4 } * numbers;
    let part = vec![1u64; bytes / 8 / model::threads()];
    let parts: Vec<_> = (0..model::threads()).map(|_| part.clone()).collect();
    Ok(move |rounds: usize| {
        let read = |part: &[u64]| {
            black_box(sum(part)); // so that it is where it will be
            let start = Instant::now();
            (0..rounds).for_each(|_| drop(black_box(sum(black_box(part)))));
            start.elapsed().as_secs_f64() / rounds as f64
        };
        let reading = std::thread::scope(|scope| {
            let threads: Vec<_> = parts.iter().map(|part| scope.spawn(|| read(part))).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).fold(0.0, f64::max)
        });
        Ok(arithmetic.max(reading / rows as f64))
    })
}

/// In registers as wide as the machine's, for a loop of eight bytes at a time would be slower than the memory.
fn sum(numbers: &[u64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn wide(numbers: &[u64]) -> u64 {
            plain(numbers)
        }
        // SAFETY: the machine has it.
        return unsafe { wide(numbers) };
    }
    plain(numbers)
}

/// In sums enough that none waits for another.
#[inline(always)]
fn plain(numbers: &[u64]) -> u64 {
    let mut sums = [0u64; 32];
    for chunk in numbers.chunks_exact(32) {
        sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum = sum.wrapping_add(*x));
    }
    sums.iter().fold(0, |all, x| all.wrapping_add(*x))
}

fn uncached<'m>(
    model: &'m Model,
    rows: usize,
    context: usize,
) -> Result<Box<dyn FnMut() -> Result<usize> + 'm>> {
    let rows_of: Vec<_> =
        (0..rows).map(|i| prompt(i, context, model.config().vocab_size)).collect();
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
