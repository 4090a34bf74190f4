//! The trainer from the outside: parity with PyTorch, the loop, faults.
#![allow(clippy::unwrap_used)]

#[path = "../../../model/tests/it/fixtures.rs"]
mod fixtures;

use std::{ops::ControlFlow, time::Duration};

use enredo_model::{Batch, CausalLm, Device, Model, ModelConfig};
use enredo_trainer::{
    AdamWConfig, BatchConfig, Batches, Decay, Error, MuonConfig, Schedule, TrainConfig, Trainer,
    evaluate,
};
use fixtures::{Fixture, tiny};

fn steps(steps: u64) -> TrainConfig {
    TrainConfig { steps, ..TrainConfig::default() }
}

/// What is kept of the weights to generate is not that of the step before.
#[test]
fn generation_follows_every_step() {
    for muon in [None, Some(MuonConfig::default())] {
        let model = Model::new(tiny(), Device::Cpu).unwrap();
        let batch = || Batch::new(&[[1u32, 5, 9, 2, 7]], 12, model.config()).unwrap();
        let mut trainer = Trainer::new(&model, TrainConfig { muon, ..steps(3) }).unwrap();
        for _ in 0..3 {
            let mut kept = vec![0.0; 5 * 40];
            model.session().feed(&[1, 5, 9, 2, 7], &mut kept).unwrap();
            let whole = model.logits(&batch()).unwrap();
            let far = kept.iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(far < 1e-4, "{far}");
            trainer.step(&[batch()]).unwrap();
        }
    }
}

mod parity {
    use super::*;

    /// Twenty steps from PyTorch's weights on PyTorch's batches.
    fn check(name: &str, config: &ModelConfig) {
        let fixture = Fixture::read(name);
        let config = ModelConfig { hidden_dropout_prob: 0.0, ..config.clone() };
        let model = fixture.model("before.", config.clone());
        let batches = fixture.tensor("batches");
        let losses = Vec::<f64>::try_from(fixture.tensor("losses")).unwrap();
        let mut trainer = Trainer::new(&model, steps(20)).unwrap();
        for (i, theirs) in losses.iter().enumerate() {
            let rows: Vec<Vec<i64>> = batches.get(i as i64).try_into().unwrap();
            let rows: Vec<Vec<u32>> =
                rows.iter().map(|row| row.iter().map(|&id| id as u32).collect()).collect();
            let batch = Batch::new(&rows, 12, &config).unwrap();
            let ours = trainer.step(&[batch]).unwrap().loss;
            assert!((ours - theirs).abs() < 1e-4, "{name}, step {}: {ours} {theirs}", i + 1);
        }
        let after = fixture.model("after.", config);
        for (ours, theirs) in model.parameters().iter().zip(after.parameters()) {
            let difference = (ours - theirs).abs().max().double_value(&[]);
            assert!(difference < 1e-3, "{name}: {difference}");
        }
    }

    #[test]
    fn causal() {
        check("training_causal", &tiny());
    }

    #[test]
    fn faithful() {
        check("training_faithful", &ModelConfig { add_cross_attention: true, ..tiny() });
    }
}

/// Documents in which every word follows from the one before it.
fn documents() -> Vec<Vec<u32>> {
    (0..40).map(|i| (0..10).map(|t| 1 + (3 * t + i) % 39).collect()).collect()
}

fn of(batch_size: usize) -> BatchConfig {
    BatchConfig { batch_size, ..BatchConfig::default() }
}

fn model() -> Model {
    Model::new(tiny(), Device::Cpu).unwrap()
}

fn go_on(_: &Trainer<'_>) -> Result<ControlFlow<()>, Error> {
    Ok(ControlFlow::Continue(()))
}

#[test]
fn it_learns_what_can_be_learned() {
    let (documents, model) = (documents(), model());
    let mut batches = Batches::epochs(&documents, model.config(), of(16)).unwrap();
    let optimizer = AdamWConfig { lr: 1e-2, ..AdamWConfig::default() };
    let config = TrainConfig { optimizer, ..steps(200) };
    Trainer::new(&model, config).unwrap().fit(&mut batches, go_on).unwrap();
    let result = evaluate(&model, &documents, 32).unwrap();
    assert!(result.loss < 0.2, "{result:?}");
    assert_eq!(result.targets, 40 * 9);
}

#[test]
fn every_step_is_reported_and_the_caller_can_stop() {
    let (documents, model) = (documents(), model());
    let mut batches = Batches::random(&documents, model.config(), of(4)).unwrap();
    let mut seen = Vec::new();
    let mut trainer =
        Trainer::new(&model, steps(50)).unwrap().with_time_spent(Duration::from_secs(9));
    trainer
        .fit(&mut batches, |trainer| {
            seen.push(trainer.metric().clone());
            let done = trainer.metric().step == 5;
            Ok::<_, Error>(if done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .unwrap();
    assert_eq!(seen.iter().map(|m| m.step).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(seen.iter().map(|m| m.tokens).collect::<Vec<_>>(), [36, 72, 108, 144, 180]);
    assert!(seen.iter().all(|m| m.loss > 0.0 && m.grad_norm > 0.0 && m.lr == 1e-3));
    assert!(
        seen[0].train_seconds > 9.0 && seen.is_sorted_by(|a, b| a.train_seconds < b.train_seconds)
    );
}

/// Trains `model` from `from` for `count` steps, and returns the losses.
fn train(model: &Model, from: Option<&[u8]>, count: u64) -> (Vec<f64>, Vec<u8>) {
    let documents = documents();
    let mut trainer = Trainer::new(model, steps(100)).unwrap();
    let mut batches = Batches::epochs(&documents, model.config(), of(16)).unwrap();
    if let Some(state) = from {
        trainer.restore(state).unwrap();
        batches.seek(trainer.metric().step);
    }
    let (mut losses, last) = (Vec::new(), trainer.metric().step + count);
    let on_step = |trainer: &Trainer<'_>| {
        losses.push(trainer.metric().loss);
        let done = trainer.metric().step == last;
        Ok::<_, Error>(if done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    trainer.fit(&mut batches, on_step).unwrap();
    (losses, trainer.to_safetensors().unwrap())
}

/// Two models of the same weights.
fn twins() -> [Model; 2] {
    // Dropout draws from a generator that the tests of this process share.
    let config = ModelConfig { hidden_dropout_prob: 0.0, ..tiny() };
    let twins = [(); 2].map(|()| Model::new(config.clone(), Device::Cpu).unwrap());
    twins[1].take_weights(&twins[0].to_safetensors().unwrap(), "".as_ref()).unwrap();
    twins
}

#[test]
fn it_goes_on_from_its_state_bit_for_bit() {
    for stop in [1, 2, 3, 5] {
        let [straight, interrupted] = twins();
        let (losses, _) = train(&straight, None, 8);
        let (first, state) = train(&interrupted, None, stop);
        let (second, _) = train(&interrupted, Some(&state), 8 - stop);
        assert_eq!([first, second].concat(), losses);
        assert_eq!(interrupted.to_safetensors().unwrap(), straight.to_safetensors().unwrap());
    }
}

#[test]
fn a_state_that_does_not_fit_is_refused() {
    let model = model();
    let (_, state) = train(&model, None, 2);
    let refused = |model: &Model, state: &[u8]| {
        let mut trainer = Trainer::new(model, steps(9)).unwrap();
        let error = trainer.restore(state).unwrap_err();
        assert_eq!(trainer.metric().step, 0);
        error.to_string()
    };
    let wider = Model::new(ModelConfig { hidden_size: 32, ..tiny() }, Device::Cpu).unwrap();
    let fault = refused(&wider, &state);
    assert!(fault.contains("exp_avg.") && fault.contains("and the model's"), "{fault}");
    assert!(refused(&model, &model.to_safetensors().unwrap()).contains("metric is missing"));
    assert!(refused(&model, &state[..state.len() / 2]).contains("safetensors"));
}

#[test]
fn losses_that_are_not_numbers_stop_the_run_and_spare_the_weights() {
    let (documents, model) = (documents(), model());
    tch::no_grad(|| drop(model.parameters()[0].get(0).fill_(f64::NAN)));
    tch::no_grad(|| drop(model.parameters()[0].get(1).fill_(f64::NAN)));
    let before = model.to_safetensors().unwrap();
    let mut batches = Batches::random(&documents, model.config(), of(40)).unwrap();
    let mut shown = Vec::new();
    let error = Trainer::new(&model, steps(50))
        .unwrap()
        .fit(&mut batches, |trainer| {
            shown.push(trainer.metric().loss);
            Ok::<_, Error>(ControlFlow::Continue(()))
        })
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("step 10: the loss is NaN, as something was in each of the last 10"),
        "{error}"
    );
    assert!(shown.len() == 10 && shown.iter().all(|loss| loss.is_nan()), "{shown:?}");
    assert_eq!(model.to_safetensors().unwrap(), before);
}

#[test]
fn batches_that_make_up_a_step_count_by_their_tokens() {
    let [together, apart] = twins();
    // Rows of different lengths, so that the mean of the means is another number.
    let rows: Vec<Vec<u32>> = (2..10).map(|n| (0..n).map(|t| 1 + t % 39).collect()).collect();
    let batch = |rows: &[Vec<u32>]| Batch::new(rows, 32, together.config()).unwrap();
    let loss = |model: &Model, batches: &[Batch]| {
        let config = TrainConfig { accumulation: batches.len(), ..steps(9) };
        let mut trainer = Trainer::new(model, config).unwrap();
        let metric = trainer.step(batches).unwrap().clone();
        assert_eq!(trainer.batches_taken(), batches.len() as u64);
        (metric.loss, metric.grad_norm, metric.tokens)
    };
    let (one, norm, tokens) = loss(&together, &[batch(&rows)]);
    let (two, other, both) = loss(&apart, &[batch(&rows[..3]), batch(&rows[3..])]);
    assert!((one - two).abs() < 1e-6 && (norm - other).abs() < 1e-5 && tokens == both);
    for (a, b) in together.parameters().iter().zip(apart.parameters()) {
        assert!((a - b).abs().max().double_value(&[]) < 1e-4);
    }
}

#[test]
fn the_schedule_is_what_the_steps_use() {
    let (documents, model) = (documents(), model());
    let schedule = Schedule { decay: Decay::Linear, warmup_steps: 2, min_ratio: 0.0 };
    let mut batches = Batches::random(&documents, model.config(), of(4)).unwrap();
    let mut rates = Vec::new();
    let mut trainer = Trainer::new(&model, TrainConfig { schedule, ..steps(6) }).unwrap();
    let on_step = |trainer: &Trainer<'_>| {
        rates.push(trainer.metric().lr * 1e3);
        Ok::<_, Error>(ControlFlow::Continue(()))
    };
    trainer.fit(&mut batches, on_step).unwrap();
    assert_eq!(rates, [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]);
}

#[test]
fn bad_settings_are_named() {
    let model = model();
    let fault = |config| Trainer::new(&model, config).unwrap_err().to_string();
    let optimizer = AdamWConfig { lr: 0.0, ..AdamWConfig::default() };
    assert!(fault(TrainConfig { optimizer, ..steps(1) }).contains("lr is 0"));
    let optimizer = AdamWConfig { betas: (0.9, 1.0), ..AdamWConfig::default() };
    assert!(fault(TrainConfig { optimizer, ..steps(1) }).contains("betas.1 is 1"));
    assert!(fault(TrainConfig { accumulation: 0, ..steps(1) }).contains("accumulation is 0"));
    let schedule = Schedule { min_ratio: -1.0, ..Schedule::default() };
    assert!(fault(TrainConfig { schedule, ..steps(1) }).contains("schedule.min_ratio is -1"));
    assert!(
        fault(TrainConfig { max_grad_norm: f64::NAN, ..steps(1) }).contains("max_grad_norm is NaN")
    );
}

#[test]
fn nothing_to_predict_is_an_error() {
    let model = model();
    assert!(matches!(evaluate(&model, &[vec![5u32]], 32), Err(Error::NoTargets { documents: 1 })));
    assert!(matches!(
        evaluate::<Vec<u32>>(&model, &[], 32),
        Err(Error::NoTargets { documents: 0 })
    ));
}
