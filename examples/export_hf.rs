//! Turn a run with Llama's or GPT-2's blocks into a folder that `transformers` opens, with a model card.
//!
//!     cargo run --release --example train -- --preset llama --data films.parquet --out runs/llama
//!     cargo run --release --example export_hf -- runs/llama exported

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::run_folder,
    model::Device,
    run::{Eval, RunFolder},
};

/// Turn a run into a folder that transformers opens.
#[derive(Parser)]
struct Args {
    /// The run folder
    run: PathBuf,
    /// The folder to write
    out: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    overwrite: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = run_folder(Some(args.run))?;
    let is_empty = args.out.read_dir().map_or(true, |mut entries| entries.next().is_none());
    let out = args.out.display();
    ensure!(is_empty || args.overwrite, "{out} is not empty; give another folder, or --overwrite");
    let is_itself = args.out.canonicalize().ok() == folder.path().canonicalize().ok();
    ensure!(!is_itself, "{out} is the run itself; give another folder");
    let model = LanguageModel::open(folder.path(), Device::Cpu)?;
    model.export(&args.out, &about(&folder)?)?;
    print(&format!("The model is in {out}"))
}

/// What it has learnt, and how well.
fn about(folder: &RunFolder) -> Result<String> {
    let info = folder.info()?;
    let data = &info.data;
    let trained = format!(
        "Trained by enredo {} (`--preset {}`, seed {}) on {} documents of `{}`.",
        info.crate_versions.get("enredo").map_or("", String::as_str),
        info.preset,
        info.seed,
        data.train,
        data.source,
    );
    let evals = folder.rows::<Eval>()?.collect::<Result<Vec<_>, _>>()?;
    let result = evals.last().map(|eval| {
        format!(
            " After {} steps the loss on {} documents held out is {:.4} nats a token.",
            eval.step, data.held_out, eval.val_loss
        )
    });
    Ok(trained + &result.unwrap_or_default())
}

fn print(line: &str) -> Result<()> {
    use std::io::Write;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
