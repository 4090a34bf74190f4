//! The model out of burn's layers.

use burn::nn::{
    Dropout, DropoutConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear,
    LinearConfig,
};
use burn::prelude::*;
use burn::tensor::activation::{relu, softmax};
use enredo_peers_training::{
    DROPOUT, FEED_FORWARD, HEAD_WIDTH, HEADS, LAYERS, NORM_EPS, POSITIONS, STEPS, VOCAB, WIDTH,
};

#[derive(Module, Debug)]
pub struct Decoder {
    tokens: Embedding,
    positions: Embedding,
    layers: Vec<Layer>,
    head: Linear,
    /// True above the diagonal.
    mask: Tensor<2, Bool>,
}

impl Decoder {
    pub fn new(device: &Device) -> Self {
        Self {
            tokens: EmbeddingConfig::new(VOCAB, WIDTH).init(device),
            positions: EmbeddingConfig::new(POSITIONS, WIDTH).init(device),
            layers: (0..LAYERS).map(|_| Layer::new(device)).collect(),
            head: LinearConfig::new(WIDTH, VOCAB).init(device),
            mask: Tensor::tril_mask([STEPS, STEPS], 0, device),
        }
    }

    /// (rows, steps) → (rows, steps, vocab).
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let positions = self.positions.weight.val().narrow(0, 0, STEPS).unsqueeze();
        let mut x = self.tokens.forward(ids) + positions;
        for layer in &self.layers {
            x = layer.forward(x, &self.mask);
        }
        self.head.forward(x)
    }
}

#[derive(Module, Debug)]
struct Layer {
    attention: Attention,
    norm_1: LayerNorm,
    linear_1: Linear,
    linear_2: Linear,
    norm_2: LayerNorm,
    dropout: Dropout,
}

impl Layer {
    fn new(device: &Device) -> Self {
        Self {
            attention: Attention::new(device),
            norm_1: norm(device),
            linear_1: LinearConfig::new(WIDTH, FEED_FORWARD).init(device),
            linear_2: LinearConfig::new(FEED_FORWARD, WIDTH).init(device),
            norm_2: norm(device),
            dropout: DropoutConfig::new(DROPOUT).init(),
        }
    }

    fn forward(&self, x: Tensor<3>, mask: &Tensor<2, Bool>) -> Tensor<3> {
        let attended = self.dropout.forward(self.attention.forward(x.clone(), mask));
        let x = self.norm_1.forward(x + attended);
        let hidden = self.dropout.forward(relu(self.linear_1.forward(x.clone())));
        let fed = self.dropout.forward(self.linear_2.forward(hidden));
        self.norm_2.forward(x + fed)
    }
}

/// burn's `MultiHeadAttention` has three linears for what is one here.
#[derive(Module, Debug)]
struct Attention {
    in_proj: Linear,
    out_proj: Linear,
    dropout: Dropout,
}

impl Attention {
    fn new(device: &Device) -> Self {
        Self {
            in_proj: LinearConfig::new(WIDTH, 3 * WIDTH).init(device),
            out_proj: LinearConfig::new(WIDTH, WIDTH).init(device),
            dropout: DropoutConfig::new(DROPOUT).init(),
        }
    }

    fn forward(&self, x: Tensor<3>, mask: &Tensor<2, Bool>) -> Tensor<3> {
        let [rows, steps, width] = x.dims();
        let qkv = self.in_proj.forward(x);
        let [q, k, v] = [0, 1, 2].map(|part| {
            qkv.clone()
                .narrow(2, part * WIDTH, WIDTH)
                .reshape([rows, steps, HEADS, HEAD_WIDTH])
                .swap_dims(1, 2)
        });
        let scores = q.matmul(k.transpose()) * (HEAD_WIDTH as f32).powf(-0.5);
        let scores = scores.mask_fill(mask.clone().unsqueeze(), f32::NEG_INFINITY);
        let heads = self.dropout.forward(softmax(scores, 3)).matmul(v);
        self.out_proj.forward(heads.swap_dims(1, 2).reshape([rows, steps, width]))
    }
}

fn norm(device: &Device) -> LayerNorm {
    LayerNormConfig::new(WIDTH).with_epsilon(NORM_EPS).init(device)
}
