//! One layer of the transformer: attention, then a feed-forward layer, each with its residual.

use enredo_torch_ext::{dropout_add, dropout_add_norm};
use tch::{Tensor, nn};

use crate::{
    ModelConfig, Result,
    attention::{Attention, Maps},
    feed_forward::FeedForward,
    layers::{LayerNorm, Start},
    names::at,
    rotary::Turns,
};

/// The block of `torch.nn.TransformerEncoderLayer`, of `TransformerDecoderLayer` where the
/// configuration adds cross-attention, of Llama or GPT-2; same names, same order of dropout.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) self_attn: Attention,
    cross_attn: Option<Attention>,
    pub(crate) feed_forward: FeedForward,
    pub(crate) norms: Vec<LayerNorm>,
    norm_first: bool,
    dropout: f64,
}

/// What blocks read beside their own input.
#[derive(Debug)]
pub(crate) struct Beside<'t> {
    /// The embeddings that cross-attention reads, (B, T, C).
    pub(crate) memory: &'t Tensor,
    /// How queries and keys turn, where they do.
    pub(crate) turns: Option<&'t Turns>,
}

impl Block {
    pub(crate) fn new(path: &nn::Path<'_>, config: &ModelConfig, start: Start) -> Result<Self> {
        let layers = if config.add_cross_attention { 3 } else { 2 };
        let norm = |name: &&str| LayerNorm::new(&at(path, name), config);
        Ok(Self {
            self_attn: Attention::new(path, config, start)?,
            cross_attn: config
                .add_cross_attention
                .then(|| Attention::cross_of(path, config, start))
                .transpose()?,
            feed_forward: FeedForward::new(path, config, start)?,
            norms: config.names().norms.iter().take(layers).map(norm).collect::<Result<_>>()?,
            norm_first: config.norm_first,
            dropout: config.hidden_dropout_prob,
        })
    }

    /// (B, T, C) → (B, T, C). `maps` takes the weights of its attentions: to itself, then to the memory.
    pub(crate) fn forward(
        &self,
        x: &Tensor,
        beside: &Beside<'_>,
        train: bool,
        mut maps: Maps<'_>,
    ) -> Result<Tensor> {
        let (mut norms, p) = (self.norms.iter(), if train { self.dropout } else { 0.0 });
        let own = |x: &Tensor| self.self_attn.causal(x, beside.turns, p, maps.as_deref_mut());
        let mut x = self.residual(x, norms.next(), p, own)?;
        if let Some(cross) = &self.cross_attn {
            let all = |x: &Tensor| cross.cross(x, beside.memory, p, maps);
            x = self.residual(&x, norms.next(), p, all)?;
        }
        self.residual(&x, norms.next(), p, |x| self.feed_forward.forward(x, p))
    }

    /// norm(x + dropout(layer(x))), or x + dropout(layer(norm(x))).
    fn residual(
        &self,
        x: &Tensor,
        norm: Option<&LayerNorm>,
        p: f64,
        layer: impl FnOnce(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let Some(norm) = norm else { return Ok(dropout_add(&layer(x)?, x, p)?) };
        match norm.weights().filter(|_| !self.norm_first) {
            Some(weights) => Ok(dropout_add_norm(&layer(x)?, x, p, weights)?),
            None => Ok(dropout_add(&layer(&norm.forward(x)?)?, x, p)?),
        }
    }
}
