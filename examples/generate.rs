//! Continue a prompt with a trained model, the text streaming out as it is drawn; or many prompts at once.
//!
//!     cargo run --release --example generate -- runs/causal-001 --prompt "A story about love and"
//!     cargo run --release --example generate -- runs/causal-001 --prompts prompts.txt --batch-size 64

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::{MachineArgs, SamplingArgs, checkpoint_notice, prompt_notices},
    decoding::{GenerationConfig, Seed},
    model::Dtype,
    run::{RunFolder, layout},
};

/// Continue a prompt with a trained model.
#[derive(Parser)]
struct Args {
    /// The run folder, or a model's in Hugging Face's form [default: the newest run in runs/]
    folder: Option<PathBuf>,
    /// The text to continue; an empty one starts at the beginning of a text
    #[arg(long, value_name = "TEXT", default_value = "This movie is a")]
    prompt: String,
    /// A file with a text to continue in each line
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    prompts: Option<PathBuf>,
    /// How many texts to draw for each prompt; each has its own random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    num_return: u64,
    /// How many texts to generate at a time; one streams
    #[arg(long, value_name = "N", default_value_t = 1)]
    batch_size: usize,
    /// What to compute in: float32, or bfloat16, which reads half as much memory
    #[arg(long, value_name = "TYPE", default_value = "float32")]
    dtype: Dtype,
    #[command(flatten)]
    sampling: SamplingArgs,
    #[command(flatten)]
    machine: MachineArgs,
}

fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.num_return > 0, "--num-return is 0; ask for at least 1");
    ensure!(args.batch_size > 0, "--batch-size is 0; ask for at least 1");
    let prompts = prompts(&args)?;
    let path = match args.folder {
        Some(path) => path,
        None => RunFolder::newest("runs")?.path().to_owned(),
    };
    let mut model = LanguageModel::open(&path, args.machine.set_up()?)?;
    model.compute_in(args.dtype);
    let config = args.sampling.over(model.generation_config().clone())?;
    let mut notices = io::stderr();
    if let Some(notice) = notice(&path)? {
        writeln!(notices, "{notice}")?;
    }
    for (i, prompt) in prompts.iter().enumerate() {
        for notice in prompt_notices(&model, prompt)? {
            let line = args.prompts.as_ref().map(|_| format!("Line {}: ", i + 1));
            writeln!(notices, "{}{notice}", line.unwrap_or_default())?;
        }
    }

    let start = Instant::now();
    let texts: Vec<&str> =
        prompts.iter().flat_map(|prompt| (0..args.num_return).map(|_| prompt.as_str())).collect();
    let mut tokens = 0;
    for (i, batch) in texts.chunks(args.batch_size).enumerate() {
        let seed = Seed { seed: args.machine.seed, sequence: (i * args.batch_size) as u64 };
        tokens += match batch {
            [prompt] => stream(&model, prompt, &config, seed)?,
            _ => write_batch(&model, batch, &config, seed)?,
        };
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / tokens.max(1) as f64;
    writeln!(notices, "{tokens} tokens, {each:.0} µs a token, from {}", path.display())?;
    Ok(())
}

/// That a run did not end, where this is one.
fn notice(path: &Path) -> Result<Option<String>> {
    if path.join(layout::RUN).exists() {
        checkpoint_notice(&RunFolder::open(path)?)
    } else {
        Ok(None)
    }
}

fn prompts(args: &Args) -> Result<Vec<String>> {
    let Some(path) = &args.prompts else { return Ok(vec![args.prompt.clone()]) };
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    ensure!(!text.is_empty(), "{} has no lines; write a prompt in each", path.display());
    Ok(text.lines().map(str::to_owned).collect())
}

/// Prints one text as it grows; returns how many tokens it took.
fn stream(
    model: &LanguageModel,
    prompt: &str,
    config: &GenerationConfig,
    seed: Seed,
) -> Result<usize> {
    let mut out = io::stdout().lock();
    let mut pieces = model.generate(prompt, config, seed)?;
    write!(out, "{}", pieces.prompt())?;
    let mut tokens = 0;
    for piece in pieces.by_ref() {
        write!(out, "{}", piece?)?;
        out.flush()?;
        tokens += 1;
    }
    writeln!(out)?;
    Ok(tokens)
}

/// Prints texts that were generated together, each in a line.
fn write_batch(
    model: &LanguageModel,
    prompts: &[&str],
    config: &GenerationConfig,
    seed: Seed,
) -> Result<usize> {
    let mut out = io::stdout().lock();
    let texts = model.complete_batch(prompts, config, seed)?;
    texts.iter().try_for_each(|completion| writeln!(out, "{}", completion.text))?;
    Ok(texts.iter().map(|completion| completion.tokens.len()).sum())
}
