//! The course notebook, end to end: texts, tokenizer, model, training with samples on the way, the loss
//! curve, four strategies compared, and the likeliest next tokens.
//!
//!     cargo run --release --example notebook
//!     cargo run --release --example notebook -- --data films.parquet --column description

use std::{ops::ControlFlow, time::Instant};

use anyhow::Result;
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::{Data, Journal, Progress, RunArgs},
    corpus::EntropyFloor,
    decoding::{GenerationConfig, softmax},
    model::{self, Model, causality_probe},
    run::{Floor, LossCurve, Metric, RunFolder, RunInfo, layout},
    tokenization::{Tokenizer, WordLevelConfig},
    trainer::{Batches, Trainer, evaluate},
};

/// The held-out loss is taken over each document's first tokens, as many as here.
const EVAL_LENGTH: usize = 32;
const NEW_TOKENS: usize = 15;
const PROMPTS: [&str; 3] =
    ["This movie is a", "A story about love and", "In the future, the world"];

/// Train a small decoder-only transformer on short texts, and compare ways to decode from it.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    run: RunArgs,
}

fn main() -> Result<()> {
    let Args { run: args } = Args::parse();
    let progress = Progress::new();
    args.validate()?;
    let device = args.machine.set_up()?;

    let data = Data::load(&args.data, args.train.quick, &progress)?;
    let folder = args.create_folder()?;
    show_documents(&data, &progress);

    let config = WordLevelConfig { vocab_size: args.model.vocab_size };
    let tokenizer = Tokenizer::train(&data.train, &config)?.with_mode(args.preset.text_mode());
    show_tokenizer(&tokenizer, &data.train[0], &progress)?;

    let pad = tokenizer.special().pad;
    let config = args.model.config(args.preset, tokenizer.vocab_size(), pad);
    let model = LanguageModel::new(Model::new(config, device)?, tokenizer, args.preset)?;
    progress.line(format!("\nParameters: {}", grouped(model.model().parameter_count())));
    progress.line(format!("Device: {}, {} threads", model::device_name(device), model::threads()));

    describe_run(&folder, &args, &data, &model)?;
    let floor = data.floor(EVAL_LENGTH - 1);
    let mut journal = Journal::new(&folder)?;
    let val_loss = train(&model, &data, &args, &mut journal, &progress)?;
    folder.write(layout::MODEL, &model.model().to_safetensors()?)?;
    draw_curve(&folder, floor)?;

    compare_strategies(&model, &args, &mut journal, &progress)?;
    show_next_tokens(&model, PROMPTS[0], &progress)?;
    judge(&model, &data, val_loss, floor, &progress)?;
    progress.line(format!("\nThe run is in {}", folder.path().display()));
    Ok(())
}

/// Step 1: the documents.
fn show_documents(data: &Data, progress: &Progress) {
    let (train, held_out) = (data.train.len(), data.held_out.len());
    progress.line(format!(
        "Documents: {} ({train} to train on, {held_out} held out) from {}",
        train + held_out,
        data.source
    ));
    if let Some(report) = &data.report {
        progress.line(report.to_string());
    }
    progress.line("\nSamples:");
    data.train.iter().take(5).for_each(|text| progress.line(format!(" • {text}")));
}

/// Step 2: the tokenizer.
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

/// What a reader of the run folder needs besides the rows; written before training.
fn describe_run(
    folder: &RunFolder,
    args: &RunArgs,
    data: &Data,
    model: &LanguageModel,
) -> Result<()> {
    let mut info = RunInfo {
        command_line: std::env::args().collect(),
        preset: args.preset.to_string(),
        settings: args.settings(),
        seed: args.machine.seed,
        device: model::device_name(model.model().device()),
        threads: model::threads(),
        dtype: "float32".to_owned(),
        data: data.info(),
        ..RunInfo::default()
    };
    info.crate_versions.insert("enredo".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    folder.write_info(&info)?;
    folder.write_json(layout::CONFIG, model.model().config())?;
    folder.write_json(layout::GENERATION_CONFIG, &model.strategy(&GenerationConfig::sampling()))?;
    folder.write(layout::TOKENIZER, model.tokenizer().to_json()?.as_bytes())?;
    Ok(())
}

/// Steps 3 to 5: training, with mean losses, samples and evaluations on the way. Returns the last
/// held-out loss.
fn train(
    model: &LanguageModel,
    data: &Data,
    args: &RunArgs,
    journal: &mut Journal<'_>,
    progress: &Progress,
) -> Result<f64> {
    let start = Instant::now();
    let documents = model.tokenizer().encode_documents(&data.train)?;
    let encoding = start.elapsed();
    let held_out = model.tokenizer().encode_documents(&data.held_out)?;
    let (train, seed) = (&args.train, args.machine.seed);
    let (limit, config) = (args.model.max_len, model.model().config());
    let mut batches = Batches::random(&documents, train.batch_size, limit, config, seed)?;

    progress.line(format!("\nTraining for {} steps\n{}", train.steps(), "=".repeat(65)));
    progress.start(train.steps());
    let mut val_loss = f64::NAN;
    Trainer::new(model.model(), train.config())?.with_time_spent(encoding).fit(
        &mut batches,
        |metric, _| {
            journal.metric(metric)?;
            progress.step(metric.step, metric.loss);
            if metric.step.is_multiple_of(train.log_every()) {
                show_loss(metric, journal.mean_loss(train.log_every() as usize), progress);
            }
            if metric.step.is_multiple_of(train.sample_every()) {
                show_samples(model, metric.step, args, journal, progress)?;
            }
            if metric.step.is_multiple_of(train.eval_every()) || metric.step == train.steps() {
                let held_out = evaluate(model.model(), &held_out, EVAL_LENGTH)?;
                val_loss = held_out.loss;
                journal.eval(metric, val_loss)?;
                progress.line(format!(
                    "[step {:>5}] held-out loss = {val_loss:.4} | perplexity = {:.2}",
                    metric.step,
                    held_out.perplexity()
                ));
            }
            anyhow::Ok(ControlFlow::Continue(()))
        },
    )?;
    progress.finish();
    progress.line(format!("{}\nTraining is done.", "=".repeat(65)));
    Ok(val_loss)
}

fn show_loss(metric: &Metric, mean: f64, progress: &Progress) {
    let Metric { step, train_seconds, .. } = *metric;
    progress.line(format!(
        "[step {step:>5}] loss = {mean:.4} | perplexity = {:.2} | {:.1} ms a step",
        mean.exp(),
        1e3 * train_seconds / step as f64
    ));
}

/// A greedy and a sampled text, and the weights they came from.
fn show_samples(
    model: &LanguageModel,
    step: u64,
    args: &RunArgs,
    journal: &mut Journal<'_>,
    progress: &Progress,
) -> Result<()> {
    let (rule, prompt) = ("─".repeat(65), args.train.prompt.as_str());
    progress.line(format!("\n{rule}\n  Step {step}, prompt: '{prompt}'\n{rule}"));
    for (label, config) in
        [("Greedy", greedy()), ("Sampling T=0.8, K=50, P=0.9", sampling(0.8, Some(50), 0.9))]
    {
        let text = journal.sample(model, step, prompt, (label, &config), args.machine.seed)?;
        progress.line(format!("  [{label}] {text}"));
    }
    progress.line("");
    journal.checkpoint(step, model)
}

fn draw_curve(folder: &RunFolder, floor: Option<EntropyFloor>) -> Result<()> {
    let floor =
        floor.map(|floor| Floor { loss: floor.nats, label: "entropy of the corpus".to_owned() });
    folder.write_loss_curve(&LossCurve { floor, ..folder.loss_curve()? })?;
    Ok(())
}

/// Step 6: three prompts, four strategies, one seed.
fn compare_strategies(
    model: &LanguageModel,
    args: &RunArgs,
    journal: &mut Journal<'_>,
    progress: &Progress,
) -> Result<()> {
    progress.line("\nStrategies compared\n");
    for prompt in PROMPTS {
        progress.line(format!("  Prompt: '{prompt}'\n  {}", "-".repeat(55)));
        for (label, config) in [
            ("Greedy", greedy()),
            ("Temp=0.5 K=10 P=0.9", sampling(0.5, Some(10), 0.9)),
            ("Temp=1.0 K=50 P=0.9", sampling(1.0, Some(50), 0.9)),
            ("Temp=1.5 K=None P=0.95", sampling(1.5, None, 0.95)),
        ] {
            let (step, seed) = (args.train.steps(), args.machine.seed);
            let text = journal.sample(model, step, prompt, (label, &config), seed)?;
            progress.line(format!("  [{label:<22}] {text}"));
        }
        progress.line("");
    }
    Ok(())
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

/// Step 7: the model's real logits for the next token, and what each filter leaves of them.
fn show_next_tokens(model: &LanguageModel, prompt: &str, progress: &Progress) -> Result<()> {
    let next = model.next_tokens(prompt, 15)?;
    let filter = |config: GenerationConfig| -> Result<Vec<f64>> {
        Ok(model.strategy(&config).sampler(0)?.probabilities(&[], &next.row)?)
    };
    let only = GenerationConfig { do_sample: true, ..GenerationConfig::default() };
    let columns = [
        ("p", softmax(&next.row)?),
        ("T=0.8", filter(GenerationConfig { temperature: Some(0.8), ..only.clone() })?),
        ("K=10", filter(GenerationConfig { top_k: Some(10), ..only.clone() })?),
        ("P=0.9", filter(GenerationConfig { top_p: Some(0.9), ..only })?),
    ];
    progress.line(format!("Next token after '{prompt}'"));
    progress.line(format!(
        "Top 5: {:?} {:.2?}",
        &next.texts[..5.min(next.texts.len())],
        &next.logits[..5.min(next.logits.len())]
    ));
    let heads: String = columns.iter().map(|(name, _)| format!("{name:>8}")).collect();
    progress.line(format!("  {:<16}{:>6}{:>8}{heads}", "token", "id", "logit"));
    for ((text, &id), logit) in next.texts.iter().zip(&next.ids).zip(&next.logits) {
        let share = |p: f64| if p > 0.0 { format!("{:.1}%", 100.0 * p) } else { "cut".to_owned() };
        let cells: String =
            columns.iter().map(|(_, p)| format!("{:>8}", share(p[id as usize]))).collect();
        progress.line(format!("  {text:<16}{id:>6}{logit:>8.2}{cells}"));
    }
    Ok(())
}

/// Whether the model reads the future, and how far its loss is from what is possible.
fn judge(
    model: &LanguageModel,
    data: &Data,
    val_loss: f64,
    floor: Option<EntropyFloor>,
    progress: &Progress,
) -> Result<()> {
    let mut rows =
        model.tokenizer().encode_documents(&data.held_out[..4.min(data.held_out.len())])?;
    rows.iter_mut().for_each(|row| row.truncate(EVAL_LENGTH));
    let at = 20.min(rows.iter().map(Vec::len).max().unwrap_or(0).saturating_sub(1));
    let probe = causality_probe(model.model(), &rows, at)?;
    let verdict = if probe.sees_the_future() {
        "the model READS THE FUTURE, so its loss is a leak and not a skill"
    } else {
        "the model is causal"
    };
    progress.line(format!(
        "\nCausality probe: with token {at} changed, logits before it move by {}: {verdict}",
        probe.leak
    ));
    progress.line(format!("Held-out loss {val_loss:.4}, perplexity {:.2}", val_loss.exp()));
    if let Some(EntropyFloor { nats, standard_error, .. }) = floor {
        progress.line(format!("Entropy of the corpus {nats:.4} ± {standard_error:.4}: no causal model can average less; this one is {:+.1} %",
            100.0 * (val_loss / nats - 1.0)));
    }
    Ok(())
}

/// 923472 → 923,472
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
