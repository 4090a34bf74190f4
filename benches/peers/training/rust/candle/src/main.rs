//! Training steps in candle, on the CPU.

mod model;

use anyhow::Result;
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap, loss};
use enredo_peers_training::{
    ADAM_EPS, BETAS, Batch, LEARNING_RATE, MAX_NORM, ROWS, STEPS, Trainer, WEIGHT_DECAY,
};

use crate::model::Decoder;

fn main() -> Result<()> {
    enredo_peers_training::run::<Candle>()
}

struct Candle {
    model: Decoder,
    variables: Vec<Var>,
    optimizer: AdamW,
}

impl Trainer for Candle {
    fn new() -> Result<Self> {
        let variables = VarMap::new();
        let weights = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
        let model = Decoder::new(&weights)?;
        let variables = variables.all_vars();
        let optimizer = AdamW::new(variables.clone(), adamw())?;
        Ok(Self { model, variables, optimizer })
    }

    fn parameters(&self) -> usize {
        self.variables.iter().map(|variable| variable.elem_count()).sum()
    }

    fn step(&mut self, batch: &Batch) -> Result<f32> {
        let inputs = Tensor::from_slice(&batch.inputs, (ROWS, STEPS), &Device::Cpu)?;
        let targets = Tensor::from_slice(&batch.targets, ROWS * STEPS, &Device::Cpu)?;
        let logits = self.model.forward(&inputs)?.flatten_to(1)?;
        let loss = loss::cross_entropy(&logits, &targets)?;
        let mut gradients = loss.backward()?;
        clip(&mut gradients, &self.variables)?;
        self.optimizer.step(&gradients)?;
        Ok(loss.to_scalar()?)
    }
}

fn adamw() -> ParamsAdamW {
    let (beta1, beta2) = BETAS;
    ParamsAdamW { lr: LEARNING_RATE, beta1, beta2, eps: ADAM_EPS, weight_decay: WEIGHT_DECAY }
}

/// Scales the gradients down to a norm of `MAX_NORM` over all of them; candle has nothing for it.
fn clip(gradients: &mut GradStore, variables: &[Var]) -> candle_core::Result<()> {
    let mut square = 0.0;
    for gradient in variables.iter().filter_map(|variable| gradients.get(variable)) {
        square += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
    }
    let scale = MAX_NORM / (square.sqrt() + 1e-6);
    if scale >= 1.0 {
        return Ok(());
    }
    for variable in variables {
        if let Some(gradient) = gradients.remove(variable) {
            gradients.insert(variable, (gradient * scale)?);
        }
    }
    Ok(())
}
