//! A training step of each preset, on batches of 32 × 32 random tokens: milliseconds, and tokens a second.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use enredo::{
    Preset,
    model::{self, Batch, Device, Dtype, Model, ModelConfig},
    trainer::{TrainConfig, Trainer},
};

const ROWS: usize = 32;
const TOKENS: usize = 32;

/// Rows of ids in no order.
fn batch(config: &ModelConfig) -> Batch {
    let id = |i: usize| 4 + (i * i * 31 + i * 7) as u32 % (config.vocab_size as u32 - 4);
    let rows: Vec<Vec<u32>> =
        (0..ROWS).map(|row| (0..TOKENS).map(|t| id(row * TOKENS + t)).collect()).collect();
    Batch::new(&rows, TOKENS, config).unwrap_or_else(|error| panic!("{error}"))
}

fn steps(c: &mut Criterion) {
    let mut group = c.benchmark_group("step");
    group.throughput(Throughput::Elements((ROWS * (TOKENS - 1)) as u64));
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    for preset in Preset::ALL {
        for dtype in Dtype::ALL {
            model::seed(42);
            let model = Model::new(preset.model_config(), Device::Cpu);
            let model = model.unwrap_or_else(|error| panic!("{error}"));
            let config = TrainConfig { dtype, ..preset.train_config() };
            let mut trainer =
                Trainer::new(&model, config).unwrap_or_else(|error| panic!("{error}"));
            let batches = [batch(model.config())];
            group.bench_function(format!("{preset}/{dtype}"), |bench| {
                bench.iter(|| trainer.step(&batches).map(|metric| metric.loss));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
