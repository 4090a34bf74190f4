//! AdamW: Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101).

use enredo_torch_ext::{AdamW as Update, Moments, adamw};
use tch::{Device, Kind, Tensor};

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

/// The optimizer and its state: two moments and the number of updates for each parameter.
#[derive(Debug)]
pub(crate) struct AdamW {
    config: AdamWConfig,
    /// Those that decay, and those that do not.
    groups: [Group; 2],
    updates: i32,
}

/// Parameters with one weight decay.
#[derive(Debug)]
struct Group {
    weight_decay: f64,
    parameters: Vec<Tensor>,
    /// Their places among all parameters.
    places: Vec<usize>,
    means: Vec<Tensor>,
    squares: Vec<Tensor>,
    /// The number of updates, as the kernel wants it.
    steps: Vec<Tensor>,
}

impl Group {
    fn new(all: &[Tensor], weight_decay: f64, is_member: impl Fn(&Tensor) -> bool) -> Self {
        let places: Vec<usize> = (0..all.len()).filter(|&i| is_member(&all[i])).collect();
        let parameters: Vec<Tensor> = places.iter().map(|&i| all[i].shallow_clone()).collect();
        let zeros = || parameters.iter().map(Tensor::zeros_like).collect();
        let step = |p: &Tensor| Tensor::zeros([], (Kind::Float, p.device()));
        let steps = parameters.iter().map(step).collect();
        Self { weight_decay, places, means: zeros(), squares: zeros(), steps, parameters }
    }

    /// With the place of each among all parameters.
    fn moments(&self) -> impl Iterator<Item = (usize, (&Tensor, &Tensor))> {
        self.places.iter().copied().zip(self.means.iter().zip(&self.squares))
    }

    fn step(&mut self, gradients: &[Tensor], config: Update, divisor: &Tensor) -> Result<()> {
        if self.places.is_empty() {
            return Ok(());
        }
        let own: Vec<Tensor> = self.places.iter().map(|&i| gradients[i].shallow_clone()).collect();
        let config = Update { weight_decay: self.weight_decay, ..config };
        let moments = Moments { means: &self.means, squares: &self.squares, steps: &self.steps };
        Ok(adamw(&self.parameters, &own, moments, config, divisor)?)
    }
}

impl AdamW {
    pub(crate) fn new(parameters: &[Tensor], config: AdamWConfig) -> Self {
        let decays = move |p: &Tensor| !config.decay_matrices_only || p.dim() > 1;
        let groups = [
            Group::new(parameters, config.weight_decay, decays),
            Group::new(parameters, 0.0, move |p| !decays(p)),
        ];
        Self { config, groups, updates: 0 }
    }

    /// The first and second moment of each parameter, in their order.
    pub(crate) fn moments(&self) -> Vec<(&Tensor, &Tensor)> {
        let mut all: Vec<_> = self.groups.iter().flat_map(Group::moments).collect();
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, moments)| moments).collect()
    }

    /// How many updates there were.
    pub(crate) fn updates(&self) -> i32 {
        self.updates
    }

    pub(crate) fn set_updates(&mut self, updates: i32) {
        self.updates = updates;
    }

    /// One update by the parameters' gradients times `scale`, at the learning rate `lr`.
    pub(crate) fn step(&mut self, gradients: &[Tensor], lr: f64, scale: f64) -> Result<()> {
        self.updates += 1;
        let AdamWConfig { betas, eps, .. } = self.config;
        let config = Update { lr, betas, weight_decay: 0.0, eps };
        let device = gradients.first().map_or(Device::Cpu, Tensor::device);
        let divisor = Tensor::f_full([], 1.0 / scale, (Kind::Float, device))?;
        for group in &mut self.groups {
            for step in &mut group.steps {
                let _ = step.f_fill_(f64::from(self.updates))?;
            }
            group.step(gradients, config, &divisor)?;
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
        let parameters = [0, 1].map(|i| named(format!("before.{i}")));
        let mut optimizer = AdamW::new(&parameters, AdamWConfig::default());
        for step in 0..10 {
            let gradients = [0, 1].map(|i| named(format!("gradient.{step}.{i}")));
            optimizer.step(&gradients, 1e-3, 1.0).unwrap();
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
        let parameters = [Tensor::from_slice(&[1f32]), Tensor::from_slice(&[1f32]).view([1, 1])];
        let gradients = [parameters[0].zeros_like(), parameters[1].zeros_like()];
        AdamW::new(&parameters, config).step(&gradients, 1.0, 1.0).unwrap();
        assert_eq!([0, 1].map(|i| parameters[i].double_value(&[0; 2][..i + 1])), [1.0, 0.5]);
    }
}
