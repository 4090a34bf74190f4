//! One layer of the transformer: attention, then a feed-forward layer, each with its residual.

use enredo_torch_ext::{dropout_add, dropout_add_norm, relu_dropout};
use tch::{Tensor, nn};

use crate::{
    Activation, ModelConfig, Result,
    attention::{Attention, Maps},
    layers::{LayerNorm, Linear, Start},
};

/// The block of `torch.nn.TransformerEncoderLayer`, or of `TransformerDecoderLayer` where the
/// configuration adds cross-attention; same names, same order of dropout.
#[derive(Debug)]
pub(crate) struct Block {
    self_attn: Attention,
    cross_attn: Option<Attention>,
    linear1: Linear,
    linear2: Linear,
    norms: Vec<LayerNorm>,
    norm_first: bool,
    act: Activation,
    dropout: f64,
}

impl Block {
    pub(crate) fn new(path: &nn::Path<'_>, config: &ModelConfig, start: Start) -> Result<Self> {
        let (c, inner) = (config.hidden_size, config.intermediate_size);
        let layers = if config.add_cross_attention { 3 } else { 2 };
        let norm =
            |i: usize| LayerNorm::new(&(path / format!("norm{i}")), c, config.layer_norm_eps);
        Ok(Self {
            self_attn: Attention::new(&(path / "self_attn"), config, start)?,
            cross_attn: config
                .add_cross_attention
                .then(|| Attention::new(&(path / "multihead_attn"), config, start))
                .transpose()?,
            linear1: Linear::new(&(path / "linear1"), c, inner, start)?,
            linear2: Linear::new(&(path / "linear2"), inner, c, start)?
                .zero_if(config.zero_init_residual)?,
            norms: (1..=layers).map(norm).collect::<Result<_>>()?,
            norm_first: config.norm_first,
            act: config.hidden_act,
            dropout: config.hidden_dropout_prob,
        })
    }

    /// `x` and `memory`, the embeddings that cross-attention reads: (B, T, C) → (B, T, C).
    ///
    /// `maps` takes the weights of its attentions: to itself, then to the memory.
    pub(crate) fn forward(
        &self,
        x: &Tensor,
        memory: &Tensor,
        train: bool,
        mut maps: Maps<'_>,
    ) -> Result<Tensor> {
        let (mut norms, p) = (self.norms.iter(), if train { self.dropout } else { 0.0 });
        let own = |x: &Tensor| self.self_attn.causal(x, p, maps.as_deref_mut());
        let mut x = self.residual(x, norms.next(), p, own)?;
        if let Some(cross) = &self.cross_attn {
            let all = |x: &Tensor| cross.cross(x, memory, p, maps);
            x = self.residual(&x, norms.next(), p, all)?;
        }
        self.residual(&x, norms.next(), p, |x| self.feed_forward(x, p))
    }

    /// norm(x + dropout(layer(x))), or x + dropout(layer(norm(x))).
    fn residual(
        &self,
        x: &Tensor,
        norm: Option<&LayerNorm>,
        p: f64,
        layer: impl FnOnce(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        Ok(match norm {
            None => dropout_add(&layer(x)?, x, p)?,
            Some(norm) if self.norm_first => dropout_add(&layer(&norm.forward(x)?)?, x, p)?,
            Some(norm) => dropout_add_norm(&layer(x)?, x, p, norm.weights())?,
        })
    }

    fn feed_forward(&self, x: &Tensor, p: f64) -> Result<Tensor> {
        let inner = self.linear1.forward(x)?; // (B, T, intermediate_size)
        let active = match self.act {
            Activation::Relu => relu_dropout(&inner, false, p)?,
            Activation::Relu2 => relu_dropout(&inner, true, p)?,
            Activation::Gelu => inner.f_gelu("none")?.f_dropout(p, p > 0.0)?,
        };
        self.linear2.forward(&active)
    }
}
