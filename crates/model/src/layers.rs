//! The layers that blocks are made of, with PyTorch's initial distributions.

use enredo_torch_ext::{Norm, decode::StepNorm, layer_norm, linear, linear_cross_entropy};
use tch::{Kind, Tensor, nn};

use crate::{ModelConfig, ModelType, Result};

/// What parameters hold at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// PyTorch's initial distributions.
    Random,
    /// N(0, 0.02) and biases of 0, as Hugging Face starts its models.
    Small,
    /// Zeros, to be replaced by weights that are read: no random number is drawn.
    Blank,
}

impl Start {
    pub(crate) fn of(config: &ModelConfig) -> Self {
        if config.model_type == ModelType::Enredo { Self::Random } else { Self::Small }
    }

    pub(crate) fn by(self, init: nn::Init) -> nn::Init {
        match self {
            Self::Random => init,
            Self::Small => nn::Init::Randn { mean: 0.0, stdev: 0.02 },
            Self::Blank => nn::Init::Const(0.0),
        }
    }

    fn bias(self, init: nn::Init) -> nn::Init {
        if self == Self::Random { init } else { nn::Init::Const(0.0) }
    }
}

/// y = x Wᵀ + b.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
    is_biased: bool, // or the bias is no parameter, and 0
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
        let uniform = nn::Init::Uniform { lo: -bound, up: bound };
        let bias = path.f_var("bias", &[outputs as i64], start.bias(uniform))?;
        let weight = path.f_var("weight", &[outputs as i64, inputs as i64], start.by(uniform))?;
        Ok(Self { weight, bias, is_biased: true })
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

    /// As [`new`](Self::new), without a bias.
    pub(crate) fn unbiased(
        path: &nn::Path<'_>,
        inputs: usize,
        outputs: usize,
        start: Start,
    ) -> Result<Self> {
        let bound = 1.0 / (inputs as f64).sqrt();
        let uniform = start.by(nn::Init::Uniform { lo: -bound, up: bound });
        Self::tied(path.f_var("weight", &[outputs as i64, inputs as i64], uniform)?)
    }

    /// By a matrix (out, in) that is another layer's, without a bias.
    pub(crate) fn tied(weight: Tensor) -> Result<Self> {
        let bias = Tensor::f_zeros([weight.size()[0]], (Kind::Float, weight.device()))?;
        Ok(Self { weight, bias, is_biased: false })
    }

    /// By a matrix and bias that exist.
    pub(crate) fn of(weight: Tensor, bias: Tensor) -> Self {
        Self { weight, bias, is_biased: true }
    }

    /// The same layer, by the same memory.
    pub(crate) fn shared(&self) -> Self {
        let (weight, bias) = (self.weight.shallow_clone(), self.bias.shallow_clone());
        Self { weight, bias, is_biased: self.is_biased }
    }

    /// Three layers of as many outputs each.
    pub(crate) fn thirds(&self) -> Result<[Self; 3]> {
        let (weights, biases) = (self.weight.f_chunk(3, 0)?, self.bias.f_chunk(3, 0)?);
        let third = |i: usize| Self::of(weights[i].shallow_clone(), biases[i].shallow_clone());
        Ok([third(0), third(1), third(2)])
    }

    /// The matrix, and the bias where it has one.
    pub(crate) fn parts(&self) -> (&Tensor, Option<&Tensor>) {
        (&self.weight, self.is_biased.then_some(&self.bias))
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

/// (x − mean) / √(variance + ε) · w + b over C, or without a bias x / √(mean of x² + ε) · w.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor,
    bias: Option<Tensor>,
    eps: f64,
}

impl LayerNorm {
    pub(crate) fn new(path: &nn::Path<'_>, config: &ModelConfig) -> Result<Self> {
        let shape = [config.hidden_size as i64];
        let is_biased = config.model_type != ModelType::Llama;
        Ok(Self {
            weight: path.f_ones("weight", &shape)?,
            bias: is_biased.then(|| path.f_zeros("bias", &shape)).transpose()?,
            eps: config.layer_norm_eps,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if let Some(norm) = self.weights() {
            return Ok(layer_norm(x, norm)?);
        }
        let wide = x.f_to_kind(Kind::Float)?;
        let y = wide.f_rms_norm(self.weight.size(), Some(&self.weight), self.eps)?;
        Ok(y.f_to_kind(x.kind())?)
    }

    /// Those of a layer norm with a bias.
    pub(crate) fn weights(&self) -> Option<Norm<'_>> {
        let bias = self.bias.as_ref()?;
        Some(Norm { weight: &self.weight, bias, eps: self.eps })
    }

    /// For a step of decoding.
    pub(crate) fn step(&self) -> Result<StepNorm> {
        Ok(StepNorm::of(&self.weight, self.bias.as_ref(), self.eps)?)
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
