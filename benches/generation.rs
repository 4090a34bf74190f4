//! One more token after 16, 64 or 512, of one stream and of 8 and 64 rows, by the causal model and a Llama of 25 million
//! parameters, in f32 and bf16; and the same without what is kept, by the whole context.

use std::time::Duration;

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use enredo::model::{self, Batch, BatchLm, Device, Dtype, Model, ModelConfig};

const CONTEXTS: [usize; 3] = [16, 64, 512];
const ROWS: [usize; 3] = [1, 8, 64];

/// Ids in no order.
fn ids(i: usize, length: usize, vocab_size: usize) -> Vec<u32> {
    (0..length).map(|t| (4 + (t * t * 31 + t * 7 + i * 13) % (vocab_size - 4)) as u32).collect()
}

fn cached(
    group: &mut BenchmarkGroup<'_, WallTime>,
    model: &Model,
    name: &str,
    rows: usize,
    context: usize,
) {
    let v = model.config().vocab_size;
    let mut sessions = model.sessions();
    let fill = |e| panic!("{e}");
    sessions.feed(&[&ids(0, context - 1, v)], &mut []).unwrap_or_else(fill);
    sessions.gather(&vec![0; rows]).unwrap_or_else(fill);
    let (token, mut logits) = (vec![&[5u32][..]; rows], vec![0.0; rows * v]);
    group.throughput(Throughput::Elements(rows as u64));
    group.bench_function(format!("{name}/{rows}/{context}"), |bench| {
        bench.iter(|| {
            let fed = sessions.feed(&token, &mut logits);
            (0..rows).for_each(|row| sessions.truncate(row, context - 1));
            fed
        });
    });
}

fn uncached(
    group: &mut BenchmarkGroup<'_, WallTime>,
    model: &Model,
    name: &str,
    rows: usize,
    context: usize,
) {
    let rows_of: Vec<_> = (0..rows).map(|i| ids(i, context, model.config().vocab_size)).collect();
    let batch = Batch::new(&rows_of, context, model.config()).unwrap_or_else(|e| panic!("{e}"));
    group.throughput(Throughput::Elements(rows as u64));
    group.bench_function(format!("{name}/{rows}/{context}"), |bench| {
        bench.iter(|| model.logits(&batch).map(|logits| logits.len()));
    });
}

fn tokens(c: &mut Criterion) {
    let mut group = c.benchmark_group("token");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    for (name, config) in [("causal", ModelConfig::causal()), ("llama", ModelConfig::llama())] {
        model::seed(42);
        let config = ModelConfig { max_position_embeddings: 1_024, ..config };
        let mut model = Model::new(config, Device::Cpu).unwrap_or_else(|e| panic!("{e}"));
        for dtype in Dtype::ALL {
            model.compute_in(dtype);
            for (rows, context) in
                ROWS.into_iter().flat_map(|rows| CONTEXTS.map(|context| (rows, context)))
            {
                cached(&mut group, &model, &format!("{name}/{dtype}"), rows, context);
            }
        }
        for context in CONTEXTS {
            uncached(&mut group, &model, &format!("{name}/uncached"), 1, context);
        }
    }
    group.finish();
}

criterion_group!(benches, tokens);
criterion_main!(benches);
