//! Continue a prompt with a trained model; the text streams out as it is drawn.
//!
//!     cargo run --release --example generate -- runs/causal-001 --prompt "A story about love and"

use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::{MachineArgs, SamplingArgs, checkpoint_notice, prompt_notices, run_folder},
    decoding::{GenerationConfig, Seed},
    run::layout,
};

/// Continue a prompt with a trained model.
#[derive(Parser)]
struct Args {
    /// The run folder [default: the newest in runs/]
    run: Option<PathBuf>,
    /// The text to continue; an empty one starts at the beginning of a text
    #[arg(long, value_name = "TEXT", default_value = "This movie is a")]
    prompt: String,
    /// How many texts to draw; each has its own random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    num_return: u64,
    #[command(flatten)]
    sampling: SamplingArgs,
    #[command(flatten)]
    machine: MachineArgs,
}

fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.num_return > 0, "--num-return is 0; ask for at least 1");
    let folder = run_folder(args.run)?;
    let model = LanguageModel::open(folder.path(), args.machine.set_up()?)?;
    let config = args.sampling.over(folder.read_json(layout::GENERATION_CONFIG)?)?;
    let mut notices = std::io::stderr();
    let prompt = prompt_notices(&model, &args.prompt)?;
    for notice in checkpoint_notice(&folder)?.into_iter().chain(prompt) {
        writeln!(notices, "{notice}")?;
    }

    let (mut tokens, mut time) = (0, Duration::ZERO);
    for sequence in 0..args.num_return {
        let start = Instant::now();
        let seed = Seed { seed: args.machine.seed, sequence };
        tokens += stream(&model, &args.prompt, &config, seed)?;
        time += start.elapsed();
    }
    let each = time.as_secs_f64() * 1e6 / f64::from(tokens.max(1));
    writeln!(notices, "{tokens} tokens, {each:.0} µs a token, from {}", folder.path().display())?;
    Ok(())
}

/// Prints one text as it grows; returns how many tokens it took.
fn stream(
    model: &LanguageModel,
    prompt: &str,
    config: &GenerationConfig,
    seed: Seed,
) -> Result<u32> {
    let mut out = std::io::stdout().lock();
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
