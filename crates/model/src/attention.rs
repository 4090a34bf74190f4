//! Multi-head attention, as `torch.nn.MultiheadAttention` starts it, or with rotary positions and shared keys.

use enredo_torch_ext::causal_attention;
use tch::{Kind, Tensor, nn};

use crate::{
    ModelConfig, Result,
    layers::{Linear, Start},
    names::{CROSS, Projections, at, place},
    rotary::Turns,
};

/// Where the weights of each attention are to be kept, if anywhere: (B, H, T, T).
pub(crate) type Maps<'a> = Option<&'a mut Vec<Tensor>>;

/// softmax(Q Kᵀ / √D) V for H heads at once (Vaswani et al., 2017, §3.2).
#[derive(Debug)]
pub(crate) struct Attention {
    into: Into,
    pub(crate) out_proj: Linear,
    heads: i64,
    size: i64,
}

/// The projections to queries, keys and values.
#[derive(Debug)]
enum Into {
    /// As one matrix (3C, C).
    Joint(Linear),
    /// Of H, K and K heads.
    Apart([Linear; 3]),
}

impl Attention {
    /// A block's to itself.
    pub(crate) fn new(path: &nn::Path<'_>, config: &ModelConfig, start: Start) -> Result<Self> {
        let names = config.names();
        match names.projections {
            Projections::Joint { weight, bias } => {
                Self::joint(path, (weight, bias, names.out_proj), config, start)
            }
            Projections::Apart(projections) => {
                Self::apart(path, (projections, names.out_proj), config, start)
            }
        }
    }

    /// The notebook's to what the block reads of all tokens.
    pub(crate) fn cross_of(
        path: &nn::Path<'_>,
        config: &ModelConfig,
        start: Start,
    ) -> Result<Self> {
        Self::joint(path, CROSS, config, start)
    }

    fn joint(
        path: &nn::Path<'_>,
        (weight, bias, out_proj): (&str, &str, &str),
        config: &ModelConfig,
        start: Start,
    ) -> Result<Self> {
        let c = config.hidden_size;
        // Xavier: U(±√(6 / (in + out))) for the three projections as one matrix (3C, C).
        let bound = (6.0 / (4 * c) as f64).sqrt();
        let xavier = start.by(nn::Init::Uniform { lo: -bound, up: bound });
        let ((weight_at, weight), (bias_at, bias)) = (place(path, weight), place(path, bias));
        let weight = weight_at.f_var(weight, &[3 * c as i64, c as i64], xavier)?;
        Ok(Self {
            into: Into::Joint(Linear::of(weight, bias_at.f_zeros(bias, &[3 * c as i64])?)),
            out_proj: Linear::zero_bias(&at(path, out_proj), c, c, start)?
                .zero_if(config.zero_init_residual)?,
            heads: config.num_attention_heads as i64,
            size: config.head_size() as i64,
        })
    }

    fn apart(
        path: &nn::Path<'_>,
        (projections, out_proj): ([&str; 3], &str),
        config: &ModelConfig,
        start: Start,
    ) -> Result<Self> {
        let (c, d) = (config.hidden_size, config.head_size());
        let (heads, shared) = (config.num_attention_heads, config.kv_heads());
        let linear = |i: usize, heads: usize| {
            Linear::unbiased(&at(path, projections[i]), c, heads * d, start)
        };
        Ok(Self {
            into: Into::Apart([linear(0, heads)?, linear(1, shared)?, linear(2, shared)?]),
            out_proj: Linear::unbiased(&at(path, out_proj), heads * d, c, start)?
                .zero_if(config.zero_init_residual)?,
            heads: heads as i64,
            size: d as i64,
        })
    }

    /// `x` attends to itself; position t sees the positions up to t alone. Of the weights, a share of `p` is
    /// dropped.
    pub(crate) fn causal(
        &self,
        x: &Tensor,
        turns: Option<&Turns>,
        p: f64,
        maps: Maps<'_>,
    ) -> Result<Tensor> {
        let qkv = self.projected(x, turns)?;
        if let Some(maps) = maps {
            let parts = qkv.f_chunk(3, -1)?;
            maps.push(weights(&self.split_heads(&parts[0])?, &self.split_heads(&parts[1])?, true)?);
        }
        self.out_proj.forward(&causal_attention(&qkv, self.heads, p)?)
    }

    /// Queries, keys and values of H heads each, side by side: (B, T, 3HD).
    fn projected(&self, x: &Tensor, turns: Option<&Turns>) -> Result<Tensor> {
        let apart = match &self.into {
            Into::Joint(linear) => return linear.forward(x),
            Into::Apart(apart) => apart,
        };
        let (b, t, _) = x.size3()?;
        let mut parts = Vec::new();
        for (i, linear) in apart.iter().enumerate() {
            let heads = linear.forward(x)?.f_view([b, t, -1, self.size])?; // (B, T, H or K, D)
            let turned = turns.filter(|_| i < 2).map(|turns| turns.turn(&heads)).transpose()?;
            parts.push(self.shared(turned.as_ref().unwrap_or(&heads))?);
        }
        Ok(Tensor::f_cat(&parts, -1)?)
    }

    /// Each of K heads H / K times: (B, T, K, D) → (B, T, HD).
    fn shared(&self, x: &Tensor) -> Result<Tensor> {
        let (b, t, k, d) = x.size4()?;
        let each = self.heads / k;
        let repeated = x.f_unsqueeze(3)?.f_expand([b, t, k, each, d], false)?;
        Ok(repeated.f_reshape([b, t, self.heads * d])?)
    }

    /// `x` attends to all of `memory`, unmasked.
    pub(crate) fn cross(
        &self,
        x: &Tensor,
        memory: &Tensor,
        p: f64,
        maps: Maps<'_>,
    ) -> Result<Tensor> {
        let layers = self.projections()?;
        let project = |x: &Tensor, i: usize| self.split_heads(&layers[i].forward(x)?);
        let (q, k, v) = (project(x, 0)?, project(memory, 1)?, project(memory, 2)?);
        if let Some(maps) = maps {
            maps.push(weights(&q, &k, false)?);
        }
        let mask = None::<Tensor>;
        let y = Tensor::f_scaled_dot_product_attention(&q, &k, &v, mask, p, false, None, false)?;
        self.out_proj.forward(&y.f_transpose(1, 2)?.f_flatten(2, 3)?) // (B, H, T, D) → (B, T, C)
    }

    /// The layers that make queries, keys and values.
    pub(crate) fn projections(&self) -> Result<[Linear; 3]> {
        match &self.into {
            Into::Joint(linear) => linear.thirds(),
            Into::Apart(apart) => Ok([apart[0].shared(), apart[1].shared(), apart[2].shared()]),
        }
    }

    /// (B, T, HD) → (B, H, T, D)
    fn split_heads(&self, x: &Tensor) -> Result<Tensor> {
        let (b, t, _) = x.size3()?;
        Ok(x.f_view([b, t, self.heads, self.size])?.f_transpose(1, 2)?)
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
