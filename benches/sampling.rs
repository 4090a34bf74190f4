//! The sampling kernels and the common chains, beside the two floors of any kernel: one pass over the row for
//! its maximum, and one that sums its exponentials.
//!
//!     cargo bench -p enredo-decoding                      # all: some four minutes
//!     cargo bench -p enredo-decoding -- 128256/gauss      # one group
//!     ENREDO_ISA=portable cargo bench -p enredo-decoding  # or avx2: without the machine's best instructions
//!
//! A group is a vocabulary size and a kind of row; four rows of the kind take turns. What other libraries need
//! for the same work: `benches/peers/sampling`.

use std::{env, hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use enredo_decoding::{
    Chain, Epsilon, Eta, GenerationConfig, Isa, MinP, Mirostat, Preset, Result, Sampler,
    Temperature, TopK, TopNSigma, TopP, Typical, Xtc, floor, uniform,
};

const VOCAB_SIZES: [usize; 4] = [2_000, 32_000, 128_256, 262_144];
const ROWS: usize = 4;
const SEED: u64 = 42;

/// What the scores of a row are like.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// N(0, 3) with a head of 256 scores that fall as the logarithm of Zipf's law.
    Zipf,
    /// N(0, 3).
    Gauss,
    /// N(0, 0.1): nearly every token is in the nucleus.
    Flat,
    /// N(0, 3), ascending.
    Sorted,
    /// N(0, 3), two thirds −∞.
    Masked,
    /// N(0, 3), four bytes off a cache line.
    Misaligned,
}

const KINDS: [Kind; 6] =
    [Kind::Zipf, Kind::Gauss, Kind::Flat, Kind::Sorted, Kind::Masked, Kind::Misaligned];

/// A row that begins where its kind says, in relation to cache lines.
struct Row {
    scores: Vec<f32>,
    start: usize,
    len: usize,
}

impl Row {
    fn new(kind: Kind, len: usize, seed: u64) -> Self {
        let mut scores = vec![0.0; len + 32];
        let offset = if kind == Kind::Misaligned { 1 } else { 0 };
        let start = scores.as_ptr().align_offset(64).min(16) + offset;
        scores[start..start + len].copy_from_slice(&kind.scores(len, seed));
        Self { scores, start, len }
    }

    fn scores(&self) -> &[f32] {
        &self.scores[self.start..self.start + self.len]
    }
}

impl Kind {
    fn scores(self, len: usize, seed: u64) -> Vec<f32> {
        let deviation = if self == Self::Flat { 0.1 } else { 3.0 };
        let mut row: Vec<f32> = (0..len).map(|i| deviation * normal(seed, i as u64)).collect();
        match self {
            Self::Zipf => {
                for rank in 0..256 {
                    let id = uniform(seed, 1, rank) * len as f64;
                    row[id as usize] = 18.0 - 1.2 * (rank as f32 + 1.0).ln();
                }
            }
            Self::Sorted => row.sort_by(f32::total_cmp),
            Self::Masked => {
                for (i, score) in row.iter_mut().enumerate() {
                    let masked = uniform(seed, 2, i as u64) < 2.0 / 3.0;
                    *score = if masked { f32::NEG_INFINITY } else { *score };
                }
            }
            Self::Gauss | Self::Flat | Self::Misaligned => {}
        }
        row
    }
}

/// Box–Muller.
fn normal(seed: u64, i: u64) -> f32 {
    let u = |n| uniform(seed, 0, n);
    let radius = (-2.0 * (1.0 - u(2 * i)).ln()).sqrt();
    (radius * (u(2 * i + 1) * std::f64::consts::TAU).cos()) as f32
}

fn strategies() -> Result<Vec<(&'static str, Sampler)>> {
    let drawn = |chain| Sampler::seeded(chain, SEED);
    let configured = |config: GenerationConfig| config.sampler(SEED);
    let notebook = GenerationConfig {
        do_sample: true,
        temperature: Some(0.8),
        top_k: Some(50),
        top_p: Some(0.9),
        ..GenerationConfig::default()
    };
    let hf =
        GenerationConfig { top_k: None, min_p: Some(0.05), preset: Preset::Hf, ..notebook.clone() };
    let llama_cpp = GenerationConfig {
        top_k: Some(40),
        top_p: Some(0.95),
        min_p: Some(0.05),
        preset: Preset::LlamaCpp,
        ..notebook.clone()
    };
    let twin = GenerationConfig { preset: Preset::Notebook, ..notebook.clone() };
    let chain = Chain::new;
    Ok(vec![
        ("greedy", Sampler::greedy(chain())),
        ("temperature 0.8", drawn(chain().with(Temperature::new(0.8)?))),
        ("top-k 50", drawn(chain().with(TopK::new(50)?))),
        ("top-p 0.9", drawn(chain().with(TopP::new(0.9)?))),
        ("min-p 0.05", drawn(chain().with(MinP::new(0.05)?))),
        ("typical 0.9", drawn(chain().with(Typical::new(0.9)?))),
        ("epsilon 3e-4", drawn(chain().with(Epsilon::new(3e-4)?))),
        ("eta 1e-3", drawn(chain().with(Eta::new(1e-3)?))),
        ("top-n-sigma 1", drawn(chain().with(TopNSigma::new(1.0)?))),
        ("xtc 0.1", drawn(chain().with(Xtc::new(1.0, 0.1)?))),
        ("mirostat 2", Sampler::mirostat(chain(), Mirostat::v2(5.0, 0.1)?, SEED)),
        ("gumbel-max", Sampler::gumbel(chain(), SEED)),
        ("T 0.8, k 50, p 0.9", configured(notebook)?),
        ("the same, notebook's f32", configured(twin)?),
        ("hf: T 0.8, p 0.9, min-p 0.05", configured(hf)?),
        ("llama.cpp: k 40, p 0.95, min-p 0.05, T 0.8", configured(llama_cpp)?),
    ])
}

/// One turn's work on one row.
type Work = Box<dyn FnMut(usize, &[f32])>;

fn sampling(criterion: &mut Criterion) {
    let isa = isa();
    for vocab_size in VOCAB_SIZES {
        for kind in KINDS {
            let rows: Vec<Row> =
                (0..ROWS as u64).map(|seed| Row::new(kind, vocab_size, seed)).collect();
            let name = format!("{vocab_size}/{kind:?}").to_lowercase();
            let mut group = criterion.benchmark_group(name);
            group.throughput(Throughput::Elements(vocab_size as u64));
            let mut bench = |name: &str, mut work: Work| {
                let mut turn = 0;
                group.bench_function(name, |bencher| {
                    bencher.iter(|| {
                        turn += 1;
                        work(turn, black_box(rows[turn % ROWS].scores()));
                    });
                });
            };
            bench(
                "floor: maximum",
                Box::new(move |_, row| _ = black_box(floor::max_pass(isa, row))),
            );
            bench(
                "floor: exp-sum",
                Box::new(move |_, row| _ = black_box(floor::exp_sum_pass(isa, row, 18.0))),
            );
            for (name, sampler) in strategies().expect("the parameters above are valid") {
                // A draw follows from the position, so the context grows and shrinks.
                let (mut sampler, tokens) = (sampler.on(isa), [0; 64]);
                let draw = move |turn: usize, row: &[f32]| {
                    _ = black_box(sampler.sample(&tokens[..turn % 64], row));
                };
                bench(name, Box::new(draw));
            }
            let (_, mut traced) = strategies().expect("the parameters above are valid").remove(12);
            bench("trace of it", Box::new(move |_, row| _ = black_box(traced.trace(&[], row))));
        }
    }
}

/// The machine's best, or what `ENREDO_ISA` names.
fn isa() -> Isa {
    let wanted = env::var("ENREDO_ISA").unwrap_or_default();
    Isa::available().into_iter().find(|isa| isa.name() == wanted).unwrap_or_else(Isa::detect)
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
}

criterion_group! { name = benches; config = settings(); targets = sampling }
criterion_main!(benches);
