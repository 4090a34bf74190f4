//! Training steps in burn, on its CPU backend Flex.

mod model;

use anyhow::Result;
use burn::grad_clipping::GradientClippingConfig;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::prelude::*;
use enredo_peers_training::{
    ADAM_EPS, BETAS, Batch, LEARNING_RATE, MAX_NORM, ROWS, STEPS, Trainer, VOCAB, WEIGHT_DECAY,
};

use crate::model::Decoder;

fn main() -> Result<()> {
    enredo_peers_training::run::<Burn>()
}

struct Burn {
    device: Device,
    model: Decoder,
    loss: CrossEntropyLoss,
    optimizer: ModuleOptimizer,
}

impl Trainer for Burn {
    fn new() -> Result<Self> {
        let device = Device::flex().autodiff();
        let model = Decoder::new(&device);
        let loss = CrossEntropyLossConfig::new().init(&device);
        Ok(Self { device, model, loss, optimizer: adamw().init() })
    }

    fn parameters(&self) -> usize {
        self.model.num_params()
    }

    fn step(&mut self, batch: &Batch) -> Result<f32> {
        let inputs = self.ids(&batch.inputs).reshape([ROWS, STEPS]);
        let logits = self.model.forward(inputs).reshape([ROWS * STEPS, VOCAB]);
        let loss = self.loss.forward(logits, self.ids(&batch.targets));
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self.optimizer.step(LEARNING_RATE, self.model.clone(), gradients);
        Ok(loss.into_scalar())
    }
}

impl Burn {
    fn ids(&self, ids: &[u32]) -> Tensor<1, Int> {
        Tensor::from_data(TensorData::from(ids), &self.device)
    }
}

/// burn clips the gradient of each parameter by its own norm, not by that of all: another rule,
/// but about the same work. It has nothing for the latter.
fn adamw() -> AdamWConfig {
    let (beta_1, beta_2) = BETAS;
    AdamWConfig::new()
        .with_beta_1(beta_1 as f32)
        .with_beta_2(beta_2 as f32)
        .with_epsilon(ADAM_EPS as f32)
        .with_weight_decay(WEIGHT_DECAY as f32)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(MAX_NORM as f32)))
}
