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
    cli::{MachineArgs, SamplingArgs, run_folder},
    decoding::GenerationConfig,
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
    notices(&model, &args.prompt)?;

    let (mut tokens, mut time) = (0, Duration::ZERO);
    for n in 0..args.num_return {
        let start = Instant::now();
        tokens += stream(&model, &args.prompt, &config, args.machine.seed.wrapping_add(n))?;
        time += start.elapsed();
    }
    let each = time.as_secs_f64() * 1e6 / f64::from(tokens.max(1));
    eprintln!("{tokens} tokens, {each:.0} µs a token, from {}", folder.path().display());
    Ok(())
}

/// Says what will not reach the model as it was typed.
fn notices(model: &LanguageModel, prompt: &str) -> Result<()> {
    let cut = model.tokens_cut(prompt)?;
    if prompt.trim().is_empty() {
        eprintln!("The prompt is empty: the text starts from its beginning.");
    }
    if cut > 0 {
        let window = model.model().config().window();
        eprintln!(
            "The prompt is longer than the model's window of {window} tokens: its first {cut} are not read."
        );
    }
    Ok(())
}

/// Prints one text as it grows; returns how many tokens it took.
fn stream(
    model: &LanguageModel,
    prompt: &str,
    config: &GenerationConfig,
    seed: u64,
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
