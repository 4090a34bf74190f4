//! How much arithmetic a training step is, and how much the machine can do.

use std::time::{Duration, Instant};

use tch::{Cuda, Device, Tensor};

use crate::{Dtype, ModelConfig, ModelType, Result};

impl ModelConfig {
    /// Floating-point operations of training on one token among `t`, forth and back: 6 for each weight of a
    /// matrix that is multiplied with it, and 12 · C · t a layer for attention (Chowdhery et al., arXiv
    /// 2204.02311, appendix B).
    #[must_use]
    pub fn training_flops(&self, t: usize) -> u64 {
        let (c, inner) = (self.hidden_size as u64, self.intermediate_size as u64);
        let attentions = if self.add_cross_attention { 2 } else { 1 };
        let heads = (self.head_size() * (self.num_attention_heads + self.kv_heads())) as u64;
        let matrices = if self.model_type == ModelType::Llama { 3 } else { 2 };
        let weights = attentions * 2 * c * heads + matrices * c * inner;
        let layer = 6 * weights + attentions * 12 * c * t as u64;
        self.num_hidden_layers as u64 * layer + 6 * c * self.vocab_size as u64
    }
}

/// Floating-point operations a second in the product of two large square matrices of `dtype`: what a training
/// step is measured against. The best of several, in f32 or bf16.
///
/// # Errors
/// [`Error::Torch`](crate::Error::Torch), for instance for want of memory.
///
/// # Performance
/// Some tens of milliseconds.
pub fn gemm_peak(device: Device, dtype: Dtype) -> Result<f64> {
    let n: i64 = if device == Device::Cpu { 1_024 } else { 4_096 };
    let x = Tensor::f_ones([n, n], (dtype.kind(), device))?;
    let (begin, mut best) = (Instant::now(), Duration::MAX);
    for _ in 0..8 {
        best = best.min(time(&x)?);
        if begin.elapsed() > ENOUGH {
            break;
        }
    }
    Ok(2.0 * (n as f64).powi(3) / best.as_secs_f64())
}

/// Where a processor has no kernels for the type.
const ENOUGH: Duration = Duration::from_millis(500);

fn time(x: &Tensor) -> Result<Duration> {
    let start = Instant::now();
    let _product = x.f_matmul(x)?;
    if let Device::Cuda(number) = x.device() {
        Cuda::synchronize(number as i64);
    }
    Ok(start.elapsed())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// By hand: 3 · (6 · (4 · 128² + 2 · 128 · 256) + 12 · 128 · 31) + 6 · 128 · 2,000.
    #[test]
    fn a_token_of_the_causal_model_takes_four_million() {
        assert_eq!(ModelConfig::causal().training_flops(31), 4_038_144);
        assert!(ModelConfig::faithful().training_flops(31) > 4_038_144);
    }

    #[test]
    fn a_peak_is_a_speed() {
        for dtype in Dtype::ALL {
            let peak = gemm_peak(Device::Cpu, dtype).unwrap();
            assert!(peak.is_finite() && peak > 1e6, "{dtype}: {peak}");
        }
    }
}
