//! The held-out loss and perplexity of a trained model, on its own data or on any other.
//!
//!     cargo run --release --example evaluate -- runs/causal-001
//!     cargo run --release --example evaluate -- runs/causal-001 --data films.parquet --all

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::{Data, DataArgs, EVAL_LENGTH, MachineArgs, Progress, checkpoint_notice, run_folder},
    corpus::EntropyFloor,
    trainer::evaluate,
};

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

    let progress = Progress::default();
    if let Some(notice) = checkpoint_notice(&folder)? {
        progress.line(notice);
    }
    let mut data = Data::load(&source, quick, &progress)?;
    if source.settings() == DataArgs::recorded(&info.settings).settings()
        && data.fingerprint != info.data.fingerprint
    {
        progress.line(
            "The data has changed since the run: held-out documents may have been trained on.",
        );
    }
    if args.all {
        data.held_out.append(&mut data.train);
    }
    let (few, from) = (data.train.len(), &data.source);
    ensure!(
        !data.held_out.is_empty(),
        "{from}: none of {few} documents is held out; ask for --all"
    );
    show(&model, &data, &progress)
}

fn show(model: &LanguageModel, data: &Data, progress: &Progress) -> Result<()> {
    let documents = model.tokenizer().encode_documents(&data.held_out)?;
    let result = evaluate(model.model(), &documents, EVAL_LENGTH)?;

    let unk = model.tokenizer().special().unk;
    let unknown = documents.iter().flatten().filter(|&&id| id == unk).count() as f64;
    let tokens = documents.iter().map(Vec::len).sum::<usize>() as f64;
    let share = 100.0 * unknown / tokens;
    progress.line(format!("Documents   {} from {}", documents.len(), data.source));
    progress.line(format!("Tokens      {} predicted, {share:.1} % of all unknown", result.targets));
    progress.line(format!("Loss        {:.4} nats a token", result.loss));
    progress.line(format!("Perplexity  {:.2}", result.perplexity()));
    if let Some(floor) = data.floor(&documents, model.tokenizer(), EVAL_LENGTH - 1) {
        let EntropyFloor { nats, standard_error, .. } = floor;
        progress.line(format!(
            "Floor       {nats:.4} ± {standard_error:.4}, the entropy of the corpus"
        ));
    }
    Ok(())
}
