//! The sampling kernels, at three vocabulary sizes, beside the floor of any kernel: one pass for the maximum.
//!
//!     cargo bench -p enredo-decoding

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use enredo_decoding::{GenerationConfig, Preset, uniform};

const VOCAB_SIZES: [usize; 3] = [2_000, 32_000, 128_256];

/// Scores that fall like the logarithm of a Zipf law over a shuffled vocabulary, with some noise.
fn zipf_row(vocab_size: usize) -> Vec<f32> {
    let rank = |i: usize| (i * 7_919) % vocab_size + 1;
    (0..vocab_size).map(|i| -(rank(i) as f32).ln() + uniform(1, 0, i as u64) as f32).collect()
}

fn strategies() -> [(&'static str, GenerationConfig); 5] {
    let sampled = GenerationConfig { do_sample: true, ..GenerationConfig::default() };
    let notebook = GenerationConfig {
        temperature: Some(0.8),
        top_k: Some(50),
        top_p: Some(0.9),
        preset: Preset::Notebook,
        ..sampled.clone()
    };
    [
        ("greedy", GenerationConfig::default()),
        ("temperature 0.8", GenerationConfig { temperature: Some(0.8), ..sampled.clone() }),
        ("top-k 50", GenerationConfig { top_k: Some(50), ..sampled.clone() }),
        ("top-p 0.9", GenerationConfig { top_p: Some(0.9), ..sampled }),
        ("notebook T=0.8 k=50 p=0.9", notebook),
    ]
}

fn sampling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sampling");
    for vocab_size in VOCAB_SIZES {
        let row = zipf_row(vocab_size);
        group.throughput(Throughput::Elements(vocab_size as u64));
        group.bench_function(BenchmarkId::new("floor: maximum", vocab_size), |bencher| {
            bencher.iter(|| maximum(black_box(&row)));
        });
        for (name, config) in strategies() {
            let mut sampler = config.sampler(42).expect("the strategies above are valid");
            group.bench_function(BenchmarkId::new(name, vocab_size), |bencher| {
                bencher.iter(|| sampler.sample(black_box(&[0]), black_box(&row)));
            });
        }
    }
    group.finish();
}

/// Sixteen running maxima, so that the compiler can use vector registers.
fn maximum(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    for chunk in row.chunks_exact(16) {
        lanes
            .iter_mut()
            .zip(chunk)
            .for_each(|(lane, &x)| *lane = if x > *lane { x } else { *lane });
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

criterion_group!(benches, sampling);
criterion_main!(benches);
