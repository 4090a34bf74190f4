//! Kept keys and values against whole forward passes, for every kind of model.

use enredo_decoding::{GenerationConfig, Seed, generate, generate_batch};
use enredo_model::{
    Activation, BatchLm, CausalLm, Dtype, ModelConfig, ModelType, PositionEmbedding, RopeScaling,
    Session,
};

use super::{batch, random, tiny};
use enredo_model::Model;

const V: usize = 40;

fn llama() -> ModelConfig {
    ModelConfig {
        model_type: ModelType::Llama,
        num_key_value_heads: Some(2),
        norm_first: true,
        hidden_act: Activation::Silu,
        position_embedding_type: PositionEmbedding::Rotary,
        tie_word_embeddings: true,
        ..tiny()
    }
}

fn gpt2() -> ModelConfig {
    ModelConfig {
        model_type: ModelType::Gpt2,
        norm_first: true,
        hidden_act: Activation::GeluTanh,
        tie_word_embeddings: true,
        ..tiny()
    }
}

/// Every kind of model, with a window of 16 tokens. Numbers of which none is small enough to hide a fault.
fn models() -> Vec<Model> {
    let fast = ModelConfig {
        norm_first: true,
        hidden_act: Activation::Relu2,
        position_embedding_type: PositionEmbedding::Sinusoidal,
        ..tiny()
    };
    let scaling = RopeScaling::Llama3 {
        factor: 4.0,
        low_freq_factor: 1.0,
        high_freq_factor: 4.0,
        original_max_position_embeddings: 8,
    };
    let long = ModelConfig {
        rope_scaling: Some(scaling),
        head_dim: Some(6),
        tie_word_embeddings: false,
        ..llama()
    };
    let faithful = ModelConfig { add_cross_attention: true, ..tiny() };
    let models = [tiny(), fast, llama(), long, gpt2(), faithful].map(random);
    for model in &models {
        for mut parameter in model.parameters() {
            tch::no_grad(|| parameter.f_copy_(&(parameter.randn_like() * 0.4)).unwrap());
        }
    }
    models.into()
}

fn ids(n: usize, pace: usize) -> Vec<u32> {
    (0..n).map(|i| ((i * i + pace * i + pace) % V) as u32).collect()
}

/// The scores after each of `tokens`, which fit the window, in one pass without anything kept.
fn whole(model: &Model, tokens: &[u32]) -> Vec<f32> {
    let row = tokens.iter().map(|&id| id.into()).collect();
    model.logits(&batch(&[row], model.config())).unwrap()
}

fn next(session: &mut Session<'_>, tokens: &[u32]) -> Vec<f32> {
    let mut logits = vec![f32::NAN; V];
    session.feed(tokens, &mut logits).unwrap();
    logits
}

fn assert_close(a: &[f32], b: &[f32]) {
    let largest = b.iter().fold(1f32, |most, x| most.max(x.abs()));
    approx::assert_abs_diff_eq!(a, b, epsilon = 1e-5 * largest);
}

#[test]
fn kept_and_whole_agree() {
    for model in models() {
        let tokens = ids(16, 3);
        let mut session = model.session();
        for n in 1..=16 {
            let ours = next(&mut session, &tokens[n - 1..n]);
            assert_close(&ours, &whole(&model, &tokens[..n])[(n - 1) * V..]);
        }
        let mut all = vec![f32::NAN; 16 * V];
        model.session().feed(&tokens, &mut all).unwrap();
        if !model.config().add_cross_attention {
            assert_close(&all, &whole(&model, &tokens));
        }
    }
}

#[test]
fn beyond_the_window_too() {
    for model in models() {
        let (tokens, config) = (ids(75, 3), model.config());
        let mut session = model.session();
        let single: Vec<f32> = tokens.iter().flat_map(|&id| next(&mut session, &[id])).collect();
        let mut at_once = vec![f32::NAN; 75 * V];
        model.session().feed(&tokens, &mut at_once).unwrap();
        assert_eq!(single, at_once, "{:?}", config.model_type);
        for n in (17..=75).filter(|_| !config.is_rotary()) {
            let alone = whole(&model, &tokens[config.window_start(n)..n]);
            assert_close(&single[(n - 1) * V..n * V], &alone[alone.len() - V..]);
        }
    }
}

#[test]
fn one_layer_of_rotary_positions_sees_the_last_tokens_alone() {
    let model = random(ModelConfig { num_hidden_layers: 1, ..llama() });
    let (tokens, mut session) = (ids(75, 3), model.session());
    for n in 1..=75usize {
        let alone = whole(&model, &tokens[n.saturating_sub(16)..n]);
        assert_close(&next(&mut session, &tokens[n - 1..n]), &alone[alone.len() - V..]);
    }
}

#[test]
fn what_is_taken_back_is_forgotten() {
    for model in models() {
        for (fed, position) in [(10, 4), (16, 0), (40, 39), (40, 20), (75, 33), (75, 3)] {
            let (mut session, mut other) = (model.session(), model.session());
            next(&mut session, &ids(fed, 3));
            session.truncate(position);
            session.truncate(position + 7);
            other.feed(&ids(fed, 3)[..position], &mut []).unwrap();
            for &id in &ids(30, 11) {
                assert_eq!(next(&mut session, &[id]), next(&mut other, &[id]), "{fed} {position}");
            }
        }
    }
}

#[test]
fn rows_are_their_single_runs() {
    for model in models() {
        let mut batch = model.sessions();
        let mut singles: Vec<Session<'_>> = (0..3).map(|_| model.session()).collect();
        let check = |batch: &mut enredo_model::Sessions<'_>,
                     singles: &mut [Session<'_>],
                     tokens: &[Vec<u32>],
                     each: usize| {
            let rows: Vec<&[u32]> = tokens.iter().map(Vec::as_slice).collect();
            let mut ours = vec![f32::NAN; rows.len() * each * V];
            batch.feed(&rows, &mut ours).unwrap();
            for ((ours, single), tokens) in ours.chunks((each * V).max(1)).zip(singles).zip(&rows) {
                let mut theirs = vec![f32::NAN; each * V];
                single.feed(tokens, &mut theirs).unwrap();
                assert_eq!(ours, theirs);
            }
        };
        check(&mut batch, &mut singles[..1], &[ids(5, 1)], 1);
        batch.gather(&[0, 0, 0]).unwrap();
        for single in &mut singles[1..] {
            single.feed(&ids(5, 1), &mut []).unwrap();
        }
        check(&mut batch, &mut singles, &[ids(1, 2), ids(40, 3), ids(13, 5)], 1);
        check(&mut batch, &mut singles, &[ids(3, 2), ids(3, 3), ids(20, 5)], 3);
        batch.gather(&[2, 0]).unwrap();
        singles.swap(0, 2);
        singles.swap(1, 2);
        check(&mut batch, &mut singles[..2], &[ids(17, 9), ids(2, 7)], 2);
        assert_eq!(
            [0, 1, 2].map(|row| batch.position(row)),
            [singles[0].position(), singles[1].position(), 0]
        );
        batch.truncate(0, 4);
        singles[0].truncate(4);
        check(&mut batch, &mut singles[..2], &[ids(1, 9), ids(1, 7)], 1);
        batch.gather(&[1, 0, 1]).unwrap();
        batch.gather(&[]).unwrap();
        batch.feed(&[], &mut []).unwrap();
        assert!(batch.gather(&[0]).unwrap_err().to_string().contains("row 0"));
    }
}

#[test]
fn many_rows_on_threads_are_their_single_runs() {
    enredo_model::set_threads(3);
    for model in models() {
        let mut batch = model.sessions();
        batch.gather(&[0; 50]).unwrap();
        let rows: Vec<Vec<u32>> = (0..50).map(|i| ids(1 + i % 19, i)).collect();
        let rows: Vec<&[u32]> = rows.iter().map(Vec::as_slice).collect();
        let mut together = vec![f32::NAN; 50 * V];
        for _ in 0..2 {
            batch.feed(&rows, &mut together).unwrap();
        }
        for (row, ours) in rows.iter().zip(together.chunks(V)) {
            let mut alone = model.session();
            alone.feed(row, &mut []).unwrap();
            assert_eq!(next(&mut alone, row), ours);
        }
    }
}

#[test]
fn windows_that_are_read_again_in_several_passes_end() {
    let model = random(ModelConfig { trained_length: Some(16), ..tiny() });
    let (mut batch, mut alone) = (model.sessions(), model.session());
    batch.gather(&[0; 300]).unwrap();
    let (mut together, mut single) = (vec![f32::NAN; 300 * V], vec![f32::NAN; V]);
    for token in 0..40 {
        batch.feed(&vec![&[token][..]; 300], &mut together).unwrap();
        alone.feed(&[token], &mut single).unwrap();
        assert_eq!(&together[299 * V..], &single);
    }
    let tokens = ids(40, 3);
    batch.feed(&vec![&tokens[..]; 300], &mut together).unwrap();
    alone.feed(&tokens, &mut single).unwrap();
    assert_eq!(&together[..V], &single);

    let (mut together, mut single) = (vec![f32::NAN; 300 * 35 * V], vec![f32::NAN; 35 * V]);
    batch.feed(&vec![&tokens[..]; 300], &mut together).unwrap();
    alone.feed(&tokens, &mut single).unwrap();
    assert_eq!(&together[..35 * V], &single);
}

#[test]
fn many_texts_are_their_single_runs() {
    enredo_model::set_threads(3);
    let model = random(ModelConfig { trained_length: Some(10), ..tiny() });
    let config = GenerationConfig {
        max_new_tokens: 24,
        eos_token_id: vec![3],
        ..GenerationConfig::sampling()
    };
    let prompts: Vec<Vec<u32>> = (0..40).map(|i| ids(1 + i % 13, i)).collect();
    let mut texts = generate_batch(model.sessions(), &prompts, &config, 5).unwrap();
    assert!(texts.by_ref().all(|(_, token)| token.is_ok()));
    for (i, prompt) in prompts.iter().enumerate() {
        let seed = Seed { seed: 5, sequence: i as u64 };
        let mut alone = generate(model.session(), prompt, &config, seed).unwrap();
        assert!(alone.by_ref().all(|token| token.is_ok()));
        assert_eq!(alone.context(), texts.contexts()[i]);
    }
}

#[test]
fn bad_batches_are_refused_and_change_nothing() {
    let model = random(tiny());
    let mut batch = model.sessions();
    batch.gather(&[0, 0]).unwrap();
    let said = |batch: &mut enredo_model::Sessions<'_>, tokens: &[&[u32]], logits: usize| {
        batch.feed(tokens, &mut vec![0.0; logits]).unwrap_err().to_string()
    };
    assert!(said(&mut batch, &[&[1]], V).contains("has 2"));
    assert!(said(&mut batch, &[&[1], &[40]], 2 * V).contains("token 40 is outside"));
    assert!(said(&mut batch, &[&[1], &[2]], 4 * V).contains(&format!("{} numbers", 4 * V)));
    assert_eq!((batch.rows(), batch.position(0), batch.position(1)), (2, 0, 0));
}

#[test]
fn bf16_is_near_and_changes_no_parameter() {
    for mut model in models() {
        let (tokens, before) = (ids(30, 3), model.to_safetensors().unwrap());
        let exact = next(&mut model.session(), &tokens);
        model.compute_in(Dtype::Bfloat16);
        let rounded = next(&mut model.session(), &tokens);
        let size = exact.iter().map(|x| x * x).sum::<f32>().sqrt();
        let off = exact.iter().zip(&rounded).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
        assert!(off > 0.0 && off < 0.05 * size, "{off} of {size}");
        assert_eq!(model.to_safetensors().unwrap(), before);
        model.compute_in(Dtype::Float32);
        assert_eq!(next(&mut model.session(), &tokens), exact);
    }
}

#[test]
fn weights_that_change_are_seen() {
    for dtype in Dtype::ALL {
        let (mut model, other) = (random(tiny()), random(tiny()));
        model.compute_in(dtype);
        let before = next(&mut model.session(), &[1, 2]);
        model
            .take_weights(&other.to_safetensors().unwrap(), std::path::Path::new("other"))
            .unwrap();
        let after = next(&mut model.session(), &[1, 2]);
        assert_ne!(before, after);
        if dtype == Dtype::Float32 {
            assert_eq!(after, next(&mut other.session(), &[1, 2]));
        }
    }
}
