//! Our training step, told how often by standard input: `N` runs N steps and prints their seconds, `memory` prints
//! the process' largest resident set so far in MiB.
//!
//!     ours THREADS PRESET DTYPE [BATCH CONTEXT WIDTH LAYERS [DROPOUT]]

use std::{
    env, fs,
    io::{self, BufRead, Write},
    str::FromStr,
    time::Instant,
};

use anyhow::{Context, Result, anyhow};
use enredo::{
    Preset,
    model::{self, Batch, Device, Dtype, Model, ModelConfig},
    trainer::{TrainConfig, Trainer},
};

/// Batches that take turns.
const POOL: usize = 64;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    model::set_threads(number(&args, 0, 2)?);
    let preset = Preset::from_str(args.get(1).map_or("causal", String::as_str))?;
    let dtype = Dtype::from_str(args.get(2).map_or("float32", String::as_str))?;
    let (rows, context) = (number(&args, 3, 32)?, number(&args, 4, 31)?);
    model::seed(42);
    let model = Model::new(config(&args, preset, context)?, Device::Cpu)?;
    let pool = pool(rows, context, model.config())?;
    let mut trainer = Trainer::new(&model, TrainConfig { dtype, ..preset.train_config() })?;
    let mut next = pool.iter().cycle();
    let mut run = |steps: usize| -> Result<f64> {
        let start = Instant::now();
        for batch in next.by_ref().take(steps) {
            trainer.step(std::slice::from_ref(batch))?;
        }
        Ok(start.elapsed().as_secs_f64())
    };
    run(3)?;
    say("ready")?;
    for line in io::stdin().lock().lines() {
        match line?.trim() {
            "memory" => say(peak_memory()?)?,
            steps => say(run(steps.parse()?)?)?,
        }
    }
    Ok(())
}

fn config(args: &[String], preset: Preset, context: usize) -> Result<ModelConfig> {
    let base = preset.model_config();
    let width = number(args, 5, base.hidden_size)?;
    let dropout = args.get(7).map_or(Ok(base.hidden_dropout_prob), |text| text.parse())?;
    Ok(ModelConfig {
        max_position_embeddings: context.max(base.max_position_embeddings),
        hidden_size: width,
        intermediate_size: 2 * width,
        num_hidden_layers: number(args, 6, base.num_hidden_layers)?,
        hidden_dropout_prob: dropout,
        ..base
    })
}

/// Rows of ids in no order: what a step costs does not hang on them.
fn pool(rows: usize, context: usize, config: &ModelConfig) -> Result<Vec<Batch>> {
    let mut state = 42u64;
    let mut id = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        4 + ((state >> 33) % (config.vocab_size as u64 - 4)) as u32
    };
    let mut batch = || {
        let ids: Vec<Vec<u32>> =
            (0..rows).map(|_| (0..=context).map(|_| id()).collect()).collect();
        Ok(Batch::new(&ids, context + 1, config)?)
    };
    (0..POOL).map(|_| batch()).collect()
}

fn number(args: &[String], place: usize, default: usize) -> Result<usize> {
    let parse = |text: &String| text.parse().with_context(|| format!("'{text}' is no number"));
    args.get(place).map_or(Ok(default), parse)
}

fn say(what: impl std::fmt::Display) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{what}")?;
    Ok(out.flush()?)
}

/// In MiB.
fn peak_memory() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = kib.ok_or_else(|| anyhow!("the system does not tell the memory"))?.parse()?;
    Ok(kib / 1024.0)
}
