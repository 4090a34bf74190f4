//! Generate from a model in Hugging Face's form: a folder with config.json, safetensors and tokenizer.json, of Llama's or GPT-2's architecture.
//!
//!     cargo run --release --example import_hf -- FOLDER --prompt "Once upon a time" --dtype bfloat16

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Result;
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::{MachineArgs, SamplingArgs},
    model::Dtype,
};

/// Generate from a model in Hugging Face's form.
#[derive(Parser)]
struct Args {
    /// The folder
    folder: PathBuf,
    /// The text to continue
    #[arg(long, value_name = "TEXT", default_value = "Once upon a time")]
    prompt: String,
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
    let mut model = LanguageModel::from_hugging_face(&args.folder, args.machine.set_up()?)?;
    model.compute_in(args.dtype);
    let network = model.model();
    let (kind, layers) = (network.config().model_type, network.config().num_hidden_layers);
    writeln!(io::stderr(), "{kind:?}, {} parameters, {layers} layers", network.parameter_count())?;

    let strategy = args.sampling.over(model.generation_config().clone())?;
    let mut out = io::stdout().lock();
    let mut pieces = model.generate(&args.prompt, &strategy, args.machine.seed)?;
    write!(out, "{}", pieces.prompt())?;
    for piece in pieces.by_ref() {
        write!(out, "{}", piece?)?;
        out.flush()?;
    }
    Ok(writeln!(out)?)
}
