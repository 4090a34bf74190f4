//! What must hold of any JSON text as a `generation_config.json`.
//!
//! It names no field, so that a new one is tested without a word here.

use enredo_decoding::{
    Context, GenerationConfig, Isa, Result, Sampler, Seed, generate, testing::Cycle,
};

use crate::properties::{Step, check, check_greedy, check_state};

const V: usize = 300;
const SEED: Seed = Seed { seed: 7, sequence: 0 };
/// A prompt of three tokens; what follows repeats it in part.
const TOKENS: [u32; 9] = [1, 5, 7, 9, 1, 5, 7, 5, 5];

/// Asserts of a text that parses: it survives being written and read; it is refused with a message, or
/// samples from rows with and without masks, and generates.
pub fn check_config(text: &[u8]) {
    let Ok(config) = serde_json::from_slice::<GenerationConfig>(text) else { return };
    check_round_trip(&config);
    match config.sampler(SEED) {
        Err(refused) => assert!(!refused.to_string().is_empty()),
        Ok(_) => (0..2).for_each(|masks| check_rows(&config, &row(masks)).unwrap()),
    }
    check_text(&config);
}

fn check_round_trip(config: &GenerationConfig) {
    let written = serde_json::to_string(config).unwrap();
    let read: GenerationConfig = serde_json::from_str(&written).unwrap();
    assert!(read == *config, "{read:?} read again from {written}, not {config:?}");
}

fn check_rows(config: &GenerationConfig, logits: &[f32]) -> Result<()> {
    for (len, prompt_len) in [(0, 0), (1, 1), (3, 3), (9, 3)] {
        let context = Context::new(&TOKENS[..len]).with_prompt_len(prompt_len).with_seed(SEED);
        let step = Step { context, logits, isa: Isa::detect() };
        let sampler = config.sampler(SEED)?;
        match sampler.state().mirostat {
            None => check(&step, &config.chain()?, sampler),
            Some(_) => check_state(&step, sampler),
        }
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
