//! The held-out loss and perplexity of a trained model, on its own data or on any other.
//!
//!     cargo run --release --example evaluate -- runs/causal-001
//!     cargo run --release --example evaluate -- runs/causal-001 --data films.parquet --all

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::{Data, DataArgs, MachineArgs, Progress, run_folder},
    corpus::EntropyFloor,
    trainer::evaluate,
};

/// The loss is taken over each document's first tokens, as many as here.
const EVAL_LENGTH: usize = 32;

/// Measure a trained model on documents.
#[derive(Parser)]
struct Args {
    /// The run folder [default: the newest in runs/]
    run: Option<PathBuf>,
    /// Take all documents, not only those held out
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    machine: MachineArgs,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = run_folder(args.run)?;
    let model = LanguageModel::open(folder.path(), args.machine.set_up()?)?;
    let info = folder.info()?;
    let source = if args.data.is_given() { args.data } else { DataArgs::recorded(&info.settings) };
    let quick = info.settings.get("quick").is_some_and(|quick| quick == true);

    let mut data = Data::load(&source, quick, &Progress::new())?;
    if args.all {
        data.held_out.append(&mut data.train);
    }
    let documents = model.tokenizer().encode_documents(&data.held_out)?;
    let result = evaluate(model.model(), &documents, EVAL_LENGTH)?;

    let unk = model.tokenizer().special().unk;
    let unknown = documents.iter().flatten().filter(|&&id| id == unk).count() as f64;
    let tokens = documents.iter().map(Vec::len).sum::<usize>() as f64;
    println!("Documents   {} from {}", documents.len(), data.source);
    println!(
        "Tokens      {} predicted, {:.1} % of all unknown",
        result.targets,
        100.0 * unknown / tokens
    );
    println!("Loss        {:.4} nats a token", result.loss);
    println!("Perplexity  {:.2}", result.perplexity());
    if let Some(EntropyFloor { nats, standard_error, .. }) = data.floor(EVAL_LENGTH - 1) {
        println!("Floor       {nats:.4} ± {standard_error:.4}, the entropy of the corpus");
    }
    Ok(())
}
