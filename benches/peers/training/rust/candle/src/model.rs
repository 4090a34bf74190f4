//! The model out of candle's layers.

use candle_core::{D, Device, Module, Result, Tensor};
use candle_nn::{Dropout, Embedding, Init, Linear, VarBuilder, embedding, ops};
use enredo_peers_training::{
    DROPOUT, FEED_FORWARD, HEAD_WIDTH, HEADS, LAYERS, NORM_EPS, POSITIONS, STEPS, VOCAB, WIDTH,
};

pub struct Decoder {
    tokens: Embedding,
    positions: Embedding,
    layers: Vec<Layer>,
    head: Linear,
    /// −∞ above the diagonal, to be added to the scores.
    mask: Tensor,
}

impl Decoder {
    pub fn new(weights: &VarBuilder) -> Result<Self> {
        Ok(Self {
            tokens: embedding(VOCAB, WIDTH, weights.pp("token_emb"))?,
            positions: embedding(POSITIONS, WIDTH, weights.pp("pos_emb"))?,
            layers: (0..LAYERS)
                .map(|i| Layer::new(&weights.pp(format!("layers.{i}"))))
                .collect::<Result<_>>()?,
            head: linear(WIDTH, VOCAB, &weights.pp("lm_head"))?,
            mask: causal_mask()?,
        })
    }

    /// (rows, steps) → (rows, steps, vocab).
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let positions = self.positions.embeddings().narrow(0, 0, STEPS)?;
        let mut x = self.tokens.forward(ids)?.broadcast_add(&positions)?;
        for layer in &self.layers {
            x = layer.forward(&x, &self.mask)?;
        }
        self.head.forward(&x)
    }
}

struct Layer {
    attention: Attention,
    norm_1: Norm,
    linear_1: Linear,
    linear_2: Linear,
    norm_2: Norm,
    dropout: Dropout,
}

impl Layer {
    fn new(weights: &VarBuilder) -> Result<Self> {
        Ok(Self {
            attention: Attention::new(&weights.pp("self_attn"))?,
            norm_1: Norm::new(&weights.pp("norm1"))?,
            linear_1: linear(WIDTH, FEED_FORWARD, &weights.pp("linear1"))?,
            linear_2: linear(FEED_FORWARD, WIDTH, &weights.pp("linear2"))?,
            norm_2: Norm::new(&weights.pp("norm2"))?,
            dropout: dropout(),
        })
    }

    fn forward(&self, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let attended = self.drop(&self.attention.forward(x, mask)?)?;
        let x = self.norm_1.forward(&(x + attended)?)?;
        let hidden = self.drop(&self.linear_1.forward(&x)?.relu()?)?;
        let fed = self.drop(&self.linear_2.forward(&hidden)?)?;
        self.norm_2.forward(&(x + fed)?)
    }

    fn drop(&self, x: &Tensor) -> Result<Tensor> {
        self.dropout.forward(x, true)
    }
}

struct Attention {
    in_proj: Linear,
    out_proj: Linear,
    dropout: Dropout,
}

impl Attention {
    fn new(weights: &VarBuilder) -> Result<Self> {
        Ok(Self {
            in_proj: linear(WIDTH, 3 * WIDTH, &weights.pp("in_proj"))?,
            out_proj: linear(WIDTH, WIDTH, &weights.pp("out_proj"))?,
            dropout: dropout(),
        })
    }

    fn forward(&self, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (rows, steps, _) = x.dims3()?;
        // The heads go before the steps: candle multiplies contiguous batches of matrices only.
        let qkv = self
            .in_proj
            .forward(x)?
            .reshape((rows, steps, 3, HEADS, HEAD_WIDTH))?
            .permute((2, 0, 3, 1, 4))?
            .contiguous()?;
        let (q, k, v) = (qkv.get(0)?, qkv.get(1)?, qkv.get(2)?);
        let scores = (q.matmul(&k.t()?)? * (HEAD_WIDTH as f64).powf(-0.5))?;
        // `ops::softmax_last_dim` is faster, but has no gradient.
        let shares = ops::softmax(&scores.broadcast_add(mask)?, D::Minus1)?;
        let heads = self.dropout.forward(&shares, true)?.matmul(&v)?;
        self.out_proj.forward(&heads.transpose(1, 2)?.flatten_from(2)?)
    }
}

/// `candle_nn::LayerNorm` takes a fused kernel, which has no gradient.
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

impl Norm {
    fn new(weights: &VarBuilder) -> Result<Self> {
        Ok(Self {
            weight: weights.get_with_hints(WIDTH, "weight", Init::Const(1.0))?,
            bias: weights.get_with_hints(WIDTH, "bias", Init::Const(0.0))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::layer_norm_slow(x, &self.weight, &self.bias, NORM_EPS as f32)
    }
}

/// Begins as in PyTorch; candle's own weights are so large that the first loss is no guess.
fn linear(inputs: usize, outputs: usize, weights: &VarBuilder) -> Result<Linear> {
    let bound = (inputs as f64).powf(-0.5);
    let init = Init::Uniform { lo: -bound, up: bound };
    let weight = weights.get_with_hints((outputs, inputs), "weight", init)?;
    let bias = weights.get_with_hints(outputs, "bias", init)?;
    Ok(Linear::new(weight, Some(bias)))
}

fn dropout() -> Dropout {
    Dropout::new(DROPOUT as f32)
}

fn causal_mask() -> Result<Tensor> {
    let above = |i| if i % STEPS > i / STEPS { f32::NEG_INFINITY } else { 0.0 };
    let mask: Vec<f32> = (0..STEPS * STEPS).map(above).collect();
    Tensor::from_vec(mask, (STEPS, STEPS), &Device::Cpu)
}
