//! What must hold of any JSON text as a `generation_config.json`.
//!
//! It names no field, so that a new one is tested without a word here.

use enredo_decoding::{
    Context, GenerationConfig, Isa, Result, Sampler, Seed, generate, testing::Cycle,
};
use serde_json::Value;

use crate::properties::{Step, check, check_greedy};

const V: usize = 300;
const SEED: Seed = Seed { seed: 7, sequence: 0 };
/// A prompt of three tokens; what follows repeats it in part.
const TOKENS: [u32; 9] = [1, 5, 7, 9, 1, 5, 7, 5, 5];

/// Asserts of a text that parses: it survives being written and read; it is refused with a message, or
/// samples from rows with and without masks, and generates.
pub fn check_config(text: &[u8]) {
    let Ok(config) = serde_json::from_slice::<GenerationConfig>(text) else { return };
    check_round_trip(text, &config);
    match config.sampler(SEED) {
        Err(refused) => assert!(!refused.to_string().is_empty()),
        Ok(_) => (0..2).for_each(|masks| check_rows(&config, &row(masks)).unwrap()),
    }
    check_text(&config);
}

fn check_round_trip(text: &[u8], config: &GenerationConfig) {
    let written = serde_json::to_string(&config).unwrap();
    let read: GenerationConfig = serde_json::from_str(&written).unwrap();
    let infinite = serde_json::from_slice(text).is_ok_and(|value| reads_infinite(&value));
    assert!(read == *config || infinite, "{read:?} read again from {written}, not {config:?}");
}

/// Whether a number is beyond f32: it reads as +∞ or −∞, which JSON cannot say, so it is written as null.
fn reads_infinite(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|x| (x as f32).is_infinite()),
        Value::Array(values) => values.iter().any(reads_infinite),
        Value::Object(fields) => fields.values().any(reads_infinite),
        _ => false,
    }
}

fn check_rows(config: &GenerationConfig, logits: &[f32]) -> Result<()> {
    for (len, prompt_len) in [(0, 0), (1, 1), (3, 3), (9, 3)] {
        let context = Context::new(&TOKENS[..len]).with_prompt_len(prompt_len).with_seed(SEED);
        let step = Step { context, logits, isa: Isa::detect() };
        check(&step, &config.chain()?, config.sampler(SEED)?);
        check_greedy(&step, &config.chain()?, Sampler::greedy(config.chain()?));
    }
    Ok(())
}

/// Scores between −8 and 8 with ties; with `masks`, two of three are cut.
fn row(masks: usize) -> Vec<f32> {
    let score = |id: usize| ((id * 37 % 101) as f32 / 101.0 - 0.5) * 16.0;
    let cut = |id: usize| masks > 0 && id % 3 > 0;
    (0..V).map(|id| if cut(id) { f32::NEG_INFINITY } else { score(id) }).collect()
}

fn check_text(config: &GenerationConfig) {
    let Ok(tokens) = generate(Cycle::new(V), &TOKENS[..3], config, SEED) else { return };
    let tokens: Vec<_> = tokens.take(12).collect();
    let faults = tokens.iter().position(Result::is_err);
    assert!(faults.is_none_or(|first| first + 1 == tokens.len()), "a text goes on after an error");
    assert!(tokens.iter().flatten().all(|&token| (token as usize) < V));
}
