//! The layers that blocks are made of, with PyTorch's initial distributions.

use enredo_torch_ext::{Norm, layer_norm, linear, linear_cross_entropy};
use tch::{Tensor, nn};

use crate::Result;

/// What parameters hold at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// PyTorch's initial distributions.
    Random,
    /// Zeros, to be replaced by weights that are read: no random number is drawn.
    Blank,
}

impl Start {
    pub(crate) fn by(self, init: nn::Init) -> nn::Init {
        match self {
            Self::Random => init,
            Self::Blank => nn::Init::Const(0.0),
        }
    }
}

/// y = x Wᵀ + b.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// `weight` (out, in) and `bias` (out), both U(±1/√in), as `torch.nn.Linear` starts.
    pub(crate) fn new(
        path: &nn::Path<'_>,
        inputs: usize,
        outputs: usize,
        start: Start,
    ) -> Result<Self> {
        let bound = 1.0 / (inputs as f64).sqrt();
        let uniform = start.by(nn::Init::Uniform { lo: -bound, up: bound });
        let bias = path.f_var("bias", &[outputs as i64], uniform)?;
        Ok(Self { weight: path.f_var("weight", &[outputs as i64, inputs as i64], uniform)?, bias })
    }

    /// As [`new`](Self::new), with the bias at 0.
    pub(crate) fn zero_bias(
        path: &nn::Path<'_>,
        inputs: usize,
        outputs: usize,
        start: Start,
    ) -> Result<Self> {
        let mut linear = Self::new(path, inputs, outputs, start)?;
        tch::no_grad(|| linear.bias.f_zero_().map(drop))?;
        Ok(linear)
    }

    /// The same layer, at 0 if `is_zero`.
    pub(crate) fn zero_if(mut self, is_zero: bool) -> Result<Self> {
        let parts = [&mut self.weight, &mut self.bias];
        for part in parts.into_iter().filter(|_| is_zero) {
            tch::no_grad(|| part.f_zero_().map(drop))?;
        }
        Ok(self)
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(linear(x, &self.weight, &self.bias)?)
    }

    /// `share` times the summed cross-entropy of this layer's output against `targets`.
    pub(crate) fn cross_entropy(
        &self,
        x: &Tensor,
        targets: &Tensor,
        pad: i64,
        share: f64,
    ) -> Result<Tensor> {
        Ok(linear_cross_entropy(x, (&self.weight, &self.bias), targets, pad, share)?)
    }
}

/// (x − mean) / √(variance + ε) · w + b, over C.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    pub(crate) fn new(path: &nn::Path<'_>, size: usize, eps: f64) -> Result<Self> {
        let shape = [size as i64];
        Ok(Self {
            weight: path.f_ones("weight", &shape)?,
            bias: path.f_zeros("bias", &shape)?,
            eps,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(layer_norm(x, self.weights())?)
    }

    pub(crate) fn weights(&self) -> Norm<'_> {
        Norm { weight: &self.weight, bias: &self.bias, eps: self.eps }
    }
}

/// A vector of C for each of `count` ids, N(0, 1) as `torch.nn.Embedding` starts.
pub(crate) fn embedding(
    path: &nn::Path<'_>,
    count: usize,
    size: usize,
    start: Start,
) -> Result<Tensor> {
    let normal = start.by(nn::Init::Randn { mean: 0.0, stdev: 1.0 });
    Ok(path.f_var("weight", &[count as i64, size as i64], normal)?)
}
