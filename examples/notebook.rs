//! The course notebook, end to end: texts, tokenizer, model, training with samples on the way, the loss
//! curve, four strategies compared, and the likeliest next tokens.
//!
//!     cargo run --release --example notebook
//!     cargo run --release --example notebook -- --data films.parquet --column description

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::{Data, EVAL_LENGTH, Ended, Interrupt, PROMPTS, Progress, RunArgs, Training},
    corpus::EntropyFloor,
    decoding::{GenerationConfig, softmax},
    model::{self, Model, causality_probe},
    tokenization::Tokenizer,
};

/// Train a small decoder-only transformer on short texts, and compare ways to decode from it.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    run: RunArgs,
}

fn main() -> Result<ExitCode> {
    let Args { run: args } = Args::parse();

    // Steps 1 to 3: documents, tokenizer, model.
    let training = Training::new(args)?;
    show_documents(&training.prepared.data, &training.progress);
    show_tokenizer(
        training.model().tokenizer(),
        &training.prepared.data.train[0],
        &training.progress,
    )?;
    show_model(training.model().model(), &training.progress);

    // Steps 4 and 5: training, with a look on the way.
    let mut journal = training.journal()?;
    let val_loss = match training.run(&mut journal, &Interrupt::listen()?)? {
        Ended::Trained { val_loss } => val_loss,
        Ended::Interrupted { status } => return Ok(ExitCode::from(status)),
    };

    // Steps 6 and 7: what the model says.
    let notebook = Notebook { training };
    notebook.training.compare_strategies(&mut journal)?;
    notebook.show_next_tokens(PROMPTS[0])?;
    notebook.judge(val_loss)?;
    notebook.line(format!("\nThe run is in {}", notebook.training.folder.path().display()));
    Ok(ExitCode::SUCCESS)
}

fn show_documents(data: &Data, progress: &Progress) {
    let Data { train, held_out, source, report, .. } = data;
    progress.line(format!("Documents: {} from {source}", train.len() + held_out.len()));
    progress.line(format!("{} to train on, {} held out", train.len(), held_out.len()));
    progress.line(format!("Cleaning: {report}"));
    progress.line("\nSamples:");
    train.iter().take(5).for_each(|text| progress.line(format!(" • {text}")));
}

fn show_tokenizer(tokenizer: &Tokenizer, text: &str, progress: &Progress) -> Result<()> {
    let special = tokenizer.special();
    let ids = tokenizer.encode_document(text)?;
    let beginning: String = text.chars().take(50).collect();
    progress.line(format!("\nVocabulary: {} tokens", tokenizer.vocab_size()));
    progress.line(format!(
        "Special: PAD {} | UNK {} | BOS {} | EOS {}",
        special.pad, special.unk, special.bos, special.eos
    ));
    progress.line(format!("\nExample: '{beginning}…'"));
    progress.line(format!("Tokens ({}): {:?} …", ids.len(), &ids[..ids.len().min(10)]));
    Ok(())
}

fn show_model(model: &Model, progress: &Progress) {
    let (device, threads) = (model::device_name(model.device()), model::threads());
    progress.line(format!("\nParameters: {}", grouped(model.parameter_count())));
    progress.line(format!("Device: {device}, {threads} threads"));
}

/// What is done with a run that has been trained.
struct Notebook {
    training: Training,
}

impl Notebook {
    fn model(&self) -> &LanguageModel {
        self.training.model()
    }

    fn line(&self, text: impl AsRef<str>) {
        self.training.progress.line(text);
    }

    /// The model's real logits for the next token, and what each filter leaves of them.
    fn show_next_tokens(&self, prompt: &str) -> Result<()> {
        let next = self.model().next_tokens(prompt, 15)?;
        let filter = |config: GenerationConfig| -> Result<Vec<f64>> {
            Ok(self.model().strategy(&config).sampler(0)?.probabilities(&[], &next.row)?)
        };
        let only = GenerationConfig { do_sample: true, ..GenerationConfig::default() };
        let columns = [
            ("p", softmax(&next.row)?),
            ("T=0.8", filter(GenerationConfig { temperature: Some(0.8), ..only.clone() })?),
            ("K=10", filter(GenerationConfig { top_k: Some(10), ..only.clone() })?),
            ("P=0.9", filter(GenerationConfig { top_p: Some(0.9), ..only })?),
        ];
        let five = next.ids.len().min(5);
        self.line(format!("Next token after '{prompt}'"));
        self.line(format!("Top 5: {:?} {:.2?}", &next.texts[..five], &next.logits[..five]));
        let heads: String = columns.iter().map(|(name, _)| format!("{name:>8}")).collect();
        self.line(format!("  {:<16}{:>6}{:>8}{heads}", "token", "id", "logit"));
        for ((text, &id), logit) in next.texts.iter().zip(&next.ids).zip(&next.logits) {
            let cells: String = columns.iter().map(|(_, p)| share(p[id as usize])).collect();
            self.line(format!("  {text:<16}{id:>6}{logit:>8.2}{cells}"));
        }
        Ok(())
    }

    /// Whether the model reads the future, and how far its loss is from what is possible.
    fn judge(&self, val_loss: f64) -> Result<()> {
        let rows: Vec<&[u32]> =
            self.training.prepared.held_out.iter().take(4).map(|row| beginning(row)).collect();
        let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let at = 20.min(width.saturating_sub(1));
        let probe = causality_probe(self.model().model(), &rows, at)?;
        let verdict = if probe.sees_the_future() {
            "the model READS THE FUTURE, so its loss is a leak and not a skill"
        } else {
            "the model is causal"
        };
        self.line(format!(
            "\nCausality probe: with token {at} changed, logits before it move by {}: {verdict}",
            probe.leak
        ));
        let perplexity = val_loss.exp();
        self.line(format!("Held-out loss {val_loss:.4}, perplexity {perplexity:.2}"));
        if let Some(EntropyFloor { nats, standard_error, .. }) = self.training.prepared.floor {
            let verdict = if val_loss < nats - 3.0 * standard_error {
                "which no model can go below WITHOUT READING AHEAD; this one does".to_owned()
            } else {
                let above = 100.0 * (val_loss / nats - 1.0);
                format!("the least any causal model can reach; this one is {above:.1} % above it")
            };
            self.line(format!("Entropy of the corpus {nats:.4} ± {standard_error:.4}, {verdict}"));
        }
        Ok(())
    }
}

/// The tokens over which the held-out loss is taken.
fn beginning(row: &[u32]) -> &[u32] {
    &row[..row.len().min(EVAL_LENGTH)]
}

fn share(p: f64) -> String {
    if p > 0.0 { format!("{:>7.1}%", 100.0 * p) } else { format!("{:>8}", "cut") }
}

/// 923472 → 923,472
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
