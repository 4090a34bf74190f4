//! The decoder-only transformer: embed, a stack of blocks, a head. The file to read first.

use tch::{Device, Kind, Tensor, nn};

use crate::{
    Batch, ModelConfig, PositionEmbedding, Result, Session,
    block::Block,
    layers::{LayerNorm, Linear, embedding},
};

/// A decoder-only transformer and its parameters.
#[derive(Debug)]
pub struct Model {
    config: ModelConfig,
    vars: nn::VarStore,
    token_emb: Tensor,
    positions: Tensor,
    blocks: Vec<Block>,
    norm: Option<LayerNorm>,
    lm_head: Linear,
}

impl Model {
    /// A model with random parameters: PyTorch's initial distributions, drawn from libtorch's global
    /// generator (seed it with [`tch::manual_seed`]). Every block starts from the same draw, as the
    /// copies that `nn.TransformerEncoder` makes of its layer do.
    ///
    /// # Errors
    /// [`crate::Error::Config`], or [`crate::Error::Torch`] for want of memory.
    pub fn new(config: ModelConfig, device: Device) -> Result<Self> {
        config.validate()?;
        let vars = nn::VarStore::new(device);
        let root = &vars.root();
        let (c, layers) = (config.hidden_size, root / "decoder" / "layers");
        let model = Self {
            token_emb: embedding(&(root / "token_emb"), config.vocab_size, c)?,
            positions: positions(root, &config)?,
            blocks: (0..config.num_hidden_layers)
                .map(|i| Block::new(&(&layers / i), &config))
                .collect::<Result<_>>()?,
            norm: config
                .norm_first
                .then(|| LayerNorm::new(&(root / "decoder" / "norm"), c, config.layer_norm_eps))
                .transpose()?,
            lm_head: Linear::new(&(root / "lm_head"), c, config.vocab_size)?,
            config,
            vars,
        };
        model.copy_first_block();
        Ok(model)
    }

    /// What this model is.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Where it computes.
    #[must_use]
    pub fn device(&self) -> Device {
        self.vars.device()
    }

    /// How many numbers it learns.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.parameters().iter().map(Tensor::numel).sum()
    }

    /// The parameters that training changes, in the order of construction.
    #[must_use]
    pub fn parameters(&self) -> Vec<Tensor> {
        self.vars.trainable_variables()
    }

    pub(crate) fn vars(&self) -> &nn::VarStore {
        &self.vars
    }

    /// One growing sequence of this model.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        Session::new(self)
    }

    /// The logits after every position: ids (B, T) → (B, T, V).
    ///
    /// `train` turns dropout on. T is at most `max_position_embeddings`, ids lie below V: whoever calls
    /// this has checked both ([`Batch`] does).
    pub(crate) fn forward(&self, ids: &Tensor, train: bool) -> Tensor {
        let embedded = self.embed(ids); // (B, T, C)
        let mut x = embedded.shallow_clone();
        for block in &self.blocks {
            x = block.forward(&x, &embedded, train);
        }
        if let Some(norm) = &self.norm {
            x = norm.forward(&x);
        }
        self.lm_head.forward(&x) // (B, T, V)
    }

    /// The logits after every position of `batch`, without dropout: (B, T, V) flattened.
    #[must_use]
    pub fn logits(&self, batch: &Batch) -> Vec<f32> {
        let logits = tch::no_grad(|| self.forward(&batch.to_tensor(self.device()), false));
        let mut values = vec![0.0; logits.numel()];
        logits.contiguous().to_kind(Kind::Float).copy_data(&mut values, logits.numel());
        values
    }

    /// The mean cross-entropy, in nats, of predicting each token of `batch` from those before it;
    /// a scalar. PAD targets are left out.
    #[must_use]
    pub fn loss(&self, batch: &Batch, train: bool) -> Tensor {
        self.cross_entropy(batch, train, tch::Reduction::Mean)
    }

    /// As [`loss`](Self::loss) without dropout, but the sum over the targets.
    #[must_use]
    pub fn summed_loss(&self, batch: &Batch) -> f64 {
        tch::no_grad(|| self.cross_entropy(batch, false, tch::Reduction::Sum).double_value(&[]))
    }

    fn cross_entropy(&self, batch: &Batch, train: bool, reduction: tch::Reduction) -> Tensor {
        let ids = batch.to_tensor(self.device()); // (B, T + 1)
        let t = ids.size()[1] - 1;
        let logits = self.forward(&ids.narrow(1, 0, t), train);
        let targets = ids.narrow(1, 1, t).flatten(0, 1);
        let pad = i64::from(self.config.pad_token_id);
        logits.flatten(0, 1).cross_entropy_loss(&targets, None::<Tensor>, reduction, pad, 0.0)
    }

    fn embed(&self, ids: &Tensor) -> Tensor {
        let t = ids.size()[1];
        Tensor::embedding(&self.token_emb, ids, -1, false, false) + self.positions.narrow(0, 0, t)
    }

    fn copy_first_block(&self) {
        let vars = self.vars.variables();
        for (name, var) in &vars {
            let original = name.strip_prefix("decoder.layers.").and_then(|rest| {
                let (_, parameter) = rest.split_once('.')?;
                vars.get(&format!("decoder.layers.0.{parameter}"))
            });
            if let Some(original) = original {
                tch::no_grad(|| var.shallow_clone().copy_(original));
            }
        }
    }
}

/// One vector of C for each position: (`max_position_embeddings`, C).
fn positions(root: &nn::Path<'_>, config: &ModelConfig) -> Result<Tensor> {
    let (count, c) = (config.max_position_embeddings, config.hidden_size);
    match config.position_embedding_type {
        PositionEmbedding::Absolute => embedding(&(root / "pos_emb"), count, c),
        PositionEmbedding::Sinusoidal => Ok(sinusoids(count, c).to_device(root.device())),
    }
}

/// sin(t / 10000^(2i/C)) at even channels 2i, the cosine at 2i + 1.
fn sinusoids(count: usize, c: usize) -> Tensor {
    let value = |t: usize, channel: usize| {
        let angle = t as f64 / 10_000f64.powf((channel / 2 * 2) as f64 / c as f64);
        if channel.is_multiple_of(2) { angle.sin() } else { angle.cos() }
    };
    let values: Vec<f64> =
        (0..count).flat_map(|t| (0..c).map(move |channel| value(t, channel))).collect();
    Tensor::from_slice(&values).view([count as i64, c as i64]).to_kind(Kind::Float)
}
