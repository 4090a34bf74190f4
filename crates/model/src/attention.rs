//! Multi-head attention, as `torch.nn.MultiheadAttention` names and starts it.

use enredo_torch_ext::{causal_attention, linear};
use tch::{Kind, Tensor, nn};

use crate::{
    ModelConfig, Result,
    layers::{Linear, Start},
};

/// Where the weights of each attention are to be kept, if anywhere: (B, H, T, T).
pub(crate) type Maps<'a> = Option<&'a mut Vec<Tensor>>;

/// softmax(Q Kᵀ / √D) V for H heads at once (Vaswani et al., 2017, §3.2).
#[derive(Debug)]
pub(crate) struct Attention {
    in_proj_weight: Tensor,
    in_proj_bias: Tensor,
    out_proj: Linear,
    heads: i64,
}

impl Attention {
    pub(crate) fn new(path: &nn::Path<'_>, config: &ModelConfig, start: Start) -> Result<Self> {
        let c = config.hidden_size;
        // Xavier: U(±√(6 / (in + out))) for the three projections as one matrix (3C, C).
        let bound = (6.0 / (4 * c) as f64).sqrt();
        let xavier = start.by(nn::Init::Uniform { lo: -bound, up: bound });
        Ok(Self {
            in_proj_weight: path.f_var("in_proj_weight", &[3 * c as i64, c as i64], xavier)?,
            in_proj_bias: path.f_zeros("in_proj_bias", &[3 * c as i64])?,
            out_proj: Linear::zero_bias(&(path / "out_proj"), c, c, start)?
                .zero_if(config.zero_init_residual)?,
            heads: config.num_attention_heads as i64,
        })
    }

    /// `x` attends to itself; position t sees the positions up to t alone. Of the weights, a share of `p` is
    /// dropped.
    pub(crate) fn causal(&self, x: &Tensor, p: f64, maps: Maps<'_>) -> Result<Tensor> {
        let qkv = linear(x, &self.in_proj_weight, &self.in_proj_bias)?; // (B, T, 3C)
        if let Some(maps) = maps {
            let parts = qkv.f_chunk(3, -1)?;
            maps.push(weights(&self.split_heads(&parts[0])?, &self.split_heads(&parts[1])?, true)?);
        }
        self.out_proj.forward(&causal_attention(&qkv, self.heads, p)?)
    }

    /// `x` attends to all of `memory`, unmasked.
    pub(crate) fn cross(
        &self,
        x: &Tensor,
        memory: &Tensor,
        p: f64,
        maps: Maps<'_>,
    ) -> Result<Tensor> {
        let matrices = self.in_proj_weight.f_chunk(3, 0)?;
        let biases = self.in_proj_bias.f_chunk(3, 0)?;
        let project =
            |x: &Tensor, i: usize| self.split_heads(&linear(x, &matrices[i], &biases[i])?);
        let (q, k, v) = (project(x, 0)?, project(memory, 1)?, project(memory, 2)?);
        if let Some(maps) = maps {
            maps.push(weights(&q, &k, false)?);
        }
        let mask = None::<Tensor>;
        let y = Tensor::f_scaled_dot_product_attention(&q, &k, &v, mask, p, false, None, false)?;
        self.out_proj.forward(&y.f_transpose(1, 2)?.f_flatten(2, 3)?) // (B, H, T, D) → (B, T, C)
    }

    /// (B, T, C) → (B, H, T, D)
    fn split_heads(&self, x: &Tensor) -> Result<Tensor> {
        let (b, t, c) = x.size3()?;
        Ok(x.f_view([b, t, self.heads, c / self.heads])?.f_transpose(1, 2)?)
    }
}

/// softmax(Q Kᵀ / √D), written out: what the fused attention never holds. (B, H, T, D) → (B, H, T, T).
fn weights(q: &Tensor, k: &Tensor, causal: bool) -> Result<Tensor> {
    let d = q.size()[3] as f64;
    let mut scores = q.f_matmul(&k.f_transpose(2, 3)?)?.f_div_scalar(d.sqrt())?;
    if causal {
        let future = scores.f_ones_like()?.f_triu(1)?.f_to_kind(Kind::Bool)?;
        scores = scores.f_masked_fill(&future, f64::NEG_INFINITY)?;
    }
    Ok(scores.f_softmax(-1, Kind::Float)?)
}
