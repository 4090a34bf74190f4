//! The feed-forward layer: up, a non-linearity, down; or gated (Shazeer, arXiv 2002.05202).

use enredo_torch_ext::{decode::Act, relu_dropout};
use tch::{Tensor, nn};

use crate::{
    Activation, ModelConfig, ModelType, Result,
    layers::{Linear, Start},
    names::at,
};

/// down(act(up(x))), or down(act(gate(x)) · up(x)).
#[derive(Debug)]
pub(crate) struct FeedForward {
    pub(crate) gate: Option<Linear>,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    act: Activation,
}

impl FeedForward {
    pub(crate) fn new(path: &nn::Path<'_>, config: &ModelConfig, start: Start) -> Result<Self> {
        let (c, inner, names) = (config.hidden_size, config.intermediate_size, config.names());
        let linear = |name, inputs, outputs| match config.model_type {
            ModelType::Llama => Linear::unbiased(&at(path, name), inputs, outputs, start),
            ModelType::Enredo | ModelType::Gpt2 => {
                Linear::new(&at(path, name), inputs, outputs, start)
            }
        };
        Ok(Self {
            gate: names.gate.map(|name| linear(name, c, inner)).transpose()?,
            up: linear(names.up, c, inner)?,
            down: linear(names.down, inner, c)?.zero_if(config.zero_init_residual)?,
            act: config.hidden_act,
        })
    }

    /// (B, T, C) → (B, T, C).
    pub(crate) fn forward(&self, x: &Tensor, p: f64) -> Result<Tensor> {
        let inner = self.gate.as_ref().unwrap_or(&self.up).forward(x)?; // (B, T, intermediate_size)
        let Some(_) = &self.gate else { return self.down.forward(&self.act.dropped(&inner, p)?) };
        let active = self.act.dropped(&inner, 0.0)?.f_mul(&self.up.forward(x)?)?;
        self.down.forward(&active)
    }
}

impl Activation {
    /// dropout(act(x)).
    fn dropped(self, x: &Tensor, p: f64) -> Result<Tensor> {
        Ok(match self {
            Self::Relu => relu_dropout(x, false, p)?,
            Self::Relu2 => relu_dropout(x, true, p)?,
            Self::Gelu => x.f_gelu("none")?.f_dropout(p, p > 0.0)?,
            Self::GeluTanh => x.f_gelu("tanh")?.f_dropout(p, p > 0.0)?,
            Self::Silu => x.f_silu()?.f_dropout(p, p > 0.0)?,
        })
    }

    /// The same for a step of decoding.
    pub(crate) fn step(self) -> Act {
        match self {
            Self::Relu => Act::Relu,
            Self::Relu2 => Act::Relu2,
            Self::Gelu => Act::Gelu,
            Self::GeluTanh => Act::GeluTanh,
            Self::Silu => Act::Silu,
        }
    }
}
