//! The decoder-only transformer: embed, a stack of blocks, a head. The file to read first.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use tch::{Device, Kind, Tensor, nn};

use crate::{
    Batch, Dtype, Mode, ModelConfig, ModelType, PositionEmbedding, Result, Session, Sessions,
    block::{Beside, Block},
    layers::{LayerNorm, Linear, Start, embedding},
    names::at,
    rotary::{Rotary, Turns},
    steps::Steps,
};

/// A decoder-only transformer and its parameters.
#[derive(Debug)]
pub struct Model {
    config: ModelConfig,
    vars: nn::VarStore,
    pub(crate) token_emb: Tensor,
    pub(crate) positions: Option<Tensor>,
    rotary: Option<Rotary>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) norm: Option<LayerNorm>,
    pub(crate) lm_head: Linear,
    dtype: Dtype,
    steps: RefCell<Option<(i64, Arc<Steps>)>>,
}

impl Model {
    /// A model with random parameters: PyTorch's initial distributions, or for another model type Hugging Face's, drawn from
    /// libtorch's global generator (seed it with [`tch::manual_seed`]). Every block of the notebook's type starts from the same draw, as the
    /// copies that `nn.TransformerEncoder` makes of its layer do; blocks that start as the identity
    /// (`zero_init_residual`) would stay alike, and draw on their own.
    ///
    /// # Errors
    /// [`crate::Error::Config`], or [`crate::Error::Torch`] for want of memory.
    pub fn new(config: ModelConfig, device: Device) -> Result<Self> {
        let start = Start::of(&config);
        let model = Self::build(config, device, start)?;
        if start == Start::Random && !model.config.zero_init_residual {
            model.copy_first_block();
        }
        Ok(model)
    }

    /// A model whose parameters are still to be read. It draws no random number, so that a training in the
    /// same process is not disturbed.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn blank(config: ModelConfig, device: Device) -> Result<Self> {
        Self::build(config, device, Start::Blank)
    }

    fn build(config: ModelConfig, device: Device, start: Start) -> Result<Self> {
        config.validate()?;
        let vars = nn::VarStore::new(device);
        let root = &vars.root();
        let (c, v, names) = (config.hidden_size, config.vocab_size, config.names());
        let layers = at(root, names.layers);
        let token_emb = embedding(&at(root, names.token_emb), v, c, start)?;
        Ok(Self {
            positions: positions(root, &config, start)?,
            rotary: config.is_rotary().then(|| Rotary::new(&config)),
            blocks: (0..config.num_hidden_layers)
                .map(|i| Block::new(&(&layers / i), &config, start))
                .collect::<Result<_>>()?,
            norm: config
                .norm_first
                .then(|| LayerNorm::new(&at(root, names.norm), &config))
                .transpose()?,
            lm_head: match (config.tie_word_embeddings, config.model_type) {
                (true, _) => Linear::tied(token_emb.shallow_clone())?,
                (_, ModelType::Enredo) => Linear::new(&at(root, names.lm_head), c, v, start)?,
                _ => Linear::unbiased(&at(root, names.lm_head), c, v, start)?,
            },
            token_emb,
            config,
            vars,
            dtype: Dtype::Float32,
            steps: RefCell::default(),
        })
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

    /// The same by their names in the weights file, in alphabetical order.
    #[must_use]
    pub fn named_parameters(&self) -> BTreeMap<String, Tensor> {
        self.vars.variables().into_iter().collect()
    }

    pub(crate) fn vars(&self) -> &nn::VarStore {
        &self.vars
    }

    /// The type that it generates in: see [`compute_in`](Self::compute_in).
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Generates in `dtype` from here on: f32 at first, or bf16, whose matrices, keys and values take half the memory. Sums,
    /// norms and softmax are f32 in either case, and so are the parameters, which training changes and files hold.
    pub fn compute_in(&mut self, dtype: Dtype) {
        self.dtype = dtype;
        self.steps.replace(None);
    }

    /// What a step of decoding reads, or nothing where it cannot be taken alone: each block of the faithful model reads all
    /// tokens, and other devices than the CPU have no steps of their own.
    pub(crate) fn steps(&self) -> Result<Option<Arc<Steps>>> {
        if self.config.add_cross_attention || self.device() != Device::Cpu {
            return Ok(None);
        }
        let version = self.version()?;
        if let Some((of, steps)) = &*self.steps.borrow()
            && *of == version
        {
            return Ok(Some(steps.clone()));
        }
        let steps = Arc::new(Steps::new(self)?);
        self.steps.replace(Some((version, steps.clone())));
        Ok(Some(steps))
    }

    /// How often parameters were changed in place.
    fn version(&self) -> Result<i64> {
        let parameters = self.parameters();
        let versions = parameters.iter().map(Tensor::f_internal_version);
        Ok(versions.sum::<Result<i64, _>>()?)
    }

    /// Many growing sequences of this model; one at first, which is empty.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::new(self)
    }

    /// One growing sequence of this model.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        Session::new(self)
    }

    /// The logits after every position: ids (B, T) → (B, T, V).
    ///
    /// T is at most `max_position_embeddings`, ids lie below V: whoever calls this has checked both.
    pub(crate) fn forward(&self, ids: &Tensor, mode: Mode) -> Result<Tensor> {
        self.lm_head.forward(&self.hidden(ids, mode)?)
    }

    /// What the head reads: ids (B, T) → (B, T, C).
    fn hidden(&self, ids: &Tensor, mode: Mode) -> Result<Tensor> {
        let (memory, turns) = (self.embed(ids, mode)?, self.turns(ids)?);
        let beside = Beside { memory: &memory, turns: turns.as_ref() };
        let mut x = memory.shallow_clone();
        for block in &self.blocks {
            x = block.forward(&x, &beside, mode.trains(), None)?;
        }
        self.normalised(&x)
    }

    /// As [`forward`](Self::forward) without dropout, but what lies on the way: the residual stream before
    /// and after every block, (B, T, C) each; the weights of every attention go to `maps`.
    pub(crate) fn states(&self, ids: &Tensor, maps: &mut Vec<Tensor>) -> Result<Vec<Tensor>> {
        let (memory, turns) = (self.embed(ids, Mode::Evaluate)?, self.turns(ids)?);
        let beside = Beside { memory: &memory, turns: turns.as_ref() };
        let mut states = vec![memory.shallow_clone()];
        for (i, block) in self.blocks.iter().enumerate() {
            states.push(block.forward(&states[i], &beside, false, Some(maps))?);
        }
        Ok(states)
    }

    /// The logits that a residual stream stands for: final norm and head, (B, T, C) → (B, T, V).
    pub(crate) fn read_out(&self, x: &Tensor) -> Result<Tensor> {
        self.lm_head.forward(&self.normalised(x)?)
    }

    fn normalised(&self, x: &Tensor) -> Result<Tensor> {
        self.norm.as_ref().map_or_else(|| Ok(x.shallow_clone()), |norm| norm.forward(x))
    }

    /// The logits after every position of `batch`, without dropout: (B, T, V) flattened.
    ///
    /// # Errors
    /// Where the batch was made for a smaller vocabulary or fewer positions, and
    /// [`crate::Error::Torch`].
    pub fn logits(&self, batch: &Batch) -> Result<Vec<f32>> {
        batch.check(batch.shape().1, &self.config)?;
        let logits =
            tch::no_grad(|| self.forward(&batch.to_tensor(self.device())?, Mode::Evaluate))?;
        to_vec(&logits)
    }

    /// The mean cross-entropy, in nats, of predicting each token of `batch` from those before it;
    /// a scalar. PAD targets are left out.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    pub fn loss(&self, batch: &Batch, mode: Mode) -> Result<Tensor> {
        self.cross_entropy(batch, mode, 1.0 / batch.targets() as f64)
    }

    /// As [`loss`](Self::loss) without dropout, but the sum over the targets.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    pub fn summed_loss(&self, batch: &Batch) -> Result<f64> {
        let sum = tch::no_grad(|| self.cross_entropy(batch, Mode::Evaluate, 1.0))?;
        Ok(sum.f_double_value(&[])?)
    }

    /// `share` times the sum over the targets.
    fn cross_entropy(&self, batch: &Batch, mode: Mode, share: f64) -> Result<Tensor> {
        let t = batch.shape().1.saturating_sub(1);
        batch.check(t, &self.config)?;
        let (t, ids) = (t as i64, batch.to_tensor(self.device())?); // (B, T + 1)
        let x = self.hidden(&ids.f_narrow(1, 0, t)?, mode)?;
        let targets = ids.f_narrow(1, 1, t)?;
        self.lm_head.cross_entropy(&x, &targets, self.config.pad_token_id.into(), share)
    }

    fn embed(&self, ids: &Tensor, mode: Mode) -> Result<Tensor> {
        let kind = mode.kind();
        Ok(match &self.positions {
            Some(places) => enredo_torch_ext::embedding(ids, &self.token_emb, places, kind)?,
            None => Tensor::f_embedding(&self.token_emb, ids, -1, false, false)?.f_to_kind(kind)?,
        })
    }

    /// How queries and keys turn at the positions of `ids`, (B, T).
    fn turns(&self, ids: &Tensor) -> Result<Option<Turns>> {
        let turns = self.rotary.as_ref().map(|rotary| rotary.turns(ids.size()[1], self.device()));
        turns.transpose()
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

/// The numbers of a tensor in row-major order, on whatever device it lies.
pub(crate) fn to_vec(tensor: &Tensor) -> Result<Vec<f32>> {
    let flat = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    let mut values = vec![0.0; flat.numel()];
    flat.f_copy_data(&mut values, flat.numel())?;
    Ok(values)
}

/// One vector of C for each position, (`max_position_embeddings`, C), where positions are vectors.
fn positions(root: &nn::Path<'_>, config: &ModelConfig, start: Start) -> Result<Option<Tensor>> {
    let (count, c, name) =
        (config.max_position_embeddings, config.hidden_size, config.names().pos_emb);
    Ok(match config.position_embedding_type {
        PositionEmbedding::Absolute => Some(embedding(&at(root, name), count, c, start)?),
        PositionEmbedding::Sinusoidal => Some(sinusoids(count, c).f_to_device(root.device())?),
        PositionEmbedding::Rotary => None,
    })
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sinusoids_are_those_of_the_paper() {
        let table = to_vec(&sinusoids(8, 6)).unwrap();
        let at = |t: usize, channel: usize| f64::from(table[t * 6 + channel]);
        for t in 0..8 {
            for i in 0..3 {
                let angle = t as f64 / 10_000f64.powf(2.0 * i as f64 / 6.0);
                approx::assert_abs_diff_eq!(at(t, 2 * i), angle.sin(), epsilon = 1e-6);
                approx::assert_abs_diff_eq!(at(t, 2 * i + 1), angle.cos(), epsilon = 1e-6);
            }
        }
    }

    #[test]
    fn sinusoids_tell_positions_apart_and_are_no_parameters() {
        let position_embedding_type = PositionEmbedding::Sinusoidal;
        let config =
            ModelConfig { vocab_size: 9, position_embedding_type, ..ModelConfig::causal() };
        let model = Model::new(config, Device::Cpu).unwrap();
        assert!(!model.vars().variables().contains_key("pos_emb.weight"));
        let logits = model.logits(&Batch::new(&[[4u32; 3]], 8, model.config()).unwrap()).unwrap();
        assert_ne!(logits[..9], logits[9..18]);
    }
}
