//! A model at work on one sequence, seen whole: where its heads look, and what each layer would say.

use std::cmp::Ordering;

use enredo_decoding::log_softmax;
use tch::Tensor;

use crate::{Error, Model, Result, decoder::to_vec};

/// How much each position attends to each other.
///
/// Attention is where a layer could take something from, not why it says what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionMap {
    /// The layer, from 0.
    pub layer: usize,
    /// Whether it reads the future too: a cross-attention does, to the unmasked input.
    pub reads_the_future: bool,
    /// (H, T, T), row-major: head, position that attends, position attended to. Rows sum to 1.
    pub weights: Vec<f32>,
}

/// What one layer would say at one position, were it the last.
#[derive(Clone, Debug, PartialEq)]
pub struct LensCell {
    /// The likeliest tokens and their probabilities, best first (of equal ones the lowest id).
    pub top: Vec<(u32, f64)>,
    /// Of its distribution, in nats.
    pub entropy: f64,
    /// KL(model ‖ layer): what is still missing to what the model says, in nats; 0 in the last row.
    pub divergence: f64,
    /// How many tokens this layer ranks before the one that the model ranks first.
    pub rank: usize,
}

impl Model {
    /// Where the heads look while the model reads `tokens` (T of them): a map for each attention, by layer; of
    /// one layer the self-attention first.
    ///
    /// # Errors
    /// [`Error::SequenceLength`] for no token or more than the model has positions,
    /// [`Error::TokenOutOfRange`], [`Error::Torch`].
    ///
    /// # Performance
    /// One forward pass, and H · T² numbers for each map.
    pub fn attention(&self, tokens: &[u32]) -> Result<Vec<AttentionMap>> {
        let a_layer = if self.config().add_cross_attention { 2 } else { 1 };
        let map = |(i, weights): (usize, &Tensor)| {
            let reads_the_future = i % a_layer == 1;
            Ok(AttentionMap { layer: i / a_layer, reads_the_future, weights: to_vec(weights)? })
        };
        self.seen(tokens)?.1.iter().enumerate().map(map).collect()
    }

    /// The logit lens on `tokens` (T of them), with the `top_n` likeliest tokens of each cell: a row of T cells
    /// for the embeddings, then one after each layer. The last is what the model says.
    ///
    /// It reads the residual stream out through the final norm, where the model has one, and the head
    /// (nostalgebraist, "interpreting GPT: the logit lens", 2020).
    ///
    /// # Errors
    /// As [`attention`](Self::attention).
    ///
    /// # Performance
    /// One forward pass, (layers + 1) heads, and O(layers · T · V) on the CPU in f64.
    pub fn logit_lens(&self, tokens: &[u32], top_n: usize) -> Result<Vec<Vec<LensCell>>> {
        let (states, _) = self.seen(tokens)?;
        let said = states.iter().map(|state| self.log_probabilities(state));
        let said = said.collect::<Result<Vec<_>>>()?;
        let Some(last) = said.last() else { return Ok(Vec::new()) };
        let cells = |layer: &Vec<Vec<f64>>| {
            layer.iter().zip(last).map(|(said, last)| LensCell::new(said, last, top_n)).collect()
        };
        Ok(said.iter().map(cells).collect())
    }

    /// The residual streams and the attention maps of one pass.
    fn seen(&self, tokens: &[u32]) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
        let ids = self.row(tokens)?;
        let mut maps = Vec::new();
        let states = tch::no_grad(|| self.states(&ids, &mut maps))?;
        Ok((states, maps))
    }

    /// One sequence as a tensor, (1, T).
    fn row(&self, tokens: &[u32]) -> Result<Tensor> {
        let (max, vocab_size) = (self.config().max_position_embeddings, self.config().vocab_size);
        if !(1..=max).contains(&tokens.len()) {
            return Err(Error::SequenceLength { got: tokens.len(), max });
        }
        if let Some(&token) = tokens.iter().find(|&&id| id as usize >= vocab_size) {
            return Err(Error::TokenOutOfRange { token, vocab_size });
        }
        let ids: Vec<i64> = tokens.iter().map(|&id| i64::from(id)).collect();
        Ok(Tensor::f_from_slice(&ids)?.f_unsqueeze(0)?.f_to_device(self.device())?)
    }

    /// What a residual stream says at each position: ln p over the vocabulary.
    fn log_probabilities(&self, state: &Tensor) -> Result<Vec<Vec<f64>>> {
        let logits = to_vec(&tch::no_grad(|| self.read_out(state))?)?;
        let rows = logits.chunks_exact(self.config().vocab_size);
        Ok(rows.map(log_softmax).collect::<Result<_, _>>()?)
    }
}

impl LensCell {
    /// Of ln p at a layer and at the last.
    fn new(said: &[f64], last: &[f64], top_n: usize) -> Self {
        let order = |&a: &u32, &b: &u32| better(said, a, b);
        let mut ids: Vec<u32> = (0..said.len() as u32).collect();
        let favourite = (0..last.len() as u32).min_by(|&a, &b| better(last, a, b)).unwrap_or(0);
        let rank = ids.iter().filter(|&&id| better(said, id, favourite) == Ordering::Less).count();
        if top_n < ids.len() {
            ids.select_nth_unstable_by(top_n, order);
            ids.truncate(top_n);
        }
        ids.sort_unstable_by(order);
        Self {
            top: ids.into_iter().map(|id| (id, said[id as usize].exp())).collect(),
            entropy: -mean(said, said.iter().copied()),
            divergence: mean(last, last.iter().zip(said).map(|(last, said)| last - said)).max(0.0),
            rank,
        }
    }
}

/// Σ p x, given ln p. What cannot happen counts nothing.
fn mean(log_probabilities: &[f64], of: impl Iterator<Item = f64>) -> f64 {
    let possible =
        log_probabilities.iter().zip(of).filter(|(log_p, _)| **log_p > f64::NEG_INFINITY);
    possible.map(|(log_p, x)| log_p.exp() * x).sum()
}

/// The one total order: value descending, then id ascending.
fn better(said: &[f64], a: u32, b: u32) -> Ordering {
    said[b as usize].total_cmp(&said[a as usize]).then(a.cmp(&b))
}
