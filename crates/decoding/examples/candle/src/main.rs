//! A model in candle, decoded by enredo: an LSTM with random weights behind the seam `CausalLm`.
//!
//!     cargo run --release --manifest-path crates/decoding/examples/candle/Cargo.toml
//!
//! The model keeps its state after each token, so `truncate` only forgets and a search may go back; a
//! transformer keeps keys and values in the same way. `Clones` makes a batch for the beams of it: candle's
//! tensors are shared, so a clone is cheap.

use candle_core::{DType, Device, Error, Result, Tensor};
use candle_nn::{Embedding, LSTM, Linear, Module, RNN, VarBuilder, VarMap, rnn};
use enredo_decoding::{
    self as decoding, BeamConfig, CausalLm, Chain, Clones, Context, Generate, GenerationConfig,
    Processor, Sampler, TopP, beam_search, generate,
};

const VOCAB_SIZE: usize = 64; // V
const HIDDEN_SIZE: usize = 32; // C

#[derive(Clone)]
struct Model {
    embedding: Embedding,
    lstm: LSTM,
    head: Linear,
    /// After each token fed.
    states: Vec<rnn::LSTMState>,
}

impl Model {
    fn random() -> Result<Self> {
        let path = VarBuilder::from_varmap(&VarMap::new(), DType::F32, &Device::Cpu);
        Ok(Self {
            embedding: candle_nn::embedding(VOCAB_SIZE, HIDDEN_SIZE, path.pp("embedding"))?,
            lstm: rnn::lstm(HIDDEN_SIZE, HIDDEN_SIZE, Default::default(), path.pp("lstm"))?,
            head: candle_nn::linear(HIDDEN_SIZE, VOCAB_SIZE, path.pp("head"))?,
            states: Vec::new(),
        })
    }
}

impl CausalLm for Model {
    type Error = Error;

    fn vocab_size(&self) -> usize {
        VOCAB_SIZE
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<()> {
        for &token in tokens {
            let input = self.embedding.forward(&Tensor::new(&[token], &Device::Cpu)?)?; // (1, C)
            let state = match self.states.last() {
                Some(before) => self.lstm.step(&input, before)?,
                None => self.lstm.step(&input, &self.lstm.zero_state(1)?)?,
            };
            self.states.push(state);
        }
        let first = self.states.len() - logits.len() / VOCAB_SIZE;
        for (row, state) in logits.chunks_exact_mut(VOCAB_SIZE).zip(&self.states[first..]) {
            let scores = self.head.forward(state.h())?.squeeze(0)?; // (V)
            row.copy_from_slice(&scores.to_vec1::<f32>()?);
        }
        Ok(())
    }

    fn position(&self) -> usize {
        self.states.len()
    }

    fn truncate(&mut self, position: usize) {
        self.states.truncate(position);
    }
}

/// Odd and even tokens take turns.
#[derive(Debug)]
struct TakeTurns;

impl Processor for TakeTurns {
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> decoding::Result<()> {
        let last = context.tokens().last().map_or(0, |&token| token as usize);
        logits.iter_mut().skip(last % 2).step_by(2).for_each(|l| *l = f32::NEG_INFINITY);
        Ok(())
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let model = Model::random()?;
    let config = GenerationConfig { max_new_tokens: 12, ..GenerationConfig::sampling() };
    let drawn = generate(model.clone(), &[1], &config, 42)?;
    println!("drawn         {:?}", drawn.collect::<decoding::Result<Vec<_>>>()?);
    let sampler = Sampler::seeded(Chain::new().with(TakeTurns).with(TopP::new(0.9)?), 42);
    let turns = Generate::new(model.clone(), &[1], &config, sampler)?;
    println!("taking turns  {:?}", turns.collect::<decoding::Result<Vec<_>>>()?);
    let beams = BeamConfig { num_beams: 4, num_return_sequences: 2, ..BeamConfig::default() };
    let best = GenerationConfig { do_sample: false, ..config };
    for found in beam_search(Clones::new(model), &[1], &best, &beams, 0)?.hypotheses {
        println!("beam {:8.3} {:?}", found.score, found.tokens);
    }
    Ok(())
}
