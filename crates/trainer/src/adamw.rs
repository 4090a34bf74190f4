//! AdamW: Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101).

use tch::Tensor;

use crate::{Result, error::check};

/// The optimizer's settings; the defaults are PyTorch's and the notebook's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// The learning rate.
    pub lr: f64,
    /// How slowly the means of the gradient and of its square move.
    pub betas: (f64, f64),
    /// Added to the denominator.
    pub eps: f64,
    /// The share of each parameter taken off it a step, times the learning rate.
    pub weight_decay: f64,
    /// Takes it off matrices alone; biases and norms, which have one dimension, keep their size.
    pub decay_matrices_only: bool,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.01,
            decay_matrices_only: false,
        }
    }
}

impl AdamWConfig {
    pub(crate) fn validate(&self) -> Result<()> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let decay = |x: f64| (0.0..1.0).contains(&x);
        check(positive(self.lr), "lr", self.lr, "finite and above 0")?;
        check(decay(self.betas.0), "betas.0", self.betas.0, "in [0, 1)")?;
        check(decay(self.betas.1), "betas.1", self.betas.1, "in [0, 1)")?;
        check(positive(self.eps), "eps", self.eps, "finite and above 0")?;
        let decayed = self.weight_decay.is_finite() && self.weight_decay >= 0.0;
        check(decayed, "weight_decay", self.weight_decay, "finite and at least 0")
    }
}

/// The optimizer and its state: two moments a parameter, and the step.
#[derive(Debug)]
pub(crate) struct AdamW {
    config: AdamWConfig,
    moments: Vec<(Tensor, Tensor)>,
    step: i32,
}

impl AdamW {
    /// Both moments of each parameter.
    pub(crate) fn moments(&self) -> &[(Tensor, Tensor)] {
        &self.moments
    }

    /// How many updates there were.
    pub(crate) fn updates(&self) -> i32 {
        self.step
    }

    /// Goes on from `moments`, in the order of the parameters, after `updates`.
    pub(crate) fn restore(&mut self, moments: &[(Tensor, Tensor)], updates: i32) -> Result<()> {
        for ((mean, square), (new_mean, new_square)) in self.moments.iter_mut().zip(moments) {
            mean.f_copy_(new_mean)?;
            square.f_copy_(new_square)?;
        }
        self.step = updates;
        Ok(())
    }

    pub(crate) fn new(parameters: &[Tensor], config: AdamWConfig) -> Self {
        let moments = parameters.iter().map(|p| (p.zeros_like(), p.zeros_like())).collect();
        Self { config, moments, step: 0 }
    }

    /// One update of `parameters` by their gradients, at the learning rate `lr`.
    pub(crate) fn step(
        &mut self,
        parameters: &mut [Tensor],
        gradients: &[Tensor],
        lr: f64,
    ) -> Result<()> {
        self.step += 1;
        let AdamWConfig { betas: (beta1, beta2), eps, weight_decay, .. } = self.config;
        let bias1 = 1.0 - beta1.powi(self.step);
        let bias2 = 1.0 - beta2.powi(self.step);
        let all = parameters.iter_mut().zip(gradients).zip(&mut self.moments);
        for ((parameter, gradient), (mean, square)) in all {
            if !self.config.decay_matrices_only || parameter.dim() > 1 {
                let _ = parameter.f_mul_scalar_(1.0 - lr * weight_decay)?;
            }
            let _ = mean.f_lerp_(gradient, 1.0 - beta1)?;
            let _ = square.f_lerp_(&gradient.f_square()?, 1.0 - beta2)?;
            // θ ← θ − lr · (m / bias1) / (√(v / bias2) + ε), the factor folded into the denominator.
            let scale = -bias1 / (lr * bias2.sqrt());
            let denominator =
                square.f_sqrt()?.f_mul_scalar_(scale)?.f_add_scalar_(-eps * bias1 / lr)?;
            let _ = parameter.f_addcdiv_(mean, &denominator)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// PyTorch's own optimizer on the same gradients: `tests/fixtures/make.py`.
    #[test]
    fn agrees_with_pytorch() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/adamw.safetensors");
        let tensors = Tensor::read_safetensors(path).unwrap();
        let named = |name: String| tensors.iter().find(|(n, _)| *n == name).unwrap().1.copy();
        let mut parameters = [0, 1].map(|i| named(format!("before.{i}")));
        let mut optimizer = AdamW::new(&parameters, AdamWConfig::default());
        for step in 0..10 {
            let gradients = [0, 1].map(|i| named(format!("gradient.{step}.{i}")));
            optimizer.step(&mut parameters, &gradients, 1e-3).unwrap();
        }
        for (i, parameter) in parameters.iter().enumerate() {
            let theirs = named(format!("after.{i}"));
            let difference = (parameter - theirs).abs().max().double_value(&[]);
            assert!(difference < 1e-6, "parameter {i}: {difference}");
        }
    }

    #[test]
    fn decay_can_spare_what_is_no_matrix() {
        let config =
            AdamWConfig { weight_decay: 0.5, decay_matrices_only: true, ..AdamWConfig::default() };
        let mut parameters =
            [Tensor::from_slice(&[1f32]), Tensor::from_slice(&[1f32]).view([1, 1])];
        let gradients = [parameters[0].zeros_like(), parameters[1].zeros_like()];
        AdamW::new(&parameters, config).step(&mut parameters, &gradients, 1.0).unwrap();
        assert_eq!([0, 1].map(|i| parameters[i].double_value(&[0; 2][..i + 1])), [1.0, 0.5]);
    }
}
