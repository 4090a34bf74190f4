//! What the training peers share: the sizes of the model, the batches and the protocol.
//!
//! A peer prints `ready` once it is warm. Then it reads counts, one per line, runs that many
//! training steps and prints the seconds they took, until its input ends.

use std::env;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// enredo has it too. With the allocator of the C library, candle is a quarter slower.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub const VOCAB: usize = 2000;
pub const POSITIONS: usize = 64;
pub const WIDTH: usize = 128;
pub const LAYERS: usize = 3;
pub const HEADS: usize = 4;
pub const HEAD_WIDTH: usize = WIDTH / HEADS;
pub const FEED_FORWARD: usize = 256;
pub const DROPOUT: f64 = 0.1;
pub const NORM_EPS: f64 = 1e-5;

pub const LEARNING_RATE: f64 = 1e-3;
pub const BETAS: (f64, f64) = (0.9, 0.999);
pub const ADAM_EPS: f64 = 1e-8;
pub const WEIGHT_DECAY: f64 = 0.01;
pub const MAX_NORM: f64 = 1.0;

pub const ROWS: usize = 32;
/// The inputs of a row; it has one id more, the last target.
pub const STEPS: usize = 31;

const SEED: u64 = 1;
const POOL: usize = 64;
/// The ids before it are special tokens.
const FIRST_ID: u32 = 4;
const WARM_UP: usize = 3;
const DEFAULT_THREADS: usize = 2;
const CHECK_STEPS: usize = 30;

/// A batch, row after row: the target of an input is the id that follows it.
#[derive(Clone, Debug)]
pub struct Batch {
    pub inputs: Vec<u32>,
    pub targets: Vec<u32>,
}

impl Batch {
    fn random(rng: &mut StdRng) -> Self {
        let mut batch = Self { inputs: Vec::new(), targets: Vec::new() };
        for _ in 0..ROWS {
            let ids: Vec<u32> =
                (0..=STEPS).map(|_| rng.random_range(FIRST_ID..VOCAB as u32)).collect();
            batch.inputs.extend(&ids[..STEPS]);
            batch.targets.extend(&ids[1..]);
        }
        batch
    }
}

/// A model with its optimizer.
pub trait Trainer: Sized {
    fn new() -> Result<Self>;

    /// How many numbers are trained.
    fn parameters(&self) -> usize;

    /// One training step; the loss is that before it.
    fn step(&mut self, batch: &Batch) -> Result<f32>;
}

/// Runs a peer. The arguments are the number of threads and, to check instead of to time, `check`.
pub fn run<T: Trainer>() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let threads = arguments.next().map_or(Ok(DEFAULT_THREADS), |threads| threads.parse())?;
    set_threads(threads);
    let trainer = T::new()?;
    let parameters = trainer.parameters();
    ensure!(parameters == expected_parameters(), "{parameters} parameters");
    match arguments.next().as_deref() {
        None => serve(trainer),
        Some("check") => check(trainer),
        Some(other) => anyhow::bail!("{other}: not an argument"),
    }
}

/// Only the environment reaches all of candle's threads; rayon, which burn uses, reads it too.
///
/// candle has a second pool, which spins while it waits: where other programs want the same cores,
/// it is far slower with two threads than with one. `CANDLE_NUM_THREADS=1` turns that pool off.
fn set_threads(threads: usize) {
    // SAFETY: `run` calls this first, when there is no other thread to read the environment.
    unsafe { env::set_var("RAYON_NUM_THREADS", threads.to_string()) };
}

const fn expected_parameters() -> usize {
    let norm = 2 * WIDTH;
    let attention = linear(WIDTH, 3 * WIDTH) + linear(WIDTH, WIDTH);
    let feed_forward = linear(WIDTH, FEED_FORWARD) + linear(FEED_FORWARD, WIDTH);
    let layer = attention + feed_forward + 2 * norm;
    (VOCAB + POSITIONS) * WIDTH + LAYERS * layer + linear(WIDTH, VOCAB)
}

const fn linear(inputs: usize, outputs: usize) -> usize {
    (inputs + 1) * outputs
}

fn serve<T: Trainer>(mut trainer: T) -> Result<()> {
    let pool = pool();
    let mut batches = pool.iter().cycle();
    let mut steps = |count| -> Result<()> {
        for batch in batches.by_ref().take(count) {
            let loss = trainer.step(batch)?;
            ensure!(loss.is_finite(), "the loss is {loss}");
        }
        Ok(())
    };
    steps(WARM_UP)?;
    say("ready")?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let count = line.trim().parse().with_context(|| format!("{line}: not a count"))?;
        let start = Instant::now();
        steps(count)?;
        say(&start.elapsed().as_secs_f64().to_string())?;
    }
    Ok(())
}

fn pool() -> Vec<Batch> {
    let mut rng = StdRng::seed_from_u64(SEED);
    (0..POOL).map(|_| Batch::random(&mut rng)).collect()
}

fn say(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// A model that knows nothing guesses; one batch again and again must teach it something.
fn check<T: Trainer>(mut trainer: T) -> Result<()> {
    let batch = &pool()[0];
    let first = trainer.step(batch)?;
    let guess = (VOCAB as f32).ln();
    ensure!((first - guess).abs() < 0.5, "the first loss is {first}, a guess has {guess}");
    let mut last = first;
    for _ in 0..CHECK_STEPS {
        last = trainer.step(batch)?;
    }
    ensure!(last < first - 1.0, "the loss went from {first} to {last}");
    say(&format!("{} parameters, loss {first} to {last}", trainer.parameters()))
}
