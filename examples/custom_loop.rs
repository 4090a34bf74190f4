//! Training without `Trainer`: the loss is a tensor, and what becomes of its gradients is yours.
//!
//!     cargo run --release --example custom_loop

use std::io::Write;

use anyhow::Result;
use enredo::{
    corpus::Grammar,
    model::{self, Device, Dtype, Mode, Model, ModelConfig},
    tokenization::{Tokenizer, WordLevelConfig},
    trainer::{BatchConfig, Batches, evaluate},
};
use tch::Tensor;

fn main() -> Result<()> {
    model::seed(42);
    let texts = Grammar::new().documents(2_000, 42);
    let tokenizer = Tokenizer::train(&texts, &WordLevelConfig { vocab_size: 2_000 })?;
    let documents = tokenizer.encode_documents(&texts)?;
    let (held_out, train) = documents.split_at(200);
    let config = ModelConfig { vocab_size: tokenizer.vocab_size(), ..ModelConfig::causal() };
    let model = Model::new(config, Device::Cpu)?;
    let mut parameters = model.parameters();
    let batches = Batches::epochs(train, model.config(), BatchConfig::default())?;
    for (step, batch) in (1..=200).zip(batches) {
        let loss = model.loss(&batch?, Mode::Train(Dtype::Float32))?;
        let gradients = Tensor::f_run_backward(&[&loss], &parameters, false, false)?;
        for (parameter, gradient) in parameters.iter_mut().zip(&gradients) {
            let change = gradient.f_mul_scalar(-0.3)?; // stochastic gradient descent
            let _ = tch::no_grad(|| parameter.f_add_(&change))?;
        }
        if step % 50 == 0 {
            let held_out = evaluate(&model, held_out, 32)?.loss;
            let loss = loss.f_double_value(&[])?;
            writeln!(std::io::stdout(), "step {step}: loss {loss:.3}, held out {held_out:.3}")?;
        }
    }
    Ok(())
}
