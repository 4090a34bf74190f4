//! The notebook's strategies, by the names that it prints.

use crate::decoding::GenerationConfig;

/// New tokens of a sample.
const NEW_TOKENS: usize = 15;

/// Those that show how a training goes.
#[must_use]
pub(super) fn on_the_way() -> [(&'static str, GenerationConfig); 2] {
    [("Greedy", greedy()), ("Sampling T=0.8, K=50, P=0.9", sampling(0.8, Some(50), 0.9))]
}

/// Those that are compared at its end.
#[must_use]
pub(super) fn compared() -> [(&'static str, GenerationConfig); 4] {
    [
        ("Greedy", greedy()),
        ("Temp=0.5 K=10 P=0.9", sampling(0.5, Some(10), 0.9)),
        ("Temp=1.0 K=50 P=0.9", sampling(1.0, Some(50), 0.9)),
        ("Temp=1.5 K=None P=0.95", sampling(1.5, None, 0.95)),
    ]
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
