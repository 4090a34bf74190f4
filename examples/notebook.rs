//! The course notebook, end to end: texts, tokenizer, model, training with samples on the way, the loss
//! curve, four strategies compared, and the likeliest next tokens.
//!
//!     cargo run --release --example notebook
//!     cargo run --release --example notebook -- --data films.parquet --column description

use std::ops::ControlFlow;

use anyhow::Result;
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::{Data, EVAL_LENGTH, Journal, PROMPTS, Preparation, Progress, RunArgs, prompt_notices},
    corpus::EntropyFloor,
    decoding::{GenerationConfig, softmax},
    model::{self, Model, causality_probe},
    run::{Floor, LossCurve, Metric, RunFolder, layout},
    tokenization::Tokenizer,
    trainer::{Batches, Trainer, evaluate},
};

const NEW_TOKENS: usize = 15;

/// Train a small decoder-only transformer on short texts, and compare ways to decode from it.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    run: RunArgs,
}

/// What the steps share.
struct Notebook {
    args: RunArgs,
    progress: Progress,
    prepared: Preparation,
}

fn main() -> Result<()> {
    let Args { run: args } = Args::parse();
    let progress = Progress::new();
    args.validate()?;
    let device = args.machine.set_up()?;

    // Step 1: the documents.
    let data = Data::load(&args.data, args.train.quick, &progress)?;
    data.check(args.train.batch_size)?;
    show_documents(&data, &progress);

    // Steps 2 and 3: the tokenizer and the model.
    let prepared = Preparation::new(&args, data, device)?;
    show_tokenizer(prepared.model.tokenizer(), &prepared.data.train[0], &progress)?;
    show_model(prepared.model.model(), &progress);

    // Steps 4 and 5: training, with a look on the way.
    let folder = prepared.create_run(&args)?;
    let notebook = Notebook { args, progress, prepared };
    let mut journal = Journal::new(&folder)?;
    let trained = notebook.train(&mut journal);
    notebook.draw_curve(&folder)?; // of a run that failed, too
    let val_loss = trained?;
    folder.write(layout::MODEL, &notebook.model().model().to_safetensors()?)?;

    // Steps 6 and 7: what the model says.
    notebook.compare_strategies(&mut journal)?;
    notebook.show_next_tokens(PROMPTS[0])?;
    notebook.judge(val_loss)?;
    notebook.progress.line(format!("\nThe run is in {}", folder.path().display()));
    Ok(())
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

impl Notebook {
    fn model(&self) -> &LanguageModel {
        &self.prepared.model
    }

    /// Trains, with mean losses, samples and evaluations on the way. Returns the last held-out loss.
    fn train(&self, journal: &mut Journal<'_>) -> Result<f64> {
        let (args, progress) = (&self.args.train, &self.progress);
        let (model, config) = (self.model().model(), self.args.batches());
        let mut batches = Batches::random(&self.prepared.train, model.config(), config)?;
        let trainer = Trainer::new(model, args.config())?;
        let mut trainer = trainer.with_time_spent(self.prepared.encoding);

        for notice in prompt_notices(self.model(), &args.prompt)? {
            progress.line(notice);
        }
        if config.max_length < EVAL_LENGTH {
            let trained = config.max_length;
            progress.line(format!(
                "Documents are cut at {trained} tokens to train, but held-out loss is over {EVAL_LENGTH}."
            ));
        }
        progress.line(format!("\nTraining for {} steps\n{}", args.steps(), "=".repeat(65)));
        progress.start(args.steps());
        let mut val_loss = f64::NAN;
        trainer.fit(&mut batches, |metric, _| {
            let is_due = |every| metric.step.is_multiple_of(every);
            journal.metric(metric)?;
            progress.step(metric.step, metric.loss);
            if is_due(args.log_every()) {
                self.show_loss(metric, journal.mean_loss(args.log_every() as usize));
            }
            if is_due(args.sample_every()) {
                self.show_samples(metric.step, journal)?;
            }
            if is_due(args.eval_every()) || metric.step == args.steps() {
                val_loss = self.show_held_out(metric, journal)?;
            }
            anyhow::Ok(ControlFlow::Continue(()))
        })?;
        progress.finish();
        progress.line(format!("{}\nTraining is done.", "=".repeat(65)));
        Ok(val_loss)
    }

    fn show_loss(&self, metric: &Metric, mean: f64) {
        let Metric { step, train_seconds, .. } = *metric;
        let (perplexity, each) = (mean.exp(), 1e3 * train_seconds / step as f64);
        self.progress.line(format!(
            "[step {step:>5}] loss = {mean:.4} | perplexity = {perplexity:.2} | {each:.1} ms a step"
        ));
    }

    /// A greedy and a sampled text, and the weights they came from.
    fn show_samples(&self, step: u64, journal: &mut Journal<'_>) -> Result<()> {
        let (rule, prompt) = ("─".repeat(65), self.args.train.prompt.as_str());
        self.progress.line(format!("\n{rule}\n  Step {step}, prompt: '{prompt}'\n{rule}"));
        for (label, config) in
            [("Greedy", greedy()), ("Sampling T=0.8, K=50, P=0.9", sampling(0.8, Some(50), 0.9))]
        {
            let seed = self.args.machine.seed;
            let text = journal.sample(self.model(), step, prompt, (label, &config), seed)?;
            self.progress.line(format!("  [{label}] {text}"));
        }
        self.progress.line("");
        journal.checkpoint(step, self.model())
    }

    fn show_held_out(&self, metric: &Metric, journal: &mut Journal<'_>) -> Result<f64> {
        let result = evaluate(self.model().model(), &self.prepared.held_out, EVAL_LENGTH)?;
        journal.eval(metric, result.loss)?;
        self.progress.line(format!(
            "[step {:>5}] held-out loss = {:.4} | perplexity = {:.2}",
            metric.step,
            result.loss,
            result.perplexity()
        ));
        Ok(result.loss)
    }

    fn draw_curve(&self, folder: &RunFolder) -> Result<()> {
        let label = "entropy of the corpus".to_owned();
        let floor = self.prepared.floor.map(|floor| Floor { loss: floor.nats, label });
        let title = format!("Training loss, {}", self.args.preset);
        let curve = LossCurve { title, floor, ..folder.loss_curve()? };
        Ok(folder.write_loss_curve(&curve)?)
    }

    /// Three prompts, four strategies, one seed.
    fn compare_strategies(&self, journal: &mut Journal<'_>) -> Result<()> {
        self.progress.line("\nStrategies compared\n");
        for prompt in PROMPTS {
            self.progress.line(format!("  Prompt: '{prompt}'\n  {}", "-".repeat(55)));
            for (label, config) in [
                ("Greedy", greedy()),
                ("Temp=0.5 K=10 P=0.9", sampling(0.5, Some(10), 0.9)),
                ("Temp=1.0 K=50 P=0.9", sampling(1.0, Some(50), 0.9)),
                ("Temp=1.5 K=None P=0.95", sampling(1.5, None, 0.95)),
            ] {
                let (step, seed) = (self.args.train.steps(), self.args.machine.seed);
                let text = journal.sample(self.model(), step, prompt, (label, &config), seed)?;
                self.progress.line(format!("  [{label:<22}] {text}"));
            }
            self.progress.line("");
        }
        Ok(())
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
        self.progress.line(format!("Next token after '{prompt}'"));
        self.progress.line(format!(
            "Top 5: {:?} {:.2?}",
            &next.texts[..five],
            &next.logits[..five]
        ));
        let heads: String = columns.iter().map(|(name, _)| format!("{name:>8}")).collect();
        self.progress.line(format!("  {:<16}{:>6}{:>8}{heads}", "token", "id", "logit"));
        for ((text, &id), logit) in next.texts.iter().zip(&next.ids).zip(&next.logits) {
            let cells: String = columns.iter().map(|(_, p)| share(p[id as usize])).collect();
            self.progress.line(format!("  {text:<16}{id:>6}{logit:>8.2}{cells}"));
        }
        Ok(())
    }

    /// Whether the model reads the future, and how far its loss is from what is possible.
    fn judge(&self, val_loss: f64) -> Result<()> {
        let rows: Vec<&[u32]> =
            self.prepared.held_out.iter().take(4).map(|row| beginning(row)).collect();
        let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let at = 20.min(width.saturating_sub(1));
        let probe = causality_probe(self.model().model(), &rows, at)?;
        let verdict = if probe.sees_the_future() {
            "the model READS THE FUTURE, so its loss is a leak and not a skill"
        } else {
            "the model is causal"
        };
        self.progress.line(format!(
            "\nCausality probe: with token {at} changed, logits before it move by {}: {verdict}",
            probe.leak
        ));
        let perplexity = val_loss.exp();
        self.progress.line(format!("Held-out loss {val_loss:.4}, perplexity {perplexity:.2}"));
        if let Some(EntropyFloor { nats, standard_error, .. }) = self.prepared.floor {
            let verdict = if val_loss < nats - 3.0 * standard_error {
                "which no model can go below WITHOUT READING AHEAD; this one does".to_owned()
            } else {
                let above = 100.0 * (val_loss / nats - 1.0);
                format!("the least any causal model can reach; this one is {above:.1} % above it")
            };
            self.progress
                .line(format!("Entropy of the corpus {nats:.4} ± {standard_error:.4}, {verdict}"));
        }
        Ok(())
    }
}

fn greedy() -> GenerationConfig {
    GenerationConfig { max_new_tokens: NEW_TOKENS, ..GenerationConfig::default() }
}

fn sampling(temperature: f32, top_k: Option<usize>, top_p: f32) -> GenerationConfig {
    GenerationConfig {
        do_sample: true,
        temperature: Some(temperature),
        top_k,
        top_p: Some(top_p),
        ..greedy()
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
