//! The model from the outside: parity with PyTorch, causality, sessions, files.
#![allow(clippy::unwrap_used)]

mod fixtures;
mod hugging_face;
#[path = "sessions.rs"]
mod kept;

use enredo_model::{
    Activation, Batch, CausalLm, Device, Error, Mode, Model, ModelConfig, causality_probe,
};
use fixtures::{Fixture, tiny};
use tch::Kind;

fn batch(rows: &[Vec<i64>], config: &ModelConfig) -> Batch {
    let row = |row: &Vec<i64>| row.iter().map(|&id| id as u32).collect();
    Batch::new(&rows.iter().map(row).collect::<Vec<Vec<u32>>>(), 64, config).unwrap()
}

fn random(config: ModelConfig) -> Model {
    Model::new(config, Device::Cpu).unwrap()
}

mod parity {
    use super::*;

    fn check(name: &str, config: ModelConfig) {
        let fixture = Fixture::read(name);
        let model = fixture.model("", config);
        let rows: Vec<Vec<i64>> = fixture.tensor("input.ids").try_into().unwrap();
        let ours = model.logits(&batch(&rows, model.config())).unwrap();
        let theirs: Vec<f32> = fixture.tensor("output.logits").flatten(0, -1).try_into().unwrap();
        approx::assert_abs_diff_eq!(ours.as_slice(), theirs.as_slice(), epsilon = 1e-5);
    }

    #[test]
    fn causal() {
        check("causal", tiny());
    }

    #[test]
    fn faithful() {
        check("faithful", ModelConfig { add_cross_attention: true, ..tiny() });
    }

    #[test]
    fn pre_norm_with_gelu() {
        check("prenorm", ModelConfig { norm_first: true, hidden_act: Activation::Gelu, ..tiny() });
    }
}

mod initial_distributions {
    use super::*;

    /// Largest magnitude, standard deviation and count of a parameter's values.
    fn spread(model: &Model, name: &str) -> (f64, f64, f64) {
        let path = tempfile::tempdir().unwrap().keep().join("m.safetensors");
        model.save(&path).unwrap();
        let values = Fixture::open(&path).tensor(name).to_kind(Kind::Double);
        let count = values.numel() as f64;
        (values.abs().max().double_value(&[]), values.std(true).double_value(&[]), count)
    }

    #[test]
    fn are_pytorchs() {
        let model = random(ModelConfig::causal());
        let uniform = |name: &str, bound: f64| {
            let (max, std, count) = spread(&model, name);
            // Of n uniform values the largest misses the bound by 20 / n once in e^20 draws; the
            // deviation's own error is 0.45 / √n.
            assert!(max <= bound && max > (1.0 - 20.0 / count) * bound, "{name}: {max} of {bound}");
            let tolerance = 3.0 / count.sqrt();
            approx::assert_relative_eq!(std, bound / 3f64.sqrt(), max_relative = tolerance);
        };
        uniform("decoder.layers.1.self_attn.in_proj_weight", (6.0 / 512f64).sqrt());
        uniform("decoder.layers.1.self_attn.out_proj.weight", 1.0 / 128f64.sqrt());
        uniform("decoder.layers.2.linear1.weight", 1.0 / 128f64.sqrt());
        uniform("decoder.layers.2.linear2.weight", 1.0 / 256f64.sqrt());
        uniform("decoder.layers.2.linear2.bias", 1.0 / 256f64.sqrt());
        uniform("lm_head.weight", 1.0 / 128f64.sqrt());
        approx::assert_relative_eq!(spread(&model, "token_emb.weight").1, 1.0, max_relative = 0.02);
        assert_eq!(spread(&model, "decoder.layers.0.self_attn.out_proj.bias").0, 0.0);
        assert_eq!(spread(&model, "decoder.layers.0.self_attn.in_proj_bias").0, 0.0);
    }

    #[test]
    fn every_block_starts_as_a_copy_of_the_first() {
        let model = random(ModelConfig::faithful());
        let path = tempfile::tempdir().unwrap().keep().join("m.safetensors");
        model.save(&path).unwrap();
        let file = Fixture::open(&path);
        let layer = |i: usize| file.tensor(&format!("decoder.layers.{i}.linear1.weight"));
        assert!(layer(0).equal(&layer(2)));
    }

    #[test]
    fn the_notebooks_sizes_give_its_parameter_count() {
        // 2,000 words: counted with PyTorch.
        assert_eq!(random(ModelConfig::causal()).parameter_count(), 919_632);
        assert_eq!(random(ModelConfig::faithful()).parameter_count(), 1_118_544);
        let tied = ModelConfig { tie_word_embeddings: true, ..ModelConfig::gpt2() };
        for config in [ModelConfig::causal(), ModelConfig::faithful(), ModelConfig::llama(), tied] {
            let small = ModelConfig { vocab_size: 77, num_hidden_layers: 2, ..config };
            let prenorm =
                ModelConfig { norm_first: true, tie_word_embeddings: false, ..small.clone() };
            for config in [small, prenorm] {
                let count = config.parameter_count();
                assert_eq!(
                    Model::blank(config, Device::Cpu).unwrap().parameter_count() as u128,
                    count
                );
            }
        }
    }
}

mod causality {
    use super::*;

    fn leak(config: ModelConfig) -> f32 {
        let rows: Vec<Vec<u32>> =
            (0..3).map(|i| (0..14).map(|t| (7 * t + i) % 40).collect()).collect();
        let probe = causality_probe(&random(config), &rows, 9).unwrap();
        assert!(probe.effect > 0.0);
        assert_eq!(probe.sees_the_future(), probe.leak != 0.0);
        probe.leak
    }

    #[test]
    fn the_causal_model_does_not_see_the_future_at_all() {
        assert_eq!(leak(tiny()), 0.0);
        assert_eq!(leak(ModelConfig { norm_first: true, ..tiny() }), 0.0);
    }

    #[test]
    fn the_faithful_model_does() {
        assert!(leak(ModelConfig { add_cross_attention: true, ..tiny() }) > 1e-3);
    }

    #[test]
    fn a_probe_needs_a_token_before_and_at_the_change() {
        let model = random(tiny());
        assert!(causality_probe(&model, &[[1u32, 2, 3]], 0).is_err());
        assert!(causality_probe(&model, &[[1u32, 2, 3]], 3).is_err());
        assert!(causality_probe::<Vec<u32>>(&model, &[], 1).is_err());
    }
}

mod sessions {
    use super::*;

    fn fed(model: &Model, chunks: &[&[u32]], rows: usize) -> Vec<f32> {
        let mut session = model.session();
        let (last, first) = chunks.split_last().unwrap();
        first.iter().for_each(|chunk| session.feed(chunk, &mut []).unwrap());
        let mut logits = vec![0.0; rows * session.vocab_size()];
        session.feed(last, &mut logits).unwrap();
        logits
    }

    fn assert_close(a: &[f32], b: &[f32]) {
        approx::assert_abs_diff_eq!(a, b, epsilon = 1e-5);
    }

    #[test]
    fn pieces_equal_the_whole() {
        let model = random(tiny());
        let ids: Vec<u32> = (1..=10).collect();
        assert_close(
            &fed(&model, &[&ids[..4], &ids[4..7], &ids[7..]], 1),
            &fed(&model, &[&ids], 1),
        );
    }

    #[test]
    fn many_rows_equal_one_by_one() {
        for leaky in [false, true] {
            let config =
                ModelConfig { trained_length: Some(6), add_cross_attention: leaky, ..tiny() };
            let model = random(config);
            let ids: Vec<u32> = (1..=9).collect();
            let rows = fed(&model, &[&ids], 5);
            for (i, row) in rows.chunks_exact(40).enumerate() {
                assert_close(row, &fed(&model, &[&ids[..5 + i]], 1));
            }
        }
    }

    #[test]
    fn a_full_window_moves_on_by_half() {
        let model = random(ModelConfig { trained_length: Some(6), ..tiny() });
        let ids: Vec<u32> = (1..=20).collect();
        for n in 1..=20 {
            let alone = fed(&model, &[&ids[model.config().window_start(n)..n]], 1);
            assert_close(&fed(&model, &[&ids[..n]], 1), &alone);
            assert!(n - model.config().window_start(n) <= 6);
        }
    }

    #[test]
    fn truncating_takes_back() {
        let model = random(tiny());
        let mut session = model.session();
        session.feed(&[1, 2, 3, 4], &mut []).unwrap();
        session.truncate(2);
        assert_eq!((session.position(), session.tokens()), (2, [1, 2].as_slice()));
        let mut logits = vec![0.0; 40];
        session.feed(&[9], &mut logits).unwrap();
        assert_close(&logits, &fed(&model, &[&[1, 2, 9]], 1));
    }

    #[test]
    fn bad_feeds_are_refused_and_change_nothing() {
        let model = random(tiny());
        let mut session = model.session();
        let unknown = session.feed(&[1, 40], &mut []).unwrap_err().to_string();
        assert!(unknown.contains("token 40 is outside the model's vocabulary of 40"), "{unknown}");
        assert!(matches!(session.feed(&[1], &mut [0.0; 80]), Err(Error::LogitsBuffer { .. })));
        assert!(matches!(session.feed(&[1], &mut [0.0; 41]), Err(Error::LogitsBuffer { .. })));
        assert_eq!(session.position(), 0);
    }

    #[test]
    fn candidates_are_the_best_of_the_row() {
        let model = random(tiny());
        let found = model.candidates(&[1, 2, 3], 5).unwrap();
        assert_eq!(found.row, fed(&model, &[&[1, 2, 3]], 1));
        let above = found.row.iter().filter(|&&logit| logit > found.logits[4]).count();
        assert_eq!((found.ids.len(), above), (5, 4));
        assert!(found.logits.is_sorted_by(|a, b| a >= b));
        assert!(model.candidates(&[], 5).is_err());
    }
}

mod inside {
    use enredo_model::{AttentionMap, LensCell};

    use super::*;

    /// What PyTorch's modules give where they do not fuse.
    fn check(name: &str, config: ModelConfig) {
        let fixture = Fixture::read(name);
        let model = fixture.model("", config);
        let rows: Vec<Vec<i64>> = fixture.tensor("input.ids").try_into().unwrap();
        let tokens: Vec<u32> = rows[0].iter().map(|&id| id as u32).collect();
        check_attention(&fixture, &model.attention(&tokens).unwrap());
        let lens = model.logit_lens(&tokens, 3).unwrap();
        check_lens(&fixture, &lens);
        assert!(lens.last().unwrap().iter().all(|cell| (cell.divergence, cell.rank) == (0.0, 0)));
    }

    fn check_attention(fixture: &Fixture, maps: &[AttentionMap]) {
        for (i, map) in maps.iter().enumerate() {
            let theirs = fixture.tensor(&format!("output.attention.{i}"));
            let theirs: Vec<f32> = theirs.flatten(0, -1).try_into().unwrap();
            approx::assert_abs_diff_eq!(map.weights.as_slice(), theirs.as_slice(), epsilon = 1e-5);
        }
    }

    fn check_lens(fixture: &Fixture, lens: &[Vec<LensCell>]) {
        let read_out = |layer: usize| -> Vec<Vec<f64>> {
            let logits = fixture.tensor(&format!("output.lens.{layer}"));
            logits.log_softmax(-1, Kind::Double).try_into().unwrap()
        };
        let last = read_out(lens.len() - 1);
        for (layer, cells) in lens.iter().enumerate() {
            for ((cell, said), last) in cells.iter().zip(read_out(layer)).zip(&last) {
                check_cell(cell, &said, last);
            }
        }
    }

    fn check_cell(cell: &LensCell, said: &[f64], last: &[f64]) {
        let mut best: Vec<usize> = (0..said.len()).collect();
        best.sort_by(|&a, &b| said[b].total_cmp(&said[a]));
        for (&(id, p), &theirs) in cell.top.iter().zip(&best) {
            assert_eq!(id as usize, theirs);
            approx::assert_abs_diff_eq!(p, said[theirs].exp(), epsilon = 1e-5);
        }
        let entropy: f64 = said.iter().map(|l| -l.exp() * l).sum();
        let divergence: f64 = last.iter().zip(said).map(|(l, s)| l.exp() * (l - s)).sum();
        approx::assert_abs_diff_eq!(cell.entropy, entropy, epsilon = 1e-4);
        approx::assert_abs_diff_eq!(cell.divergence, divergence, epsilon = 1e-4);
        let favourite = (0..last.len()).max_by(|&a, &b| last[a].total_cmp(&last[b])).unwrap();
        assert_eq!(cell.rank, best.iter().position(|&id| id == favourite).unwrap());
    }

    #[test]
    fn is_pytorchs() {
        check("causal", tiny());
        check("faithful", ModelConfig { add_cross_attention: true, ..tiny() });
        let hidden_act = Activation::Gelu;
        check("prenorm", ModelConfig { norm_first: true, hidden_act, ..tiny() });
    }

    const TOKENS: [u32; 5] = [1, 2, 3, 4, 5];

    #[test]
    fn only_a_cross_attention_sees_the_future() {
        let sees = |map: &AttentionMap| {
            let mut rows = map.weights.chunks(5).enumerate();
            rows.any(|(row, weights)| weights[row % 5 + 1..].iter().any(|&w| w > 0.0))
        };
        let faithful = random(ModelConfig { add_cross_attention: true, ..tiny() });
        for map in faithful.attention(&TOKENS).unwrap() {
            assert_eq!(sees(&map), map.reads_the_future, "layer {}", map.layer);
        }
        let causal = random(tiny());
        let (maps, lens) =
            (causal.attention(&TOKENS).unwrap(), causal.logit_lens(&TOKENS, 3).unwrap());
        assert_eq!((maps.len(), lens.len(), lens[0].len()), (2, 3, 5));
        assert!(maps.iter().all(|map| !map.reads_the_future && !sees(map)));
    }

    #[test]
    fn bad_sequences_are_refused() {
        let model = random(tiny());
        assert!(matches!(model.attention(&[]), Err(Error::SequenceLength { got: 0, .. })));
        assert!(matches!(model.attention(&[1; 17]), Err(Error::SequenceLength { got: 17, .. })));
        let unknown = model.logit_lens(&[40], 3);
        assert!(matches!(unknown, Err(Error::TokenOutOfRange { token: 40, .. })));
        assert_eq!(model.logit_lens(&[1], 100).unwrap()[0][0].top.len(), 40);
    }
}

mod losses {
    use super::*;

    #[test]
    fn padding_is_no_target() {
        let model = random(tiny());
        let batch = |rows: &[&[u32]]| Batch::new(rows, 32, model.config()).unwrap();
        let short = batch(&[&[1, 2, 3]]);
        let padded = batch(&[&[1, 2, 3, 0, 0, 0]]);
        let loss = |batch: &Batch| model.loss(batch, Mode::Evaluate).unwrap().double_value(&[]);
        approx::assert_abs_diff_eq!(loss(&short), loss(&padded), epsilon = 1e-6);
        approx::assert_abs_diff_eq!(
            model.summed_loss(&padded).unwrap(),
            2.0 * loss(&short),
            epsilon = 1e-5
        );
    }

    #[test]
    fn an_untrained_model_knows_nothing() {
        let model = random(tiny());
        let rows: Vec<Vec<u32>> =
            (0..64).map(|i| (0..12).map(|t| 1 + (i * t + i) % 39).collect()).collect();
        let loss =
            model.loss(&Batch::new(&rows, 32, model.config()).unwrap(), Mode::Evaluate).unwrap();
        approx::assert_abs_diff_eq!(loss.double_value(&[]), 40f64.ln(), epsilon = 0.5);
    }
}

mod files {
    use super::*;
    use std::path::PathBuf;

    fn path() -> PathBuf {
        tempfile::tempdir().unwrap().keep().join("model.safetensors")
    }

    fn fault(path: &PathBuf, config: ModelConfig) -> String {
        Model::load(config, path, Device::Cpu).unwrap_err().to_string()
    }

    #[test]
    fn what_is_saved_comes_back() {
        for config in
            [tiny(), ModelConfig { add_cross_attention: true, norm_first: true, ..tiny() }]
        {
            let (model, path) = (random(config.clone()), path());
            model.save(&path).unwrap();
            let again = Model::load(config, &path, Device::Cpu).unwrap();
            let ids = batch(&[vec![1, 5, 9, 2]], model.config());
            assert_eq!(model.logits(&ids).unwrap(), again.logits(&ids).unwrap());
        }
    }

    #[test]
    fn another_models_weights_are_refused_by_name() {
        let path = path();
        random(tiny()).save(&path).unwrap();
        let missing = fault(&path, ModelConfig { add_cross_attention: true, ..tiny() });
        assert!(missing.contains("model.safetensors"), "{missing}");
        assert!(
            missing.contains("missing: decoder.layers.0.multihead_attn.in_proj_bias"),
            "{missing}"
        );
        let extra = fault(&path, ModelConfig { num_hidden_layers: 1, ..tiny() });
        assert!(extra.contains("not the model's: decoder.layers.1."), "{extra}");
        let misshapen = fault(&path, ModelConfig { vocab_size: 41, ..tiny() });
        assert!(misshapen.contains("misshapen: lm_head.bias is F32 [40], not [41]"), "{misshapen}");
    }

    #[test]
    fn damaged_and_absent_files_are_named() {
        let path = path();
        assert!(fault(&path, tiny()).contains("model.safetensors: No such file"));
        random(tiny()).save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(fault(&path, tiny()).contains("not a whole safetensors file"));
    }

    #[test]
    fn a_refused_file_leaves_the_weights_as_they_were() {
        let (path, model) = (path(), random(tiny()));
        random(ModelConfig { vocab_size: 41, ..tiny() }).save(&path).unwrap();
        let before = model.to_safetensors().unwrap();
        assert!(model.load_weights(&path).is_err());
        assert_eq!(model.to_safetensors().unwrap(), before);
    }
}
